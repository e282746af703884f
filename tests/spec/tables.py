"""Spec tables: text in, parametrised tests out; and the small language in which their cells write a patient's record.

A table has a line of column names, a rule, and one line per case. A record cell holds resources, divided by `;`, each
as `Type code key=value ...`: `Condition cancer clinical=resolved; Observation marker coded=positive on=2026-11-01`.
Every value set of these tests is invented: the set `cancer` holds the code `cancer` of `urn:example:codes`. Each
resource is written as FHIR JSON and read by the same door as a hospital's: a table tests what a hospital would get.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from mappings.clinical_time import parse_period
from mappings.evaluation import Evaluation, Policy
from mappings.facts import PatientRecord
from mappings.fhir import Part, decode, read_record
from mappings.kinds import Kind, When
from mappings.truth import Finding, Truth
from terminology.codings import Coding
from terminology.valuesets import ValueSet, Vocabulary

Json = dict[str, Any]
Row = Mapping[str, str]

TODAY = dt.date(2026, 11, 24)
SYSTEM = "urn:example:codes"
SUBJECT: Json = {"reference": "Patient/p"}
PATIENT: Json = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-05-01"}
NONE = "-"
"""In a record cell, `key=-` leaves the element out where one would be written by itself."""


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a table, by column; ValueError when a row has another number of cells than the head."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    head, rule, *body = lines
    if set(rule.strip()) - set("-+"):
        raise ValueError("the second line of a table is its rule")
    names = _cells(head)
    return [dict(zip(names, _cells(line), strict=True)) for line in body]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def spec(text: str) -> pytest.MarkDecorator:
    """Return the mark that runs a test once for every `row` of the table."""
    cases = rows(text)
    return pytest.mark.parametrize("row", cases, ids=[" | ".join(row.values()) for row in cases])


# --- Terminology ---


def value_set(name: str, *codes: str, **members: Any) -> ValueSet:
    """Return a set of these codes of the invented system; without any, of the one that is called like the set."""
    coded = frozenset(Coding(SYSTEM, code) for code in codes or (name,))
    title, file = name.replace("-", " "), f"{name}.json"
    fields: Json = {"name": name, "url": f"urn:example:{name}", "title": title, "version": "1", "file": file}
    return ValueSet(**{**fields, "codes": coded, **members})


def scale(name: str, grades: Mapping[str, int]) -> ValueSet:
    """Return a set whose codes, and the same words as phrases, have numbers."""
    numbers = {word: Decimal(number) for word, number in grades.items()}
    by_code: dict[Coding | str, Decimal] = {Coding(SYSTEM, word): number for word, number in numbers.items()}
    return value_set(name, *grades, phrases=frozenset(grades), ordinals=by_code | numbers)


def vocabulary(*sets: str | ValueSet) -> Vocabulary:
    """Return the vocabulary of these sets; a name stands for the set of the one code of that name."""
    made = [each if isinstance(each, ValueSet) else value_set(each) for each in sets]
    return Vocabulary({each.name: each for each in made})


# --- Records ---


def concept(codes: str) -> Json:
    """Return a CodeableConcept of the invented system; several codes are divided by `,`."""
    return {"coding": [{"system": SYSTEM, "code": code, "display": code} for code in codes.split(",")]}


def resources(cell: str, default: str = "") -> list[Json]:
    """Return the resources of a record cell; `default` is the type of those that name none."""
    items = [item for item in cell.split(";") if item.strip()]
    return [resource(item, default, number) for number, item in enumerate(items, 1)]


def resource(text: str, default: str, number: int) -> Json:
    """Return one resource; its id is its number in the cell unless `id=` gives another."""
    words = shlex.split(text)
    type_ = words.pop(0) if words[0] in WRITERS else default
    pairs = [word.partition("=") for word in words]
    said = {key: value for key, equals, value in pairs if equals}
    code = next((word for word, equals, _ in pairs if not equals), "")
    made = {"resourceType": type_, "id": said.pop("id", f"r{number}"), **WRITERS[type_](code, said)}
    return {key: value for key, value in made.items() if value not in (None, NONE)}


def _time(element: str, said: Json) -> Json:
    """Write `on=` as a dateTime, or as a Period when it is `start..end` (either side may be empty)."""
    when = said.get("on")
    if when is None:
        return {}
    if ".." not in when:
        return {f"{element}DateTime": when}
    start, end = when.split("..")
    return {f"{element}Period": {key: text for key, text in (("start", start), ("end", end)) if text}}


def _condition(code: str, said: Json) -> Json:
    made: Json = {"subject": SUBJECT, "code": concept(code), **_time("onset", said)}
    for key, element in (("clinical", "clinicalStatus"), ("verification", "verificationStatus")):
        if key in said:
            made[element] = {"coding": [{"code": said[key]}]}
    if "site" in said:
        made["bodySite"] = [concept(said["site"])]
    if "stage" in said:
        made["stage"] = [{"summary": concept(said["stage"])}]
    if "finding" in said:
        made["evidence"] = [{"code": [concept(said["finding"])]}]
    if "age" in said:
        made["onsetAge"] = {"value": Decimal(said["age"]), "code": "a"}
    return {**made, "recordedDate": said.get("recorded")}


def _procedure(code: str, said: Json) -> Json:
    sites = [concept(said["site"])] if "site" in said else None
    made = {"subject": SUBJECT, "status": said.get("status", "completed"), "code": concept(code), "bodySite": sites}
    return {**made, **_reason(said), **_time("performed", said)}


def _service_request(code: str, said: Json) -> Json:
    made = {"subject": SUBJECT, "intent": "order", "status": said.get("status", "active"), "code": concept(code)}
    return {**made, **_reason(said), **_time("occurrence", said)}


def _reason(said: Json) -> Json:
    return {"reasonReference": [{"reference": said["reason"]}]} if "reason" in said else {}


def _care_plan(code: str, said: Json) -> Json:
    detail = {"status": said.get("activity", "not-started"), "code": concept(code)}
    status = said.get("status", "active")
    return {"subject": SUBJECT, "intent": "plan", "status": status, "activity": [{"detail": detail}]}


def _quantity(number: str, unit: str | None) -> Json:
    comparator, value = re.fullmatch(r"(<=|>=|<|>)?(.*)", number).groups()  # type: ignore[union-attr]
    made = {"value": Decimal(value), "comparator": comparator, "unit": unit, "code": unit}
    return {key: item for key, item in made.items() if item is not None}


def _answer(said: Json) -> Json:
    """Write the carriers of an answer, and the reference ranges beside it."""
    made: Json = {}
    if "value" in said:
        made["valueQuantity"] = _quantity(said["value"], said.get("unit"))
    if "coded" in said:
        made["valueCodeableConcept"] = concept(said["coded"])
    if "text" in said:
        made["valueString"] = said["text"]
    if "integer" in said:
        made["valueInteger"] = int(said["integer"])
    if "interpretation" in said:
        made["interpretation"] = [concept(said["interpretation"])]
    if "absent" in said:
        made["dataAbsentReason"] = concept(said["absent"])
    if "high" in said:
        made["referenceRange"] = [_range(high, said) for high in said["high"].split(",")]
    return made


def _range(high: str, said: Json) -> Json:
    made: Json = {"high": _quantity(high, said.get("high-unit", said.get("unit")))}
    if "range" in said:
        made["type"] = {"coding": [{"code": said["range"]}]}
    return made


def _observation(code: str, said: Json) -> Json:
    """Write an Observation; `in=panel` makes the answer a component of that panel."""
    result = {"code": concept(code), **_answer(said)}
    if "in" in said:
        result = {"code": concept(said["in"]), "component": [result]}
    made = {"subject": SUBJECT, "status": said.get("status", "final"), **result, **_time("effective", said)}
    if "site" in said:
        made["bodySite"] = concept(said["site"])
    if "part-of" in said:
        made["partOf"] = [{"reference": said["part-of"]}]
    if "focus" in said:
        made["focus"] = [{"reference": said["focus"]}]
    if "specimen" in said:
        made["specimen"] = {"reference": said["specimen"]}
    return made


def _report(code: str, said: Json) -> Json:
    made: Json = {"subject": SUBJECT, "status": said.get("status", "final"), "code": concept(code)}
    if "conclusion" in said:
        made["conclusionCode"] = [concept(said["conclusion"])]
    if "results" in said:
        made["result"] = [{"reference": f"Observation/{id_}"} for id_ in said["results"].split(",")]
    return {**made, **_time("effective", said)}


def _medication(code: str, said: Json) -> Json:
    made = {"subject": SUBJECT, "status": said.get("status", "completed"), "medicationCodeableConcept": concept(code)}
    return {**made, **_time("effective", said)}


def _medication_request(code: str, said: Json) -> Json:
    made = {"subject": SUBJECT, "intent": "order", "status": said.get("status", "active")}
    return {**made, "medicationCodeableConcept": concept(code), "authoredOn": said.get("on")}


def _allergy(code: str, said: Json) -> Json:
    made: Json = {"patient": SUBJECT, "code": concept(code) if code else None, "type": said.get("type")}
    for key, element in (("clinical", "clinicalStatus"), ("verification", "verificationStatus")):
        if key in said:
            made[element] = {"coding": [{"code": said[key]}]}
    if "reaction" in said:
        made["reaction"] = [{"substance": concept(said["reaction"])}]
    return made


def _specimen(code: str, said: Json) -> Json:
    made: Json = {"subject": SUBJECT, "status": said.get("status"), "type": concept(code)}
    collection: Json = {"collectedDateTime": said["on"]} if "on" in said else {}
    if "site" in said:
        collection["bodySite"] = concept(said["site"])
    return {**made, "collection": collection or None}


def _research_subject(code: str, said: Json) -> Json:
    made: Json = {"individual": SUBJECT, "status": said.get("status", "on-study"), "study": {"display": code}}
    if "study" in said:
        made["study"] = {"reference": f"ResearchStudy/{said['study']}"}
    return {**made, "consent": {"reference": "Consent/c"} if "consented" in said else None}


def _research_study(code: str, said: Json) -> Json:
    phase = {"coding": [{"code": said["phase"]}]} if "phase" in said else None
    return {"status": "active", "identifier": [{"value": code}], "phase": phase}


def _consent(code: str, said: Json) -> Json:
    scope = concept(said.get("scope", "consent-research"))
    made: Json = {"patient": SUBJECT, "status": said.get("status", "active"), "scope": scope}
    if "provision" in said:
        made["provision"] = {"type": said["provision"]}
    return {**made, "identifier": [{"value": code}]}


WRITERS: Mapping[str, Callable[[str, Json], Json]] = {
    "Condition": _condition,
    "Procedure": _procedure,
    "ServiceRequest": _service_request,
    "CarePlan": _care_plan,
    "Observation": _observation,
    "DiagnosticReport": _report,
    "MedicationAdministration": _medication,
    "MedicationStatement": _medication,
    "MedicationRequest": _medication_request,
    "AllergyIntolerance": _allergy,
    "Specimen": _specimen,
    "ResearchSubject": _research_subject,
    "ResearchStudy": _research_study,
    "Consent": _consent,
}


def encode(content: Any) -> bytes:
    """Return content as JSON, decimals digit by digit as they were written."""
    numbers: list[str] = []

    def mark(number: Decimal) -> str:
        numbers.append(str(number))
        return f"decimal:{len(numbers) - 1}"

    text = json.dumps(content, default=mark)
    return re.sub(r'"decimal:(\d+)"', lambda found: numbers[int(found[1])], text).encode()


def bundle(found: Iterable[Json], type_: str = "collection") -> Json:
    """Return a Bundle of these resources."""
    return {"resourceType": "Bundle", "type": type_, "entry": [{"resource": each} for each in found]}


def read(
    found: Iterable[Json],
    words: Vocabulary,
    *,
    patient: Json = PATIENT,
    incomplete: str = "",
    newest_first: str = "",
    today: dt.date = TODAY,
) -> PatientRecord:
    """Return the record of a patient with these resources.

    incomplete: types that did not come in full, divided by blanks. newest_first: those of them asked for in that order.
    """
    parts = [Part(decode(encode(bundle([patient, *found]))))]
    for type_ in incomplete.split():
        first = type_ in newest_first.split()
        parts.append(Part(None, frozenset({type_}), "it did not come", newest_first=first))
    return read_record(parts, vocabulary=words, today=today)


# --- Findings ---

_WHEN: TypeAdapter[Kind] = TypeAdapter(When)


def criterion(statement: Json) -> Kind:
    """Return the statement of a criterion, as a trial's YAML writes it."""
    return _WHEN.validate_python(statement)


def decide(statement: Json, record: PatientRecord, words: Vocabulary, policy: Policy | None = None) -> Finding:
    """Return what a statement says of a record."""
    return Evaluation(record, words, policy or Policy()).finding(criterion(statement))


def recency(**days: str) -> Policy:
    """Return the policy in which results count this long, value set by value set (`_` for `-`)."""
    return Policy(recency={name.replace("_", "-"): parse_period(text) for name, text in days.items()})


def answer(finding: Finding) -> str:
    """Return a finding as tables write it: `true`, `false presumed`, `unknown stale`; confirmed goes without saying."""
    if finding.truth is Truth.UNKNOWN:
        return f"unknown {finding.reason}"
    weak = finding.strength is not None and finding.strength.value == "presumed"
    return f"{finding.truth.value} presumed" if weak else finding.truth.value
