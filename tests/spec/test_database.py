"""The ledger's database: made at the first start, left alone at the next, never taken for one it is not."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from cds_service import migrations
from cds_service.database import FILE, find_database, open_database, writing
from cds_service.ledger import KEY, open_ledger
from cds_service.settings import LedgerSettings, Settings, SettingsError
from cds_service.tables import METADATA, RULES
from mappings.digest import Rules
from tests.conftest import NewLedger
from tests.postgres import Server

RULE = {"digest": "d", "trial": "t", "releases": "{}"}


def rules(trial: str) -> Rules:
    return Rules(trial, "digest", {})


def test_the_migrations_make_the_tables(new_ledger: NewLedger) -> None:
    engine = open_database(new_ledger())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrations.VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == migrations.HEAD


def test_the_next_start_leaves_what_is_there(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with writing(open_database(settings)) as connection:
        connection.execute(insert(RULES), RULE)
    for opened in (open_database, find_database):
        with opened(settings).connect() as connection:
            assert connection.execute(select(RULES)).one()._asdict() == RULE


def test_a_transaction_that_fails_leaves_nothing(new_ledger: NewLedger) -> None:
    engine = open_database(new_ledger())
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(RULES), [RULE, RULE])
    with engine.connect() as connection:
        assert connection.execute(select(RULES)).all() == []


def test_a_ledger_of_a_newer_version_is_refused(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with writing(open_database(settings)) as connection:
        connection.execute(text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version"):
        open_database(settings)
    with pytest.raises(SettingsError, match="no ledger of this version"):
        find_database(settings)


def test_services_that_start_at_the_same_time_make_one_ledger(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    context = multiprocessing.get_context("forkserver")
    starts = [context.Process(target=open_and_close, args=(settings,)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [start.exitcode for start in starts] == [0] * 4
    open_and_close(settings)


def open_and_close(settings: Settings) -> None:
    open_ledger(settings, rules).close()


def test_sqlite_writes_to_the_disk_what_was_committed(tmp_path: Path) -> None:
    engine = open_database(LedgerSettings(data_dir=tmp_path))
    with engine.connect() as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


# What stops the start


def broken(file: Path) -> None:
    file.write_bytes(b"This is no database. " * 100)


def of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE cards (name TEXT)")


@pytest.mark.parametrize("prepare", [broken, of_another_program, Path.mkdir])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    file = tmp_path / FILE
    prepare(file)
    before = file.read_bytes() if file.is_file() and prepare is broken else b""
    with pytest.raises(SettingsError) as caught:
        open_ledger(LedgerSettings(data_dir=tmp_path), rules)
    assert caught.value.name == "CDS_DATA_DIR"
    assert str(file) in caught.value.what
    assert "\n" not in str(caught.value)
    assert not before or file.read_bytes() == before


WRONG = [
    # URL, a word of why
    ("ledger", "is not a URL"),
    ("mysql://user@host/name", "neither postgresql"),
    ("sqlite://", "neither postgresql"),
    ("sqlite:///:memory:", "neither postgresql"),
    ("sqlite:////no/such/folder/ledger.sqlite", "/no/such/folder/ledger.sqlite: "),
    ("postgresql://user:canary@127.0.0.1:1/name", "cannot be opened"),
]


@pytest.mark.parametrize(("url", "why"), WRONG)
def test_a_url_that_cannot_be_used_is_named_without_its_password(tmp_path: Path, url: str, why: str) -> None:
    settings = LedgerSettings.model_validate({"data_dir": tmp_path, "database_url": url})
    with pytest.raises(SettingsError) as caught:
        open_ledger(settings, rules)
    assert caught.value.name == "CDS_DATABASE_URL"
    assert why in caught.value.what
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value) + repr(settings)


def test_postgresql_is_understood_under_each_of_its_names(postgres: Server, tmp_path: Path) -> None:
    url = postgres.new_database()
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        members = {"auth": "off", "data_dir": tmp_path, "database_url": name + url.removeprefix("postgresql")}
        open_and_close(Settings.model_validate(members))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM ledger_version").fetchone() == (1,)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="CDS_DATA_DIR"):
        open_ledger(LedgerSettings(data_dir=tmp_path / "file" / "data"), rules)


def test_a_key_that_was_cut_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY).write_bytes(os.urandom(31))
    with pytest.raises(SettingsError, match="not a key of 32 bytes"):
        open_ledger(LedgerSettings(data_dir=tmp_path), rules)
