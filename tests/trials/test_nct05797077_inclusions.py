"""NCT05797077, inclusion criteria: every answer each can give, with both sides of every number.

The result of the operation (I2d) and the ctDNA after it (I3) stand in test_nct05797077_operation.py.
"""

from __future__ import annotations

import pytest

from mappings.verdicts import Status
from terminology.codings import ICD10_CN, ICD10_GM
from tests.patients.codes import category, coded, enumerated, graded
from tests.patients.resources import (
    answered,
    asa,
    condition,
    consent,
    ecog,
    observation,
    patient,
    procedure,
    resource,
    study,
    study_subject,
)
from tests.patients.standing import Row, told_both_ways

LE, ND = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value
NO, NR = Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

LIVER, LUNG = [coded("liver-structure")], [coded("lung-structure")]
SITE_UNSTATED = condition("metastasis-site-unstated")
NEEDS_SITE = coded("tumour-procedure-site-needed", "Radiofrequency")
OLD_NAME = {"text": "Colon carcinoma"}


def mothers(resource_: dict[str, object]) -> dict[str, object]:
    """Return the resource as one of another patient."""
    return {**resource_, "subject": {"reference": "Patient/mother"}}


AGE = [
    # 18 to 75 completed years: true until the day before the 76th birthday
    Row("18 today", {"patient": patient("2008-11-24")}, "I1 true", LE, "true"),
    Row("18 tomorrow", {"patient": patient("2008-11-25")}, "I1 false", NO, "false"),
    Row("76 tomorrow", {"patient": patient("1950-11-25")}, "I1 true", LE, "true"),
    Row("76 today", {"patient": patient("1950-11-24")}, "I1 false", NO, "false"),
    Row("no birth date", {"patient": patient(None)}, "I1 unknown no-data", ND, "unknown"),
    Row("birth year, 75 or 76", {"patient": patient("1950")}, "I1 unknown imprecise-date", ND, "unknown"),
    Row("birth month, 75 or 76", {"patient": patient("1950-11")}, "I1 unknown imprecise-date", ND, "unknown"),
    Row("birth month passed", {"patient": patient("1950-10")}, "I1 false", NO, "false"),
    Row("birth year, 17 or 18", {"patient": patient("2008")}, "I1 unknown imprecise-date", ND, "unknown"),
    Row("birth year within", {"patient": patient("1964")}, "I1 true", LE, "true"),
]

CANCER = [
    Row("active", {"cancer": condition("colorectal-cancer")}, "I2a true", LE, "true"),
    Row("no clinicalStatus", {"cancer": condition("colorectal-cancer", None)}, "I2a true", LE, "true"),
    Row("no verificationStatus", {"cancer": condition("colorectal-cancer", verification=None)}, "I2a true", LE, "true"),
    Row("ICD-10-CM", {"cancer": condition(category("colorectal-cancer"))}, "I2a true", LE, "true"),
    Row("ICD-10-GM", {"cancer": condition(category("colorectal-cancer", 2, ICD10_GM))}, "I2a true", LE, "true"),
    Row("Chinese ICD-10", {"cancer": condition(category("colorectal-cancer", 1, ICD10_CN))}, "I2a true", LE, "true"),
    Row("rectum", {"cancer": condition(coded("colorectal-cancer", "rectum"))}, "I2a true", LE, "true"),
    Row(
        "provisional",
        {"cancer": condition("colorectal-cancer", verification="provisional")},
        "I2a unknown suspected",
        ND,
        "unknown",
    ),
    Row(
        "unconfirmed",
        {"cancer": condition("colorectal-cancer", verification="unconfirmed")},
        "I2a unknown suspected",
        ND,
        "unknown",
    ),
    Row(
        "differential",
        {"cancer": condition("colorectal-cancer", verification="differential")},
        "I2a unknown suspected",
        ND,
        "unknown",
    ),
    Row(
        "refuted",
        {"cancer": condition("colorectal-cancer", verification="refuted")},
        "I2a false presumed",
        NR,
        "false",
    ),
    Row(
        "entered in error",
        {"cancer": condition("colorectal-cancer", None, "entered-in-error")},
        "I2a false presumed",
        NR,
        "false",
    ),
    Row(
        "only a finding that suggests it",
        {"cancer": condition(coded("colorectal-cancer-unclear", "recurrence"))},
        "I2a unknown needs-judgement",
        ND,
        "unknown",
    ),
    Row(
        "coded too generally",
        {"cancer": condition(coded("colorectal-cancer-general", "Neoplasm of colon"))},
        "I2a unknown too-general",
        ND,
        "unknown",
    ),
    Row("words only", {"cancer": condition(OLD_NAME)}, "I2a false presumed", NR, "false"),
    Row("not on record", {"cancer": None}, "I2a false presumed", NR, "false"),
    Row("not on record, not complete", {"cancer": None}, "I2a unknown incomplete", ND, "unknown", "Condition"),
    Row("on record, not complete", {}, "I2a true; I2b true; E1 unknown incomplete", ND, "true", "Condition"),
    Row(
        "family history",
        {
            "cancer": resource(
                "FamilyMemberHistory",
                status="completed",
                patient={"reference": "Patient/golden"},
                relationship={"text": "mother"},
                condition=[{"code": coded("colorectal-cancer")}],
            )
        },
        "I2a false presumed",
        NR,
        "false",
    ),
    Row("the mother's", {"cancer": mothers(condition("colorectal-cancer"))}, "I2a false presumed", NR, "false"),
    Row(
        "the mother's, who is in the Bundle too",
        {
            "cancer": mothers(condition("colorectal-cancer")),
            "mother": {**patient("1930-01-01", "female"), "id": "mother"},
        },
        "I2a false presumed",
        NR,
        "false",
    ),
    Row(
        "says not whose it is",
        {"cancer": condition("colorectal-cancer", subject=None)},
        "I2a unknown incomplete",
        ND,
        "unknown",
    ),
]

METASTASIS = [
    Row("resolved", {"metastasis": condition("liver-metastasis", "resolved")}, "I2b true", LE, "true"),
    Row("ICD-10-GM", {"metastasis": condition(category("liver-metastasis", 0, ICD10_GM))}, "I2b true", LE, "true"),
    Row("Chinese ICD-10", {"metastasis": condition(category("liver-metastasis", 0, ICD10_CN))}, "I2b true", LE, "true"),
    Row(
        "site not in the code, but the liver",
        {"metastasis": condition("metastasis-site-unstated", bodySite=LIVER)},
        "I2b true; E1 false presumed",
        LE,
        "true",
    ),
    Row(
        "site not stated at all",
        {"metastasis": SITE_UNSTATED},
        "I2b unknown too-general; E1 unknown too-general",
        ND,
        "unknown",
    ),
    Row(
        "site not in the code, but the lung",
        {"metastasis": condition("metastasis-site-unstated", bodySite=LUNG)},
        "I2b false presumed; E1 true",
        NR,
        "false",
    ),
    Row(
        "suspected",
        {"metastasis": condition("liver-metastasis", verification="provisional")},
        "I2b unknown suspected",
        ND,
        "unknown",
    ),
    Row(
        "refuted",
        {"metastasis": condition("liver-metastasis", verification="refuted")},
        "I2b false presumed",
        NR,
        "false",
    ),
    Row(
        "only a finding that suggests it",
        {"metastasis": condition(coded("liver-metastasis-unclear", "History"))},
        "I2b unknown needs-judgement",
        ND,
        "unknown",
    ),
    Row(
        "a primary liver cancer is none",
        {"metastasis": condition("liver-primary")},
        "I2b false presumed; E2 unknown conflict",
        NR,
        "false",
    ),
    Row(
        "ICD-10 of primary liver cancer",
        {"metastasis": condition(category("liver-primary"))},
        "I2b false presumed",
        NR,
        "false",
    ),
    Row(
        "ICD-10 chapter without the organ",
        {"metastasis": condition(enumerated("metastasis-site-unstated"))},
        "I2b unknown too-general",
        ND,
        "unknown",
    ),
    Row("not on record", {"metastasis": None}, "I2b false presumed", NR, "false"),
]

OPERATION = [
    Row("ablation", {"resection": procedure("liver-ablation")}, "I2c true; I2d true; I3 true", LE, "true"),
    Row("in the year", {"resection": procedure("liver-resection", "2026")}, "I2c true", ND, "unknown"),
    Row(
        "undated",
        {"resection": procedure("liver-resection", None)},
        "I2c unknown imprecise-date; I2d unknown imprecise-date; I3 unknown imprecise-date",
        ND,
        "unknown",
    ),
    Row(
        "date withheld",
        {"resection": procedure("liver-resection", None, _performedDateTime={"extension": []})},
        "I2c unknown imprecise-date",
        ND,
        "unknown",
    ),
    Row(
        "not on record",
        {"resection": None},
        "I2c unknown no-data; I2d unknown no-data; I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "recorded as not done", {"resection": procedure("liver-resection", status="not-done")}, "I2c false", NO, "false"
    ),
    Row(
        "not done then, done now",
        {"first": procedure("liver-resection", "2026-09-01", "not-done")},
        "I2c true",
        LE,
        "true",
    ),
    Row(
        "planned",
        {"resection": procedure("liver-resection", status="preparation")},
        "I2c unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "in progress",
        {"resection": procedure("liver-resection", status="in-progress")},
        "I2c unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "entered in error",
        {"resection": procedure("liver-resection", status="entered-in-error")},
        "I2c unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "a status that FHIR does not know",
        {"resection": procedure("liver-resection", status="final")},
        "I2c unknown incomplete",
        ND,
        "unknown",
    ),
    Row(
        "the mother's",
        {"resection": mothers(procedure("liver-resection"))},
        "I2c unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "not complete", {"resection": None}, "I2c unknown incomplete; I3 unknown incomplete", ND, "unknown", "Procedure"
    ),
    Row(
        "not done, not complete",
        {"resection": procedure("liver-resection", status="not-done")},
        "I2c unknown incomplete",
        ND,
        "unknown",
        "Procedure",
    ),
    Row(
        "ablation, organ not in the code, but the liver",
        {"resection": procedure(NEEDS_SITE, bodySite=LIVER)},
        "I2c true; I3 true",
        LE,
        "true",
    ),
    Row(
        "ablation, organ not stated",
        {"resection": procedure(NEEDS_SITE)},
        "I2c unknown too-general",
        ND,
        "unknown",
    ),
    Row(
        "ablation of the lung",
        {"resection": procedure(NEEDS_SITE, bodySite=LUNG)},
        "I2c unknown no-data; I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "bowel resection alone",
        {"resection": procedure("colorectal-resection")},
        "I2c unknown no-data; I2e true; I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row("primary not resected: shown, never decides", {}, "I2e unknown no-data", LE, "true"),
    Row(
        "primary recorded as not resected: shown, never decides",
        {"primary": procedure("colorectal-resection", status="not-done")},
        "I2e false",
        LE,
        "true",
    ),
    Row("a board's evaluation is for a person", {}, "I2f unknown human", LE, "true"),
]

FITNESS = [
    # "ASA < IV and/or ECOG <= 2" is an inclusive or in Kleene logic
    Row("ECOG 2 alone", {"ecog": ecog(2), "asa": None}, "I4 true", LE, "true"),
    Row("ECOG 3 alone", {"ecog": ecog(3), "asa": None}, "I4 unknown no-data", ND, "true"),
    Row("ASA 3 alone", {"ecog": None, "asa": asa(3)}, "I4 true", LE, "true"),
    Row("ASA 4 alone", {"ecog": None, "asa": asa(4)}, "I4 unknown no-data", ND, "true"),
    Row("neither", {"ecog": None, "asa": None}, "I4 unknown no-data", ND, "true"),
    Row("ECOG 3 and ASA 3", {"ecog": ecog(3), "asa": asa(3)}, "I4 true", LE, "true"),
    Row("ECOG 2 and ASA 4", {"ecog": ecog(2), "asa": asa(4)}, "I4 true", LE, "true"),
    Row("ECOG 3 and ASA 4", {"ecog": ecog(3), "asa": asa(4)}, "I4 false", NO, "false"),
    Row("ECOG 90 days old", {"ecog": ecog(2, "2026-08-26"), "asa": None}, "I4 true", LE, "true"),
    Row("ECOG 91 days old", {"ecog": ecog(2, "2026-08-25"), "asa": asa(4)}, "I4 unknown stale", ND, "true"),
    Row("ECOG not dated", {"ecog": ecog(2, None), "asa": asa(4)}, "I4 unknown imprecise-date", ND, "true"),
    Row("ASA does not age", {"ecog": None, "asa": asa(2, "2024-01-01")}, "I4 true", LE, "true"),
    Row(
        "ECOG preliminary", {"ecog": ecog(1, status="preliminary"), "asa": asa(4)}, "I4 unknown preliminary", ND, "true"
    ),
    Row(
        "ECOG 2 and 3 on one day",
        {"ecog": ecog(2), "ecog-again": ecog(3), "asa": asa(4)},
        "I4 unknown conflict",
        ND,
        "true",
    ),
    Row("ECOG 1 and 2 on one day", {"ecog": ecog(1), "ecog-again": ecog(2), "asa": None}, "I4 true", LE, "true"),
    Row(
        "the later ECOG",
        {"ecog": ecog(3, "2026-10-20"), "ecog-again": ecog(2), "asa": None},
        "I4 true",
        LE,
        "true",
    ),
    Row(
        "ECOG by its LOINC answer",
        {"ecog": answered("ecog-status", graded("ecog-grades", 2)), "asa": None},
        "I4 true",
        LE,
        "true",
    ),
    Row(
        "ECOG in Chinese",
        {"ecog": observation("ecog-status", valueString="ECOG评分1分"), "asa": None},
        "I4 true",
        LE,
        "true",
    ),
    Row(
        "ECOG in German",
        {"ecog": observation("ecog-status", valueString="Grad 3"), "asa": asa(4)},
        "I4 false",
        NO,
        "false",
    ),
    Row(
        "ECOG in words that are not listed",
        {"ecog": observation("ecog-status", valueString="about 1 to 2"), "asa": asa(4)},
        "I4 unknown unreadable",
        ND,
        "true",
    ),
    Row(
        "ECOG with a unit that does not fit",
        {"ecog": observation("ecog-status", valueQuantity={"value": 1, "unit": "kg"}), "asa": asa(4)},
        "I4 unknown unit",
        ND,
        "true",
    ),
    Row(
        "ECOG without a value",
        {"ecog": observation("ecog-status", dataAbsentReason={"text": "not asked"}), "asa": None},
        "I4 unknown no-data",
        ND,
        "true",
    ),
    Row(
        "Karnofsky does not decide",
        {"ecog": observation("karnofsky-status", valueInteger=90), "asa": None},
        "I4 unknown no-data",
        ND,
        "true",
    ),
]

CONSENT = [
    Row("nothing on record", {}, "I5 unknown human", LE, "true"),
    Row("to this study", {"consent": consent("NCT05797077")}, "I5 true", LE, "true"),
    Row("to another study", {"consent": consent("NCT05815082")}, "I5 unknown human", LE, "true"),
    Row("withdrawn", {"consent": consent("NCT05797077", "inactive")}, "I5 unknown human", LE, "true"),
    Row(
        "denied",
        {"consent": consent("NCT05797077", provision={"type": "deny"})},
        "I5 unknown human",
        LE,
        "true",
    ),
    Row(
        "by taking part",
        {
            "study": study("NCT05797077"),
            "subject": study_subject("study", "withdrawn", consent={"reference": "Consent/on-paper"}),
        },
        "I5 true",
        LE,
        "true",
    ),
]


@pytest.mark.parametrize("row", AGE + CANCER + METASTASIS + OPERATION + FITNESS + CONSENT, ids=str)
def test_an_inclusion_criterion_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways("NCT05797077", row) == [row.told, row.told]
