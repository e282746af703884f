"""`cds-service sandbox` and servers that cannot be used: one plain sentence, exit 2. On a real server: tests/live."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cds_service.demo import WRITTEN_FOR
from cds_service.sandbox_server import PREFIX, TAG, charts_of_demo
from mappings.fhir import ID
from tests.web import fhir_server as fhir
from tests.web.fhir_server import Answering, Fault, FhirServer, Json, outcome
from tests.web.shell import sandbox

R4: Json = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
MINE: Json = {"resourceType": "Patient", "id": f"{PREFIX}a", "meta": {"tag": [TAG]}}


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """A server that says it speaks R4, and answers a search by tag as if the tag were not there."""
    with fhir.fhir_server([]) as running:
        running.faults["metadata"] = fhir.resource(R4)
        for type_ in ("Patient", "Condition", "Procedure", "Observation", "AllergyIntolerance"):
            running.faults[type_] = fhir.resource({"resourceType": "Bundle", "type": "searchset"})
        yield running


def refused(status: int) -> str:
    return f"refuses to be written to ({status}): name a patient of its own (--patient)"


def says(words: str) -> Fault:
    issue = {"severity": "error", "code": "invalid", "diagnostics": words}
    body = b'{"resourceType":"OperationOutcome","issue":[%s]}' % json.dumps(issue).encode()
    return fhir.status(422, body, "application/fhir+json")


def writing(fault: Fault) -> dict[str, Fault]:
    return {"": fault}


def asked_first(fault: Fault) -> dict[str, Fault]:
    return {"metadata": fault}


FAULTS: list[tuple[str, dict[str, Fault], str]] = [
    ("closed", asked_first(fhir.status(401)), "asks for authorization; only an open server can be used"),
    ("forbidden", asked_first(fhir.status(403)), "asks for authorization; only an open server can be used"),
    ("a page of a portal", asked_first(fhir.says(b"<html>", "text/html")), "does not answer as a FHIR server"),
    ("something else", asked_first(fhir.resource(outcome("not-found"))), "does not answer as a FHIR server"),
    ("a list", asked_first(fhir.says(b"[]")), "does not answer as a FHIR server"),
    ("R5", asked_first(fhir.resource({**R4, "fhirVersion": "5.0.0"})), "speaks FHIR 5.0.0, not R4 (4.0)"),
    ("R4B", asked_first(fhir.resource({**R4, "fhirVersion": "4.3.0"})), "speaks FHIR 4.3.0, not R4 (4.0)"),
    ("hangs up", asked_first(fhir.close), "cannot be reached"),
    *((f"read-only {n}", writing(fhir.status(n)), refused(n)) for n in (401, 403, 404, 405, 501)),
    ("fails", writing(fhir.status(500)), "did not take the demo patients (500)"),
    ("gives a reason", writing(says("no\x1b[31m way")), "did not take the demo patients (422): no [31m way"),
]


@pytest.mark.parametrize(("faults", "words"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_server_that_cannot_be_used_is_one_sentence(server: FhirServer, faults: dict[str, Fault], words: str) -> None:
    server.faults |= faults
    done = sandbox(server.base)
    assert (done.code, done.out, done.err) == (2, "", f"cds-service: {server.base} {words}\n")


@pytest.mark.parametrize(
    "url", ["hapi.fhir.org", "ftp://x/fhir", "http://u:p@x/fhir", "http://x/fhir?a=b", "http://x/.."]
)
def test_an_address_that_is_none(url: str) -> None:
    done = sandbox(url)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"cds-service: '{url}' is not the base URL of a FHIR server\n"


def test_nobody_listens() -> None:
    assert sandbox("http://127.0.0.1:1/fhir")[::2] == (2, "cds-service: http://127.0.0.1:1/fhir cannot be reached\n")


def test_a_patient_who_is_not_there_is_not_asked_about(server: FhirServer) -> None:
    server.faults["Patient"] = fhir.status(404)
    done = sandbox(server.base, "--patient", "x")
    assert (done.code, done.err) == (2, f"cds-service: {server.base} has no Patient/x\n")
    assert [method for method, _ in server.calls] == ["GET", "GET"]


def test_where_the_tag_is_passed_over_only_ours_is_deleted(server: FhirServer) -> None:
    others: list[Json] = [
        {"resourceType": "Patient", "id": f"{PREFIX}b"},
        {"resourceType": "Patient", "id": "c", "meta": {"tag": [TAG]}},
        {"resourceType": "Patient", "id": f"{PREFIX}d", "meta": {"tag": [{**TAG, "code": "else"}]}},
        outcome("processing", "warning"),
    ]
    entries = [{"resource": resource} for resource in (*others, MINE)]
    server.faults["Patient"] = fhir.resource({"resourceType": "Bundle", "type": "searchset", "entry": entries})
    taken: list[Json] = []

    def taking(answering: Answering) -> None:
        taken.extend(json.loads(answering.query)["entry"])
        answering.send({"resourceType": "Bundle", "type": "transaction-response"})

    server.faults[""] = taking
    done = sandbox(server.base, "--remove")
    assert (done.code, done.out) == (0, f"Deleted from {server.base}: 1 resources.\n")
    assert taken == [{"request": {"method": "DELETE", "url": f"Patient/{PREFIX}a"}}]


def test_a_search_that_failed_is_not_nothing_to_delete(server: FhirServer) -> None:
    server.faults["Procedure"] = fhir.status(400)
    done = sandbox(server.base, "--remove")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"cds-service: {server.base} did not say what it holds of the demo patients (400)\n"


def test_a_link_that_leads_elsewhere_is_not_followed(server: FhirServer) -> None:
    server.faults["Patient"] = fhir.next_link("http://169.254.169.254/latest")
    done = sandbox(server.base, "--remove")
    assert (done.code, done.err) == (2, f"cds-service: a link of {server.base} leads elsewhere\n")


def test_ids_are_ids_of_fhir_and_everybodys_own() -> None:
    ids = [resource["id"] for chart in charts_of_demo(WRITTEN_FOR).values() for resource in chart]
    assert all(ID.fullmatch(id_) and id_.startswith(PREFIX) for id_ in ids)
    assert len(set(ids)) == len(ids)
