"""None, or stable: conditions that are allowed as long as each is known to be stable."""

from __future__ import annotations

from typing import Literal

from mappings.evaluation import Evaluation
from mappings.facts import ConditionFact, ObservationFact
from mappings.kinds.base import Kind, Shown, after, latest
from mappings.kinds.conditions import Condition
from mappings.kinds.observations import ListedResults, Observation
from mappings.truth import Finding, Reason, Truth, all_of, negate, unknown


class NoneOrStable(Kind):
    """None of some conditions is on record, or each that is has a disease status that says it is stable.

    conditions: which are meant. status: the disease status; of each condition the latest that was given after it was
    found counts, and a status that names its condition (`focus`) speaks of that one alone.
    """

    kind: Literal["none-or-stable"]
    conditions: Condition
    status: Observation

    def decide(self, view: Evaluation) -> Finding:
        present = view.finding(self.conditions)
        if present.truth is not Truth.TRUE:
            return negate(present)
        found = [fact for fact in present.facts if isinstance(fact, ConditionFact)]
        unclear = [self._if_there(view, fact, reason) for fact, reason in self.conditions.doubtful(view)]
        return all_of([*(self._status_of(view, fact) for fact in found), *unclear])

    def _if_there(self, view: Evaluation, condition: ConditionFact, reason: Reason) -> Finding:
        """What it means that another may be there: nothing, where it would be stable."""
        status = self._status_of(view, condition)
        if status.truth is Truth.TRUE:
            return status
        return unknown(reason, (condition,), "Not known whether it counts: {}.", Shown(condition))

    def _status_of(self, view: Evaluation, condition: ConditionFact) -> Finding:
        found = condition.time or condition.recorded
        given = [f for f in view.facts(ObservationFact, self.status.codes) if _speaks_of(f, condition)]
        placed = [(fact, after(fact.time, found) if found else Truth.UNKNOWN) for fact in given]
        possible = [fact for fact, place in placed if place is not Truth.FALSE]
        last = {id(fact) for fact in latest(possible)}
        unclear = [fact for fact, place in placed if place is Truth.UNKNOWN and id(fact) in last]
        if unclear:
            says = "Not known whether it was given after {} was found: {}."
            return unknown(Reason.IMPRECISE_DATE, (condition, *unclear), says, Shown(condition), ListedResults(unclear))
        says = "No {} after it was found: {}."
        return self.status.of_latest(view, possible, says, self.status.title(view), Shown(condition))


def _speaks_of(fact: ObservationFact, condition: ConditionFact) -> bool:
    names_another = fact.focus is not None and fact.focus.startswith("Condition/") and fact.focus != condition.source
    return not names_another
