"""The ledger: which card was given, by which rules, and what became of it.

Cards are written after the answer: an answer never waits for them, and a killed process loses the last of them.
Feedback is written before it is acknowledged. A patient is a keyed hash; the key never leaves the data folder. No text
that a client chose stands in it.
"""

from __future__ import annotations

import datetime as dt
import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Insert, Table, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds_service import DISTRIBUTION
from cds_service.background import Background
from cds_service.database import alone, open_database, writing
from cds_service.fatigue import Overridden, Said, says
from cds_service.feedback import Row, kept, merged, reasons_of
from cds_service.settings import LedgerSettings, SettingsError
from cds_service.tables import CARD_TRIALS, CARDS, FEEDBACK, RULES
from hooks.cards import subject_of
from hooks.protocol import Card, FeedbackItem, HookRequest, TrialStatus
from mappings.digest import Rules
from terminology.errors import CdsError

KEY = "ledger.key"
KEY_BYTES = 32

ROWS = 500
"""Of feedback, that are looked up in one statement."""

_FEEDBACK_KEY = (FEEDBACK.c.card, FEEDBACK.c.outcome, FEEDBACK.c.outcome_at)


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
    """What is kept of a card. day: the one that counted as today. says: a keyed hash, where fatigue is on."""

    uuid: str
    topic: str
    day: str
    trials: Sequence[TrialStatus]
    says: str | None


class Given(NamedTuple):
    """The cards of one answer on their way to the ledger. patient: the FHIR server's URL and the id, not hashed yet.

    audience: a keyed hash of the user with the patient, where fatigue is on.
    """

    service: str
    patient: str
    evaluated_at: dt.datetime
    cards: Sequence[GivenCard]
    audience: str | None


class Ledger:
    """The ledger of one process. rules: trial id -> the rules by which it is decided now.

    recognising: whether it keeps to whom a card was given and what it said, as fatigue needs.
    """

    def __init__(self, engine: Engine, key: bytes, rules: Callable[[str], Rules], *, recognising: bool) -> None:
        self.engine, self._key, self._rules = engine, key, rules
        self._version = metadata.version(DISTRIBUTION)
        self._given, self._recognising = Background(self._store), recognising

    def give(self, service: str, request: HookRequest, cards: Iterable[Card]) -> None:
        """Record the cards of an answer, later; this neither waits nor fails."""
        given = tuple(self._given_card(card) for card in cards)
        if given:
            audience = self._audience(request) if self._recognising else None
            self._given.put(Given(service, _patient(request), dt.datetime.now(dt.UTC), given, audience))

    @property
    def lost(self) -> int:
        """How many answers could not be recorded."""
        return self._given.lost

    def said(self, card: Card) -> Said:
        """Return what a card says, as it is recognised."""
        return Said(_topic(card), self._hashed(says(card)))

    def overridden(self, request: HookRequest) -> list[Overridden]:
        """Return the cards that this user overrode for this patient. Raises LedgerError."""
        times = FEEDBACK.c.outcome_at, FEEDBACK.c.received_at
        asked = select(CARDS.c.topic, CARDS.c.says, FEEDBACK.c.reasons, *times).where(
            CARDS.c.uuid == FEEDBACK.c.card,
            CARDS.c.audience == self._audience(request),
            FEEDBACK.c.outcome == "overridden",
        )
        with reaching(), self.engine.connect() as connection, connection.begin():
            found = connection.execute(asked).all()
        return [Overridden(Said(topic, said), reasons_of(why), min(at).date()) for topic, said, why, *at in found]

    def keep(self, service: str, items: Iterable[FeedbackItem]) -> None:
        """Store a batch of feedback, whole, each item once however often it comes. Raises LedgerError.

        An item that says more than was stored of the same card, outcome and time adds to it.
        """
        now = dt.datetime.now(dt.UTC)
        rows = _once_each(kept(item, service=service, received_at=now, hashed=self._hashed) for item in items)
        with reaching(), writing(self.engine) as connection:
            for some in (rows[i : i + ROWS] for i in range(0, len(rows), ROWS)):
                connection.execute(self._adding(FEEDBACK), some)
                _add_to_what_was_there(connection, some)

    def check(self) -> None:
        """Ask the database whether it is there. Raises LedgerError."""
        with reaching(), self.engine.connect() as connection, connection.begin():
            connection.execute(select(RULES.c.digest).limit(1))

    def close(self) -> None:
        """Store what is still waiting."""
        self._given.close()
        self.engine.dispose()

    def _given_card(self, card: Card) -> GivenCard:
        day, trials = subject_of(card)
        return GivenCard(card.uuid, _topic(card), day, trials, self.said(card).state if self._recognising else None)

    def _audience(self, request: HookRequest) -> str:
        return self._hashed(f"{request.user} {_patient(request)}".encode())

    def _hashed(self, words: bytes) -> str:
        return hmac.digest(self._key, words, "sha256").hex()

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
            "patient": self._hashed(given.patient.encode()),
            "audience": given.audience,
            "says": card.says,
        }

    def _adding(self, table: Table) -> Insert:
        """An INSERT that passes over what is there already."""
        if self.engine.dialect.name == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()


def open_ledger(settings: LedgerSettings, rules: Callable[[str], Rules], *, recognising: bool = False) -> Ledger:
    """Return the ledger, its tables and its key made if there are none. Raises SettingsError."""
    with alone(settings.data_dir):
        key = _key(settings.data_dir / KEY)
        return Ledger(open_database(settings), key, rules, recognising=recognising)


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


def _topic(card: Card) -> str:
    return card.source.topic.code if card.source.topic else ""


def _patient(request: HookRequest) -> str:
    """Return the patient as he is told from every other: by the FHIR server's URL and the id."""
    return f"{(request.fhirServer or '').rstrip('/')}/{request.patient}"


def _rules_rows(rules: Iterable[Rules]) -> list[Row]:
    return [
        {"digest": each.digest, "trial": each.trial, "releases": msgspec.json.encode(each.releases).decode()}
        for each in sorted(rules, key=lambda each: each.digest)
    ]


def _once_each(rows: Iterable[Row]) -> list[Row]:
    """Return rows of feedback, one for each key, in one order: processes that write the same never wait in a circle."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = _feedback_key(row)
        found[key] = merged(found[key], row) if key in found else row
    return [found[key] for key in sorted(found)]


def _add_to_what_was_there(connection: Connection, rows: Sequence[Row]) -> None:
    """Let what is stored say all that these rows say; they are there already, and are held until the end."""
    sent = {_feedback_key(row): row for row in rows}
    by_card = FEEDBACK.c.card.in_({row["card"] for row in rows})  # else SQLite reads the whole table for several keys
    stored = select(FEEDBACK).where(by_card, tuple_(*_FEEDBACK_KEY).in_(list(sent)))
    held = stored.order_by(*_FEEDBACK_KEY).with_for_update()
    there = [row._asdict() for row in connection.execute(held)]
    more = [after for row in there if (after := merged(row, sent[_feedback_key(row)])) != row]
    for row in more:
        same = (column == row[column.name] for column in _FEEDBACK_KEY)
        said = {name: row[name] for name in ("reasons", "commented", "extended")}
        connection.execute(update(FEEDBACK).where(*same).values(said))


def _feedback_key(row: Row) -> tuple[Any, ...]:
    """Return by what a row is told from others, whichever database it comes from: SQLite leaves out that it is UTC."""
    at = row["outcome_at"]
    return row["card"], row["outcome"], at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
