"""The closed vocabulary of criteria. To add a kind: one class, its name in `LEAVES`, one spec table."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Tag

from mappings.kinds import combinators
from mappings.kinds.base import Kind
from mappings.kinds.clearance import CreatinineClearance
from mappings.kinds.combinators import COMBINATORS
from mappings.kinds.conditions import Condition
from mappings.kinds.demographics import Age, Sex
from mappings.kinds.lesions import Lesions
from mappings.kinds.medications import Allergy, Medication
from mappings.kinds.observations import Measured, Observation
from mappings.kinds.procedures import Procedure
from mappings.kinds.specimens import Specimen
from mappings.kinds.stability import NoneOrStable
from mappings.kinds.studies import Consent, Human, OtherStudy

LEAVES: dict[str, type[Kind]] = {
    "age": Age,
    "sex": Sex,
    "condition": Condition,
    "procedure": Procedure,
    "observation": Observation,
    "measured": Measured,
    "none-or-stable": NoneOrStable,
    "creatinine-clearance": CreatinineClearance,
    "lesions": Lesions,
    "specimen": Specimen,
    "medication": Medication,
    "allergy": Allergy,
    "other-study": OtherStudy,
    "consent": Consent,
    "human": Human,
}
"""The leaf kinds, by the word that names them in YAML."""


def _tag(value: Any) -> str | None:
    """The kind of a criterion: its `kind`, or the combinator whose key it has."""
    if isinstance(value, Kind):
        return next((tag for tag, kind in {**LEAVES, **COMBINATORS}.items() if type(value) is kind), None)
    if not isinstance(value, dict):
        return None
    return value.get("kind") or next((key for key in COMBINATORS if key in value), None)


if TYPE_CHECKING:
    When = Kind
else:
    _tagged = [Annotated[kind, Tag(tag)] for tag, kind in {**LEAVES, **COMBINATORS}.items()]
    When = Annotated[reduce(or_, _tagged), Discriminator(_tag)]
    for _combinator in COMBINATORS.values():
        _combinator.model_rebuild(_types_namespace={"When": When})

__all__ = ["COMBINATORS", "LEAVES", "Kind", "When", "combinators"]
