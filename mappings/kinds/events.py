"""Events: the moment that "postoperative" and the like refer to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from mappings.evaluation import Evaluation, Moment
from mappings.facts import Certainty, ConditionFact, Fact, ProcedureFact, ProcedureStatus
from mappings.kinds.base import Coded, Names, latest
from mappings.truth import Reason


class Event(Coded):
    """The latest completed procedure of some kinds, or the latest onset of a current condition.

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
        happened = self._procedures(view) if self.resource == "procedure" else self._conditions(view)
        if self.needs and not any(not fact.sets.isdisjoint(self.needs) for fact in happened):
            return Moment(None, ())
        last = latest(happened)
        if not last:
            return Moment(None, ())
        times = [fact.time for fact in last if fact.time]
        if len(times) < len(last):
            return Moment(None, tuple(last), Reason.IMPRECISE_DATE)
        top = max(times, key=lambda t: t.last)
        seen = top._replace(first=max(t.first for t in times))
        return Moment(seen._replace(last=dt.datetime.max) if self.may_have_moved(view) else seen, tuple(last))

    def may_have_moved(self, view: Evaluation) -> bool:
        """Whether a later one may be among what was not retrieved: the latest seen need not be the latest."""
        return any(t in view.record.incomplete and t not in view.record.newest_first for t in self.types)

    def _procedures(self, view: Evaluation) -> Sequence[Fact]:
        facts = view.facts(ProcedureFact, self.codes)
        return [f for f in facts if f.status is ProcedureStatus.COMPLETED and self.counts_by_code(f)]

    def _conditions(self, view: Evaluation) -> Sequence[Fact]:
        facts = view.facts(ConditionFact, self.codes)
        known = [f for f in facts if f.current and f.certainty is Certainty.CONFIRMED and self.counts_by_code(f)]
        return [f if f.time else msgspec.structs.replace(f, time=f.recorded) for f in known]
