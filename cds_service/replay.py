"""`cds-service replay`: which rules gave a card, when, and whether the present ones are the same."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from sqlalchemy import Engine, select

from cds_service.content import Content
from cds_service.feedback import card_id
from cds_service.tables import CARD_TRIALS, CARDS, RULES
from mappings.digest import rules_of
from terminology.errors import CdsError


class UnknownCard(CdsError):
    """A card that the ledger does not hold."""

    def __init__(self, card: str) -> None:
        super().__init__(card)
        self.card = card

    def __str__(self) -> str:
        return f"the ledger holds no card {self.card}"


class CardTrial(NamedTuple):
    """A trial that a card speaks of, with the rules that decided it. releases: JSON, value set -> version."""

    trial: str
    status: str
    digest: str
    releases: str


class KeptCard(NamedTuple):
    """A card as the ledger holds it. evaluated_at: UTC. evaluated_on: the day that counted as today."""

    uuid: str
    service: str
    topic: str
    version: str
    evaluated_at: dt.datetime
    evaluated_on: dt.date
    trials: tuple[CardTrial, ...]


def find_card(engine: Engine, text: str) -> KeptCard:
    """Return a card of the ledger. Raises UnknownCard."""
    uuid = card_id(text)
    if uuid is None:
        raise UnknownCard(text)
    with engine.connect() as connection, connection.begin():
        row = connection.execute(select(CARDS).where(CARDS.c.uuid == uuid)).one_or_none()
        if row is None:
            raise UnknownCard(text)
        joined = CARD_TRIALS.join(RULES, CARD_TRIALS.c.rules == RULES.c.digest)
        columns = (CARD_TRIALS.c.trial, CARD_TRIALS.c.status, RULES.c.digest, RULES.c.releases)
        chosen = select(*columns).select_from(joined).where(CARD_TRIALS.c.card == uuid).order_by(CARD_TRIALS.c.trial)
        trials = tuple(CardTrial(*found) for found in connection.execute(chosen))
    at = row.evaluated_at if row.evaluated_at.tzinfo else row.evaluated_at.replace(tzinfo=dt.UTC)
    return KeptCard(row.uuid, row.service, row.topic, row.version, at.astimezone(dt.UTC), row.evaluated_on, trials)


def told(card: KeptCard, content: Content) -> Iterator[str]:
    """Yield what there is to say of a card, a line each."""
    at = card.evaluated_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"card      {card.uuid}"
    yield f"service   {card.service}, version {card.version}"
    yield f"topic     {card.topic}"
    yield f"evaluated {at}, for {card.evaluated_on}"
    for trial in card.trials:
        yield f"trial     {trial.trial}: {trial.status}"
        yield f"  rules   sha256 {trial.digest}"
        yield f"  codes   {_releases(trial.releases)}"
        yield f"  now     {_now(trial, content)}"


def _now(trial: CardTrial, content: Content) -> str:
    known = content.catalogue.trials.get(trial.trial)
    if known is None:
        return "this trial is not in the catalogue any more"
    digest = rules_of(known, content.catalogue).digest
    return "the same rules" if digest == trial.digest else f"other rules: sha256 {digest}"


def _releases(text: str) -> str:
    """Say how many value sets there were, by version."""
    versions = Counter(msgspec.json.decode(text, type=dict[str, str]).values())
    said = [f"{number} of version {version or 'not stated'}" for version, number in sorted(versions.items())]
    return f"value sets: {', '.join(said) or 'none'}"
