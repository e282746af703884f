"""The ledger: which card was given, by which rules, and what became of it.

Cards are written behind the answer's back: an answer never waits for them, and a killed process loses the last of them.
Feedback is written before it is acknowledged. A patient is a keyed hash; the key never leaves the data folder.
"""

from __future__ import annotations

import datetime as dt
import functools
import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Engine, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds_service.background import Background
from cds_service.check import DISTRIBUTION
from cds_service.database import alone, open_database, writing
from cds_service.feedback import Row, kept
from cds_service.settings import LedgerSettings, SettingsError
from cds_service.tables import CARD_TRIALS, CARDS, FEEDBACK, RULES
from hooks.cards import subject_of
from hooks.protocol import Card, FeedbackItem, HookRequest, TrialStatus
from mappings.digest import Rules
from terminology.errors import CdsError

KEY = "ledger.key"
KEY_BYTES = 32


class LedgerError(CdsError):
    """A ledger that cannot be reached or written at the moment."""


@contextmanager
def reaching() -> Iterator[None]:
    """Let what goes wrong with the database be a LedgerError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise LedgerError from error


class GivenCard(NamedTuple):
    """What is kept of a card. day: the one that counted as today."""

    uuid: str
    topic: str
    day: str
    trials: Sequence[TrialStatus]


class Given(NamedTuple):
    """The cards of one answer on their way to the ledger. patient: the FHIR server's URL and the id, not hashed yet."""

    service: str
    patient: str
    evaluated_at: dt.datetime
    cards: Sequence[GivenCard]


class Ledger:
    """The ledger of one process. rules: trial id -> the rules by which it is decided now."""

    def __init__(self, engine: Engine, key: bytes, rules: Callable[[str], Rules]) -> None:
        self.engine, self._key, self._rules = engine, key, functools.cache(rules)
        self._version = metadata.version(DISTRIBUTION)
        self._given = Background(self._store)

    def give(self, service: str, request: HookRequest, cards: Iterable[Card]) -> None:
        """Record the cards of an answer, later; this neither waits nor fails."""
        given = tuple(_given(card) for card in cards)
        if given:
            patient = f"{(request.fhirServer or '').rstrip('/')}/{request.patient}"
            self._given.put(Given(service, patient, dt.datetime.now(dt.UTC), given))

    def keep(self, service: str, items: Iterable[FeedbackItem]) -> None:
        """Store a batch of feedback, whole, each item once however often it comes. Raises LedgerError."""
        now = dt.datetime.now(dt.UTC)
        rows = sorted((kept(item, service=service, received_at=now) for item in items), key=_feedback_key)
        with reaching(), writing(self.engine) as connection:
            if rows:
                connection.execute(self._adding(FEEDBACK), rows)

    def close(self) -> None:
        """Store what is still waiting."""
        self._given.close()
        self.engine.dispose()

    def _store(self, batch: Sequence[Given]) -> None:
        cards = [(self._card_row(given, card), card) for given in batch for card in given.cards]
        rules = {trial.trial: self._rules(trial.trial) for _, card in cards for trial in card.trials}
        trials = [
            {"card": card.uuid, "trial": trial.trial, "status": trial.status, "rules": rules[trial.trial].digest}
            for _, card in cards
            for trial in card.trials
        ]
        with writing(self.engine) as connection:
            connection.execute(self._adding(RULES), _rules_rows(rules.values()))
            connection.execute(self._adding(CARDS), [row for row, _ in cards])
            connection.execute(self._adding(CARD_TRIALS), trials)

    def _card_row(self, given: Given, card: GivenCard) -> Row:
        return {
            "uuid": card.uuid,
            "service": given.service,
            "topic": card.topic,
            "version": self._version,
            "evaluated_at": given.evaluated_at,
            "evaluated_on": dt.date.fromisoformat(card.day),
            "patient": hmac.digest(self._key, given.patient.encode(), "sha256").hex(),
        }

    def _adding(self, table: Table) -> Insert:
        """An INSERT that passes over what is there already."""
        if self.engine.dialect.name == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()


def open_ledger(settings: LedgerSettings, rules: Callable[[str], Rules]) -> Ledger:
    """Return the ledger, its tables and its key made if there are none. Raises SettingsError."""
    with alone(settings.data_dir):
        key = _key(settings.data_dir / KEY)
        return Ledger(open_database(settings), key, rules)


def _key(file: Path) -> bytes:
    """Return the key under which patients are hashed; it is made once."""
    if not file.exists():
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        with fresh.open("wb") as writer:
            writer.write(secrets.token_bytes(KEY_BYTES))
            writer.flush()
            os.fsync(writer.fileno())
        fresh.replace(file)
    key = file.read_bytes()
    if len(key) < KEY_BYTES:
        raise SettingsError("CDS_DATA_DIR", f"{file} is not a key of {KEY_BYTES} bytes")
    return key


def _given(card: Card) -> GivenCard:
    day, trials = subject_of(card)
    return GivenCard(card.uuid, card.source.topic.code if card.source.topic else "", day, trials)


def _rules_rows(rules: Iterable[Rules]) -> list[Row]:
    return [
        {"digest": each.digest, "trial": each.trial, "releases": msgspec.json.encode(each.releases).decode()}
        for each in sorted(rules, key=lambda each: each.digest)
    ]


def _feedback_key(row: Row) -> tuple[object, ...]:
    """The order in which rows are written: processes that write the same ones then never wait for each other's."""
    return row["card"], row["outcome"], row["outcome_at"]
