"""The service over real HTTP, on a free port of loopback with a clock that stands still, and a client that asks it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import httpx2

from cds_service.demo import WRITTEN_FOR
from cds_service.sandbox import service
from cds_service.settings import Settings
from tests.web.schemas import assert_described

ORIGIN = "https://ehr.example"
MAX_BODY = 300_000
NAMED_LISTS = {"cards", "services"}
"""Members that may be an empty list."""


class Client:
    """Asks the service, looks into every JSON answer for what CDS Hooks forbids, and holds it against its schema."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self._seen(self.http.get(path, headers=headers))

    def send(self, path: str, body: bytes, content_type: str = "application/json", **headers: str) -> httpx2.Response:
        return self._seen(self.http.post(path, content=body, headers={"content-type": content_type, **headers}))

    def post(self, path: str, body: Any) -> httpx2.Response:
        return self.send(path, json.dumps(body).encode())

    def cards(self, body: Any, service: str = "trial-eligibility") -> list[dict[str, Any]]:
        answer = self.post(f"/cds-services/{service}", body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["cards"]
        return found

    def _seen(self, answer: httpx2.Response) -> httpx2.Response:
        """C01, C02: JSON everywhere, and no member that is null or empty."""
        assert answer.headers["content-type"] == "application/json"
        if answer.json() != {}:
            assert_nothing_empty(answer.json())
        assert_described(answer)
        return answer


def same(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cards without what differs between any two answers."""
    return [{key: value for key, value in card.items() if key != "uuid"} for card in cards]


def incomplete(cards: list[dict[str, Any]]) -> str:
    """Return what the cards say of the record."""
    lines = [line for card in cards for line in card["detail"].splitlines() if line.startswith("*About the record:*")]
    return " ".join(lines)


def statuses(cards: list[dict[str, Any]]) -> set[str]:
    """Return the statuses of the trials on cards."""
    found = [card["extension"]["io.github.oncology-trial-cds"] for card in cards]
    return {trial["status"] for each in found for trial in each.get("trials", [each])}


def assert_nothing_empty(element: Any, name: str = "") -> None:
    assert element is not None, name
    assert element != "", name
    assert element != {}, name
    if isinstance(element, dict):
        for key, value in element.items():
            assert_nothing_empty(value, key)
    elif isinstance(element, list):
        assert element or name in NAMED_LISTS, name
        for item in element:
            assert_nothing_empty(item, name)


def serve(settings: Settings, today: dt.date = WRITTEN_FOR) -> Iterator[str]:
    """Run the service in a thread and yield its base URL."""
    with service(settings, today) as base:
        yield base
