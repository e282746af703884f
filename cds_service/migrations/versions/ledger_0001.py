"""Cards that were given, the rules that gave them, and feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rules",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("trial", sa.Text, nullable=False),
        sa.Column("releases", sa.Text, nullable=False),
    )
    op.create_table(
        "cards",
        sa.Column("uuid", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("evaluated_at", INSTANT, nullable=False),
        sa.Column("evaluated_on", sa.Date, nullable=False),
        sa.Column("patient", sa.Text, nullable=False),
    )
    op.create_index("cards_by_topic", "cards", ["service", "topic"])
    op.create_table(
        "card_trials",
        sa.Column("card", sa.Text, sa.ForeignKey("cards.uuid"), primary_key=True),
        sa.Column("trial", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, sa.ForeignKey("rules.digest"), nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("card", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("outcome_at", INSTANT, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("commented", sa.Boolean, nullable=False),
        sa.Column("extended", sa.Boolean, nullable=False),
    )
