"""Criteria over random records: the code under test and the slow oracle say the same of the same FHIR JSON."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from mappings.truth import Strength
from tests.generative import criteria, reading, records
from tests.generative.invented import CODES
from tests.generative.logic import ANSWERS
from tests.generative.oracle import RECENCY, Known, Oracle
from tests.generative.records import Json

exact = records.resources(exact=True)
KINDS = {
    "condition": (criteria.condition(), records.conditions),
    "procedure": (criteria.procedure(), records.procedures),
    "observation": (criteria.observation(), records.markers),
    "measured": (criteria.measured(), records.measurements),
    "allergy": (criteria.allergy(), records.allergies),
}


def code_says(leaf: Json, resources: list[Json], incomplete: Iterable[str]) -> Known:
    found = reading.finding(leaf, reading.record(resources, incomplete))
    note(f"{found.truth} {found.reason} {found.because} {found.evidence}")
    return Known(ANSWERS[found.truth], found.strength is Strength.PRESUMED)


@given(criteria.leaves, exact, records.incomplete_types)
def test_a_leaf_says_what_the_oracle_says(leaf: Json, resources: list[Json], incomplete: frozenset[str]) -> None:
    """Truth and strength, where every date is known to the day."""
    assert code_says(leaf, resources, incomplete) == Oracle(resources, incomplete).leaf(leaf)


@given(criteria.trees, exact, records.incomplete_types)
def test_a_tree_says_what_the_oracle_says(tree: Json, resources: list[Json], incomplete: frozenset[str]) -> None:
    found = reading.finding(tree, reading.record(resources, incomplete))
    assert ANSWERS[found.truth] is Oracle(resources, incomplete).decide(tree)


@st.composite
def crowded(draw: st.DrawFn, kind: str, *, exact: bool) -> tuple[Json, list[Json], list[str]]:
    """Return a leaf, a record in which most resources matter to it, so that rules meet, and what is incomplete."""
    written, resources = KINDS[kind]
    leaf = draw(written)
    others = [records.procedures(exact=exact)] if "after" in leaf else []
    own_kind = (
        records.measurements(exact=exact, codes=CODES[leaf["value_set"]])
        if kind == "measured"
        else resources(exact=exact)
    )
    drawn = draw(st.lists(st.one_of(own_kind, *others), min_size=1, max_size=4))
    own = {"reference": f"Patient/{records.PATIENT}"}
    numbered = [{**r, "id": f"r{n}", "subject": own, "patient": own} for n, r in enumerate(drawn)]
    types = sorted({r["resourceType"] for r in drawn})
    incomplete = draw(st.one_of(st.just([]), st.lists(st.sampled_from(types), max_size=1)))
    return leaf, [draw(records.patients(exact=exact)), *numbered], incomplete


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(st.data())
def test_a_leaf_says_what_the_oracle_says_of_a_crowded_record(kind: str, data: st.DataObject) -> None:
    leaf, resources, incomplete = data.draw(crowded(kind, exact=True))
    assert code_says(leaf, resources, incomplete) == Oracle(resources, incomplete).leaf(leaf)


@pytest.mark.parametrize("kind", ["condition", "procedure", "observation", "measured"])
@given(st.data())
def test_in_a_crowded_record_with_vague_dates_what_is_decided_is_decided_in_every_world(
    kind: str, data: st.DataObject
) -> None:
    """The code may stay UNKNOWN where all worlds agree; what it decides, it decides for all of them."""
    leaf, resources, incomplete = data.draw(crowded(kind, exact=False))
    found = code_says(leaf, resources, incomplete)
    assert found.answer is None or found == Oracle(resources, incomplete).leaf(leaf)


@given(st.data())
def test_which_result_is_the_latest_is_known_as_soon_as_its_possible_rivals_agree(data: st.DataObject) -> None:
    """Without a window or an event, vague dates leave nothing open but the order, and that only where it matters."""
    leaf, resources, incomplete = data.draw(crowded("measured", exact=False))
    assume(leaf["value_set"] not in RECENCY)
    assert code_says(leaf, resources, incomplete) == Oracle(resources, incomplete).leaf(leaf)
