"""To whom a card was given and what it said, as keyed hashes: what fatigue needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and their index."""
    op.add_column("cards", sa.Column("audience", sa.Text))
    op.add_column("cards", sa.Column("says", sa.Text))
    op.create_index("cards_by_audience", "cards", ["audience"])
