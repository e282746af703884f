"""Kind `condition`: diagnoses by code, with body site, certainty, activity, onset and morphology."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.spec.tables import PATIENT, Json, Row, answer, decide, read, resources, spec, value_set, vocabulary

CANCER = value_set("cancer", more_general="tumour")
WORDS = vocabulary(
    CANCER,
    *("tumour", "metastasis", "liver", "lung", "related", "rival", "vague", "adeno", "squamous", "operation"),
)
PLAIN: Json = {"kind": "condition", "value_set": "cancer"}
PRESUMED: Json = {**PLAIN, "absence": "presume-absent"}
AT_LIVER: Json = {**PRESUMED, "value_set": [], "only_at": {"metastasis": "liver"}}
ASKS: dict[str, Json] = {
    "cancer": PLAIN,
    "cancer, presumed absent": PRESUMED,
    "cancer, asked": {**PLAIN, "absence": "ask"},
    "at the liver alone": AT_LIVER,
    "not at the liver": {**PRESUMED, "value_set": "metastasis", "not_at": "liver"},
    "cancer or a doubt": {**PRESUMED, "judge": "related", "conflict": "rival", "too_general": "vague"},
    "suspected too": {**PRESUMED, "suspected_counts": True},
    "ever": {**PRESUMED, "when_resolved": "counts"},
    "to be judged": {**PRESUMED, "when_resolved": "judged"},
    "current": {**PRESUMED, "when_resolved": "ignored"},
    "within 6 months": {**PRESUMED, "within": "6 months"},
    "after": {**PRESUMED, "after": {"name": "operation", "value_set": "operation"}},
    "adeno": {**PRESUMED, "with_finding": "adeno", "against_finding": "squamous"},
    "cancer, or a second metastasis": {**PRESUMED, "twice": "metastasis"},
}


def says(row: Row) -> str:
    """Return what the statement of a row says of its record."""
    record = read(resources(row["record"], "Condition"), WORDS, incomplete=row.get("incomplete", ""))
    return answer(decide(ASKS[row["asks"]], record, WORDS))


@spec(
    """
    asks                    | record                   | incomplete  | answer
    ------------------------+--------------------------+-------------+--------------------
    cancer                  | cancer                   |             | true
    cancer                  |                          |             | unknown no-data
    cancer                  | rival                    |             | unknown no-data
    cancer, presumed absent |                          |             | false presumed
    cancer, presumed absent | rival                    |             | false presumed
    cancer, asked           |                          |             | unknown human
    cancer, presumed absent |                          | Condition   | unknown incomplete
    cancer                  |                          | Condition   | unknown incomplete
    cancer, asked           |                          | Condition   | unknown incomplete
    cancer, presumed absent |                          | Observation | false presumed
    cancer                  | cancer                   | Condition   | true
    cancer                  | cancer; cancer           |             | true
    """
)
def test_what_is_on_record_and_what_is_not(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks                    | record                                    | answer
    ------------------------+-------------------------------------------+------------------------
    cancer, presumed absent | tumour                                    | unknown too-general
    cancer                  | tumour                                    | unknown too-general
    cancer                  | tumour; cancer                            | true
    cancer or a doubt       | vague                                     | unknown too-general
    cancer or a doubt       | related                                   | unknown needs-judgement
    cancer or a doubt       | rival                                     | unknown conflict
    cancer or a doubt       | rival; cancer                             | true
    cancer or a doubt       | related verification=refuted              | false presumed
    at the liver alone      | metastasis site=liver                     | true
    at the liver alone      | metastasis site=lung                      | false presumed
    at the liver alone      | metastasis                                | unknown too-general
    at the liver alone      | metastasis site=lung; metastasis          | unknown too-general
    at the liver alone      | metastasis; metastasis site=liver         | true
    at the liver alone      | cancer site=liver                         | false presumed
    not at the liver        | metastasis site=liver                     | false presumed
    not at the liver        | metastasis site=lung                      | true
    not at the liver        | metastasis                                | true
    """
)
def test_codes_that_decide_and_codes_that_do_not(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks                    | record                                                 | answer
    ------------------------+--------------------------------------------------------+------------------
    cancer, presumed absent | cancer verification=provisional                        | unknown suspected
    cancer, presumed absent | cancer verification=unconfirmed                        | unknown suspected
    cancer, presumed absent | cancer verification=differential                       | unknown suspected
    cancer, presumed absent | cancer verification=provisional; cancer                | true
    cancer, presumed absent | cancer verification=refuted                            | false presumed
    suspected too           | cancer verification=provisional                        | true
    suspected too           | cancer verification=unconfirmed                        | true
    suspected too           | cancer verification=differential                       | unknown suspected
    suspected too           | cancer verification=refuted                            | false presumed
    """
)
def test_certainty(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks         | record                                          | answer
    -------------+-------------------------------------------------+------------------------
    ever         | cancer clinical=resolved                        | true
    to be judged | cancer clinical=resolved                        | unknown needs-judgement
    to be judged | cancer clinical=resolved; cancer                | true
    to be judged | cancer clinical=active                          | true
    to be judged | cancer                                          | true
    current      | cancer clinical=resolved                        | false presumed
    current      | cancer clinical=remission                       | false presumed
    current      | cancer clinical=inactive                        | false presumed
    current      | cancer clinical=recurrence                      | true
    current      | cancer clinical=relapse                         | true
    current      | cancer                                          | true
    current      | tumour clinical=resolved                        | false presumed
    current      | tumour                                          | unknown too-general
    """
)
def test_activity(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks            | record                                   | answer
    ----------------+------------------------------------------+-----------------------
    within 6 months | cancer on=2026-05-24                     | true
    within 6 months | cancer on=2026-05-23                     | false presumed
    within 6 months | cancer on=2026-11-24                     | true
    within 6 months | cancer on=2026-11-25                     | false presumed
    within 6 months | cancer on=2026-05                        | unknown imprecise-date
    within 6 months | cancer on=2026-04                        | false presumed
    within 6 months | cancer on=2026                           | unknown imprecise-date
    within 6 months | cancer on=2025                           | false presumed
    within 6 months | cancer on=2026-06-01..2026-06-30         | true
    within 6 months | cancer on=2026-06-01..                   | true
    within 6 months | cancer on=2026-05-01..                   | unknown imprecise-date
    within 6 months | cancer age=65                            | false presumed
    within 6 months | cancer age=66                            | unknown imprecise-date
    within 6 months | cancer                                   | unknown imprecise-date
    within 6 months | cancer recorded=2026-11-01               | unknown imprecise-date
    within 6 months | cancer recorded=2026-05-24               | unknown imprecise-date
    within 6 months | cancer recorded=2026-05-23               | false presumed
    within 6 months | cancer on=2026 recorded=2026-03-01       | false presumed
    within 6 months | cancer on=2026-10-01 recorded=2026-03-01 | true
    within 6 months | cancer on=2025; cancer on=2026-10-01     | true
    within 6 months | cancer clinical=resolved on=2026-10-01   | true
    within 6 months | tumour on=2026-10-01                     | unknown too-general
    within 6 months | tumour on=2025                           | false presumed
    """
)
def test_onset_in_a_window_of_calendar_months(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    born       | today      | answer
    -----------+------------+-----------------------
    1960-05-31 | 2010-11-30 | true
    1960-05-31 | 2010-12-01 | unknown imprecise-date
    1960-05-31 | 2011-11-30 | unknown imprecise-date
    1960-05-31 | 2011-12-01 | false presumed
    1960-02-29 | 2010-08-28 | true
    1960-02-29 | 2011-08-28 | unknown imprecise-date
    1960-02-29 | 2011-09-01 | false presumed
    """
)
def test_an_onset_at_50_lies_between_two_birthdays(row: Row) -> None:
    patient = {**PATIENT, "birthDate": row["born"]}
    found = resources("cancer age=50", "Condition")
    record = read(found, WORDS, patient=patient, today=dt.date.fromisoformat(row["today"]))
    assert answer(decide(ASKS["within 6 months"], record, WORDS)) == row["answer"]


@spec(
    """
    asks  | record                                                               | answer
    ------+----------------------------------------------------------------------+-----------------------
    after | Procedure operation on=2026-10-05; cancer on=2026-10-06              | true
    after | Procedure operation on=2026-10-05; cancer on=2026-10-04              | false presumed
    after | Procedure operation on=2026-10-05; cancer on=2026-10-05              | unknown imprecise-date
    after | Procedure operation on=2026-10-05; cancer on=2026-10                 | unknown imprecise-date
    after | Procedure operation on=2026-10-05; cancer                            | unknown imprecise-date
    after | Procedure operation; cancer on=2026-10-06                            | unknown imprecise-date
    after | Procedure operation on=2026-10-05; cancer recorded=2026-10-04        | false presumed
    after | Procedure operation on=2026-10-05; cancer recorded=2026-10-06        | unknown imprecise-date
    after | Procedure operation on=2026-10-05                                    | false presumed
    """
)
def test_onset_after_an_event(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks  | record                                              | answer
    ------+-----------------------------------------------------+----------------
    adeno | cancer finding=adeno                                | true
    adeno | cancer stage=adeno                                  | true
    adeno | cancer finding=squamous                             | false
    adeno | cancer finding=related                              | unknown no-data
    adeno | cancer                                              | unknown no-data
    adeno | cancer finding=squamous; cancer finding=adeno       | true
    adeno | cancer finding=squamous; cancer                     | unknown no-data
    adeno |                                                     | false presumed
    """
)
def test_morphology_stage_and_evidence(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    record                                                               | answer
    ---------------------------------------------------------------------+---------------
    metastasis on=2024                                                   | false presumed
    metastasis on=2024; metastasis on=2024                               | false presumed
    metastasis on=2024; metastasis on=2026                               | unknown human
    metastasis on=2024; metastasis on=2024-05                            | false presumed
    metastasis on=2024; metastasis                                       | false presumed
    metastasis on=2024; metastasis on=2026 verification=provisional      | false presumed
    metastasis on=2024; metastasis on=2026 verification=differential     | false presumed
    metastasis on=2024; metastasis on=2026; cancer                       | true
    metastasis on=2024; metastasis on=2026; cancer verification=provisional | unknown suspected
    """
)
def test_a_second_diagnosis_of_another_time_is_for_a_person_to_tell_from_the_first(row: Row) -> None:
    assert says({**row, "asks": "cancer, or a second metastasis"}) == row["answer"]


def test_the_finding_names_the_resources_and_what_the_record_calls_them() -> None:
    found = resources("cancer id=a on=2025-03-01; cancer id=b; rival id=c", "Condition")
    finding = decide(PLAIN, read(found, WORDS), WORDS)
    assert finding.evidence == ("Condition/b", "Condition/a")
    assert finding.because == "cancer; cancer (2025-03-01)."


@pytest.mark.parametrize("record", ["cancer; cancer on=2025; cancer on=2024; cancer on=2023"])
def test_more_than_three_are_counted(record: str) -> None:
    finding = decide(PLAIN, read(resources(record, "Condition"), WORDS), WORDS)
    assert finding.because == "cancer; cancer (2023); cancer (2024) and 1 more."
