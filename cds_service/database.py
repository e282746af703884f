"""The ledger's database: one SQLite file, or PostgreSQL. Its tables are brought up to date when the service starts.

SQLite: what was committed is on the disk, and every transaction opens the file anew, so that a file that is gone is
noticed at once and never written to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from cds_service import migrations
from cds_service.settings import LedgerSettings, SettingsError

FILE = "ledger.sqlite"
LOCK = "ledger.lock"

BUSY = 3.0
"""Seconds that a transaction waits for another one: less than a caller waits for his answer, as it is by default."""

STATEMENT = 30.0
"""Seconds that one statement may take at PostgreSQL."""

START = 60.0
"""Seconds that a start waits for another one that makes the tables."""

ADVISORY_LOCK = 0x0C751ED6
"""The number under which starts wait for each other at PostgreSQL; it means nothing."""

POSTGRESQL = {
    "connect_timeout": "3",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""When a server that is gone counts as gone: seconds, but for the milliseconds of `tcp_user_timeout`.

Who waits for a lock has sent nothing that could fail to arrive: only keepalives notice then that the host is gone.
"""

PATIENCE = "ledger_patience"
"""The option of a transaction that waits for others longer than BUSY, and may take as long as it needs: seconds."""

WRITES = "ledger_writes"
"""The option of a transaction that writes: SQLite locks at its beginning, where waiting for others is safe."""

PRIVATE = 0o600
"""Who may read and write the file: its owner. SQLite gives what it puts beside it the same."""

DRIVER = "psycopg[binary]"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make the folder if there is none, and let one process at a time prepare what stands in it.

    Raises SettingsError when that cannot be done. The lock is a database of its own: it ends with its process.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / LOCK).touch(mode=0o600)
        with closing(sqlite3.connect(folder / LOCK, timeout=START, isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            yield
    except (OSError, sqlite3.Error) as error:
        raise SettingsError("CDS_DATA_DIR", f"{folder} cannot be used: {_reason(error)}") from error


def open_database(settings: LedgerSettings) -> Engine:
    """Return the database, made if there is none, with its tables up to date. Raises SettingsError."""
    url = _url(settings)
    with _naming(settings, url):
        if _is_sqlite(url):
            _make(_file(url))
        engine = _engine(url)
        with writing(engine, **{PATIENCE: START}) as connection:
            _bring_up_to_date(connection, settings)
    return engine


def find_database(settings: LedgerSettings) -> Engine:
    """Return the database as it is. Raises SettingsError when there is none, or its tables are not these."""
    url = _url(settings)
    with _naming(settings, url):
        engine = _engine(url)
        with engine.connect() as connection:
            found = migrations.revision(connection)
    if found != migrations.HEAD:
        raise SettingsError(_name(settings), "there is no ledger of this version; starting the service makes one")
    return engine


@contextmanager
def writing(engine: Engine, **options: float) -> Iterator[Connection]:
    """Open a transaction that writes: all of it, or nothing. options: PATIENCE."""
    with engine.connect() as connection:
        connection.execution_options(**{WRITES: True, **options})
        with connection.begin():
            yield connection


def _bring_up_to_date(connection: Connection, settings: LedgerSettings) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
    found = migrations.revision(connection)
    if found is not None and found > migrations.HEAD:
        raise SettingsError(_name(settings), "the ledger was written by a newer version of this service")
    if found != migrations.HEAD:
        migrations.upgrade(connection)


# Engines


def _engine(url: URL) -> Engine:
    if _is_sqlite(url):
        return _sqlite(_file(url))
    arguments = {name: value for name, value in POSTGRESQL.items() if name not in url.query}
    psycopg = url.set(drivername="postgresql+psycopg")
    engine = create_engine(psycopg, connect_args=arguments, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "begin", _begin_at_postgresql)
    return engine


def _begin_at_postgresql(connection: Connection) -> None:
    """Bound what the transaction waits for. A pooler in between would refuse that among the options to connect."""
    patience = connection.get_execution_options().get(PATIENCE)
    waits, takes = (f"{1000 * seconds:.0f}" for seconds in ((patience, 0) if patience else (BUSY, STATEMENT)))
    bounds = "set_config('lock_timeout', %(waits)s, true), set_config('statement_timeout', %(takes)s, true)"
    connection.exec_driver_sql(f"SELECT {bounds}", {"waits": waits, "takes": takes})


def _make(file: Path) -> None:
    _keep_private(file)
    with closing(sqlite3.connect(file, timeout=START)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _keep_private(file: Path) -> None:
    """Let the owner alone read it, and what SQLite puts beside it, which comes and goes. What another owns stays."""
    with suppress(OSError):  # a folder that is not there is SQLite's to name
        file.touch(mode=PRIVATE)
    for each in (file, *(file.with_name(f"{file.name}{beside}") for beside in ("-wal", "-shm"))):
        with suppress(OSError):  # what cannot be used SQLite names afterwards
            each.chmod(PRIVATE)


def _sqlite(file: Path) -> Engine:
    address = f"{file.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin as the transaction asks: the driver itself begins too late, at its first statement that writes."""
    options = connection.get_execution_options()
    writes, patience = options.get(WRITES), options.get(PATIENCE, BUSY)
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * patience:.0f}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# Settings


def _url(settings: LedgerSettings) -> URL:
    if settings.database_url is None:
        return URL.create("sqlite", database=str(settings.data_dir / FILE))
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):
        raise SettingsError(_name(settings), "is not a URL such as postgresql://user@host/name") from None
    known = url.get_backend_name() in {"postgresql", "postgres"} or (_is_sqlite(url) and url.database)
    if not known or url.database == ":memory:":
        raise SettingsError(_name(settings), "is neither postgresql://user@host/name nor sqlite:///file")
    return url


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _file(url: URL) -> Path:
    return Path(url.database or FILE)


def _name(settings: LedgerSettings) -> str:
    return "CDS_DATA_DIR" if settings.database_url is None else "CDS_DATABASE_URL"


@contextmanager
def _naming(settings: LedgerSettings, url: URL) -> Iterator[None]:
    """Say in one line which setting names a database that cannot be used; a password is not in it."""
    where = f"{url.database}: " if _is_sqlite(url) else ""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise SettingsError(_name(settings), f"the ledger cannot be opened: {where}{_reason(error)}") from error
    except ImportError as error:
        raise SettingsError(_name(settings), f"PostgreSQL needs a driver: pip install '{DRIVER}'") from error


def _reason(error: Exception) -> str:
    """Return the first line of what the driver or the system says."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0] if said else type(error).__name__
