"""What does not fit is said in a coordinator's words, with file, line and criterion, and with what is known instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.trials import load_trial, load_trigger
from terminology.errors import ContentError

TRIAL = """\
id: T-1
short_title: A trial
title: A trial
registry: {name: R, status: recruiting, source: here}
source_text: T-1.txt
anchors: [I1]
criteria:
  - id: I1
    role: inclusion
    source: seed
    text: words
    when: {kind: human}
"""
SECOND = """\
  - id: I1
    role: inclusion
    source: seed
    text: words
    when: {kind: human}
"""
HUMAN = "{kind: human}"
LENGTH = "within: a length of time in words is needed, such as `30 days` or `6 months`"

MISFITS = [
    # what is replaced, by what, the line that is shown
    (HUMAN, "{kind: weather}", "12: criterion I1: when: unknown kind 'weather'; known: age, sex, condition"),
    (HUMAN, "{value_set: cancer}", "12: criterion I1: when: names no kind; known: age, sex, condition"),
    (HUMAN, "5", "12: criterion I1: when: names no kind"),
    (HUMAN, "{kind: sex, is: male, colour: 1}", "12: criterion I1: colour: unknown field; known: kind, is"),
    (HUMAN, "{not: {kind: sex, is: male, colour: 1}}", "12: criterion I1: colour: unknown field; known: kind, is"),
    (HUMAN, "{at_least: 1, of: [{kind: sex, colour: 1}]}", "12: criterion I1: is: is missing"),
    (
        HUMAN,
        "{if: {kind: human}, then: {kind: human}, else: 1}",
        "12: criterion I1: else: unknown field; known: if, th",
    ),
    (HUMAN, "\n      kind: condition\n      within: 30", f"14: criterion I1: {LENGTH}"),
    (HUMAN, "\n      kind: condition\n      within: [1, 2]", f"14: criterion I1: {LENGTH}"),
    (HUMAN, "{kind: condition, within: a while}", "12: criterion I1: within: 'a while' is not a period"),
    (HUMAN, "{kind: age, at_least: old}", "12: criterion I1: at_least: a whole number is needed"),
    (HUMAN, "{any_of: []}", "12: criterion I1: any_of: at least 1 must be written"),
    ("    role: inclusion\n", "", "8: criterion I1: role: is missing"),
    ("role: inclusion", "role: include", "9: criterion I1: role: is not one of 'inclusion' or 'exclusion'"),
    ("    text: words\n", "", "8: criterion I1: text is missing: only a line with `source: inferred`"),
    ("anchors: [I1]", "anchors: []", "6: anchors: anchors: at least 1 must be written"),
    ("anchors: [I1]", "anchors:\n  - I1\n  - I9", "8: anchors.1: there is no criterion I9"),
    ("anchors: [I1]", "anchors: [I1.0]", "6: anchors.0: there is no criterion I1.0"),
    ("anchors: [I1]", "anchors: [I1.x]", "6: anchors.0: there is no criterion I1.x"),
    ("anchors: [I1]", "anchors: [I1]\ncolour: blue", "7: colour: colour: unknown field; known: id, short_title"),
    (
        "registry: {name: R, status: recruiting, source: here}",
        "registry: R",
        "4: registry: registry: fields are needed",
    ),
    ("status: recruiting", "status: open", "4: registry.status: status: is not one of 'not-yet-recruiting'"),
    ("anchors: [I1]", "anchors: [I1]\nphase: 3", "7: phase: phase: text is needed"),
    ("anchors: [I1]", "anchors: [I1]\nreview_only: perhaps", "7: review_only: review_only: true or false is needed"),
    ("anchors: [I1]", "anchors: [I1]\nevents: {operation: liver}", "7: events: events: each is a name with its fields"),
    (TRIAL[TRIAL.index("criteria") :], "criteria: 5\n", "7: criteria: criteria: a list is needed"),
    (TRIAL[TRIAL.index("criteria") :], "criteria: [5]\n", "7: criteria.0: criteria: fields are needed"),
    (TRIAL, TRIAL + SECOND, "13: criterion I1: criterion I1 is written twice"),
    (TRIAL, "- 5", "1: a trial is a mapping"),
]


@pytest.mark.parametrize(("what", "instead", "says"), MISFITS, ids=[row[2] for row in MISFITS])
def test_a_misfit_is_said_with_line_and_criterion(tmp_path: Path, what: str, instead: str, says: str) -> None:
    assert what in TRIAL
    (tmp_path / "T-1.yaml").write_text(TRIAL.replace(what, instead), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_trial(tmp_path / "T-1.yaml")
    assert str(caught.value).startswith(f"T-1.yaml:{says}")


def test_a_trigger_is_refused_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("id: t\ntitel: T\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"^t\.yaml:1: title: title: is missing$"):
        load_trigger(tmp_path / "t.yaml")


def test_a_day_that_is_none_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "T-1.yaml").write_text(
        TRIAL.replace("source: here", "source: here, as_of: 2026-13-01"), encoding="utf-8"
    )
    with pytest.raises(ContentError, match="month must be in"):
        load_trial(tmp_path / "T-1.yaml")


def test_parts_of_a_criterion_are_counted_from_one(tmp_path: Path) -> None:
    both = "{all_of: [{kind: sex, is: male}, {kind: human}]}"
    (tmp_path / "T-1.yaml").write_text(TRIAL.replace(HUMAN, both), encoding="utf-8")
    trial, _ = load_trial(tmp_path / "T-1.yaml")
    assert trial.statement("I1.2") == trial.criterion("I1").when.parts()[1]
    for wrong in ("I1.0", "I1.3", "I1.-1", "I1.x", "I9"):
        with pytest.raises(LookupError):
            trial.statement(wrong)
