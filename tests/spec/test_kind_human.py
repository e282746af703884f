"""Kind `human`: what no record can decide; it shows what may help and never blocks."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, vocabulary

WORDS = vocabulary("infection", "other", "class")
PLAIN: Json = {"kind": "human"}
SHOWING: Json = {"kind": "human", "shows": "infection"}
WITH_RESULTS: Json = {**SHOWING, "results": "class"}


@spec(
    """
    record                          | evidence
    --------------------------------+-------------
                                    |
    infection                       | Condition/r1
    infection clinical=resolved     | Condition/r1
    other                           |
    infection verification=refuted  |
    """
)
def test_it_is_always_for_a_person_with_what_is_on_record_beside_it(row: Row) -> None:
    record = read(resources(row["record"], "Condition"), WORDS)
    plain, showing = (decide(statement, record, WORDS) for statement in (PLAIN, SHOWING))
    assert (answer(plain), answer(showing)) == ("unknown human", "unknown human")
    assert (plain.evidence, " ".join(showing.evidence)) == ((), row["evidence"])


def test_it_does_not_block() -> None:
    assert not decide(SHOWING, read(resources("infection", "Condition"), WORDS), WORDS).blocks


def test_it_asks_for_nothing_that_must_be_complete() -> None:
    record = read([], WORDS, incomplete="Condition")
    assert answer(decide(SHOWING, record, WORDS)) == "unknown human"


def test_the_sentence_names_what_is_shown() -> None:
    record = read(resources("infection", "Condition"), WORDS)
    assert decide(SHOWING, record, WORDS).because == "For you to judge; on record: infection."


@spec(
    """
    record                                                                   | sentence
    -------------------------------------------------------------------------+-------------------------------------------
                                                                             | For you to judge.
    Observation class text=III on=2026-10-01                                 | For you to judge; on record: class: III (2026-10-01).
    Observation class text=II on=2026-09-01; Observation class text=III on=2026-10-01 | For you to judge; on record: class: III (2026-10-01).
    Condition infection; Observation class text=III on=2026-10-01            | For you to judge; on record: infection; class: III (2026-10-01).
    """
)
def test_the_latest_result_is_shown_beside_it(row: Row) -> None:
    record = read(resources(row["record"]), WORDS)
    found = decide(WITH_RESULTS, record, WORDS)
    assert (answer(found), found.because) == ("unknown human", row["sentence"])
