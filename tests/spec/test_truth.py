"""Truth is strong Kleene logic: FALSE < UNKNOWN < TRUE, each as strong as the weakest finding that was needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pytest

from mappings import truth
from mappings.facts import Fact
from mappings.truth import Finding, Reason, Strength, Truth
from tests.spec.tables import Row, answer, spec

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
RANK = {F: 0, U: 1, T: 2}
TRIPLES = list(product((F, U, T), repeat=3))
PAIRS = list(product((F, U, T), repeat=2))

FINDINGS = {
    "T": truth.true((), "Yes."),
    "F": truth.false((), "No."),
    "T?": truth.true((), "Yes, it seems.", strength=Strength.PRESUMED),
    "F?": truth.false((), "No, it seems.", strength=Strength.PRESUMED),
    **{reason.value: truth.unknown(reason, (), "Open.") for reason in Reason},
}
"""By the word a table uses: `T?` and `F?` are presumed, an UNKNOWN is called by its reason."""

COMBINE: dict[str, Callable[[Sequence[Finding]], Finding]] = {
    "all": truth.all_of,
    "any": truth.any_of,
    "not": lambda parts: truth.negate(parts[0]),
    "2 of": lambda parts: truth.at_least(2, parts),
    "if then": lambda parts: truth.if_then(parts[0], parts[1]),
}


def plain(value: Truth) -> Finding:
    """Return a finding of this truth."""
    return Finding(value, reason=Reason.NO_DATA) if value is U else Finding(value, strength=Strength.CONFIRMED)


def source(id_: str) -> Fact:
    """Return a fact of this source."""
    return Fact(source=id_)


@pytest.mark.parametrize("values", TRIPLES)
def test_all_is_the_minimum(values: tuple[Truth, ...]) -> None:
    assert truth.all_of([plain(v) for v in values]).truth is min(values, key=RANK.__getitem__)


@pytest.mark.parametrize("values", TRIPLES)
def test_any_is_the_maximum(values: tuple[Truth, ...]) -> None:
    assert truth.any_of([plain(v) for v in values]).truth is max(values, key=RANK.__getitem__)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("values", TRIPLES)
def test_at_least_holds_when_it_does_in_every_world_and_fails_when_in_none(
    values: tuple[Truth, ...], count: int
) -> None:
    worlds = list(product(*((F, T) if value is U else (value,) for value in values)))
    holds = {sum(value is T for value in world) >= count for world in worlds}
    expected = U if len(holds) > 1 else T if holds == {True} else F
    assert truth.at_least(count, [plain(v) for v in values]).truth is expected


@pytest.mark.parametrize(("condition", "consequence"), PAIRS)
def test_if_then_is_not_if_or_then(condition: Truth, consequence: Truth) -> None:
    expected = max(truth.OPPOSITE[condition], consequence, key=RANK.__getitem__)
    assert truth.if_then(plain(condition), plain(consequence)).truth is expected


@pytest.mark.parametrize(("value", "opposite"), [(F, T), (U, U), (T, F)])
def test_not_swaps_true_and_false(value: Truth, opposite: Truth) -> None:
    assert truth.negate(plain(value)).truth is opposite


@spec(
    """
    combinator | parts                       | answer
    -----------+-----------------------------+------------------------
    all        | T T                         | true
    all        | T T?                        | true presumed
    all        | F F?                        | false
    all        | F? T                        | false presumed
    all        | F? no-data                  | false presumed
    all        | F no-data                   | false
    any        | T T?                        | true
    any        | T? F                        | true presumed
    any        | T? no-data                  | true presumed
    any        | F F                         | false
    any        | F F?                        | false presumed
    not        | T?                          | false presumed
    not        | F                           | true
    not        | stale                       | unknown stale
    2 of       | T T T?                      | true
    2 of       | T T? F                      | true presumed
    2 of       | F F T                       | false
    2 of       | F F? T                      | false presumed
    2 of       | F F F?                      | false
    if then    | F T?                        | true
    if then    | F? F                        | true presumed
    if then    | T F?                        | false presumed
    """
)
def test_a_result_is_as_strong_as_the_weakest_finding_it_needed(row: Row) -> None:
    assert answer(COMBINE[row["combinator"]]([FINDINGS[part] for part in row["parts"].split()])) == row["answer"]


@spec(
    """
    combinator | parts                       | answer
    -----------+-----------------------------+------------------------
    all        | T stale unit                | unknown stale
    all        | unit stale T                | unknown unit
    all        | human stale                 | unknown stale
    all        | human human                 | unknown human
    all        | T human                     | unknown human
    any        | F human                     | unknown human
    any        | human no-data F             | unknown no-data
    any        | needs-judgement human       | unknown needs-judgement
    2 of       | T human incomplete          | unknown incomplete
    if then    | human conflict              | unknown conflict
    """
)
def test_the_reason_is_that_of_the_first_blocking_part_and_human_last(row: Row) -> None:
    assert answer(COMBINE[row["combinator"]]([FINDINGS[part] for part in row["parts"].split()])) == row["answer"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_unknown_blocks_but_human(reason: Reason) -> None:
    assert truth.unknown(reason, ()).blocks is (reason is not Reason.HUMAN)


@pytest.mark.parametrize("word", ["T", "F", "T?", "F?"])
def test_what_is_decided_does_not_block(word: str) -> None:
    assert not FINDINGS[word].blocks


@pytest.mark.parametrize("value", list(Truth))
def test_a_truth_is_not_a_bool(value: Truth) -> None:
    with pytest.raises(TypeError, match="not a bool"):
        bool(value)


def test_a_compound_shows_the_sentences_and_the_evidence_of_its_deciding_parts_once() -> None:
    first = truth.false([source("Condition/1"), source("Condition/2")], "Lung.")
    second = truth.false([source("Condition/2")], "Lung.")
    third = truth.true([source("Condition/3")], "Liver.")
    found = truth.all_of([first, second, third])
    assert (found.because, found.evidence) == ("Lung.", ("Condition/1", "Condition/2"))


def test_not_keeps_sentence_and_evidence() -> None:
    found = truth.negate(truth.true([source("Condition/1")], "Lung."))
    assert (found.because, found.evidence) == ("Lung.", ("Condition/1",))


def test_not_of_a_compound_shows_the_parts_that_decided_it() -> None:
    parts = [truth.true([source("Condition/1")], "Lung."), truth.false([source("Condition/2")], "Liver.")]
    found = truth.negate(truth.any_of(parts))
    assert (found.truth, found.because, found.evidence) == (F, "Lung.", ("Condition/1",))


class Counted:
    """An argument that counts how often it is put into words."""

    def __init__(self) -> None:
        self.times = 0

    def __str__(self) -> str:
        self.times += 1
        return "12.8 g/dL"


def test_a_sentence_is_made_only_when_it_is_shown() -> None:
    value = Counted()
    found = truth.all_of([truth.true((), "Haemoglobin {}.", value), FINDINGS["T"]])
    assert value.times == 0
    assert (found.because, value.times) == ("Haemoglobin 12.8 g/dL. Yes.", 1)


def test_braces_in_a_records_own_words_are_shown_as_they_are() -> None:
    assert truth.true((), "{}.", "{score} 1").because == "{score} 1."
