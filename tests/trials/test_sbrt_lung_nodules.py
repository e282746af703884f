"""SBRT-LUNG-NODULES: nothing is published but a description, so the best that is said is `review-only`.

The description names no age, fitness, size, stage or exclusion: none may decide.
"""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from terminology.codings import ICD10_CN, ICD10_GM
from tests.patients.bases import LUNG_OPERATION, LUNG_SURGERY, record, told_both_ways
from tests.patients.codes import Json, category, coded
from tests.patients.recurrence import lesion
from tests.patients.resources import Concept, asa, condition, ecog, patient, procedure, study, study_subject
from tests.patients.standing import Row, answer, evaluate, trial_of

TRIAL = "SBRT-LUNG-NODULES"
RO, NO, NR = Status.REVIEW_ONLY.value, Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

BASE_ANSWERS = {"D1": "true", "D2": "true", "D3": "true", "D4": "unknown human"}


def test_of_the_base_patient_every_line_is_answered() -> None:
    verdict = trial_of(evaluate(record(LUNG_SURGERY, {})), TRIAL)
    assert verdict.status.value == RO
    assert {each.criterion.id: answer(each.finding) for each in verdict.verdicts} == BASE_ANSWERS


def only(first: Concept = "lung-cancer", clinical: str | None = "resolved", **elements: Any) -> dict[str, Json | None]:
    """Return the changes that leave one lung cancer on record, that of before the operation."""
    return {"cancer": condition(first, clinical, onsetDateTime="2024-03-01", **elements), "second": None}


def operated(on: str | None = LUNG_OPERATION, status: str = "completed", **elements: Any) -> dict[str, Json]:
    return {"operation": procedure("lung-resection", on, status, **elements)}


def second(concept: Concept = "lung-cancer", onset: str | None = "2026-02-01", **elements: Any) -> dict[str, Json]:
    """Return what was found later in the lung."""
    return {"second": condition(concept, onsetDateTime=onset, **elements)}


LUNG_CANCER = [
    Row("resolved", only(), "D1 true; D3 unknown no-data", RO),
    Row("active", only(clinical="active"), "D1 true", RO),
    Row("no clinicalStatus", only(clinical=None), "D1 true", RO),
    Row("ICD-10-CM", only(category("lung-cancer")), "D1 true", RO),
    Row("ICD-10-GM", only(category("lung-cancer", 0, ICD10_GM)), "D1 true", RO),
    Row("Chinese ICD-10", only(category("lung-cancer", 0, ICD10_CN)), "D1 true", RO),
    Row("provisional", only(verification="provisional"), "D1 unknown suspected", RO),
    Row("differential", only(verification="differential"), "D1 unknown suspected", RO),
    Row("refuted", only(verification="refuted"), "D1 false presumed", NR),
    Row("history of it, by code", only(coded("lung-cancer-unclear", "history")), "D1 unknown needs-judgement", RO),
    Row("suspected, by code", only(coded("lung-cancer-unclear", "Suspected")), "D1 unknown needs-judgement", RO),
    Row("a lung metastasis is not this", only("lung-metastasis"), "D1 false presumed", NR),
    Row("a lung metastasis in ICD-10", only(category("lung-metastasis")), "D1 false presumed", NR),
    Row("a nodule is not this", only("pulmonary-nodule"), "D1 false presumed", NR),
    Row("not on record", {"cancer": None, "second": None}, "D1 false presumed", NR),
    Row("not on record, not complete", {"cancer": None, "second": None}, "D1 unknown incomplete", RO, "", "Condition"),
]

OPERATION = [
    Row("wedge excision", {"operation": procedure(coded("lung-resection", "Wedge"), LUNG_OPERATION)}, "D2 true", RO),
    Row("lobectomy", {"operation": procedure(coded("lung-resection", "Lobectomy"), LUNG_OPERATION)}, "D2 true", RO),
    Row("undated", operated(None), "D2 unknown imprecise-date; D3 unknown imprecise-date", RO),
    Row("planned", operated(status="preparation"), "D2 false presumed; D3 unknown imprecise-date", NR),
    Row("not done", operated(status="not-done"), "D2 false", NR),
    Row("entered in error", operated(status="entered-in-error"), "D2 false presumed", NR),
    Row("ablation is no operation", {"operation": procedure("lung-ablation", LUNG_OPERATION)}, "D2 false presumed", NR),
    Row("not on record", {"operation": None}, "D2 false presumed", NR),
    Row("not complete", {"operation": None}, "D2 unknown incomplete", RO, "", "Procedure"),
    Row("not done, not complete", operated(status="not-done"), "D2 unknown incomplete", RO, "", "Procedure"),
]

RESIDUAL = [
    Row("found the day after", second(onset="2024-06-04"), "D3 true", RO),
    Row("found the day before", second(onset="2024-06-02"), "D3 unknown no-data", RO),
    Row("found on the day", second(onset="2024-06-03"), "D3 unknown imprecise-date", RO),
    Row("found in the month of it", second(onset="2024-06"), "D3 unknown imprecise-date", RO),
    Row("found in a later month", second(onset="2024-07"), "D3 true", RO),
    Row("no onset", second(onset=None), "D3 unknown imprecise-date", RO),
    Row("no onset, recorded before", second(onset=None, recordedDate="2024-05-01"), "D3 unknown no-data", RO),
    Row("no onset, recorded after", second(onset=None, recordedDate="2025-05-01"), "D3 unknown imprecise-date", RO),
    Row("a metastasis", second("lung-metastasis"), "D3 true", RO),
    Row("resolved", second(clinicalStatus={"coding": [{"code": "resolved"}]}), "D3 unknown no-data", RO),
    Row("provisional", second(verification="provisional"), "D3 unknown suspected", RO),
    Row("differential", second(verification="differential"), "D3 unknown suspected", RO),
    Row("refuted", second(verification="refuted"), "D3 unknown no-data", RO),
    Row("a nodule of unspecified nature", second("pulmonary-nodule"), "D3 unknown needs-judgement", RO),
    Row("such a nodule, ICD-10-CM", second(category("pulmonary-nodule")), "D3 unknown needs-judgement", RO),
    Row("a nodule of before", second("pulmonary-nodule", "2024-06-02"), "D3 unknown no-data", RO),
    Row("a nodule and a cancer", {"nodule": condition("pulmonary-nodule", onsetDateTime="2026-02-01")}, "D3 true", RO),
    Row("metastasis, site not stated", second("metastasis-site-unstated"), "D3 unknown too-general", RO),
    Row("a new operation moves it", {"again": procedure("lung-resection", "2026-03-01")}, "D3 unknown no-data", RO),
    Row("not complete", {}, "D1 true; D3 true", RO, "", "Condition"),
    Row("none, not complete", {"second": None}, "D3 unknown incomplete", RO, "", "Condition"),
    Row("operations not complete", {}, "D2 true; D3 unknown incomplete", RO, "", "Procedure"),
    Row("none", {"second": None}, "D3 unknown no-data", RO),
]

NOTHING_ELSE_DECIDES = [
    Row("tolerance is for a person", {"asa": asa(4)}, "D4 unknown human", RO),
    Row("a girl of ten", {"patient": patient("2016-01-01", "female")}, "D1 true; D2 true; D3 true", RO),
    Row("no birth date", {"patient": patient(None)}, "D1 true; D2 true; D3 true", RO),
    Row("ECOG 4", {"ecog": ecog(4)}, "D1 true; D2 true; D3 true", RO),
    Row("a lesion of 9 cm", {"lesion": lesion(9, "cm", organ="lung-structure")}, "D1 true; D2 true; D3 true", RO),
    Row("a liver metastasis", {"liver": condition("liver-metastasis")}, "D1 true; D2 true; D3 true", RO),
]

TABLES = LUNG_CANCER + OPERATION + RESIDUAL + NOTHING_ELSE_DECIDES


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row.answers.split(' ')[0]}-{row.what}")
def test_a_line_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways(LUNG_SURGERY, TRIAL, row) == [row.told, row.told]


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({"patient": patient(deceasedDateTime="2026-11-01")}, "deceased"),
        ({"study": study(TRIAL), "part": study_subject("study")}, "enrolled"),
    ],
    ids=["deceased", "enrolled"],
)
def test_no_card_for_the_deceased_or_enrolled(changes: dict[str, Json], silent: str) -> None:
    assert trial_of(evaluate(record(LUNG_SURGERY, changes)), TRIAL).silent == silent
