"""Age and sex."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mappings.clinical_time import age_on
from mappings.evaluation import Evaluation
from mappings.kinds.base import Kind
from mappings.truth import Finding, Reason, decided, unknown


class Age(Kind):
    """Completed years on the day of evaluation, both limits included: `at_most: 75` holds until the 76th birthday."""

    kind: Literal["age"]
    at_least: int | None = None
    at_most: int | None = None
    types: ClassVar[tuple[str, ...]] = ("Patient",)
    reads: ClassVar[frozenset[str]] = frozenset({"Patient"})

    def decide(self, view: Evaluation) -> Finding:
        if view.record.birth is None:
            return unknown(Reason.NO_DATA, (), "The date of birth is not on record.")
        least, greatest = age_on(view.record.birth, view.today)
        answers = {self._holds(least), self._holds(greatest)}
        if len(answers) > 1:
            return unknown(
                Reason.IMPRECISE_DATE, (), "The date of birth on record is not exact enough to tell the age."
            )
        age = f"{least}" if least == greatest else f"{least} or {greatest}"
        return decided(answers.pop(), (), "Age {}{}.", age, self._near_limit(greatest))

    def _holds(self, age: int) -> bool:
        return (self.at_least is None or age >= self.at_least) and (self.at_most is None or age <= self.at_most)

    def _near_limit(self, age: int) -> str:
        return ", the upper limit" if age == self.at_most else ""


class Sex(Kind):
    """FHIR's administrative gender; `other`, `unknown` and nothing recorded are not known."""

    kind: Literal["sex"]
    is_: Literal["female", "male"] = Field(alias="is")
    types: ClassVar[tuple[str, ...]] = ("Patient",)
    reads: ClassVar[frozenset[str]] = frozenset({"Patient"})

    def decide(self, view: Evaluation) -> Finding:
        if view.record.sex not in {"female", "male"}:
            return unknown(Reason.NO_DATA, (), "The sex is not on record as female or male.")
        return decided(view.record.sex == self.is_, (), "The patient is {}.", view.record.sex)
