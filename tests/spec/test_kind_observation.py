"""Kind `observation`: a result by its coded or listed textual answer; the latest counts, and only if it is fresh."""

from __future__ import annotations

import pytest

from terminology.codings import Coding
from tests.spec.tables import SYSTEM, Json, Row, answer, decide, read, recency, resources, spec, value_set
from tests.spec.tables import vocabulary as make_vocabulary

POSITIVE = value_set("positive", phrases=frozenset({"detected", "阳性"}))
NEGATIVE = value_set("negative", phrases=frozenset({"not detected", "未检出"}))
OPEN = value_set("indeterminate", phrases=frozenset({"borderline"}))
BOTH = value_set("both", "both")
WORDS = make_vocabulary(
    value_set("positive", codes=POSITIVE.codes | {Coding(SYSTEM, "both")}, phrases=POSITIVE.phrases),
    value_set("negative", codes=NEGATIVE.codes | {Coding(SYSTEM, "both")}, phrases=NEGATIVE.phrases),
    OPEN,
    *("marker", "panel", "operation", "rival", "liver", "lung", "cancer", "metastasis", "tissue", "ablation"),
)
ANSWERS: Json = {"holds": "positive", "fails": "negative", "open": "indeterminate"}
MARKER: Json = {"kind": "observation", "value_set": "marker", "answers": ANSWERS}
OPERATION: Json = {"name": "operation", "value_set": "operation"}
EITHER: Json = {**OPERATION, "only_at": {"ablation": "liver"}}
METASTASIS: Json = {"kind": "condition", "value_set": "metastasis", "absence": "presume-absent"}
ASKS: dict[str, Json] = {
    "marker": MARKER,
    "marker, presumed absent": {**MARKER, "absence": "presume-absent"},
    "after": {**MARKER, "after": OPERATION},
    "after either": {**MARKER, "after": EITHER},
    "after cancer": {**MARKER, "after": {"name": "cancer", "value_set": "cancer", "resource": "condition"}},
    "of either": {**MARKER, "of": {"event": EITHER, "site": "liver", "days": 60}},
    "at the liver": {**MARKER, "value_set": [], "only_at": {"marker": "liver"}},
    "report too": {**MARKER, "reports": True},
    "of": {**MARKER, "of": {"event": OPERATION, "site": "liver", "days": 60, "rivals": "rival"}},
    "about cancer": {**MARKER, "focus_on": "cancer"},
    "unless metastasis": {**MARKER, "absent_unless": METASTASIS},
    "self-stating": {**MARKER, "self_stating": True, "reports": True},
}


def says(row: Row, asks: str = "") -> str:
    """Return what the statement of a row says of its record."""
    found = resources(row["record"], "Observation")
    record = read(found, WORDS, incomplete=row.get("incomplete", ""), newest_first=row.get("newest first", ""))
    policy = recency(marker=row["counts for"]) if row.get("counts for") else None
    return answer(decide(ASKS[asks or row["asks"]], record, WORDS, policy))


@spec(
    """
    answer                  | record
    ------------------------+---------------------------------------------------
    true                    | marker coded=positive
    false                   | marker coded=negative
    unknown needs-judgement | marker coded=indeterminate
    unknown unreadable      | marker coded=something-else
    true                    | marker text=detected
    true                    | marker text=Detected.
    true                    | marker text=阳性
    false                   | marker text='not detected'
    false                   | marker text=未检出
    unknown needs-judgement | marker text=borderline
    unknown unreadable      | marker text='detected in part'
    unknown needs-judgement | marker value=5 unit=%
    unknown needs-judgement | marker integer=1
    true                    | marker interpretation=positive
    false                   | marker interpretation=negative
    true                    | marker value=5 unit=% interpretation=positive
    true                    | marker coded=positive interpretation=positive
    unknown conflict        | marker coded=positive interpretation=negative
    unknown conflict        | marker coded=positive text='not detected'
    true                    | marker coded=positive text='see the report'
    unknown conflict        | marker coded=positive interpretation=indeterminate
    unknown conflict        | marker coded=both
    true                    | marker coded=positive in=panel
    false                   | marker coded=negative in=panel
    unknown no-data         | marker absent=masked
    unknown no-data         | marker
    unknown no-data         | tissue coded=positive
    """
)
def test_what_one_result_says(row: Row) -> None:
    assert says(row, "marker") == row["answer"]


@spec(
    """
    asks                    | incomplete  | newest first | answer             | record
    ------------------------+-------------+--------------+--------------------+----------------------
    marker                  |             |              | unknown no-data    |
    marker, presumed absent |             |              | false presumed     |
    marker, presumed absent | Observation |              | unknown incomplete |
    marker                  | Observation |              | unknown incomplete |
    marker, presumed absent | Observation | Observation  | unknown incomplete |
    marker                  | Observation |              | unknown incomplete | marker coded=positive
    marker                  | Observation | Observation  | true               | marker coded=positive
    marker                  | Condition   |              | true               | marker coded=positive
    """
)
def test_absence_and_what_did_not_come(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    answer                  | results
    ------------------------+-------------------------------------------------------------
    false                   | coded=positive on=2026-10-01; coded=negative on=2026-11-01
    false                   | coded=negative on=2026-11-01; coded=positive on=2026-10-01
    true                    | coded=positive on=2026-11-01; coded=negative on=2026-10
    unknown conflict        | coded=positive on=2026-11-01; coded=negative on=2026-11-01
    true                    | coded=positive on=2026-11-01; coded=positive on=2026-11-01
    false                   | coded=positive on=2026-11-01T08:00:00Z; coded=negative on=2026-11-01T09:00:00Z
    unknown conflict        | coded=positive on=2026-11-01T08:00:00Z; coded=negative on=2026-11-01
    unknown imprecise-date  | coded=positive on=2026-11-01; coded=negative on=2026-11
    true                    | coded=positive on=2026-11-01; coded=positive on=2026-11
    unknown imprecise-date  | coded=positive on=2026-11-01; coded=negative
    true                    | coded=positive on=2026-11-01; coded=positive
    true                    | coded=positive
    unknown unreadable      | coded=positive on=2026-10-01; text=unclear on=2026-11-01
    unknown needs-judgement | coded=positive on=2026-10-01; coded=indeterminate on=2026-11-01
    unknown preliminary     | coded=positive on=2026-10-01; coded=negative on=2026-11-01 status=preliminary
    true                    | coded=positive on=2026-10-01; coded=negative on=2026-11-01 status=cancelled
    true                    | coded=positive on=2026-10-01; on=2026-11-01 absent=masked
    true                    | coded=positive on=2026-10-01; coded=negative on=2026-11-25
    """
)
def test_the_latest_wins(row: Row) -> None:
    results = (f"marker {result}" for result in row["results"].split("; "))
    assert says({"record": "; ".join(results)}, "marker") == row["answer"]


@spec(
    """
    counts for | answer                  | record
    -----------+-------------------------+-------------------------------------------------------------
    90 days    | true                    | marker coded=positive on=2026-08-27
    90 days    | true                    | marker coded=positive on=2026-08-26
    90 days    | unknown stale           | marker coded=positive on=2026-08-25
    90 days    | unknown imprecise-date  | marker coded=positive on=2026-08
    90 days    | unknown stale           | marker coded=positive on=2026-07
    90 days    | unknown imprecise-date  | marker coded=positive
    90 days    | false                   | marker coded=positive on=2026-08-25; marker coded=negative on=2026-10-01
    90 days    | unknown needs-judgement | marker coded=indeterminate on=2026-08-25
               | true                    | marker coded=positive on=2016-08-25
    """
)
def test_what_is_older_than_its_window_is_stale(row: Row) -> None:
    assert says(row, "marker") == row["answer"]


@spec(
    """
    incomplete | operations                                      | results                                                    | answer
    -----------+-------------------------------------------------+------------------------------------------------------------+-----------------------
               | on=2026-10-05                                   | coded=positive on=2026-10-06                               | true
               | on=2026-10-05                                   | coded=positive on=2026-10-04                               | unknown no-data
               | on=2026-10-05                                   | coded=positive on=2026-10-05                               | unknown imprecise-date
               | on=2026-10-05                                   | coded=positive on=2026-10                                  | unknown imprecise-date
               | on=2026-10-05                                   | coded=positive on=2026-11                                  | true
               | on=2026-10-05                                   | coded=positive                                             | unknown imprecise-date
               | on=2026-10-05                                   | coded=positive on=2026-10-06; coded=negative on=2026-11-01 | false
               | on=2026-10-05                                   | coded=positive on=2026-10-04; coded=negative on=2026-10-06 | false
               | on=2026-10-05                                   | coded=positive on=2026-10-05; coded=negative on=2026-10-06 | false
               | on=2026-10-05                                   | coded=positive on=2026-10-06; coded=negative on=2026-10-04 | true
               | on=2026-10-05; on=2026-11-01                    | coded=positive on=2026-10-06                               | unknown no-data
               | on=2026-10-05; on=2026-11-01                    | coded=positive on=2026-11-02                               | true
               | on=2026-10; on=2026-10-05                       | coded=positive on=2026-10-04                               | unknown no-data
               | on=2026-10; on=2026-10-05                       | coded=positive on=2026-10-06                               | unknown imprecise-date
               | on=2026-10-05; on=2026-11-01 status=not-done    | coded=positive on=2026-10-06                               | true
               | on=2026-10-05; on=2026-11-01 status=preparation | coded=positive on=2026-10-06                               | true
    Procedure  | on=2026-10-05                                   | coded=positive on=2026-10-06                               | unknown incomplete
    Procedure  | on=2026-10-05                                   | coded=positive on=2026-10-04                               | unknown no-data
               | undated                                         | coded=positive on=2026-10-06                               | unknown imprecise-date
               | on=2026-10-05                                   |                                                            | unknown no-data
               | on=2026-10-05T10:00:00Z                         | coded=positive on=2026-10-05T15:00:00Z                     | true
               | on=2026-10-05T10:00:00Z                         | coded=positive on=2026-10-05T09:00:00Z                     | unknown no-data
               | on=2026-10-05..2026-10-07                       | coded=positive on=2026-10-06                               | unknown imprecise-date
               | on=2026-10-05..2026-10-07                       | coded=positive on=2026-10-08                               | true
               | on=2026-10-05 | coded=positive on=2026-10-06 specimen=Specimen/s; Specimen tissue id=s on=2026-10-04      | unknown no-data
               | on=2026-10-05 | coded=positive on=2026-10-06 specimen=Specimen/s; Specimen tissue id=s on=2026-10-06      | true
               | on=2026-10-05 | coded=positive on=2026-10-04 specimen=Specimen/s; Specimen tissue id=s on=2026-10-06      | true
               | on=2026-10-05 | coded=positive on=2026-10 specimen=Specimen/s; Specimen tissue id=s on=2026-10-06         | true
               | on=2026-10-05 | coded=positive on=2026-10-06 specimen=Specimen/s; Specimen tissue id=s on=2026-10         | true
               | on=2026-10-05 | coded=positive on=2026-10-06 specimen=Specimen/s; Specimen tissue id=s on=2026-10-05T23:00:00Z | true
               | on=2026-10-05 | coded=positive on=2026-10-06 specimen=Specimen/s; Specimen tissue id=s on=not-a-date | unknown unreadable
               | on=2026-10-05 | coded=positive on=2026-10-19T20:00:00Z; coded=negative on=2026-10-20T01:00:00+08:00        | true
               | on=2026-10-05 | coded=negative on=2026-10-20T01:00:00+08:00; coded=positive on=2026-10-19T20:00:00Z        | true
    """
)
def test_only_what_was_taken_after_the_event_counts(row: Row) -> None:
    operations = [f"Procedure operation {each}" for each in row["operations"].split("; ")]
    given = [each for each in row["results"].split("; ") if each]
    results = [each if each.startswith("Specimen") else f"marker {each}" for each in given]
    assert says({**row, "record": "; ".join([*operations, *results])}, "after") == row["answer"]


@spec(
    """
    cancer                           | answer
    ---------------------------------+-----------------------
    on=2026-10-05                    | true
    on=2026-10-07                    | unknown no-data
    undated                          | unknown imprecise-date
    verification=provisional         | unknown no-data
    on=2026-10-05; on=2026-11-01     | true
    """
)
def test_an_event_may_be_the_first_onset_of_a_condition(row: Row) -> None:
    conditions = [f"Condition cancer {each}" for each in row["cancer"].split("; ")]
    record = "; ".join([*conditions, "marker coded=positive on=2026-10-06"])
    assert says({"record": record}, "after cancer") == row["answer"]


@spec(
    """
    incomplete | newest first | answer
    -----------+--------------+-------------------
    Procedure  |              | unknown incomplete
    Procedure  | Procedure    | true
    """
)
def test_of_operations_that_came_newest_first_the_latest_is_known(row: Row) -> None:
    record = "Procedure operation on=2026-10-05; marker coded=positive on=2026-10-06"
    assert says({**row, "record": record}, "after") == row["answer"]


@spec(
    """
    later                             | answer
    ----------------------------------+------------------------
    ablation on=2026-10-10            | unknown too-general
    ablation on=2026-10               | unknown too-general
    ablation                          | unknown too-general
    ablation on=2026-10-05            | true
    ablation on=2026-09-01            | true
    ablation on=2026-10-07            | true
    ablation on=2026-10-10 site=lung  | true
    ablation on=2026-10-10 site=liver | unknown no-data
    ablation on=2026-10-10 status=not-done | true
    """
)
def test_a_later_operation_recorded_too_generally_unsettles_the_event(row: Row) -> None:
    record = f"Procedure operation on=2026-10-05; marker coded=positive on=2026-10-08; Procedure {row['later']}"
    assert says({"record": record}, "after either") == row["answer"]


@spec(
    """
    report                                            | answer
    --------------------------------------------------+-----------------------
    panel results=o on=2026-10-06                     | true
    panel results=o on=2026-10-06; DiagnosticReport panel results=o on=2026-10-07 | true
    panel results=o on=2026-10-06; DiagnosticReport panel results=o on=2026-10-04 | unknown imprecise-date
    panel results=o on=2026-10-04; DiagnosticReport panel results=o on=2026-10-06 | unknown imprecise-date
    panel results=o on=2026-10-06; DiagnosticReport panel results=o on=2026-10-04 status=entered-in-error | true
    panel results=o on=2026-10-04                     | unknown no-data
    panel results=o                                   | unknown imprecise-date
    panel results=x on=2026-10-06                     | unknown imprecise-date
    panel results=o on=2026-10-06 status=entered-in-error | unknown imprecise-date
    """
)
def test_a_result_that_is_not_dated_is_of_its_reports_time(row: Row) -> None:
    record = f"Procedure operation on=2026-10-05; marker id=o coded=positive; DiagnosticReport {row['report']}"
    assert says({"record": record}, "after") == row["answer"]


def test_a_margin_is_not_known_to_be_of_the_last_operation_when_there_may_be_a_later_one() -> None:
    record = "Procedure operation on=2026-08-01; marker coded=positive on=2026-08-03; Procedure ablation on=2026-09-01"
    assert says({"record": record}, "of either") == "unknown too-general"


@pytest.mark.parametrize(("incomplete", "expected"), [("", "unknown no-data"), ("Procedure", "unknown incomplete")])
def test_without_the_event_nothing_is_after_it(incomplete: str, expected: str) -> None:
    row = {"record": "marker coded=positive on=2026-10-06", "incomplete": incomplete}
    assert says(row, "after") == expected


@spec(
    """
    answer              | record
    --------------------+--------------------------------------------------------------------------------------
    true                | marker coded=positive site=liver
    false               | marker coded=negative site=liver
    unknown no-data     | marker coded=positive site=lung
    unknown too-general | marker coded=positive
    unknown no-data     | marker coded=negative
    true                | marker coded=positive specimen=Specimen/s; Specimen tissue id=s site=liver
    true                | marker coded=positive focus=Condition/c; Condition metastasis id=c site=liver
    unknown no-data     | marker coded=positive focus=Condition/c; Condition metastasis id=c site=lung
    true                | marker coded=positive site=liver on=2026-11-01; marker coded=positive on=2026-10-01
    false               | marker coded=negative site=liver on=2026-11-01; marker coded=positive on=2026-10-01
    unknown too-general | marker coded=negative site=liver on=2026-10-01; marker coded=positive on=2026-11-01
    false               | marker coded=negative site=liver on=2026-10-01; marker coded=negative on=2026-11-01
    """
)
def test_a_result_that_counts_at_one_organ_alone(row: Row) -> None:
    assert says(row, "at the liver") == row["answer"]


OF = "Procedure operation id=op on=2026-08-01; marker coded=positive"


@spec(
    f"""
    incomplete | answer                  | record
    -----------+-------------------------+-------------------------------------------------------------
               | true                    | {OF} part-of=Procedure/op
               | true                    | {OF} part-of=Procedure/op on=2026-11-01
               | unknown no-data         | {OF} part-of=Procedure/other on=2026-08-03; Procedure rival id=other on=2026-07-01
               | true                    | {OF} part-of=Procedure/not-here on=2026-08-03
               | true                    | {OF} site=liver; Procedure ablation site=lung on=2025-01-01
               | unknown needs-judgement | {OF} part-of=Procedure/not-here
               | true                    | {OF} on=2026-08-01
               | unknown no-data         | {OF} on=2026-07-31
               | true                    | {OF} on=2026-09-30
               | unknown no-data         | {OF} on=2026-10-01
               | true                    | {OF} on=2026-09
               | unknown no-data         | {OF} on=2026-10
               | unknown needs-judgement | {OF} on=2026
               | unknown needs-judgement | {OF}
               | true                    | {OF} site=liver
               | true                    | {OF} site=liver on=2026
               | true                    | {OF} site=liver on=2026-10-20
               | unknown no-data         | {OF} site=liver on=2026-07-31
               | unknown no-data         | {OF} site=liver on=2025-02-03; Procedure operation on=2025-02-01
               | true                    | {OF} site=liver on=2026-08-03; Procedure operation on=2025-02-01
               | unknown needs-judgement | {OF} site=liver; Procedure operation on=2025-02-01
               | unknown no-data         | {OF} site=lung on=2026-08-03
               | true                    | {OF} specimen=Specimen/s; Specimen tissue id=s site=liver
               | unknown no-data         | {OF} specimen=Specimen/s on=2026-08-03; Specimen tissue id=s site=lung
               | unknown needs-judgement | {OF} on=2026-08-03; Procedure rival on=2026-08-01
               | unknown no-data         | {OF} on=2026-08-03; Procedure rival on=2026-08-02
               | unknown no-data         | {OF} on=2026-08-03; Procedure rival on=2026-08-03
               | true                    | {OF} on=2026-08-03; Procedure rival on=2026-08-04
               | true                    | {OF} on=2026-08-03; Procedure rival on=2026-07-01
               | unknown needs-judgement | {OF} on=2026-08-03; Procedure rival
               | true                    | {OF} on=2026-08-03; Procedure rival on=2026-08-01 status=not-done
               | true                    | {OF} part-of=Procedure/op; Procedure rival on=2026-08-01
               | true                    | {OF} on=2026-08-03; marker coded=negative on=2026-07-01
    Procedure  | unknown incomplete      | {OF} on=2026-08-03
               | unknown no-data         | marker coded=positive on=2026-08-03
               | unknown imprecise-date  | Procedure operation; marker coded=positive on=2026-08-03
    """
)
def test_only_what_belongs_to_the_operation_counts(row: Row) -> None:
    assert says(row, "of") == row["answer"]


@spec(
    """
    asks         | answer           | record
    -------------+------------------+-------------------------------------------------------------
    marker       | unknown no-data  | DiagnosticReport marker conclusion=positive
    report too   | true             | DiagnosticReport marker conclusion=positive
    report too   | false            | DiagnosticReport marker conclusion=negative
    report too   | unknown no-data  | DiagnosticReport marker
    report too   | unknown no-data  | DiagnosticReport panel conclusion=positive
    report too   | unknown conflict | DiagnosticReport marker conclusion=positive on=2026; marker coded=negative on=2026
    report too   | false            | DiagnosticReport marker conclusion=positive on=2025; marker coded=negative on=2026
    report too   | true             | DiagnosticReport panel results=o; marker id=o coded=positive
    marker       | true             | DiagnosticReport panel results=o; marker id=o coded=positive
    self-stating | true             | DiagnosticReport panel conclusion=positive
    self-stating | true             | positive text='as stated'
    self-stating | false            | negative text='as stated'
    self-stating | unknown conflict | positive coded=negative
    self-stating | true             | marker coded=positive
    """
)
def test_reports_and_answers_that_say_what_they_are_about(row: Row) -> None:
    assert says(row) == row["answer"]


def test_an_incomplete_type_of_report_may_hide_a_later_one() -> None:
    row = {"asks": "report too", "record": "marker coded=positive", "incomplete": "DiagnosticReport"}
    assert (says(row), says(row, "marker")) == ("unknown incomplete", "true")


@spec(
    """
    incomplete                   | newest first                 | answer
    -----------------------------+------------------------------+-------------------
    Observation DiagnosticReport |                              | unknown incomplete
    Observation DiagnosticReport | Observation                  | unknown incomplete
    Observation DiagnosticReport | DiagnosticReport             | unknown incomplete
    Observation DiagnosticReport | Observation DiagnosticReport | true
    """
)
def test_of_results_and_reports_each_came_in_full_or_newest_first(row: Row) -> None:
    assert says({**row, "record": "marker coded=positive"}, "report too") == row["answer"]


@spec(
    """
    answer          | record
    ----------------+-------------------------------------------------------------
    true            | Condition cancer id=c; marker coded=positive focus=Condition/c
    unknown no-data | Condition tissue id=t; marker coded=positive focus=Condition/t
    true            | Condition cancer id=c; marker coded=positive
    true            | Condition cancer id=c; marker coded=positive focus=BodyStructure/b
    unknown no-data | Condition cancer id=c; marker coded=positive focus=Condition/elsewhere
    """
)
def test_a_result_about_another_condition_does_not_count(row: Row) -> None:
    assert says(row, "about cancer") == row["answer"]


@spec(
    """
    answer          | record
    ----------------+--------------------------------------------
    false presumed  |
    unknown no-data | Condition metastasis
    true            | Condition metastasis; marker coded=positive
    false           | marker coded=negative
    """
)
def test_absence_follows_the_condition_that_it_is_about(row: Row) -> None:
    assert says(row, "unless metastasis") == row["answer"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ("marker coded=positive on=2026-11-01", "marker: positive (2026-11-01)."),
        ("marker text=detected", "marker: detected (not dated)."),
        ("", "No marker on record."),
    ],
)
def test_the_sentence_names_result_answer_and_date(record: str, sentence: str) -> None:
    assert decide(MARKER, read(resources(record, "Observation"), WORDS), WORDS).because == sentence


def test_the_day_of_a_result_is_told_on_the_clock_of_the_operation() -> None:
    operation = "Procedure operation on=2026-10-06T06:00:00+08:00..2026-10-06T07:30:00+08:00"
    assert says({"record": f"{operation}; marker coded=positive on=2026-10-05T23:45:00Z"}, "of") == "true"
    assert says({"record": f"{operation}; marker coded=positive on=2026-10-05T15:45:00Z"}, "of") == "unknown no-data"


def test_a_contained_result_without_a_time_is_of_its_reports() -> None:
    [operation, report] = resources("Procedure operation on=2026-10-05; DiagnosticReport panel on=2026-10-06")
    [inner] = resources("Observation marker coded=positive")
    record = read([operation, {**report, "contained": [inner]}], WORDS)
    assert answer(decide(ASKS["after"], record, WORDS)) == "true"
