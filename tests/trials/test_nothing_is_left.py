"""What is made for one patient is gone as soon as it was answered: no object refers to itself by way of others.

Otherwise it would stay, with all that the record says, until the garbage collector passes by, which costs as much as
deciding.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hooks import ctdna_maintenance, trial_eligibility
from tests.patients import standing
from tests.patients.codes import Json
from tests.patients.standing import evaluate


@pytest.fixture
def _nothing_collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_nothing_collected")
def test_nothing_of_a_patient_is_left_to_the_collector() -> None:
    resources = standing.record({})
    cards(resources)  # what is made once for all patients
    gc.collect()
    cards(resources)
    assert gc.collect() == 0


def cards(resources: list[Json]) -> None:
    results = evaluate(resources)
    assert trial_eligibility.cards(results, results.view, 3)
    assert ctdna_maintenance.cards(results, results.view, 3)
