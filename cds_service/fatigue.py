"""Fatigue: a card that a user overrode with a reason is not shown to the same user for the same patient again.

Off unless the site file names reasons and how long each counts. A card comes back when anything that it says changes,
and when the reason's period has ended; one that warns is always shown. Nothing of the user or the card is kept but
keyed hashes (`cds_service/ledger.py`), and where the ledger does not answer every card is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hooks.cards import EXTENSION, OVERRIDE_SYSTEM
from hooks.protocol import Card
from mappings.clinical_time import CalendarPeriod

ALWAYS = "warning"
"""The indicator of cards that are always shown."""


class Said(NamedTuple):
    """What a card says: its topic, and a keyed hash of everything that the clinician reads."""

    topic: str
    state: str


class Overridden(NamedTuple):
    """A card that was overridden. reasons: (system, code). on: the day, never later than it was told."""

    said: Said
    reasons: Sequence[tuple[str | None, str]]
    on: dt.date


def says(card: Card) -> bytes:
    """Return everything that a card says, without what differs between two answers that say the same."""
    extension = msgspec.to_builtins((card.extension or {})[EXTENSION])
    del extension["evaluated_on"]
    return msgspec.json.encode((card.indicator, card.summary, card.detail, extension))


def in_force(found: Iterable[Overridden], periods: Mapping[str, CalendarPeriod], today: dt.date) -> set[Said]:
    """Return what is not to be shown today. periods: our reason code -> how long it counts."""
    return {each.said for each in found if any(_counts(each, reason, periods, today) for reason in each.reasons)}


def _counts(
    found: Overridden, reason: tuple[str | None, str], periods: Mapping[str, CalendarPeriod], today: dt.date
) -> bool:
    system, code = reason
    period = periods.get(code) if system in {OVERRIDE_SYSTEM, None} else None
    return period is not None and period.before(today) < found.on


def shown(cards: Iterable[Card], said: Mapping[str, Said], tired_of: set[Said]) -> list[Card]:
    """Return the cards that are to be shown. said: card's uuid -> what it says."""
    return [card for card in cards if card.indicator == ALWAYS or said[card.uuid] not in tired_of]
