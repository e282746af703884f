"""The combinators as they are written in YAML: all_of, any_of, agreeing, not, at_least/of, if/then; what is unknown is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.spec.tables import Json, Row, answer, criterion, decide, read, resources, spec, vocabulary

WORDS = vocabulary("here", "there", "nowhere", "vague")
YES: Json = {"kind": "condition", "value_set": "here"}
ALSO: Json = {"kind": "condition", "value_set": "there"}
NO: Json = {"kind": "condition", "value_set": "nowhere", "absence": "presume-absent"}
OPEN: Json = {"kind": "condition", "value_set": "nowhere"}
DOUBT: Json = {"kind": "condition", "value_set": "nowhere", "too_general": "vague"}
CONFLICT: Json = {"kind": "condition", "value_set": "nowhere", "conflict": "vague"}
HUMAN: Json = {"kind": "human"}
NEVER: Json = {"kind": "sex", "is": "male"}
RECORD = read(resources("here id=h; there id=t; vague id=v", "Condition"), WORDS)

STATEMENTS: dict[str, Json] = {
    "all_of: yes, also": {"all_of": [YES, ALSO]},
    "all_of: yes, open, never": {"all_of": [YES, OPEN, NEVER]},
    "all_of: yes, no": {"all_of": [YES, NO]},
    "all_of: human, doubt, open": {"all_of": [HUMAN, DOUBT, OPEN]},
    "all_of: yes": {"all_of": [YES]},
    "any_of: no, yes": {"any_of": [NO, YES]},
    "any_of: never, no": {"any_of": [NEVER, NO]},
    "any_of: never, open": {"any_of": [NEVER, OPEN]},
    "any_of: open, yes": {"any_of": [OPEN, YES]},
    "any_of: never, human": {"any_of": [NEVER, HUMAN]},
    "agreeing: yes, also": {"agreeing": [YES, ALSO]},
    "agreeing: yes, no": {"agreeing": [YES, NO]},
    "agreeing: yes, open": {"agreeing": [YES, OPEN]},
    "agreeing: open, no": {"agreeing": [OPEN, NO]},
    "agreeing: never, open": {"agreeing": [NEVER, OPEN]},
    "agreeing: never, no": {"agreeing": [NEVER, NO]},
    "agreeing: never, human": {"agreeing": [NEVER, HUMAN]},
    "agreeing: never, yes": {"agreeing": [NEVER, YES]},
    "agreeing: yes, conflict": {"agreeing": [YES, CONFLICT]},
    "agreeing: never, conflict": {"agreeing": [NEVER, CONFLICT]},
    "not: yes": {"not": YES},
    "not: no": {"not": NO},
    "not: open": {"not": OPEN},
    "not: not: yes": {"not": {"not": YES}},
    "judged: yes": {"judged": YES},
    "judged: no": {"judged": NO},
    "judged: open": {"judged": OPEN},
    "2 of: yes, also, never": {"at_least": 2, "of": [YES, ALSO, NEVER]},
    "2 of: yes, never, no": {"at_least": 2, "of": [YES, NEVER, NO]},
    "2 of: yes, open, never": {"at_least": 2, "of": [YES, OPEN, NEVER]},
    "3 of: yes, also": {"at_least": 3, "of": [YES, ALSO]},
    "if: yes, then: also": {"if": YES, "then": ALSO},
    "if: yes, then: never": {"if": YES, "then": NEVER},
    "if: never, then: never": {"if": NEVER, "then": NEVER},
    "if: open, then: yes": {"if": OPEN, "then": YES},
    "if: open, then: never": {"if": OPEN, "then": NEVER},
    "any_of: all_of: yes, open; not: no": {"any_of": [{"all_of": [YES, OPEN]}, {"not": NO}]},
}


@spec(
    """
    statement                          | answer                 | evidence
    -----------------------------------+------------------------+------------------------
    all_of: yes, also                  | true                   | Condition/h Condition/t
    all_of: yes, open, never           | false                  |
    all_of: yes, no                    | false presumed         |
    all_of: human, doubt, open         | unknown too-general    | Condition/v
    all_of: yes                        | true                   | Condition/h
    any_of: no, yes                    | true                   | Condition/h
    any_of: never, no                  | false presumed         |
    any_of: never, open                | unknown no-data        |
    any_of: open, yes                  | true                   | Condition/h
    any_of: never, human               | unknown human          |
    agreeing: yes, also                | true                   | Condition/h Condition/t
    agreeing: yes, no                  | true                   | Condition/h
    agreeing: yes, open                | true                   | Condition/h
    agreeing: open, no                 | unknown no-data        |
    agreeing: never, open              | false                  |
    agreeing: never, no                | false                  |
    agreeing: never, human             | unknown human          |
    agreeing: never, yes               | unknown conflict       | Condition/h
    agreeing: yes, conflict            | unknown conflict       | Condition/h Condition/v
    agreeing: never, conflict          | unknown conflict       | Condition/v
    not: yes                           | false                  | Condition/h
    not: no                            | true presumed          |
    not: open                          | unknown no-data        |
    not: not: yes                      | true                   | Condition/h
    judged: yes                        | unknown needs-judgement | Condition/h
    judged: no                         | false presumed         |
    judged: open                       | unknown no-data        |
    2 of: yes, also, never             | true                   | Condition/h Condition/t
    2 of: yes, never, no               | false presumed         |
    2 of: yes, open, never             | unknown no-data        | Condition/h
    3 of: yes, also                    | false                  |
    if: yes, then: also                | true                   | Condition/t
    if: yes, then: never               | false                  | Condition/h
    if: never, then: never             | true                   |
    if: open, then: yes                | true                   | Condition/h
    if: open, then: never              | unknown no-data        |
    any_of: all_of: yes, open; not: no | true presumed          |
    """
)
def test_a_statement_of_statements(row: Row) -> None:
    finding = decide(STATEMENTS[row["statement"]], RECORD, WORDS)
    assert (answer(finding), " ".join(finding.evidence)) == (row["answer"], row["evidence"])


def test_a_compound_knows_what_its_parts_need() -> None:
    statement = criterion({"all_of": [{"not": YES}, {"any_of": [NEVER, {"if": HUMAN, "then": ALSO}]}]})
    assert statement.needed_types() == {"Condition", "Patient"}
    assert statement.value_sets() == {"here", "there"}
    assert statement.result_sets() == frozenset()
    assert [type(leaf).__name__ for leaf in statement.leaves()] == ["Condition", "Sex", "Human", "Condition"]


def test_what_stands_in_a_leaf_is_needed_too() -> None:
    event = {"name": "operation", "value_set": "operation"}
    result = {
        "kind": "observation",
        "value_set": "marker",
        "of": {"event": event, "site": "liver", "days": 60, "rivals": "rival"},
        "answers": {"holds": "positive", "fails": "negative"},
        "stated_as": {"kind": "condition", "value_set": "stated"},
    }
    statement = criterion({"not": result})
    assert statement.needed_types() == {"Observation", "Specimen", "Procedure", "Condition"}
    assert statement.value_sets() == {"marker", "operation", "liver", "rival", "positive", "negative", "stated"}
    assert statement.result_sets() == {"marker"}


def test_statements_that_say_the_same_are_equal() -> None:
    one, other = criterion({"all_of": [YES, NO]}), criterion({"all_of": [dict(YES), dict(NO)]})
    assert (one == other, hash(one) == hash(other)) == (True, True)
    assert one != criterion({"all_of": [NO, YES]})


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"all_of": []},
        {"any_of": []},
        {"at_least": 0, "of": [YES]},
        {"at_least": 1},
        {"of": [YES]},
        {"if": YES},
        {"then": YES},
        {"not": [YES]},
        {"all_of": [YES], "any_of": [NO]},
        {"all_of": [YES], "label": "both"},
        {"kind": "horoscope"},
        {"kind": "condition", "value_set": "here", "codes": ["c1"]},
        {"all_of": [{"kind": "horoscope"}]},
        "condition",
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused(statement: object) -> None:
    with pytest.raises(ValidationError):
        criterion(statement)  # type: ignore[arg-type]
