"""Events: the moment that "postoperative" and the like refer to."""

from __future__ import annotations

from mappings.evaluation import Evaluation, Moment
from mappings.facts import ProcedureFact, ProcedureStatus
from mappings.kinds.base import Coded, Names, latest
from mappings.truth import Reason


class Event(Coded):
    """The latest completed procedure of some kinds.

    needs: value sets of which at least one such procedure must be on record (by the same rules of body site); a later
    procedure of another kind then moves the event. name: what a card calls it.
    """

    name: str
    needs: Names = ()
    types = ("Procedure",)

    def moment(self, view: Evaluation) -> Moment:
        """Return when the event was; unknown when it is not on record, or undated."""
        done = [f for f in view.facts(ProcedureFact, self._codes()) if self._happened(f)]
        if self.needs and not any(not f.sets.isdisjoint(self.needs) for f in done):
            return Moment(None, ())
        last = latest(done)
        if not last:
            return Moment(None, ())
        if any(fact.time is None for fact in last):
            return Moment(None, tuple(last), Reason.IMPRECISE_DATE)
        times = [fact.time for fact in last if fact.time]
        top = max(times, key=lambda t: t.last)
        return Moment(top._replace(first=max(t.first for t in times)), tuple(last))

    def _happened(self, fact: ProcedureFact) -> bool:
        return fact.status is ProcedureStatus.COMPLETED and self.counts_by_code(fact)
