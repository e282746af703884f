"""Kind `measured`: a result by its number, exact, in the criterion's unit; comparators are intervals."""

from __future__ import annotations

import pytest

from mappings.evaluation import Policy
from tests.spec.tables import Json, Row, answer, decide, read, recency, resources, scale, spec, vocabulary

GRADES = scale("grades", {"grade-0": 0, "grade-1": 1, "grade-2": 2, "grade-3": 3})
WORDS = vocabulary(
    GRADES,
    *("platelets", "neutrophils", "haemoglobin", "creatinine", "inr", "ecog-status", "body-temperature"),
    *("panel", "high"),
)


def measured(value_set: str, unit: str, **limits: object) -> Json:
    """Return a statement of this kind."""
    return {"kind": "measured", "value_set": value_set, "unit": unit, **limits}


ASKS: dict[str, Json] = {
    "above 50": measured("platelets", "10*9/L", above=50),
    "at least 50": measured("platelets", "10*9/L", at_least=50),
    "below 50": measured("platelets", "10*9/L", below=50),
    "at most 50": measured("platelets", "10*9/L", at_most=50),
    "50 to 100": measured("platelets", "10*9/L", at_least=50, below=100),
    "presumed": measured("platelets", "10*9/L", below=50, absence="presume-absent"),
    "anc below 1.5": measured("neutrophils", "10*9/L", below="1.5"),
    "hb below 10": measured("haemoglobin", "g/dL", below=10),
    "creatinine at least 2.5": measured("creatinine", "mg/dL", at_least="2.5"),
    "inr above 1.5 ULN": measured("inr", "1", above="1.5", times_upper_limit=True),
    "inr above 1.5": measured("inr", "1", above="1.5"),
    "ecog at most 2": measured("ecog-status", "1", at_most=2, scale="grades"),
    "ecog, ambiguous": measured("ecog-status", "1", at_most=2, scale="grades", ambiguous=[2]),
    "fever": measured("body-temperature", "[degF]", above=101, rounded={"value": "38.3", "unit": "Cel"}),
}


def says(row: Row, policy: Policy | None = None) -> str:
    """Return what the statement of a row says of its record."""
    found = resources(row["record"], "Observation")
    record = read(found, WORDS, incomplete=row.get("incomplete", ""), newest_first=row.get("newest first", ""))
    return answer(decide(ASKS[row["asks"]], record, WORDS, policy))


@spec(
    """
    asks        | record                                     | answer
    ------------+--------------------------------------------+-------
    above 50    | platelets value=49 unit=10*9/L             | false
    above 50    | platelets value=50 unit=10*9/L             | false
    above 50    | platelets value=50.000000000001 unit=10*9/L | true
    above 50    | platelets value=51 unit=10*9/L             | true
    at least 50 | platelets value=49.999999999999 unit=10*9/L | false
    at least 50 | platelets value=50 unit=10*9/L             | true
    at least 50 | platelets value=50.0 unit=10*9/L           | true
    below 50    | platelets value=49 unit=10*9/L             | true
    below 50    | platelets value=50 unit=10*9/L             | false
    at most 50  | platelets value=50 unit=10*9/L             | true
    at most 50  | platelets value=50.1 unit=10*9/L           | false
    50 to 100   | platelets value=49 unit=10*9/L             | false
    50 to 100   | platelets value=50 unit=10*9/L             | true
    50 to 100   | platelets value=99 unit=10*9/L             | true
    50 to 100   | platelets value=100 unit=10*9/L            | false
    """
)
def test_limits_and_their_edges(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks                    | record                                | answer
    ------------------------+---------------------------------------+--------------------
    above 50                | platelets value=50000 unit=/mm3       | false
    above 50                | platelets value=50001 unit=/mm3       | true
    at least 50             | platelets value=50000 unit=/mm3       | true
    above 50                | platelets value=51 unit=K/uL          | true
    above 50                | platelets value=51                    | unknown unit
    above 50                | platelets integer=51                  | unknown unit
    above 50                | platelets value=51 unit=g/L           | unknown unit
    above 50                | platelets value=51 unit=furlong       | unknown unit
    above 50                | platelets value=51 unit=1             | unknown unit
    hb below 10             | haemoglobin value=99 unit=g/L         | true
    hb below 10             | haemoglobin value=100 unit=g/L        | false
    hb below 10             | haemoglobin value=6 unit=mmol/L       | unknown unit
    creatinine at least 2.5 | creatinine value=221 unit=umol/L      | false
    creatinine at least 2.5 | creatinine value=221.0042 unit=umol/L | false
    creatinine at least 2.5 | creatinine value=221.0043 unit=umol/L | true
    creatinine at least 2.5 | creatinine value=2.5 unit=mg/dL       | true
    inr above 1.5           | inr value=1.6                         | true
    inr above 1.5           | inr value=1.6 unit=1                  | true
    inr above 1.5           | inr value=1.6 unit={INR}              | true
    inr above 1.5           | inr value=1.6 unit=%                  | unknown unit
    inr above 1.5           | inr integer=2                         | true
    above 50                | platelets value=1e999 unit=10*9/L     | unknown unit
    """
)
def test_units_are_converted_exactly_and_never_guessed(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks        | result | answer
    ------------+--------+------------------------
    below 50    | <10    | true
    below 50    | <50    | true
    below 50    | <=50   | unknown needs-judgement
    below 50    | <=49.9 | true
    below 50    | <51    | unknown needs-judgement
    below 50    | >50    | false
    below 50    | >=50   | false
    below 50    | >49    | unknown needs-judgement
    at most 50  | <50    | true
    at most 50  | <=50   | true
    at most 50  | <51    | unknown needs-judgement
    at most 50  | >50    | false
    at most 50  | >=50   | unknown needs-judgement
    above 50    | >50    | true
    above 50    | >=50   | unknown needs-judgement
    above 50    | >=50.1 | true
    above 50    | >5     | unknown needs-judgement
    above 50    | <10    | false
    above 50    | <50    | false
    above 50    | <=50   | false
    above 50    | <51    | unknown needs-judgement
    at least 50 | >50    | true
    at least 50 | >=50   | true
    at least 50 | >49    | unknown needs-judgement
    at least 50 | <50    | false
    at least 50 | <=50   | unknown needs-judgement
    50 to 100   | <50    | false
    50 to 100   | >=100  | false
    50 to 100   | >60    | unknown needs-judgement
    """
)
def test_a_comparator_makes_an_interval(row: Row) -> None:
    assert says({**row, "record": f"platelets 'value={row['result']}' unit=10*9/L"}) == row["answer"]


def test_a_comparator_that_is_not_fhirs_decides_nothing() -> None:
    [found] = resources("platelets value=20 unit=10*9/L", "Observation")
    found["valueQuantity"]["comparator"] = "about"
    assert answer(decide(ASKS["below 50"], read([found], WORDS), WORDS)) == "unknown needs-judgement"


@spec(
    """
    asks            | record                                              | answer
    ----------------+-----------------------------------------------------+-------------------------
    ecog at most 2  | ecog-status integer=2                               | true
    ecog at most 2  | ecog-status integer=3                               | false
    ecog at most 2  | ecog-status integer=0                               | true
    ecog at most 2  | ecog-status value=2                                 | true
    ecog at most 2  | ecog-status value=2 unit={score}                    | true
    ecog at most 2  | ecog-status coded=grade-2                           | true
    ecog at most 2  | ecog-status coded=grade-3                           | false
    ecog at most 2  | ecog-status text=grade-2                            | true
    ecog at most 2  | ecog-status text='Grade-3.'                         | false
    ecog at most 2  | ecog-status text='good'                             | unknown unreadable
    ecog at most 2  | ecog-status coded=high                              | unknown unreadable
    ecog at most 2  | ecog-status integer=1 coded=grade-2                 | true
    ecog at most 2  | ecog-status integer=1 coded=grade-3                 | unknown conflict
    ecog at most 2  | ecog-status integer=1 text='feels well'             | true
    ecog at most 2  | ecog-status coded=grade-1,grade-2                   | true
    ecog at most 2  | ecog-status coded=grade-1,grade-3                   | unknown conflict
    ecog at most 2  | ecog-status coded=grade-3,grade-1                   | unknown conflict
    ecog at most 2  | ecog-status coded=grade-3,high                      | false
    ecog, ambiguous | ecog-status integer=2                               | unknown ambiguous-source
    ecog, ambiguous | ecog-status coded=grade-2                           | unknown ambiguous-source
    ecog, ambiguous | ecog-status integer=1                               | true
    ecog, ambiguous | ecog-status integer=3                               | false
    above 50        | platelets value=51 unit=10*9/L interpretation=high  | true
    above 50        | platelets interpretation=high                       | unknown unreadable
    above 50        | platelets text='51'                                 | unknown unreadable
    above 50        | platelets value=51 unit=10*9/L in=panel             | true
    above 50        | platelets value=50 unit=10*9/L in=panel             | false
    """
)
def test_scales_and_other_carriers_of_a_value(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    record                                                                                | answer
    --------------------------------------------------------------------------------------+-----------------
    value=12.8 unit=g/dL on=2026-11-01; haemoglobin value=12.9 unit=g/dL on=2026-11-01    | false
    value=9.9 unit=g/dL on=2026-11-01; haemoglobin value=10.1 unit=g/dL on=2026-11-01     | unknown conflict
    value=9.9 unit=g/dL on=2026-11-01; haemoglobin value=99 unit=g/L on=2026-11-01        | true
    value=9.9 unit=g/dL on=2026-11-01; haemoglobin value=10.1 unit=g/dL on=2026-11-02     | false
    value=9.9 unit=g/dL on=2026-11-02; haemoglobin value=10.1 unit=g/dL on=2026-11-01     | true
    value=9.9 unit=g/dL on=2026-11-01; haemoglobin value=9 on=2026-11-01                  | unknown conflict
    value=9.9 unit=g/dL on=2026-11-01; haemoglobin value=9 on=2026-11-02                  | unknown unit
    """
)
def test_the_latest_counts_and_a_conflict_is_one_of_answers(row: Row) -> None:
    assert says({"asks": "hb below 10", "record": f"haemoglobin {row['record']}"}) == row["answer"]


@spec(
    """
    record                                     | answer
    -------------------------------------------+-----------------
    inr value=1.7 high=1.2                     | false
    inr value=1.7 high=1.1                     | true
    inr value=1.65 high=1.1                    | false
    inr value=1.651 high=1.1                   | true
    inr value=1.7                              | unknown no-range
    inr value=1.7 high=1.1,1.2                 | unknown no-range
    inr value=1.7 high=1.1 range=normal        | true
    inr value=1.7 high=1.1 range=therapeutic   | unknown no-range
    inr value=1.7 high=1.1 high-unit=%         | unknown no-range
    inr 'value=>1.7' high=1.1                  | true
    inr 'value=>1.5' high=1.1                  | unknown needs-judgement
    """
)
def test_times_the_upper_limit_of_its_own_reference_range(row: Row) -> None:
    assert says({**row, "asks": "inr above 1.5 ULN"}) == row["answer"]


@spec(
    """
    record                                   | answer
    -----------------------------------------+-------
    inr value=1.7                            | true
    inr value=1.6                            | false
    inr value=1.7 high=1.2                   | false
    inr value=1.7 high=1.2 range=therapeutic | true
    """
)
def test_a_sites_own_upper_limit_stands_in_where_there_is_none(row: Row) -> None:
    assert says({**row, "asks": "inr above 1.5 ULN"}, Policy(upper_limits={"inr": ("1.1", "1")})) == row["answer"]


def test_a_one_sided_range_has_no_upper_limit() -> None:
    [found] = resources("inr value=1.7", "Observation")
    low = {**found, "referenceRange": [{"low": {"value": 1}}]}
    text = {**found, "referenceRange": [{"text": "<=1.1"}]}
    answers = [answer(decide(ASKS["inr above 1.5 ULN"], read([each], WORDS), WORDS)) for each in (low, text)]
    assert answers == ["unknown no-range", "unknown no-range"]


@spec(
    """
    asks          | record                             | answer
    --------------+------------------------------------+--------------------
    below 50      | platelets value=0 unit=10*9/L      | unknown implausible
    below 50      | platelets value=-1 unit=10*9/L     | unknown implausible
    below 50      | platelets value=0.1 unit=10*9/L    | true
    anc below 1.5 | neutrophils value=0 unit=10*9/L    | true
    anc below 1.5 | neutrophils value=-1 unit=10*9/L   | unknown implausible
    above 50      | platelets value=99999 unit=10*9/L  | true
    """
)
def test_only_what_cannot_be_is_implausible(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    on                     | answer
    -----------------------+-----------------------
    on=2026-11-24          | true
    on=2026-10-26          | true
    on=2026-10-25          | true
    on=2026-10-24          | unknown stale
    on=2026-10             | unknown imprecise-date
    on=2026-09             | unknown stale
    on=2026-11-25          | unknown no-data
    on=2026-10-20..2026-10-30 | unknown imprecise-date
                           | unknown imprecise-date
    """
)
def test_thirty_days_count_and_thirty_one_are_stale(row: Row) -> None:
    record = f"platelets value=51 unit=10*9/L {row['on']}"
    assert says({"asks": "above 50", "record": record}, recency(platelets="30 days")) == row["answer"]


@spec(
    """
    record                                        | answer
    ----------------------------------------------+-------------------------
    body-temperature value=38.2 unit=Cel          | false
    body-temperature value=38.3 unit=Cel          | false
    body-temperature value=38.31 unit=Cel         | unknown ambiguous-source
    body-temperature value=38.33 unit=Cel         | unknown ambiguous-source
    body-temperature value=38.34 unit=Cel         | true
    body-temperature value=38.31 unit=°C          | unknown ambiguous-source
    body-temperature value=100.95 unit=[degF]     | false
    body-temperature value=101 unit=[degF]        | false
    body-temperature value=101.1 unit=[degF]      | true
    body-temperature value=38.4                   | unknown unit
    """
)
def test_between_a_limit_and_its_rounding_the_source_is_ambiguous(row: Row) -> None:
    assert says({**row, "asks": "fever"}) == row["answer"]


@spec(
    """
    asks     | record                                            | incomplete  | newest first | answer
    ---------+---------------------------------------------------+-------------+--------------+--------------------
    below 50 |                                                   |             |              | unknown no-data
    presumed |                                                   |             |              | false presumed
    presumed |                                                   | Observation |              | unknown incomplete
    below 50 | platelets value=20 unit=10*9/L                    | Observation |              | unknown incomplete
    below 50 | platelets value=20 unit=10*9/L                    | Observation | Observation  | true
    below 50 | platelets value=20 unit=10*9/L status=preliminary |             |              | unknown preliminary
    below 50 | platelets value=20 unit=10*9/L status=cancelled   |             |              | unknown no-data
    below 50 | platelets absent=masked                           |             |              | unknown no-data
    """
)
def test_what_is_missing(row: Row) -> None:
    assert says(row) == row["answer"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ("platelets value=51 unit=10*9/L on=2026-11-01", "platelets: 51 10*9/L (2026-11-01)."),
        ("platelets 'value=<10' unit=10*9/L", "platelets: <10 10*9/L (not dated)."),
    ],
)
def test_the_sentence_shows_the_value_as_it_was_recorded(record: str, sentence: str) -> None:
    assert decide(ASKS["above 50"], read(resources(record, "Observation"), WORDS), WORDS).because == sentence


def test_a_stale_result_is_shown_with_its_old_value() -> None:
    record = read(resources("platelets value=51 unit=10*9/L on=2026-01-01", "Observation"), WORDS)
    finding = decide(ASKS["above 50"], record, WORDS, recency(platelets="30 days"))
    assert "51 10*9/L (2026-01-01)" in finding.because
    assert finding.evidence == ("Observation/r1",)
