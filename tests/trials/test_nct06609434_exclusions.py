"""NCT06609434, exclusion criteria: every answer each can give, and what silences the trial."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from tests.patients.codes import Json, category, coded, graded
from tests.patients.recurrence import TRIAL, inr, measured, record, told_both_ways, upper_limit
from tests.patients.resources import (
    SUBJECT,
    allergy,
    answered,
    condition,
    observation,
    patient,
    resource,
    specimen,
    study,
    study_subject,
)
from tests.patients.standing import Row, evaluate, trial_of

LE, ND = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value
NO, NR = Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

Changes = dict[str, Json | None]


def fell_ill(concept: str, onset: str | None, **elements: Any) -> Changes:
    """Return the changes that add a diagnosis with this onset."""
    return {"illness": condition(concept, onsetDateTime=onset, **elements)}


SERIOUS_ILLNESS = [
    # six calendar months up to today, both ends included
    Row("nothing on record is for a person", {}, "E1 unknown human", LE),
    Row("nothing on record, not complete", {}, "E1 unknown incomplete", ND, "", "Condition"),
    Row(
        "infarction six calendar months ago to the day", fell_ill("myocardial-infarction", "2026-05-24"), "E1 true", NO
    ),
    Row("infarction a day earlier", fell_ill("myocardial-infarction", "2026-05-23"), "E1 unknown human", LE),
    Row("infarction today", fell_ill("myocardial-infarction", "2026-11-24"), "E1 true", NO),
    Row(
        "infarction within, resolved",
        fell_ill("myocardial-infarction", "2026-06-01", clinical="resolved"),
        "E1 true",
        NO,
    ),
    Row("infarction of the month", fell_ill("myocardial-infarction", "2026-05"), "E1 unknown imprecise-date", ND),
    Row("infarction of the month after", fell_ill("myocardial-infarction", "2026-06"), "E1 true", NO),
    Row("infarction of the year", fell_ill("myocardial-infarction", "2026"), "E1 unknown imprecise-date", ND),
    Row("infarction of last year", fell_ill("myocardial-infarction", "2025"), "E1 unknown human", LE),
    Row("infarction not dated", fell_ill("myocardial-infarction", None), "E1 unknown imprecise-date", ND),
    Row(
        "infarction recorded before the six months",
        fell_ill("myocardial-infarction", None, recordedDate="2026-05-23"),
        "E1 unknown human",
        LE,
    ),
    Row(
        "infarction recorded within them",
        fell_ill("myocardial-infarction", None, recordedDate="2026-05-24"),
        "E1 unknown imprecise-date",
        ND,
    ),
    Row(
        "infarction provisional",
        fell_ill("myocardial-infarction", "2026-06-01", verification="provisional"),
        "E1 unknown suspected",
        ND,
    ),
    Row(
        "infarction refuted",
        fell_ill("myocardial-infarction", "2026-06-01", verification="refuted"),
        "E1 unknown human",
        LE,
    ),
    Row("stroke within", fell_ill("stroke", "2026-05-24"), "E1 true", NO),
    Row("stroke before", fell_ill("stroke", "2026-05-23"), "E1 unknown human", LE),
    Row("arrhythmia within", fell_ill("life-threatening-arrhythmia", "2026-05-24"), "E1 true", NO),
    Row("arrhythmia before", fell_ill("life-threatening-arrhythmia", "2026-05-23"), "E1 unknown human", LE),
    Row("ICD-10-CM", {"illness": condition(category("stroke"), onsetDateTime="2026-08-01")}, "E1 true", NO),
    Row("chronic active heart failure", fell_ill("heart-failure", "2020-01-01"), "E1 true; E12 unknown no-data", NO),
    Row(
        "heart failure of long ago, resolved",
        fell_ill("heart-failure", "2020-01-01", clinical="resolved"),
        "E1 unknown human; E12 false presumed",
        LE,
    ),
    Row(
        "heart failure within, resolved",
        fell_ill("heart-failure", "2026-08-01", clinical="resolved"),
        "E1 true; E12 false presumed",
        NO,
    ),
    Row(
        "heart failure provisional",
        fell_ill("heart-failure", "2020-01-01", verification="provisional"),
        "E1 unknown suspected; E12 unknown no-data",
        ND,
    ),
    Row(
        "the mother's",
        {
            "illness": resource(
                "FamilyMemberHistory",
                status="completed",
                patient=SUBJECT,
                relationship={"text": "mother"},
                condition=[{"code": coded("myocardial-infarction")}],
            )
        },
        "E1 unknown human",
        LE,
    ),
]


def woman(**more: Json | None) -> Changes:
    return {"patient": patient("1976-11-24", "female"), **more}


def serum(answer: str = "result-negative", on: str | None = "2026-11-17", **elements: Any) -> Json:
    """Return a serum pregnancy test."""
    return answered("pregnancy-test-serum", answer, on, **elements)


def pregnancy(answer: str, on: str | None = "2026-11-17", **elements: Any) -> Json:
    """Return a pregnancy status."""
    return answered("pregnancy-status", answer, on, **elements)


PREGNANCY = [
    Row("a man", {}, "E2 false", LE),
    Row("no test", woman(), "E2 unknown no-data", ND),
    Row("serum negative: lactation is presumed absent", woman(test=serum()), "E2 false presumed", LE),
    Row("serum positive", woman(test=serum("result-positive")), "E2 true", NO),
    Row("serum indeterminate", woman(test=serum("result-indeterminate")), "E2 unknown needs-judgement", ND),
    Row("serum preliminary", woman(test=serum(status="preliminary")), "E2 unknown preliminary", ND),
    Row("serum 30 days old", woman(test=serum(on="2026-10-25")), "E2 false presumed", LE),
    Row("serum 31 days old", woman(test=serum(on="2026-10-24")), "E2 unknown stale", ND),
    Row("serum not dated", woman(test=serum(on=None)), "E2 unknown imprecise-date", ND),
    Row(
        "serum in words that are not listed",
        woman(test=observation("pregnancy-test-serum", "2026-11-17", valueString="see letter")),
        "E2 unknown unreadable",
        ND,
    ),
    Row("serum negative and positive at once", woman(a=serum(), b=serum("result-positive")), "E2 unknown conflict", ND),
    Row(
        "serum positive, later negative",
        woman(a=serum("result-positive", "2026-11-01"), b=serum()),
        "E2 false presumed",
        LE,
    ),
    Row(
        "urine negative is not enough",
        woman(test=answered("pregnancy-test-urine", "result-negative")),
        "E2 unknown no-data",
        ND,
    ),
    Row("pregnant by status", woman(status=pregnancy("pregnancy")), "E2 true", NO),
    Row(
        "not pregnant by status: the serum test is for a person to confirm",
        woman(status=pregnancy("not-pregnant")),
        "E2 unknown human",
        LE,
    ),
    Row(
        "a positive test that a later status contradicts",
        woman(test=serum("result-positive", "2026-11-10"), status=pregnancy("not-pregnant", "2026-11-17")),
        "E2 unknown needs-judgement",
        ND,
    ),
    Row(
        "a positive test and a status of one day",
        woman(test=serum("result-positive", "2026-11-17"), status=pregnancy("not-pregnant", "2026-11-17")),
        "E2 unknown conflict",
        ND,
    ),
    Row(
        "a positive test after the status",
        woman(test=serum("result-positive", "2026-11-20"), status=pregnancy("not-pregnant", "2026-11-17")),
        "E2 true",
        NO,
    ),
    Row("a test that is positive by its finding", woman(test=serum("pregnancy-test-positive")), "E2 true", NO),
    Row(
        "a test that is negative by its finding", woman(test=serum("pregnancy-test-negative")), "E2 false presumed", LE
    ),
    Row(
        "a positive test on the problem list",
        woman(state=condition("pregnancy-test-positive"), test=serum()),
        "E2 unknown needs-judgement",
        ND,
    ),
    Row("status unclear", woman(status=pregnancy("pregnancy-unclear")), "E2 unknown needs-judgement", ND),
    Row("pregnant by diagnosis", woman(state=condition("pregnancy"), test=serum()), "E2 true", NO),
    Row("pregnancy over", woman(state=condition("pregnancy", "resolved"), test=serum()), "E2 false presumed", LE),
    Row(
        "pregnancy suspected",
        woman(state=condition("pregnancy", verification="provisional"), test=serum()),
        "E2 unknown suspected",
        ND,
    ),
    Row(
        "pregnancy possible",
        woman(state=condition("pregnancy-unclear"), test=serum()),
        "E2 unknown needs-judgement",
        ND,
    ),
    Row("lactating", woman(state=condition("lactation"), test=serum()), "E2 true", NO),
    Row("lactation over", woman(state=condition("lactation", "resolved"), test=serum()), "E2 false presumed", LE),
    Row(
        "a trouble of lactation",
        woman(state=condition("lactation-unclear"), test=serum()),
        "E2 unknown needs-judgement",
        ND,
    ),
    Row("diagnoses not complete", woman(test=serum()), "E2 unknown incomplete", ND, "", "Condition"),
    Row("results not complete", woman(test=serum()), "E2 unknown incomplete", ND, "", "Observation"),
    Row("sex not recorded, no test", {"patient": patient("1976-11-24", None)}, "E2 unknown no-data", ND),
    Row(
        "sex not recorded, serum negative",
        {"patient": patient("1976-11-24", None), "test": serum()},
        "E2 false presumed",
        LE,
    ),
    Row(
        "sex `other`, serum positive",
        {"patient": patient("1976-11-24", "other"), "test": serum("result-positive")},
        "E2 unknown no-data",
        ND,
    ),
]


def allergic(concept: str, **elements: Any) -> Changes:
    return {"allergy": allergy(concept, **elements)}


CONTRAST = [
    Row("no known allergy", {}, "E3 false", LE),
    Row("nothing on record", {"no-allergy": None}, "E3 false presumed", LE),
    Row("nothing on record, not complete", {"no-allergy": None}, "E3 unknown incomplete", ND, "", "AllergyIntolerance"),
    Row("to contrast media outweighs no known allergy", allergic("contrast-allergy"), "E3 true", NO),
    Row("to gadolinium", {"allergy": allergy(coded("contrast-allergy", "gadolinium"))}, "E3 true", NO),
    Row("unconfirmed", allergic("contrast-allergy", verification="unconfirmed"), "E3 unknown suspected", ND),
    Row("refuted", allergic("contrast-allergy", verification="refuted"), "E3 false", LE),
    Row("an intolerance", allergic("contrast-allergy", type="intolerance"), "E3 unknown needs-judgement", ND),
    Row(
        "to iodine", {"allergy": allergy(coded("contrast-allergy-unclear", "iodine"))}, "E3 unknown needs-judgement", ND
    ),
    Row("to another drug", {**allergic("trial-drug-allergy-crlm"), "no-allergy": None}, "E3 false presumed", LE),
    Row(
        "no known allergy, unconfirmed",
        {"no-allergy": allergy("no-known-allergy", verification="unconfirmed")},
        "E3 unknown suspected",
        ND,
    ),
]


def invasion(answer: str, **elements: Any) -> Changes:
    """Return the changes that add what was said of the veins, of the liver unless `bodySite` says otherwise."""
    return {"invasion": answered("venous-invasion", answer, **{"bodySite": coded("liver-structure"), **elements})}


VEINS = [
    Row("nothing on record is for a person", {}, "E4 unknown human", LE),
    Row("invaded", invasion("result-positive"), "E4 true; I5 false", NO),
    Row("of an organ that is not recorded", invasion("result-positive", bodySite=None), "E4 unknown too-general", ND),
    Row(
        "of the liver by its specimen",
        {
            **invasion("result-positive", bodySite=None, specimen={"reference": "Specimen/s"}),
            "s": specimen("liver-structure"),
        },
        "E4 true; I5 false",
        NO,
    ),
    Row("not invaded, organ not recorded", invasion("result-negative", bodySite=None), "E4 unknown human", LE),
    Row("of the lung", invasion("result-positive", bodySite=coded("lung-structure")), "E4 unknown human", LE),
    Row(
        "of an organ that is not recorded, after that of the liver",
        {**invasion("result-negative"), "again": answered("venous-invasion", "result-positive", "2026-11-20")},
        "E4 unknown too-general; I5 unknown too-general",
        ND,
    ),
    Row("not invaded leaves thrombi to a person", invasion("result-negative"), "E4 unknown human", LE),
    Row("indeterminate", invasion("result-indeterminate"), "E4 unknown needs-judgement", ND),
    Row("preliminary", invasion("result-positive", status="preliminary"), "E4 unknown preliminary", ND),
    Row(
        "in words that are not listed",
        {"invasion": observation("venous-invasion", valueString="?", bodySite=coded("liver-structure"))},
        "E4 unknown unreadable",
        ND,
    ),
    Row(
        "invaded and not invaded at once",
        {
            **invasion("result-positive"),
            "again": answered("venous-invasion", "result-negative", bodySite=coded("liver-structure")),
        },
        "E4 unknown conflict",
        ND,
    ),
    Row(
        "a plain thrombosis of the portal vein",
        fell_ill("portal-vein-thrombosis", None),
        "E4 unknown needs-judgement",
        ND,
    ),
    Row(
        "a plain thrombosis of the hepatic vein",
        {"illness": condition(coded("tumour-thrombus-unclear", "hepatic"))},
        "E4 unknown needs-judgement",
        ND,
    ),
    Row("results not complete", {}, "E4 unknown incomplete", ND, "", "Observation"),
    Row("diagnoses not complete", {}, "E4 unknown incomplete", ND, "", "Condition"),
]

NORMAL, THERAPEUTIC = ({"coding": [{"code": word}]} for word in ("normal", "therapeutic"))


def inr_of(value: float, ranges: list[Json] | None, unit: str | None = "{INR}", **elements: Any) -> Changes:
    return {"inr": inr(value, ranges, unit, **elements)}


TWO_RANGES = [*upper_limit(1.2), *upper_limit(1.1)]

RATIO = [
    # above 1.5 times the upper limit of the result's own reference range: 1.2 makes 1.8, 1.1 makes 1.65
    Row("1.7 of 1.2", inr_of(1.7, upper_limit(1.2)), "E5 false", LE),
    Row("1.7 of 1.1", inr_of(1.7, upper_limit(1.1)), "E5 true", NO),
    Row("1.8 of 1.2", inr_of(1.8, upper_limit(1.2)), "E5 false", LE),
    Row("1.81 of 1.2", inr_of(1.81, upper_limit(1.2)), "E5 true", NO),
    Row("1.65 of 1.1", inr_of(1.65, upper_limit(1.1)), "E5 false", LE),
    Row("no range", inr_of(1.7, None), "E5 unknown no-range", ND),
    Row("a therapeutic range", inr_of(1.7, upper_limit(3.0, type=THERAPEUTIC)), "E5 unknown no-range", ND),
    Row("a range that says normal", inr_of(1.7, upper_limit(1.1, type=NORMAL)), "E5 true", NO),
    Row("two ranges", inr_of(1.7, TWO_RANGES), "E5 unknown no-range", ND),
    Row("a range in words", inr_of(1.7, [{"text": "0.8-1.2"}]), "E5 unknown no-range", ND),
    Row("a range without an upper end", inr_of(1.7, [{"low": {"value": 0.8}}]), "E5 unknown no-range", ND),
    Row("unit 1", inr_of(1.7, upper_limit(1.1), "1"), "E5 true", NO),
    Row("unit INR", inr_of(1.7, upper_limit(1.1), "INR"), "E5 true", NO),
    Row("no unit", inr_of(1.7, upper_limit(1.1), None), "E5 true", NO),
    Row("seconds", inr_of(14, upper_limit(13), "s"), "E5 unknown unit", ND),
    Row("nought", inr_of(0, upper_limit(1.2)), "E5 unknown implausible", ND),
    Row("above 8", inr_of(8, upper_limit(1.2), comparator=">"), "E5 true", NO),
    Row("above 1.8", inr_of(1.8, upper_limit(1.2), comparator=">"), "E5 true", NO),
    Row("at least 1.8", inr_of(1.8, upper_limit(1.2), comparator=">="), "E5 unknown needs-judgement", ND),
    Row("below 1.8", inr_of(1.8, upper_limit(1.2), comparator="<"), "E5 false", LE),
    Row("below 2", inr_of(2, upper_limit(1.2), comparator="<"), "E5 unknown needs-judgement", ND),
    Row("not on record", {"inr": None}, "E5 unknown no-data", ND),
    Row("30 days old", inr_of(1, upper_limit(1.2), on="2026-10-25"), "E5 false", LE),
    Row("31 days old", inr_of(1, upper_limit(1.2), on="2026-10-24"), "E5 unknown stale", ND),
    Row("not dated", inr_of(1, upper_limit(1.2), on=None), "E5 unknown imprecise-date", ND),
    Row("preliminary", inr_of(1, upper_limit(1.2), status="preliminary"), "E5 unknown preliminary", ND),
    Row("in words", {"inr": observation("inr", "2026-11-17", valueString="high")}, "E5 unknown unreadable", ND),
    Row("not complete", {}, "E5 unknown incomplete", ND, "", "Observation"),
    Row(
        "on both sides at one time",
        {**inr_of(1.7, upper_limit(1.1)), "again": inr(1.2, upper_limit(1.1))},
        "E5 unknown conflict",
        ND,
    ),
]


def result(name: str, concept: str, value: float, unit: str | None, **elements: Any) -> Changes:
    """Return the changes that put this result in the place of the base patient's."""
    return {name: measured(concept, value, unit, **elements)}


def neutrophils(value: float, unit: str | None, **elements: Any) -> Changes:
    return result("neutrophils", "neutrophils", value, unit, **elements)


def haemoglobin(value: float, unit: str | None, **elements: Any) -> Changes:
    return result("haemoglobin", "haemoglobin", value, unit, **elements)


BLOOD_COUNT = [
    # what platelets answer stands with I12
    Row("neutrophils 1500", neutrophils(1500, "/mm3"), "E6 false", LE),
    Row("neutrophils 1499", neutrophils(1499, "/mm3"), "E6 true", NO),
    Row("neutrophils 1.5", neutrophils(1.5, "10*9/L"), "E6 false", LE),
    Row("neutrophils 1.49", neutrophils(1.49, "K/uL"), "E6 true", NO),
    Row("neutrophils nought", neutrophils(0, "10*9/L"), "E6 true", NO),
    Row("neutrophils in percent", neutrophils(60, "%"), "E6 unknown unit", ND),
    Row("neutrophils not on record", {"neutrophils": None}, "E6 unknown no-data", ND),
    Row("haemoglobin 10.0 g/dL", haemoglobin(10.0, "g/dL"), "E6 false", LE),
    Row("haemoglobin 9.9 g/dL", haemoglobin(9.9, "g/dL"), "E6 true", NO),
    Row("haemoglobin 100 g/L", haemoglobin(100, "g/L"), "E6 false", LE),
    Row("haemoglobin 99 g/L", haemoglobin(99, "g/L"), "E6 true", NO),
    Row("haemoglobin in moles", haemoglobin(8, "mmol/L"), "E6 unknown unit", ND),
    Row("haemoglobin nought", haemoglobin(0, "g/dL"), "E6 unknown implausible", ND),
    Row("haemoglobin 31 days old", haemoglobin(13, "g/dL", on="2026-10-24"), "E6 unknown stale", ND),
    Row("haemoglobin preliminary", haemoglobin(13, "g/dL", status="preliminary"), "E6 unknown preliminary", ND),
    Row("haemoglobin not dated", haemoglobin(13, "g/dL", on=None), "E6 unknown imprecise-date", ND),
    Row("haemoglobin below 10", haemoglobin(10, "g/dL", comparator="<"), "E6 true", NO),
    Row("haemoglobin at most 10", haemoglobin(10, "g/dL", comparator="<="), "E6 unknown needs-judgement", ND),
    Row(
        "12.8 and 12.9 at one time agree",
        {**haemoglobin(12.8, "g/dL"), "again": measured("haemoglobin", 12.9, "g/dL")},
        "E6 false",
        LE,
    ),
    Row(
        "9.9 and 10.0 at one time do not",
        {**haemoglobin(9.9, "g/dL"), "again": measured("haemoglobin", 10.0, "g/dL")},
        "E6 unknown conflict",
        ND,
    ),
    Row("one low value decides without the others", {**haemoglobin(9, "g/dL"), "neutrophils": None}, "E6 true", NO),
]


def creatinine(value: float, unit: str | None = "mg/dL", **elements: Any) -> Changes:
    return result("creatinine", "creatinine", value, unit, **elements)


def weight(value: float, unit: str | None = "kg", **elements: Any) -> Changes:
    return result("weight", "body-weight", value, unit, **elements)


def clearance(value: float, unit: str | None = "mL/min", **elements: Any) -> Changes:
    return result("clearance", "creatinine-clearance", value, unit, **elements)


def built(birth: str, sex: str | None, kg: float, mg_per_dl: float) -> Changes:
    """Return the changes that give the patient what Cockcroft and Gault ask for."""
    return {"patient": patient(birth, sex), **weight(kg), **creatinine(mg_per_dl)}


NO_WEIGHT: Changes = {"weight": None}
NEGATIVE: Changes = {"test": serum()}

KIDNEYS = [
    Row("creatinine 2.5 mg/dL", creatinine(2.5), "E7 true", NO),
    Row("creatinine 2.49 mg/dL", creatinine(2.49), "E7 false", LE),
    Row("creatinine 221.01 umol/L", creatinine(221.01, "umol/L"), "E7 true", NO),
    Row("creatinine 221.00 umol/L is 2.49995 mg/dL", creatinine(221, "umol/L"), "E7 false", LE),
    Row("creatinine 222 µmol/L", creatinine(222, "µmol/L"), "E7 true", NO),
    Row("creatinine 25 mg/L", creatinine(25, "mg/L"), "E7 true", NO),
    Row("creatinine decides without a weight", {**creatinine(2.5), **NO_WEIGHT}, "E7 true", NO),
    Row("creatinine without a unit", creatinine(1, None), "E7 unknown unit", ND),
    Row("creatinine nought", creatinine(0), "E7 unknown implausible", ND),
    Row("creatinine at least 2.5", creatinine(2.5, comparator=">="), "E7 true", NO),
    Row("creatinine preliminary", creatinine(1, status="preliminary"), "E7 unknown preliminary", ND),
    Row("creatinine 31 days old", creatinine(1, on="2026-10-24"), "E7 unknown stale", ND),
    Row("creatinine not dated", creatinine(1, on=None), "E7 unknown imprecise-date", ND),
    Row("creatinine not on record", {"creatinine": None}, "E7 unknown no-data", ND),
    Row(
        "creatinine 2.5 and 1.0 at one time", {"again": measured("creatinine", 2.5, "mg/dL")}, "E7 unknown conflict", ND
    ),
    Row(
        "creatinine in words",
        {"creatinine": observation("creatinine", "2026-11-17", valueString="high")},
        "E7 unknown unreadable",
        ND,
    ),
    Row("not complete", {}, "E7 unknown incomplete", ND, "", "Observation"),
    # Cockcroft and Gault, at most 25.0 mL/min
    Row("woman of 78, 52 kg, 1.9 mg/dL: 20.0", {**built("1948-01-01", "female", 52, 1.9), **NEGATIVE}, "E7 true", NO),
    Row("man of 70, 60 kg, 2.4 mg/dL: 24.3", built("1956-01-01", "male", 60, 2.4), "E7 true", NO),
    Row("man of 60, 70 kg, 2.4 mg/dL: 32.4", built("1966-01-01", "male", 70, 2.4), "E7 false", LE),
    Row("man of 60, 45 kg, 2.0 mg/dL: 25.0", built("1966-01-01", "male", 45, 2.0), "E7 true", NO),
    Row("man of 60, 45.1 kg, 2.0 mg/dL: 25.06", built("1966-01-01", "male", 45.1, 2.0), "E7 false", LE),
    Row("man of 59 until tomorrow, 45 kg, 2.0 mg/dL: 25.3", built("1966-11-25", "male", 45, 2.0), "E7 false", LE),
    Row("sex not recorded, both factors agree", {**built("1966-01-01", None, 70, 1), **NEGATIVE}, "E7 false", LE),
    Row(
        "sex not recorded, the factor decides",
        {**built("1966-01-01", None, 50, 2), **NEGATIVE},
        "E7 unknown no-data",
        ND,
    ),
    Row("birth year, both ages agree", {"patient": patient("1966")}, "E7 false", LE),
    Row("birth year, the age decides", built("1966", "male", 45, 2.0), "E7 unknown imprecise-date", ND),
    Row("no birth date", {"patient": patient(None)}, "E7 unknown no-data", ND),
    Row("no weight", NO_WEIGHT, "E7 unknown no-data", ND),
    Row("weight 90 days old", weight(70, on="2026-08-26"), "E7 false", LE),
    Row("weight 91 days old", weight(70, on="2026-08-25"), "E7 unknown stale", ND),
    Row("weight without a unit", weight(70, None), "E7 unknown unit", ND),
    Row("weight in pounds", weight(154, "lb"), "E7 false", LE),
    Row("weight nought", weight(0), "E7 unknown implausible", ND),
    Row("weight preliminary", weight(70, status="preliminary"), "E7 unknown preliminary", ND),
    Row("weights of one time, both high enough", {"again": measured("body-weight", 80, "kg")}, "E7 false", LE),
    Row("weights of one time differ", {"again": measured("body-weight", 10, "kg")}, "E7 unknown conflict", ND),
    # reported
    Row("reported 25.0, no weight", {**clearance(25.0), **NO_WEIGHT}, "E7 true", NO),
    Row("reported 25.1, no weight", {**clearance(25.1), **NO_WEIGHT}, "E7 false", LE),
    Row("reported 20, calculated 77.8", clearance(20), "E7 unknown conflict", ND),
    Row("reported 60, calculated 77.8", clearance(60), "E7 false", LE),
    Row("reported 20, calculated 24.3", {**built("1956-01-01", "male", 60, 2.4), **clearance(20)}, "E7 true", NO),
    Row("reported per 1.73 m2, no weight", {**clearance(20, "mL/min/{1.73_m2}"), **NO_WEIGHT}, "E7 unknown unit", ND),
    Row("reported per 1.73 m2, calculated 77.8", clearance(20, "mL/min/{1.73_m2}"), "E7 false", LE),
    Row("reported 31 days ago, no weight", {**clearance(60, on="2026-10-24"), **NO_WEIGHT}, "E7 unknown stale", ND),
    Row(
        "an eGFR is not a creatinine clearance",
        {**result("egfr", "egfr", 20, "mL/min/{1.73_m2}"), **NO_WEIGHT},
        "E7 unknown no-data",
        ND,
    ),
    Row("an eGFR beside a calculated clearance", result("egfr", "egfr", 20, "mL/min/{1.73_m2}"), "E7 false", LE),
    Row("an eGFR in mL/min", {**result("egfr", "egfr", 20, "mL/min"), **NO_WEIGHT}, "E7 unknown no-data", ND),
]


def bilirubin(value: float, unit: str | None = "mg/dL", **elements: Any) -> Changes:
    return result("bilirubin", "bilirubin-total", value, unit, **elements)


DIRECT: Changes = {"direct": measured("bilirubin-direct", 5, "mg/dL")}

BILIRUBIN = [
    Row("3.0 mg/dL", bilirubin(3.0), "E8 false", LE),
    Row("3.01 mg/dL", bilirubin(3.01), "E8 true", NO),
    Row("51.31 umol/L", bilirubin(51.31, "umol/L"), "E8 false", LE),
    Row("51.32 umol/L", bilirubin(51.32, "umol/L"), "E8 true", NO),
    Row("30 mg/L", bilirubin(30, "mg/L"), "E8 false", LE),
    Row("direct 5 mg/dL, total 1 mg/dL", DIRECT, "E8 false", LE),
    Row("direct 5 mg/dL alone", {**DIRECT, "bilirubin": None}, "E8 unknown no-data", ND),
    Row("above 3.0", bilirubin(3.0, comparator=">"), "E8 true", NO),
    Row("at least 3.0", bilirubin(3.0, comparator=">="), "E8 unknown needs-judgement", ND),
    Row("no unit", bilirubin(1, None), "E8 unknown unit", ND),
    Row("negative", bilirubin(-1), "E8 unknown implausible", ND),
    Row("30 days old", bilirubin(1, on="2026-10-25"), "E8 false", LE),
    Row("31 days old", bilirubin(1, on="2026-10-24"), "E8 unknown stale", ND),
    Row("not dated", bilirubin(1, on=None), "E8 unknown imprecise-date", ND),
    Row("preliminary", bilirubin(1, status="preliminary"), "E8 unknown preliminary", ND),
    Row(
        "in words",
        {"bilirubin": observation("bilirubin-total", "2026-11-17", valueString="icteric")},
        "E8 unknown unreadable",
        ND,
    ),
    Row(
        "3 and 4 at one time",
        {**bilirubin(3), "again": measured("bilirubin-total", 4, "mg/dL")},
        "E8 unknown conflict",
        ND,
    ),
    Row("not complete", {}, "E8 unknown incomplete", ND, "", "Observation"),
]


def albumin(value: float, unit: str | None = "g/dL", **elements: Any) -> Changes:
    return result("albumin", "albumin", value, unit, **elements)


ALBUMIN = [
    Row("2.8 g/dL", albumin(2.8), "E9 false", LE),
    Row("2.79 g/dL", albumin(2.79), "E9 true", NO),
    Row("28 g/L", albumin(28, "g/L"), "E9 false", LE),
    Row("27.9 g/L", albumin(27.9, "g/L"), "E9 true", NO),
    Row("424 umol/L is 2.798 g/dL", albumin(424, "umol/L"), "E9 true", NO),
    Row("425 umol/L is 2.805 g/dL", albumin(425, "umol/L"), "E9 false", LE),
    Row("in percent", albumin(60, "%"), "E9 unknown unit", ND),
    Row("no unit", albumin(4, None), "E9 unknown unit", ND),
    Row("below 2.8", albumin(2.8, comparator="<"), "E9 true", NO),
    Row("at most 2.8", albumin(2.8, comparator="<="), "E9 unknown needs-judgement", ND),
    Row("nought", albumin(0), "E9 unknown implausible", ND),
    Row("not on record", {"albumin": None}, "E9 unknown no-data", ND),
    Row("31 days old", albumin(4, on="2026-10-24"), "E9 unknown stale", ND),
    Row("not dated", albumin(4, on=None), "E9 unknown imprecise-date", ND),
    Row("preliminary", albumin(4, status="preliminary"), "E9 unknown preliminary", ND),
    Row("in words", {"albumin": observation("albumin", "2026-11-17", valueString="low")}, "E9 unknown unreadable", ND),
    Row(
        "2.7 and 2.8 at one time",
        {**albumin(2.7), "again": measured("albumin", 2.8, "g/dL")},
        "E9 unknown conflict",
        ND,
    ),
    Row("not complete", {}, "E9 unknown incomplete", ND, "", "Observation"),
]


def temperature(value: float, unit: str | None, on: str | None = "2026-11-24", **elements: Any) -> Changes:
    return result("temperature", "body-temperature", value, unit, on=on, **elements)


TEMPERATURE = [
    # a check before treatment: it decides the status only when TRUE
    Row("not on record", {}, "E10 unknown no-data", LE),
    Row("101 degF", temperature(101, "[degF]"), "E10 false", LE),
    Row("101.1 degF", temperature(101.1, "[degF]"), "E10 true", NO),
    Row("100.95 degF is compared with 101 alone", temperature(100.95, "[degF]"), "E10 false", LE),
    Row("101.1 °F", temperature(101.1, "°F"), "E10 true", NO),
    Row("38.3 Cel", temperature(38.3, "Cel"), "E10 false", LE),
    Row("38.31 Cel", temperature(38.31, "Cel"), "E10 unknown ambiguous-source", LE),
    Row("38.33 °C", temperature(38.33, "°C"), "E10 unknown ambiguous-source", LE),
    Row("38.34 Cel", temperature(38.34, "Cel"), "E10 true", NO),
    Row("38.4 C", temperature(38.4, "C"), "E10 true", NO),
    Row("no unit", temperature(37, None), "E10 unknown unit", LE),
    Row("nought", temperature(0, "[degF]"), "E10 unknown implausible", LE),
    Row("yesterday, by the day", temperature(39, "Cel", "2026-11-23"), "E10 true", NO),
    Row("two days ago", temperature(39, "Cel", "2026-11-22"), "E10 unknown stale", LE),
    Row("not dated", temperature(39, "Cel", None), "E10 unknown imprecise-date", LE),
    Row("preliminary", temperature(39, "Cel", status="preliminary"), "E10 unknown preliminary", LE),
    Row("above 101", temperature(101, "[degF]", comparator=">"), "E10 true", NO),
    Row("at least 101", temperature(101, "[degF]", comparator=">="), "E10 unknown needs-judgement", LE),
    Row(
        "in words",
        {"temperature": observation("body-temperature", "2026-11-24", valueString="warm")},
        "E10 unknown unreadable",
        LE,
    ),
    Row(
        "37 and 39 at one time",
        {**temperature(37, "Cel"), "again": measured("body-temperature", 39, "Cel", "2026-11-24")},
        "E10 unknown conflict",
        LE,
    ),
]


def taking_part(registry_id: str, phase: str | None, status: str = "on-study") -> Changes:
    return {"study": study(registry_id, phase), "part": study_subject("study", status)}


OTHER_STUDIES = [
    Row("none on record is for a person", {}, "E11 unknown human", LE),
    Row("in a drug study", taking_part("NCT05797077", "phase-3"), "E11 true", NO),
    Row("in a study that may give no drug", taking_part("NCT05797077", None), "E11 unknown needs-judgement", ND),
    Row("out of a drug study", taking_part("NCT05797077", "phase-3", "off-study"), "E11 unknown human", LE),
    Row("followed up after a drug study", taking_part("NCT05797077", "phase-3", "follow-up"), "E11 unknown human", LE),
    Row("in this study", taking_part(TRIAL, "phase-3"), "E11 unknown human", LE),
]

FAILING: Changes = {"illness": condition("heart-failure", onsetDateTime="2020-01-01")}


def nyha(class_: int, on: str | None = "2026-11-02", **elements: Any) -> Json:
    """Return the NYHA class by its code."""
    return answered("nyha-class", graded("nyha-classes", class_), on, **elements)


HEART = [
    Row("no heart failure", {}, "E12 false presumed", LE),
    Row("no heart failure, not complete", {}, "E12 unknown no-data", ND, "", "Condition"),
    Row("heart failure without a class", FAILING, "E12 unknown no-data; E1 true", NO),
    Row("class II", {"nyha": nyha(2)}, "E12 false", LE),
    Row("class III", {"nyha": nyha(3)}, "E12 true", NO),
    Row("class IV", {"nyha": nyha(4)}, "E12 true", NO),
    Row("class II of a heart failure", {**FAILING, "nyha": nyha(2)}, "E12 false; E1 true", NO),
    Row("class III in words", {"nyha": observation("nyha-class", valueString="NYHA III")}, "E12 true", NO),
    Row("class II in words", {"nyha": observation("nyha-class", valueString="II")}, "E12 false", LE),
    Row("class III as a number", {"nyha": observation("nyha-class", valueInteger=3)}, "E12 true", NO),
    Row(
        "in words that are not listed",
        {"nyha": observation("nyha-class", valueString="II to III")},
        "E12 unknown unreadable",
        ND,
    ),
    Row("class II, later III", {"nyha": nyha(2, "2026-10-01"), "again": nyha(3)}, "E12 true", NO),
    Row("class II and III at once", {"nyha": nyha(2), "again": nyha(3)}, "E12 unknown conflict", ND),
    Row("class III and IV at once", {"nyha": nyha(3), "again": nyha(4)}, "E12 true", NO),
    Row("class II 90 days old", {"nyha": nyha(2, "2026-08-26")}, "E12 false", LE),
    Row("class II 91 days old", {"nyha": nyha(2, "2026-08-25")}, "E12 unknown stale", ND),
    Row("class II not dated", {"nyha": nyha(2, None)}, "E12 unknown imprecise-date", ND),
    Row("class II preliminary", {"nyha": nyha(2, status="preliminary")}, "E12 unknown preliminary", ND),
    Row("class II, results not complete", {"nyha": nyha(2)}, "E12 unknown incomplete", ND, "", "Observation"),
    Row("the investigator's opinion is for a person", {}, "E13 unknown human", LE),
]

TOGETHER = [
    Row("two fail", {**bilirubin(4), **albumin(2)}, "E8 true; E9 true", NO),
    Row("one fails, one is not known", {**bilirubin(4), "albumin": None}, "E8 true; E9 unknown no-data", NO),
    Row("not relevant, whatever fails", {**bilirubin(4), "resection": None}, "E8 true; D1 false presumed", NR),
]

TABLES = (
    SERIOUS_ILLNESS
    + PREGNANCY
    + CONTRAST
    + VEINS
    + RATIO
    + BLOOD_COUNT
    + KIDNEYS
    + BILIRUBIN
    + ALBUMIN
    + TEMPERATURE
    + OTHER_STUDIES
    + HEART
    + TOGETHER
)


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row.answers.split(' ')[0]}-{row.what}")
def test_a_line_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways(row) == [row.told, row.told]


SILENT: list[tuple[str, Changes, str | None]] = [
    ("not yet recruiting as of 2024 is no silence", {}, None),
    ("deceased", {"patient": patient("1966-11-24", deceasedBoolean=True)}, "deceased"),
    ("deceased on a day", {"patient": patient("1966-11-24", deceasedDateTime="2026-11-20")}, "deceased"),
    ("a candidate", taking_part(TRIAL, None, "candidate"), "enrolled"),
    ("on this study", taking_part(TRIAL, None), "enrolled"),
    ("withdrawn from it", taking_part(TRIAL, None, "withdrawn"), None),
    ("on another study", taking_part("NCT05797077", None), None),
]


@pytest.mark.parametrize(("changes", "silent"), [case[1:] for case in SILENT], ids=[case[0] for case in SILENT])
def test_the_dead_and_the_enrolled_get_no_card(changes: Changes, silent: str | None) -> None:
    assert trial_of(evaluate(record(changes)), TRIAL).silent == silent


def test_every_fail_is_listed_in_the_order_of_the_source() -> None:
    changes = {**albumin(2), **bilirubin(4), **inr_of(3, upper_limit(1.1)), "lesion-2": None}
    verdict = trial_of(evaluate(record(changes)), TRIAL)
    assert [each.criterion.id for each in verdict.fails] == ["I2", "I3", "E5", "E8", "E9"]
