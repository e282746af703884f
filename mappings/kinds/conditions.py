"""Conditions: diagnoses by code, with body site, certainty, activity and onset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar, Literal

from mappings.clinical_time import CalendarPeriod, Interval, one_is_later
from mappings.evaluation import Evaluation
from mappings.facts import Certainty, ConditionFact
from mappings.kinds.base import UNPLACED, Coded, Listed, Names, Period, after, why_unplaced, within
from mappings.kinds.events import Event
from mappings.truth import Finding, Reason, Truth, false, true, unknown


class Condition(Coded):
    """A diagnosis on record.

    when_resolved: a diagnosis that is no longer current `counts` (any clinicalStatus), is left to be `judged`, or is
    `ignored`. suspected_counts: provisional and unconfirmed diagnoses count too. within: onset in the period up to
    today; recorded inside it without an onset is not known. after: onset after an event. twice: value sets of
    which a second diagnosis, of another time, is for a person to tell from the first. with_finding,
    against_finding: value sets of its morphology, stage or evidence; without one of the first it is not known, with one
    of the second it does not count.
    """

    kind: Literal["condition"]
    when_resolved: Literal["counts", "judged", "ignored"] = "counts"
    suspected_counts: bool = False
    within: Period | None = None
    after: Event | None = None
    twice: Names = ()
    with_finding: Names = ()
    against_finding: Names = ()
    types: ClassVar[tuple[str, ...]] = ("Condition",)

    def decide(self, view: Evaluation) -> Finding:
        facts = view.facts(ConditionFact, self.known(view).sought)
        if not facts and not self.twice:
            return self.nothing_found(view)
        answers = [(fact, self._answer(view, fact)) for fact in facts]
        if yes := [fact for fact, answer in answers if answer is Truth.TRUE]:
            return true(yes, "{}.", Listed(yes))
        if open_ := _open(answers):
            doubtful = [fact for fact, _ in open_]
            return unknown(open_[0][1], doubtful, SAYS[open_[0][1]], Listed(doubtful))
        if len(again := self._again(view)) > 1:
            says = "More than one on record; for you to tell whether it is another: {}."
            return unknown(Reason.HUMAN, again, says, Listed(again))
        if against := [fact for fact, answer in answers if answer is Truth.FALSE]:
            return false(against, "Of another kind: {}.", Listed(against))
        return self.nothing_found(view)

    def doubtful(self, view: Evaluation) -> list[tuple[ConditionFact, Reason]]:
        """Return the diagnoses that may count, each with why it is not known."""
        return _open([(fact, self._answer(view, fact)) for fact in view.facts(ConditionFact, self.known(view).sought)])

    def _again(self, view: Evaluation) -> list[ConditionFact]:
        """The confirmed diagnoses of `twice`, when some are known to be later than others."""
        facts = [f for f in view.facts(ConditionFact, self.twice) if f.certainty is Certainty.CONFIRMED]
        return facts if one_is_later([fact.time for fact in facts if fact.time]) else []

    def value_sets(self) -> frozenset[str]:
        return super().value_sets().union(self.twice, self.with_finding, self.against_finding)

    def _answer(self, view: Evaluation, fact: ConditionFact) -> Truth | Reason | None:
        """TRUE or FALSE, why neither, or None when the diagnosis does not count at all."""
        if self._in_time(view, fact) is Truth.FALSE or (not fact.current and self.when_resolved == "ignored"):
            return None
        if not self.counts_by_code(fact):
            return self.doubt(view, fact)
        if fact.certainty is Certainty.DIFFERENTIAL:
            return Reason.SUSPECTED
        if fact.certainty is Certainty.SUSPECTED and not self.suspected_counts:
            return Reason.SUSPECTED
        if not fact.current and self.when_resolved == "judged":
            return Reason.NEEDS_JUDGEMENT
        if self._in_time(view, fact) is Truth.UNKNOWN:
            return why_unplaced(view, self.after)
        return self._by_finding(fact)

    def _by_finding(self, fact: ConditionFact) -> Truth | Reason:
        if not self.with_finding or not (fact.findings | fact.sets).isdisjoint(self.with_finding):
            return Truth.TRUE
        return Truth.FALSE if not fact.findings.isdisjoint(self.against_finding) else Reason.NO_DATA

    def _in_time(self, view: Evaluation, fact: ConditionFact) -> Truth:
        if self.within is not None:
            return _began_within(fact, self.within, view.today)
        if self.after is not None:
            moment = view.moment(self.after)
            return _began_after(fact, moment.time) if moment.time else Truth.UNKNOWN
        return Truth.TRUE


def _open(answers: Sequence[tuple[ConditionFact, Truth | Reason | None]]) -> list[tuple[ConditionFact, Reason]]:
    return [(fact, answer) for fact, answer in answers if isinstance(answer, Reason)]


def _began_within(fact: ConditionFact, period: CalendarPeriod, today: dt.date) -> Truth:
    """Whether it began in the period up to today; what was recorded before the period, began before it."""
    answer = within(fact.time, period, today)
    recorded_before = fact.recorded is not None and fact.recorded.last.date() < period.before(today)
    return Truth.FALSE if answer is Truth.UNKNOWN and recorded_before else answer


def _began_after(fact: ConditionFact, event: Interval) -> Truth:
    """Whether it began after an event; what was recorded before the event, began before it."""
    answer = after(fact.time, event)
    recorded_before = fact.recorded is not None and fact.recorded.before(event)
    return Truth.FALSE if answer is Truth.UNKNOWN and recorded_before else answer


SAYS = {
    **UNPLACED,
    Reason.NO_DATA: "On record without what would tell: {}.",
    Reason.SUSPECTED: "Suspected, not confirmed: {}.",
    Reason.NEEDS_JUDGEMENT: "On record, to be judged: {}.",
    Reason.CONFLICT: "Contradicts the diagnosis that the trial asks for: {}.",
    Reason.TOO_GENERAL: "Recorded too generally to tell: {}.",
}
