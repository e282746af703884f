"""A short run of `make fuzz`: whatever is wrong with a request or its token, the answer is the right one."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.asking import PATHS, Services, look
from tests.fuzz.forging import CLAIMS, HEADER, forged, good_claims
from tests.fuzz.judging import CLIENTS, Client
from tests.fuzz.mutating import a_place, good_requests
from tests.web.tokens import Json, token

PATH = PATHS[0]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return Services(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_wrong_the_answer_is_a_defined_one(services: Services, seed: int) -> None:
    chance = random.Random(seed)
    statuses = Counter(services.ask(chance) for _ in range(500))
    assert statuses[200] > 100
    assert statuses[400] > 50
    assert statuses[401] > 10


def test_whatever_is_wrong_with_a_token_only_a_good_one_lets_in(services: Services) -> None:
    """An empty body is 400 for who is let in."""
    chance = random.Random(0)
    statuses = Counter(services.guarded.knock(forged(chance, PATH), PATH)[0] for _ in range(2000))
    assert statuses.keys() == {400, 401}
    assert min(statuses.values()) > 400


ELEMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def changes(values: Mapping[str, tuple[Any, ...]]) -> st.SearchStrategy[Json]:
    """Return up to two members, each with one of its values, or with any at all."""
    members = [st.tuples(st.just(name), st.sampled_from(known) | ELEMENTS) for name, known in values.items()]
    return st.lists(st.one_of(members), max_size=2).map(dict)


def bearer(client: Client, header: Json, claims: Json) -> bytes:
    """Return the header with a fresh token of a client, signed after it was changed."""
    text = token(client.keys[0], {"jku": ..., **header}, {**good_claims(client, PATH), **claims})
    return f"Bearer {text}".encode()


@given(client=st.sampled_from(CLIENTS), header=changes(HEADER), claims=changes(CLAIMS))
def test_whatever_a_signed_token_says_only_a_good_one_lets_in(
    services: Services, client: Client, header: Json, claims: Json
) -> None:
    services.guarded.knock([bearer(client, header, claims)], PATH)


@given(written=st.binary(max_size=60), at=st.integers(0, 900))
def test_whatever_is_written_into_a_token_only_a_good_one_lets_in(services: Services, written: bytes, at: int) -> None:
    good = bearer(CLIENTS[0], {}, {})
    services.guarded.knock([good[:at] + written + good[at + len(written) :]], PATH)


@given(chance=st.randoms(), element=ELEMENTS)
def test_whatever_a_request_says_the_answer_is_a_defined_one(
    services: Services, chance: random.Random, element: Any
) -> None:
    request = json.loads(chance.choice(good_requests()))
    container, key = a_place(request, chance)
    container[key] = element
    body = json.dumps(request).encode()
    look(body, *services.open.post(PATH, body))


@given(written=st.binary(max_size=60), at=st.integers(0, 11_000))
def test_whatever_is_written_into_a_request_the_answer_is_a_defined_one(
    services: Services, written: bytes, at: int
) -> None:
    good = good_requests()[0]
    body = good[:at] + written + good[at + len(written) :]
    look(body, *services.open.post(PATH, body))
