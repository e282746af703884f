"""The traps of the sources, a row each, for every trial: NCT05797077, NCT05815082, NCT06609434 and the three others.

A row takes a patient of whom everything is known, changes one thing, and says what the criterion then answers.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from mappings.catalogue import Catalogue, load_catalogue
from mappings.evaluation import Policy
from mappings.fhir import Part, decode, read_record
from mappings.recency import DEFAULT_RECENCY
from mappings.report import report_results
from terminology.valuesets import Vocabulary, load_value_sets
from tests.patients.codes import coded, graded

Json = dict[str, Any]
DAY = dt.date(2026, 11, 24)
SUBJECT = {"reference": "Patient/p"}
RFA, LUNG, SBRT, HCC = "NCT06609434", "CTDNA-LUNG-NODULES", "SBRT-LUNG-NODULES", "NCT06317896"
CRLM, TWIN = "NCT05797077", "NCT05815082"
OPEN = {"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status"}


def patient(sex: str = "male", birth: str = "1960-05-01") -> Json:
    return {"resourceType": "Patient", "id": "p", "gender": sex, "birthDate": birth}


def condition(name: str, onset: str | None = "2026-08-01", verification: str | None = None, **more: Any) -> Json:
    status = {"verificationStatus": {"coding": [{**OPEN, "code": verification}]}} if verification else {}
    when = {"onsetDateTime": onset} if onset else {}
    return {"resourceType": "Condition", "id": name, "subject": SUBJECT, "code": coded(name), **when, **status, **more}


def procedure(name: str, day: str = "2025-01-01", **more: Any) -> Json:
    base = {"resourceType": "Procedure", "id": name, "subject": SUBJECT, "status": "completed", "code": coded(name)}
    return {**base, "performedDateTime": day, **more}


def observation(name: str, id_: str = "", day: str | None = "2026-11-20", **more: Any) -> Json:
    base = {"resourceType": "Observation", "id": id_ or name, "subject": SUBJECT, "status": "final"}
    when = {"effectiveDateTime": day} if day else {}
    return {**base, "code": coded(name), **when, **more}


def value(number: float, unit: str | None) -> Json:
    return {"valueQuantity": {"value": number, **({"unit": unit} if unit else {})}}


def measured(name: str, number: float, unit: str | None, **more: Any) -> Json:
    return observation(name, **value(number, unit), **more)


def answered(name: str, answer: str, **more: Any) -> Json:
    return observation(name, valueCodeableConcept=coded(answer), **more)


def lesion(number: int, size: float, unit: str, organ: str) -> Json:
    site = {"bodySite": coded(organ)}
    return measured("tumour-size-max-dimension", size, unit, id_=f"lesion-{number}", day="2026-11-10", **site)


def high(limit: float) -> Json:
    return {"referenceRange": [{"high": {"value": limit}}]}


def recurrence() -> list[Json]:
    return [
        patient(),
        condition("colorectal-cancer", "2024-01-01"),
        procedure("colorectal-resection", "2024-03-01"),
        procedure("liver-resection", "2025-01-01"),
        condition("liver-metastasis"),
        lesion(1, 30, "mm", "liver-structure"),
        lesion(2, 20, "mm", "liver-structure"),
        measured("platelets", 150, "10*9/L"),
        measured("prothrombin-activity", 90, "%"),
        measured("inr", 1.0, "1", **high(1.2)),
        measured("neutrophils", 3, "10*9/L"),
        measured("haemoglobin", 13, "g/dL"),
        measured("creatinine", 1.0, "mg/dL"),
        measured("body-weight", 70, "kg"),
        measured("bilirubin-total", 1, "mg/dL"),
        measured("albumin", 4, "g/dL"),
    ]


def lung_nodules() -> list[Json]:
    return [
        patient(),
        condition("colorectal-adenocarcinoma", "2024-01-01"),
        condition("lung-metastasis"),
        lesion(1, 9, "mm", "lung-structure"),
        observation("ecog-status", valueInteger=1),
    ]


def after_lung_surgery() -> list[Json]:
    second = condition("lung-cancer", "2026-01-01", id="second-lung-cancer")
    return [patient(), condition("lung-cancer", "2023-01-01"), procedure("lung-resection", "2024-01-01"), second]


def after_hcc_surgery() -> list[Json]:
    margin = answered("residual-tumour-status", "residual-tumour-r0", day="2026-09-10")
    return [patient(), condition("hepatocellular-carcinoma"), procedure("liver-resection", "2026-09-01"), margin]


def after_liver_surgery(result: str = "result-positive") -> list[Json]:
    return [
        patient(),
        condition("colorectal-cancer", "2026-01-10"),
        condition("liver-metastasis", "2026-07-01"),
        procedure("liver-resection", "2026-10-05"),
        answered("residual-tumour-status", "residual-tumour-r0", day="2026-10-08"),
        answered("ctdna-result", result, day="2026-11-02"),
        observation("ecog-status", valueInteger=1),
    ]


def after_liver_surgery_negative() -> list[Json]:
    before = {
        "status": "completed",
        "effectiveDateTime": "2026-08-01",
        "medicationCodeableConcept": coded("systemic-therapy-crc"),
    }
    drug = {"resourceType": "MedicationStatement", "id": "drug", "subject": SUBJECT, **before}
    return [*after_liver_surgery("result-negative"), drug]


def allergy(name: str, **more: Any) -> Json:
    base = {"resourceType": "AllergyIntolerance", "id": name, "patient": SUBJECT, "code": coded(name)}
    return {**base, **more}


def taking_part(status: str = "on-study") -> list[Json]:
    """Return a part taken in another study that is known to give a drug."""
    phase = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/research-study-phase", "code": "phase-2"}]}
    study = {"resourceType": "ResearchStudy", "id": "other", "status": "active", "phase": phase}
    base = {"resourceType": "ResearchSubject", "id": "part", "individual": SUBJECT, "status": status}
    return [{**base, "study": {"reference": "ResearchStudy/other"}}, study]


def resolved(name: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return condition(name, clinicalStatus={"coding": [{"system": system, "code": "resolved"}]})


BASES = {
    CRLM: after_liver_surgery,
    TWIN: after_liver_surgery_negative,
    RFA: recurrence,
    LUNG: lung_nodules,
    SBRT: after_lung_surgery,
    HCC: after_hcc_surgery,
}
BEST = {
    CRLM: "likely-eligible",
    TWIN: "likely-eligible",
    RFA: "likely-eligible",
    LUNG: "needs-data",
    SBRT: "review-only",
    HCC: "review-only",
}


@cache
def catalogue() -> Catalogue:
    vocabulary = Vocabulary(load_value_sets(files("terminology") / "valuesets"))
    return load_catalogue(vocabulary, Policy(recency=DEFAULT_RECENCY))


def told(trial: str, resources: list[Json]) -> Json:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    body = decode(json.dumps(bundle).encode())
    record = read_record([Part(body)], vocabulary=catalogue().vocabulary, today=DAY)
    found: Json = next(t for t in report_results(catalogue().evaluate_all(record))["trials"] if t["trial"] == trial)
    return found


def changed(trial: str, without: str, added: list[Json]) -> list[Json]:
    gone = set(without.split()) | {resource["id"] for resource in added}
    return [r for r in BASES[trial]() if r["id"] not in gone and r["resourceType"] not in gone] + added


@pytest.mark.parametrize("trial", BASES)
def test_of_the_base_patient_everything_is_known(trial: str) -> None:
    found = told(trial, BASES[trial]())
    assert found["status"] == BEST[trial]
    open_ = [c["id"] for c in found["criteria"] if c["truth"] == "unknown" and c["reason"] != "human"]
    assert open_ == {RFA: ["E10"], CRLM: ["I2e"]}.get(trial, [])


Row = tuple[str, str, str, list[Json]]


def bound_to(organ: str) -> Json:
    return {"bodySite": [coded(organ)]}


PLATELETS: list[Row] = [
    ("I12 false", "E6 false", "", [measured("platelets", number, unit)])
    for number, unit in (
        (50, "10*9/L"),
        (50_000, "/mm3"),
        (50, "K/uL"),
        (50, "x10E9/L"),
        (50, "10^9/L"),
        (0.05, "10*12/L"),
    )
]
RECURRENT: list[Row] = [
    *PLATELETS,
    ("I12 true", "E6 false", "", [measured("platelets", 51, "10*9/L")]),
    ("I12 false", "E6 true", "", [measured("platelets", 49, "10*9/L")]),
    ("I12 unknown unit", "E6 unknown unit", "", [measured("platelets", 50, None)]),
    ("I12 unknown no-data", "", "prothrombin-activity", []),
    ("I12 false", "", "", [measured("prothrombin-activity", 50, "%")]),
    ("I12 true", "", "", [measured("prothrombin-activity", 0.51, "1")]),
    ("E5 false", "", "", [measured("inr", 1.7, "{INR}", **high(1.2))]),
    ("E5 true", "", "", [measured("inr", 1.7, None, **high(1.1))]),
    ("E5 unknown no-range", "", "", [measured("inr", 1.7, "1")]),
    ("E6 true", "", "", [measured("neutrophils", 1499, "/mm3")]),
    ("E6 false", "", "", [measured("neutrophils", 1500, "/mm3")]),
    ("E6 true", "", "", [measured("haemoglobin", 99, "g/L")]),
    ("E6 false", "", "", [measured("haemoglobin", 100, "g/L")]),
    ("E6 unknown unit", "", "", [measured("haemoglobin", 7, "mmol/L")]),
    ("E7 true", "", "", [measured("creatinine", 2.5, "mg/dL")]),
    ("E7 true", "", "", [measured("creatinine", 222, "umol/L")]),
    ("E7 false", "", "", [measured("creatinine", 2.4, "mg/dL")]),
    (
        "E7 true",
        "",
        "",
        [patient("female", "1948-01-01"), measured("creatinine", 1.9, "mg/dL"), measured("body-weight", 52, "kg")],
    ),
    (
        "E7 true",
        "",
        "",
        [patient("male", "1956-01-01"), measured("creatinine", 2.4, "mg/dL"), measured("body-weight", 60, "kg")],
    ),
    ("E7 unknown no-data", "", "body-weight", []),
    ("E7 unknown conflict", "", "", [measured("creatinine-clearance", 20, "mL/min")]),
    ("E7 unknown unit", "", "body-weight", [measured("creatinine-clearance", 20, "mL/min/{1.73_m2}")]),
    ("E8 true", "", "", [measured("bilirubin-total", 51.32, "umol/L")]),
    ("E8 false", "", "", [measured("bilirubin-total", 51.31, "umol/L")]),
    ("E8 unknown stale", "", "", [measured("bilirubin-total", 1, "mg/dL", day="2026-10-24")]),
    ("E8 false", "", "", [measured("bilirubin-total", 1, "mg/dL", day="2026-10-25")]),
    ("E9 true", "", "", [measured("albumin", 27.9, "g/L")]),
    ("E9 false", "", "", [measured("albumin", 28, "g/L")]),
    ("E10 false", "", "", [measured("body-temperature", 101, "[degF]", day="2026-11-24")]),
    ("E10 true", "", "", [measured("body-temperature", 101.1, "[degF]", day="2026-11-24")]),
    ("E10 false", "", "", [measured("body-temperature", 38.3, "Cel", day="2026-11-24")]),
    ("E10 unknown ambiguous-source", "", "", [measured("body-temperature", 38.33, "Cel", day="2026-11-24")]),
    ("E10 true", "", "", [measured("body-temperature", 38.34, "Cel", day="2026-11-24")]),
    ("I4 false", "", "", [lesion(1, 5.0, "cm", "liver-structure")]),
    ("I4 true", "", "", [lesion(1, 49, "mm", "liver-structure")]),
    ("I2 false", "I3 false", "lesion-2", []),
    ("I2 unknown no-data", "I4 unknown no-data", "lesion-1 lesion-2", []),
    ("I6 unknown no-data", "", "", [condition("lung-metastasis")]),
    ("I6 true", "", "", [condition("lung-metastasis"), answered("cancer-disease-status", "disease-status-stable")]),
    ("I6 false", "", "", [condition("lung-metastasis"), answered("cancer-disease-status", "disease-status-worsened")]),
    ("E1 true", "", "", [condition("myocardial-infarction", "2026-05-24")]),
    ("E1 unknown human", "", "", [condition("myocardial-infarction", "2026-05-23")]),
    ("E1 unknown imprecise-date", "", "", [condition("stroke", "2026-05")]),
    ("E1 true", "E12 unknown no-data", "", [condition("heart-failure", "2020-01-01")]),
    ("E12 true", "", "", [observation("nyha-class", valueCodeableConcept=graded("nyha-classes", 3))]),
    ("E12 true", "", "", [condition("nyha-class-3-4")]),
    ("E3 true", "", "", [condition("contrast-allergy")]),
    ("E5 unknown no-range", "", "", [measured("inr", 1.7, "1", **high(0))]),
    ("E12 false", "", "", [observation("nyha-class", valueCodeableConcept=graded("nyha-classes", 2))]),
    ("E2 unknown no-data", "", "", [patient("female")]),
    ("E2 false", "", "", [patient("female"), answered("pregnancy-test-serum", "result-negative")]),
    ("E2 true", "", "", [patient("female"), answered("pregnancy-test-serum", "result-positive")]),
    ("E2 unknown no-data", "", "", [patient("female"), answered("pregnancy-test-urine", "result-negative")]),
    ("E4 unknown needs-judgement", "", "", [condition("portal-vein-thrombosis")]),
    ("I1 unknown no-data", "", "colorectal-resection", []),
    ("I11 false", "", "", [patient("male", "2008-11-25")]),
    ("I11 true", "", "", [patient("male", "2008-11-24")]),
]
NODULES: list[Row] = [
    ("I1 true", "", "", [patient("male", "1945-11-25")]),
    ("I1 false", "", "", [patient("male", "1945-11-24")]),
    (
        "I2 unknown no-data",
        "",
        "colorectal-adenocarcinoma",
        [{**condition("colorectal-cancer"), "code": coded("colorectal-cancer", "Malignant")}],
    ),
    ("I3 true", "", "", [condition("lung-metastasis", verification="provisional")]),
    ("I3 unknown suspected", "", "", [condition("lung-metastasis", verification="differential")]),
    ("I3 unknown needs-judgement", "", "lung-metastasis", [condition("pulmonary-nodule")]),
    ("I3 false", "", "", [condition("liver-metastasis")]),
    ("I4 true", "", "", [lesion(1, 20, "mm", "lung-structure")]),
    ("I4 false", "", "", [lesion(1, 2.1, "cm", "lung-structure")]),
    ("I5 unknown no-data", "", "", [lesion(1, 11, "mm", "lung-structure")]),
    ("I5 true", "", "", [lesion(1, 10, "mm", "lung-structure")]),
    ("I5 true", "", "", [lesion(1, 11, "mm", "lung-structure"), procedure("lung-ablation", status="preparation")]),
    ("I6 unknown ambiguous-source", "", "", [observation("ecog-status", valueInteger=0)]),
    ("I6 true", "", "", [observation("ecog-status", valueInteger=2)]),
    ("I6 false", "", "", [observation("ecog-status", valueInteger=3)]),
]
SURGERY: list[Row] = [
    ("D1 false", "", "lung-cancer second-lung-cancer", [condition("lung-metastasis")]),
    ("D2 false", "", "lung-resection", []),
    ("D3 unknown needs-judgement", "", "second-lung-cancer", [condition("pulmonary-nodule", "2026-01-01")]),
    ("D3 unknown no-data", "", "second-lung-cancer", []),
]
LIVER: list[Row] = [
    ("D1 unknown too-general", "", "hepatocellular-carcinoma", [condition("liver-primary-general")]),
    ("D1 false", "", "hepatocellular-carcinoma", [condition("liver-metastasis")]),
    ("D2 false", "", "liver-resection", [procedure("liver-ablation", "2026-09-01")]),
    ("D2 false", "", "liver-resection", [procedure("liver-transplant", "2026-09-01")]),
    ("D2 unknown no-data", "", "liver-resection", []),
    ("D2 true", "", "liver-resection", [procedure("liver-resection", "2026-12-20", status="preparation")]),
    ("D3 false", "", "", [answered("residual-tumour-status", "residual-tumour-r1-r2", day="2026-09-10")]),
    ("D3 unknown no-data", "", "residual-tumour-status", []),
]
EXCLUSIONS: list[Row] = [
    ("E1 unknown needs-judgement", "", "", [resolved("lung-metastasis")]),
    ("E1 true", "", "", [condition("peritoneal-metastasis")]),
    ("E1 unknown too-general", "", "", [condition("node-metastasis-unclear")]),
    ("E2 true", "", "", [resolved("other-malignancy")]),
    ("E2 unknown conflict", "", "", [condition("liver-primary")]),
    ("E3 unknown needs-judgement", "", "", [condition("severe-organ-dysfunction")]),
    ("E3 unknown human", "", "", []),
    ("E3 unknown needs-judgement", "", "", [observation("nyha-class", valueCodeableConcept=graded("nyha-classes", 3))]),
    ("E3 unknown needs-judgement", "", "", [condition("nyha-class-3-4")]),
    ("E3 unknown human", "", "", [observation("nyha-class", valueCodeableConcept=graded("nyha-classes", 2))]),
    ("E2 unknown human", "", "", [condition("colorectal-cancer", "2019-01-01", id="earlier-colorectal-cancer")]),
    ("E1 unknown needs-judgement", "", "", [condition("lung-metastasis", abatementDateTime="2026-09-01")]),
    ("E7 unknown needs-judgement", "", "", [condition("substance-dependence", abatementString="long ago")]),
    ("I2b unknown too-general", "", "liver-metastasis", [condition("liver-malignancy-unspecified")]),
    ("I2b false", "", "liver-metastasis", [condition("hepatocellular-carcinoma")]),
    ("I2b true", "", "liver-metastasis", [condition("metastasis-from-colorectum", **bound_to("liver-structure"))]),
    ("I2b unknown needs-judgement", "", "liver-metastasis", [condition("metastasis-from-colorectum")]),
    ("E4 true", "", "", [condition("trial-drug-allergy-crlm")]),
    (
        "I3 true",
        "",
        "",
        [
            observation(
                "ctdna-result",
                "issued-only",
                day=None,
                issued="2026-09-02T08:00:00Z",
                valueCodeableConcept=coded("result-negative"),
            )
        ],
    ),
    ("I3 true", "", "", [observation("ctdna-result", "no-result", day="2026-11-10", valueString="QNS")]),
    ("I3 false", "", "", [answered("ctdna-result", "result-negative", id_="zone", day="2026-11-25T01:00:00+08:00")]),
    ("E4 true", "", "", [allergy("trial-drug-allergy-crlm")]),
    ("E4 unknown needs-judgement", "", "", [allergy("trial-drug-allergy-crlm", type="intolerance")]),
    ("E4 unknown needs-judgement", "", "", [allergy("platinum-allergy-other")]),
    ("E4 false", "", "", [allergy("no-known-allergy")]),
    ("E5 true", "", "", taking_part("off-study")),
    ("E5 unknown human", "", "", []),
    ("E6 unknown needs-judgement", "", "", [condition("severe-infection")]),
    ("E6 unknown human", "", "", [resolved("severe-infection")]),
    ("E7 true", "", "", [condition("substance-dependence")]),
    ("E7 unknown needs-judgement", "", "", [resolved("substance-dependence")]),
    ("E8 true", "", "", [resolved("severe-mental-illness")]),
    ("E8 unknown needs-judgement", "", "", [condition("mental-illness-unclear")]),
    ("E9 false", "", "", []),
    ("E9 unknown no-data", "", "", [patient("female")]),
    ("E9 true", "", "", [patient("female"), condition("pregnancy")]),
    ("E9 true", "", "", [patient("female"), condition("lactation")]),
    ("E9 false", "", "", [patient("female"), answered("pregnancy-status", "not-pregnant")]),
    ("E10 unknown human", "I2f unknown human", "", []),
    ("I2e unknown no-data", "", "", []),
]
NEGATIVE: list[Row] = [
    ("I1a true", "I1b true", "", []),
    ("I1a false", "", "", [patient("male", "1950-11-24")]),
    ("I1b unknown no-data", "", "drug", []),
    ("I1b true", "", "drug", [procedure("chemotherapy", "2026-08-01")]),
    ("I1b unknown no-data", "", "drug", [procedure("chemotherapy", "2026-11-01")]),
    ("I3 false", "", "", [answered("ctdna-result", "result-positive", day="2026-11-02")]),
    ("E3 unknown needs-judgement", "E6 unknown human", "", [condition("severe-organ-dysfunction")]),
    ("E4 true", "", "", [allergy("trial-drug-allergy-crlm")]),
    ("E5 true", "", "", taking_part()),
    ("E6 unknown needs-judgement", "", "", [condition("severe-infection")]),
    ("E7 unknown human", "E8 unknown human", "", []),
    ("E9 unknown human", "E10 unknown human", "", []),
]
FOR_A_PERSON: list[Row] = [
    ("I7 unknown human", "I8 unknown human", "", []),
    ("I9 unknown human", "I14 unknown human", "", [condition("terminal-illness")]),
    ("I10 unknown human", "I13 unknown human", "", []),
    ("E3 true", "", "", [allergy("contrast-allergy")]),
    ("E3 false", "", "", []),
    ("E11 true", "", "", taking_part()),
    ("E11 unknown human", "E13 unknown human", "", taking_part("off-study")),
]
WILLING: list[Row] = [
    ("I7 unknown human", "I8 unknown human", "", []),
    ("I9 unknown human", "I10 unknown human", "", []),
    (
        "I8 true",
        "",
        "",
        [
            {
                "resourceType": "Specimen",
                "id": "s",
                "subject": SUBJECT,
                "status": "available",
                "type": coded("specimen-tumour"),
            }
        ],
    ),
]
TOLERANCE: list[Row] = [("D4 unknown human", "", "", [])]
TRAPS = [
    pytest.param(trial, row, id=f"{trial} {row[0]} {number}")
    for trial, rows in (
        (CRLM, EXCLUSIONS),
        (TWIN, NEGATIVE),
        (RFA, RECURRENT + FOR_A_PERSON),
        (LUNG, NODULES + WILLING),
        (SBRT, SURGERY + TOLERANCE),
        (HCC, LIVER),
    )
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("trial", "row"), TRAPS)
def test_a_trap(trial: str, row: Row) -> None:
    first, second, without, added = row
    found = {c["id"]: c for c in told(trial, changed(trial, without, added))["criteria"]}
    for expected in filter(None, (first, second)):
        id_, truth, *reason = expected.split()
        got = (found[id_]["truth"], found[id_]["reason"])
        assert got == (truth, reason[0] if reason else None), found[id_]["because"]
