"""The shapes that FHIR data have in the field, one by one: what each says to a criterion, read as a hospital sends it.

The shapes are those of Epic, Cerner and MEDITECH sandboxes, of Synthea, and of German, Taiwanese, Japanese and Chinese
profiles. Codes that decide come from the value sets; codes of other systems are invented.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mappings.evaluation import Policy
from mappings.facts import PatientRecord
from mappings.fhir import Bundle, Part, decode, read_record
from mappings.recency import DEFAULT_RECENCY
from terminology.codings import ICD10_CM, ICD10_CN, ICD10_GM
from terminology.conceptmaps import load_concept_maps
from terminology.valuesets import Vocabulary
from tests.patients.codes import Json, category, coded, graded
from tests.patients.resources import PATIENT_ID, Concept, condition, observation, patient, procedure, report, resource
from tests.patients.standing import TODAY, vocabulary
from tests.spec.tables import answer, bundle, decide

DAY = "2026-11-17"
LOCAL, IMO = "https://hospital.example/labs", "http://e-imo.com/products/problem-it"
LOINC, SNOMED, INTERPRETATION = "loinc", "snomed", "v3-ObservationInterpretation"
ALPHA_ID, ICD_O = "http://fhir.de/CodeSystem/bfarm/alpha-id", "http://terminology.hl7.org/CodeSystem/icd-o-3"
ICD9, HCC = "http://hl7.org/fhir/sid/icd-9-cm", "https://vendor.example/hcc"
JLAC10, FINNISH = "urn:oid:1.2.392.200119.4.504", "urn:oid:1.2.246.537.6.96"

ABOVE_50: Json = {"kind": "measured", "value_set": "platelets", "above": 50, "unit": "10*9/L"}
FIT: Json = {"kind": "measured", "value_set": "ecog-status", "scale": "ecog-grades", "at_most": 2}
HIGH_INR: Json = {"kind": "measured", "value_set": "inr", "above": 1.5, "times_upper_limit": True}
POSITIVE: Json = {
    "kind": "observation",
    "value_set": "ctdna-result",
    "reports": True,
    "answers": {"holds": "result-positive", "fails": "result-negative", "open": "result-indeterminate"},
}
CANCER: Json = {"kind": "condition", "value_set": "colorectal-cancer", "absence": "presume-absent"}
INFARCTION: Json = {**CANCER, "value_set": "myocardial-infarction", "within": "6 months"}
RESECTED: Json = {"kind": "procedure", "value_set": "liver-resection", "dated": True}
GIVEN: Json = {"kind": "medication", "value_set": "systemic-therapy-crc"}
ADULT: Json = {"kind": "age", "at_least": 18, "at_most": 75}


class Case(NamedTuple):
    """A shape in words, the resources that have it, and what the criterion answers."""

    what: str
    found: list[Json]
    expected: str


def shapes(*cases: tuple[str, Json | list[Json], str]) -> pytest.MarkDecorator:
    """Return the mark that runs a test once for every shape."""
    made = [Case(what, found if isinstance(found, list) else [found], expected) for what, found, expected in cases]
    return pytest.mark.parametrize("case", made, ids=[case.what for case in made])


def read(found: list[Json], words: Vocabulary | None = None, who: Json | None = None) -> PatientRecord:
    """Return the record of these resources, each with its place as its id where it has none."""
    numbered = [{"id": f"r{number}", **each} for number, each in enumerate([who or patient(), *found])]
    raw = json.dumps(bundle(numbered)).encode()
    return read_record([Part(decode(raw))], vocabulary=words or vocabulary(), today=TODAY)


def said(statement: Json, record: PatientRecord, words: Vocabulary | None = None) -> str:
    return answer(decide(statement, record, words or vocabulary(), Policy(recency=DEFAULT_RECENCY)))


def both(*concepts: Json) -> Json:
    """Return one CodeableConcept with the codings of several, in this order."""
    return {"coding": [coding for concept in concepts for coding in concept["coding"]]}


def other(system: str, code: str = "X-1", **members: Any) -> Json:
    """Return a concept of another code system, by an invented code."""
    return {"coding": [{"system": system, "code": code, **members}]}


def without(concept: Json, member: str) -> Json:
    return {"coding": [{key: each for key, each in c.items() if key != member} for c in concept["coding"]]}


def with_member(concept: Json, **members: Any) -> Json:
    return {"coding": [{**coding, **members} for coding in concept["coding"]]}


def platelets(value: Any = 150, concept: Concept = "platelets", on: str | None = DAY, **elements: Any) -> Json:
    quantity = value if isinstance(value, dict) else {"value": value, "unit": "10*9/L"}
    return observation(concept, on, **{"valueQuantity": quantity, **elements})


def panel(*parts: Json, **elements: Any) -> Json:
    """Return an Observation of a panel that no criterion asks for, with these components."""
    return observation(other(LOCAL, "CBC"), DAY, component=list(parts), **elements)


def part(value_set: str, **carrier: Any) -> Json:
    return {"code": coded(value_set), **carrier}


def ctdna(**carrier: Any) -> Json:
    return observation("ctdna-result", "2026-11-02", **carrier)


COUNT = {"value": 150, "unit": "10*9/L"}
POS = coded("result-positive", system=INTERPRETATION)


# --- Where the answer stands ---


@shapes(
    ("valueQuantity", platelets(), "true"),
    ("a component, and no value", panel(part("platelets", valueQuantity=COUNT)), "true"),
    (
        "a blood count in one Observation",
        panel(
            part("haemoglobin", valueQuantity={"value": 9, "unit": "g/dL"}),
            part("platelets", valueQuantity={"value": 40, "unit": "10*3/uL"}),
            part("neutrophils", valueQuantity={"value": 3, "unit": "10*3/uL"}),
        ),
        "false",
    ),
    ("a component without a value", panel(part("platelets", dataAbsentReason={"text": "clotted"})), "unknown no-data"),
    ("a component with a range", panel(part("platelets", valueRange={"low": COUNT})), "unknown unreadable"),
    ("a component with samples", panel(part("platelets", valueSampledData={"data": "1 2"})), "unknown no-data"),
    ("a component at or above", panel(part("platelets", valueQuantity={**COUNT, "comparator": ">="})), "true"),
    ("a panel whose members speak", [panel(hasMember=[{"reference": "Observation/r2"}]), platelets()], "true"),
    ("valueString, a number in words", platelets({}, valueString="150"), "unknown unreadable"),
    ("valueString, `Blank`", platelets({}, valueString="Blank"), "unknown no-data"),
    ("valueInteger without a unit", observation("platelets", DAY, valueInteger=150), "unknown unit"),
    ("valueRatio", platelets({}, valueRatio={"numerator": COUNT}), "unknown unreadable"),
    ("valueBoolean", platelets({}, valueBoolean=True), "unknown unreadable"),
    ("valueDateTime", platelets({}, valueDateTime=DAY), "unknown no-data"),
    ("dataAbsentReason", platelets({}, dataAbsentReason=other("urn:x", "masked")), "unknown no-data"),
    ("nothing at all", observation("platelets", DAY), "unknown no-data"),
    ("a number, and a word that says how it is", platelets(interpretation=[{"text": "高"}]), "true"),
    ("a value that is no Quantity", platelets({}, valueQuantity="150"), "unknown unreadable"),
    (
        "a newer one without a value",
        [platelets(on="2026-11-10"), platelets({}, dataAbsentReason={"text": "x"})],
        "true",
    ),
)
def test_where_a_number_stands(case: Case) -> None:
    assert said(ABOVE_50, read(case.found)) == case.expected


@shapes(
    ("valueCodeableConcept", ctdna(valueCodeableConcept=coded("result-positive")), "true"),
    (
        "valueCodeableConcept, local code, listed words",
        ctdna(valueCodeableConcept={**other(LOCAL), "text": "阳性"}),
        "true",
    ),
    ("valueCodeableConcept, words alone", ctdna(valueCodeableConcept={"text": "Not detected"}), "false"),
    (
        "valueCodeableConcept, words against its code",
        ctdna(valueCodeableConcept={**coded("result-negative"), "text": "Detected"}),
        "false",
    ),
    ("valueString", ctdna(valueString="positive"), "true"),
    ("valueString, other words", ctdna(valueString="Partial remission (PR)"), "unknown unreadable"),
    ("interpretation alone", ctdna(interpretation=[POS]), "true"),
    ("interpretation alone, in a component", panel(part("ctdna-result", interpretation=[POS])), "true"),
    ("interpretation in words", ctdna(interpretation=[{"text": "未检出"}]), "false"),
    ("interpretation `(NONE)`", ctdna(interpretation=[{"text": "(NONE)"}]), "unknown unreadable"),
    (
        "interpretation beside a quantity",
        ctdna(valueQuantity={"value": 3, "unit": "{copies}/mL"}, interpretation=[POS]),
        "true",
    ),
    ("a quantity alone", ctdna(valueQuantity={"value": 3, "unit": "{copies}/mL"}), "unknown needs-judgement"),
    (
        "interpretation against the value",
        ctdna(valueCodeableConcept=coded("result-negative"), interpretation=[POS]),
        "unknown conflict",
    ),
    ("interpretation, an object as in STU3", ctdna(interpretation=POS), "unknown unreadable"),
    ("valueBoolean", ctdna(valueBoolean=True), "unknown unreadable"),
    ("conclusionCode of a report", report("ctdna-result", "result-positive"), "true"),
    (
        "a result in a report that contains it",
        resource(
            "DiagnosticReport",
            status="final",
            subject={"reference": f"Patient/{PATIENT_ID}"},
            code=other(LOCAL),
            result=[{"reference": "#in"}],
            contained=[{**ctdna(valueCodeableConcept=coded("result-positive")), "id": "in"}],
        ),
        "true",
    ),
)
def test_where_an_answer_stands(case: Case) -> None:
    assert said(POSITIVE, read(case.found)) == case.expected


@shapes(
    ("valueInteger", observation("ecog-status", DAY, valueInteger=1), "true"),
    ("valueQuantity, {score}", observation("ecog-status", DAY, valueQuantity={"value": 1, "code": "{score}"}), "true"),
    ("valueQuantity, no unit", observation("ecog-status", DAY, valueQuantity={"value": 3}), "false"),
    ("valueCodeableConcept", observation("ecog-status", DAY, valueCodeableConcept=graded("ecog-grades", 1)), "true"),
    ("valueString, class1", observation("ecog-status", DAY, valueString="class1"), "unknown unreadable"),
    (
        "in another observation's code",
        observation(other("http://loinc.example", "score"), DAY, valueInteger=1),
        "unknown no-data",
    ),
)
def test_where_a_score_stands(case: Case) -> None:
    assert said(FIT, read(case.found)) == case.expected


# --- Numbers ---


@shapes(
    (
        "< 60 is not known to be above 50",
        platelets({**COUNT, "value": 60, "comparator": "<"}),
        "unknown needs-judgement",
    ),
    ("< 50", platelets({**COUNT, "value": 50, "comparator": "<"}), "false"),
    ("<= 50", platelets({**COUNT, "value": 50, "comparator": "<="}), "false"),
    ("> 50", platelets({**COUNT, "value": 50, "comparator": ">"}), "true"),
    (">= 50 may be 50", platelets({**COUNT, "value": 50, "comparator": ">="}), "unknown needs-judgement"),
    (">= 51", platelets({**COUNT, "value": 51, "comparator": ">="}), "true"),
    ("a comparator that R4 does not have", platelets({**COUNT, "comparator": "ad"}), "unknown needs-judgement"),
    ("no unit", platelets({"value": 150}), "unknown unit"),
    ("an empty unit", platelets({"value": 150, "unit": ""}), "unknown unit"),
    ("a unit's text alone", platelets({"value": 150, "unit": "10*3/uL"}), "true"),
    ("with the micro sign", platelets({"value": 150, "unit": "10*3/µL"}), "true"),
    ("with the Greek letter", platelets({"value": 150, "unit": "10*3/μL"}), "true"),
    ("a text beside its UCUM code", platelets({"value": 49, "unit": "thou/mcL", "code": "10*3/uL"}), "false"),
    ("the UCUM code goes before the text", platelets({"value": 150, "unit": "g/dL", "code": "10*9/L"}), "true"),
    ("the wrong kind of unit", platelets({"value": 0.7, "unit": "g/dL"}), "unknown unit"),
    ("a unit nobody knows", platelets({"value": 150, "unit": "UU"}), "unknown unit"),
)
def test_a_number_as_it_is_written(case: Case) -> None:
    assert said(ABOVE_50, read(case.found)) == case.expected


def inr(*ranges: Json) -> Json:
    return observation("inr", DAY, valueQuantity={"value": 1.7}, referenceRange=list(ranges))


@shapes(
    ("one upper limit", inr({"high": {"value": 1.1}}), "true"),
    ("two sides", inr({"low": {"value": 0.8}, "high": {"value": 1.2}}), "false"),
    ("of type normal", inr({"high": {"value": 1.2}, "type": other("urn:x", "normal")}), "false"),
    ("a therapeutic range", inr({"high": {"value": 3}, "type": other("urn:x", "therapeutic")}), "unknown no-range"),
    ("text alone", inr({"text": "<=1.1"}), "unknown no-range"),
    ("a lower limit alone", inr({"low": {"value": 0.8}}), "unknown no-range"),
    ("several", inr({"high": {"value": 1.1}}, {"high": {"value": 1.2}}), "unknown no-range"),
    ("none", inr(), "unknown no-range"),
)
def test_a_reference_range_as_it_is_written(case: Case) -> None:
    assert said(HIGH_INR, read(case.found)) == case.expected


@shapes(
    ("corrected", platelets(status="corrected"), "true"),
    ("amended", platelets(status="amended"), "true"),
    ("preliminary", platelets(status="preliminary"), "unknown preliminary"),
    ("cancelled", platelets(status="cancelled"), "unknown no-data"),
    ("unknown", platelets(status="unknown"), "unknown no-data"),
    ("entered-in-error", platelets(status="entered-in-error"), "unknown no-data"),
    ("a status of Procedure", platelets(status="completed"), "unknown unreadable"),
    ("no category, no performer", platelets(), "true"),
    ("no subject", platelets(subject=None), "unknown incomplete"),
)
def test_a_result_counts_by_its_status(case: Case) -> None:
    assert said(ABOVE_50, read(case.found)) == case.expected


# --- Time ---


@shapes(
    ("a day", platelets(on="2026-10-25"), "true"),
    ("a time in UTC", platelets(on="2026-10-25T07:30:00Z"), "true"),
    ("a fraction of a second", platelets(on="2026-10-25T07:30:00.123+00:00"), "true"),
    ("an offset", platelets(on="2026-10-25T07:30:00+08:00"), "true"),
    ("too old", platelets(on="2026-10-24"), "unknown stale"),
    ("a month that is over", platelets(on="2026-10"), "unknown imprecise-date"),
    ("a year", platelets(on="2026"), "unknown imprecise-date"),
    ("last year", platelets(on="2025"), "unknown stale"),
    ("a Period", platelets(on=None, effectivePeriod={"start": "2026-11-01", "end": "2026-11-02"}), "true"),
    ("an instant", platelets(on=None, effectiveInstant="2026-11-17T07:30:00Z"), "true"),
    ("by when it was issued alone", platelets(on=None, issued="2026-11-17T07:30:00Z"), "unknown imprecise-date"),
    ("not at all", platelets(on=None), "unknown imprecise-date"),
    ("not a date of FHIR", platelets(on="17.11.2026"), "unknown unreadable"),
)
def test_a_result_as_it_is_dated(case: Case) -> None:
    assert said(ABOVE_50, read(case.found)) == case.expected


def infarction(**elements: Any) -> Json:
    return condition("myocardial-infarction", **elements)


@shapes(
    ("onsetDateTime", infarction(onsetDateTime="2026-05-24"), "true"),
    ("onsetDateTime, a year", infarction(onsetDateTime="2026"), "unknown imprecise-date"),
    ("onsetDateTime, a year gone", infarction(onsetDateTime="2025"), "false presumed"),
    ("onsetPeriod, open", infarction(onsetPeriod={"start": "2026-01-01"}), "unknown imprecise-date"),
    ("onsetPeriod that is over", infarction(onsetPeriod={"start": "2026-06-01", "end": "2026-06-02"}), "true"),
    ("onsetAge, years ago", infarction(onsetAge={"value": 50, "unit": "years", "code": "a"}), "false presumed"),
    ("onsetAge, this year of life", infarction(onsetAge={"value": 62, "code": "a"}), "unknown imprecise-date"),
    ("onsetAge in years by text", infarction(onsetAge={"value": 50, "unit": "years"}), "false presumed"),
    ("onsetAge in another unit", infarction(onsetAge={"value": 600, "code": "mo"}), "unknown imprecise-date"),
    ("onsetAge before birth", infarction(onsetAge={"value": -2000, "code": "a"}), "unknown imprecise-date"),
    ("onsetAge beyond any age", infarction(onsetAge={"value": 100_000, "code": "a"}), "unknown imprecise-date"),
    (
        "onsetAge that fills memory",
        infarction(onsetAge={"value": "1e999999999", "code": "a"}),
        "unknown imprecise-date",
    ),
    ("onsetAge that is no number", infarction(onsetAge={"value": "NaN", "code": "a"}), "unknown imprecise-date"),
    ("onsetString", infarction(onsetString="last summer"), "unknown imprecise-date"),
    ("no onset", infarction(), "unknown imprecise-date"),
    ("no onset, recorded before", infarction(recordedDate="2026-05-23"), "false presumed"),
    ("no onset, recorded within", infarction(recordedDate="2026-06-01"), "unknown imprecise-date"),
)
def test_an_onset_as_it_is_dated(case: Case) -> None:
    assert said(INFARCTION, read(case.found)) == case.expected


def test_an_age_of_onset_without_a_birth_date_dates_nothing() -> None:
    found = [infarction(onsetAge={"value": 50, "code": "a"})]
    assert said(INFARCTION, read(found, who=patient(None))) == "unknown imprecise-date"


@shapes(
    ("performedDateTime", procedure("liver-resection", "2026"), "true"),
    ("performedPeriod", procedure("liver-resection", None, performedPeriod={"start": "2026-10-05"}), "true"),
    ("performedString", procedure("liver-resection", None, performedString="autumn"), "unknown imprecise-date"),
    ("no date", procedure("liver-resection", None), "unknown imprecise-date"),
    (
        "a date that is withheld",
        procedure("liver-resection", None, _performedDateTime={"extension": [{"url": "x", "valueCode": "unknown"}]}),
        "unknown imprecise-date",
    ),
    ("a text of rubbish beside the code", procedure({**coded("liver-resection"), "text": "&^%&^% UIIU"}), "true"),
    ("status `final`", procedure("liver-resection", status="final"), "unknown incomplete"),
)
def test_a_procedure_as_it_is_written(case: Case) -> None:
    assert said(RESECTED, read(case.found)) == case.expected


# --- Codes ---


def lab(*concepts: Json) -> Json:
    return platelets(concept=both(*concepts))


PLATELETS, PRIMARY = coded("platelets", system=LOINC), coded("colorectal-cancer", "Malignant", SNOMED)


@shapes(
    ("LOINC, then a local code", lab(PLATELETS, other(LOCAL)), "true"),
    ("a local code that the user chose, then LOINC", lab(other(LOCAL, userSelected=True), PLATELETS), "true"),
    ("a national code beside LOINC", lab(other(FINNISH, "1"), PLATELETS), "true"),
    ("a coding without a system beside LOINC", lab({"coding": [{"code": "PLT"}]}, PLATELETS), "true"),
    ("no display", lab(without(PLATELETS, "display")), "true"),
    ("no system", lab(without(PLATELETS, "system")), "unknown no-data"),
    ("no code", lab(without(PLATELETS, "code")), "unknown no-data"),
    ("a version of the code system", lab(with_member(PLATELETS, version="2.77")), "true"),
    ("an extension on the coding", lab(with_member(PLATELETS, extension=[{"url": "x", "valueCode": "L"}])), "true"),
    ("a display that says something else", lab(with_member(PLATELETS, display="Haemoglobin")), "true"),
    ("a local code alone", lab(other(LOCAL, "PLT", display="Platelets")), "unknown no-data"),
    ("a local code and JLAC10", lab(other(LOCAL, "PLT"), other(JLAC10)), "unknown no-data"),
    ("text alone", platelets(concept={"text": "Platelets"}), "unknown no-data"),
    ("the code under another system", lab(with_member(PLATELETS, system=LOCAL)), "unknown no-data"),
    ("no code at all", resource("Observation", status="final", valueQuantity=COUNT), "unknown incomplete"),
)
def test_a_result_is_found_by_any_of_its_codings(case: Case) -> None:
    assert said(ABOVE_50, read(case.found)) == case.expected


def diagnosed(*concepts: Json, **elements: Any) -> Json:
    return condition({**both(*concepts), **elements.pop("code", {})}, **elements)


@shapes(
    ("IMO, then SNOMED CT", diagnosed(other(IMO, "1"), PRIMARY), "true"),
    ("ICD-10-CM, ICD-9, HCC", diagnosed(other(ICD9), other(HCC), category("colorectal-cancer")), "true"),
    ("ICD-10-GM, Alpha-ID", diagnosed(category("colorectal-cancer", 0, ICD10_GM), other(ALPHA_ID)), "true"),
    ("Alpha-ID, ICD-10-GM", diagnosed(other(ALPHA_ID), category("colorectal-cancer", 0, ICD10_GM)), "true"),
    ("ICD-O beside SNOMED CT", diagnosed(other(ICD_O), PRIMARY), "true"),
    (
        "the Chinese ICD-10, a Chinese display",
        diagnosed(with_member(category("colorectal-cancer", 0, ICD10_CN), display="结肠恶性肿瘤")),
        "true",
    ),
    ("an ICD-10-CM category", diagnosed(category("colorectal-cancer")), "true"),
    ("IMO alone", diagnosed(other(IMO, "1", display="Colon cancer")), "false presumed"),
    ("ICD-O alone", diagnosed(other(ICD_O)), "false presumed"),
    ("Alpha-ID alone", diagnosed(other(ALPHA_ID)), "false presumed"),
    (
        "text alone, with the stage in it",
        condition({"text": "Colon cancer, greater than 0.1 cm, stage IV"}),
        "false presumed",
    ),
    ("Japanese text alone", condition({"text": "KRAS野生型結腸・直腸癌"}), "false presumed"),
    ("a display alone", diagnosed(other(LOCAL, display="Carcinoma of colon")), "false presumed"),
    (
        "a code under an edition nobody publishes",
        diagnosed(category("colorectal-cancer", 0, "http://hl7.org/fhir/sid/icd-10-xx")),
        "false presumed",
    ),
)
def test_a_diagnosis_is_found_by_any_of_its_codings(case: Case) -> None:
    assert said(CANCER, read(case.found)) == case.expected


def status(*codes: str) -> Json:
    return {"coding": [{"code": code} for code in codes]}


@shapes(
    ("no verificationStatus", condition("colorectal-cancer", verification=None), "true"),
    ("no clinicalStatus", condition("colorectal-cancer", None), "true"),
    (
        "confirmed, and a registry's code",
        condition("colorectal-cancer", verificationStatus=status("confirmed", "7")),
        "true",
    ),
    ("a registry's code alone", condition("colorectal-cancer", verificationStatus=status("7")), "unknown suspected"),
    ("entered in error, no clinicalStatus", condition("colorectal-cancer", None, "entered-in-error"), "false presumed"),
    ("differential", condition("colorectal-cancer", verification="differential"), "unknown suspected"),
    ("status in words", condition("colorectal-cancer", verificationStatus={"text": "Refuted"}), "false presumed"),
    ("status a string, as in STU3", condition("colorectal-cancer", clinicalStatus="active"), "unknown incomplete"),
    ("category an object, as in STU3", condition("colorectal-cancer", category={"text": "diagnosis"}), "true"),
    (
        "a patient, as in STU3",
        condition("colorectal-cancer", subject=None, patient={"reference": f"Patient/{PATIENT_ID}"}),
        "true",
    ),
    ("abatementString", condition("colorectal-cancer", abatementString="gone"), "true"),
    ("no category", condition("colorectal-cancer"), "true"),
    ("a category of the problem list", condition("colorectal-cancer", category=[other(LOCAL)]), "true"),
    ("in a Claim alone", resource("Claim", diagnosis=[{"diagnosisCodeableConcept": PRIMARY}]), "false presumed"),
)
def test_a_diagnosis_as_it_is_written(case: Case) -> None:
    assert said(CANCER, read(case.found)) == case.expected


# --- The patient ---


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"birthDate": "1964-03-12"}, "true"),
        ({"birthDate": "1964-03"}, "true"),
        ({"birthDate": "1964"}, "true"),
        ({"birthDate": "1950"}, "unknown imprecise-date"),
        ({"birthDate": None}, "unknown no-data"),
        ({"birthDate": None, "_birthDate": {"extension": [{"url": "x", "valueCode": "unknown"}]}}, "unknown no-data"),
        ({"birthDate": "1964-03-12", "_birthDate": {"extension": [{"url": "x", "valueDateTime": "1964"}]}}, "true"),
        ({"birthDate": "12.3.1964"}, "unknown no-data"),
        ({"gender": None}, "true"),
        ({"gender": "other"}, "true"),
        ({"gender": "M"}, "true"),
        ({"name": [{"text": "王大明"}]}, "true"),
    ],
    ids=str,
)
def test_a_patient_as_it_is_written(elements: dict[str, Any], expected: str) -> None:
    assert said(ADULT, read([], who={**patient(), **elements})) == expected


@pytest.mark.parametrize(
    ("elements", "deceased"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2026"}, True),
    ],
    ids=str,
)
def test_a_death_as_it_is_written(elements: dict[str, Any], deceased: bool) -> None:
    assert read([], who=patient(**elements)).deceased is deceased


# --- References ---

URN = "urn:uuid:5f0c2a4e-0000-4000-8000-000000000001"
BASE = "https://ehr.example/fhir/R4"
CARD: Json = {"system": "urn:oid:2.16.156.10011.1.3", "value": "X-1"}
OTHER_CARD: Json = {**CARD, "value": "X-2"}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": f"Patient/{PATIENT_ID}"}, "true"),
        ({"reference": f"Patient/{PATIENT_ID}/_history/3"}, "true"),
        ({"reference": f"{BASE}/Patient/{PATIENT_ID}"}, "true"),
        ({"reference": f"{BASE}/Patient/{PATIENT_ID}/_history/3"}, "true"),
        ({"reference": URN}, "true"),
        ({"identifier": CARD}, "true"),
        ({"reference": f"Patient/{PATIENT_ID}", "display": "王大明"}, "true"),
        ({"reference": "Patient/someone-else"}, "false presumed"),
        ({"reference": "Group/all"}, "false presumed"),
        ({"identifier": OTHER_CARD}, "false presumed"),
        ({"display": "王大明"}, "unknown incomplete"),
        ({}, "unknown incomplete"),
        (f"Patient/{PATIENT_ID}", "unknown incomplete"),
    ],
    ids=str,
)
def test_whose_a_resource_is_in_every_form_of_reference(subject: Any, expected: str) -> None:
    who = {"fullUrl": URN, "resource": patient(identifier=[CARD])}
    what = {"resource": {"id": "c", **condition("colorectal-cancer", subject=subject)}}
    made = {"resourceType": "Bundle", "type": "transaction", "entry": [who, what]}
    record = read_record([Part(decode(json.dumps(made).encode()))], vocabulary=vocabulary(), today=TODAY)
    assert said(CANCER, record) == expected


DRUG = resource("Medication", code=coded("systemic-therapy-crc"))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("#drug", "true"),
        ("Medication/m", "true"),
        (f"{BASE}/Medication/m", "true"),
        ("Medication/m/_history/1", "true"),
        (URN, "true"),
        ("Medication/gone", "unknown no-data"),
        ("#gone", "unknown no-data"),
    ],
)
def test_what_a_resource_refers_to_in_every_form_of_reference(reference: str, expected: str) -> None:
    given = resource(
        "MedicationAdministration",
        status="completed",
        subject={"reference": f"Patient/{PATIENT_ID}"},
        medicationReference={"reference": reference},
        contained=[{"id": "drug", **DRUG}],
    )
    drug: Json = {"fullUrl": URN, "resource": {"id": "m", **DRUG}}
    entries = [{"resource": patient()}, {"resource": {"id": "a", **given}}, drug]
    raw = json.dumps({"resourceType": "Bundle", "type": "document", "entry": entries}).encode()
    record = read_record([Part(decode(raw))], vocabulary=vocabulary(), today=TODAY)
    assert said(GIVEN, record) == expected


# --- Bundles ---

OUTCOME: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]}
BUNDLES = [
    "transaction",
    "collection",
    "searchset",
    "document",
    "batch",
    "batch-response",
    "transaction-response",
    "history",
    "message",
    None,
]


def sent(type_: str | None, *entries: Json, **members: Any) -> str:
    """Return what the criterion of a platelet count says of a Bundle of this type."""
    made = {"resourceType": "Bundle", "type": type_, "entry": [{"resource": patient()}, *entries], **members}
    raw = json.dumps({key: value for key, value in made.items() if value is not None}).encode()
    return said(ABOVE_50, read_record([Part(decode(raw))], vocabulary=vocabulary(), today=TODAY))


SUBSETTED = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]}
"""How a server marks a resource of which it sent a part (`_summary`, `_elements`)."""


def later_result() -> Json:
    """Return a later platelet count than the one beside it."""
    return {"resourceType": "Observation", **platelets(on="2026-11-18")}


@pytest.mark.parametrize("type_", BUNDLES, ids=str)
def test_a_bundle_of_any_type_and_of_none(type_: str | None) -> None:
    assert sent(type_, {"resource": platelets()}) == "true"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"response": {"status": "201"}}, "true"),
        ({"response": {"status": "403 Forbidden"}}, "unknown incomplete"),
        ({"response": {"status": 201}}, "unknown incomplete"),
        ({"response": {"status": "500"}, "resource": None}, "unknown incomplete"),
        (
            {
                "resource": {
                    "resourceType": "Observation",
                    **platelets({"value": 40, "unit": "10*9/L"}, on="2026-11-18"),
                }
            },
            "false",
        ),
        ({"fullUrl": URN}, "unknown incomplete"),
        ({"fullUrl": URN, "search": {"mode": "match"}}, "unknown incomplete"),
        ({"fullUrl": URN, "resource": OUTCOME, "search": {"mode": "outcome"}}, "true"),
        ({"resource": {**OUTCOME, "issue": []}}, "true"),
        ({"resource": {**OUTCOME, "issue": [{"severity": "warning", "code": "suppressed"}]}}, "unknown incomplete"),
        ({"resource": {**OUTCOME, "issue": [{"severity": "error", "code": "forbidden"}]}}, "unknown incomplete"),
        ({"resource": {"resourceType": "Practitioner", "id": "p"}, "search": {"mode": "include"}}, "true"),
        ({"resource": {"resourceType": "Claim"}, "request": {"method": "POST", "url": "Claim"}}, "true"),
        ({"resource": {**later_result(), "meta": SUBSETTED}}, "unknown incomplete"),
        ({"resource": {**later_result(), "meta": {"tag": [{"code": "reviewed", "display": "not SUBSETTED"}]}}}, "true"),
        ({"resource": {**later_result(), "meta": {"tag": "SUBSETTED"}}}, "unknown incomplete"),
    ],
    ids=str,
)
def test_an_entry_beside_the_results(entry: Json, expected: str) -> None:
    assert sent("searchset", {"resource": platelets()}, entry) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "true"),
        ({"total": 1}, "true"),
        ({"total": 2}, "true"),
        ({"total": 3}, "unknown incomplete"),
        ({"total": 3, "link": [{"relation": "self", "url": f"{BASE}/Observation"}]}, "unknown incomplete"),
        ({"link": [{"relation": "self", "url": f"{BASE}/Observation"}]}, "true"),
        ({"link": [{"relation": "next", "url": f"{BASE}/Observation?-pageContext=1"}]}, "unknown incomplete"),
    ],
    ids=str,
)
def test_a_searchset_is_complete_when_no_page_follows_and_all_that_were_found_came(
    members: Json, expected: str
) -> None:
    assert sent("searchset", {"resource": platelets()}, **members) == expected


def test_a_part_of_a_batch_that_failed_may_have_held_anything() -> None:
    failed = {"response": {"status": "403 Forbidden", "outcome": OUTCOME}}
    assert sent("batch-response", {"resource": platelets(), "response": {"status": "200 OK"}}) == "true"
    assert sent("batch-response", {"resource": platelets()}, failed) == "unknown incomplete"
    assert (
        sent("batch-response", {"resource": platelets()}, failed, {"resource": {"resourceType": 7}})
        == "unknown incomplete"
    )


def test_a_bundle_that_only_counts_its_results_is_not_empty() -> None:
    counted = Part(Bundle(type="searchset", total=12), frozenset({"Observation"}))
    record = read_record([Part(decode(json.dumps(patient()).encode())), counted], vocabulary=vocabulary(), today=TODAY)
    assert record.incomplete["Observation"] == "fewer came than were found"


# --- A site's own maps ---


def mapped(folder: Path, source: str, local: str, target: Json, equivalence: str = "equivalent") -> Vocabulary:
    """Return the package's vocabulary with a site's ConceptMap from one local code to one standard code."""
    standard = target["coding"][0]
    said_of = [{"code": standard["code"], "equivalence": equivalence}]
    group = {"source": source, "target": standard["system"], "element": [{"code": local, "target": said_of}]}
    (folder / "site.json").write_text(json.dumps({"resourceType": "ConceptMap", "group": [group]}), encoding="utf-8")
    return Vocabulary(vocabulary().value_sets, load_concept_maps(folder))


@pytest.mark.parametrize("system", [LOCAL, JLAC10, FINNISH])
def test_a_mapped_local_result_counts_and_another_local_code_does_not(tmp_path: Path, system: str) -> None:
    words = mapped(tmp_path, system, "PLT", PLATELETS)
    own, not_own = [lab(other(system, "PLT"))], [lab(other(system, "RBC"))]
    assert said(ABOVE_50, read(own)) == "unknown no-data"
    assert said(ABOVE_50, read(own, words), words) == "true"
    assert said(ABOVE_50, read(not_own, words), words) == "unknown no-data"


def test_a_mapped_component_counts(tmp_path: Path) -> None:
    words = mapped(tmp_path, LOCAL, "PLT", PLATELETS)
    found = [panel({"code": other(LOCAL, "PLT"), "valueQuantity": {"value": 40, "unit": "10*9/L"}})]
    assert said(ABOVE_50, read(found, words), words) == "false"


def test_a_mapped_answer_counts(tmp_path: Path) -> None:
    words = mapped(tmp_path, LOCAL, "yes", POS)
    found = [ctdna(valueCodeableConcept=other(LOCAL, "yes"))]
    assert said(POSITIVE, read(found)) == "unknown unreadable"
    assert said(POSITIVE, read(found, words), words) == "true"


@pytest.mark.parametrize(
    "target", [PRIMARY, category("colorectal-cancer", 0, ICD10_CM)], ids=["SNOMED CT", "ICD-10-CM"]
)
def test_a_mapped_diagnosis_counts(tmp_path: Path, target: Json) -> None:
    words = mapped(tmp_path, IMO, "1", target)
    found = [diagnosed(other(IMO, "1"))]
    assert said(CANCER, read(found)) == "false presumed"
    assert said(CANCER, read(found, words), words) == "true"


def test_a_map_to_a_broader_code_counts_and_to_a_narrower_one_does_not(tmp_path: Path) -> None:
    found = [diagnosed(other(IMO, "1"))]
    for equivalence, expected in (("wider", "true"), ("narrower", "false presumed")):
        words = mapped(tmp_path, IMO, "1", PRIMARY, equivalence)
        assert said(CANCER, read(found, words), words) == expected


# --- What a hospital's systems say in their own ways ---

THOUSANDS = {"value": 150, "unit": "10*9/L"}


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (THOUSANDS, "true"),
        ({**THOUSANDS, "system": "http://unitsofmeasure.org", "code": "10*9/L"}, "true"),
        ({**THOUSANDS, "system": "urn:oid:2.16.840.1.113883.6.8", "code": "10*9/L"}, "true"),
        ({**THOUSANDS, "system": "urn:example:units", "code": "THOUS"}, "true"),
        ({**THOUSANDS, "system": "https://unitsofmeasure.org", "code": "10*9/L", "unit": "tausend"}, "true"),
        ({**THOUSANDS, "code": "THOUS"}, "unknown unit"),
        ({"value": 150, "system": "urn:example:units", "code": "10*9/L"}, "true"),
        ({"value": 150, "system": "urn:example:units", "code": "THOUS"}, "unknown unit"),
    ],
    ids=str,
)
def test_a_units_code_counts_by_its_system(quantity: Json, expected: str) -> None:
    assert said(ABOVE_50, read([platelets(quantity)])) == expected


MARGIN_STATUS = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-residualstatus"


@pytest.mark.parametrize(
    ("outcome", "status", "expected"),
    [("R0", "completed", "true"), ("R1", "completed", "false"), ("R0", "in-progress", "unknown no-data")],
)
def test_the_outcome_of_an_operation_may_be_its_margin(outcome: str, status: str, expected: str) -> None:
    said_of = {"coding": [{"system": MARGIN_STATUS, "code": outcome}]}
    operation = procedure("liver-resection", DAY, status, outcome=said_of)
    earlier = procedure("liver-resection", "2026-01-01")
    margin = {
        "kind": "observation",
        "value_set": "residual-tumour-status",
        "self_stating": True,
        "of": {
            "event": {"name": "operation", "value_set": "liver-resection"},
            "site": "liver-structure",
            "days": 60,
        },
        "answers": {"holds": "residual-tumour-r0", "fails": "residual-tumour-r1-r2"},
    }
    assert said(margin, read([operation, earlier])) == expected


@pytest.mark.parametrize(
    ("element", "noted"),
    [
        ({"text": "Breast cancer"}, True),
        ({"coding": [{"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "1"}]}, True),
        ({"coding": [{"code": "1", "display": "Breast cancer"}]}, True),
        ({"coding": [{"system": "http://snomed.info/sct", "code": "1"}], "text": "Something else"}, False),
    ],
    ids=str,
)
def test_what_is_there_in_words_alone_is_noted(element: Json, noted: bool) -> None:
    made = resource("Condition", subject={"reference": f"Patient/{PATIENT_ID}"}, code=element)
    allergic = resource("AllergyIntolerance", patient={"reference": f"Patient/{PATIENT_ID}"}, code=element)
    notes = [note.what for note in read([made, allergic]).notes]
    whose = "without a code that can be compared (in words, or in code systems not known here)"
    what = f"1 AllergyIntolerance and 1 Condition {whose}."
    assert notes == ([what] if noted else [])


def test_a_code_without_a_name_is_shown_by_ours() -> None:
    bare = without(coded("ecog-status"), "display")
    finding = decide(FIT, read([observation(bare, DAY, valueInteger=1)]), vocabulary())
    assert "performance status" in finding.because
