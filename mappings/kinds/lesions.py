"""Lesions of one organ on the latest imaging: their largest diameter and their number.

One report or study is one imaging set, else one day is. When it names fewer lesions than the set before it within
90 days, the lesions that were not measured again keep their last size. One Observation is one lesion; two Observations
of the same `focus` are one. The largest diameter is that of the largest lesion, never a sum; of several sizes that one
Observation gives (its axes, as components) the largest is the lesion's. Sets of the same time that say different things
contradict each other, and so do two Observations of one lesion. Without a `focus` it is not known whether two reports
of one day name the same lesion, so both ways must give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from pydantic import model_validator

from mappings.clinical_time import CalendarPeriod, Interval
from mappings.evaluation import Evaluation
from mappings.facts import ObservationFact, Quantity
from mappings.kinds.base import Absence, Kind, Names, absence_finding, after, latest, within
from mappings.kinds.events import Event
from mappings.kinds.observations import ListedResults, Measured, implausible, side, unreadable
from mappings.truth import OPPOSITE, Finding, Reason, Truth, decided, unknown
from terminology import units

CARRIED = 90
"""Days within which a lesion that was not measured again keeps its last size."""


NOT_KNOWN_WHETHER_RECENT = "It is not known whether the earlier lesions were measured within 90 days before: {}."

Lesion = tuple[ObservationFact, ...]
"""The latest facts of one lesion in one imaging set: as a rule one."""


class Imaging(NamedTuple):
    """One imaging set: the lesions measured in it, by `focus`, else by Observation."""

    time: Interval
    lesions: Mapping[str, Lesion]


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

    def value_sets(self) -> frozenset[str]:
        return super().value_sets().union(self.value_set, self.count, (self.site,))

    def result_sets(self) -> frozenset[str]:
        return frozenset((*self.value_set, *self.count))

    def decide(self, view: Evaluation) -> Finding:
        facts = view.facts(ObservationFact, (*self.value_set, *self.count))
        if (lost := unreadable(view, (*self.value_set, *self.count))) is not None:
            return lost
        here = [fact for fact in facts if self.site in fact.sites]
        if (missing := view.unfinished(("Observation",))) is not None:
            return unknown(Reason.INCOMPLETE, here, "Not known: {} records were not retrieved in full.", missing)
        if not here:
            return self._none_here(view, facts)
        if undated := [fact for fact in here if fact.time is None]:
            return unknown(
                Reason.IMPRECISE_DATE, undated, "Not dated, so the latest is not known: {}.", ListedResults(undated)
            )
        kept = self._after(view, here)
        return kept if isinstance(kept, Finding) else self._of_latest(view, kept)

    def _none_here(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Finding:
        nowhere = [fact for fact in facts if not fact.sites]
        organ = view.title((self.site,))
        if nowhere:
            says = "The organ is not recorded ({}): {}."
            return unknown(Reason.TOO_GENERAL, nowhere, says, organ, ListedResults(nowhere))
        return absence_finding(self.absence, f"measured lesion of the {organ}")

    def _after(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Sequence[ObservationFact] | Finding:
        if self.after is None:
            return facts
        moment = view.moment(self.after)
        if moment.time is None and (missing := view.missing(self.after.types)) is not None:
            return unknown(Reason.INCOMPLETE, (), "Not known: {} records were not retrieved in full.", missing)
        if moment.time is None:
            return unknown(moment.reason, moment.facts, "No {} with a date on record.", self.after.name)
        placed = [(fact, after(fact.time, moment.time)) for fact in facts]
        kept = [fact for fact, place in placed if place is Truth.TRUE]
        unclear = [fact for fact, place in placed if place is Truth.UNKNOWN]
        if unclear and not (self.count_at_least == 1 and kept):
            says = "Not known whether it was seen after the {} of {}: {}."
            return unknown(
                moment.unsettled or Reason.IMPRECISE_DATE,
                unclear,
                says,
                self.after.name,
                moment.time,
                ListedResults(unclear),
            )
        if kept:
            return kept
        return absence_finding(self.absence, f"lesion measured after the {self.after.name} of {moment.time}")

    def _of_latest(self, view: Evaluation, facts: Sequence[ObservationFact]) -> Finding:
        counts = [fact for fact in facts if not fact.sets.isdisjoint(self.count)]
        sets = imaging_sets([fact for fact in facts if fact.sets.isdisjoint(self.count)])
        if self.count_at_least is not None:
            return self._of_counts(view, counts, sets)
        if not sets:
            return unknown(Reason.NO_DATA, (), "No measured lesion of the {} on record.", view.title((self.site,)))
        return self._agreed(view, sets)

    def _of_counts(self, view: Evaluation, counts: Sequence[ObservationFact], sets: Sequence[Imaging]) -> Finding:
        """A number given as such, unless later imaging measured lesions; more measured than it says contradicts it."""
        if not counts:
            return self._agreed(view, sets)
        last = latest(counts)
        given = self._number_given(view, last)
        if not sets or all(sets[-1].time.before(fact.time) for fact in last if fact.time):
            return given
        seen = self._agreed(view, sets)
        if all(fact.time.before(sets[-1].time) for fact in last if fact.time):
            return seen
        if given.truth is Truth.FALSE and seen.truth is Truth.TRUE:
            says = "More lesions were measured than the number given at that time: {}."
            return unknown(Reason.CONFLICT, (*last, *seen.facts), says, ListedResults(last))
        return given

    def _number_given(self, view: Evaluation, last: Sequence[ObservationFact]) -> Finding:
        at_least = Decimal(self.count_at_least or 0)
        return Measured(kind="measured", value_set=self.count, at_least=at_least).agreed(view, last)

    def _agreed(self, view: Evaluation, sets: Sequence[Imaging]) -> Finding:
        """What the latest set says; of several that may be the latest, what each of them and all together say."""
        last = [imaging for imaging in sets if not imaging.time.before(sets[-1].time)]
        earlier = [imaging for imaging in sets if imaging not in last]
        decide = self._by_size if self.count_at_least is None else self._by_number
        possible = [*last, _together(last)] if len(last) > 1 else last
        findings = [decide(view, [*earlier, imaging]) for imaging in possible]
        if len({(finding.truth, finding.reason) for finding in findings}) == 1:
            return findings[-1]
        facts = [fact for imaging in last for lesion in imaging.lesions.values() for fact in lesion]
        same = all(imaging.time.same_days(sets[-1].time) for imaging in last)
        reason = Reason.CONFLICT if same else Reason.IMPRECISE_DATE
        return unknown(reason, facts, "Imaging of the same time differs: {}.", ListedResults(facts))

    def _by_number(self, view: Evaluation, sets: Sequence[Imaging]) -> Finding:
        if (stale := self._stale(view, sets[-1])) is not None:
            return stale
        kept = not_measured_again(sets)
        findings = [self._counted(sets, some) for some in kept]
        if len({(finding.truth, finding.reason) for finding in findings}) == 1:
            return findings[-1]
        shown = [fact for lesion in (*sets[-1].lesions.values(), *kept[-1]) for fact in lesion]
        return unknown(Reason.IMPRECISE_DATE, shown, NOT_KNOWN_WHETHER_RECENT, ListedResults(shown))

    def _counted(self, sets: Sequence[Imaging], kept: Sequence[Lesion]) -> Finding:
        """What the number of the latest lesions is, with those that keep their last size."""
        lesions = [*sets[-1].lesions.values(), *kept]
        facts = [fact for lesion in lesions for fact in lesion]
        wanted, final = self.count_at_least or 0, [lesion for lesion in lesions if not _is_preliminary(lesion)]
        if len(final) < wanted <= len(lesions):
            return unknown(Reason.PRELIMINARY, facts, "Preliminary in part: {}.", ListedResults(facts))
        again = f", {len(kept)} of them not measured again" if kept else ""
        says = "{} measured lesion(s) on the imaging of {}{}."
        return decided(len(final) >= wanted, facts, says, len(lesions), sets[-1].time, again)

    def _by_size(self, view: Evaluation, sets: Sequence[Imaging]) -> Finding:
        if (stale := self._stale(view, sets[-1])) is not None:
            return stale
        seen, kept = list(sets[-1].lesions.values()), not_measured_again(sets)
        answers = {self._largest([*seen, *some]) for some in kept}
        shown = [fact for lesion in (*seen, *kept[-1]) for fact in lesion]
        if len(answers) > 1 and _carried(sets) is Truth.UNKNOWN:
            return unknown(Reason.IMPRECISE_DATE, shown, NOT_KNOWN_WHETHER_RECENT, ListedResults(shown))
        if len(answers) > 1:
            says = "It is not recorded which of the earlier lesions were measured again: {}."
            return unknown(Reason.NEEDS_JUDGEMENT, shown, says, ListedResults(shown))
        answer = answers.pop()
        if isinstance(answer, Reason):
            return unknown(answer, shown, SAYS[answer], ListedResults(shown))
        return decided(answer is Truth.TRUE, shown, "Lesions: {}.", ListedResults(shown))

    def _largest(self, lesions: Sequence[Lesion]) -> Truth | Reason:
        answers = [self._on_side(lesions, limit, over=over, strict=strict) for limit, over, strict in self._limits()]
        if Truth.FALSE in answers:
            return Truth.FALSE
        return next((answer for answer in answers if isinstance(answer, Reason)), Truth.TRUE)

    def _on_side(self, lesions: Sequence[Lesion], limit: Fraction, *, over: bool, strict: bool) -> Truth | Reason:
        """Whether the largest lesion lies on one side of a limit: one of 6 cm is too large, whatever the others are."""
        answers = [self._of_lesion(lesion, limit, over=over, strict=strict) for lesion in lesions]
        return _of_largest(answers, over=over)

    def _of_lesion(self, lesion: Lesion, limit: Fraction, *, over: bool, strict: bool) -> Truth | Reason:
        by_source: dict[str, list[Truth | Reason]] = {}
        for fact in lesion:
            size = _size(fact, self.value_set[0], self.unit)
            answer = size if isinstance(size, Reason) else _side(size, limit, over=over, strict=strict)
            by_source.setdefault(fact.source, []).append(answer)
        answers = {_of_largest(sizes, over=over) for sizes in by_source.values()}
        return answers.pop() if len(answers) == 1 else Reason.CONFLICT

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
        facts = [fact for lesion in imaging.lesions.values() for fact in lesion]
        if fresh is Truth.FALSE:
            return unknown(Reason.STALE, facts, "Too old to count: {}.", ListedResults(facts))
        if fresh is Truth.UNKNOWN:
            return unknown(
                Reason.IMPRECISE_DATE, facts, "Its date does not tell whether it counts: {}.", ListedResults(facts)
            )
        return None


def imaging_sets(facts: Sequence[ObservationFact]) -> list[Imaging]:
    """Return the imaging sets in the order of time.

    A fact of no report or study belongs to the one of its day; when there is none, or more than one, to the day's own.
    """
    dated = [fact for fact in facts if fact.time]
    groups: dict[str, set[str]] = {}
    for fact in dated:
        groups.setdefault(_day(fact), set()).update({fact.group} if fact.group else ())
    members: dict[str, list[ObservationFact]] = {}
    for fact in dated:
        of_day = groups[_day(fact)]
        members.setdefault(fact.group or (min(of_day) if len(of_day) == 1 else _day(fact)), []).append(fact)
    return sorted((_imaging(each) for each in members.values()), key=lambda imaging: imaging.time.first)


def _together(sets: Sequence[Imaging]) -> Imaging:
    facts = [fact for imaging in sets for lesion in imaging.lesions.values() for fact in lesion]
    return _imaging(facts)


def _imaging(facts: Sequence[ObservationFact]) -> Imaging:
    by_lesion: dict[str, list[ObservationFact]] = {}
    for fact in facts:
        by_lesion.setdefault(_structure(fact) or fact.source, []).append(fact)
    lesions = {key: tuple(latest(each)) for key, each in by_lesion.items()}
    return Imaging(max((fact.time for fact in facts if fact.time), key=lambda time: time.last), lesions)


def _structure(fact: ObservationFact) -> str | None:
    """The lesion in focus; a diagnosis is not one: two results of it may be of two lesions."""
    return None if fact.focus is None or fact.focus.startswith("Condition/") else fact.focus


def _day(fact: ObservationFact) -> str:
    return fact.time.last.date().isoformat() if fact.time else ""


def _carried(sets: Sequence[Imaging]) -> Truth:
    """Whether the set before the latest lies within `CARRIED` days and named more lesions."""
    if len(sets) < 2 or len(sets[-1].lesions) >= len(sets[-2].lesions):
        return Truth.FALSE
    return within(sets[-2].time, CalendarPeriod(0, CARRIED, ""), sets[-1].time.last.date())


def not_measured_again(sets: Sequence[Imaging]) -> list[tuple[Lesion, ...]]:
    """Return the earlier lesions that keep their last size: one choice when it is recorded which (by `focus`).

    When it is not, only how many is known; what is asked is the largest, so the smallest and the largest of them stand
    for every choice. Where it is not known whether they were recent enough, none of them is a choice too.
    """
    carried = _carried(sets)
    if carried is Truth.FALSE:
        return [()]
    choices = _left_over(sets[-2].lesions, sets[-1].lesions)
    return choices if carried is Truth.TRUE else [(), *choices]


def _left_over(earlier: Mapping[str, Lesion], latest_: Mapping[str, Lesion]) -> list[tuple[Lesion, ...]]:
    if all(_structure(fact) for lesion in (*earlier.values(), *latest_.values()) for fact in lesion):
        return [tuple(lesion for key, lesion in earlier.items() if key not in latest_)]
    missing = len(earlier) - len(latest_)
    by_size = sorted(earlier.values(), key=_order)
    return [tuple(by_size[:missing]), tuple(by_size[-missing:])] if missing > 0 else [()]


def _order(lesion: Lesion) -> Fraction:
    sizes = [_size(fact, "tumour-size", "mm") for fact in lesion]
    return max((size.number for size in sizes if not isinstance(size, Reason)), default=Fraction(0))


def _is_preliminary(lesion: Lesion) -> bool:
    return all(fact.preliminary for fact in lesion)


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


def _side(size: Size, limit: Fraction, *, over: bool, strict: bool) -> Truth | Reason:
    answer = side(size.number, size.comparator, limit, over=over, strict=strict)
    return Reason.NEEDS_JUDGEMENT if answer is Truth.UNKNOWN else answer


def _of_largest(answers: Sequence[Truth | Reason], *, over: bool) -> Truth | Reason:
    """What the largest says: over a limit when one size is, under it when every one is."""
    decisive = Truth.TRUE if over else Truth.FALSE
    if decisive in answers:
        return decisive
    return next((answer for answer in answers if isinstance(answer, Reason)), OPPOSITE[decisive])


SAYS = {
    Reason.CONFLICT: "Sizes of one lesion at the same time differ: {}.",
    Reason.IMPLAUSIBLE: "Not a possible size: {}.",
    Reason.NEEDS_JUDGEMENT: "The size is not given exactly enough: {}.",
    Reason.PRELIMINARY: "Preliminary only: {}.",
    Reason.UNIT: "The unit is missing or does not fit: {}.",
    Reason.UNREADABLE: "The size cannot be read: {}.",
}
