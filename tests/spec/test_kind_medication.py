"""Kind `medication`: a drug given or taken; what was only prescribed is left to be judged."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, concept, decide, read, resources, spec, vocabulary

WORDS = vocabulary("drug", "other", "event")
PLAIN: Json = {"kind": "medication", "value_set": "drug"}
ASKS: dict[str, Json] = {
    "drug": PLAIN,
    "drug, presumed absent": {**PLAIN, "absence": "presume-absent"},
    "before": {**PLAIN, "before": {"name": "event", "value_set": "event"}},
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
