"""Kind `sex`: FHIR's administrative gender; everything but female and male is not known."""

from __future__ import annotations

from tests.spec.tables import NONE, PATIENT, Row, answer, decide, read, spec, vocabulary

WORDS = vocabulary()


@spec(
    """
    gender  | female          | male
    --------+-----------------+----------------
    female  | true            | false
    male    | false           | true
    Female  | true            | false
    other   | unknown no-data | unknown no-data
    unknown | unknown no-data | unknown no-data
    F       | unknown no-data | unknown no-data
    -       | unknown no-data | unknown no-data
    """
)
def test_by_gender(row: Row) -> None:
    patient = {key: value for key, value in {**PATIENT, "gender": row["gender"]}.items() if value != NONE}
    record = read([], WORDS, patient=patient)
    answers = [answer(decide({"kind": "sex", "is": sex}, record, WORDS)) for sex in ("female", "male")]
    assert answers == [row["female"], row["male"]]
