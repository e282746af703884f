"""What never reaches a route: heads without end, what is no HTTP, upgrades, preflights that are refused.

They are answered as everything else is: with an OperationOutcome, the security headers and no word of what was sent.
"""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from cds_service.settings import Settings
from tests.web.serving import ORIGIN, Client, serve
from tests.web.test_headers import WANTED

LIMIT = 64 * 1024
GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /cds-services/trial-eligibility HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Heard:
    """An answer as it came: status, headers by name, body."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def say(base: str, *parts: bytes) -> Heard:
    """Send bytes, with pauses, and return the answer, after which the service closes the connection."""
    with socket.create_connection((urlsplit(base).hostname, urlsplit(base).port), timeout=10) as connection:
        for number, part in enumerate(parts):
            time.sleep(0.2 * (number > 0))
            connection.sendall(part)
        found = b""
        while received := connection.recv(65536):
            found += received
    return Heard(found)


def filled(begun: bytes, unit: bytes) -> bytes:
    """Return bytes that go on and on, by one more than may be."""
    return (begun + unit * (LIMIT // len(unit) + 1))[: LIMIT + 1]


TOO_LONG = [
    ("many headers", [filled(GET, b"canary: canary\r\n")]),
    ("one header", [filled(GET + b"canary: ", b"c")]),
    ("an address", [filled(b"GET /canary", b"c")]),
    ("trailers", [CHUNKED + b"0\r\n", filled(b"", b"canary: canary\r\n")]),
    ("one trailer after a body", [CHUNKED + b"1\r\n{\r\n0\r\n", filled(b"canary: ", b"c")]),
]


@pytest.mark.parametrize("parts", [parts for _, parts in TOO_LONG], ids=[name for name, _ in TOO_LONG])
def test_a_head_without_end_is_431(base: str, parts: list[bytes]) -> None:
    refused(say(base, *parts), 431, "too-long")


@pytest.mark.parametrize(
    "raw",
    [
        b"CANARY\r\n\r\n",
        b"GET /canary HTTP/1.1\r\nHost: x\r\ncanary canary\r\n\r\n",
        b"GET / HTTP/9.9\r\ncanary: canary\r\n\r\n",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400(base: str, raw: bytes) -> None:
    refused(say(base, raw), 400, "structure")


def test_https_is_asked_for_there_too() -> None:
    for base in serve(Settings(auth="off", public_url="https://cds.example")):
        assert say(base, b"CANARY\r\n\r\n").headers["strict-transport-security"] == "max-age=31536000"


def refused(heard: Heard, status: int, code: str) -> None:
    answer = httpx2.Response(heard.status, headers=heard.headers, content=heard.body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] == code
    assert {name: answer.headers[name] for name in WANTED} == WANTED
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "canary" not in answer.text.casefold()


def test_long_heads_bodies_and_requests_one_after_another_are_answered(base: str) -> None:
    """The bound is that of one head: neither bodies nor what came before on the connection count."""
    with httpx2.Client(base_url=base, trust_env=False) as http:
        for _ in range(3):
            assert http.get("/health/live", headers={"x": "y" * (LIMIT - 1000)}).status_code == 200
            assert http.post("/cds-services/trial-eligibility", content=b" " * (4 * LIMIT)).status_code == 400
            assert http.post("/cds-services/trial-eligibility", content=iter([b" "] * 300)).status_code == 400


@pytest.mark.parametrize("key", [b"", b"Sec-WebSocket-Key: YWFhYWFhYWFhYWFhYWFhYQ==\r\n"])
def test_a_websocket_is_no_other_door(base: str, key: bytes) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    head = b"GET /cds-services/canary HTTP/1.1\r\nHost: x\r\n" + upgrade + key + b"\r\n"
    refused(say(base, head), 405, "not-supported")


@pytest.mark.parametrize(
    "asked",
    [
        {"origin": "https://canary.example", "access-control-request-method": "POST"},
        {"origin": ORIGIN, "access-control-request-method": "CANARY"},
        {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "x-canary"},
    ],
)
def test_C91_a_preflight_that_is_refused_is_an_outcome(client: Client, asked: dict[str, str]) -> None:  # noqa: N802
    answer = client.http.options("/cds-services/trial-eligibility", headers=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json()["issue"][0]["code"] == "forbidden"
    assert "canary" not in answer.text.casefold()
