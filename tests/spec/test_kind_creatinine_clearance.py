"""Creatinine clearance at or below a limit: reported, or after Cockcroft and Gault (age, sex, weight, creatinine).

A cell holds results of 2026-11-17 as a laboratory would list them: `creatinine 1.9; weight 52`, in mg/dL, kg and mL/min
unless a unit follows the number. Men are marked `m`, women `f`; `65m` was born on a day that makes him 65 today.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from pydantic import ValidationError

from mappings.kinds.clearance import cockcroft_gault
from tests.spec.tables import (
    PATIENT,
    Json,
    Row,
    answer,
    criterion,
    decide,
    read,
    recency,
    resources,
    spec,
    value_set,
    vocabulary,
)

WORDS = vocabulary(
    value_set("creatinine-clearance", "clearance"),
    value_set("creatinine"),
    value_set("body-weight", "weight"),
    value_set("egfr"),
)
POLICY = recency(creatinine="30 days", creatinine_clearance="30 days", body_weight="90 days")
AT_MOST_25: Json = {"kind": "creatinine-clearance", "at_most": 25}
UNITS = {"creatinine": "mg/dL", "weight": "kg", "clearance": "mL/min", "egfr": "mL/min/{1.73_m2}"}
RESULT = re.compile(r"(\w+) ([<>=]*\d[\d.]*) ?([a-zµ][^\s=]*(?!=))?((?: [\w]+=\S*)*)$")
SEX = {"m": "male", "f": "female", "o": "other"}


def patient(who: str) -> Json:
    """Return the patient of an age and sex: `65m`, `65?` without a sex, `1961m` by the year of birth, `m` without."""
    found = re.fullmatch(r"(\d*)([mfo?])", who)
    assert found is not None
    age, sex = found.groups()
    birth = age if len(age) == 4 else f"{2026 - int(age)}-01-01" if age else None
    made = {**PATIENT, "birthDate": birth, "gender": SEX.get(sex)}
    return {key: value for key, value in made.items() if value is not None}


def spelled(item: str) -> str:
    """Return an item of a cell as `tests.spec.tables` writes a resource."""
    found = RESULT.fullmatch(item.strip())
    if found is None:
        return item
    code, number, unit, rest = found.groups()
    on = "" if "on=" in rest else " on=2026-11-17"
    unit = "" if unit == "unitless" else f" unit={unit or UNITS[code]}"
    return f"{code} value={number}{unit}{rest}{on}"


def answers(row: Row, statement: Json = AT_MOST_25) -> set[str]:
    """Return what a statement says of a record, with the entries in order and the other way round."""
    found = resources(";".join(spelled(item) for item in row["record"].split(";")), "Observation")
    missing, newest, who = row.get("incomplete", ""), row.get("newest", ""), patient(row["who"])
    records = [read(each, WORDS, patient=who, incomplete=missing, newest_first=newest) for each in (found, found[::-1])]
    return {answer(decide(statement, record, WORDS, POLICY)) for record in records}


@spec("""
age | weight | creatinine | factor | mL/min
----+--------+------------+--------+----------
78  | 52     | 1.9        | 0.85   | 20.032164
70  | 60     | 2.4        | 1      | 24.305556
60  | 70     | 2.4        | 1      | 32.407407
65  | 60     | 2.5        | 1      | 25.000000
""")
def test_the_formula(row: Row) -> None:
    number = cockcroft_gault(*(Fraction(row[name]) for name in ("age", "weight", "creatinine", "factor")))  # type: ignore[arg-type]
    assert f"{float(number):.6f}" == row["mL/min"]


@spec("""
who | record                           | answer
----+----------------------------------+-------
78f | creatinine 1.9; weight 52        | true
70m | creatinine 2.4; weight 60        | true
60m | creatinine 2.4; weight 70        | false
65m | creatinine 2.5; weight 60        | true
65m | creatinine 2.5; weight 60.1      | false
65m | creatinine 2.49; weight 60       | false
64m | creatinine 2.5; weight 60        | false
66m | creatinine 2.5; weight 60        | true
65f | creatinine 2.5; weight 60        | true
65f | creatinine 2.125; weight 60      | true
65f | creatinine 2.124; weight 60      | false
65m | creatinine 222 umol/L; weight 60 | true
65m | creatinine 221 umol/L; weight 60 | false
65m | creatinine 25 mg/L; weight 60    | true
65m | creatinine 2.5; weight 60000 g   | true
65m | creatinine 1; weight 154 lb      | false
""")
def test_calculated_on_both_sides_of_the_limit(row: Row) -> None:
    assert answers(row) == {row["answer"]}


@spec("""
who   | record                                                | answer
------+-------------------------------------------------------+-----------------------
65m   | weight 60                                             | unknown no-data
65m   | creatinine 2.5                                        | unknown no-data
65m   | egfr 20; weight 60                                    | unknown no-data
m     | creatinine 2.5; weight 60                             | unknown no-data
65?   | creatinine 2.5; weight 60                             | true
65?   | creatinine 2.2; weight 60                             | unknown no-data
65?   | creatinine 1; weight 60                               | false
65o   | creatinine 2.2; weight 60                             | unknown no-data
1961m | creatinine 2.5; weight 60                             | unknown imprecise-date
1961m | creatinine 1; weight 60                               | false
1961m | creatinine 3; weight 60                               | true
65m   | creatinine 2.5 unitless; weight 60                    | unknown unit
65m   | creatinine 2.5; weight 60 unitless                    | unknown unit
65m   | creatinine 2.5; weight 60 cm                          | unknown unit
65m   | creatinine 0; weight 60                               | unknown implausible
65m   | creatinine 2.5; weight 0                              | unknown implausible
65m   | creatinine <2.5; weight 60                            | unknown unreadable
65m   | creatinine text=high on=2026-11-17; weight 60         | unknown unreadable
65m   | creatinine 2.5 status=preliminary; weight 60          | unknown preliminary
65m   | creatinine 2.5; weight 60 status=preliminary          | unknown preliminary
65m   | creatinine 2.5 status=done; weight 60                 | unknown unreadable
65m   | creatinine 2.5; weight 60 status=done; weight 60      | unknown unreadable
65m   | creatinine 2.5 on=2026-10-25; weight 60 on=2026-08-26 | true
65m   | creatinine 2.5 on=2026-10-24; weight 60               | unknown stale
65m   | creatinine 2.5; weight 60 on=2026-08-25               | unknown stale
65m   | creatinine 2.5 on=2026-10; weight 60                  | unknown imprecise-date
65m   | creatinine 1; creatinine 1.1; weight 60               | false
65m   | creatinine 1; creatinine 3; weight 60                 | unknown conflict
65m   | creatinine 1; weight 60; weight 61                    | false
65m   | creatinine 2.5; weight 60; weight 61                  | unknown conflict
65m   | creatinine 2.5; creatinine 2.5 unitless; weight 60    | unknown conflict
65m   | creatinine 3 on=2026-11-10; creatinine 1; weight 60   | false
65m   | creatinine 1; weight 60; weight 10 on=2026-11-10      | false
""")
def test_what_it_is_calculated_from(row: Row) -> None:
    assert answers(row) == {row["answer"]}


@spec("""
who | record                                   | answer
----+------------------------------------------+------------------------
65m | clearance 25                             | true
65m | clearance 25.1                           | false
m   | clearance 25                             | true
65m | clearance 0.416 mL/s                     | true
65m | clearance 0.417 mL/s                     | false
65m | clearance 20 mL/min/{1.73_m2}            | unknown unit
65m | egfr 20                                  | unknown no-data
65m | clearance <25                            | true
65m | clearance >25                            | false
65m | clearance <30                            | unknown needs-judgement
65m | clearance 0                              | unknown implausible
65m | clearance 20 status=preliminary          | unknown preliminary
65m | clearance 20 on=2026-10-24               | unknown stale
65m | clearance 20; clearance 30               | unknown conflict
65m | clearance 20; clearance 21               | true
65m | clearance 20 on=2026-11-10; clearance 30 | false
""")
def test_reported(row: Row) -> None:
    assert answers(row) == {row["answer"]}


@spec("""
reported and calculated    | who | record                                                 | answer
---------------------------+-----+--------------------------------------------------------+-------------------
both below                 | 65m | clearance 20; creatinine 2.5; weight 60                | true
both above                 | 65m | clearance 60; creatinine 1; weight 60                  | false
on either side             | 65m | clearance 20; creatinine 1; weight 60                  | unknown conflict
on either side, reversed   | 65m | clearance 60; creatinine 2.5; weight 60                | unknown conflict
reported too long ago      | 65m | clearance 20 on=2026-10-01; creatinine 1; weight 60    | false
reported in another unit   | 65m | clearance 20 mL/min/{1.73_m2}; creatinine 1; weight 60 | false
reported in two ways       | 65m | clearance 20; clearance 30; creatinine 1; weight 60    | unknown conflict
reported, cannot be read   | 65m | clearance 20 status=done; creatinine 1; weight 60      | unknown unreadable
calculated from old values | 65m | clearance 20; creatinine 1 on=2026-10-01; weight 60    | true
an eGFR beside it          | 65m | egfr 20; creatinine 1; weight 60                       | false
""")
def test_both_count_alike(row: Row) -> None:
    assert answers(row) == {row["answer"]}


@spec("""
who | record                    | incomplete  | newest      | answer
----+---------------------------+-------------+-------------+-------------------
65m | creatinine 2.5; weight 60 | Observation |             | unknown incomplete
65m | clearance 20              | Observation |             | unknown incomplete
65m | creatinine 2.5; weight 60 | Observation | Observation | true
65m | creatinine 2.5; weight 60 | Condition   |             | true
""")
def test_of_an_incomplete_record_the_latest_is_not_known(row: Row) -> None:
    assert answers(row) == {row["answer"]}


def test_the_inputs_are_the_evidence() -> None:
    found = resources(f"{spelled('creatinine 1.9')}; {spelled('weight 52')}", "Observation")
    finding = decide(AT_MOST_25, read(found, WORDS, patient=patient("78f")), WORDS, POLICY)
    assert {fact.source for fact in finding.facts} == {"Observation/r1", "Observation/r2"}
    assert "20.0 mL/min" in str(finding.because)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_above_nought(limit: int) -> None:
    with pytest.raises(ValidationError):
        criterion({**AT_MOST_25, "at_most": limit})
