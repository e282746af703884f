"""Kind none-or-stable: none of some conditions is on record, or each that is has a latest disease status "stable"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.tables import Json, answer, decide, read, resources, vocabulary

WORDS = vocabulary("spread", "status", "stable", "worse")
STATEMENT: Json = {
    "kind": "none-or-stable",
    "conditions": {"kind": "condition", "value_set": "spread", "when_resolved": "judged", "absence": "presume-absent"},
    "status": {"kind": "observation", "value_set": "status", "answers": {"holds": "stable", "fails": "worse"}},
}
LUNG = "Condition spread id=lung on=2026-06-01"
BONE = "Condition spread id=bone on=2026-07-01"


def status(word: str, day: str, *, id_: str, about: str | None = None) -> Json:
    """Return a disease status, about one condition or (None) about whichever there are."""
    focus = {"focus": [{"reference": f"Condition/{about}"}]} if about else {}
    return {**resources(f"Observation status id={id_} coded={word} on={day}")[0], **focus}


ROWS: list[tuple[str, str, list[Json], str]] = [
    ("none on a complete record", "", [], "true presumed"),
    ("one without a status", LUNG, [], "unknown no-data"),
    ("one, stable", LUNG, [status("stable", "2026-11-01", id_="s")], "true"),
    ("one, worse", LUNG, [status("worse", "2026-11-01", id_="s")], "false"),
    ("stable before it was found", LUNG, [status("stable", "2026-05-01", id_="s")], "unknown no-data"),
    (
        "the latest counts",
        LUNG,
        [status("worse", "2026-10-01", id_="a"), status("stable", "2026-11-01", id_="b")],
        "true",
    ),
    (
        "about the other only",
        f"{LUNG}; {BONE}",
        [status("stable", "2026-11-01", id_="s", about="lung")],
        "unknown no-data",
    ),
    (
        "one stable, one worse",
        f"{LUNG}; {BONE}",
        [
            status("worse", "2026-11-01", id_="a", about="bone"),
            status("stable", "2026-11-10", id_="b", about="lung"),
        ],
        "false",
    ),
    ("a status without focus speaks of all", f"{LUNG}; {BONE}", [status("stable", "2026-11-01", id_="s")], "true"),
    (
        "one stable, one of which nobody is sure",
        f"{LUNG}; {BONE} verification=provisional",
        [status("stable", "2026-11-01", id_="s", about="lung")],
        "unknown suspected",
    ),
    (
        "one stable, one resolved",
        f"{LUNG}; {BONE} clinical=resolved",
        [status("stable", "2026-11-01", id_="s", about="lung")],
        "unknown needs-judgement",
    ),
    (
        "all stable, one of which nobody is sure",
        f"{LUNG}; {BONE} verification=provisional",
        [status("stable", "2026-11-01", id_="s")],
        "true",
    ),
    (
        "one worse, one of which nobody is sure",
        f"{LUNG}; {BONE} verification=provisional",
        [status("worse", "2026-11-01", id_="s", about="lung")],
        "false",
    ),
    ("resolved", f"{LUNG} clinical=resolved", [], "unknown needs-judgement"),
    (
        "undated, so not known to come before",
        "Condition spread id=lung",
        [status("stable", "2026-11-01", id_="s")],
        "unknown imprecise-date",
    ),
]


@pytest.mark.parametrize(("record", "given", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_none_or_each_stable(record: str, given: list[Json], expected: str) -> None:
    found: list[Any] = [*resources(record), *given] if record else given
    assert answer(decide(STATEMENT, read(found, WORDS), WORDS)) == expected
