"""Kind `human`: what no record can decide; it shows what may help and never blocks."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, vocabulary

WORDS = vocabulary("infection", "other", "resection")
PLAIN: Json = {"kind": "human"}
SHOWING: Json = {"kind": "human", "shows": "infection"}


@spec(
    """
    record                          | evidence
    --------------------------------+-------------
                                    |
    infection                       | Condition/r1
    infection clinical=resolved     | Condition/r1
    other                           |
    infection verification=refuted  |
    Procedure infection             | Procedure/r1
    Procedure infection status=not-done |
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
    record                                                                     | sentence
    ---------------------------------------------------------------------------+---------------------------------------
                                                                               | For you to judge.
    Procedure resection status=not-done on=2026-10-01                          | For you to judge; on record: not done: resection (2026-10-01).
    Procedure resection on=2026-10-01                                          | For you to judge.
    Procedure resection status=preparation on=2026-10-01                       | For you to judge.
    Procedure other status=not-done on=2026-10-01                              | For you to judge.
    Condition infection; Procedure resection status=not-done on=2026-10-01     | For you to judge; on record: infection; not done: resection (2026-10-01).
    """
)
def test_a_procedure_that_was_not_done_is_shown_as_such(row: Row) -> None:
    record = read(resources(row["record"]), WORDS)
    found = decide({**SHOWING, "not_done": "resection"}, record, WORDS)
    assert (answer(found), found.because) == ("unknown human", row["sentence"])
