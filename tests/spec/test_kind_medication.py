"""Kind `medication`: a drug given or taken; what was only prescribed is left to be judged."""

from __future__ import annotations

import pytest

from tests.spec.tables import Json, Row, answer, concept, decide, read, resources, spec, vocabulary

WORDS = vocabulary("drug", "other", "event", "illness", "on-the-skin", "by-mouth")
PLAIN: Json = {"kind": "medication", "value_set": "drug"}
ILLNESS: Json = {"name": "illness", "value_set": "illness", "resource": "condition"}
ASKS: dict[str, Json] = {
    "drug": PLAIN,
    "drug, presumed absent": {**PLAIN, "absence": "presume-absent"},
    "before": {**PLAIN, "before": {"name": "event", "value_set": "event"}},
    "since": {**PLAIN, "not_before": ILLNESS},
    "between": {**PLAIN, "not_before": ILLNESS, "before": {"name": "event", "value_set": "event"}},
}


def says(row: Row) -> str:
    """Return what the statement of a row says of its record."""
    record = read(resources(row["record"], "MedicationStatement"), WORDS, incomplete=row.get("incomplete", ""))
    return answer(decide(ASKS[row["asks"]], record, WORDS))


@spec(
    """
    asks                  | record                                         | incomplete               | answer
    ----------------------+------------------------------------------------+--------------------------+------------------------
    drug                  | MedicationAdministration drug                  |                          | true
    drug                  | MedicationStatement drug                       |                          | true
    drug                  | MedicationRequest drug status=completed        |                          | true
    drug                  | MedicationRequest drug                         |                          | unknown needs-judgement
    drug                  | MedicationRequest drug; drug                   |                          | true
    drug                  | drug status=not-taken                          |                          | unknown no-data
    drug                  | other                                          |                          | unknown no-data
    drug                  |                                                |                          | unknown no-data
    drug, presumed absent |                                                |                          | false presumed
    drug, presumed absent |                                                | MedicationRequest        | unknown incomplete
    drug, presumed absent |                                                | MedicationStatement      | unknown incomplete
    drug, presumed absent |                                                | MedicationAdministration | unknown incomplete
    drug, presumed absent |                                                | Condition                | false presumed
    drug                  | drug                                           | MedicationRequest        | true
    """
)
def test_given_taken_or_prescribed(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks   | record                                                   | answer
    -------+----------------------------------------------------------+------------------------
    before | Procedure event on=2026-10-05; drug on=2026-10-04        | true
    before | Procedure event on=2026-10-05; drug on=2026-10-06        | unknown no-data
    before | Procedure event on=2026-10-05; drug on=2026-10-05        | unknown imprecise-date
    before | Procedure event on=2026-10-05; drug on=2026-10           | unknown imprecise-date
    before | Procedure event on=2026-10-05; drug                      | unknown imprecise-date
    before | Procedure event on=2026-10-05; drug on=2026-07-01..2026-09-30 | true
    before | Procedure event on=2026-10-05; drug on=2026-09-01..2026-10-30 | unknown imprecise-date
    before | Procedure event on=2026-10-05; MedicationRequest drug on=2026-10-01 | unknown needs-judgement
    before | drug on=2026-10-04                                       | unknown imprecise-date
    """
)
def test_before_an_event(row: Row) -> None:
    assert says(row) == row["answer"]


def test_a_drug_may_be_named_by_reference_by_contained_resource_or_by_ingredient() -> None:
    [given] = resources("MedicationAdministration x")
    by_code = {"resourceType": "Medication", "id": "m", "code": concept("drug")}
    by_part = {"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": concept("drug")}]}
    elsewhere = {**given, "medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/m"}}
    inside = {**elsewhere, "contained": [by_code], "medicationReference": {"reference": "#m"}}
    records = ([elsewhere, by_code], [elsewhere, by_part], [inside], [elsewhere])
    answers = [answer(decide(PLAIN, read(found, WORDS), WORDS)) for found in records]
    assert answers == ["true", "true", "true", "unknown no-data"]


@spec(
    """
    asks    | record                                                                                     | answer
    --------+--------------------------------------------------------------------------------------------+-----------------------
    since   | drug on=2026-10-04; Condition illness on=2026-10-04                                        | true
    since   | drug on=2026-10-03; Condition illness on=2026-10-04                                        | unknown no-data
    since   | drug on=2026-10-03; Condition illness recorded=2026-10-04                                  | unknown imprecise-date
    since   | drug; Condition illness on=2026-10-04                                                      | true
    since   | drug on=2026-10-03                                                                         | true
    between | drug on=2026-10-04; Condition illness on=2026-10-04; Procedure event on=2026-10-05         | true
    between | drug on=2026-10-03; Condition illness on=2026-10-04; Procedure event on=2026-10-05         | unknown no-data
    between | drug on=2026-10-06; Condition illness on=2026-10-04; Procedure event on=2026-10-05         | unknown no-data
    between | drug on=2026-10-03; Condition illness recorded=2026-10-04; Procedure event on=2026-10-05   | unknown imprecise-date
    between | drug on=2010-05-01; Condition illness on=2025-06; Procedure event on=2026-10-05            | unknown no-data
    """
)
def test_since_the_onset_of_an_illness(row: Row) -> None:
    assert says(row) == row["answer"]


@pytest.mark.parametrize("type_", ["MedicationAdministration", "MedicationStatement", "MedicationRequest"])
@pytest.mark.parametrize(
    ("route", "expected"), [("on-the-skin", "unknown no-data"), ("by-mouth", "true"), ("", "true")]
)
def test_by_a_route_that_does_not_count(type_: str, route: str, expected: str) -> None:
    [found] = resources(f"{type_} drug status=completed")
    dosage: Json = {"route": concept(route)} if route else {}
    given: dict[str, Json] = {
        "MedicationAdministration": {"dosage": dosage},
        "MedicationStatement": {"dosage": [dosage]},
    }
    record = read([{**found, **given.get(type_, {"dosageInstruction": [dosage]})}], WORDS)
    assert answer(decide({**PLAIN, "not_by": "on-the-skin"}, record, WORDS)) == expected


def test_a_route_that_counts_beside_one_that_does_not() -> None:
    [found] = resources("MedicationStatement drug status=completed")
    ways = [{"route": concept("on-the-skin")}, {"route": concept("by-mouth")}]
    record = read([{**found, "dosage": ways}], WORDS)
    assert answer(decide({**PLAIN, "not_by": "on-the-skin"}, record, WORDS)) == "true"


@pytest.mark.parametrize(("incomplete", "day"), [("Condition", "2026-10-03"), ("Procedure", "2026-10-06")])
def test_an_event_that_may_be_missing_leaves_it_incomplete(incomplete: str, day: str) -> None:
    record = f"drug on={day}; Condition illness on=2026-10-04; Procedure event on=2026-10-05"
    assert says({"asks": "between", "record": record, "incomplete": incomplete}) == "unknown incomplete"
