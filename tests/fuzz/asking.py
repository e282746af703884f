"""Asking the service in this process, as fast as it can be asked, and looking at each answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from starlette.types import ASGIApp, Message

Json = dict[str, Any]
Header = tuple[bytes, bytes]
TYPE: Header = (b"content-type", b"application/json")
SECONDS = 10.0
"""A request that takes longer hangs."""

SERVICES = ("trial-eligibility", "ctdna-maintenance")
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
