"""Procedures: done, planned, or recorded as not done."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar, Literal

from mappings.evaluation import Evaluation
from mappings.facts import ProcedureFact, ProcedureStatus
from mappings.kinds.base import UNPLACED, Coded, Listed, Names, Shown, absent, after, not_before, why_unplaced
from mappings.kinds.events import Event
from mappings.truth import Finding, Reason, Truth, false, true, unknown


class Procedure(Coded):
    """A procedure on record.

    status: it was `completed`, or is `planned` (also by a ServiceRequest or CarePlan), or either. dated: without a date
    it is not known. before, after: relative to an event; not_before: one known to lie before it does not count, unless
    the event is recorded as its reason.
    instead: procedures that, when they alone are on record, say that this one was not chosen. A not-done procedure
    alone is evidence against, but not where a plan is asked for.
    """

    kind: Literal["procedure"]
    status: Literal["completed", "planned", "either"] = "completed"
    dated: bool = False
    before: Event | None = None
    after: Event | None = None
    not_before: Event | None = None
    instead: Names = ()
    types: ClassVar[tuple[str, ...]] = ("Procedure",)

    def needed_types(self) -> frozenset[str]:
        return super().needed_types().union(self._carriers)

    @functools.cached_property
    def _carriers(self) -> tuple[str, ...]:
        """The types that hold one; what is planned may be an order or a part of a plan."""
        return self.types if self.status == "completed" else ("Procedure", "ServiceRequest", "CarePlan")

    @functools.cached_property
    def codes(self) -> tuple[str, ...]:
        return (*self.value_set, *self.only_at, *self.too_general, *self.judge, *self.conflict, *self.instead)

    def decide(self, view: Evaluation) -> Finding:
        found = view.facts(ProcedureFact, self.known(view).sought)
        if not found:
            return self.nothing_found(view)
        facts = [f for f in found if self.counts_by_code(f)]
        wanted = [f for f in facts if self._has_status(f)]
        answers = [(fact, self._in_time(view, fact)) for fact in wanted]
        if yes := [fact for fact, answer in answers if answer is Truth.TRUE]:
            return true(yes, "{}.", Listed(yes))
        if open_ := [fact for fact, answer in answers if answer is Truth.UNKNOWN]:
            reason = why_unplaced(view, self.before, self.after, self.not_before)
            return unknown(reason, open_, UNPLACED[reason], Listed(open_))
        if doubtful := self._doubtful(view, found):
            reason, unclear = doubtful[0][1], [fact for fact, _ in doubtful]
            return unknown(reason, unclear, SAYS[reason], Listed(unclear))
        not_done = [f for f in facts if f.status is ProcedureStatus.NOT_DONE]
        if not_done and not wanted and view.missing(self._carriers) is None:
            return self._not_done(not_done)
        return self._nothing(view, facts)

    def _not_done(self, facts: Sequence[ProcedureFact]) -> Finding:
        """One that was not done is evidence against; of a plan it says nothing, since another may be made."""
        if self.status == "planned":
            return unknown(Reason.NO_DATA, facts, "Recorded as not done, and no other is planned: {}.", Listed(facts))
        return false(facts, "Recorded as not done: {}.", Listed(facts))

    def _nothing(self, view: Evaluation, facts: Sequence[ProcedureFact]) -> Finding:
        """What it means that none counts. facts: those by code, planned, not done or of another time."""
        others = [f for f in view.facts(ProcedureFact, self.instead) if f.status is ProcedureStatus.COMPLETED]
        if others and view.missing(self._carriers) is None:
            return false(others, "Another procedure is on record instead: {}.", Listed(others))
        found = self.nothing_found(view)
        if not facts or found.reason is not Reason.NO_DATA:
            return found
        said = "; ".join(f"{Shown(fact)}, {fact.status.value}" for fact in facts)
        return unknown(Reason.NO_DATA, facts, "No {} that counts on record; there is: {}.", self.title(view), said)

    def nothing_found(self, view: Evaluation) -> Finding:
        return absent(view, self, self._carriers)

    def _doubtful(self, view: Evaluation, facts: list[ProcedureFact]) -> list[tuple[ProcedureFact, Reason]]:
        """Procedures that may be the one asked for, and why they do not tell."""
        possible = [f for f in facts if self._has_status(f) and self._in_time(view, f) is not Truth.FALSE]
        return [(f, why) for f in possible if (why := self._why_open(view, f)) is not None]

    def _why_open(self, view: Evaluation, fact: ProcedureFact) -> Reason | None:
        return None if self.counts_by_code(fact) else self.doubt(view, fact)

    def _has_status(self, fact: ProcedureFact) -> bool:
        return fact.status == self.status or (self.status == "either" and fact.status is not ProcedureStatus.NOT_DONE)

    def _in_time(self, view: Evaluation, fact: ProcedureFact) -> Truth:
        if self.dated and fact.time is None:
            return Truth.UNKNOWN
        if self.not_before is not None:
            since = not_before(view.moment(self.not_before), fact, fact.reasons)
            if since is not Truth.TRUE:
                return since
        event = self.after or self.before
        if event is None:
            return Truth.TRUE
        moment = view.moment(event)
        if moment.time is None or fact.time is None:
            return Truth.UNKNOWN
        if self.after is not None:
            return after(fact.time, moment.time)
        return after(moment.time, fact.time)


SAYS = {
    Reason.CONFLICT: "Contradicts what the trial asks for: {}.",
    Reason.NEEDS_JUDGEMENT: "On record, to be judged: {}.",
    Reason.TOO_GENERAL: "Recorded too generally to tell (the procedure, or its body site): {}.",
}
