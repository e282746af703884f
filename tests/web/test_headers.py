"""Security headers: on every answer, each once, whoever gives it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.web.serving import MAX_BODY, ORIGIN, Client

WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

ANSWERS = [
    ("GET", "/cds-services", b"", 200),
    ("POST", "/cds-services/trial-eligibility", b"{", 400),
    ("POST", "/cds-services/trial-eligibility", b" " * (MAX_BODY + 1), 413),
    ("POST", "/cds-services/none", b"{}", 404),
    ("POST", "/cds-services/trial-eligibility/feedback", b'{"feedback":[]}', 200),
    ("DELETE", "/cds-services", b"", 405),
    ("GET", "/none", b"", 404),
    ("GET", "/", b"", 200),
    ("GET", "/demo/trigger-positive", b"", 200),
    ("GET", "/trials/NCT05797077", b"", 200),
    ("GET", "/about", b"", 200),
    ("GET", "/docs", b"", 200),
    ("GET", "/openapi.json", b"", 200),
    ("GET", "/health/ready", b"", 200),
    ("GET", "/metrics", b"", 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS)
def test_every_answer_carries_each_header_once(
    client: Client, method: str, path: str, body: bytes, status: int
) -> None:
    answer = client.http.request(method, path, content=body)
    assert answer.status_code == status
    for name, value in WANTED.items():
        assert answer.headers.get_list(name) == [value]
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_nothing_runs_loads_or_frames_a_page(client: Client) -> None:
    policy = dict(
        rule.strip().split(" ", 1) for rule in client.http.get("/").headers["content-security-policy"].split(";")
    )
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'")


def test_C91_a_preflight_is_still_answered(client: Client) -> None:  # noqa: N802
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    answer = client.http.options("/cds-services/trial-eligibility", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert (answer.content, answer.headers.get("content-type"), answer.headers["content-length"]) == (b"", None, "0")
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("public_url", "sent"),
    [(None, None), ("http://127.0.0.1:8080", None), ("https://cds.example", "max-age=31536000")],
)
def test_C01_https_is_asked_for_where_clients_reach_the_service_by_it(public_url: str | None, sent: str | None) -> None:  # noqa: N802
    client = TestClient(create_app(Settings(auth="off", public_url=public_url)))
    for path in ("/health/live", "/none"):
        assert client.get(path).headers.get("strict-transport-security") == sent
