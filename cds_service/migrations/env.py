"""What Alembic runs around the migrations: on the connection and in the transaction that it is given."""

from __future__ import annotations

from alembic import context

from cds_service.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
