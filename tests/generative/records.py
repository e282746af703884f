"""Random patients: FHIR JSON as servers send it, with what does not count among what does.

`exact=True` draws only dates known to the day; then nothing is open but what the rules leave open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st

from tests.generative.invented import ELSEWHERE, SYSTEM

Json = dict[str, Any]

TODAY = dt.date(2026, 11, 24)
PATIENT = "p1"
DAYS_AGO = (1, 0, 10, 11, 30, 31, 60, 61, 400, -5)
"""Days before today from which dates are drawn: few, so that they coincide and lie on the edges of windows."""

SUBJECTS = [{"reference": f"Patient/{PATIENT}"}] * 6 + [
    {"reference": f"https://fhir.example.org/r4/Patient/{PATIENT}"},
    {"reference": f"Patient/{PATIENT}/_history/3"},
    {"reference": "Patient/another"},
]


def concept(*codes: str, system: str = SYSTEM, text: str | None = None) -> Json:
    """Return a CodeableConcept; its display says the opposite of nothing, since a display never decides."""
    coding = [{"system": system, "code": code, "display": "a display"} for code in codes]
    return {"coding": coding} if text is None else {"coding": coding, "text": text}


@st.composite
def dates(draw: st.DrawFn, *, exact: bool) -> Json | None:
    """Return a date as {"DateTime": ...} or {"Period": ...}, or None."""
    day = TODAY - dt.timedelta(days=draw(st.sampled_from(DAYS_AGO)))
    forms = ["day", "day", "day", "time"] if exact else ["day", "time", "month", "year", "period", "none"]
    match draw(st.sampled_from(forms)):
        case "day":
            return {"DateTime": day.isoformat()}
        case "time":
            return {"DateTime": f"{day.isoformat()}T{draw(st.sampled_from(['08:00:00', '16:30:00']))}Z"}
        case "month":
            return {"DateTime": day.isoformat()[:7]}
        case "year":
            return {"DateTime": day.isoformat()[:4]}
        case "period":
            end = day + dt.timedelta(days=draw(st.sampled_from([0, 1, 20])))
            return {"Period": {"start": day.isoformat(), "end": min(end, max(day, TODAY)).isoformat()}}
    return None


def _put_date(resource: Json, element: str, date: Json | None) -> None:
    for suffix, value in (date or {}).items():
        resource[element + suffix] = value


@st.composite
def _codes(draw: st.DrawFn, codes: list[str]) -> Json:
    """A concept of one or two codings; sometimes the same words in a system that means nothing."""
    chosen = draw(st.lists(st.sampled_from(codes), min_size=1, max_size=2, unique=True))
    return concept(*chosen, system=draw(st.sampled_from([SYSTEM] * 5 + [ELSEWHERE])))


@st.composite
def conditions(draw: st.DrawFn, *, exact: bool) -> Json:
    resource: Json = {"resourceType": "Condition", "code": draw(_codes(["t1", "t2", "o1", "b1", "u1", "n1", "x9"]))}
    if (status := draw(st.sampled_from([None, None, "active", "recurrence", "resolved", "remission"]))) is not None:
        resource["clinicalStatus"] = concept(status)
    words = [None, None, "confirmed", "confirmed", "unconfirmed", "provisional", "differential", "refuted"]
    if (word := draw(st.sampled_from([*words, "entered-in-error"]))) is not None:
        resource["verificationStatus"] = concept(word)
    if (site := draw(st.sampled_from([None, "liver", "lung"]))) is not None:
        resource["bodySite"] = [concept(site)]
    if draw(st.booleans()):
        _put_date(resource, "onset", draw(dates(exact=exact)))
    if draw(st.booleans()):
        recorded = TODAY - dt.timedelta(days=draw(st.sampled_from(DAYS_AGO)))
        resource["recordedDate"] = recorded.isoformat()
    return resource


PROCEDURE_STATUS = ["completed"] * 8 + ["not-done"] * 3 + ["preparation", "in-progress", "entered-in-error", "unknown"]


@st.composite
def procedures(draw: st.DrawFn, *, exact: bool) -> Json:
    resource: Json = {
        "resourceType": "Procedure",
        "status": draw(st.sampled_from(PROCEDURE_STATUS)),
        "code": draw(_codes(["r1", "r2", "a1", "n2", "b2", "x9"])),
    }
    if (site := draw(st.sampled_from([None, "liver", "lung"]))) is not None:
        resource["bodySite"] = [concept(site)]
    _put_date(resource, "performed", draw(dates(exact=exact)))
    return resource


OBSERVATION_STATUS = ["final"] * 8 + ["amended", "corrected", "preliminary", "registered", "cancelled"]
OBSERVATION_STATUS += ["entered-in-error", "unknown"]


@st.composite
def _observations(draw: st.DrawFn, code: str, *, exact: bool) -> Json:
    resource: Json = {
        "resourceType": "Observation",
        "status": draw(st.sampled_from(OBSERVATION_STATUS)),
        "code": concept(code),
        "issued": "2026-11-23T00:00:00Z",  # never the clinical time
    }
    _put_date(resource, "effective", draw(dates(exact=exact)))
    return resource


@st.composite
def markers(draw: st.DrawFn, *, exact: bool) -> Json:
    """A result that is positive or negative, by code, by word, by interpretation, or by two of them."""
    resource: Json = draw(_observations("m1", exact=exact))
    answers = st.sampled_from(["pos", "neg"] * 3 + ["ind", "x9"])
    match draw(st.sampled_from(["code", "code", "text", "interpretation", "both", "none"])):
        case "code":
            resource["valueCodeableConcept"] = concept(draw(answers))
        case "text":
            words = ["Positive", " negative. ", "阳性", "未检出", "borderline", "see report"]
            resource["valueString"] = draw(st.sampled_from(words))
        case "interpretation":
            resource["interpretation"] = [concept(draw(answers))]
        case "both":
            resource["valueCodeableConcept"] = concept(*draw(st.lists(answers, min_size=1, max_size=2)))
            resource["interpretation"] = [concept(draw(answers))]
        case "none":
            resource["dataAbsentReason"] = concept("not-performed")
    return resource


NUMBERS: dict[str, list[float]] = {
    "p1": [50, 49.9, 50.1, 50000, 0, -1],
    "p2": [50, 49.9, 50.1],
    "c1": [1.5, 1.51, 0.9, 132.6, 132.7, 0],
    "i1": [1.5, 1.49, 1.51, -1],
}
"""Numbers on, just below and just above the limits of the criteria."""
UNITS: dict[str, list[str | None]] = {
    "p1": ["10*9/L", "x10E9/L", "K/uL", "/mm3", "mg/dL", None],
    "p2": ["10^9/L", "10*3/uL"],
    "c1": ["mg/dL", "umol/L", "µmol/L", "K/uL", None],
    "i1": [None, "{INR}", "mg/dL"],
}


@st.composite
def measurements(draw: st.DrawFn, *, exact: bool, codes: Collection[str] = tuple(NUMBERS)) -> Json:
    """A number with a unit, or without one, sometimes with a comparator, sometimes preceded by no value."""
    code = draw(st.sampled_from(sorted(codes)))
    resource: Json = draw(_observations(code, exact=exact))
    quantity: Json = {"value": draw(st.sampled_from(NUMBERS[code]))}
    unit = draw(st.sampled_from(UNITS[code]))
    if unit is not None:
        quantity[draw(st.sampled_from(["unit", "code"]))] = unit
    if draw(st.integers(0, 4)) == 0:
        quantity["comparator"] = draw(st.sampled_from(["<", "<=", ">", ">="]))
    if draw(st.integers(0, 9)):
        resource["valueQuantity"] = quantity
    return resource


@st.composite
def allergies(draw: st.DrawFn, *, exact: bool) -> Json:
    del exact
    resource: Json = {
        "resourceType": "AllergyIntolerance",
        "code": draw(_codes(["d1", "d2", "d3", "b3", "nka", "x9"])),
    }
    words = [None, None, "confirmed", "unconfirmed", "presumed", "refuted", "entered-in-error"]
    if (word := draw(st.sampled_from(words))) is not None:
        resource["verificationStatus"] = concept(word)
    if (status := draw(st.sampled_from([None, "active", "inactive", "resolved"]))) is not None:
        resource["clinicalStatus"] = concept(status)
    if (kind := draw(st.sampled_from([None, "allergy", "intolerance"]))) is not None:
        resource["type"] = kind
    return resource


@st.composite
def patients(draw: st.DrawFn, *, exact: bool) -> Json:
    births = ["1951-11-24", "1951-11-25", "1950-11-24", "1950-11-25", "2008-11-24", "2008-11-25", "1980-06-01"]
    if not exact:
        births += ["1951-11", "1950", "1951", "2008", "2008-11", "1980", ""]
    birth = draw(st.sampled_from(births))
    patient: Json = {"resourceType": "Patient", "id": PATIENT, "gender": draw(st.sampled_from(["female", "male"]))}
    return patient | ({"birthDate": birth} if birth else {})


@st.composite
def resources(draw: st.DrawFn, *, exact: bool) -> list[Json]:
    """Return a patient's resources, the Patient first; each with an id and a subject, some of them twice."""
    some = st.one_of(*(kind(exact=exact) for kind in (conditions, procedures, markers, measurements, allergies)))
    found: list[Json] = draw(st.lists(some, max_size=9))
    for number, resource in enumerate(found):
        owner = "patient" if resource["resourceType"] == "AllergyIntolerance" else "subject"
        resource["id"] = f"r{number}"
        resource[owner] = draw(st.sampled_from(SUBJECTS))
    if twice := draw(st.lists(st.sampled_from(found), max_size=1)) if found else []:
        found += twice
    return [draw(patients(exact=exact)), *found]


TYPES = ("Condition", "Procedure", "Observation", "AllergyIntolerance")

incomplete_types = st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(TYPES), max_size=2))
"""The FHIR types that did not come in full; mostly none."""
