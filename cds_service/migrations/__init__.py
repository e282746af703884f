"""How the ledger's tables came to be what they are: one file in `versions/` for each change, run by Alembic.

Revisions are numbered `0001`, `0002`, ...; `HEAD` is the last. Alembic is loaded only when there is something to do.
"""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

HEAD = "0002"
VERSION_TABLE = "ledger_version"


def revision(connection: Connection) -> str | None:
    """Return the number of the last change that was made to a database; None when it holds no ledger."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    number: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return number


def upgrade(connection: Connection) -> None:
    """Make every change that is missing, inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cds_service:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
