"""NCT05815082, the twin for ctDNA-negative patients: one ctDNA result swaps the two trials.

Its lines that say what NCT05797077's say are the same criteria (`test_both_trials_say_the_same_of_shared_lines`); the
tables here hold what is its own. The base patient of this table is ctDNA-negative and had chemotherapy before surgery.
"""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from tests.patients.codes import Json, coded
from tests.patients.resources import answered, condition, ctdna, drug, margin, patient, procedure, study, study_subject
from tests.patients.standing import Changes, Row, answer, evaluate, record, told_both_ways, trial_of

LE, ND, NO = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value, Status.INELIGIBLE.value
NR = Status.NOT_RELEVANT.value
NEGATIVE, POSITIVE = "result-negative", "result-positive"

BEFORE, AFTER = "2026-09-01", "2026-10-20"
TWIN: Changes = {"ctdna": ctdna(NEGATIVE), "chemotherapy": procedure("chemotherapy", BEFORE)}


def given(type_: str = "MedicationAdministration", **elements: Any) -> dict[str, Json | None]:
    """Return the drug by which chemotherapy is known, in place of the procedure."""
    return {"chemotherapy": drug(type_, coded("systemic-therapy-crc", "oxaliplatin"), **elements)}


CHEMOTHERAPY = [
    Row("a procedure before the operation", {}, "I1b true", LE),
    Row("not on record", {"chemotherapy": None}, "I1b unknown no-data", ND),
    Row("a procedure after it", {"chemotherapy": procedure("chemotherapy", AFTER)}, "I1b unknown no-data", ND),
    Row("a procedure not dated", {"chemotherapy": procedure("chemotherapy", None)}, "I1b.2 unknown imprecise-date", ND),
    Row("a procedure on the day", {"chemotherapy": procedure("chemotherapy")}, "I1b.2 unknown imprecise-date", ND),
    Row("in the year", {"chemotherapy": procedure("chemotherapy", "2026")}, "I1b.2 unknown imprecise-date", ND),
    Row("planned", {"chemotherapy": procedure("chemotherapy", BEFORE, "preparation")}, "I1b unknown no-data", ND),
    Row(
        "until after the operation",
        {"chemotherapy": procedure("chemotherapy", None, performedPeriod={"start": BEFORE, "end": AFTER})},
        "I1b.2 unknown imprecise-date",
        ND,
    ),
    Row("a regimen", {"chemotherapy": procedure(coded("chemotherapy", "oxaliplatin"), BEFORE)}, "I1b true", LE),
    Row("a drug given before", given(effectiveDateTime=BEFORE), "I1b true", LE),
    Row("a drug given after", given(effectiveDateTime=AFTER), "I1b unknown no-data", ND),
    Row("a drug taken before", given("MedicationStatement", effectiveDateTime=BEFORE), "I1b true", LE),
    Row("a drug not given", given(status="not-done", effectiveDateTime=BEFORE), "I1b unknown no-data", ND),
    Row("a drug not dated", given(), "I1b unknown imprecise-date", ND),
    Row(
        "only prescribed",
        given("MedicationRequest", status="active", authoredOn=BEFORE),
        "I1b unknown needs-judgement",
        ND,
    ),
    Row("a prescription that was completed", given("MedicationRequest", authoredOn=BEFORE), "I1b true", LE),
    Row("operation not on record", {"resection": None}, "I1b unknown no-data; I3 unknown no-data", ND),
    Row("drugs not complete", {"chemotherapy": None}, "I1b unknown incomplete", ND, "", "MedicationStatement"),
]

OWN = [
    Row("ctDNA negative", {}, "I3 true", LE, "false"),
    Row("ctDNA positive", {"ctdna": ctdna(POSITIVE)}, "I3 false", NO, "true"),
    Row("ctDNA not tested", {"ctdna": None}, "I3 unknown no-data", ND, "unknown"),
    Row("ctDNA indeterminate", {"ctdna": ctdna("result-indeterminate")}, "I3 unknown needs-judgement", ND, "unknown"),
    Row("ctDNA preliminary", {"ctdna": ctdna(NEGATIVE, status="preliminary")}, "I3 unknown preliminary", ND, "unknown"),
    Row("ctDNA negative before the operation", {"ctdna": ctdna(NEGATIVE, BEFORE)}, "I3 unknown no-data", ND, "unknown"),
    Row("18 today", {"patient": patient("2008-11-24")}, "I1a true", LE),
    Row("18 tomorrow", {"patient": patient("2008-11-25")}, "I1a false", NO),
    Row("76 tomorrow", {"patient": patient("1950-11-25")}, "I1a true", LE),
    Row("76 today", {"patient": patient("1950-11-24")}, "I1a false", NO),
    Row(
        "chemotherapy years before the cancer",
        {
            "chemotherapy": procedure("chemotherapy", "2010-05-01"),
            "cancer": condition("colorectal-cancer", onsetDateTime="2025-06"),
        },
        "I1b unknown no-data",
        ND,
    ),
    Row("R1", {"margin": margin("residual-tumour-r1-r2")}, "I2d false", NO),
    Row("cancer not on record", {"cancer": None}, "I2a false presumed", NR),
    Row("metastasis elsewhere", {"other": condition("lung-metastasis")}, "E1 true", NO),
    Row("another malignancy", {"other": condition(coded("other-malignancy", "breast"), "resolved")}, "E2 true", NO),
    # E7 to E10: their words were not to be had, so a person decides them whatever is on record
    Row(
        "lines whose words are not known",
        {
            "patient": patient(gender="female"),
            "state": answered("pregnancy-status", coded("pregnancy", "Pregnant", "loinc"), "2026-11-20"),
            "mind": condition("severe-mental-illness"),
        },
        "E7 unknown human; E8 unknown human; E9 unknown human; E10 unknown human",
        LE,
    ),
    Row(
        "the other trial is another study",
        {"study": study("NCT05797077", "phase-3"), "part": study_subject("study")},
        "E5 true",
        NO,
    ),
]


@pytest.mark.parametrize("row", CHEMOTHERAPY + OWN, ids=str)
def test_a_criterion_answers_as_the_table_says(row: Row) -> None:
    changed = row._replace(changes={**TWIN, **row.changes})
    assert told_both_ways("NCT05815082", changed) == [row.told, row.told]


SAME_LINES = ("I2a", "I2b", "I2c", "I2d", "I4", "E1", "E2", "E3", "E4", "E6")

PATIENTS: list[Changes] = [
    {},
    {"cancer": condition("colorectal-cancer", verification="provisional")},
    {"margin": None, "ecog": None},
    {"other": condition(coded("other-malignancy", "breast"))},
    {"metastasis": condition("liver-primary"), "resection": None},
]


@pytest.mark.parametrize(
    "changes", PATIENTS, ids=["base", "suspected", "margin and ECOG missing", "breast", "liver primary"]
)
def test_both_trials_say_the_same_of_shared_lines(changes: Changes) -> None:
    results = evaluate(record(changes))
    told = [
        [answer(trial_of(results, trial).verdict(line).finding) for line in SAME_LINES]
        for trial in ("NCT05797077", "NCT05815082")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("result", "statuses"),
    [(POSITIVE, {"NCT05797077": LE, "NCT05815082": NO}), (NEGATIVE, {"NCT05797077": NO, "NCT05815082": LE})],
)
def test_one_ctdna_result_swaps_the_trials(result: str, statuses: dict[str, str]) -> None:
    results = evaluate(record({**TWIN, "ctdna": ctdna(result)}))
    assert {id_: trial_of(results, id_).status.value for id_ in statuses} == statuses
