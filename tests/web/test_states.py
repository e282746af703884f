"""Every state of a prefetch against every fault of a FHIR server, in any order: the answer is always a truthful one.

A model keeps for each type whether all of it can have come. Of what cannot, nothing is presumed absent: a criterion
has the truth that the whole record gives it, or is not known.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cds_service import demo
from cds_service.content import load_content
from cds_service.demo import PREFETCH_KEYS, WRITTEN_FOR, demo_request
from cds_service.explain import evaluate_file, json_line
from cds_service.settings import ContentSettings, Settings
from hooks.prefetch import templates
from tests.web import fhir_server as fhir
from tests.web.fhir_server import Fault, FhirServer, Json, outcome
from tests.web.serving import Client, same, serve

DEADLINE = 1.0
SLACK = 1.0
"""Seconds that a busy machine may need beyond the deadline; a hang would take thirty."""

OURS = "io.github.oncology-trial-cds"
SERVICES = ("trial-eligibility", "ctdna-maintenance")

HARMLESS: dict[str, Fault | None] = {
    "none": None,
    "compressed": fhir.compressed,
    "busy at first": fhir.busy_first(1),
    "too long for a URL": fhir.too_long_for_a_url,
}
HARMFUL: dict[str, Fault] = {
    "401": fhir.status(401),
    "403": fhir.status(403, json.dumps(outcome("forbidden")).encode(), "application/fhir+json"),
    "404": fhir.status(404),
    "410": fhir.status(410),
    "500": fhir.status(500),
    "429 for long": fhir.status(429, retry_after="3600"),
    "HTML": fhir.says(b"<html>Please log in</html>", "text/html"),
    "XML": fhir.says(b"<Bundle xmlns='http://hl7.org/fhir'/>", "application/fhir+xml"),
    "truncated": fhir.says(b'{"resourceType":"Bundle","entry":[{"res'),
    "cut off": fhir.cut_off,
    "closes": fhir.close,
    "hangs": fhir.hang,
    "drips": fhir.drip,
    "an outcome": fhir.resource(outcome("processing")),
    "a page elsewhere": fhir.next_link("http://169.254.169.254/latest"),
}
FAULTS: dict[str, Fault | None] = {**HARMLESS, **HARMFUL}

WHOLE = frozenset({"sent", "wrapped", "as a collection"})
"""States in which a key brings its type in full."""

FETCHED = frozenset({"absent", "null", "first page"})
"""States in which the server is asked."""

LOST = frozenset({"outcome", "outcome in an entry", "a page that is elsewhere", "unreadable"})
PAGES = frozenset({"first page", "a page that is elsewhere"})
"""States that mean nothing for a resource that is no Bundle: it was sent."""

READ = HARMLESS.keys() - {"too long for a URL"}
"""What a server may do when a resource is read by its id."""

STATES = sorted(WHOLE | FETCHED | LOST)
NAMES = ("trigger-positive", "ctdna-negative", "liver-and-bowel-same-day", "child-bearing-age", "other-malignancy")
SEARCHSET = {"resourceType": "Bundle", "type": "searchset"}
ELSEWHERE = "https://evil.example/fhir"


def in_state(state: str, key: str, bundle: Json, server: FhirServer, patient: str) -> Any:
    """Return what stands at a key of the prefetch in this state."""
    entries: list[Json] = bundle.get("entry", [])
    match state:
        case "wrapped":
            return {"resource": bundle, "response": {"status": "200 OK"}}
        case "as a collection":
            return {**bundle, "type": "collection", "entry": entries[::-1]}
        case "null":
            return None
        case "outcome":
            return outcome("processing")
        case "outcome in an entry":
            return {**SEARCHSET, "entry": [{"resource": outcome("incomplete")}]}
        case "unreadable":
            return {**SEARCHSET, "entry": [{"resource": {"resourceType": PREFETCH_KEYS[key], "id": 5}}]}
        case "first page" | "a page that is elsewhere":
            base = server.base if state == "first page" else ELSEWHERE
            url = f"{base}?_of={PREFETCH_KEYS[key]}&_offset=1&patient={patient}"
            return {**bundle, "link": [{"relation": "next", "url": url}], "entry": entries[:1]}
        case _:
            return bundle


@functools.cache
def whole_truth(name: str) -> Mapping[tuple[str, str], str]:
    """Return the truth of every criterion of every trial for the whole record, as `explain` gives it from the file."""
    content = load_content(ContentSettings())
    known = templates(content.catalogue.trials.values(), content.vocabulary, content.maps)
    with as_file(files(demo) / f"{name}.json") as path:
        results = evaluate_file(path, content=content, known=known, today=WRITTEN_FOR, trial=None)
    return truths(json.loads(json_line(name, results))["trials"])


def truths(trials: list[Json]) -> dict[tuple[str, str], str]:
    """Return the truth of every criterion, by trial and id."""
    return {(trial["trial"], found["id"]): found["truth"] for trial in trials for found in criteria(trial)}


def criteria(trial: Json) -> Iterator[Json]:
    for found in trial.get("criteria", ()):
        yield found
        yield from found.get("parts", ())


def shown(cards: list[Json]) -> list[Json]:
    """Return what the cards say of trials, for a program to read."""
    extensions = [card["extension"][OURS] for card in cards]
    return [trial for each in extensions for trial in each.get("trials", [each])]


@pytest.fixture(scope="module")
def fetching() -> Iterator[Client]:
    """The service, which may call any server."""
    for base in serve(Settings(auth="off", fhir_servers=("*",), deadline_seconds=DEADLINE)):
        with httpx2.Client(base_url=base, trust_env=False, timeout=40) as http:
            yield Client(http)


def machine(client: Client) -> type[RuleBasedStateMachine]:
    """Return the machine that asks this service."""
    sent = {service["id"]: service["prefetch"] for service in client.get("/cds-services").json()["services"]}

    class Asking(RuleBasedStateMachine):
        """One patient, his record in a FHIR server and in a prefetch, and whatever goes wrong with either."""

        @initialize(name=st.sampled_from(NAMES))
        def open_chart(self, name: str) -> None:
            self.name, self.request = name, demo_request(name, WRITTEN_FOR)
            self.states = dict.fromkeys(PREFETCH_KEYS, "sent")
            self.faults = dict.fromkeys(PREFETCH_KEYS.values(), "none")
            self.running = fhir.fhir_server(everything(self.request))
            self.server = self.running.__enter__()

        def teardown(self) -> None:
            if hasattr(self, "running"):
                self.running.__exit__(None, None, None)

        @rule(keys=st.sets(st.sampled_from(sorted(PREFETCH_KEYS)), min_size=1), state=st.sampled_from(STATES))
        def send(self, keys: set[str], state: str) -> None:
            self.states |= dict.fromkeys(keys, state)

        @rule(
            types=st.sets(st.sampled_from(sorted(PREFETCH_KEYS.values())), min_size=1),
            fault=st.sampled_from(sorted(FAULTS)),
        )
        def fail(self, types: set[str], fault: str) -> None:
            self.faults |= dict.fromkeys(types, fault)

        @rule(size=st.sampled_from([1, 2, 1000]))
        def page(self, size: int) -> None:
            self.server.page = size

        @rule(service=st.sampled_from(sorted(sent)))
        def ask(self, service: str) -> None:
            self.server.faults = {type_: done for type_, fault in self.faults.items() if (done := FAULTS[fault])}
            self.server.asked.clear()
            started = time.monotonic()
            answer = client.post(f"/cds-services/{service}", self.request_now())
            assert time.monotonic() - started < DEADLINE + SLACK
            if "Patient" in self.lost(service):
                assert answer.status_code == 412
                assert answer.json()["resourceType"] == "OperationOutcome"
            else:
                assert answer.status_code == 200, answer.text
                self.check(answer.json()["cards"], service)

        def request_now(self) -> Json:
            """Return the request as the states have it; `null` stays a member, `absent` does not."""
            patient = self.request["context"]["patientId"]
            bodies = {
                key: in_state(self.states[key], key, bundle, self.server, patient)
                for key, bundle in self.request["prefetch"].items()
                if self.states[key] != "absent"
            }
            return {**self.request, "fhirServer": self.server.base, "prefetch": bodies}

        def lost(self, service: str) -> set[str]:
            """Return the types of this service of which not all can have come."""
            return {PREFETCH_KEYS[key] for key in sent[service] if key in PREFETCH_KEYS and not self.came(key)}

        def came(self, key: str) -> bool:
            state = self.states[key]
            if key == "patient":
                return state in PAGES or state in WHOLE or (state in FETCHED and self.faults["Patient"] in READ)
            return state in WHOLE or (state in FETCHED and self.faults[PREFETCH_KEYS[key]] in HARMLESS)

        def check(self, cards: list[Json], service: str) -> None:
            whole, lost = whole_truth(self.name), self.lost(service)
            for criterion, truth in truths(shown(cards)).items():
                assert truth in {whole[criterion], "unknown"}, criterion
            if service == "trial-eligibility":
                assert offered(client.cards(self.request, service)) <= offered(cards)
            for card in cards if lost & {"Condition", "Procedure", "Observation"} else ():
                assert "not retrieved in full" in card["detail"]
            if all(self.came(key) if key in sent[service] else self.states[key] in WHOLE for key in PREFETCH_KEYS):
                assert same(cards) == same(client.cards(self.request, service))

    return Asking


def offered(cards: list[Json]) -> set[str]:
    """Return the trials on cards: none that the whole record offers may fall silent when less of it is known."""
    return {trial["trial"] for trial in shown(cards)}


def everything(request: Json) -> list[Json]:
    bundles = (body for body in request["prefetch"].values() if body["resourceType"] == "Bundle")
    return [request["prefetch"]["patient"], *(entry["resource"] for b in bundles for entry in b.get("entry", ()))]


def test_C26_to_C46_every_state_of_a_prefetch_and_every_fault_of_a_server(fetching: Client) -> None:  # noqa: N802
    run_state_machine_as_test(
        machine(fetching),
        settings=settings(
            max_examples=80,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
