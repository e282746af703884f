"""Kind `age`: completed years on the day of evaluation, both limits included; a vague birth date may leave it open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.tables import PATIENT, Json, Row, answer, decide, read, spec, vocabulary

WORDS = vocabulary()
ADULT: Json = {"kind": "age", "at_least": 18, "at_most": 75}


def patient(born: str) -> Json:
    """Return the patient with this birth date; `-` for none."""
    return {key: value for key, value in {**PATIENT, "birthDate": born}.items() if value != "-"}


@spec(
    """
    born       | answer                 | why
    -----------+------------------------+-------------------------------
    2008-11-24 | true                   | 18 today
    2008-11-25 | false                  | 18 tomorrow
    2008-11-23 | true                   | 18 yesterday
    1951-11-24 | true                   | 75 today
    1950-11-25 | true                   | 76 tomorrow
    1950-11-24 | false                  | 76 today
    2008-11    | unknown imprecise-date | 17 or 18
    2008       | unknown imprecise-date | 17 or 18
    2008-10    | true                   | 18 in any case
    2009       | false                  | 16 or 17
    1950       | unknown imprecise-date | 75 or 76
    1950-12    | true                   | 75 in any case
    1951       | true                   | 74 or 75
    1949       | false                  | 76 or 77
    -          | unknown no-data        | not recorded
    soon       | unknown no-data        | no date
    """
)
def test_between_18_and_75(row: Row) -> None:
    assert answer(decide(ADULT, read([], WORDS, patient=patient(row["born"])), WORDS)) == row["answer"]


@pytest.mark.parametrize(
    ("limits", "born", "expected"),
    [
        ({"at_least": 18}, "1900-01-01", "true"),
        ({"at_least": 18}, "2009-01-01", "false"),
        ({"at_most": 75}, "2020-01-01", "true"),
        ({"at_most": 75}, "1900-01-01", "false"),
    ],
)
def test_a_limit_may_stand_alone(limits: dict[str, int], born: str, expected: str) -> None:
    record = read([], WORDS, patient=patient(born))
    assert answer(decide({"kind": "age", **limits}, record, WORDS)) == expected


@pytest.mark.parametrize(
    ("born", "sentence"),
    [
        ("1960-05-01", "Age 66."),
        ("1951-05-01", "Age 75, the upper limit."),
        ("1951", "Age 74 or 75, the upper limit."),
        ("1960", "Age 65 or 66."),
    ],
)
def test_the_sentence_names_the_age_and_no_birth_date(born: str, sentence: str) -> None:
    assert decide(ADULT, read([], WORDS, patient=patient(born)), WORDS).because == sentence


@pytest.mark.parametrize("statement", [{"kind": "age", "at_least": "old"}, {"kind": "age", "over": 18}])
def test_what_the_kind_does_not_know_is_refused(statement: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="age"):
        decide(statement, read([], WORDS), WORDS)
