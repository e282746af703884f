"""Who is let in, what an unforeseen error answers, and that no log line holds anything of a patient."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from cds_service import logs
from cds_service.app import create_app
from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from cds_service.settings import Settings
from hooks.services import SERVICES
from tests.web.serving import Client, serve
from tests.web.tokens import clients_file

CALLS = [("GET", "/cds-services"), ("POST", "/cds-services/trial-eligibility"), ("POST", "/cds-services/x/feedback")]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """The service as it is by default."""
    folder = tmp_path_factory.mktemp("clients")
    clients = clients_file(folder, [{"iss": "https://ehr.example", "jku": "https://ehr.example/jwks.json"}])
    settings = Settings(clients=clients, public_url="https://cds.example", data_dir=folder)
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            yield http


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x.y.z"}])
def test_required_lets_no_one_in_and_says_nothing(
    closed: httpx2.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = closed.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["issue"][0]["details"]["text"] == "Not authenticated."


def test_health_needs_no_token(closed: httpx2.Client) -> None:
    assert closed.get("/health/ready").status_code == 200


def test_without_the_demo_there_is_no_page(closed: httpx2.Client) -> None:
    assert closed.get("/").status_code == 404
    assert closed.get("/demo/trigger-positive").status_code == 404


def test_optional_without_clients_refuses_every_token() -> None:
    for base in serve(Settings(auth="optional")):
        assert httpx2.get(f"{base}/cds-services", trust_env=False).status_code == 200
        headers = {"authorization": "Bearer x.y.z"}
        assert httpx2.get(f"{base}/cds-services", headers=headers, trust_env=False).status_code == 401


def test_off_ignores_a_token(client: Client) -> None:
    assert client.get("/cds-services", authorization="Bearer x.y.z").status_code == 200


def test_the_demo_page_lists_patients_whose_requests_can_be_sent(client: Client) -> None:
    page = client.http.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'href="demo/trigger-positive"' in page.text
    request = client.http.get("/demo/trigger-positive").json()
    assert client.cards(request, "ctdna-maintenance")[0]["indicator"] == "warning"
    assert client.get("/demo/none").status_code == 404


def test_the_demo_page_tells_the_stories_in_an_order_in_which_each_is_understood(client: Client) -> None:
    """One that is told by another comes after it; a date would be wrong on every day but one, and so would an age."""
    told = re.findall(r'<a href="demo/([a-z0-9-]+)">.*?<small>(.*?)</small>', client.http.get("/").text)
    names = [name for name, _ in told]
    assert names[0] == "trigger-positive"
    assert sorted(names) == sorted(demo_patients(WRITTEN_FOR))
    for name, story in told:
        earlier = names[: names.index(name)]
        assert [other for other in re.findall(r"As ([a-z-]+)", story) if other not in earlier] == [], story
        assert re.search(r"\b(19|20)\d\d\b|\bof \d\d\b|The same", story) is None, story


class _Broken(Exception):
    """An error that nobody foresaw, with a patient's datum in its message."""


def test_an_unforeseen_error_is_500_with_a_reference_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds_service")

    days = iter([WRITTEN_FOR] * len(SERVICES))  # the service answers once for each service when it starts

    def clock_that_breaks() -> dt.date:
        day = next(days, None)
        if day is None:
            raise _Broken("Mrs Canary, born 1960-05-01")
        return day

    client = TestClient(create_app(Settings(auth="off"), today=clock_that_breaks))
    answer = client.post("/cds-services/trial-eligibility", json=demo_request("trigger-positive", WRITTEN_FOR))
    assert answer.status_code == 500
    line = json.loads(caplog.messages[-1])
    assert answer.json()["issue"][0]["diagnostics"] == line["correlation"]
    assert line["error"].startswith("_Broken at ")
    assert "Canary" not in answer.text + caplog.text


FIELDS = {"time", "level", "route", "service", "status", "duration_ms", "cards", "correlation", "error"}


def test_no_patient_datum_in_any_line(
    client: Client, positive: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries stand wherever a client can put one, in a good call, refused calls and strange paths."""
    caplog.set_level(logging.INFO, "cds_service")
    positive["context"]["encounterId"] = positive["fhirServer"] = "https://canary.example"
    positive["fhirAuthorization"] = {"access_token": "canary-token"}
    positive["prefetch"]["patient"]["name"] = [{"family": "Canary"}]
    positive["prefetch"]["conditions"]["entry"].append(
        {"resource": {"resourceType": "Condition", "id": "canary", "code": 5}}
    )
    client.post("/cds-services/trial-eligibility", positive)
    client.post("/cds-services/canary", positive)
    client.post("/canary?name=canary", positive)
    client.post("/cds-services/trial-eligibility", {**positive, "context": {"patientId": "canary/1"}})
    client.post("/cds-services/trial-eligibility", {**positive, "hook": ["canary"]})
    assert len(caplog.messages) == 5
    assert "canary" not in caplog.text.casefold()
    for message in caplog.messages:
        assert json.loads(message).keys() <= FIELDS
    first = json.loads(caplog.messages[0])
    assert (first["route"], first["service"], first["status"], first["cards"]) == (
        "/cds-services/{id}",
        "trial-eligibility",
        200,
        1,
    )


def test_where_an_error_came_from_holds_no_message() -> None:
    with pytest.raises(ValueError, match="canary") as caught:
        raise ValueError("canary")
    assert re.fullmatch(rf"ValueError at {Path(__file__).name}:\d+", logs.where(caught.value))
