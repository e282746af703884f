"""Specimens that are there to be used."""

from __future__ import annotations

from typing import ClassVar, Literal

from mappings.evaluation import Evaluation
from mappings.facts import ProcedureFact, ProcedureStatus, SpecimenFact
from mappings.kinds.base import Coded, Listed, Names
from mappings.truth import Finding, Reason, true, unknown


class Specimen(Coded):
    """A specimen with status `available`; anything else leaves it to be asked.

    supported_by: procedures that may have yielded one, shown beside the question.
    """

    kind: Literal["specimen"]
    supported_by: Names = ()
    types: ClassVar[tuple[str, ...]] = ("Specimen",)

    def value_sets(self) -> frozenset[str]:
        return super().value_sets() | frozenset(self.supported_by)

    def decide(self, view: Evaluation) -> Finding:
        specimens = view.facts(SpecimenFact, self.value_set)
        if available := [fact for fact in specimens if fact.available]:
            return true(available, "Available: {}.", Listed(available))
        done = view.facts(ProcedureFact, self.supported_by)
        sources = [fact for fact in done if fact.status is ProcedureStatus.COMPLETED]
        if hints := [*specimens, *sources]:
            return unknown(Reason.HUMAN, hints, "Not recorded as available; please ask. On record: {}.", Listed(hints))
        return unknown(Reason.HUMAN, (), "No {} on record; please ask.", self.title(view))
