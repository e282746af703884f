"""Kind `procedure`: done, planned or recorded as not done, by code, body site and time."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, vocabulary

WORDS = vocabulary(
    "resection", "ablation", "liver", "lung", "radiotherapy", "operation", "event", "diagnosis", "metastasis"
)
DONE: Json = {"kind": "procedure", "value_set": "resection"}
EVENT: Json = {"name": "event", "value_set": "event"}
DIAGNOSIS: Json = {"name": "diagnosis", "value_set": "diagnosis", "resource": "condition"}
ASKS: dict[str, Json] = {
    "done": DONE,
    "done, presumed absent": {**DONE, "absence": "presume-absent"},
    "done, dated": {**DONE, "dated": True},
    "at the liver": {**DONE, "only_at": {"ablation": "liver"}},
    "planned": {**DONE, "status": "planned"},
    "planned, presumed absent": {**DONE, "status": "planned", "absence": "presume-absent"},
    "either": {**DONE, "status": "either"},
    "after": {**DONE, "after": EVENT},
    "before": {**DONE, "before": EVENT},
    "not before": {**DONE, "not_before": EVENT},
    "not before diagnosis": {**DONE, "not_before": DIAGNOSIS},
    "after diagnosis": {**DONE, "after": DIAGNOSIS},
    "not before it is in the liver": {
        **DONE,
        "not_before": {**DIAGNOSIS, "value_set": [], "only_at": {"metastasis": "liver"}},
    },
    "not another": {**DONE, "instead": "radiotherapy"},
}


def says(row: Row) -> str:
    """Return what the statement of a row says of its record."""
    record = read(resources(row["record"], "Procedure"), WORDS, incomplete=row.get("incomplete", ""))
    return answer(decide(ASKS[row["asks"]], record, WORDS))


@spec(
    """
    asks                  | record                              | incomplete | answer
    ----------------------+-------------------------------------+------------+-----------------------
    done                  | resection on=2026-10-05             |            | true
    done                  | resection                           |            | true
    done                  |                                     |            | unknown no-data
    done                  | operation                           |            | unknown no-data
    done, presumed absent |                                     |            | false presumed
    done, presumed absent |                                     | Procedure  | unknown incomplete
    done                  |                                     | Procedure  | unknown incomplete
    done                  | resection                           | Procedure  | true
    done                  | resection status=not-done           |            | false
    done                  | resection status=not-done           | Procedure  | unknown incomplete
    done                  | resection status=not-done; resection |           | true
    done, presumed absent | operation status=not-done           |            | false presumed
    done                  | resection status=preparation        |            | unknown no-data
    done                  | resection on=2026-11-25             |            | unknown no-data
    done, dated           | resection on=2026-10-05             |            | true
    done, dated           | resection on=2026                   |            | true
    done, dated           | resection                           |            | unknown imprecise-date
    done, dated           | resection; resection on=2026-10-05  |            | true
    """
)
def test_what_was_done_and_what_was_not(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks         | record                                       | incomplete | answer
    -------------+----------------------------------------------+------------+--------------------
    at the liver | ablation site=liver                          |            | true
    at the liver | ablation site=lung                           |            | unknown no-data
    at the liver | ablation                                     |            | unknown too-general
    at the liver | ablation; ablation site=liver                |            | true
    at the liver | ablation; resection                          |            | true
    at the liver | ablation status=not-done                     |            | unknown no-data
    at the liver | resection status=not-done; ablation          |            | unknown too-general
    at the liver | resection site=lung                          |            | true
    not another  | radiotherapy                                 |            | false
    not another  | radiotherapy; resection                      |            | true
    not another  | radiotherapy status=not-done                 |            | unknown no-data
    not another  | radiotherapy                                 | Procedure  | unknown incomplete
    not another  |                                              |            | unknown no-data
    """
)
def test_where_it_was_done_and_what_was_done_instead(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks                     | record                                     | incomplete     | answer
    -------------------------+--------------------------------------------+----------------+-------------------
    planned                  | resection status=preparation               |                | true
    planned                  | resection status=in-progress               |                | true
    planned                  | ServiceRequest resection                   |                | true
    planned                  | CarePlan resection                         |                | true
    planned                  | ServiceRequest operation                   |                | unknown no-data
    planned                  | resection                                  |                | unknown no-data
    planned                  | resection status=not-done                  |                | unknown no-data
    planned, presumed absent |                                            |                | false presumed
    planned, presumed absent |                                            | Procedure      | unknown incomplete
    planned, presumed absent |                                            | ServiceRequest | unknown incomplete
    planned, presumed absent |                                            | CarePlan       | unknown incomplete
    planned                  | resection status=not-done                  | ServiceRequest | unknown incomplete
    done, presumed absent    |                                            | ServiceRequest | false presumed
    either                   | resection                                  |                | true
    either                   | ServiceRequest resection                   |                | true
    either                   | resection status=not-done                  |                | false
    """
)
def test_what_is_planned(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks       | record                                                           | incomplete | answer
    -----------+------------------------------------------------------------------+------------+-----------------------
    after      | event on=2026-10-05; resection on=2026-10-06                     |            | true
    after      | event on=2026-10-05; resection on=2026-10-04                     |            | unknown no-data
    after      | event on=2026-10-05; resection on=2026-10-04; resection status=not-done |     | unknown no-data
    after      | event on=2026-10-05; resection on=2026-10-05                     |            | unknown imprecise-date
    after      | event on=2026-10-05; resection on=2026-10                        |            | unknown imprecise-date
    after      | event on=2026-10-05; resection                                   |            | unknown imprecise-date
    after      | event; resection on=2026-10-06                                   |            | unknown imprecise-date
    after      | event on=2026-10-05; event on=2026-10-08; resection on=2026-10-06 |           | unknown no-data
    after      | event on=2026-10-05; resection on=2026-10-06                     | Procedure  | unknown incomplete
    before     | event on=2026-10-05; resection on=2026-10-04                     |            | true
    before     | event on=2026-10-05; resection on=2026-10-06                     |            | unknown no-data
    before     | event on=2026-10-05; resection on=2026-10-05                     |            | unknown imprecise-date
    not before | event on=2026-10-05; resection on=2026-10-04                     |            | unknown no-data
    not before | event on=2026-10-05; resection on=2026-10-05                     |            | true
    not before | event on=2026-10-05; resection on=2026-10-06                     |            | true
    not before | event on=2026-10-05; resection on=2026-10-04 reason=Procedure/r1 |            | true
    not before | event on=2026-10-05; resection on=2026-10-04 reason=Condition/c  |            | unknown no-data
    not before | event on=2026-10-05; resection                                   |            | true
    not before | resection on=2026-10-04                                          |            | true
    """
)
def test_before_and_after_an_event(row: Row) -> None:
    assert says(row) == row["answer"]


@spec(
    """
    asks            | record                                                        | answer
    ----------------+---------------------------------------------------------------+-----------------------
    after diagnosis | Condition diagnosis on=2026-10-05; resection on=2026-10-06    | true
    after diagnosis | Condition diagnosis on=2026-10-05; resection on=2026-10-04    | unknown no-data
    after diagnosis | Condition diagnosis recorded=2026-10-05; resection on=2026-10-06 | true
    after diagnosis | Condition diagnosis; resection on=2026-10-06                  | unknown imprecise-date
    """
)
def test_an_event_may_be_a_diagnosis(row: Row) -> None:
    assert says(row) == row["answer"]


def test_the_finding_names_the_procedures_and_their_dates() -> None:
    found = resources("resection id=a on=2026-10-05; operation id=b", "Procedure")
    finding = decide(DONE, read(found, WORDS), WORDS)
    assert (finding.evidence, finding.because) == (("Procedure/a",), "resection (2026-10-05).")


@spec(
    """
    record                                                                        | incomplete | answer
    ------------------------------------------------------------------------------+------------+-----------------------
    resection on=2026-10-05; Condition diagnosis on=2026-10-04                    |            | true
    resection on=2026-10-05; Condition diagnosis on=2026-10-06                    |            | unknown no-data
    resection on=2026-10-05; Condition diagnosis on=2026-10-06 clinical=resolved  |            | unknown no-data
    resection on=2026-10-05; Condition diagnosis on=2024; Condition diagnosis on=2026-11 |     | true
    resection on=2026-10-05; Condition diagnosis on=2026-07-01; Condition diagnosis recorded=2026-10-09 | | true
    resection on=2026-10-05; Condition diagnosis recorded=2026-10-09; Condition diagnosis recorded=2026-10-01 | | true
    resection on=2026-10-05; Condition diagnosis on=2026; Condition diagnosis on=2026-10-06 |  | true
    resection on=2026-10-05; Condition diagnosis; Condition diagnosis on=2026-10-06 |          | true
    resection on=2026-10-05; Condition diagnosis id=c on=2026-10-06               | Condition  | unknown incomplete
    resection on=2026-10-05; Condition diagnosis on=2026-10-04                    | Condition  | true
    resection on=2026-10-05; Condition diagnosis recorded=2026-10-04              |            | true
    resection on=2026-10-05; Condition diagnosis recorded=2026-10-06              |            | unknown imprecise-date
    resection on=2026-10-05; Condition diagnosis on=2026-10-06 verification=provisional |      | true
    resection on=2026-10-05; Condition diagnosis                                  |            | true
    resection on=2026-10-05 reason=Condition/c; Condition diagnosis id=c on=2026-10-06 |       | true
    """
)
def test_not_before_the_first_onset_of_a_condition(row: Row) -> None:
    assert says({**row, "asks": "not before diagnosis"}) == row["answer"]


@spec(
    """
    record                                                                  | answer
    ------------------------------------------------------------------------+----------------
    resection on=2026-10-05; Condition metastasis on=2026-10-06 site=liver  | unknown no-data
    resection on=2026-10-05; Condition metastasis on=2026-10-06 site=lung   | true
    resection on=2026-10-05; Condition metastasis on=2026-10-06             | true
    """
)
def test_a_condition_at_another_site_is_not_the_event(row: Row) -> None:
    assert says({**row, "asks": "not before it is in the liver"}) == row["answer"]
