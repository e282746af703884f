"""What must not matter does not: order, wrapping, parts, bystanders, spelling; and less data never says more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.catalogue import Catalogue
from mappings.facts import PatientRecord
from mappings.truth import Reason, Strength, Truth
from tests.generative import criteria, reading, records
from tests.generative.catalogues import catalogues, outcome
from tests.generative.records import TYPES, Json, concept

few_trials = catalogues(trials=4)
patients = records.resources(exact=False)


def _in_one(resources: Sequence[Json], type_: str = "collection") -> PatientRecord:
    return reading.read([reading.part(reading.bundle(resources, type_))])


def reversed_(resources: Sequence[Json]) -> PatientRecord:
    return _in_one(resources[::-1])


def searchset(resources: Sequence[Json]) -> PatientRecord:
    """As a server answers a search: with full URLs, a mode, and links that lead nowhere further."""
    found = reading.bundle(resources, "searchset")
    for entry in found["entry"]:
        resource = entry["resource"]
        entry["fullUrl"] = f"https://fhir.example.org/r4/{resource['resourceType']}/{resource['id']}"
        entry["search"] = {"mode": "match"}
    found["link"] = [{"relation": "self", "url": "https://fhir.example.org/r4/Observation"}]
    return reading.read([reading.part(found)])


def transaction(resources: Sequence[Json]) -> PatientRecord:
    """As a record is sent: no ids yet, and references by urn:uuid."""
    others = {f"Patient/{records.PATIENT}": "urn:uuid:00000000-0000-4000-8000-000000000000"}
    found = reading.bundle(json.loads(_renamed(json.dumps(resources), others)), "transaction")
    for number, entry in enumerate(found["entry"]):
        del entry["resource"]["id"]
        entry["fullUrl"] = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
    return reading.read([reading.part(found)])


def _renamed(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        for written in (f"https://fhir.example.org/r4/{old}", f"{old}/_history/3", old):
            text = text.replace(f'"{written}"', f'"{new}"')
    return text


def in_parts(resources: Sequence[Json]) -> PatientRecord:
    """As a hook's prefetch: one part for each type."""
    return reading.record(resources)


def one_by_one(resources: Sequence[Json]) -> PatientRecord:
    """Each resource in a part of its own, without a Bundle."""
    return reading.read([reading.part(resource) for resource in resources])


def nested(resources: Sequence[Json]) -> PatientRecord:
    """Bundles in a Bundle, as the answers of a batch come."""
    inner = reading.bundle(resources[1:], "searchset")
    return _in_one([resources[0], inner], "batch-response")


def among_bystanders(resources: Sequence[Json]) -> PatientRecord:
    """Among resources that say nothing of this patient's criteria."""
    return _in_one([BYSTANDERS[0], *resources, *BYSTANDERS])


SUBJECT = {"reference": f"Patient/{records.PATIENT}"}
STRANGER = {"reference": "Patient/another"}
BYSTANDERS: list[Json] = [
    {"resourceType": "FamilyMemberHistory", "id": "f", "patient": SUBJECT, "condition": [{"code": concept("t1")}]},
    {"resourceType": "Encounter", "id": "e", "subject": SUBJECT, "status": "finished"},
    {"resourceType": "Condition", "id": "b1", "subject": STRANGER, "code": concept("t1")},
    {
        "resourceType": "Condition",
        "id": "b2",
        "subject": SUBJECT,
        "code": concept("t1", system="https://example.org/x"),
    },
    {
        "resourceType": "Observation",
        "id": "b3",
        "subject": SUBJECT,
        "status": "final",
        "code": concept("x9"),
        "effectiveDateTime": "2026-11-24",
        "valueCodeableConcept": concept("pos"),
    },
]

SPELLINGS = {
    "10*9/L": "x10E9/L",
    "x10E9/L": "10^9/L",
    "K/uL": "10*3/uL",
    "10^9/L": "K/uL",
    "10*3/uL": "10*9/L",
    "umol/L": "µmol/L",
    "µmol/L": "umol/L",
}


def respelt(resources: Sequence[Json]) -> PatientRecord:
    """With each unit as another hospital writes it."""
    copies = json.loads(json.dumps(resources))
    for quantity in (r["valueQuantity"] for r in copies if "valueQuantity" in r):
        for element in ("unit", "code"):
            if quantity.get(element) in SPELLINGS:
                quantity[element] = SPELLINGS[quantity[element]]
    return _in_one(copies)


FORMS: list[Callable[[Sequence[Json]], PatientRecord]] = [
    reversed_,
    searchset,
    transaction,
    in_parts,
    one_by_one,
    nested,
    among_bystanders,
    respelt,
]


@settings(max_examples=120)
@given(few_trials, patients, st.sampled_from(FORMS))
def test_the_form_in_which_a_record_comes_changes_no_verdict(
    catalogue: Catalogue, resources: list[Json], form: Callable[[Sequence[Json]], PatientRecord]
) -> None:
    assert outcome(catalogue.evaluate_all(form(resources))) == outcome(catalogue.evaluate_all(_in_one(resources)))


@given(criteria.trees, patients, st.frozensets(st.sampled_from(TYPES), min_size=1))
def test_what_is_unknown_of_a_complete_record_is_not_decided_by_losing_a_part_of_it(
    tree: Json, resources: list[Json], lost: frozenset[str]
) -> None:
    if reading.finding(tree, reading.record(resources)).truth is Truth.UNKNOWN:
        assert reading.finding(tree, reading.record(resources, lost)).truth is Truth.UNKNOWN


@given(criteria.leaves, patients, st.sampled_from(TYPES))
def test_nothing_is_presumed_of_a_type_that_did_not_come_in_full(leaf: Json, resources: list[Json], lost: str) -> None:
    found = reading.finding(leaf, reading.record(resources, {lost}))
    assert lost not in criteria.parse(leaf).needed_types() or found.strength is not Strength.PRESUMED


def _undeclared(leaf: Json) -> Json:
    """The leaf without the two that may make a "no" of less: a declared absence, and an event that places the rest."""
    return {name: value for name, value in leaf.items() if name not in {"absence", "after"}}


@given(criteria.leaves.map(_undeclared), patients.filter(lambda resources: len(resources) > 1), st.data())
def test_taking_a_resource_away_makes_no_fail_of_what_had_no_data(
    leaf: Json, resources: list[Json], data: st.DataObject
) -> None:
    gone = data.draw(st.integers(1, len(resources) - 1))
    if reading.finding(leaf, _in_one(resources)).reason is Reason.NO_DATA:
        assert reading.finding(leaf, _in_one([*resources[:gone], *resources[gone + 1 :]])).truth is Truth.UNKNOWN


@given(criteria.trees, patients, st.data())
def test_a_broken_resource_makes_its_type_incomplete_and_nothing_else(
    tree: Json, resources: list[Json], data: st.DataObject
) -> None:
    type_ = data.draw(st.sampled_from(TYPES))
    broken = {"resourceType": type_, "id": "broken", "subject": SUBJECT, "patient": SUBJECT, "code": "not a concept"}
    with_it = reading.finding(tree, reading.record([*resources, broken]))
    without = reading.finding(tree, reading.record(resources, {type_}))
    assert (with_it.truth, with_it.reason, with_it.strength) == (without.truth, without.reason, without.strength)
