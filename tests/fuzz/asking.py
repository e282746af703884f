"""Asking services in this process, as fast as they can be asked, and looking at each answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from cds_service.app import create_app
from cds_service.demo import WRITTEN_FOR
from cds_service.settings import Settings
from tests.fuzz.forging import forged
from tests.fuzz.judging import Judge, good_token, write_clients
from tests.fuzz.mutating import mutated
from tests.web.tokens import PUBLIC, REFUSAL

Json = dict[str, Any]
Header = tuple[bytes, bytes]
TYPE: Header = (b"content-type", b"application/json")
SECONDS = 10.0
"""A request that takes longer hangs."""

PATHS = ("/cds-services/trial-eligibility", "/cds-services/ctdna-maintenance")
GUARDED = 0.1
"""How often the service is asked that lets nobody in without a token."""

logging.getLogger("cds_service").addHandler(logging.NullHandler())  # whoever fuzzes wants answers, not log lines

OURS = "io.github.oncology-trial-cds"


class Asking:
    """Asks an application, one request after the other."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.loop = app, asyncio.new_event_loop()

    def post(self, path: str, body: bytes, headers: Sequence[Header] = (TYPE,)) -> tuple[int, bytes]:
        """Return the status and the body of an answer. Fails when it takes too long."""
        started = time.monotonic()
        answer = self.loop.run_until_complete(asyncio.wait_for(self._post(path, body, headers), SECONDS))
        assert time.monotonic() - started < SECONDS, "it hangs"
        return answer

    async def _post(self, path: str, body: bytes, headers: Sequence[Header]) -> tuple[int, bytes]:
        sent: list[Message] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


class Open(Asking):
    """Asks a service that anybody may call. folder: for what it keeps."""

    def __init__(self, folder: Path) -> None:
        super().__init__(create_app(Settings(auth="off", data_dir=folder), today=lambda: WRITTEN_FOR))


class Guarded(Asking):
    """Asks a service that lets nobody in without a good token. folder: for what it keeps."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(clients=write_clients(folder), public_url=PUBLIC, data_dir=folder)
        super().__init__(create_app(settings, today=lambda: WRITTEN_FOR))
        self.judge = Judge()

    def knock(self, sent: Sequence[bytes], path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return the answer to a call with these Authorization headers. Fails unless the judge says the same.

        Who was let in knocks again with the same token, and must not be let in.
        """
        status, answer = self._judged(sent, path, body)
        if status != 401:
            self._judged(sent, path, body)
        return status, answer

    def _judged(self, sent: Sequence[bytes], path: str, body: bytes) -> tuple[int, bytes]:
        """Return an answer that is right before the call or after it: a token can expire in between."""
        token = good_token(sent, path)
        right = [self.judge.lets_in(token, time.time())]
        status, answer = self.post(path, body, (TYPE, *((b"authorization", header) for header in sent)))
        right.append(self.judge.lets_in(token, time.time()))
        assert (status != 401) in right, f"{status} for {sent}"
        assert status != 401 or answer == REFUSAL
        if token is not None and status != 401:
            self.judge.note(token)
        return status, answer


class Services:
    """Both of them. folder: for what they keep."""

    def __init__(self, folder: Path) -> None:
        self.open, self.guarded = Open(folder), Guarded(folder)

    def ask(self, chance: random.Random) -> int:
        """Ask one of them with anything wrong, look at the answer and return its status."""
        body, path = mutated(chance), chance.choice(PATHS)
        if chance.random() < GUARDED:
            status, answer = self.guarded.knock(forged(chance, path), path, body)
        else:
            status, answer = self.open.post(path, body)
        look(body, status, answer)
        return status


def look(body: bytes, status: int, answer: bytes) -> None:
    """Fail for an answer that may never be: a 5xx, an error that is no OperationOutcome, another patient's evidence."""
    assert status < 500, answer
    found = json.loads(answer)
    if status != 200:
        assert found["resourceType"] == "OperationOutcome"
        assert found["issue"]
        return
    assert isinstance(found["cards"], list)
    evidence = {source for card in found["cards"] for source in sources(card["extension"][OURS])}
    if evidence:
        assert evidence.isdisjoint(of_others(body)), "evidence of another patient"


def sources(element: Any) -> Iterator[str]:
    """Yield every resource that an extension names as evidence."""
    if isinstance(element, dict):
        yield from element.get("evidence", ())
        for value in element.values():
            yield from sources(value)
    elif isinstance(element, list):
        for value in element:
            yield from sources(value)


def of_others(body: bytes) -> set[str]:
    """Return the resources (`Type/id`) that say they are another patient's, and of which no copy says otherwise."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        request = json.loads(body)
        own = f"Patient/{request['context']['patientId'].removeprefix('Patient/')}"
        subjects: dict[str, set[str]] = {}
        for resource in resources(request["prefetch"]):
            reference = (resource.get("subject") or resource.get("patient") or {}).get("reference", own)
            subjects.setdefault(f"{resource['resourceType']}/{resource.get('id')}", set()).add(reference)
        return {name for name, found in subjects.items() if all(is_other(subject, own) for subject in found)}
    return set()


def is_other(reference: object, own: str) -> bool:
    """Whether a reference names another patient, by whatever server and version: what counts is the id at its end."""
    if not isinstance(reference, str) or "Patient/" not in reference:
        return False
    return reference.split("/_history/")[0].rpartition("/")[2] != own.rpartition("/")[2]


def resources(element: Any) -> Iterator[Json]:
    """Yield every object with a resourceType, wherever it is."""
    if isinstance(element, dict):
        if isinstance(element.get("resourceType"), str):
            yield element
        for value in element.values():
            yield from resources(value)
    elif isinstance(element, list):
        for value in element:
            yield from resources(value)
