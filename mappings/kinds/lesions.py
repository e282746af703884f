"""Lesions of one organ on the latest imaging: their largest diameter and their number.

One report or study is one imaging set, else one day is. When it names fewer lesions than the set before it within
90 days, the lesions that were not measured again keep their last size. One Observation is one lesion; two Observations
of the same `focus` are one. The largest diameter is that of the largest lesion, never a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import ClassVar, Literal, NamedTuple

from pydantic import model_validator

from mappings.clinical_time import CalendarPeriod, Interval
from mappings.evaluation import Evaluation
from mappings.facts import ObservationFact, Quantity
from mappings.kinds.base import Absence, Kind, Names, absence_finding, after, within
from mappings.kinds.events import Event
from mappings.kinds.observations import Measured, Results, implausible, side
from mappings.truth import OPPOSITE, Finding, Reason, Truth, decided, unknown
from terminology import units

CARRIED = 90
"""Days within which a lesion that was not measured again keeps its last size."""


class Imaging(NamedTuple):
    """One imaging set: the facts of each lesion measured in it."""

    time: Interval
    lesions: Mapping[str, ObservationFact]


class Lesions(Kind):
    """The lesions of an organ (`site`) on the latest imaging, in mm or cm.

    value_set: codes of a lesion's size. count: codes of a number of lesions given as such. above, at_least, below,
    at_most: of the largest diameter in `unit`. count_at_least: of their number. after: imaging after an event.
    absence: what no measured lesion on record means.
    """

    kind: Literal["lesions"]
    site: str
    value_set: Names
    count: Names = ()
    above: Decimal | None = None
    at_least: Decimal | None = None
    below: Decimal | None = None
    at_most: Decimal | None = None
    unit: str = "mm"
    count_at_least: int | None = None
    after: Event | None = None
    absence: Absence = "unknown"
    types: ClassVar[tuple[str, ...]] = ("Observation", "DiagnosticReport")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Lesions:
        limits = [self.above, self.at_least, self.below, self.at_most]
        if (self.count_at_least is None) == all(limit is None for limit in limits):
            raise ValueError("lesions: either limits of the largest diameter, or count_at_least")
        return self

    def needed_types(self) -> frozenset[str]:
        return frozenset(self.types) | (self.after.needed_types() if self.after else frozenset())

    def value_sets(self) -> frozenset[str]:
        events = self.after.value_sets() if self.after else frozenset()
        return frozenset({*self.value_set, *self.count, self.site, *events})

    def code_sets(self) -> dict[str, frozenset[str]]:
        return {"Observation": frozenset({*self.value_set, *self.count})}

    def decide(self, view: Evaluation) -> Finding:
        facts = view.facts(ObservationFact, (*self.value_set, *self.count))
        here = [fact for fact in facts if self.site in fact.sites]
        if (missing := view.missing(("Observation",))) is not None and missing not in view.record.newest_first:
            return unknown(Reason.INCOMPLETE, here, "Not known: {} records were not retrieved in full.", missing)
        if not here:
            return self._none_here(view, facts)
        if undated := [fact for fact in here if fact.time is None]:
            return unknown(
                Reason.IMPRECISE_DATE, undated, "Not dated, so the latest is not known: {}.", Results(undated)
            )
        kept = self._after(view, here)
        return kept if isinstance(kept, Finding) else self._of_latest(view, kept)

    def _none_here(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Finding:
        nowhere = [fact for fact in facts if not fact.sites]
        organ = view.title((self.site,))
        if nowhere:
            return unknown(Reason.TOO_GENERAL, nowhere, "The organ is not recorded ({}): {}.", organ, Results(nowhere))
        return absence_finding(self.absence, f"measured lesion of the {organ}")

    def _after(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Sequence[ObservationFact] | Finding:
        if self.after is None:
            return facts
        moment = view.moment(self.after)
        if moment.time is None:
            return unknown(moment.reason, moment.facts, "No {} with a date on record.", self.after.name)
        placed = [(fact, after(fact.time, moment.time)) for fact in facts]
        if unclear := [fact for fact, place in placed if place is Truth.UNKNOWN]:
            says = "Not known whether it was seen after the {} of {}: {}."
            return unknown(Reason.IMPRECISE_DATE, unclear, says, self.after.name, moment.time, Results(unclear))
        kept = [fact for fact, place in placed if place is Truth.TRUE]
        if kept:
            return kept
        return absence_finding(self.absence, f"lesion measured after the {self.after.name} of {moment.time}")

    def _of_latest(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Finding:
        if self.count_at_least is not None:
            counts = [fact for fact in facts if not fact.sets.isdisjoint(self.count)]
            sets = imaging_sets([f for f in facts if f not in counts])
            if counts and (not sets or not counts[-1].time or not counts[-1].time.before(sets[-1].time)):
                return self._by_count(view)
            return self._by_number(view, sets)
        sets = imaging_sets([f for f in facts if f.sets.isdisjoint(self.count)])
        if not sets:
            return unknown(Reason.NO_DATA, (), "No measured lesion of the {} on record.", view.title((self.site,)))
        return self._by_size(view, sets)

    def _by_count(self, view: Evaluation) -> Finding:
        at_least = Decimal(self.count_at_least or 0)
        return Measured(kind="measured", value_set=self.count, at_least=at_least, after=self.after).decide(view)

    def _by_number(self, view: Evaluation, sets: Sequence[Imaging]) -> Finding:
        if (stale := self._stale(view, sets[-1])) is not None:
            return stale
        facts = [*sets[-1].lesions.values(), *not_measured_again(sets)[0]]
        wanted, final = self.count_at_least or 0, [fact for fact in facts if not fact.preliminary]
        if len(final) < wanted <= len(facts):
            return unknown(Reason.PRELIMINARY, facts, "Preliminary in part: {}.", Results(facts))
        says = "{} measured lesion(s) on the imaging of {}."
        return decided(len(final) >= wanted, facts, says, len(facts), sets[-1].time)

    def _by_size(self, view: Evaluation, sets: Sequence[Imaging]) -> Finding:
        if (stale := self._stale(view, sets[-1])) is not None:
            return stale
        seen, kept = list(sets[-1].lesions.values()), not_measured_again(sets)
        answers = {self._largest([*seen, *some]) for some in kept}
        shown = [*seen, *kept[-1]]
        if len(answers) > 1:
            says = "It is not recorded which of the earlier lesions were measured again: {}."
            return unknown(Reason.NEEDS_JUDGEMENT, shown, says, Results(shown))
        answer = answers.pop()
        if isinstance(answer, Reason):
            return unknown(answer, shown, "The size cannot be read: {}.", Results(shown))
        return decided(answer is Truth.TRUE, shown, "Lesions: {}.", Results(shown))

    def _largest(self, lesions: Sequence[ObservationFact]) -> Truth | Reason:
        sizes = [_size(fact, self.value_set[0], self.unit) for fact in lesions]
        answers = [_on_side(sizes, limit, over=over, strict=strict) for limit, over, strict in self._limits()]
        if Truth.FALSE in answers:
            return Truth.FALSE
        return next((answer for answer in answers if isinstance(answer, Reason)), Truth.TRUE)

    def _limits(self) -> Iterator[tuple[Fraction, bool, bool]]:
        """Yield each limit of the largest diameter with its side: (value, over, strict)."""
        sides = (
            (self.above, True, True),
            (self.at_least, True, False),
            (self.below, False, True),
            (self.at_most, False, False),
        )
        return ((Fraction(limit), over, strict) for limit, over, strict in sides if limit is not None)

    def _stale(self, view: Evaluation, imaging: Imaging) -> Finding | None:
        period = view.recency(self.value_set)
        fresh = within(imaging.time, period, view.today) if period else Truth.TRUE
        facts = list(imaging.lesions.values())
        if fresh is Truth.FALSE:
            return unknown(Reason.STALE, facts, "Too old to count: {}.", Results(facts))
        if fresh is Truth.UNKNOWN:
            return unknown(
                Reason.IMPRECISE_DATE, facts, "Its date does not tell whether it counts: {}.", Results(facts)
            )
        return None


def imaging_sets(facts: Sequence[ObservationFact]) -> list[Imaging]:
    """Return the imaging sets in the order of time; a lesion seen twice in a set counts by its last fact."""
    dated = sorted((fact for fact in facts if fact.time), key=_set_key)
    sets = []
    for _, group in groupby(dated, key=lambda fact: fact.group or _day(fact)):
        members = list(group)
        times = [fact.time for fact in members if fact.time]
        sets.append(Imaging(max(times, key=lambda t: t.last), {fact.focus or fact.source: fact for fact in members}))
    return sorted(sets, key=lambda imaging: imaging.time.last)


def _set_key(fact: ObservationFact) -> tuple[str, str, str]:
    return (fact.group or _day(fact), _day(fact), fact.source)


def _day(fact: ObservationFact) -> str:
    return fact.time.last.date().isoformat() if fact.time else ""


def _earlier(sets: Sequence[Imaging]) -> Mapping[str, ObservationFact]:
    """The lesions of the set before the latest, if it lies within `CARRIED` days and named more of them."""
    if len(sets) < 2 or len(sets[-1].lesions) >= len(sets[-2].lesions):
        return {}
    period = CalendarPeriod(0, CARRIED, "")
    recent = within(sets[-2].time, period, sets[-1].time.last.date())
    return sets[-2].lesions if recent is Truth.TRUE else {}


def not_measured_again(sets: Sequence[Imaging]) -> list[tuple[ObservationFact, ...]]:
    """Return the earlier lesions that keep their last size: one choice when it is recorded which (by `focus`).

    When it is not, only how many is known; what is asked is the largest, so the smallest and the largest of them stand
    for every choice.
    """
    earlier, latest = _earlier(sets), sets[-1].lesions
    if all(fact.focus for fact in (*earlier.values(), *latest.values())):
        return [tuple(fact for key, fact in earlier.items() if key not in latest)]
    missing = len(earlier) - len(latest)
    by_size = sorted(earlier.values(), key=_order)
    return [tuple(by_size[:missing]), tuple(by_size[-missing:])] if missing > 0 else [()]


def _order(fact: ObservationFact) -> Fraction:
    size = _size(fact, "tumour-size", "mm")
    return Fraction(0) if isinstance(size, Reason) else size.number


class Size(NamedTuple):
    """A diameter; with a comparator, the interval that it makes of it."""

    number: Fraction
    comparator: str | None


def _size(fact: ObservationFact, analyte: str, unit: str) -> Size | Reason:
    if fact.preliminary:
        return Reason.PRELIMINARY
    quantity = next((value for value in fact.values if isinstance(value, Quantity)), None)
    if quantity is None:
        return Reason.UNREADABLE
    number = units.convert(quantity.value, quantity.unit, analyte=analyte, to=unit)
    if number is None:
        return Reason.UNIT
    return Reason.IMPLAUSIBLE if implausible(number, analyte) else Size(number, quantity.comparator)


def _on_side(sizes: Sequence[Size | Reason], limit: Fraction, *, over: bool, strict: bool) -> Truth | Reason:
    """Whether the largest lies on one side of a limit: over it when one size does, under it when every one does.

    So one lesion of 6 cm is too large, whatever the others are.
    """
    answers = [
        size if isinstance(size, Reason) else side(size.number, size.comparator, limit, over=over, strict=strict)
        for size in sizes
    ]
    decisive = Truth.TRUE if over else Truth.FALSE
    if decisive in answers:
        return decisive
    if Truth.UNKNOWN in answers:
        return Reason.NEEDS_JUDGEMENT
    return next((answer for answer in answers if isinstance(answer, Reason)), OPPOSITE[decisive])
