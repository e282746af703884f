"""NCT06609434, what is derived from its description and its inclusion criteria: every answer each can give."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from tests.patients.codes import Json, category, coded
from tests.patients.recurrence import TRIAL, lesion, measured, quantity, record, told_both_ways
from tests.patients.resources import (
    answered,
    condition,
    consent,
    observation,
    patient,
    procedure,
    study,
    study_subject,
)
from tests.patients.standing import Row, answer, evaluate, trial_of

LE, ND = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value
NO, NR = Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

LIVER, LUNG = [coded("liver-structure")], [coded("lung-structure")]
NO_LESIONS: dict[str, Json | None] = {"lesion-1": None, "lesion-2": None}
RESECTED = "2025-01-15"
EXCISION = coded("metastasis-excision-site-needed")
RADIOFREQUENCY = coded("tumour-procedure-site-needed", "Radiofrequency")

BASE_ANSWERS = {
    "D1": "true",
    "I1": "true",
    "I2": "true",
    "I3": "unknown human",
    "I4": "true",
    "I5": "unknown human",
    "I6": "true presumed",
    "I7": "unknown human",
    "I8": "unknown human",
    "I9": "unknown human",
    "I10": "unknown human",
    "I11": "true",
    "I12": "true",
    "I13": "unknown human",
    "I14": "unknown human",
    "E1": "unknown human",
    "E2": "false",
    "E3": "false",
    "E4": "unknown human",
    "E5": "false",
    "E6": "false",
    "E7": "false",
    "E8": "false",
    "E9": "false",
    "E10": "unknown no-data",
    "E11": "unknown human",
    "E12": "false presumed",
    "E13": "unknown human",
}


def test_of_the_base_patient_every_criterion_is_answered() -> None:
    verdict = trial_of(evaluate(record({})), TRIAL)
    assert verdict.status.value == LE
    assert {each.criterion.id: answer(each.finding) for each in verdict.verdicts} == BASE_ANSWERS


def found_on(day: str | None, **elements: Any) -> Json:
    """Return the liver metastasis with this onset."""
    return condition("liver-metastasis", onsetDateTime=day, **elements)


def alone(metastasis: Json | None) -> dict[str, Json | None]:
    """Return the changes that leave a diagnosis as the only trace of a recurrence."""
    return {**NO_LESIONS, "metastasis": metastasis}


RECURRENCE = [
    # a completed liver resection, and a liver metastasis or a measured lesion dated after it
    Row("metastasis and lesions after it", {}, "D1 true", LE),
    Row("lesions alone", {"metastasis": None}, "D1 true", LE),
    Row("metastasis alone", NO_LESIONS, "D1 true; I2 unknown no-data; I4 unknown no-data", ND),
    Row("ICD-10-CM", {"metastasis": {**found_on("2026-08-01"), "code": category("liver-metastasis")}}, "D1 true", LE),
    Row("metastasis before it, lesions after it", {"metastasis": found_on("2024-09-01")}, "D1 true", LE),
    Row("metastasis before it alone", alone(found_on("2024-09-01")), "D1 false presumed", NR),
    Row("metastasis of the day after", alone(found_on("2025-01-16")), "D1 true", ND),
    Row("metastasis of the same day", alone(found_on("2025-01-15")), "D1 unknown imprecise-date", ND),
    Row("metastasis of the same month", alone(found_on("2025-01")), "D1 unknown imprecise-date", ND),
    Row("metastasis without a date", alone(found_on(None)), "D1 unknown imprecise-date", ND),
    Row("metastasis recorded before it", alone(found_on(None, recordedDate="2024-09-02")), "D1 false presumed", NR),
    Row("metastasis resolved", alone(found_on("2026-08-01", clinical="resolved")), "D1 false presumed", NR),
    Row(
        "metastasis provisional", alone(found_on("2026-08-01", verification="provisional")), "D1 unknown suspected", ND
    ),
    Row("metastasis refuted", alone(found_on("2026-08-01", verification="refuted")), "D1 false presumed", NR),
    Row(
        "metastasis, organ not stated",
        alone(condition("metastasis-site-unstated", onsetDateTime="2026-08-01")),
        "D1 unknown too-general",
        ND,
    ),
    Row(
        "metastasis, organ beside the code",
        alone(condition("metastasis-site-unstated", onsetDateTime="2026-08-01", bodySite=LIVER)),
        "D1 true",
        ND,
    ),
    Row("nothing after it", alone(None), "D1 false presumed", NR),
    Row("nothing after it, not complete", alone(None), "D1 unknown incomplete", ND, "", "Condition"),
    Row(
        "lesions before it",
        {"metastasis": None, "lesion-1": lesion(30, on="2025-01-10"), "lesion-2": lesion(20, on="2025-01-10")},
        "D1 false presumed",
        NR,
    ),
    Row("liver not resected", {"resection": None}, "D1 false presumed", NR),
    Row("not resected, not complete", {"resection": None}, "D1 unknown incomplete", ND, "", "Procedure"),
    Row("resection planned", {"resection": procedure("liver-resection", None, "preparation")}, "D1 false presumed", NR),
    Row("liver resection not done", {"resection": procedure("liver-resection", RESECTED, "not-done")}, "D1 false", NR),
    Row("resection without a date", {"resection": procedure("liver-resection", None)}, "D1 unknown imprecise-date", ND),
    Row("ablation is no resection", {"resection": procedure("liver-ablation", RESECTED)}, "D1 false presumed", NR),
    Row(
        "excision of a metastasis of the liver, organ beside the code",
        {"resection": procedure(EXCISION, RESECTED, bodySite=LIVER)},
        "D1 true",
        LE,
    ),
    Row("excision, organ not stated", {"resection": procedure(EXCISION, RESECTED)}, "D1 unknown too-general", ND),
    Row("excision in the lung", {"resection": procedure(EXCISION, RESECTED, bodySite=LUNG)}, "D1 false presumed", NR),
    Row(
        "radiofrequency ablation of the liver, organ beside the code, is no resection",
        {"resection": procedure(RADIOFREQUENCY, RESECTED, bodySite=LIVER)},
        "D1 false presumed",
        NR,
    ),
]


def status_of(answer_: str, on: str | None = "2026-11-02", about: str | None = "cancer", **elements: Any) -> Json:
    """Return a disease status of one of the patient's conditions, or of none that it names."""
    focus = [{"reference": f"Condition/{about}"}] if about else None
    return answered("cancer-disease-status", answer_, on, focus=focus, **elements)


def unresected(status: Json | None = None) -> dict[str, Json | None]:
    """Return the changes that say the primary tumour was not resected, with its disease status."""
    return {"primary": procedure("colorectal-resection", status="not-done"), "status": status}


STABLE, WORSENED = "disease-status-stable", "disease-status-worsened"

PRIMARY = [
    Row("resected", {}, "I1 true", LE),
    Row("resected, later worse", {"status": status_of(WORSENED)}, "I1 true", LE),
    # a primary whose resection is not on record may have been resected elsewhere, whatever its status is
    Row("neither resected nor controlled on record", {"primary": None}, "I1 unknown no-data", ND),
    Row(
        "resection not on record, worsened", {"primary": None, "status": status_of(WORSENED)}, "I1 unknown no-data", ND
    ),
    Row("resection not on record, stable", {"primary": None, "status": status_of(STABLE)}, "I1 true", LE),
    Row("resection not done", unresected(), "I1 unknown no-data", ND),
    Row(
        "resection planned",
        {"primary": procedure("colorectal-resection", None, "preparation")},
        "I1 unknown no-data",
        ND,
    ),
    Row("not resected, not complete", {"primary": None}, "I1 unknown incomplete", ND, "", "Procedure"),
    Row("stable", unresected(status_of(STABLE)), "I1 true", LE),
    Row("improved", unresected(status_of("disease-status-improved")), "I1 true", LE),
    Row("worsened", unresected(status_of(WORSENED)), "I1 false", NO),
    Row("undetermined", unresected(status_of("disease-status-undetermined")), "I1 unknown needs-judgement", ND),
    Row("stable, preliminary", unresected(status_of(STABLE, status="preliminary")), "I1 unknown preliminary", ND),
    Row("stable 90 days ago", unresected(status_of(STABLE, "2026-08-26")), "I1 true", LE),
    Row("stable 91 days ago", unresected(status_of(STABLE, "2026-08-25")), "I1 unknown stale", ND),
    Row("stable, not dated", unresected(status_of(STABLE, None)), "I1 unknown imprecise-date", ND),
    Row("of another condition", unresected(status_of(STABLE, about="metastasis")), "I1 unknown no-data", ND),
    Row(
        "in words that are not listed",
        unresected(observation("cancer-disease-status", valueString="seems all right")),
        "I1 unknown unreadable",
        ND,
    ),
    Row(
        "stable and worsened on one day",
        {**unresected(status_of(STABLE)), "status-again": status_of(WORSENED)},
        "I1 unknown conflict",
        ND,
    ),
    Row(
        "worsened, then stable",
        {**unresected(status_of(WORSENED, "2026-10-01")), "status-again": status_of(STABLE)},
        "I1 true",
        LE,
    ),
    Row("no colorectal cancer on record", {"cancer": None}, "I1 false presumed", NR),
    Row("no colorectal cancer, not complete", {"cancer": None}, "I1 unknown incomplete", ND, "", "Condition"),
    Row("cancer resolved", {"cancer": condition("colorectal-cancer", "resolved")}, "I1 true", LE),
    Row(
        "cancer provisional",
        {"cancer": condition("colorectal-cancer", verification="provisional")},
        "I1 unknown suspected",
        ND,
    ),
    Row("cancer coded too generally", {"cancer": condition("colorectal-cancer-general")}, "I1 unknown too-general", ND),
    Row(
        "only a finding that suggests it",
        {"cancer": condition(coded("colorectal-cancer-unclear", "recurrence"))},
        "I1 unknown needs-judgement",
        ND,
    ),
]


def counted(number: float, on: str | None = "2026-11-10", **elements: Any) -> dict[str, Json | None]:
    """Return the changes that leave a number of lesions instead of their sizes."""
    return {
        **NO_LESIONS,
        "count": measured("lesion-count", number, None, on, bodySite=coded("liver-structure"), **elements),
    }


def both(*sizes: Json | None) -> dict[str, Json | None]:
    """Return the changes that put these lesions in the place of the two."""
    return {**NO_LESIONS, **{f"lesion-{number}": each for number, each in enumerate(sizes, 1)}}


NUMBER = [
    Row("two", {}, "I2 true; I3 unknown human", LE),
    Row("one", {"lesion-2": None}, "I2 false; I3 false", NO),
    Row("three", {"lesion-3": lesion(8)}, "I2 true; I3 unknown human", LE),
    Row("none measured", NO_LESIONS, "I2 unknown no-data; I3 unknown no-data", ND),
    Row("one in the liver, one in the lung", {"lesion-2": lesion(20, organ="lung-structure")}, "I2 false", NO),
    Row("only in the lung", both(lesion(9, organ="lung-structure")), "I2 unknown no-data", ND),
    Row("organ not recorded", both(lesion(30, bodySite=None), lesion(20, bodySite=None)), "I2 unknown too-general", ND),
    Row("two given as a number", counted(2), "I2 true; I3 unknown human; I4 unknown no-data", ND),
    Row("one given as a number", counted(1), "I2 false; I3 false", NO),
    Row("at least two", counted(2, comparator=">="), "I2 true", ND),
    Row("fewer than two", counted(2, comparator="<"), "I2 false", NO),
    Row("more than nought", counted(0, comparator=">"), "I2 unknown needs-judgement", ND),
    Row(
        "the number with a unit that does not fit",
        counted(2, valueQuantity=quantity(2, "mm")),
        "I2 unknown unit",
        ND,
    ),
    Row("the number preliminary", counted(2, status="preliminary"), "I2 unknown preliminary", ND),
    Row("the number 90 days old", counted(2, "2026-08-26"), "I2 true", ND),
    Row("the number 91 days old", counted(2, "2026-08-25"), "I2 unknown stale", ND),
    Row("imaging 90 days old", both(lesion(30, on="2026-08-26"), lesion(20, on="2026-08-26")), "I2 true; I4 true", LE),
    Row(
        "imaging 91 days old",
        both(lesion(30, on="2026-08-25"), lesion(20, on="2026-08-25")),
        "I2 unknown stale; I3 unknown stale; I4 unknown stale",
        ND,
    ),
    Row("imaging not dated", both(lesion(30, on=None)), "I2 unknown imprecise-date; I4 unknown imprecise-date", ND),
    Row("imaging of the year", both(lesion(30, on="2026"), lesion(9, on="2026")), "I2 unknown imprecise-date", ND),
    Row(
        "not complete", {}, "I2 unknown incomplete; I3 unknown incomplete; I4 unknown incomplete", ND, "", "Observation"
    ),
    Row("one of two preliminary", {"lesion-2": lesion(20, status="preliminary")}, "I2 unknown preliminary", ND),
    Row("two and a preliminary one", {"lesion-3": lesion(20, status="preliminary")}, "I2 true", ND),
    Row("one entered in error", {"lesion-2": lesion(20, status="entered-in-error")}, "I2 false", NO),
    Row("one not measured again within 90 days", {"lesion-2": lesion(20, on="2026-10-01")}, "I2 false", NO),
]

GONE = "2026-09-20"


def followed(id_: str, size: float, on: str) -> Json:
    """Return a lesion that is known by name, so that it is the same one on the next imaging."""
    return lesion(size, on=on, focus=[{"reference": f"BodyStructure/{id_}"}])


SIZE = [
    # the largest diameter, strictly below 5 cm
    Row("49 mm", {"lesion-1": lesion(49)}, "I4 true", LE),
    Row("50 mm", {"lesion-1": lesion(50)}, "I4 false", NO),
    Row("49.9 mm", {"lesion-1": lesion(49.9)}, "I4 true", LE),
    Row("5.0 cm", {"lesion-1": lesion(5.0, "cm")}, "I4 false", NO),
    Row("4.9 cm", {"lesion-1": lesion(4.9, "cm")}, "I4 true", LE),
    Row("4.99 cm", {"lesion-1": lesion(4.99, "cm")}, "I4 true", LE),
    Row("1.9 in", {"lesion-1": lesion(1.9, "[in_i]")}, "I4 true", LE),
    Row("2 in", {"lesion-1": lesion(2, "[in_i]")}, "I4 false", NO),
    Row("the second is the larger", {"lesion-2": lesion(51)}, "I4 false", NO),
    Row("30 and 25 mm are not 55", {"lesion-2": lesion(25)}, "I4 true", LE),
    Row(
        "a sum of diameters is not a diameter",
        {"sum": measured({"text": "Sum of diameters"}, 98, "mm", bodySite=coded("liver-structure"))},
        "I4 true",
        LE,
    ),
    Row("80 mm in the lung", {"lesion-3": lesion(80, organ="lung-structure")}, "I4 true", LE),
    Row("no unit", {"lesion-1": lesion(30, None)}, "I4 unknown unit", ND),
    Row("a weight", {"lesion-1": lesion(30, "g")}, "I4 unknown unit", ND),
    Row("no unit, but the other is 50 mm", {"lesion-1": lesion(30, None), "lesion-2": lesion(50)}, "I4 false", NO),
    Row("nought", {"lesion-1": lesion(0)}, "I4 unknown implausible", ND),
    Row("negative", {"lesion-1": lesion(-3)}, "I4 unknown implausible", ND),
    Row("preliminary", {"lesion-1": lesion(30, status="preliminary")}, "I4 unknown preliminary", ND),
    Row("in words", {"lesion-1": lesion(30, valueQuantity=None, valueString="small")}, "I4 unknown unreadable", ND),
    Row("below 10 mm", {"lesion-1": lesion(10, comparator="<")}, "I4 true", LE),
    Row("below 50 mm", {"lesion-1": lesion(50, comparator="<")}, "I4 true", LE),
    Row("below 60 mm", {"lesion-1": lesion(60, comparator="<")}, "I4 unknown needs-judgement", ND),
    Row("above 50 mm", {"lesion-1": lesion(50, comparator=">")}, "I4 false", NO),
    Row("above 40 mm", {"lesion-1": lesion(40, comparator=">")}, "I4 unknown needs-judgement", ND),
    Row("none measured", NO_LESIONS, "I4 unknown no-data", ND),
    Row(
        "a lesion of 55 mm not measured again keeps its size",
        both(followed("a", 55, GONE), followed("b", 20, GONE), followed("b", 22, "2026-11-10")),
        "I4 false; I2 true",
        NO,
    ),
    Row(
        "the lesion of 55 mm measured again",
        both(followed("a", 55, GONE), followed("b", 20, GONE), followed("a", 45, "2026-11-10")),
        "I4 true; I2 true",
        LE,
    ),
    Row(
        "not recorded which was measured again",
        both(lesion(55, on=GONE), lesion(20, on=GONE), lesion(22)),
        "I4 unknown needs-judgement",
        ND,
    ),
    Row(
        "a set of 90 days before keeps its lesions",
        both(followed("a", 55, "2026-08-12"), followed("b", 20, "2026-08-12"), followed("b", 22, "2026-11-10")),
        "I4 false; I2 true",
        NO,
    ),
    Row(
        "a set of 91 days before does not",
        both(followed("a", 55, "2026-08-11"), followed("b", 20, "2026-08-11"), followed("b", 22, "2026-11-10")),
        "I4 true; I2 false",
        NO,
    ),
    Row(
        "in a component",
        {
            "lesion-1": observation(
                "tumour-size",
                "2026-11-10",
                bodySite=coded("liver-structure"),
                component=[{"code": coded("tumour-size-max-dimension"), "valueQuantity": quantity(50, "mm")}],
            )
        },
        "I4 false; I2 true",
        NO,
    ),
]


def invasion(answer_: str, on: str = "2026-11-02", **elements: Any) -> dict[str, Json | None]:
    """Return the changes that add what imaging or pathology said of the large veins of the liver."""
    return {"invasion": answered("venous-invasion", answer_, on, bodySite=coded("liver-structure"), **elements)}


INVASION = [
    Row("nothing on record is for a person", {}, "I5 unknown human", LE),
    Row("of a large vein", invasion("result-positive"), "I5 false; E4 true", NO),
    Row("of no large vein leaves the organs to a person", invasion("result-negative"), "I5 unknown human", LE),
    Row("indeterminate", invasion("result-indeterminate"), "I5 unknown needs-judgement", ND),
    Row("preliminary", invasion("result-positive", status="preliminary"), "I5 unknown preliminary", ND),
    Row("not complete", {}, "I5 unknown incomplete", ND, "", "Observation"),
]


def elsewhere(onset: str | None = "2026-09-15", concept: str = "lung-metastasis", **elements: Any) -> Json:
    """Return a metastasis outside the liver."""
    return condition(concept, onsetDateTime=onset, **elements)


def spread(status: Json | None = None, metastasis: Json | None = None) -> dict[str, Json | None]:
    """Return the changes that add a metastasis of the lung, and its disease status."""
    return {"spread": metastasis or elsewhere(), "status": status}


def spread_status(answer_: str, on: str | None = "2026-11-02", **elements: Any) -> Json:
    return status_of(answer_, on, "spread", **elements)


NONE_OR_STABLE = [
    Row("none", {}, "I6 true presumed", LE),
    Row("none, while the disease worsened", {"status": status_of(WORSENED, about=None)}, "I6 true presumed", LE),
    Row("none, not complete", {}, "I6 unknown incomplete", ND, "", "Condition"),
    Row("present, no status", spread(), "I6 unknown no-data", ND),
    Row("present and stable", spread(spread_status(STABLE)), "I6 true", LE),
    Row("present and worse", spread(spread_status(WORSENED)), "I6 false", NO),
    Row("present and better", spread(spread_status("disease-status-improved")), "I6 unknown needs-judgement", ND),
    Row("undetermined", spread(spread_status("disease-status-undetermined")), "I6 unknown needs-judgement", ND),
    Row("the status names no condition", spread(status_of(STABLE, about=None)), "I6 true", LE),
    Row("the status is the primary's", spread(status_of(STABLE, about="cancer")), "I6 unknown no-data", ND),
    Row("stable before it was found", spread(spread_status(STABLE, "2026-09-01")), "I6 unknown no-data", ND),
    Row("stable on the day it was found", spread(spread_status(STABLE, "2026-09-15")), "I6 unknown imprecise-date", ND),
    Row("stable the day after", spread(spread_status(STABLE, "2026-09-16")), "I6 true", LE),
    Row("found at no known time", spread(spread_status(STABLE), elsewhere(None)), "I6 unknown imprecise-date", ND),
    Row(
        "found when it was recorded, at the latest",
        spread(spread_status(STABLE), elsewhere(None, recordedDate="2026-10-01")),
        "I6 true",
        LE,
    ),
    Row(
        "stable 91 days ago",
        spread(spread_status(STABLE, "2026-08-25"), elsewhere("2026-08-01")),
        "I6 unknown stale",
        ND,
    ),
    Row("stable, preliminary", spread(spread_status(STABLE, status="preliminary")), "I6 unknown preliminary", ND),
    Row(
        "in words that are not listed",
        spread(observation("cancer-disease-status", valueString="no big change")),
        "I6 unknown unreadable",
        ND,
    ),
    Row(
        "stable and worse on one day",
        {**spread(spread_status(STABLE)), "status-again": spread_status(WORSENED)},
        "I6 unknown conflict",
        ND,
    ),
    Row(
        "stable, then worse",
        {**spread(spread_status(STABLE, "2026-10-01")), "status-again": spread_status(WORSENED)},
        "I6 false",
        NO,
    ),
    Row(
        "another one after the status",
        {**spread(spread_status(STABLE)), "bone": elsewhere("2026-11-10", "bone-metastasis")},
        "I6 unknown no-data",
        ND,
    ),
    Row("provisional", spread(None, elsewhere(verification="provisional")), "I6 unknown suspected", ND),
    Row("resolved", spread(None, elsewhere(clinical="resolved")), "I6 unknown needs-judgement", ND),
    Row("refuted", spread(None, elsewhere(verification="refuted")), "I6 true presumed", LE),
    Row("organ not stated", spread(None, elsewhere(concept="metastasis-site-unstated")), "I6 unknown too-general", ND),
    Row(
        "organ not in the code, but the liver",
        spread(None, elsewhere(concept="metastasis-site-unstated", bodySite=LIVER)),
        "I6 true presumed",
        LE,
    ),
    Row(
        "organ not in the code, but the lung",
        spread(None, elsewhere(concept="metastasis-site-unstated", bodySite=LUNG)),
        "I6 unknown no-data",
        ND,
    ),
    Row("a distant node", spread(None, elsewhere(concept="distant-node-metastasis")), "I6 unknown no-data", ND),
    Row(
        "a node of the abdomen",
        spread(None, elsewhere(concept="node-metastasis-unclear")),
        "I6 unknown too-general",
        ND,
    ),
    Row(
        "a finding that suggests it",
        spread(None, elsewhere(concept="metastasis-outside-liver-unclear")),
        "I6 unknown needs-judgement",
        ND,
    ),
]

FOR_A_PERSON = [
    Row("nothing recorded of the re-operation", {}, "I7 unknown human", LE),
    Row("a refusal is shown, never decides", {"refusal": condition("refusal-of-treatment")}, "I7 unknown human", LE),
    Row("sonography", {}, "I8 unknown human", LE),
    Row(
        "terminal illness is shown, never decides",
        {"end": condition("terminal-illness")},
        "I9 unknown human; I14 unknown human",
        LE,
    ),
    Row("willing to return", {}, "I13 unknown human", LE),
    Row("no consent on record", {}, "I10 unknown human", LE),
    Row("consent to this study", {"consent": consent(TRIAL)}, "I10 true", LE),
    Row("consent to another study", {"consent": consent("NCT05797077")}, "I10 unknown human", LE),
    Row("consent withdrawn", {"consent": consent(TRIAL, "inactive")}, "I10 unknown human", LE),
    Row(
        "consent by having taken part",
        {"study": study(TRIAL), "part": study_subject("study", "withdrawn", consent={"reference": "Consent/on-paper"})},
        "I10 true",
        LE,
    ),
]

AGE = [
    Row("18 today", {"patient": patient("2008-11-24")}, "I11 true", LE),
    Row("18 tomorrow", {"patient": patient("2008-11-25")}, "I11 false", NO),
    Row("96: no upper limit", {"patient": patient("1930-01-01")}, "I11 true", LE),
    Row("no birth date", {"patient": patient(None)}, "I11 unknown no-data; E7 unknown no-data", ND),
    Row("birth year, 17 or 18", {"patient": patient("2008")}, "I11 unknown imprecise-date; E7 false", ND),
    Row("birth month, 17 or 18", {"patient": patient("2008-11")}, "I11 unknown imprecise-date", ND),
    Row("birth month, 18", {"patient": patient("2008-10")}, "I11 true", LE),
]


def platelets(value: float, unit: str | None, **elements: Any) -> dict[str, Json | None]:
    return {"platelets": measured("platelets", value, unit, **elements)}


def prothrombin(value: float, unit: str | None, **elements: Any) -> dict[str, Json | None]:
    return {"prothrombin": measured("prothrombin-activity", value, unit, **elements)}


EXACTLY_50 = [
    # neither above 50 nor below 50: the inclusion fails, the exclusion does not
    Row(f"{value} {unit}", platelets(value, unit), "I12 false; E6 false", NO)
    for value, unit in [
        (50000, "/mm3"),
        (50, "10*9/L"),
        (50, "K/uL"),
        (50, "x10E9/L"),
        (50, "10^9/L"),
        (50, "10*3/uL"),
        (50, "Thousand/uL"),
        (50, "G/L"),
        (50, "× 10⁹/L"),
        (50000, "cells/µL"),
        (0.05, "10*12/L"),
    ]
]

COAGULATION = [
    Row("platelets 50.1", platelets(50.1, "10*9/L"), "I12 true; E6 false", LE),
    Row("platelets 50,001", platelets(50001, "/mm3"), "I12 true; E6 false", LE),
    Row("platelets 49,999", platelets(49999, "/mm3"), "I12 false; E6 true", NO),
    Row("platelets 49.9", platelets(49.9, "K/uL"), "I12 false; E6 true", NO),
    Row("platelets without a unit", platelets(150, None), "I12 unknown unit; E6 unknown unit", ND),
    Row("platelets in a unit of mass", platelets(150, "g/L"), "I12 unknown unit; E6 unknown unit", ND),
    Row("platelets nought", platelets(0, "10*9/L"), "I12 unknown implausible; E6 unknown implausible", ND),
    Row("platelets negative", platelets(-1, "10*9/L"), "I12 unknown implausible", ND),
    Row("platelets below 50", platelets(50, "10*9/L", comparator="<"), "I12 false; E6 true", NO),
    Row("platelets at most 50", platelets(50, "10*9/L", comparator="<="), "I12 false; E6 unknown needs-judgement", NO),
    Row("platelets above 50", platelets(50, "10*9/L", comparator=">"), "I12 true; E6 false", LE),
    Row("platelets at least 50", platelets(50, "10*9/L", comparator=">="), "I12 unknown needs-judgement; E6 false", ND),
    Row("platelets below 60", platelets(60, "10*9/L", comparator="<"), "I12 unknown needs-judgement", ND),
    Row("platelets 30 days old", platelets(150, "10*9/L", on="2026-10-25"), "I12 true", LE),
    Row("platelets 31 days old", platelets(150, "10*9/L", on="2026-10-24"), "I12 unknown stale; E6 unknown stale", ND),
    Row("platelets of the month before", platelets(150, "10*9/L", on="2026-10"), "I12 unknown imprecise-date", ND),
    Row("platelets not dated", platelets(150, "10*9/L", on=None), "I12 unknown imprecise-date", ND),
    Row("platelets of tomorrow", platelets(150, "10*9/L", on="2026-11-25"), "I12 unknown no-data", ND),
    Row("platelets preliminary", platelets(150, "10*9/L", status="preliminary"), "I12 unknown preliminary", ND),
    Row("platelets cancelled", platelets(150, "10*9/L", status="cancelled"), "I12 unknown no-data", ND),
    Row("platelets not on record", {"platelets": None}, "I12 unknown no-data; E6 unknown no-data", ND),
    Row("platelets not complete", {}, "I12 unknown incomplete; E6 unknown incomplete", ND, "", "Observation"),
    Row(
        "platelets in words",
        {"platelets": observation("platelets", "2026-11-17", valueString="clumped")},
        "I12 unknown unreadable; E6 unknown unreadable",
        ND,
    ),
    Row(
        "a result that cannot be read",
        {"platelets": observation("platelets", "2026-11-17", valueQuantity={"value": {}})},
        "I12 unknown unreadable; E6 unknown unreadable",
        ND,
    ),
    Row(
        "a newer result without a value",
        {"again": observation("platelets", "2026-11-20", dataAbsentReason={"text": "clotted"})},
        "I12 true",
        LE,
    ),
    Row(
        "50 and 51 of one time",
        {**platelets(50, "10*9/L"), "again": measured("platelets", 51, "10*9/L")},
        "I12 unknown conflict; E6 false",
        ND,
    ),
    Row(
        "120 and 150 of one time agree on the answer",
        {"again": measured("platelets", 120, "10*9/L")},
        "I12 true; E6 false",
        LE,
    ),
    Row("49 after 150", {"again": measured("platelets", 49, "10*9/L", "2026-11-20")}, "I12 false; E6 true", NO),
    Row(
        "51 after 49",
        {**platelets(49, "10*9/L", on="2026-11-10"), "again": measured("platelets", 51, "K/uL")},
        "I12 true",
        LE,
    ),
    Row("activity 50 %", prothrombin(50, "%"), "I12 false", NO),
    Row("activity 50.1 %", prothrombin(50.1, "%"), "I12 true", LE),
    Row("activity 0.5", prothrombin(0.5, "1"), "I12 false", NO),
    Row("activity 0.51", prothrombin(0.51, "1"), "I12 true", LE),
    Row("activity without a unit", prothrombin(90, None), "I12 unknown unit", ND),
    Row("activity in seconds", prothrombin(12, "s"), "I12 unknown unit", ND),
    Row("activity 31 days old", prothrombin(90, "%", on="2026-10-24"), "I12 unknown stale", ND),
    Row("activity preliminary", prothrombin(90, "%", status="preliminary"), "I12 unknown preliminary", ND),
    Row("an INR is not an activity", {"prothrombin": None}, "I12 unknown no-data; E5 false", ND),
    Row("low platelets decide without the activity", {**platelets(40, "10*9/L"), "prothrombin": None}, "I12 false", NO),
]

TABLES = (
    RECURRENCE + PRIMARY + NUMBER + SIZE + INVASION + NONE_OR_STABLE + FOR_A_PERSON + AGE + EXACTLY_50 + COAGULATION
)


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row.answers.split(' ')[0]}-{row.what}")
def test_a_line_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways(row) == [row.told, row.told]
