"""Two hundred patients at a time, good and bad, sent and fetched: every answer is of its own patient alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from tests.web.fhir_server import FhirServer, fhir_server
from tests.web.serving import Client, same, serve

Json = dict[str, Any]
NAMES = ["trigger-positive", "child-bearing-age", "r1-margin", "german-codes"]
REQUESTS = {name: json.dumps(demo_request(name, WRITTEN_FOR)) for name in NAMES}
PATIENTS = 200
MARK = re.compile(r"-n\d{3}x")
"""Stands in every id of a patient's chart, and so in every reference to what is in it."""


def mark(number: int) -> str:
    return f"-n{number:03}x"


def own(text: str, name: str, number: int) -> str:
    """Return a text with the ids of a demo patient made those of patient `number`."""
    return text.replace(name, name + mark(number))


def chart(name: str, number: int) -> Json:
    found: Json = json.loads(own(REQUESTS[name], name, number))
    return found


def resources(request: Json) -> Iterator[Json]:
    """Yield the resources of a request's prefetch."""
    for body in request["prefetch"].values():
        if body["resourceType"] == "Bundle":
            yield from (entry["resource"] for entry in body.get("entry", ()))
        else:
            yield body


def sent(request: Json, base: str) -> bytes:
    return json.dumps(request).encode()


def fetched(request: Json, base: str) -> bytes:
    return json.dumps({**request, "prefetch": {}, "fhirServer": base}).encode()


def partly_fetched(request: Json, base: str) -> bytes:
    prefetch = {key: body for key, body in request["prefetch"].items() if key not in {"conditions", "observations"}}
    return json.dumps({**request, "prefetch": prefetch, "fhirServer": base}).encode()


def unreadable(request: Json, base: str) -> bytes:
    return json.dumps({**request, "prefetch": {**request["prefetch"], "conditions": 5}}).encode()


def malformed(request: Json, base: str) -> bytes:
    return sent(request, base)[:-1]


def of_another(request: Json, base: str) -> bytes:
    return json.dumps({**request, "context": {"patientId": "another"}}).encode()


def without_patient(request: Json, base: str) -> bytes:
    return json.dumps({**request, "prefetch": {}}).encode()


WAYS = [sent, fetched, partly_fetched, unreadable, sent, malformed, fetched, of_another, without_patient]
STATUS = {malformed: 400, of_another: 400, without_patient: 412}


@pytest.fixture(scope="module")
def service() -> Iterator[Client]:
    """The service with time enough for everybody."""
    for base in serve(Settings(auth="off", fhir_servers=("*",), deadline_seconds=60)):
        limits = httpx2.Limits(max_connections=PATIENTS)
        with httpx2.Client(base_url=base, trust_env=False, timeout=120, limits=limits) as http:
            yield Client(http)


@pytest.fixture(scope="module")
def ehr() -> Iterator[FhirServer]:
    """A FHIR server that holds everybody."""
    charts = (chart(name, number) for number, name in everybody())
    with fhir_server([resource for each in charts for resource in resources(each)]) as running:
        yield running


def everybody() -> Iterator[tuple[int, str]]:
    for number in range(PATIENTS):
        yield number, NAMES[number % len(NAMES)]


@pytest.mark.parametrize("id_", ["trial-eligibility", "ctdna-maintenance"])
def test_every_answer_is_of_its_own_patient(service: Client, ehr: FhirServer, id_: str) -> None:
    path = f"/cds-services/{id_}"
    alone = {name: json.dumps(service.cards(json.loads(REQUESTS[name]), id_)) for name in NAMES}
    bodies = {number: WAYS[number % len(WAYS)](chart(name, number), ehr.base) for number, name in everybody()}
    with ThreadPoolExecutor(PATIENTS) as callers:
        answers = dict(zip(bodies, callers.map(lambda body: service.send(path, body), bodies.values()), strict=True))
    for number, name in everybody():
        way, answer = WAYS[number % len(WAYS)], answers[number]
        assert answer.status_code == STATUS.get(way, 200), answer.text
        assert set(MARK.findall(answer.text)) <= {mark(number)}
        if way in {sent, fetched, partly_fetched}:
            assert same(answer.json()["cards"]) == same(json.loads(own(alone[name], name, number)))
