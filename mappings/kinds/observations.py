"""Observations: results by code (`observation`) and by value (`measured`). The latest counts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from mappings.clinical_time import Interval
from mappings.evaluation import Evaluation
from mappings.facts import Coded as CodedValue
from mappings.facts import (
    ConditionFact,
    Fact,
    ObservationFact,
    ProcedureFact,
    ProcedureStatus,
    Quantity,
    Value,
)
from mappings.kinds.base import Coded, Listed, Names, Part, Phrase, Shown, absent, after, latest, within
from mappings.kinds.conditions import Condition
from mappings.kinds.events import Event
from mappings.truth import Finding, Reason, Truth, decided, unknown
from terminology import units
from terminology.codings import Coding

ONE = Fraction(1)
COMPARATORS = frozenset({None, "<", "<=", ">=", ">"})

MAY_BE_ZERO = frozenset({"neutrophils", "ecog-status", "karnofsky-status", "lesion-count", "ctdna-result"})
"""What can be nought in a living patient; every other quantity of nought is not a possible value."""

Answer = Truth | Reason
"""TRUE or FALSE, or why neither."""


class Of(Phrase):
    """Which operation a result must belong to: the latest `event`.

    It does when it is part of that procedure, when it was taken at its body site (`site`) and not before it, or when it
    follows it within `days` as the nearest operation. An operation of `rivals` on the same day makes an unlinked result
    a matter of judgement.
    """

    event: Event
    site: str
    days: int = Field(gt=0)
    rivals: Names = ()

    def value_sets(self) -> frozenset[str]:
        return super().value_sets().union((self.site,), self.rivals)


class ResultKind(Coded):
    """What results share: which count, which is the latest, and how old it may be.

    after: taken after an event; a result that may be either is not known. of: must belong to an operation. focus_on:
    value sets of the conditions it may be about; a result whose focus is another condition does not count.
    stated_as: without a result on record, this condition says the same. absent_unless: nothing on record is presumed
    FALSE as far as this condition is.
    reports: a DiagnosticReport's conclusion counts too. self_stating: the answer's own code says what it is about
    (`Residual tumor stage R0`), so it counts wherever it stands.
    """

    after: Event | None = None
    of: Of | None = None
    focus_on: Names = ()
    stated_as: Condition | None = None
    absent_unless: Condition | None = None
    reports: bool = False
    types: ClassVar[tuple[str, ...]] = ("Observation",)

    def needed_types(self) -> frozenset[str]:
        sampled = ("Specimen",) if self.after or self.of else ()
        return super().needed_types().union(self._result_types(), sampled, ("Condition",) if self.focus_on else ())

    def value_sets(self) -> frozenset[str]:
        return super().value_sets().union(self.focus_on)

    def result_sets(self) -> frozenset[str]:
        return super().result_sets().union(self._carriers())

    def answer(self, view: Evaluation, fact: ObservationFact) -> Answer:
        """Return what one result says."""
        raise NotImplementedError

    def decide(self, view: Evaluation) -> Finding:
        facts = view.facts(ObservationFact, self._carriers())
        if (lost := unreadable(view, self._carriers())) is not None:
            return lost
        if facts:
            found, facts = facts, [f for f in facts if self._is_meant(f) and self._in_focus(view, f)]
            if self.only_at and (open_ := self._without_organ(view, found, facts)):
                says = "The organ is not recorded, or is none that is known here: {}."
                return unknown(Reason.TOO_GENERAL, open_, says, ListedResults(open_))
        if self.of is not None:
            return self._decide_of(view, facts, self.of)
        if self.after is not None:
            return self._decide_after(view, facts, self.after)
        return self.of_latest(view, facts)

    def _without_organ(
        self, view: Evaluation, facts: Sequence[ObservationFact], meant: Sequence[ObservationFact]
    ) -> list[ObservationFact]:
        """Those of the latest results that would hold if they were of the right organ, which they do not name."""
        unplaced = [f for f in facts if not f.concluded and self._in_focus(view, f) and self.doubt(view, f) is not None]
        last = {id(f) for f in latest([*meant, *unplaced])}
        return [f for f in unplaced if id(f) in last and self._dated_answer(view, f) is not Truth.FALSE]

    def _is_meant(self, fact: ObservationFact) -> bool:
        return (self.reports or not fact.concluded) and (self.counts_by_code(fact) or self._states(fact))

    def _in_focus(self, view: Evaluation, fact: ObservationFact) -> bool:
        if not self.focus_on or fact.focus is None or not fact.focus.startswith("Condition/"):
            return True
        return any(condition.source == fact.focus for condition in view.facts(ConditionFact, self.focus_on))

    def _carriers(self) -> tuple[str, ...]:
        return self.codes

    def _states(self, fact: ObservationFact) -> bool:
        del fact
        return False

    def _decide_after(self, view: Evaluation, facts: Sequence[ObservationFact], event: Event) -> Finding:
        moment = view.moment(event)
        if moment.time is None:
            if (missing := view.missing(event.types)) is not None:
                return unknown(Reason.INCOMPLETE, (), "Not known: {} records were not retrieved in full.", missing)
            says = "No {} with a date on record, so no {} can be placed after it."
            return unknown(moment.reason, moment.facts, says, event.name, self.title(view))
        placed = [(fact, after(fact.time, moment.time)) for fact in facts]
        possible = [fact for fact, place in placed if place is not Truth.FALSE]
        unplaced = {id(fact) for fact, place in placed if place is Truth.UNKNOWN}
        last = latest(possible)
        if any(id(fact) in unplaced for fact in last):
            says = "Not known whether it was taken after the {} of {}: {}."
            reason = moment.unsettled or Reason.IMPRECISE_DATE
            return unknown(reason, (*last, *moment.facts), says, event.name, moment.time, Listed(last))
        return self.of_latest(view, possible, "No {} after the {} of {}.", self.title(view), event.name, moment.time)

    def _decide_of(self, view: Evaluation, facts: Sequence[ObservationFact], of: Of) -> Finding:
        moment = view.moment(of.event)
        if moment.time is None:
            if (missing := view.missing(of.event.types)) is not None:
                return unknown(Reason.INCOMPLETE, (), "Not known: {} records were not retrieved in full.", missing)
            return unknown(moment.reason, moment.facts, "No {} with a date on record.", of.event.name)
        if moment.unsettled is not None:
            says = "Not known to which {} it belongs: there may be a later one than that of {}."
            return unknown(moment.unsettled, moment.facts, says, of.event.name, moment.time)
        placed = [(fact, belongs(view, fact, of, moment.time, moment.facts)) for fact in facts]
        own = [fact for fact, place in placed if place is Truth.TRUE]
        unclear = [fact for fact, place in placed if place is Truth.UNKNOWN]
        if not own and unclear:
            says = "Not known whether it belongs to the {} of {}: {}."
            return unknown(Reason.NEEDS_JUDGEMENT, unclear, says, of.event.name, moment.time, Listed(unclear))
        return self.of_latest(view, own, "No {} for the {} of {}.", self.title(view), of.event.name, moment.time)

    def of_latest(self, view: Evaluation, facts: Sequence[ObservationFact], *nothing: object) -> Finding:
        """Return what the latest of these results says; `nothing` is the sentence when there are none."""
        if not facts:
            if self.stated_as is not None and view.finding(self.stated_as).truth is Truth.TRUE:
                return view.finding(self.stated_as)
            if self.absent_unless is not None and view.finding(self.absent_unless).truth is Truth.FALSE:
                return view.finding(self.absent_unless)
            found = absent(view, self, self._result_types()) if view.record.incomplete else self.known(view).absent
            return unknown(Reason.NO_DATA, (), *nothing) if nothing and found.reason is Reason.NO_DATA else found
        last = latest(facts)
        if view.unfinished(self._result_types()) is not None:
            return unknown(
                Reason.INCOMPLETE,
                last,
                "There may be a later one: not all was retrieved. Latest seen: {}.",
                ListedResults(last),
            )
        return self.agreed(view, last)

    def _result_types(self) -> tuple[str, ...]:
        return ("Observation", "DiagnosticReport") if self.reports else ("Observation",)

    def agreed(self, view: Evaluation, last: Sequence[ObservationFact]) -> Finding:
        """Return what all of the latest results say, when they say the same."""
        answers = [self._dated_answer(view, fact) for fact in last]
        if len(last) > 1 and len(set(answers)) > 1:
            times = [fact.time for fact in last]
            same = all(t is not None and times[0] is not None and t.same_days(times[0]) for t in times)
            reason = Reason.CONFLICT if same else Reason.IMPRECISE_DATE
            return unknown(reason, last, "Results of the same time differ: {}.", ListedResults(last))
        answer = answers[0]
        if isinstance(answer, Reason):
            return unknown(answer, last, SAYS[answer], ListedResults(last))
        return decided(answer is Truth.TRUE, last, "{}{}.", ListedResults(last), self.measured_by(view, last))

    def measured_by(self, view: Evaluation, last: Sequence[ObservationFact]) -> str:
        """Return what must be known beside the results to check the answer, behind a comma; mostly nothing."""
        del view, last
        return ""

    def _dated_answer(self, view: Evaluation, fact: ObservationFact) -> Answer:
        answer = self.answer(view, fact)
        period = view.recency(self.value_set)
        if isinstance(answer, Reason) or period is None:
            return answer
        fresh = within(fact.time, period, view.today)
        if fresh is Truth.TRUE:
            return answer
        return Reason.STALE if fresh is Truth.FALSE else Reason.IMPRECISE_DATE


class Answers(Phrase):
    """Value sets of answers: with those in `holds` the criterion is TRUE, in `fails` FALSE, in `open` not known."""

    holds: Names = ()
    fails: Names = ()
    open: Names = ()

    def value_sets(self) -> frozenset[str]:
        return frozenset((*self.holds, *self.fails, *self.open))


class Observation(ResultKind):
    """A result by its coded or listed textual answer. answers: which of them hold, fail or leave it open."""

    kind: Literal["observation"]
    answers: Answers
    self_stating: bool = False

    def _carriers(self) -> tuple[str, ...]:
        own = self.codes
        return (*own, *self._stating()) if self.self_stating else own

    def _stating(self) -> tuple[str, ...]:
        return (*self.answers.holds, *self.answers.fails, *self.answers.open)

    def _states(self, fact: ObservationFact) -> bool:
        elsewhere = self.not_at is not None and self.not_at in fact.sites
        return self.self_stating and not elsewhere and not fact.sets.isdisjoint(self._stating())

    def answer(self, view: Evaluation, fact: ObservationFact) -> Answer:
        del view
        if fact.preliminary:
            return Reason.PRELIMINARY
        said = {answer for value in self._carried(fact) for answer in self._said(value)}
        if len(said) > 1:
            return Reason.CONFLICT
        if said:
            return said.pop()
        return Reason.NEEDS_JUDGEMENT if any(isinstance(v, Quantity) for v in fact.values) else Reason.UNREADABLE

    def _carried(self, fact: ObservationFact) -> Sequence[Value | frozenset[str]]:
        return (*fact.values, fact.sets) if self.self_stating else fact.values

    def _said(self, value: Value | frozenset[str]) -> set[Answer]:
        """What one carrier says; a concept whose codings contradict each other says both."""
        if isinstance(value, Quantity):
            return set()
        sets = value.sets if isinstance(value, CodedValue) else value
        meanings: tuple[tuple[Names, Answer], ...] = (
            (self.answers.holds, Truth.TRUE),
            (self.answers.fails, Truth.FALSE),
            (self.answers.open, Reason.NEEDS_JUDGEMENT),
        )
        return {answer for names, answer in meanings if not sets.isdisjoint(names)}


class Rounded(Part):
    """The same limit as the source states it, rounded, in another unit."""

    value: Decimal
    unit: str


class Measured(ResultKind):
    """A result by its number: above, at_least, below, at_most a threshold in `unit`.

    times_upper_limit: the threshold is this many times the upper limit of the result's own reference range. scale: a
    value set whose ordinal values give coded answers their numbers. ambiguous: numbers for which the source can be read
    both ways. rounded: a result in its unit that lies between the rounded and the exact limit is ambiguous too.
    """

    kind: Literal["measured"]
    above: Decimal | None = None
    at_least: Decimal | None = None
    below: Decimal | None = None
    at_most: Decimal | None = None
    times_upper_limit: bool = False
    unit: str = "1"
    scale: str | None = None
    ambiguous: tuple[Decimal, ...] = ()
    rounded: Rounded | None = None

    def value_sets(self) -> frozenset[str]:
        return super().value_sets() | ({self.scale} if self.scale else set())

    def answer(self, view: Evaluation, fact: ObservationFact) -> Answer:
        if fact.preliminary:
            return Reason.PRELIMINARY
        answers = {a for value in fact.values if (a := self._answer_of(view, fact, value)) is not None}
        if not answers:
            return Reason.UNREADABLE
        return answers.pop() if len(answers) == 1 else Reason.CONFLICT

    def _answer_of(self, view: Evaluation, fact: ObservationFact, value: Value) -> Answer | None:
        if isinstance(value, CodedValue):
            answers = {self._answer_of_number(number, None, ONE) for number in self._on_scale(view, value)}
            return Reason.CONFLICT if len(answers) > 1 else next(iter(answers), None)
        number_in_unit = units.convert(value.value, value.unit, analyte=self.value_set[0], to=self.unit)
        if number_in_unit is None:
            return Reason.UNIT
        if implausible(number_in_unit, self.value_set[0]):
            return Reason.IMPLAUSIBLE
        if self._is_rounding(value):
            return Reason.AMBIGUOUS_SOURCE
        limit = self._limit(view, fact)
        return Reason.NO_RANGE if limit is None else self._answer_of_number(number_in_unit, value.comparator, limit)

    def _answer_of_number(self, number: Fraction, comparator: str | None, limit: Fraction) -> Answer:
        if comparator is None and number in self.ambiguous:
            return Reason.AMBIGUOUS_SOURCE
        return self._compare(number, comparator, limit)

    def _is_rounding(self, value: Quantity) -> bool:
        """Whether a result in the rounded limit's unit lies between the rounded limit and the exact one."""
        analyte = self.value_set[0]
        if self.rounded is None or units.canonical(value.unit, analyte=analyte) != self.rounded.unit:
            return False
        exact, given = self._over_limit(value.value, value.unit), value.value > self.rounded.value
        return given and not exact

    def _over_limit(self, value: Decimal, unit: str | None) -> bool:
        number = units.convert(value, unit, analyte=self.value_set[0], to=self.unit)
        return number is not None and self._compare(number, None, ONE) is Truth.TRUE

    def _on_scale(self, view: Evaluation, value: CodedValue) -> set[Fraction]:
        """The numbers of a coded answer, of its text where no code has one."""
        if self.scale is None:
            return set()
        return self._numbers(view, value.codes) or self._numbers(view, (value.words,))

    def _numbers(self, view: Evaluation, keys: Iterable[Coding | str]) -> set[Fraction]:
        numbers = (view.vocabulary.ordinal(self.scale or "", key) for key in keys)
        return {Fraction(number) for number in numbers if number is not None}

    def _limit(self, view: Evaluation, fact: ObservationFact) -> Fraction | None:
        """What thresholds are counted in: 1, or the upper limit of normal in `unit`."""
        if not self.times_upper_limit:
            return ONE
        high = self._upper_limit(view, fact)
        if high is None:
            return None
        return units.convert(high.value, high.unit or None, analyte=self.value_set[0], to=self.unit)

    def _upper_limit(self, view: Evaluation, fact: ObservationFact) -> Quantity | None:
        """The result's own upper limit of normal, else the site's."""
        high = fact.ranges[0].high if len(fact.ranges) == 1 and fact.ranges[0].plain else None
        if high is not None and high.value > 0:
            return high
        site = view.policy.upper_limits.get(self.value_set[0])
        return Quantity(Decimal(site[0]), site[1]) if site else None

    def measured_by(self, view: Evaluation, last: Sequence[ObservationFact]) -> str:
        if not self.times_upper_limit:
            return ""
        limits = {
            f"{limit}" if any(limit is each.high for each in fact.ranges) else f"{limit} (of this site)"
            for fact in last
            if (limit := self._upper_limit(view, fact)) is not None
        }
        return f", upper limit of normal {' and '.join(sorted(limits))}"

    @functools.cached_property
    def _thresholds(self) -> tuple[tuple[Fraction, bool, bool], ...]:
        """Each threshold with its side: (value, over, strict)."""
        sides = (
            (self.above, True, True),
            (self.at_least, True, False),
            (self.below, False, True),
            (self.at_most, False, False),
        )
        return tuple((Fraction(value), over, strict) for value, over, strict in sides if value is not None)

    def _compare(self, number: Fraction, comparator: str | None, limit: Fraction) -> Answer:
        answers = {
            side(number, comparator, value * limit if self.times_upper_limit else value, over=over, strict=strict)
            for value, over, strict in self._thresholds
        }
        if Truth.FALSE in answers:
            return Truth.FALSE
        return Reason.NEEDS_JUDGEMENT if Truth.UNKNOWN in answers else Truth.TRUE


def unreadable(view: Evaluation, names: Sequence[str]) -> Finding | None:
    """Return that a result with a code of these value sets could not be read. Ask for their facts first."""
    lost = view.record.unreadable
    source = next((lost[name] for name in names if name in lost), None) if lost else None
    return unknown(Reason.UNREADABLE, (), "{} could not be read.", source) if source is not None else None


def implausible(number: Fraction, analyte: str) -> bool:
    """Whether a quantity cannot be: negative, or zero where there is always some."""
    return number < 0 or (number == 0 and analyte not in MAY_BE_ZERO)


def side(number: Fraction, comparator: str | None, threshold: Fraction, *, over: bool, strict: bool) -> Truth:
    """Whether a number, or the interval that its comparator makes of it, lies on one side of a threshold.

    "<10" is everything below 10: it decides "< 50", not "> 5".
    """
    if comparator not in COMPARATORS:
        return Truth.UNKNOWN
    beyond = number > threshold if over else number < threshold
    if comparator is None:
        return Truth.TRUE if beyond or (number == threshold and not strict) else Truth.FALSE
    if (comparator in {">", ">="}) != over:
        opposite = side(number, comparator, threshold, over=not over, strict=not strict)
        return Truth.FALSE if opposite is Truth.TRUE else Truth.UNKNOWN
    touches = number == threshold and (comparator in {"<", ">"} or not strict)
    return Truth.TRUE if beyond or touches else Truth.UNKNOWN


def belongs(view: Evaluation, fact: ObservationFact, of: Of, time: Interval, operations: Sequence[Fact]) -> Truth:
    """Whether a result belongs to the operation at `time`."""
    if fact.part_of:
        return Truth.TRUE if fact.part_of & {o.source for o in operations} else Truth.FALSE
    if fact.sites and of.site not in fact.sites:
        return Truth.FALSE
    if fact.sites:
        followed = _follows(fact.time, time)
        return Truth.TRUE if followed is Truth.UNKNOWN and of.event.happened_once(view) else followed
    followed = _follows(fact.time, time, of.days)
    return _nearest(view, fact.time, of, time) if fact.time and followed is Truth.TRUE else followed


def _follows(taken: Interval | None, time: Interval, days: int | None = None) -> Truth:
    """Whether a result was taken after an operation, or on its day; within so many days where they are given."""
    if taken is None:
        return Truth.UNKNOWN
    taken = taken.on_clock_of(time)
    first, last = (taken.first.date() - time.last.date()).days, (taken.last.date() - time.first.date()).days
    if last < 0 or (days is not None and first > days):
        return Truth.FALSE
    return Truth.UNKNOWN if first < 0 or (days is not None and last > days) else Truth.TRUE


def _nearest(view: Evaluation, taken: Interval, of: Of, time: Interval) -> Truth:
    """FALSE when an operation of another kind lies between, UNKNOWN when one was on the same day or is undated."""
    rivals = [f for f in view.facts(ProcedureFact, of.rivals) if f.status is ProcedureStatus.COMPLETED]
    answer = Truth.TRUE
    for rival in rivals:
        if rival.time is None:
            answer = Truth.UNKNOWN
        elif time.last.date() < rival.time.first.date() <= taken.last.date():
            return Truth.FALSE
        elif rival.time.last.date() >= time.first.date() and rival.time.first.date() <= time.last.date():
            answer = Truth.UNKNOWN
    return answer


class LatestResult(NamedTuple):
    """A latest result under the title of its value set, with the organ where one is recorded."""

    title: str
    fact: ObservationFact

    def __str__(self) -> str:
        return f"{self.title}: {self.fact.shown} ({_when(self.fact)})"


def latest_results(view: Evaluation, names: Iterable[str]) -> tuple[LatestResult, ...]:
    """Return the latest results of each of the value sets, organ by organ, each once."""
    found: dict[int, LatestResult] = {}
    for name in names:
        by_organ: dict[frozenset[str], list[ObservationFact]] = {}
        for fact in view.facts(ObservationFact, (name,)):
            by_organ.setdefault(fact.sites, []).append(fact)
        for organs, facts in by_organ.items():
            title = ", ".join(view.title((each,)) for each in (name, *sorted(organs)))
            for fact in latest(facts):
                found.setdefault(id(fact), LatestResult(title, fact))
    return tuple(found.values())


def _when(fact: ObservationFact) -> str:
    return f"{fact.time or 'not dated'}{', preliminary' if fact.preliminary else ''}"


class ListedResults:
    """Results as a sentence lists them: name, answer and date; the first three, and how many more."""

    __slots__ = ("facts",)

    def __init__(self, facts: Sequence[ObservationFact]) -> None:
        self.facts = facts

    def __str__(self) -> str:
        shown = "; ".join(dict.fromkeys(self._one(fact) for fact in self.facts[:3]))
        more = len(self.facts) - 3
        return f"{shown} and {more} more" if more > 0 else shown

    def _one(self, fact: ObservationFact) -> str:
        named = f"{fact.label}: {fact.shown}" if fact.label else fact.shown
        return f"{named} ({_when(fact)})"


SAYS = {
    Reason.STALE: "Too old to count: {}.",
    Reason.IMPRECISE_DATE: "Its date does not tell whether it counts: {}.",
    Reason.PRELIMINARY: "Preliminary only: {}.",
    Reason.CONFLICT: "Contradicts itself: {}.",
    Reason.UNREADABLE: "The result is not one that can be read: {}.",
    Reason.UNIT: "The unit is missing or does not fit: {}.",
    Reason.NO_RANGE: "No upper limit of normal came with it: {}.",
    Reason.IMPLAUSIBLE: "Not a possible value: {}.",
    Reason.NEEDS_JUDGEMENT: "On record, to be judged: {}.",
    Reason.AMBIGUOUS_SOURCE: "The trial's text can be read in two ways: {}.",
}

__all__ = [
    "Answers",
    "ListedResults",
    "Measured",
    "Observation",
    "Of",
    "ResultKind",
    "Shown",
    "belongs",
    "side",
    "unreadable",
]
