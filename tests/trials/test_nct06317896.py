"""NCT06317896: its criteria are not visible, so the best that is said is `review-only`.

What is known is a title and a summary; no age, stage or liver function may decide, nor a look-alike study's criteria.
"""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from terminology.codings import ICD10_CN, ICD10_GM
from tests.patients.bases import LIVER_OPERATION, LIVER_SURGERY, record, told_both_ways
from tests.patients.codes import Json, category, coded, enumerated
from tests.patients.resources import (
    SUBJECT,
    Concept,
    answered,
    condition,
    ctdna,
    ecog,
    margin,
    observation,
    patient,
    procedure,
    report,
    resource,
    specimen,
    study,
    study_subject,
)
from tests.patients.standing import Row, answer, evaluate, trial_of

TRIAL = "NCT06317896"
RO, NO, NR = Status.REVIEW_ONLY.value, Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

BASE_ANSWERS = {"D1": "true", "D2": "true", "D3": "true"}


def test_of_the_base_patient_every_line_is_answered() -> None:
    verdict = trial_of(evaluate(record(LIVER_SURGERY, {})), TRIAL)
    assert verdict.status.value == RO
    assert {each.criterion.id: answer(each.finding) for each in verdict.verdicts} == BASE_ANSWERS


def cancer(
    concept: Concept = "hepatocellular-carcinoma", onset: str | None = "2026-07-01", **elements: Any
) -> dict[str, Json]:
    return {"cancer": condition(concept, onsetDateTime=onset, **elements)}


def operated(
    concept: Concept = "liver-resection", on: str | None = LIVER_OPERATION, status: str = "completed"
) -> dict[str, Json]:
    return {"operation": procedure(concept, on, status)}


def ordered(concept: str, status: str = "active") -> Json:
    return resource("ServiceRequest", code=coded(concept), status=status, intent="order", subject=SUBJECT)


HCC = [
    Row("resolved", cancer(clinical="resolved"), "D1 true", RO),
    Row("ICD-10-CM", cancer(category("hepatocellular-carcinoma")), "D1 true", RO),
    Row("ICD-10-GM", cancer(category("hepatocellular-carcinoma", 0, ICD10_GM)), "D1 true", RO),
    Row("Chinese ICD-10", cancer(category("hepatocellular-carcinoma", 0, ICD10_CN)), "D1 true", RO),
    Row("liver cancer NOS", cancer("liver-primary-general"), "D1 unknown too-general", RO),
    Row("liver cancer NOS, ICD-10", cancer(enumerated("liver-primary-general")), "D1 unknown too-general", RO),
    Row(
        "liver cancer not specified, ICD-10", cancer(category("liver-primary-general", 1)), "D1 unknown too-general", RO
    ),
    Row("NOS and HCC", {"other": condition("liver-primary-general")}, "D1 true", RO),
    Row("cholangiocarcinoma", cancer(coded("liver-primary", "holangio")), "D1 false presumed", NR),
    Row("a liver metastasis", cancer("liver-metastasis"), "D1 false presumed", NR),
    Row("a liver metastasis, ICD-10", cancer(category("liver-metastasis")), "D1 false presumed", NR),
    Row("a lesion of the liver", cancer("liver-lesion"), "D1 false presumed", NR),
    Row("cirrhosis", cancer("cirrhosis"), "D1 false presumed", NR),
    Row("provisional", cancer(verification="provisional"), "D1 unknown suspected", RO),
    Row("differential", cancer(verification="differential"), "D1 unknown suspected", RO),
    Row("refuted", cancer(verification="refuted"), "D1 false presumed", NR),
    Row("not on record", {"cancer": None}, "D1 false presumed", NR),
    Row("not on record, not complete", {"cancer": None}, "D1 unknown incomplete", RO, "", "Condition"),
]

RESECTION = [
    Row("segment", operated(coded("liver-resection", "segment")), "D2 true", RO),
    Row("being prepared", operated(on=None, status="preparation"), "D2 true; D3 unknown no-data", RO),
    Row("under way", operated(status="in-progress"), "D2 true", RO),
    Row("to come", operated(on="2026-12-20", status="preparation"), "D2 true", RO),
    Row("ordered", {"operation": ordered("liver-resection")}, "D2 true; D3 unknown no-data", RO),
    Row("order revoked", {"operation": ordered("liver-resection", "revoked")}, "D2 unknown no-data", RO),
    Row("undated", operated(on=None), "D2 true; D3 unknown imprecise-date", RO),
    Row("ablation alone", operated("liver-ablation"), "D2 false", NO),
    Row("transplant alone", operated("liver-transplant"), "D2 false", NO),
    Row("ablation planned", operated("liver-ablation", status="preparation"), "D2 unknown no-data", RO),
    Row("ablation and resection", {"ablation": procedure("liver-ablation", "2026-08-01")}, "D2 true", RO),
    Row(
        "ablation, resection ordered", {**operated("liver-ablation"), "next": ordered("liver-resection")}, "D2 true", RO
    ),
    Row("not done", operated(status="not-done"), "D2 false", NO),
    Row("entered in error", operated(status="entered-in-error"), "D2 unknown no-data", RO),
    Row("not on record", {"operation": None}, "D2 unknown no-data; D3 unknown no-data", RO),
    Row("not complete", {"operation": None}, "D2 unknown incomplete; D3 unknown incomplete", RO, "", "Procedure"),
    Row("ablation, not complete", operated("liver-ablation"), "D2 unknown incomplete", RO, "", "Procedure"),
    Row("ablation, orders not complete", operated("liver-ablation"), "D2 unknown incomplete", RO, "", "ServiceRequest"),
    Row("the day of the onset", operated(on="2026-07-01"), "D2 true", RO),
    Row("the day before the onset", operated(on="2026-06-30"), "D2 unknown no-data", RO),
    Row("years before the onset", operated(on="2019-05-01"), "D2 unknown no-data", RO),
    Row("in the year of the onset", operated(on="2026"), "D2 true", RO),
    Row("no onset on record", {**cancer(onset=None), **operated(on="2019-05-01")}, "D2 true", RO),
    Row("a lung resection is not this", operated("lung-resection"), "D2 unknown no-data", RO),
]

RADICAL = [
    Row("R1", {"margin": margin("residual-tumour-r1-r2", "2026-09-08")}, "D3 false", NO),
    Row("R2", {"margin": margin(coded("residual-tumour-r1-r2", "R2"), "2026-09-08")}, "D3 false", NO),
    Row("RX", {"margin": margin("residual-tumour-rx", "2026-09-08")}, "D3 unknown needs-judgement", RO),
    Row(
        "R0 by its own code", {"margin": answered("residual-tumour-r0", "result-positive", "2026-09-08")}, "D3 true", RO
    ),
    Row(
        "R0 by a report",
        {"margin": report("residual-tumour-status", "residual-tumour-r0", "2026-09-08")},
        "D3 true",
        RO,
    ),
    Row("on the day", {"margin": margin(on=LIVER_OPERATION)}, "D3 true", RO),
    Row("60 days after", {"margin": margin(on="2026-10-31")}, "D3 true", RO),
    Row("61 days after", {"margin": margin(on="2026-11-01")}, "D3 unknown no-data", RO),
    Row("the day before", {"margin": margin(on="2026-08-31")}, "D3 unknown no-data", RO),
    Row("by a month that may be before", {"margin": margin(on="2026")}, "D3 unknown needs-judgement", RO),
    Row("not dated", {"margin": margin(on=None)}, "D3 unknown needs-judgement", RO),
    Row(
        "not dated, part of the operation",
        {"margin": margin(on=None, partOf=[{"reference": "Procedure/operation"}])},
        "D3 true",
        RO,
    ),
    Row(
        "part of another operation",
        {
            "margin": margin(on="2026-09-08", partOf=[{"reference": "Procedure/other"}]),
            "other": procedure("liver-ablation", "2026-01-01"),
        },
        "D3 unknown no-data",
        RO,
    ),
    Row(
        "of liver tissue",
        {"margin": margin(on="2026-11-10", specimen={"reference": "Specimen/s"}), "s": specimen("liver-structure")},
        "D3 true",
        RO,
    ),
    Row(
        "of lung tissue",
        {"margin": margin(on="2026-09-08", specimen={"reference": "Specimen/s"}), "s": specimen("lung-structure")},
        "D3 unknown no-data",
        RO,
    ),
    Row("R0 and R1 of one day", {"again": margin("residual-tumour-r1-r2", "2026-09-08")}, "D3 unknown conflict", RO),
    Row("R1 after R0", {"again": margin("residual-tumour-r1-r2", "2026-09-15")}, "D3 false", NO),
    Row("preliminary", {"margin": margin(on="2026-09-08", status="preliminary")}, "D3 unknown preliminary", RO),
    Row(
        "in words not listed",
        {"margin": observation("residual-tumour-status", "2026-09-08", valueString="fine")},
        "D3 unknown unreadable",
        RO,
    ),
    Row(
        "status that FHIR does not know",
        {"margin": margin(on="2026-09-08", status="done")},
        "D3 unknown unreadable",
        RO,
    ),
    Row("not on record", {"margin": None}, "D3 unknown no-data", RO),
    Row("not complete", {}, "D3 unknown incomplete", RO, "", "Observation"),
    Row("a new resection asks anew", {"again": procedure("liver-resection", "2026-11-01")}, "D3 unknown no-data", RO),
]

NOTHING_ELSE_DECIDES = [
    # a look-alike study of ctDNA after resection asks for an age of 18 to 75, ECOG 0 to 1 and no therapy before
    Row("a woman of 90", {"patient": patient("1936-01-01", "female")}, "D1 true; D2 true; D3 true", RO),
    Row("no birth date", {"patient": patient(None)}, "D1 true; D2 true; D3 true", RO),
    Row("ECOG 3", {"ecog": ecog(3)}, "D1 true; D2 true; D3 true", RO),
    Row("chemotherapy before", {"before": procedure("chemotherapy", "2026-07-10")}, "D1 true; D2 true; D3 true", RO),
    Row("ctDNA", {"ctdna": ctdna()}, "D1 true; D2 true; D3 true", RO),
]

TABLES = HCC + RESECTION + RADICAL + NOTHING_ELSE_DECIDES


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row.answers.split(' ')[0]}-{row.what}")
def test_a_line_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways(LIVER_SURGERY, TRIAL, row) == [row.told, row.told]


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({"patient": patient(deceasedBoolean=True)}, "deceased"),
        ({"study": study(TRIAL), "part": study_subject("study")}, "enrolled"),
    ],
    ids=["deceased", "enrolled"],
)
def test_no_card_for_the_deceased_or_enrolled(changes: dict[str, Json], silent: str) -> None:
    assert trial_of(evaluate(record(LIVER_SURGERY, changes)), TRIAL).silent == silent
