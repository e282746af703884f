"""A short run of `make fuzz`: whatever is wrong with a request, the answer is a defined one."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from cds_service.app import create_app
from cds_service.demo import WRITTEN_FOR
from cds_service.settings import Settings
from tests.fuzz.asking import SERVICES, Asking, look
from tests.fuzz.mutating import mutated


@pytest.fixture(scope="module")
def asking() -> Asking:
    return Asking(create_app(Settings(auth="off"), today=lambda: WRITTEN_FOR))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_wrong_the_answer_is_a_defined_one(asking: Asking, seed: int) -> None:
    chance, statuses = random.Random(seed), Counter[int]()
    for _ in range(500):
        body = mutated(chance)
        status, answer = asking.post(f"/cds-services/{chance.choice(SERVICES)}", body)
        look(body, status, answer)
        statuses[status] += 1
    assert statuses[200] > 100
    assert statuses[400] > 50
