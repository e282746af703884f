# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""C86: keys come from the places that are listed, are kept, and are read again when they rotate: seldom, bounded."""

from __future__ import annotations

import asyncio
import base64
import gzip
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from cds_service.jwks import COOL_DOWN, KEPT, LIFESPAN, MAX_SIZE, SECONDS, Keys, KeysError, KeySet, from_url, parse
from cds_service.settings import Settings
from tests.web.serving import serve
from tests.web.tokens import (
    CALL,
    ISS,
    PUBLIC,
    Json,
    KeyServer,
    clients_file,
    key,
    key_server,
    key_set,
    token,
)

FIRST, SECOND, ATTACKER = key("2025"), key("2026"), key("2025", owner="attacker")
ALGORITHMS = ("ES384", "RS384")


@contextmanager
def service(folder: Path, *others: Json, **client: object) -> Iterator[httpx2.Client]:
    clients = clients_file(folder, [*others, {"iss": ISS, **client}])
    settings = Settings(auth="optional", clients=clients, public_url=PUBLIC, data_dir=folder / "data")
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            yield http


def status(http: httpx2.Client, text: str) -> int:
    """Return what a token's call answers: 400 when it is let in, since there is nothing in the body."""
    return http.post(CALL, content=b"{}", headers={"authorization": f"Bearer {text}"}).status_code


IN, OUT = 400, 401


def test_C86_keys_are_fetched_once_and_kept(tmp_path: Path) -> None:
    with key_server(key_set([FIRST.jwk()])) as server, service(tmp_path, jku=server.url) as http:
        assert server.calls == []
        assert [status(http, token(FIRST, {"jku": server.url})) for _ in range(5)] == [IN] * 5
        assert [status(http, token(FIRST, {"jku": ...})) for _ in range(5)] == [IN] * 5
        assert server.calls == ["/jwks.json"]
        assert {"authorization", "cookie"}.isdisjoint(server.asked_with[0])


def test_C86_a_new_key_is_found_by_one_refresh(tmp_path: Path) -> None:
    with key_server(key_set([FIRST.jwk()])) as server, service(tmp_path, jku=server.url) as http:
        assert status(http, token(FIRST, {"jku": server.url})) == IN
        server.body = key_set([SECOND.jwk()])
        assert status(http, token(SECOND, {"jku": server.url})) == IN
        assert len(server.calls) == 2
        assert status(http, token(FIRST, {"jku": server.url})) == OUT
        assert len(server.calls) == 2


def test_C86_a_storm_of_unknown_names_refreshes_once(tmp_path: Path) -> None:
    with key_server(key_set([FIRST.jwk()])) as server, service(tmp_path, jku=server.url) as http:
        started = time.monotonic()
        storm = [status(http, token(ATTACKER, {"jku": server.url, "kid": f"x{n}"})) for n in range(60)]
        assert set(storm) == {OUT}
        assert time.monotonic() - started < COOL_DOWN
        assert len(server.calls) == 2
        assert status(http, token(FIRST, {"jku": server.url})) == IN


def test_C86_a_place_that_is_not_listed_is_never_called(tmp_path: Path) -> None:
    with (
        key_server(key_set([FIRST.jwk()])) as server,
        key_server(key_set([ATTACKER.jwk()])) as trap,
        service(tmp_path, jku=server.url) as http,
    ):
        for place in (
            trap.url,
            f"{server.url}/../evil",
            f"{server.url}?x",
            server.url.replace("127.0.0.1", "localhost"),
        ):
            assert status(http, token(ATTACKER, {"jku": place})) == OUT
            assert status(http, token(ATTACKER, {"x5u": place, "jku": ...})) == OUT
        assert trap.calls == []
        assert server.calls == ["/jwks.json"]


def test_C86_each_listed_place_has_keys_of_its_own(tmp_path: Path) -> None:
    with (
        key_server(key_set([FIRST.jwk()])) as one,
        key_server(key_set([SECOND.jwk()])) as two,
        service(tmp_path, jku=[one.url, two.url]) as http,
    ):
        assert status(http, token(FIRST, {"jku": one.url})) == IN
        assert status(http, token(SECOND, {"jku": two.url})) == IN
        assert status(http, token(SECOND, {"jku": one.url})) == OUT
        assert status(http, token(SECOND, {"jku": ...})) == IN


def test_C86_keys_of_a_file_rotate_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(key_set([FIRST.jwk()]))
    with service(tmp_path, jwks_file="keys.json") as http:
        assert status(http, token(FIRST, {"jku": ...})) == IN
        file.write_bytes(key_set([SECOND.jwk()]))
        assert status(http, token(SECOND, {"jku": ...})) == IN
        assert status(http, token(FIRST, {"jku": ...})) == OUT


def test_a_slow_key_server_holds_up_its_own_callers_only(tmp_path: Path) -> None:
    with key_server(key_set([FIRST.jwk()])) as server, service(tmp_path, jku=server.url) as http:
        server.pause = 10
        started = time.monotonic()
        assert status(http, token(FIRST, {"jku": server.url})) == OUT
        assert time.monotonic() - started < 8
        assert status(http, token(FIRST, {"jku": server.url})) == OUT
        assert http.get("/health/live").status_code == 200
        assert time.monotonic() - started < 8
        assert len(server.calls) == 1


def test_slow_key_servers_hold_up_no_other_client(tmp_path: Path) -> None:
    """There are more of them than threads in which signatures are verified."""
    with key_server(b"") as server:
        server.pause = 10
        places = [f"{server.url}{n}" for n in range(40)]
        (tmp_path / "keys.json").write_bytes(key_set([FIRST.jwk()]))
        slow: Json = {"iss": "https://slow.example", "jku": places}
        with service(tmp_path, slow, jwks_file="keys.json") as http, ThreadPoolExecutor(len(places)) as callers:
            sent = [token(ATTACKER, {"jku": place}, {"iss": slow["iss"]}) for place in places]
            waiting = [callers.submit(status, http, each) for each in sent]
            time.sleep(0.5)
            started = time.monotonic()
            assert status(http, token(FIRST, {"jku": ...})) == IN
            assert time.monotonic() - started < SECONDS / 2
            assert {each.result() for each in waiting} == {OUT}


@pytest.mark.parametrize("place", ["http://[/", "http://x/\xff"])
def test_a_place_that_leads_nowhere_lets_nobody_in_and_is_asked_once(tmp_path: Path, place: str) -> None:
    with key_server(b"") as server, service(tmp_path, jku=server.url) as http:
        server.status, server.headers = 302, {"Location": place}
        assert [status(http, token(FIRST, {"jku": server.url})) for _ in range(3)] == [OUT] * 3
        assert len(server.calls) == 1


# One key set, with a clock that is set by hand


class Rotating:
    """Keys that a test changes. reads: how often they were read."""

    def __init__(self, *keys: Json) -> None:
        self.keys, self.reads, self.now = list(keys), 0, 1000.0
        self.error: Exception | None = None
        self.hang: Callable[[], object] = int
        self.set = KeySet(self.read, clock=lambda: self.now)

    def read(self) -> Keys:
        self.reads += 1
        self.hang()
        if self.error is not None:
            raise self.error
        return parse(key_set(self.keys), ALGORITHMS)

    def has(self, kid: str) -> bool:
        return asyncio.run(self.set.find(kid, "ES384")) is not None


def test_keys_are_read_again_when_they_are_old() -> None:
    keys = Rotating(FIRST.jwk())
    assert keys.has("2025")
    keys.keys = [SECOND.jwk()]
    keys.now += LIFESPAN
    assert keys.has("2025")
    assert keys.reads == 1
    keys.now += 1
    assert not keys.has("2025")
    assert keys.reads == 2


def test_unknown_names_refresh_once_in_a_cool_down() -> None:
    keys = Rotating(FIRST.jwk())
    assert not keys.has("x")
    assert keys.reads == 1, "keys that were just read are not read again"
    for second in range(100):
        keys.now = 1000 + second
        assert not keys.has(f"x{second}")
    assert keys.reads == 1 + 100 / COOL_DOWN


def test_keys_that_cannot_be_read_again_stay_for_a_while() -> None:
    keys = Rotating(FIRST.jwk())
    assert keys.has("2025")
    keys.error = KeysError("broken")
    keys.now += KEPT
    assert keys.has("2025")
    keys.now += COOL_DOWN + 1
    assert not keys.has("2025")
    keys.error = None
    keys.now += COOL_DOWN
    assert keys.has("2025")


def test_keys_that_were_never_read_are_tried_again_later() -> None:
    keys = Rotating(FIRST.jwk())
    keys.error = KeysError("broken")
    assert not keys.has("2025")
    assert not keys.set.is_known
    keys.error = None
    assert not keys.has("2025")
    assert keys.reads == 1
    keys.now += COOL_DOWN
    assert keys.has("2025")


def test_an_error_that_nobody_foresaw_is_not_met_again_at_once() -> None:
    keys = Rotating(FIRST.jwk())
    keys.error = RuntimeError()
    with pytest.raises(RuntimeError):
        keys.has("2025")
    assert not keys.has("2025")
    assert keys.reads == 1


def test_a_reading_that_hangs_is_not_joined_by_another() -> None:
    keys, going_on = Rotating(FIRST.jwk()), threading.Event()
    keys.hang = going_on.wait
    for _ in range(3):
        assert not keys.has("2025")
        keys.now += COOL_DOWN
    assert keys.reads == 1
    going_on.set()
    while not keys.has("2025"):
        keys.now += COOL_DOWN
    assert keys.reads == 2


def test_many_at_once_are_answered_by_one_reading() -> None:
    keys = Rotating(FIRST.jwk())

    async def ask() -> list[object]:
        return list(await asyncio.gather(*(keys.set.find("2025", "ES384") for _ in range(50))))

    assert None not in asyncio.run(ask())
    assert keys.reads == 1


# What a place may answer


def huge(server: KeyServer) -> None:
    server.body += b" " * MAX_SIZE


def packed(server: KeyServer) -> None:
    """A small answer that becomes a huge one."""
    server.body = gzip.compress(server.body + b" " * 50 * MAX_SIZE)
    server.headers = {"Content-Encoding": "gzip"}


def elsewhere(server: KeyServer) -> None:
    server.status, server.headers = 302, {"Location": f"{server.url}2"}


def elsewhere_slowly(server: KeyServer) -> None:
    """A redirect whose body nobody needs."""
    elsewhere(server)
    server.trickle = 0.1


def nowhere(server: KeyServer) -> None:
    server.status, server.headers = 302, {"Location": "http://[/"}


def latin(server: KeyServer) -> None:
    server.status, server.headers = 302, {"Location": "http://x/\xff"}


def failing(server: KeyServer) -> None:
    server.status = 500


def cut(server: KeyServer) -> None:
    server.headers = {"Content-Length": "100000"}


def not_packed(server: KeyServer) -> None:
    server.headers = {"Content-Encoding": "gzip"}


def saying(body: bytes) -> Callable[[KeyServer], None]:
    def say(server: KeyServer) -> None:
        server.body = body

    return say


FAULTS = [
    *(huge, packed, elsewhere, elsewhere_slowly, nowhere, latin, failing, cut, not_packed),
    *(saying(b"<html>"), saying(b"[]"), saying(b'{"keys": 1}')),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_place_that_answers_something_else_has_no_keys(fault: Callable[[KeyServer], None]) -> None:
    with key_server(key_set([FIRST.jwk()])) as server:
        assert from_url(server.url, ALGORITHMS).keys() == {("2025", "ES384")}
        fault(server)
        started = time.monotonic()
        with pytest.raises(KeysError):
            from_url(server.url, ALGORITHMS)
        assert time.monotonic() - started < 2 * SECONDS
        assert len(server.calls) == 2


def test_a_place_that_cannot_be_reached_has_no_keys() -> None:
    with key_server(b"") as server:
        url = server.url
    with pytest.raises(KeysError):
        from_url(url, ALGORITHMS)


def test_an_answer_that_trickles_is_given_up() -> None:
    with key_server(key_set([FIRST.jwk()])) as server:
        server.trickle = 0.05
        started = time.monotonic()
        with pytest.raises(KeysError):
            from_url(server.url, ALGORITHMS)
        assert 1 < time.monotonic() - started < 8


def test_no_password_of_this_machine_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password canary", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with key_server(key_set([FIRST.jwk()])) as server:
        from_url(server.url, ALGORITHMS)
        assert "authorization" not in server.asked_with[0]


RSA = key("rsa", "RS384")
NAMES: list[tuple[str, list[object], Iterable[tuple[str, str]]]] = [
    ("both kinds", [FIRST.jwk(), RSA.jwk()], {("2025", "ES384"), ("rsa", "RS384")}),
    ("one name, two kinds", [FIRST.jwk(), RSA.jwk(kid="2025")], {("2025", "ES384"), ("2025", "RS384")}),
    ("one name, one kind, twice", [FIRST.jwk(), ATTACKER.jwk(), RSA.jwk()], {("rsa", "RS384")}),
    ("its own algorithm", [FIRST.jwk(alg="ES384"), RSA.jwk(alg="RS256")], {("2025", "ES384")}),
    ("its use", [FIRST.jwk(use="sig", key_ops=["verify"]), RSA.jwk(use="enc")], {("2025", "ES384")}),
    ("no name", [FIRST.jwk(kid=None), RSA.jwk(kid=7)], set()),
    ("key_ops of a wrong kind", [FIRST.jwk(key_ops=5), RSA.jwk(key_ops={})], set()),
    ("numbers for text", [{**FIRST.jwk(), "x": 5}, {**RSA.jwk(), "n": 5}, {**RSA.jwk(), "n": None}], set()),
    ("members of a wrong kind", [{**FIRST.jwk(), "crv": []}, {**RSA.jwk(), "kty": {}}, {**RSA.jwk(), "e": ""}], set()),
    ("nothing", [], set()),
]


@pytest.mark.parametrize(("name", "keys", "found"), NAMES, ids=[row[0] for row in NAMES])
def test_the_keys_of_a_set(name: str, keys: list[object], found: Iterable[tuple[str, str]]) -> None:
    assert parse(key_set(keys), ALGORITHMS).keys() == set(found)


def test_a_numbers_leading_zeros_are_read() -> None:
    """Some write the coordinates shorter than the curve: the key is then another, or none."""
    short = base64.urlsafe_b64encode(b"\x01" * 40).rstrip(b"=").decode()
    assert parse(key_set([{**FIRST.jwk(), "x": short}]), ALGORITHMS) == {}
