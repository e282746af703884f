"""What every kind of criterion shares: the closed vocabulary's base class, how codes are chosen, absence, time.

A kind is one frozen pydantic class: its fields are what a coordinator may write in YAML, `decide` is what they mean.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from mappings.clinical_time import CalendarPeriod, Interval, parse_period
from mappings.evaluation import Datable, Evaluation, Moment
from mappings.facts import Fact
from mappings.truth import Finding, Reason, Strength, Truth, false, unknown

F = TypeVar("F", bound=Fact)

Absence = Literal["unknown", "presume-absent", "ask"]
"""What it means that nothing is on record: not known; not there (on a complete record); a person is asked."""


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _as_period(value: Any) -> Any:
    return parse_period(value) if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_tuple),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""Value-set names: one, or a list."""

Period = Annotated[
    CalendarPeriod,
    BeforeValidator(_as_period),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ (hour|day|week|month|year)s?$"}),
]
"""A calendar period in words: `6 months`, `30 days`."""


class Part(BaseModel):
    """A part of the vocabulary: frozen, nothing unknown allowed, equal when it says the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Phrase(Part):
    """A part of a statement, which may hold others: what it reads is what it reads itself, and what they read."""

    def inside(self) -> Iterator[Phrase]:
        """Yield the parts that stand in its fields."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            held = value if isinstance(value, tuple) else (value,)
            yield from (part for part in held if isinstance(part, Phrase))

    def needed_types(self) -> frozenset[str]:
        """Return the FHIR types that must be retrieved to decide it."""
        return frozenset[str]().union(*(part.needed_types() for part in self.inside()))

    def value_sets(self) -> frozenset[str]:
        """Return the names of every value set it reads."""
        return frozenset[str]().union(*(part.value_sets() for part in self.inside()))

    def result_sets(self) -> frozenset[str]:
        """Return the value sets by whose codes results are found: a query for Observations is narrowed to them."""
        return frozenset[str]().union(*(part.result_sets() for part in self.inside()))


class Kind(Phrase):
    """A criterion of some kind.

    types: the FHIR resource types from which it is decided. reads: those among Patient, ResearchSubject and Consent
    that it reads beside facts found by code.
    """

    types: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[frozenset[str]] = frozenset()

    def decide(self, view: Evaluation) -> Finding:
        """Return what the criterion says of the patient in view."""
        raise NotImplementedError

    def parts(self) -> tuple[Kind, ...]:
        """Return the criteria that a combinator combines; none for a leaf."""
        return ()

    def needed_types(self) -> frozenset[str]:
        return super().needed_types().union(self.types)

    def leaves(self) -> Iterator[Kind]:
        """Yield every leaf below, itself included."""
        if not self.parts():
            yield self
        for part in self.parts():
            yield from part.leaves()


class Coded(Kind):
    """A leaf that looks for codes.

    value_set: codes that decide. only_at: value set -> body site at which alone its codes decide. not_at: a site at
    which nothing counts. too_general, judge, conflict: codes that decide nothing, but leave the answer UNKNOWN for that
    reason (codes broader than the set are `too_general` by themselves). absence: what nothing on record means.
    """

    value_set: Names = ()
    only_at: Mapping[str, str] = Field(default_factory=dict)
    not_at: str | None = None
    too_general: Names = ()
    judge: Names = ()
    conflict: Names = ()
    absence: Absence = "unknown"
    label: str | None = None

    def __hash__(self) -> int:
        return hash((type(self), self.value_set, tuple(sorted(self.only_at.items())), self.judge))

    def value_sets(self) -> frozenset[str]:
        sites = {*self.only_at.values(), *((self.not_at,) if self.not_at else ())}
        return super().value_sets().union(self.codes, sites)

    @functools.cached_property
    def codes(self) -> tuple[str, ...]:
        """The value sets by which facts are found."""
        return (*self.value_set, *self.only_at, *self.too_general, *self.judge, *self.conflict)

    def known(self, view: Evaluation) -> Known:
        """Return what no patient changes."""
        found: Known | None = view.known.get(id(self))
        if found is None:
            broader = view.vocabulary.more_general(self.value_set) | frozenset(self.too_general)
            title = self.label or view.title((*self.value_set, *self.only_at, *self.judge, *self.codes))
            sought = (*self.codes, *sorted(broader - frozenset(self.codes)))
            found = view.known[id(self)] = Known(title, broader, sought, absence_finding(self.absence, title))
        return found

    def title(self, view: Evaluation) -> str:
        """Return what is looked for, as a card says it."""
        return self.known(view).title

    def counts_by_code(self, fact: Any) -> bool:
        """Whether the fact's codes and body site decide."""
        if self.not_at and self.not_at in fact.sites:
            return False
        if not fact.sets.isdisjoint(self.value_set):
            return True
        return any(name in fact.sets and site in fact.sites for name, site in self.only_at.items())

    def doubt(self, view: Evaluation, fact: Any) -> Reason | None:
        """Why a fact that does not decide still leaves the answer open."""
        if self.not_at and self.not_at in fact.sites:
            return None
        if not fact.sets.isdisjoint(self.conflict):
            return Reason.CONFLICT
        if not fact.sets.isdisjoint(self.judge):
            return Reason.NEEDS_JUDGEMENT
        if not fact.sets.isdisjoint(self.only_at):  # a recorded organ that decided nothing is not the one asked for
            return None if fact.sites else Reason.TOO_GENERAL
        return Reason.TOO_GENERAL if not fact.sets.isdisjoint(self.known(view).broader) else None

    def broader(self, view: Evaluation) -> frozenset[str]:
        """Return the value sets with codes more general than what is asked."""
        return self.known(view).broader

    def nothing_found(self, view: Evaluation) -> Finding:
        """Return what it means that nothing on record decides."""
        return self.known(view).absent if not view.record.incomplete else absent(view, self)


class Known(NamedTuple):
    """What a criterion works out once: its title, the broader value sets, all it looks for, and what absence means."""

    title: str
    broader: frozenset[str]
    sought: tuple[str, ...]
    absent: Finding


def absent(view: Evaluation, kind: Coded, types: Iterable[str] | None = None) -> Finding:
    """Return what it means that nothing is on record: never a "no" from a record that is not complete."""
    if (missing := view.missing(kind.types if types is None else types)) is not None:
        return unknown(Reason.INCOMPLETE, (), "Not known: {} records were not retrieved in full.", missing)
    return kind.known(view).absent


def absence_finding(absence: Absence, title: str) -> Finding:
    """Return what the absence of `title` means on a complete record."""
    if absence == "presume-absent":
        return false((), "No {} on record.", title, strength=Strength.PRESUMED)
    if absence == "ask":
        return unknown(Reason.HUMAN, (), "No {} on record; please confirm.", title)
    return unknown(Reason.NO_DATA, (), "No {} on record.", title)


def within(time: Interval | None, period: CalendarPeriod, today: dt.date) -> Truth:
    """Whether a time lies in the period up to today, both edges included.

    What begins after today was turned away at the door, so a vague date that reaches beyond it can only mean before.
    """
    if time is None:
        return Truth.UNKNOWN
    earliest, first, last = period.before(today), time.first.date(), time.last.date()
    if last < earliest:
        return Truth.FALSE
    return Truth.TRUE if first >= earliest else Truth.UNKNOWN


def after(time: Interval | None, event: Interval) -> Truth:
    """Whether a time lies after an event; a time that may be either is UNKNOWN."""
    if time is None:
        return Truth.UNKNOWN
    if event.before(time):
        return Truth.TRUE
    return Truth.FALSE if time.before(event) or time.last == event.first else Truth.UNKNOWN


UNPLACED: Mapping[Reason, str] = {
    Reason.IMPRECISE_DATE: "Its date does not tell whether it counts: {}.",
    Reason.INCOMPLETE: "Not all was retrieved, so it is not known whether it counts: {}.",
    Reason.TOO_GENERAL: "What it must come before or after is recorded too generally to tell: {}.",
}
"""What is said of a fact whose time may lie on either side of an event, by `why_unplaced`."""


def why_unplaced(view: Evaluation, *events: Datable | None) -> Reason:
    """Why a time may lie on either side of events: since one of them may have been at another time, else by itself."""
    unsettled = (view.moment(event).unsettled for event in events if event is not None)
    return next((why for why in unsettled if why is not None), Reason.IMPRECISE_DATE)


def not_before(first: Moment, fact: Fact, reasons: frozenset[str] = frozenset()) -> Truth:
    """Whether something was not before the first onset of a condition, which it may name as its reason."""
    if first.time is None or fact.time is None or any(event.source in reasons for event in first.facts):
        return Truth.TRUE
    if fact.time.before(first.time):
        return Truth.FALSE
    began_by_then = first.time.first == dt.datetime.min
    return Truth.UNKNOWN if began_by_then and not first.time.before(fact.time) else Truth.TRUE


def latest(facts: Sequence[F]) -> list[F]:
    """Return the facts none of which is known to be older than another: the latest, or those that may be."""
    if len(facts) < 2:
        return list(facts)
    tops: dict[dt.timedelta | None, Interval] = {}
    for time in (fact.time for fact in facts if fact.time):
        if (top := tops.get(time.offset)) is None or top.first < time.first:
            tops[time.offset] = time
    return [f for f in facts if f.time is None or not any(f.time.before(top) for top in tops.values())]


class Shown:
    """A fact as a sentence shows it: what the record calls it, and its date."""

    __slots__ = ("fact",)

    def __init__(self, fact: Fact) -> None:
        self.fact = fact

    def __str__(self) -> str:
        label = self.fact.label or "a record without a name"
        return f"{label} ({self.fact.time})" if self.fact.time else label


class Listed:
    """Facts as a sentence lists them: the first three, and how many more."""

    __slots__ = ("facts",)

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts

    def __str__(self) -> str:
        shown = "; ".join(dict.fromkeys(str(Shown(fact)) for fact in self.facts[:3]))
        more = len(self.facts) - 3
        return f"{shown} and {more} more" if more > 0 else shown
