"""The read-back: how many cards were given and what became of them, by service and topic. Nothing of a patient.

A rate is a share of the cards given, answered or not. A card that was accepted and then overridden counts under both
outcomes; one that was overridden again counts once, with the reasons that were given last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, Integer, cast, distinct, func, select

from cds_service.ledger import Ledger, reaching
from cds_service.tables import CARDS, FEEDBACK

Place = tuple[str, str | None]
"""A service and a topic; no topic where the card is unknown."""

OUTCOMES = ("accepted", "overridden")


class ReasonStats(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """cards: those of the outcome whose last feedback named it. rate: of the cards given. share: of the outcome's.

    Feedback may name several reasons: shares can add up to more than one.
    """

    system: str = ""
    code: str
    cards: int
    rate: float | None = None
    share: float


class OutcomeStats(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """feedback: items. cards: those they speak of. rate: of the cards given. comments, extensions: items with one."""

    outcome: str
    feedback: int
    cards: int
    rate: float | None = None
    comments: int
    extensions: int
    reasons: tuple[ReasonStats, ...] = ()


class TopicStats(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """cards: how many were given. answered: those with feedback."""

    topic: str
    cards: int
    answered: int
    answered_rate: float | None
    outcomes: tuple[OutcomeStats, ...] = ()


class UnknownStats(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Feedback on cards that the ledger does not know. cards: how many."""

    cards: int
    outcomes: tuple[OutcomeStats, ...]


class ServiceStats(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A service: all its topics together, then each."""

    service: str
    cards: int
    answered: int
    answered_rate: float | None = None
    outcomes: tuple[OutcomeStats, ...] = ()
    topics: tuple[TopicStats, ...] = ()
    unknown_cards: UnknownStats | None = None


class Stats(msgspec.Struct, frozen=True):
    """The answer."""

    services: tuple[ServiceStats, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted; the keys are a place, or a place with an outcome, or both with a reason."""

    given: Counter[Place] = field(default_factory=Counter)
    answered: Counter[Place] = field(default_factory=Counter)
    feedback: Counter[tuple[Place, str]] = field(default_factory=Counter)
    cards: Counter[tuple[Place, str]] = field(default_factory=Counter)
    comments: Counter[tuple[Place, str]] = field(default_factory=Counter)
    extensions: Counter[tuple[Place, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[Place, str, tuple[str, str]]] = field(default_factory=Counter)


def stats(ledger: Ledger, services: Iterable[str]) -> bytes:
    """Return the read-back as JSON: the services named, and any other that has given cards. Raises LedgerError."""
    with reaching(), ledger.engine.connect() as connection, connection.begin():
        counts = _counted(connection)
    told = dict.fromkeys([*services, *sorted(service for service, _ in (counts.given | counts.answered))])
    return msgspec.json.encode(Stats(tuple(_service(name, counts) for name in told)))


# Counting

_JOINED = FEEDBACK.outerjoin(CARDS, FEEDBACK.c.card == CARDS.c.uuid)
_PLACE = (func.coalesce(CARDS.c.service, FEEDBACK.c.service), CARDS.c.topic)
_CARDS = func.count(distinct(FEEDBACK.c.card))


def _counted(connection: Connection) -> Counts:
    counts = Counts()
    given = select(CARDS.c.service, CARDS.c.topic, func.count()).group_by(CARDS.c.service, CARDS.c.topic)
    for service, topic, number in connection.execute(given):
        counts.given[service, topic] = number
    answered = select(*_PLACE, _CARDS).select_from(_JOINED).group_by(*_PLACE)
    for service, topic, number in connection.execute(answered):
        counts.answered[service, topic] = number
    _count_outcomes(connection, counts)
    _count_reasons(connection, counts)
    return counts


def _count_outcomes(connection: Connection, counts: Counts) -> None:
    flags = (func.sum(cast(flag, Integer)) for flag in (FEEDBACK.c.commented, FEEDBACK.c.extended))
    key = (*_PLACE, FEEDBACK.c.outcome)
    for service, topic, outcome, *numbers in connection.execute(
        select(*key, func.count(), _CARDS, *flags).select_from(_JOINED).group_by(*key)
    ):
        counters = (counts.feedback, counts.cards, counts.comments, counts.extensions)
        for counter, number in zip(counters, numbers, strict=True):
            counter[(service, topic), outcome] = number


def _count_reasons(connection: Connection, counts: Counts) -> None:
    """Count cards by what was said of them last; those of which the same was said are counted together."""
    key = (FEEDBACK.c.card, FEEDBACK.c.outcome, _PLACE[0])
    newest = func.row_number().over(partition_by=key, order_by=FEEDBACK.c.outcome_at.desc())
    columns = (_PLACE[0].label("service"), CARDS.c.topic, FEEDBACK.c.outcome, FEEDBACK.c.reasons)
    ranked = select(*columns, newest.label("newest")).select_from(_JOINED).subquery()
    said = (ranked.c.service, ranked.c.topic, ranked.c.outcome, ranked.c.reasons)
    for service, topic, outcome, reasons, number in connection.execute(
        select(*said, func.count()).where(ranked.c.newest == 1).group_by(*said)
    ):
        for reason in msgspec.json.decode(reasons):
            counts.reasons[(service, topic), outcome, (reason.get("system", ""), reason["code"])] += number


# Telling


def _service(name: str, counts: Counts) -> ServiceStats:
    topics = sorted(topic for service, topic in counts.given if service == name and topic is not None)
    places: list[Place] = [(name, topic) for topic in topics]
    cards, answered = (sum(counter[place] for place in places) for counter in (counts.given, counts.answered))
    return ServiceStats(
        service=name,
        cards=cards,
        answered=answered,
        answered_rate=_rate(answered, cards),
        outcomes=_outcomes(places, counts, cards),
        topics=tuple(_topic(name, topic, counts) for topic in topics),
        unknown_cards=_unknown(name, counts),
    )


def _topic(service: str, topic: str, counts: Counts) -> TopicStats:
    place = (service, topic)
    cards, answered = counts.given[place], counts.answered[place]
    return TopicStats(
        topic=topic,
        cards=cards,
        answered=answered,
        answered_rate=_rate(answered, cards),
        outcomes=_outcomes([place], counts, cards),
    )


def _unknown(service: str, counts: Counts) -> UnknownStats | None:
    place = (service, None)
    cards = counts.answered[place]
    return UnknownStats(cards=cards, outcomes=_outcomes([place], counts, 0)) if cards else None


def _outcomes(places: Sequence[Place], counts: Counts, given: int) -> tuple[OutcomeStats, ...]:
    """Return both outcomes where cards were given, else those of which there is feedback."""
    found = (_outcome(outcome, places, counts, given) for outcome in OUTCOMES)
    return tuple(each for each in found if given or each.feedback)


def _outcome(outcome: str, places: Sequence[Place], counts: Counts, given: int) -> OutcomeStats:
    counters = (counts.feedback, counts.cards, counts.comments, counts.extensions)
    feedback, cards, comments, extensions = (sum(counter[p, outcome] for p in places) for counter in counters)
    return OutcomeStats(
        outcome=outcome,
        feedback=feedback,
        cards=cards,
        rate=_rate(cards, given),
        comments=comments,
        extensions=extensions,
        reasons=_reasons(outcome, places, counts, given),
    )


def _reasons(outcome: str, places: Sequence[Place], counts: Counts, given: int) -> tuple[ReasonStats, ...]:
    """The most frequent first."""
    found: Counter[tuple[str, str]] = Counter()
    for (place, of, reason), number in counts.reasons.items():
        if of == outcome and place in places:
            found[reason] += number
    cards = max(sum(counts.cards[place, outcome] for place in places), *found.values(), 1)  # counted a moment earlier
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        ReasonStats(system=system, code=code, cards=number, rate=_rate(number, given), share=round(number / cards, 4))
        for (system, code), number in ordered
    )


def _rate(part: int, whole: int) -> float | None:
    """Return a share, rounded to four places; None of nothing."""
    return round(part / whole, 4) if whole else None
