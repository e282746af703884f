"""Which tokens were used already, over all processes of this service: one small SQLite file.

A token is a hash of its issuer and its `jti`; nothing of it can be read there. It is kept until it has expired. The
file has a greatest size: when it is full no token is let in, since forgetting one would let it be used again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from pathlib import Path

from cds_service.database import alone
from terminology.errors import CdsError

FILE = "used-tokens.sqlite"
PAGES = 16_384
"""Of 4 KiB each, 64 MiB in all: more than half a million tokens."""

BUSY_SECONDS = 2.0

TABLE = """
CREATE TABLE IF NOT EXISTS used (token BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_until ON used (until);
"""


class UsedTokensError(CdsError):
    """The file cannot be used, or is full."""


class UsedTokens:
    """The tokens that were used."""

    def __init__(self, file: Path, pages: int = PAGES) -> None:
        """Open the file, or make it; processes that start together do so one by one, since SQLite would refuse one.

        Raises UsedTokensError, and SettingsError for a folder that cannot be used.
        """
        self._lock = threading.Lock()
        with alone(file.parent):
            self._used = _opened(file, pages)

    def use(self, iss: str, jti: str, until: int) -> bool:
        """Note a token's use and return whether it is the first. until: Unix time. Raises UsedTokensError."""
        token = hashlib.sha256(json.dumps([iss, jti]).encode()).digest()
        try:
            with self._lock, self._used:
                self._used.execute("BEGIN IMMEDIATE")
                self._used.execute("DELETE FROM used WHERE until < ?", (int(time.time()),))
                noted = self._used.execute("INSERT INTO used VALUES (?, ?) ON CONFLICT DO NOTHING", (token, until))
                return noted.rowcount == 1
        except sqlite3.Error as error:
            raise UsedTokensError(f"the file of used tokens: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the file."""
        self._used.close()


def _opened(file: Path, pages: int) -> sqlite3.Connection:
    try:
        file.touch(mode=0o600)
        used = sqlite3.connect(file, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        used.execute("PRAGMA journal_mode = WAL")
        used.execute("PRAGMA synchronous = NORMAL")
        used.execute(f"PRAGMA max_page_count = {pages}")
        used.executescript(TABLE)
    except (OSError, sqlite3.Error) as error:
        raise UsedTokensError(f"{file} cannot be used: {type(error).__name__}") from error
    return used
