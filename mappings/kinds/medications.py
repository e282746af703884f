"""Medications given, taken or prescribed, and allergies to them."""

from __future__ import annotations

import functools
from typing import ClassVar, Literal

from mappings.evaluation import Evaluation
from mappings.facts import AllergyFact, Certainty, ConditionFact, MedicationFact
from mappings.kinds.base import UNPLACED, Coded, Listed, Names, after, not_before, why_unplaced
from mappings.kinds.events import Event
from mappings.truth import Finding, Reason, Truth, false, true, unknown


class Medication(Coded):
    """A drug that was given or taken; one that was only prescribed is left to be judged.

    before: an event. not_before: a condition's onset; what is known to lie before it does not count. not_by: value sets
    of routes by which it does not count.
    """

    kind: Literal["medication"]
    before: Event | None = None
    not_before: Event | None = None
    not_by: Names = ()
    types: ClassVar[tuple[str, ...]] = (
        "MedicationAdministration",
        "MedicationStatement",
        "MedicationRequest",
    )

    def value_sets(self) -> frozenset[str]:
        return super().value_sets().union(self.not_by)

    def decide(self, view: Evaluation) -> Finding:
        found = [fact for fact in view.facts(MedicationFact, self.value_set) if fact.routes.isdisjoint(self.not_by)]
        answers = [(fact, self._in_time(view, fact)) for fact in found]
        if yes := [fact for fact, answer in answers if answer is Truth.TRUE and fact.taken]:
            return true(yes, "{}.", Listed(yes))
        if ordered := [fact for fact, answer in answers if answer is Truth.TRUE]:
            return unknown(Reason.NEEDS_JUDGEMENT, ordered, "Prescribed, not known to be taken: {}.", Listed(ordered))
        if open_ := [fact for fact, answer in answers if answer is Truth.UNKNOWN]:
            reason = why_unplaced(view, self.before, self.not_before)
            return unknown(reason, open_, UNPLACED[reason], Listed(open_))
        return self.nothing_found(view)

    def _in_time(self, view: Evaluation, fact: MedicationFact) -> Truth:
        since = not_before(view.moment(self.not_before), fact) if self.not_before is not None else Truth.TRUE
        if since is Truth.FALSE or self.before is None:
            return since
        moment = view.moment(self.before)
        if moment.time is None or fact.time is None:
            return Truth.UNKNOWN
        earlier = after(moment.time, fact.time)
        return since if earlier is Truth.TRUE else earlier


class Allergy(Coded):
    """An allergy on record, also one that stands on the problem list.

    none_known: codes that say there is none; a specific allergy on record outweighs them.
    """

    kind: Literal["allergy"]
    none_known: Names = ()
    types: ClassVar[tuple[str, ...]] = ("AllergyIntolerance", "Condition")

    @functools.cached_property
    def codes(self) -> tuple[str, ...]:
        return (*self.value_set, *self.too_general, *self.judge, *self.conflict, *self.none_known)

    def decide(self, view: Evaluation) -> Finding:
        sought = self.known(view).sought
        listed = [fact for fact in view.facts(ConditionFact, sought) if fact.current]
        facts: list[AllergyFact | ConditionFact] = [*view.facts(AllergyFact, sought), *listed]
        answers = [(fact, self._answer(view, fact)) for fact in facts]
        if yes := [fact for fact, answer in answers if answer is Truth.TRUE]:
            return true(yes, "Allergy: {}.", Listed(yes))
        if open_ := [(fact, answer) for fact, answer in answers if isinstance(answer, Reason)]:
            doubtful = [fact for fact, _ in open_]
            return unknown(open_[0][1], doubtful, "On record, to be judged: {}.", Listed(doubtful))
        none = [fact for fact in facts if not fact.sets.isdisjoint(self.none_known)]
        if none and view.missing(self.types) is not None:
            return unknown(Reason.INCOMPLETE, none, "{}; but not all was retrieved.", Listed(none))
        if sure := [fact for fact in none if fact.certainty is Certainty.CONFIRMED]:
            return false(sure, "{}.", Listed(sure))
        if none:
            return unknown(Reason.SUSPECTED, none, "On record, not confirmed: {}.", Listed(none))
        return self.nothing_found(view)

    def _answer(self, view: Evaluation, fact: AllergyFact | ConditionFact) -> Truth | Reason:
        if fact.sets.isdisjoint(self.value_set):
            return self.doubt(view, fact) or Truth.FALSE
        if fact.certainty is not Certainty.CONFIRMED:
            return Reason.SUSPECTED
        intolerance = isinstance(fact, AllergyFact) and fact.intolerance
        return Reason.NEEDS_JUDGEMENT if intolerance else Truth.TRUE

    def doubt(self, view: Evaluation, fact: AllergyFact | ConditionFact) -> Reason | None:
        if not fact.sets.isdisjoint(self.judge):
            return Reason.NEEDS_JUDGEMENT
        return Reason.TOO_GENERAL if not fact.sets.isdisjoint(self.known(view).broader) else None
