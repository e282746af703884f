"""What whoever runs the service relies on: metrics, a bound on what runs at once, a stop that breaks nothing off."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from cds_service import app
from cds_service.background import CLOSING, Background
from cds_service.connections import CONNECTIONS
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from tests.web.fhir_server import drip_header, fhir_server
from tests.web.serving import serve
from tests.web.shell import run
from tests.web.tokens import ISS, PUBLIC, clients_file, key, token

PATH = "/cds-services/trial-eligibility"
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def fresh() -> Iterator[httpx2.Client]:
    """A service of which nobody has asked anything."""
    for base in serve(Settings(auth="off")):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            yield http


def counted(http: httpx2.Client) -> dict[Sample, float]:
    """Return what the service has counted, by name and labels."""
    families = text_string_to_metric_families(http.get("/metrics").text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def sample(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


def test_metrics_count_what_was_answered(fresh: httpx2.Client) -> None:
    fresh.post(PATH, json=demo_request("trigger-positive", WRITTEN_FOR))
    fresh.post(PATH, json=demo_request("unrelated", WRITTEN_FOR))
    fresh.post(PATH, json={})
    found = counted(fresh)
    route, service = "/cds-services/{id}", "trial-eligibility"
    assert found[sample("cds_requests_total", route=route, service=service, status="200")] == 2
    assert found[sample("cds_requests_total", route=route, service=service, status="400")] == 1
    assert found[sample("cds_request_seconds_count", route=route)] == 3
    assert found[sample("cds_cards_total", service=service)] == 1
    assert found[sample("cds_trials_total", service=service, trial="NCT05797077", status="likely-eligible")] == 1
    assert found[sample("cds_unknown_criteria_total", trial="NCT05797077", reason="human")] > 0
    assert found[sample("cds_unreadable_resources_total")] == 0
    assert found[sample("cds_unrecorded_answers_total")] == 0


def test_metrics_count_what_the_ledger_lost(fresh: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def turned_away(items: Background[Any], item: object) -> None:
        del item
        items._turned_away += 1

    monkeypatch.setattr(Background, "put", turned_away)
    fresh.post(PATH, json=demo_request("trigger-positive", WRITTEN_FOR))
    assert counted(fresh)[sample("cds_unrecorded_answers_total")] == 1


def test_metrics_count_what_did_not_come(fresh: httpx2.Client) -> None:
    request = demo_request("trigger-positive", WRITTEN_FOR)
    request["prefetch"]["allergies"] = None
    request["prefetch"]["procedures"]["entry"].append({"resource": {"resourceType": "Procedure", "id": 5}})
    fresh.post(PATH, json={**request, "fhirServer": "https://elsewhere.example/fhir"})
    found = counted(fresh)
    assert found[sample("cds_incomplete_types_total", type="AllergyIntolerance")] == 1
    assert found[sample("cds_incomplete_types_total", type="Procedure")] == 1
    assert found[sample("cds_unreadable_resources_total")] == 1
    why = "the FHIR server of the request is not one that may be called"
    assert found[sample("cds_fetch_faults_total", why=why)] == 1


def test_metrics_count_no_type_that_was_never_asked_for(fresh: httpx2.Client) -> None:
    for service in ("trial-eligibility", "ctdna-maintenance"):
        fresh.post(f"/cds-services/{service}", json=demo_request("trigger-positive", WRITTEN_FOR))
    assert [name for name, _ in counted(fresh) if name == "cds_incomplete_types_total"] == []


def test_metrics_have_no_word_of_a_request(fresh: httpx2.Client) -> None:
    request = demo_request("trigger-positive", WRITTEN_FOR)
    page = {"resourceType": "Bundle", "link": [{"relation": "next", "url": "https://canary.example"}]}
    request["prefetch"]["canaryKey"] = {**page, "entry": [{"resource": {"resourceType": "CanaryType", "id": "canary"}}]}
    request["prefetch"]["conditions"]["entry"].append({"resource": {"resourceType": "CanaryOther", "id": 5}})
    fresh.post(PATH, json={**request, "fhirServer": "https://canary.example"})
    fresh.post("/canary-path", json={})
    fresh.post("/cds-services/canary-service", json=request)
    text = fresh.get("/metrics").text
    assert "canary" not in text.casefold()
    assert request["context"]["patientId"] not in text
    assert 'route="other"' in text


def test_one_request_too_many_is_503_and_health_is_answered_all_the_same(
    fresh: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "AT_ONCE", 0)
    answer = fresh.post(PATH, json=demo_request("trigger-positive", WRITTEN_FOR))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["issue"][0]["code"] == "throttled"
    assert fresh.get("/health/live").status_code == 200


HALF = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode()


def connected(port: int, said: bytes) -> socket.socket:
    """Return a connection on which something was said, by a client with little room for answers."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.sendall(said)
    return connection


def test_a_body_that_does_not_come_is_408_and_makes_room(fresh: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(app, "AT_ONCE", 1)
    request = demo_request("trigger-positive", WRITTEN_FOR)
    with connected(fresh.base_url.port or 0, HALF) as half:
        time.sleep(0.1)
        assert fresh.post(PATH, json=request).status_code == 503
        answer = half.makefile("rb").read().decode()
        assert answer.startswith("HTTP/1.1 408 ")
        assert '"code":"timeout"' in answer
        assert fresh.post(PATH, json=request).status_code == 200


def test_a_body_that_comes_drop_by_drop_is_408(fresh: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_SECONDS", 0.5)

    def drops() -> Iterator[bytes]:
        for _ in range(40):
            time.sleep(0.05)
            yield b" "

    assert fresh.post(PATH, content=drops(), headers={"content-type": "application/json"}).status_code == 408


def test_a_stop_waits_for_no_one_for_ever() -> None:
    """Neither for a body of which half was sent, nor for a client that reads no answer."""
    port = free_port()
    running = started(port)
    unread = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100
    with connected(port, HALF) as half, connected(port, unread):
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=15) == -signal.SIGTERM
        assert half.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_stop_is_over_before_the_seconds_that_SECURITY_names() -> None:  # noqa: N802
    """The deadline, or five seconds, and eight more: of these two for who reads nothing, five for the last cards."""
    assert app.patience(Settings(auth="off", deadline_seconds=1)) + CLOSING < 5 + 8
    assert app.patience(Settings(auth="off", deadline_seconds=9)) + CLOSING < 9 + 8


def test_what_a_stop_breaks_off_is_503() -> None:
    """A request that came late in the stop, and needs longer than is left."""
    request = demo_request("trigger-positive", WRITTEN_FOR)
    del request["prefetch"]["conditions"]
    with fhir_server([]) as server, socket.socket() as listening:
        server.delay = 3
        listening.bind(("127.0.0.1", 0))
        settings = Settings(auth="off", fhir_servers=(server.base,), deadline_seconds=30)
        config = uvicorn.Config(
            app.create_app(settings), log_level="critical", timeout_graceful_shutdown=1, **CONNECTIONS
        )
        stopping = uvicorn.Server(config)
        running = threading.Thread(target=stopping.run, kwargs={"sockets": [listening]})
        running.start()
        answers: list[httpx2.Response] = []
        body, port = {**request, "fhirServer": server.base}, listening.getsockname()[1]
        asking = threading.Thread(target=lambda: answers.append(ask(port, body)))
        asking.start()
        while not server.calls:
            time.sleep(0.01)
        stopping.should_exit = True
        asking.join()
        running.join()
    assert (answers[0].status_code, answers[0].headers["retry-after"]) == (503, "1")
    assert answers[0].json()["issue"][0]["code"] == "transient"


def test_every_line_of_its_output_is_json(tmp_path: Path) -> None:
    """Where uvicorn speaks, too; and none holds a word of a stranger's."""
    port, output = free_port(), tmp_path / "output"
    with output.open("wb") as writer:
        running = started(port, output=writer)
    for said in (
        b"CANARY\r\n\r\n",
        b"GET /canary HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ):
        with connected(port, said) as connection:
            assert connection.recv(65536)
    running.terminate()
    running.wait(timeout=15)
    told, *rest = output.read_text(encoding="utf-8").splitlines()
    assert told.startswith("Open http://")
    lines = [json.loads(line) for line in rest]
    assert "httptools_impl.py" in " ".join(line.get("error", "") for line in lines)
    assert "canary" not in output.read_text(encoding="utf-8").casefold()


def test_a_stop_finishes_what_was_begun() -> None:
    """SIGTERM while the FHIR server has not answered yet: the clinician still gets the cards."""
    request = demo_request("trigger-positive", WRITTEN_FOR)
    resources = [entry["resource"] for entry in request["prefetch"].pop("conditions")["entry"]]
    with fhir_server(resources) as server:
        server.delay, port = 1.0, free_port()
        running = started(port, {"CDS_FHIR_SERVERS": server.base})
        answers: list[httpx2.Response] = []
        asking = threading.Thread(target=lambda: answers.append(ask(port, {**request, "fhirServer": server.base})))
        asking.start()
        while not server.calls:
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        asking.join()
        assert running.wait(timeout=10) == -signal.SIGTERM
    assert answers[0].status_code == 200
    assert answers[0].json()["cards"]


def test_a_taken_port_is_one_line_that_says_how_to_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_AUTH", "off")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "Address already in use" in done.err
    assert "make run PORT=8081" in done.err


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["jwks", "Condition"])
def test_a_server_that_never_ends_its_answer_does_not_hold_up_the_stop(
    tmp_path: Path, place: str, stop: signal.Signals
) -> None:
    with fhir_server([]) as server:
        server.faults[place] = drip_header
        jku = f"{server.base}/{place}"
        clients = clients_file(tmp_path, [{"iss": ISS, "jku": jku}])
        keys = {"CDS_AUTH": "optional", "CDS_CLIENTS": str(clients), "CDS_PUBLIC_URL": PUBLIC}
        settings = keys if place == "jwks" else {"CDS_AUTH": "off", "CDS_FHIR_SERVERS": server.base}
        port = free_port()
        running = started(port, {"CDS_DATA_DIR": str(tmp_path), **settings})
        request = demo_request("trigger-positive", WRITTEN_FOR)
        del request["prefetch"]["conditions"]
        signed = token(key("2026"), {"jku": jku})
        headers = {"authorization": f"Bearer {signed}"}
        answer = ask(port, {**request, "fhirServer": server.base}, **headers)
        assert (answer.status_code, len(server.calls)) == (401 if place == "jwks" else 200, 1)
        running.send_signal(stop)
        try:
            running.wait(timeout=10)
        finally:
            running.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


def ask(port: int, request: dict[str, Any], **headers: str) -> httpx2.Response:
    url = f"http://127.0.0.1:{port}{PATH}"
    return httpx2.post(url, json=request, headers=headers, trust_env=False, timeout=10)


def started(
    port: int, settings: Mapping[str, str] | None = None, output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Run `cds-service serve` until it is ready."""
    command = [str(Path(sys.executable).parent / "cds-service"), "serve", "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if name != "CDS_LIVE_FHIR_SERVER"}
    running = subprocess.Popen(
        command,
        env={**inherited, "CDS_AUTH": "off", **(settings or {})},
        stdout=output or subprocess.DEVNULL,
        stderr=output,
    )
    for _ in range(300):
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).status_code == 200:
                return running
        except httpx2.TransportError:
            assert running.poll() is None
            time.sleep(0.1)
    raise AssertionError("the service did not start")
