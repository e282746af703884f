"""A signature is verified beside the reading of a body; who is not let in is not read, or learns nothing of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from cds_service.app import create_app
from cds_service.authentication import Authentication
from cds_service.demo import WRITTEN_FOR
from cds_service.settings import Settings
from tests.web.tokens import CALL, PUBLIC, clients_file, key, key_set, token

EC, ATTACKER = key("ec"), key("ec", owner="attacker")
ISSUER = {"iss": "https://ehr.example", "jwks_file": "ehr.json"}
NO_JKU = {"jku": ...}
Receive = Callable[[], Awaitable[Message]]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    folder: Path = tmp_path_factory.mktemp("reading")
    clients = clients_file(folder, [ISSUER], ehr=key_set([EC.jwk()]))
    return create_app(Settings(clients=clients, public_url=PUBLIC, data_dir=folder), today=lambda: WRITTEN_FOR)


def status(app: ASGIApp, path: str, authorization: str | None, receive: Receive) -> int:
    """Return the status of a call whose body comes as `receive` says."""
    headers = [(b"content-type", b"application/json")]
    headers += [(b"authorization", authorization.encode())] if authorization else []
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "root_path": ""}
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app({**scope, "scheme": "http", "server": ("127.0.0.1", 80)}, receive, send)

    asyncio.run(call())
    return int(sent[0]["status"])


async def nothing() -> Message:
    raise AssertionError("the body was asked for")


async def broken() -> Message:
    return {"type": "http.request", "body": b"{", "more_body": False}


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic x",
        "Bearer a.b.c",
        f"Bearer {token(EC, NO_JKU, {'iss': 'https://stranger.example'})}",
        f"Bearer {token(EC, {'jku': 'https://elsewhere.example'})}",
        f"Bearer {token(EC, {**NO_JKU, 'kid': 'unknown'})}",
        f"Bearer {token(EC, {**NO_JKU, 'alg': 'none'})}",
    ],
)
def test_a_stranger_is_refused_before_his_body_is_read(app: ASGIApp, authorization: str | None) -> None:
    assert status(app, CALL, authorization, nothing) == 401
    assert status(app, f"{CALL}/feedback", authorization, nothing) == 401


@pytest.mark.parametrize("path", [CALL, f"{CALL}/feedback", "/cds-services/unknown", "/cds-services/unknown/feedback"])
def test_who_is_not_let_in_learns_nothing_of_what_he_sent(app: ASGIApp, path: str) -> None:
    forged = token(ATTACKER, NO_JKU, {"aud": f"{PUBLIC}{path}"})
    assert status(app, path, f"Bearer {forged}", broken) == 401
    good = token(EC, NO_JKU, {"aud": f"{PUBLIC}{path}"})
    assert status(app, path, f"Bearer {good}", broken) in {400, 404}


def test_a_signature_is_verified_while_the_body_is_on_its_way(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    verified, verify, threads = threading.Event(), Authentication._verify, []

    def verifying(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        found = verify(*arguments)
        verified.set()
        return found

    async def late() -> Message:
        assert await asyncio.to_thread(verified.wait, 20), "nothing was verified before the body came"
        return await broken()

    monkeypatch.setattr(Authentication, "_verify", verifying)
    assert status(app, CALL, f"Bearer {token(EC, NO_JKU)}", late) == 400
    assert threads != [threading.current_thread()], "the answers to others wait for it"
