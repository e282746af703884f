"""What stands in a ledger, read past the service."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, select

from cds_service.database import find_database
from cds_service.settings import Settings

PATIENCE = 10.0
"""Seconds that cards, which are written after the answer, may take."""


def rows(settings: Settings, table: Table) -> Sequence[Row[Any]]:
    """Return every row of a table."""
    engine = find_database(settings)
    with engine.connect() as connection, connection.begin():
        found = connection.execute(select(table)).all()
    engine.dispose()
    return found


def rows_once_there(settings: Settings, table: Table, number: int) -> Sequence[Row[Any]]:
    """Return every row of a table as soon as there are so many."""
    until = time.monotonic() + PATIENCE
    while len(found := rows(settings, table)) < number and time.monotonic() < until:
        time.sleep(0.02)
    assert len(found) == number
    return found
