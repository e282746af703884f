"""Base patients of the trials whose sources publish few criteria or none: everything that they ask for is known.

Each is a man of 62 on `tests.patients.standing.TODAY`. No status is better here than `needs-data` or `review-only`.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.patients.codes import Json, coded
from tests.patients.recurrence import lesion
from tests.patients.resources import condition, ecog, margin, patient, procedure
from tests.patients.standing import Changes, Row, Told, evaluate, told

NODULE_IMAGING, LUNG_OPERATION, LIVER_OPERATION = "2026-11-10", "2024-06-03", "2026-09-01"

LUNG_NODULES: Mapping[str, Json] = {
    "patient": patient(),
    "cancer": condition("colorectal-adenocarcinoma", onsetDateTime="2024-02-01"),
    "nodules": condition("lung-metastasis", onsetDateTime="2026-08-01"),
    "lesion": lesion(9, "mm", NODULE_IMAGING, "lung-structure"),
    "ecog": ecog(1),
}
"""Colorectal adenocarcinoma with one nodule of 9 mm in the lung, held for a metastasis."""

LUNG_SURGERY: Mapping[str, Json] = {
    "patient": patient(),
    "cancer": condition("lung-cancer", "resolved", onsetDateTime="2024-03-01"),
    "operation": procedure("lung-resection", LUNG_OPERATION),
    "second": condition(coded("lung-cancer", "Adenocarcinoma"), onsetDateTime="2026-02-01"),
}
"""A lung cancer that was resected, and another one found after it."""

LIVER_SURGERY: Mapping[str, Json] = {
    "patient": patient(),
    "cancer": condition("hepatocellular-carcinoma", onsetDateTime="2026-07-01"),
    "operation": procedure("liver-resection", LIVER_OPERATION),
    "margin": margin(on="2026-09-08"),
}
"""A hepatocellular carcinoma that was resected R0."""


def record(base: Mapping[str, Json], changes: Changes) -> list[Json]:
    """Return the resources of a base patient with the changes, each with its name as its id."""
    found = {**base, **changes}
    return [{"id": name, **resource} for name, resource in found.items() if resource is not None]


def told_both_ways(base: Mapping[str, Json], trial: str, row: Row) -> list[Told]:
    """Return what is told of the patient of a row with the entries in order, and with the last entry first."""
    resources = record(base, row.changes)
    return [told(evaluate(each, row.missing), trial, row) for each in (resources, resources[::-1])]
