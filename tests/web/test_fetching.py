# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Fetching: what the prefetch lacks comes from the FHIR server, and what could not be had is said, never guessed."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import requests

from cds_service.content import load_content
from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from cds_service.fetching import NOT_READ, Chain, Query, access
from cds_service.gathering import Gathering
from cds_service.outbound import Outbound
from cds_service.settings import ContentSettings, Settings
from hooks.prefetch import parts_of, templates
from hooks.protocol import HookRequest
from mappings.fhir import decode, read_record
from tests.web import fhir_server as fhir
from tests.web.fhir_server import Fault, FhirServer, outcome
from tests.web.serving import Client, incomplete, same, serve, statuses

Json = dict[str, Any]
NAME = "trigger-positive"
ID = "demo-trigger-positive"
PATIENT = decode(b'{"resourceType":"Patient","id":"demo-trigger-positive"}')
DEADLINE = 2.0
CONTENT = load_content(ContentSettings())
ELIGIBILITY, MAINTENANCE = "trial-eligibility", "ctdna-maintenance"


def resources(name: str = NAME) -> list[Json]:
    """Return the resources of a demo patient."""
    return [entry["resource"] for entry in json.loads(demo_patients(WRITTEN_FOR)[name])["entry"]]


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """A FHIR server that holds the patient who meets the trigger."""
    with fhir.fhir_server(resources()) as running:
        yield running


@pytest.fixture(scope="module")
def fetching() -> Iterator[Client]:
    """The service, which may call any server."""
    settings = Settings(auth="off", fhir_servers=("*",), deadline_seconds=DEADLINE)
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
            yield Client(http)


def asking(server: FhirServer, name: str = NAME, **members: Any) -> Json:
    """Return the request of a demo patient without any prefetch."""
    request = {**demo_request(name, WRITTEN_FOR), "fhirServer": server.base, **members}
    del request["prefetch"]
    return request


# The same patient by every way


@pytest.mark.parametrize("service", [ELIGIBILITY, MAINTENANCE])
@pytest.mark.parametrize("name", sorted(demo_patients(WRITTEN_FOR)))
def test_C36_prefetch_and_fetch_give_the_same_cards(fetching: Client, name: str, service: str) -> None:
    sent = fetching.cards(demo_request(name, WRITTEN_FOR), service)
    with fhir.fhir_server(resources(name)) as server:
        assert same(fetching.cards(asking(server, name), service)) == same(sent)
        server.page = 1
        assert same(fetching.cards(asking(server, name), service)) == same(sent)


def test_C36_the_decisive_value_on_the_second_page(fetching: Client, server: FhirServer) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR), MAINTENANCE)
    server.page = 2
    assert same(fetching.cards(asking(server), MAINTENANCE)) == same(sent)
    assert any("_offset" in path for _, path in server.calls)


@pytest.mark.parametrize("key", ["patient", "conditions", "procedures", "observations"])
@pytest.mark.parametrize("state", ["absent", "null"])
def test_C27_C41_only_what_is_missing_is_fetched(fetching: Client, server: FhirServer, key: str, state: str) -> None:
    request = {**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base}
    sent = fetching.cards(request)
    server.calls.clear()
    if state == "null":
        request["prefetch"][key] = None
    else:
        del request["prefetch"][key]
    assert same(fetching.cards(request)) == same(sent)
    assert {path.split("?")[0].split("/")[2] for _, path in server.calls} == {
        {"patient": "Patient", "conditions": "Condition", "procedures": "Procedure", "observations": "Observation"}[key]
    }


def test_nothing_is_fetched_when_all_was_sent(fetching: Client, server: FhirServer) -> None:
    fetching.cards({**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base})
    assert server.calls == []


def test_C30_the_page_that_follows_a_prefetch_is_fetched(fetching: Client, server: FhirServer) -> None:
    request = {**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base}
    sent = fetching.cards(request, MAINTENANCE)
    entries = request["prefetch"]["observations"]["entry"]
    patient = request["context"]["patientId"]
    following = f"{server.base}?_of=Observation&_offset=2&patient={patient}"
    server.resources = [r for r in server.resources if r["resourceType"] != "Observation"]
    server.resources += [entry["resource"] for entry in entries]
    request["prefetch"]["observations"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": "next", "url": following}],
        "entry": entries[:2],
    }
    assert same(fetching.cards(request, MAINTENANCE)) == same(sent)


def test_an_error_that_was_sent_is_not_asked_again(fetching: Client, server: FhirServer) -> None:
    request = {**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base}
    request["prefetch"]["conditions"] = outcome("forbidden")
    fetching.cards(request)
    assert server.calls == []


# What is asked


def test_C37_the_token_goes_with_every_call(fetching: Client, server: FhirServer) -> None:
    token = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read"}
    server.page = 2
    fetching.cards(asking(server, fhirAuthorization=token))
    assert {headers.get("authorization") for headers in server.headers} == {"Bearer tok-1"}


@pytest.mark.parametrize("token", [None, {"access_token": ""}, {}])
def test_C38_an_open_server_is_asked_without_token(fetching: Client, server: FhirServer, token: Json | None) -> None:
    request = asking(server) if token is None else asking(server, fhirAuthorization=token)
    assert fetching.cards(request)
    assert {headers.get("authorization") for headers in server.headers} == {None}


NO_TOKENS: list[Json] = [
    {"access_token": 5},
    {"access_token": "t", "expires_in": "soon"},
    {"access_token": "t", "expires_in": [300]},
    {"access_token": "t", "scope": {"a": 1}},
    {"access_token": "t", "patient": ["1"]},
]
"""Tokens with a member of the wrong kind."""


@pytest.mark.parametrize("token", NO_TOKENS, ids=str)
def test_C46_a_complete_prefetch_is_answered_whatever_the_token_is(client: Client, token: Json) -> None:
    request = demo_request("trigger-positive", WRITTEN_FOR)
    unusable = {**request, "fhirServer": "https://ehr.example/r4", "fhirAuthorization": token}
    assert same(client.cards(unusable)) == same(client.cards(request))


def test_C46_a_number_in_a_text_is_read(fetching: Client, server: FhirServer) -> None:
    assert fetching.cards(asking(server, fhirAuthorization={"access_token": "t", "expires_in": "300"}))
    assert {headers.get("authorization") for headers in server.headers} == {"Bearer t"}


@pytest.mark.parametrize(
    "token",
    [
        {"access_token": "t", "token_type": "MAC"},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": -5},
        {"access_token": "t", "patient": "somebody-else"},
        {"access_token": "t\r\nX-Evil: 1"},
        {"access_token": "tökén"},
        *NO_TOKENS,
    ],
    ids=str,
)
def test_C40_a_token_that_cannot_be_used_is_not(fetching: Client, server: FhirServer, token: Json) -> None:
    answer = fetching.post(f"/cds-services/{ELIGIBILITY}", asking(server, fhirAuthorization=token))
    assert answer.status_code == 412
    assert server.calls == []


def test_C40_a_token_for_this_patient_is_used(fetching: Client, server: FhirServer) -> None:
    request = asking(server)
    patient = request["context"]["patientId"]
    assert fetching.cards({**request, "fhirAuthorization": {"access_token": "t", "patient": patient}})


def test_C43_what_is_asked_of_the_server(fetching: Client, server: FhirServer) -> None:
    fetching.cards(asking(server))
    assert {headers["accept"] for headers in server.headers} == {"application/fhir+json"}
    assert {headers["cache-control"] for headers in server.headers} == {"no-cache"}
    assert {method for method, _ in server.calls} == {"GET"}
    assert all("{{" not in path for _, path in server.calls)


def test_a_query_too_long_for_a_url_is_sent_as_a_form(fetching: Client, server: FhirServer) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR))
    server.faults["Observation"] = fhir.too_long_for_a_url
    assert same(fetching.cards(asking(server))) == same(sent)
    assert ("POST", "/fhir/Observation/_search") in server.calls


def test_C43_a_server_that_ignores_parameters_changes_nothing(fetching: Client, server: FhirServer) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR))
    everything = [r for name in (NAME, "unrelated") for r in resources(name)]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in everything]}
    server.faults = dict.fromkeys(("Condition", "Procedure", "Observation"), fhir.resource(bundle))
    got = fetching.cards(asking(server))
    assert [card["summary"] for card in got] == [card["summary"] for card in sent]
    assert "of another patient were left out" in incomplete(got)


def test_what_resources_refer_to_is_fetched(fetching: Client, server: FhirServer) -> None:
    """A ctDNA result dated only by its Specimen, which names no patient, so that no query for his brings it."""
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR), MAINTENANCE)
    for number, found in enumerate(r for r in server.resources if r["resourceType"] == "Observation"):
        taken = found.pop("effectiveDateTime")
        found["specimen"] = {"reference": f"Specimen/s-{number}"}
        collection = {"collectedDateTime": taken}
        server.resources.append({"resourceType": "Specimen", "id": f"s-{number}", "collection": collection})
    got = fetching.cards(asking(server), MAINTENANCE)
    assert [card["summary"] for card in got] == [card["summary"] for card in sent]
    assert any(path.startswith("/fhir/Specimen?_id=") for _, path in server.calls)


@pytest.mark.parametrize("type_", ["Specimen", "Observation"])
def test_what_resources_refer_to_and_does_not_come_leaves_its_type_incomplete(server: FhirServer, type_: str) -> None:
    """A result that a report names may be the latest: what is on record without it decides nothing."""
    own = {"subject": {"reference": f"Patient/{ID}"}}
    result = next(r for r in server.resources if r["id"] == "trigger-positive-ctdna-after")
    result["specimen"] = {"reference": "Specimen/missing"}
    report = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": result["code"], **own}
    server.resources.append({**report, "result": [{"reference": "Observation/missing"}]})
    server.faults[type_] = fhir.by_id(fhir.status(500))
    assert "failed" in reason(server, type_)


def test_with_a_complete_prefetch_only_what_cannot_be_understood_without_it_is_fetched(
    fetching: Client, server: FhirServer
) -> None:
    """A result without a time, whose Specimen no key of this service brings; one with a time needs none."""
    request = {**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base}
    sent = fetching.cards(request, MAINTENANCE)
    results = [entry["resource"] for entry in request["prefetch"]["observations"]["entry"]]
    after = next(each for each in results if each["id"] == "trigger-positive-ctdna-after")
    after["specimen"] = {"reference": "Specimen/s"}
    assert same(fetching.cards(request, MAINTENANCE)) == same(sent)
    assert server.calls == []
    before = next(each for each in results if each is not after)
    before["specimen"] = {"reference": "Specimen/of-a-dated-one"}
    taken = {"collectedDateTime": after.pop("effectiveDateTime")}
    server.resources.append({"resourceType": "Specimen", "id": "s", "subject": after["subject"], "collection": taken})
    got = fetching.cards(request, MAINTENANCE)
    assert [card["summary"] for card in got] == [card["summary"] for card in sent]
    assert [path for _, path in server.calls] == ["/fhir/Specimen?_id=s"]


def test_what_is_contained_or_was_sent_is_not_fetched(fetching: Client, server: FhirServer) -> None:
    """A drug without a name of its own, whose Medication is there."""
    request = {**demo_request(NAME, WRITTEN_FOR), "fhirServer": server.base}
    drug = {"resourceType": "MedicationStatement", "status": "active", "subject": {"reference": f"Patient/{ID}"}}
    inside = [{"resourceType": "Medication", "id": "m", "code": {"text": "a drug"}}]
    within = {**drug, "id": "1", "contained": inside, "medicationReference": {"reference": "#m"}}
    beside = {**drug, "id": "2", "medicationReference": {"reference": "Medication/m"}}
    named = {**drug, "id": "3", "medicationCodeableConcept": {"text": "a drug"}}
    named["medicationReference"] = {"reference": "Medication/not-sent"}
    entries = [{"resource": each} for each in (within, beside, named, *inside)]
    dated = next(entry["resource"] for entry in request["prefetch"]["observations"]["entry"])
    dated["specimen"] = {"reference": "Specimen/not-sent"}
    request["prefetch"]["medicationStatements"] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    assert fetching.cards(request)
    assert server.calls == []


def test_what_resources_refer_to_on_another_server_is_not_looked_for_here(server: FhirServer) -> None:
    """The Specimen of the same id on this server has nothing to do with it."""
    result = next(r for r in server.resources if r["id"] == "trigger-positive-ctdna-after")
    taken = {"collectedDateTime": result.pop("effectiveDateTime")}
    result["specimen"] = {"reference": "https://other.example/fhir/Specimen/s"}
    own = {"subject": {"reference": f"Patient/{ID}"}}
    server.resources.append({"resourceType": "Specimen", "id": "s", "collection": taken, **own})
    assert "on another server" in reason(server, "Specimen")
    assert not any("_id=s" in path for _, path in server.calls)


# What does not come

FAULTS: list[tuple[str, Fault, str]] = [
    ("401", fhir.status(401), "refused access"),
    ("403", fhir.status(403), "refused access"),
    ("404", fhir.status(404), "does not know it"),
    ("410", fhir.status(410), "says that it is gone"),
    ("400", fhir.status(400), "refused the query"),
    ("500", fhir.status(500), "failed"),
    ("503 for ever", fhir.status(503), "is busy"),
    ("429 for long", fhir.status(429, retry_after="3600"), "is busy"),
    ("302", fhir.status(302, location="http://127.0.0.1:1/fhir"), "sends the query elsewhere"),
    ("302 with a body that does not end", fhir.endless_redirect, "sends the query elsewhere"),
    ("302 to what is no address", fhir.status(302, location="http://[/"), "sends the query elsewhere"),
    ("302 in Latin-1", fhir.status(302, location="/fhir/J\xf6hn"), "sends the query elsewhere"),
    ("HTML", fhir.says(b"<html>Please log in</html>", "text/html"), "is not FHIR JSON"),
    ("XML", fhir.says(b"<Bundle xmlns='http://hl7.org/fhir'/>", "application/fhir+xml"), "is not FHIR JSON"),
    ("truncated JSON", fhir.says(b'{"resourceType":"Bundle","entry":[{"res'), "is not FHIR JSON"),
    ("a list", fhir.says(b"[]"), "is not FHIR JSON"),
    ("nothing", fhir.says(b""), "is not FHIR JSON"),
    ("cut off", fhir.cut_off, "broke off"),
    ("closes", fhir.close, "could not be reached"),
    ("hangs", fhir.hang, "did not answer in time"),
    ("drips", fhir.drip, "did not answer in time"),
    ("drips its header", fhir.drip_header, "did not answer in time"),
    ("unpacks to very much", fhir.bomb, "more than this service reads"),
    ("an outcome as the answer", fhir.resource(outcome("processing")), "the server reported an error"),
    ("another type", fhir.resource({"resourceType": "Basic", "id": "b"}), "something else was sent"),
    ("a circle of pages", fhir.next_link("{base}/Condition?patient=x"), "more pages than this service reads"),
    ("a page elsewhere", fhir.next_link("http://169.254.169.254/latest"), "leads away"),
    ("a page beside the base", fhir.next_link("{base}x/Condition?p=2"), "leads away"),
    ("a page of another port", fhir.next_link("http://127.0.0.1:1/fhir?p=2"), "leads away"),
    ("a page at what is no address", fhir.next_link("http://[::1"), "leads away"),
    ("a page above", fhir.next_link("{base}/../admin"), "leads away"),
    ("a second page that fails", fhir.page_two(fhir.status(500)), "failed"),
    ("a second page that has expired", fhir.page_two(fhir.status(410)), "says that it is gone"),
    ("a second page that hangs", fhir.page_two(fhir.hang), "did not answer in time"),
]


@pytest.mark.parametrize(("fault", "why"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_C41_C46_a_type_that_did_not_come_is_said_and_never_absent(
    fetching: Client, server: FhirServer, fault: Fault, why: str
) -> None:
    server.page = 1
    server.faults["Condition"] = fault
    started = time.monotonic()
    cards = fetching.cards(asking(server))
    assert time.monotonic() - started < DEADLINE + 0.3
    assert "not retrieved in full: Condition" in incomplete(cards)
    assert "likely-eligible" not in statuses(cards)
    assert why in reason(server)


def reason(server: FhirServer, type_: str = "Condition") -> str:
    """Return why a type is not complete, as `explain` and the log say it."""
    known = templates(CONTENT.catalogue.trials.values(), CONTENT.vocabulary, CONTENT.maps)
    request = HookRequest("patient-view", ID, False, {"patient": PATIENT}, server.base)
    settings = Settings(auth="off", fhir_servers=("*",), deadline_seconds=1)
    gathering = Gathering(settings, CONTENT.vocabulary)
    gathered = asyncio.run(gathering.complete(request, known))
    gathering.close()
    parts = parts_of(gathered.request, known, gathered.lost)
    return read_record(parts, vocabulary=CONTENT.vocabulary, today=WRITTEN_FOR).incomplete.get(type_, "")


@pytest.mark.parametrize(
    "fault",
    [
        fhir.status(302, location="http://[/canary"),
        fhir.status(302, location="/fhir/Patient/canary?name=J\xf6hn"),
        fhir.next_link("http://[::1/canary"),
    ],
    ids=["no address", "Latin-1", "a page"],
)
def test_what_a_server_answers_is_not_logged(
    server: FhirServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults["Condition"] = fault
    assert reason(server)
    gc.collect()
    assert caplog.text == ""


def test_an_error_that_nobody_foresaw_is_not_said_to_be_late() -> None:
    def breaking() -> requests.Session:
        raise RuntimeError

    request = HookRequest("patient-view", ID, False, {}, "https://fhir.example")
    leave = access(request, Outbound(("*",)), seconds=1, size=1)
    chain = Chain(leave, Query("Condition?patient=x"))
    with pytest.raises(RuntimeError):
        chain.read(breaking)
    assert chain.fetched().missing == NOT_READ


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (fhir.status(401), "refused access"),
        (fhir.status(404), "does not know it"),
        (fhir.hang, "did not answer in time"),
        (fhir.says(b"<html>"), "is not FHIR JSON"),
        (fhir.close, "could not be reached"),
        (fhir.resource({"resourceType": "Patient", "id": "somebody-else"}), "was not sent or cannot be read"),
        (fhir.resource(outcome("processing")), "was not sent or cannot be read"),
    ],
    ids=["401", "404", "hangs", "HTML", "closes", "another patient", "an outcome"],
)
def test_C41_without_a_patient_there_is_no_answer(fetching: Client, server: FhirServer, fault: Fault, why: str) -> None:
    server.faults["Patient"] = fault
    answer = fetching.post(f"/cds-services/{ELIGIBILITY}", asking(server))
    issue = answer.json()["issue"][0]
    assert (answer.status_code, issue["code"], issue["expression"]) == (412, "required", ["prefetch.patient"])
    assert why in issue["details"]["text"]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", [429, 503])
def test_a_busy_server_is_asked_again(fetching: Client, server: FhirServer, times: int, number: int) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR))
    server.faults["Condition"] = fhir.busy_first(times, number)
    assert same(fetching.cards(asking(server))) == same(sent)


def test_an_answer_that_is_compressed_is_read(fetching: Client, server: FhirServer) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR))
    server.faults["Observation"] = fhir.compressed
    assert same(fetching.cards(asking(server))) == same(sent)


def test_C28_an_empty_search_as_epic_answers_it(fetching: Client, server: FhirServer) -> None:
    sent = fetching.cards(demo_request(NAME, WRITTEN_FOR))
    entry = {"search": {"mode": "outcome"}, "resource": outcome("processing", "warning")}
    empty = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": [entry]}
    server.faults["Consent"] = server.faults["ResearchSubject"] = fhir.resource(empty)
    assert same(fetching.cards(asking(server))) == same(sent)


# Which servers


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/fhir",
        "https://evil.example/fhir",
        "{base}x",
        "{host}/other",
        "{base}/../admin",
        "ftp://x/",
    ],
)
def test_C42_a_server_that_is_not_named_is_not_called(server: FhirServer, address: str) -> None:
    url = address.format(base=server.base, host=server.base.removesuffix("/fhir"))
    for base in serve(Settings(auth="off", fhir_servers=(server.base,))):
        with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
            client = Client(http)
            answer = client.post(f"/cds-services/{ELIGIBILITY}", {**asking(server), "fhirServer": url})
            assert answer.status_code == 412
            assert "not one that may be called" in answer.json()["issue"][0]["details"]["text"]
            sent = demo_request(NAME, WRITTEN_FOR)
            del sent["prefetch"]["conditions"]
            assert "Condition" in incomplete(client.cards({**sent, "fhirServer": url}))
    assert server.calls == []


def test_C42_a_server_that_is_named_is_called_and_so_is_what_lies_under_it(server: FhirServer) -> None:
    for base in serve(Settings(auth="off", fhir_servers=(server.base.removesuffix("/fhir"),))):
        with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
            assert Client(http).cards(asking(server))


def test_C38_by_default_no_server_is_called(client: Client, server: FhirServer) -> None:
    assert client.post(f"/cds-services/{ELIGIBILITY}", asking(server)).status_code == 412
    assert server.calls == []


# Others wait for nobody


def test_a_server_that_hangs_holds_up_its_own_callers_only(fetching: Client, server: FhirServer) -> None:
    with fhir.fhir_server(resources()) as hung:
        hung.faults = dict.fromkeys(("Patient", "Condition", "Observation", "Procedure"), fhir.hang)
        with ThreadPoolExecutor(12) as callers:
            waiting = [callers.submit(fetching.post, f"/cds-services/{ELIGIBILITY}", asking(hung)) for _ in range(10)]
            time.sleep(0.2)
            started = time.monotonic()
            assert fetching.cards(asking(server))
            assert time.monotonic() - started < DEADLINE / 2
            assert {answer.result().status_code for answer in waiting} == {412}
