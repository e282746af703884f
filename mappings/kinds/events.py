"""Events: the moment that "postoperative" and the like refer to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from mappings.clinical_time import Interval, up_to
from mappings.evaluation import Evaluation, Moment
from mappings.facts import Certainty, ConditionFact, ProcedureFact, ProcedureStatus
from mappings.kinds.base import Coded, Names, latest
from mappings.truth import Reason


class Event(Coded):
    """The latest completed procedure of some kinds, or the first onset of a condition, whatever became of it.

    name: what a card calls it. needs: value sets of which at least one such procedure must be on record (by the same
    rules of body site); a later procedure of another kind then moves the event.
    """

    name: str
    resource: Literal["procedure", "condition"] = "procedure"
    needs: Names = ()

    @property
    def types(self) -> tuple[str, ...]:  # type: ignore[override]
        """The FHIR type from which it is known."""
        return ("Procedure",) if self.resource == "procedure" else ("Condition",)

    def moment(self, view: Evaluation) -> Moment:
        """Return when the event was; unknown when it is not on record, or undated."""
        return self._latest(view) if self.resource == "procedure" else self._first(view)

    def happened_once(self, view: Evaluation) -> bool:
        """Whether one procedure alone can be meant."""
        return sum(self.counts_by_code(f) or self.doubt(view, f) is not None for f in self._completed(view)) == 1

    def _latest(self, view: Evaluation) -> Moment:
        completed = self._completed(view)
        happened = [fact for fact in completed if self.counts_by_code(fact)]
        last = latest(happened)
        if not last or (self.needs and all(fact.sets.isdisjoint(self.needs) for fact in happened)):
            return Moment(None, ())
        times = [fact.time for fact in last if fact.time]
        if len(times) < len(last):
            return Moment(None, tuple(last), Reason.IMPRECISE_DATE)
        top = max(times, key=lambda t: t.last)
        seen = top._replace(first=max(t.first for t in times))
        if self._is_incomplete(view):
            return Moment(seen._replace(last=dt.datetime.max), tuple(last), unsettled=Reason.INCOMPLETE)
        if later := [fact for fact in completed if self._may_be_later(view, fact, seen)]:
            return Moment(_spanning(seen, later), (*last, *later), unsettled=Reason.TOO_GENERAL)
        return Moment(seen, tuple(last))

    def _may_be_later(self, view: Evaluation, fact: ProcedureFact, seen: Interval) -> bool:
        """Whether a procedure that is recorded too generally to count may be a later one that does."""
        if self.counts_by_code(fact) or self.doubt(view, fact) is None:
            return False
        return fact.time is None or not (fact.time.before(seen) or fact.time.same_days(seen))

    def _first(self, view: Evaluation) -> Moment:
        facts = view.facts(ConditionFact, self.codes)
        known = [fact for fact in facts if fact.certainty is Certainty.CONFIRMED and self.counts_by_code(fact)]
        times = [_onset(fact) for fact in known]
        dated = [time for time in times if time is not None]
        if not known or len(dated) < len(times):
            return Moment(None, tuple(known), Reason.IMPRECISE_DATE if known else Reason.NO_DATA)
        first = min(dated, key=lambda time: time.last)
        first = first._replace(first=min(time.first for time in dated))
        if view.missing(self.types) is None:
            return Moment(first, tuple(known))
        return Moment(first._replace(first=dt.datetime.min), tuple(known), unsettled=Reason.INCOMPLETE)

    def _is_incomplete(self, view: Evaluation) -> bool:
        """Whether another one may be among what was not retrieved: the latest seen need not be the latest."""
        return view.unfinished(self.types) is not None

    def _completed(self, view: Evaluation) -> Sequence[ProcedureFact]:
        facts = view.facts(ProcedureFact, self.codes)
        return [fact for fact in facts if fact.status is ProcedureStatus.COMPLETED]


def _onset(fact: ConditionFact) -> Interval | None:
    """When a condition began; one of which only the record's date is known began by then."""
    return fact.time or (up_to(fact.recorded) if fact.recorded else None)


def _spanning(seen: Interval, later: Sequence[ProcedureFact]) -> Interval:
    """The interval from the latest that counts to the last of those that may."""
    last = max((fact.time.last if fact.time else dt.datetime.max) for fact in later)
    others = ", ".join(f"{fact.time or 'one without a date'}" for fact in later)
    return seen._replace(last=max(seen.last, last), text=f"{seen} (or {others}, recorded too generally)")
