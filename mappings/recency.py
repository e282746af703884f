"""How long a result counts when a site does not say otherwise: value set -> period, as pure data.

Not in the table is what does not age: ASA class, resection margin, stage, body height, diagnoses, procedures.
"""

from __future__ import annotations

from collections.abc import Mapping

from mappings.clinical_time import CalendarPeriod, parse_period

_DAY, _MONTH, _QUARTER = (parse_period(text) for text in ("24 hours", "30 days", "90 days"))

LABORATORY = (
    "albumin",
    "bilirubin-direct",
    "bilirubin-total",
    "creatinine",
    "creatinine-clearance",
    "egfr",
    "haemoglobin",
    "inr",
    "neutrophils",
    "platelets",
    "prothrombin-activity",
)

PREGNANCY = ("pregnancy-status", "pregnancy-test-serum", "pregnancy-test-urine")

STATE = ("body-weight", "ecog-status", "karnofsky-status", "nyha-class")

DISEASE = ("cancer-disease-status", "ctdna-result", "lesion-count", "tumour-size", "tumour-size-max-dimension")

DEFAULT_RECENCY: Mapping[str, CalendarPeriod] = {
    **dict.fromkeys((*LABORATORY, *PREGNANCY), _MONTH),
    **dict.fromkeys((*STATE, *DISEASE), _QUARTER),
    "body-temperature": _DAY,
}
"""A window includes both its edges: a laboratory result of 30 days ago still counts."""
