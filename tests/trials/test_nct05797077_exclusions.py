"""NCT05797077, exclusion criteria: every answer each can give, and what silences the trial."""

from __future__ import annotations

import pytest

from mappings.verdicts import Status
from tests.patients.codes import Json, category, coded, enumerated
from tests.patients.resources import (
    SUBJECT,
    allergy,
    answered,
    condition,
    observation,
    patient,
    resource,
    study,
    study_subject,
)
from tests.patients.standing import Row, evaluate, record, told_both_ways, trial_of

LE, ND, NO = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value, Status.INELIGIBLE.value

LIVER, LUNG = [coded("liver-structure")], [coded("lung-structure")]


def family(concept: Json) -> Json:
    """Return what is known of the patient's mother."""
    said = {"patient": SUBJECT, "relationship": {"text": "mother"}, "condition": [{"code": concept}]}
    return resource("FamilyMemberHistory", status="completed", **said)


METASTASES = [
    Row("none on record", {}, "E1 false presumed", LE, "true"),
    Row("none on record, not complete", {}, "E1 unknown incomplete", ND, "true", "Condition"),
    Row("lung", {"other": condition("lung-metastasis")}, "E1 true", NO, "false"),
    Row("peritoneum", {"other": condition("peritoneal-metastasis")}, "E1 true", NO, "false"),
    Row("ovary", {"other": condition("ovarian-metastasis")}, "E1 true", NO, "false"),
    Row("pelvis", {"other": condition("pelvic-metastasis")}, "E1 true", NO, "false"),
    Row("bone, ICD-10", {"other": condition(category("bone-metastasis"))}, "E1 true", NO, "false"),
    Row("no clinicalStatus", {"other": condition("lung-metastasis", None)}, "E1 true", NO, "false"),
    Row("recurrence", {"other": condition("lung-metastasis", "recurrence")}, "E1 true", NO, "false"),
    Row("on record, not complete", {"other": condition("lung-metastasis")}, "E1 true", NO, "false", "Condition"),
    Row("resolved", {"other": condition("lung-metastasis", "resolved")}, "E1 unknown needs-judgement", ND, "true"),
    Row("in remission", {"other": condition("lung-metastasis", "remission")}, "E1 unknown needs-judgement", ND, "true"),
    Row(
        "provisional",
        {"other": condition("lung-metastasis", verification="provisional")},
        "E1 unknown suspected",
        ND,
        "true",
    ),
    Row(
        "differential",
        {"other": condition("lung-metastasis", verification="differential")},
        "E1 unknown suspected",
        ND,
        "true",
    ),
    Row("refuted", {"other": condition("lung-metastasis", verification="refuted")}, "E1 false presumed", LE, "true"),
    Row("distant nodes", {"other": condition("distant-node-metastasis")}, "E1 true", NO, "false"),
    Row("distant nodes, ICD-10", {"other": condition(category("distant-node-metastasis"))}, "E1 true", NO, "false"),
    Row(
        "intra-abdominal nodes, regional or distant",
        {"other": condition(coded("node-metastasis-unclear", "intra-abdominal"))},
        "E1 unknown too-general",
        ND,
        "true",
    ),
    Row(
        "nodes of the pelvis, ICD-10",
        {"other": condition(category("node-metastasis-unclear", 2))},
        "E1 unknown too-general",
        ND,
        "true",
    ),
    Row(
        "organ not stated",
        {"other": condition("metastasis-site-unstated")},
        "E1 unknown too-general",
        ND,
        "true",
    ),
    Row(
        "organ not in the code, but the lung",
        {"other": condition("metastasis-site-unstated", bodySite=LUNG)},
        "E1 true",
        NO,
        "false",
    ),
    Row(
        "organ not in the code, but the liver",
        {"other": condition("metastasis-site-unstated", bodySite=LIVER)},
        "E1 false presumed",
        LE,
        "true",
    ),
    Row(
        "only a finding that suggests one",
        {"other": condition(category("metastasis-outside-liver-unclear"))},
        "E1 unknown needs-judgement",
        ND,
        "true",
    ),
    Row("the mother's", {"other": family(coded("lung-metastasis"))}, "E1 false presumed", LE, "true"),
]

OTHER_CANCER = [
    Row("none on record", {}, "E2 false presumed", LE, "true"),
    Row("none on record, not complete", {}, "E2 unknown incomplete", ND, "true", "Condition"),
    Row("breast, active", {"other": condition(coded("other-malignancy", "breast"))}, "E2 true", NO, "false"),
    Row(
        "breast, resolved",
        {"other": condition(coded("other-malignancy", "breast"), "resolved")},
        "E2 true",
        NO,
        "false",
    ),
    Row("ICD-10 category", {"other": condition(category("other-malignancy"))}, "E2 true", NO, "false"),
    Row("history of breast cancer", {"other": condition(coded("other-malignancy", "history"))}, "E2 true", NO, "false"),
    Row(
        "suspected",
        {"other": condition(coded("other-malignancy", "breast"), verification="unconfirmed")},
        "E2 unknown suspected",
        ND,
        "true",
    ),
    Row(
        "refuted",
        {"other": condition(coded("other-malignancy", "breast"), verification="refuted")},
        "E2 false presumed",
        LE,
        "true",
    ),
    Row("in the family", {"other": family(coded("other-malignancy", "breast"))}, "E2 false presumed", LE, "true"),
    Row(
        "of another patient",
        {"other": condition(coded("other-malignancy", "breast"), subject={"reference": "Patient/mother"})},
        "E2 false presumed",
        LE,
        "true",
    ),
    Row(
        "history of cancer, organ not stated",
        {"other": condition(coded("other-malignancy-general", "History"))},
        "E2 unknown too-general",
        ND,
        "true",
    ),
    Row(
        "history of cancer, ICD-10 without the organ",
        {"other": condition(enumerated("other-malignancy-general"))},
        "E2 unknown too-general",
        ND,
        "true",
    ),
    Row(
        "perhaps a cancer",
        {"other": condition(coded("other-malignancy-unclear", "Suspected"))},
        "E2 unknown needs-judgement",
        ND,
        "true",
    ),
    Row(
        "primary liver cancer beside liver metastases",
        {"other": condition("liver-primary")},
        "E2 unknown conflict",
        ND,
        "true",
    ),
    Row(
        "primary liver cancer beside them, ICD-10",
        {"other": condition(category("liver-primary"))},
        "E2 unknown conflict",
        ND,
        "true",
    ),
    Row(
        "a second primary of the bowel is no other",
        {"other": condition(coded("colorectal-cancer", "rectum"))},
        "E2 false presumed",
        LE,
        "true",
    ),
    Row("metastases are no other", {"other": condition("liver-metastasis")}, "E2 false presumed", LE, "true"),
]

ILLNESS = [
    # E3: the text states no threshold, so severe disease is left to be judged
    Row("organs: nothing on record", {}, "E3 unknown human", LE, "true"),
    Row("organs: severe", {"other": condition("severe-organ-dysfunction")}, "E3 unknown needs-judgement", ND, "true"),
    Row(
        "organs: severity not stated",
        {"other": condition("organ-dysfunction-unclear")},
        "E3 unknown needs-judgement",
        ND,
    ),
    Row("organs: heart failure", {"other": condition("heart-failure")}, "E3 unknown needs-judgement", ND, "true"),
    Row("organs: cirrhosis", {"other": condition("cirrhosis")}, "E3 unknown needs-judgement", ND, "true"),
    Row(
        "organs: resolved", {"other": condition("severe-organ-dysfunction", "resolved")}, "E3 unknown human", LE, "true"
    ),
    # E6
    Row("infection: nothing on record", {}, "E6 unknown human", LE, "true"),
    Row("infection: active", {"other": condition("severe-infection")}, "E6 unknown needs-judgement", ND, "true"),
    Row("infection: resolved", {"other": condition("severe-infection", "resolved")}, "E6 unknown human", LE, "true"),
    # E7
    Row("dependence: nothing on record", {}, "E7 unknown human", LE, "true"),
    Row("alcoholism", {"other": condition(coded("substance-dependence", "alcohol"))}, "E7 true", NO, "false"),
    Row(
        "alcoholism, resolved",
        {"other": condition(coded("substance-dependence", "alcohol"), "resolved")},
        "E7 unknown needs-judgement",
        ND,
        "true",
    ),
    Row(
        "alcoholism, suspected",
        {"other": condition(coded("substance-dependence", "alcohol"), verification="provisional")},
        "E7 unknown suspected",
        ND,
        "true",
    ),
    # E8: any clinicalStatus
    Row("mind: nothing on record", {}, "E8 false presumed", LE, "true"),
    Row("schizophrenia", {"other": condition(coded("severe-mental-illness", "schizophrenia"))}, "E8 true", NO, "false"),
    Row(
        "bipolar disorder, resolved",
        {"other": condition(coded("severe-mental-illness", "bipolar"), "resolved")},
        "E8 true",
        NO,
    ),
    Row(
        "depression, severity not stated",
        {"other": condition(coded("mental-illness-unclear", "Major depressive"))},
        "E8 unknown needs-judgement",
        ND,
        "true",
    ),
    # E10
    Row("the investigator's opinion", {}, "E10 unknown human", LE, "true"),
]

OXALIPLATIN = coded("trial-drug-allergy-crlm", "Oxaliplatin")

ALLERGIES = [
    Row("no known allergy", {}, "E4 false", LE, "true"),
    Row("nothing on record", {"no-allergy": None}, "E4 false presumed", LE, "true"),
    Row(
        "nothing on record, not complete",
        {"no-allergy": None},
        "E4 unknown incomplete",
        ND,
        "true",
        "AllergyIntolerance",
    ),
    Row("oxaliplatin", {"no-allergy": allergy(OXALIPLATIN)}, "E4 true", NO, "false"),
    Row("oxaliplatin, beside no known allergy", {"allergy": allergy(OXALIPLATIN)}, "E4 true", NO, "false"),
    Row("oxaliplatin, no statuses", {"no-allergy": allergy(OXALIPLATIN, None, None)}, "E4 true", NO, "false"),
    Row(
        "fluorouracil, as a finding",
        {"no-allergy": allergy(coded("trial-drug-allergy-crlm", "Allergy to"))},
        "E4 true",
        NO,
    ),
    Row(
        "a product of oxaliplatin",
        {"no-allergy": allergy(coded("trial-drug-allergy-crlm", "oxaliplatin", "rxnorm"))},
        "E4 true",
        NO,
    ),
    Row(
        "named by the reaction",
        {"no-allergy": allergy({"text": "chemotherapy"}, reaction=[{"substance": OXALIPLATIN, "manifestation": []}])},
        "E4 true",
        NO,
        "false",
    ),
    Row(
        "intolerance",
        {"no-allergy": allergy(OXALIPLATIN, type="intolerance")},
        "E4 unknown needs-judgement",
        ND,
        "true",
    ),
    Row("type allergy", {"no-allergy": allergy(OXALIPLATIN, type="allergy")}, "E4 true", NO, "false"),
    Row(
        "unconfirmed",
        {"no-allergy": allergy(OXALIPLATIN, verification="unconfirmed")},
        "E4 unknown suspected",
        ND,
        "true",
    ),
    Row("refuted", {"no-allergy": allergy(OXALIPLATIN, verification="refuted")}, "E4 false presumed", LE, "true"),
    Row("inactive", {"no-allergy": allergy(OXALIPLATIN, "inactive")}, "E4 false presumed", LE, "true"),
    Row(
        "cisplatin is another platinum drug",
        {"no-allergy": allergy(coded("platinum-allergy-other", "cisplatin"))},
        "E4 unknown needs-judgement",
        ND,
        "true",
    ),
    Row(
        "a drug, not stated which",
        {"no-allergy": allergy("drug-allergy-unspecified")},
        "E4 unknown too-general",
        ND,
        "true",
    ),
]

STUDIES = [
    Row("none on record", {}, "E5 unknown human", LE, "true"),
    Row(
        "gives a drug",
        {"study": study("NCT00000000", "phase-2"), "part": study_subject("study")},
        "E5 true",
        NO,
        "false",
    ),
    Row(
        "gave a drug",
        {"study": study("NCT00000000", "phase-3"), "part": study_subject("study", "off-study")},
        "E5 true",
        NO,
        "false",
    ),
    Row(
        "not known whether it gives a drug",
        {"study": study("NCT00000000"), "part": study_subject("study")},
        "E5 unknown needs-judgement",
        ND,
        "true",
    ),
    Row("the study is not on record", {"part": study_subject("elsewhere")}, "E5 unknown needs-judgement", ND, "true"),
    Row(
        "only a candidate",
        {"study": study("NCT00000000", "phase-2"), "part": study_subject("study", "candidate")},
        "E5 unknown human",
        LE,
        "true",
    ),
    Row(
        "this study is not another",
        {"study": study("NCT05797077", "phase-3"), "part": study_subject("study", "withdrawn")},
        "E5 unknown human",
        LE,
        "true",
    ),
]

WOMAN = patient(gender="female")
NOT_PREGNANT = answered("pregnancy-status", "not-pregnant", "2026-11-20")


def serum(answer: str, on: str = "2026-11-20", **elements: str) -> Json:
    return answered("pregnancy-test-serum", answer, on, **elements)


PREGNANCY = [
    Row("a man", {}, "E9 false", LE, "true"),
    Row("sex not recorded", {"patient": patient(gender=None)}, "E9 unknown no-data", ND, "true"),
    Row("sex other", {"patient": patient(gender="other")}, "E9 unknown no-data", ND, "true"),
    Row("a woman, nothing on record", {"patient": WOMAN}, "E9 unknown no-data", ND, "true"),
    Row(
        "sex not recorded, not pregnant",
        {"patient": patient(gender=None), "test": NOT_PREGNANT},
        "E9 false presumed",
        LE,
    ),
    Row("not pregnant", {"patient": WOMAN, "test": NOT_PREGNANT}, "E9 false presumed", LE, "true"),
    Row("serum test negative", {"patient": WOMAN, "test": serum("result-negative")}, "E9 false presumed", LE, "true"),
    Row(
        "30 days ago",
        {"patient": WOMAN, "test": serum("result-negative", "2026-10-25")},
        "E9 false presumed",
        LE,
        "true",
    ),
    Row(
        "31 days ago",
        {"patient": WOMAN, "test": serum("result-negative", "2026-10-24")},
        "E9 unknown stale",
        ND,
        "true",
    ),
    Row(
        "serum test preliminary",
        {"patient": WOMAN, "test": serum("result-negative", status="preliminary")},
        "E9 unknown preliminary",
        ND,
        "true",
    ),
    Row("serum test positive", {"patient": WOMAN, "test": serum("result-positive")}, "E9 true", NO, "false"),
    Row(
        "serum test indeterminate",
        {"patient": WOMAN, "test": serum("result-indeterminate")},
        "E9 unknown needs-judgement",
        ND,
        "true",
    ),
    Row(
        "a urine test does not decide",
        {"patient": WOMAN, "test": answered("pregnancy-test-urine", "result-negative", "2026-11-20")},
        "E9 unknown no-data",
        ND,
        "true",
    ),
    Row("pregnant, on the problem list", {"patient": WOMAN, "state": condition("pregnancy")}, "E9 true", NO, "false"),
    Row(
        "pregnant, by status",
        {"patient": WOMAN, "test": answered("pregnancy-status", coded("pregnancy", "Pregnant", "loinc"), "2026-11-20")},
        "E9 true",
        NO,
        "false",
    ),
    Row(
        "pregnancy over",
        {"patient": WOMAN, "state": condition("pregnancy", "resolved")},
        "E9 unknown no-data",
        ND,
        "true",
    ),
    Row(
        "pregnancy over, not pregnant",
        {"patient": WOMAN, "state": condition("pregnancy", "resolved"), "test": NOT_PREGNANT},
        "E9 false presumed",
        LE,
        "true",
    ),
    Row(
        "perhaps pregnant",
        {"patient": WOMAN, "state": condition("pregnancy-unclear"), "test": NOT_PREGNANT},
        "E9 unknown needs-judgement",
        ND,
        "true",
    ),
    Row(
        "breast-feeding",
        {"patient": WOMAN, "state": condition("lactation"), "test": NOT_PREGNANT},
        "E9 true",
        NO,
        "false",
    ),
    Row(
        "breast-feeding over",
        {"patient": WOMAN, "state": condition("lactation", "resolved"), "test": NOT_PREGNANT},
        "E9 false presumed",
        LE,
        "true",
    ),
    Row(
        "not pregnant, conditions not complete",
        {"patient": WOMAN, "test": NOT_PREGNANT},
        "E9 unknown incomplete",
        ND,
        "true",
        "Condition",
    ),
]


@pytest.mark.parametrize("row", METASTASES + OTHER_CANCER + ILLNESS + ALLERGIES + STUDIES + PREGNANCY, ids=str)
def test_an_exclusion_criterion_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways("NCT05797077", row) == [row.told, row.told]


def test_every_definite_fail_is_listed() -> None:
    changes = {"patient": patient("1940-01-01"), "lung": condition("lung-metastasis"), "ctdna": None}
    verdict = trial_of(evaluate(record(changes)), "NCT05797077")
    assert [v.criterion.id for v in verdict.fails] == ["I1", "E1"]
    assert [v.criterion.id for v in verdict.open] == ["I3"]


# --- What silences a trial, whatever its status ---

SILENCES = [
    ("dead", {"patient": patient(deceasedBoolean=True)}, "deceased", {"deceased"}),
    ("dead since", {"patient": patient(deceasedDateTime="2026-11-20")}, "deceased", {"deceased"}),
    (
        "dead, and no trial is relevant",
        {"patient": patient(deceasedBoolean=True), "cancer": None, "metastasis": None},
        "deceased",
        set(),
    ),
    ("alive", {"patient": patient(deceasedBoolean=False)}, None, set()),
    ("enrolled", {"study": study("NCT05797077"), "part": study_subject("study")}, "enrolled", {"enrolled"}),
    (
        "candidate",
        {"study": study("NCT05797077"), "part": study_subject("study", "candidate")},
        "enrolled",
        {"enrolled"},
    ),
    ("withdrawn", {"study": study("NCT05797077"), "part": study_subject("study", "withdrawn")}, None, set()),
    ("enrolled elsewhere", {"study": study("NCT00000000"), "part": study_subject("study")}, None, set()),
]


@pytest.mark.parametrize(("what", "changes", "silent", "notes"), SILENCES, ids=[row[0] for row in SILENCES])
def test_the_dead_and_the_enrolled_get_no_card(
    what: str, changes: dict[str, Json], silent: str | None, notes: set[str]
) -> None:
    results = evaluate(record(changes))
    assert trial_of(results, "NCT05797077").silent == silent
    assert {note.reason for note in results.notes} == notes


# --- What is left out is told ---

NOTES = [
    (
        "of another patient",
        {"other": condition("lung-metastasis", subject={"reference": "Patient/x"})},
        {"other-patient"},
    ),
    ("no status of FHIR's", {"other": observation("haemoglobin", status="done", valueInteger=1)}, {"unreadable"}),
    (
        "without a result",
        {"other": observation("ctdna-result", "2026-11-16", dataAbsentReason={"text": "lost"})},
        {"no-value"},
    ),
    ("dated tomorrow", {"other": observation("ctdna-result", "2026-11-25", valueString="negative")}, {"future"}),
    ("refuted", {"other": condition("lung-metastasis", verification="refuted")}, set()),
]


@pytest.mark.parametrize(("what", "changes", "notes"), NOTES, ids=[row[0] for row in NOTES])
def test_what_does_not_count_is_told_in_a_note(what: str, changes: dict[str, Json], notes: set[str]) -> None:
    assert {note.reason for note in evaluate(record(changes)).notes} == notes
