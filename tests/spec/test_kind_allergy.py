"""Kind `allergy`: an allergy on record; a recorded absence is evidence, and a specific allergy outweighs it."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, value_set, vocabulary

WORDS = vocabulary(value_set("drug", more_general="drug-class"), "drug-class", "related", "none-known", "other")
PLAIN: Json = {"kind": "allergy", "value_set": "drug", "judge": "related", "none_known": "none-known"}
ASKS: dict[str, Json] = {"drug": PLAIN, "drug, presumed absent": {**PLAIN, "absence": "presume-absent"}}


def says(row: Row) -> str:
    """Return what the statement of a row says of its record."""
    record = read(resources(row["record"], "AllergyIntolerance"), WORDS, incomplete=row.get("incomplete", ""))
    return answer(decide(ASKS[row["asks"]], record, WORDS))


@spec(
    """
    asks                  | record                                        | incomplete         | answer
    ----------------------+-----------------------------------------------+--------------------+------------------------
    drug                  | drug                                          |                    | true
    drug                  | drug type=allergy                             |                    | true
    drug                  | drug type=intolerance                         |                    | unknown needs-judgement
    drug                  | drug type=intolerance; drug                   |                    | true
    drug                  | drug verification=confirmed                   |                    | true
    drug                  | drug verification=unconfirmed                 |                    | unknown suspected
    drug, presumed absent | drug verification=refuted                     |                    | false presumed
    drug, presumed absent | drug clinical=inactive                        |                    | false presumed
    drug                  | AllergyIntolerance reaction=drug              |                    | true
    drug                  | other reaction=drug                           |                    | true
    drug                  | other                                         |                    | unknown no-data
    drug                  | related                                       |                    | unknown needs-judgement
    drug                  | related; drug                                 |                    | true
    drug                  | drug-class                                    |                    | unknown too-general
    drug                  |                                               |                    | unknown no-data
    drug, presumed absent |                                               |                    | false presumed
    drug, presumed absent | other                                         |                    | false presumed
    drug, presumed absent |                                               | AllergyIntolerance | unknown incomplete
    drug                  | drug                                          | AllergyIntolerance | true
    """
)
def test_allergies_on_record(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks | record                                | incomplete         | answer
    -----+---------------------------------------+--------------------+------------------------
    drug | none-known                            |                    | false
    drug | none-known; drug                      |                    | true
    drug | none-known; related                   |                    | unknown needs-judgement
    drug | none-known; other                     |                    | false
    drug | none-known verification=unconfirmed   |                    | unknown suspected
    drug | none-known verification=refuted       |                    | unknown no-data
    drug | none-known clinical=inactive          |                    | unknown no-data
    drug | none-known                            | AllergyIntolerance | unknown incomplete
    drug | none-known verification=unconfirmed   | AllergyIntolerance | unknown incomplete
    drug | none-known; drug                      | AllergyIntolerance | true
    drug | none-known                            | Condition          | unknown incomplete
    drug | none-known                            | Observation        | false
    drug | none-known; Condition related         |                    | unknown needs-judgement
    drug | none-known; Condition drug            |                    | true
    drug | none-known; Condition drug verification=provisional |      | unknown suspected
    drug | none-known; Condition drug clinical=resolved |             | false
    drug | Condition drug-class                  |                    | unknown too-general
    """
)
def test_a_recorded_absence(row: Row) -> None:
    assert says(row) == row["answer"]
