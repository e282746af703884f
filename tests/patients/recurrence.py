"""A golden patient of NCT06609434: colorectal liver metastases that came back after a resection.

A man of 60: colon cancer of 2024 resected, liver metastases resected on 2025-01-15, two lesions of the liver of 30 and
20 mm on 2026-11-10, a blood count and chemistry of 2026-11-17 without a fault. Nothing known rules the trial out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.patients.codes import Json, coded
from tests.patients.resources import Concept, allergy, condition, observation, patient, procedure
from tests.patients.standing import Changes, Row, Told, evaluate, told

TRIAL = "NCT06609434"
RESECTION, IMAGING, BLOOD = "2025-01-15", "2026-11-10", "2026-11-17"


def quantity(value: float | str, unit: str | None, comparator: str | None = None) -> Json:
    """Return a Quantity as most hospitals send it: a number and a unit's text."""
    said = {"value": value, "unit": unit, "comparator": comparator}
    return {key: each for key, each in said.items() if each is not None}


def measured(concept: Concept, value: float | str, unit: str | None, on: str | None = BLOOD, **elements: Any) -> Json:
    """Return a result by its number. elements: `comparator`, else as they stand in FHIR."""
    comparator = elements.pop("comparator", None)
    return observation(concept, on, **{"valueQuantity": quantity(value, unit, comparator), **elements})


def lesion(
    size: float | str,
    unit: str | None = "mm",
    on: str | None = IMAGING,
    organ: str = "liver-structure",
    **elements: Any,
) -> Json:
    """Return one lesion by its largest diameter."""
    return measured("tumour-size-max-dimension", size, unit, on, **{"bodySite": coded(organ), **elements})


def upper_limit(value: float, **elements: Any) -> list[Json]:
    """Return one reference range that ends at this value."""
    return [{"high": {"value": value}, **elements}]


def inr(value: float | str, ranges: list[Json] | None, unit: str | None = "{INR}", **elements: Any) -> Json:
    return measured("inr", value, unit, **{"referenceRange": ranges, **elements})


BASE: Mapping[str, Json] = {
    "patient": patient("1966-11-24"),
    "cancer": condition("colorectal-cancer", onsetDateTime="2024-02-01"),
    "primary": procedure("colorectal-resection", "2024-03-01"),
    "resection": procedure("liver-resection", RESECTION),
    "metastasis": condition("liver-metastasis", onsetDateTime="2026-08-01"),
    "lesion-1": lesion(30),
    "lesion-2": lesion(20),
    "platelets": measured("platelets", 150, "10*9/L"),
    "prothrombin": measured("prothrombin-activity", 90, "%"),
    "inr": inr(1.0, upper_limit(1.2)),
    "neutrophils": measured("neutrophils", 3, "10*9/L"),
    "haemoglobin": measured("haemoglobin", 13, "g/dL"),
    "creatinine": measured("creatinine", 1, "mg/dL"),
    "weight": measured("body-weight", 70, "kg"),
    "bilirubin": measured("bilirubin-total", 1, "mg/dL"),
    "albumin": measured("albumin", 4, "g/dL"),
    "no-allergy": allergy("no-known-allergy"),
}


def record(changes: Changes) -> list[Json]:
    """Return the resources of this patient with the changes, each with its name as its id."""
    found = {**BASE, **changes}
    return [{"id": name, **resource} for name, resource in found.items() if resource is not None]


def told_both_ways(row: Row) -> list[Told]:
    """Return what is told of the patient of a row with the entries in order, and with the last entry first."""
    resources = record(row.changes)
    return [told(evaluate(each, row.missing), TRIAL, row) for each in (resources, resources[::-1])]
