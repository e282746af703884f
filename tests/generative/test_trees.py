"""Trees of criteria: strong Kleene logic, against counting with halves and against filling every unknown both ways."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mappings import truth
from mappings.truth import Finding, Reason, Strength, Truth
from tests.generative import logic
from tests.generative.logic import ANSWERS, Answer

Json = dict[str, Any]

NAMES = "abcdefgh"
LEAF = st.sampled_from(
    [
        truth.true((), "yes"),
        truth.false((), "no"),
        truth.true((), "yes", strength=Strength.PRESUMED),
        truth.false((), "no", strength=Strength.PRESUMED),
        truth.unknown(Reason.NO_DATA, (), "?"),
        truth.unknown(Reason.STALE, (), "?"),
        truth.unknown(Reason.HUMAN, (), "?"),
        truth.unknown(Reason.HUMAN, (), "?"),
    ]
)
findings = st.fixed_dictionaries(dict.fromkeys(NAMES, LEAF))


def _compounds(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    some = st.lists(parts, min_size=1, max_size=4)
    return st.one_of(
        st.fixed_dictionaries({"all_of": some}),
        st.fixed_dictionaries({"any_of": some}),
        st.fixed_dictionaries({"not": parts}),
        st.fixed_dictionaries({"at_least": st.integers(1, 5), "of": some}),
        st.fixed_dictionaries({"if": parts, "then": parts}),
    )


trees = st.recursive(st.sampled_from(NAMES).map(lambda name: {"leaf": name}), _compounds, max_leaves=10)


@st.composite
def trees_without_repetition(draw: st.DrawFn) -> Json:
    """A tree in which each leaf stands once."""
    tree = draw(trees.filter(lambda tree: len(list(logic.leaves(tree))) <= len(NAMES)))
    names = iter(NAMES)
    return _renamed(tree, names)


def _renamed(tree: Json, names: Any) -> Json:
    if "leaf" in tree:
        return {"leaf": next(names)}
    return {
        key: _renamed(value, names)
        if isinstance(value, dict)
        else [_renamed(part, names) for part in value]
        if isinstance(value, list)
        else value
        for key, value in tree.items()
    }


def combine(tree: Json, known: dict[str, Finding]) -> Finding:
    """Return what the code under test makes of a tree."""
    if "leaf" in tree:
        return known[tree["leaf"]]
    parts = [combine(part, known) for part in logic.parts(tree)]
    if "all_of" in tree:
        return truth.all_of(parts)
    if "any_of" in tree:
        return truth.any_of(parts)
    if "not" in tree:
        return truth.negate(parts[0])
    return truth.if_then(parts[0], parts[1]) if "if" in tree else truth.at_least(tree["at_least"], parts)


def _answers(known: dict[str, Finding]) -> dict[str, Answer]:
    return {name: ANSWERS[finding.truth] for name, finding in known.items()}


def _used(tree: Json, known: dict[str, Finding]) -> dict[str, Finding]:
    return {name: known[name] for name in {leaf["leaf"] for leaf in logic.leaves(tree)}}


@given(trees, findings)
def test_a_tree_is_worth_what_counting_says(tree: Json, known: dict[str, Finding]) -> None:
    answers = _answers(known)
    assert ANSWERS[combine(tree, known).truth] is logic.kleene(tree, lambda leaf: answers[leaf["leaf"]])


@given(trees_without_repetition(), findings)
def test_where_each_leaf_stands_once_unknown_means_that_filling_it_changes_the_answer(
    tree: Json, known: dict[str, Finding]
) -> None:
    filled = logic.supervaluation(tree, _answers(_used(tree, known)))
    assert ANSWERS[combine(tree, known).truth] is filled


@given(trees, findings)
def test_a_decided_tree_stays_decided_however_its_unknowns_are_filled(tree: Json, known: dict[str, Finding]) -> None:
    """A repeated leaf may leave Kleene logic UNKNOWN where filling decides ("a or not a"), never the other way."""
    found = ANSWERS[combine(tree, known).truth]
    assert found is None or found is logic.supervaluation(tree, _answers(_used(tree, known)))


@given(trees, findings)
def test_a_result_is_presumed_when_it_is_lost_without_the_presumed_findings(
    tree: Json, known: dict[str, Finding]
) -> None:
    found = combine(tree, known)
    confirmed = {n: None if f.strength is Strength.PRESUMED else ANSWERS[f.truth] for n, f in known.items()}
    lost = logic.kleene(tree, lambda leaf: confirmed[leaf["leaf"]]) is None
    expected = None if found.truth is Truth.UNKNOWN else Strength.PRESUMED if lost else Strength.CONFIRMED
    assert found.strength is expected


@given(trees, findings)
def test_the_reason_is_that_of_the_first_unknown_leaf_that_blocks(tree: Json, known: dict[str, Finding]) -> None:
    """A leaf is needed when everything above it is unknown too; `human` is the reason only when no other is."""
    found = combine(tree, known)
    needed = [known[name].reason for name in _needed(tree, known)]
    blocking = [reason for reason in needed if reason is not Reason.HUMAN]
    expected = next(iter(blocking), Reason.HUMAN) if needed else None
    assert found.reason is expected
    assert found.blocks is bool(blocking)


def _needed(tree: Json, known: dict[str, Finding]) -> list[str]:
    answers = _answers(known)
    if logic.kleene(tree, lambda leaf: answers[leaf["leaf"]]) is not None:
        return []
    if "leaf" in tree:
        return [tree["leaf"]]
    return [name for part in logic.parts(tree) for name in _needed(part, known)]
