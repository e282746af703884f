# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Reading a call: what is refused, with which status, naming which member; and what is not."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.patients.resources import condition
from tests.web.serving import MAX_BODY, Client

PATH = "/cds-services/trial-eligibility"


def issue(answer: httpx2.Response) -> dict[str, Any]:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    found: dict[str, Any] = outcome["issue"][0]
    assert found["severity"] == "error"
    return found


def refused(client: Client, body: Any, status: int, expression: str, path: str = PATH) -> None:
    answer = client.post(path, body)
    assert answer.status_code == status, answer.text
    assert issue(answer)["expression"] == [expression]


@pytest.mark.parametrize("name", ["hook", "hookInstance", "context"])
def test_C21_a_required_member_is_named(client: Client, positive: dict[str, Any], name: str) -> None:
    del positive[name]
    refused(client, positive, 400, name)


@pytest.mark.parametrize(("name", "value"), [("hook", 5), ("context", []), ("prefetch", []), ("prefetch", "x")])
def test_C21_a_member_of_the_wrong_kind_is_named(
    client: Client, positive: dict[str, Any], name: str, value: Any
) -> None:
    refused(client, {**positive, name: value}, 400, name)


@pytest.mark.parametrize(
    ("instance", "level"),
    [
        ("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "info"),
        ("D1577C69-DFBE-44AD-BA6D-3E05E953B2EA", "info"),
        ("canary-1", "warning"),
        ("d1577c69dfbe44adba6d3e05e953b2ea", "warning"),
    ],
)
def test_C21_a_hookInstance_that_is_no_uuid_is_accepted_and_noticed_without_its_value(
    client: Client, positive: dict[str, Any], caplog: pytest.LogCaptureFixture, instance: str, level: str
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    assert client.cards({**positive, "hookInstance": instance})
    until = time.monotonic() + 5
    while not caplog.messages and time.monotonic() < until:
        time.sleep(0.01)
    line = json.loads(caplog.messages[-1])
    assert (line["level"], line.get("oddity")) == (level, "hook-instance-no-uuid" if level == "warning" else None)
    assert instance not in caplog.text


def test_C94_fhirAuthorization_needs_fhirServer(client: Client, positive: dict[str, Any]) -> None:
    refused(client, {**positive, "fhirAuthorization": {"access_token": "x"}}, 400, "fhirServer")


def test_C22_the_same_hookInstance_is_answered_twice(client: Client, positive: dict[str, Any]) -> None:
    assert len(client.cards(positive)) == len(client.cards(positive)) == 1


def test_C23_wrong_hook(client: Client, positive: dict[str, Any]) -> None:
    refused(client, {**positive, "hook": "order-select"}, 400, "hook")


@pytest.mark.parametrize("path", ["/cds-services/none", "/cds-services/none/feedback"])
def test_C24_unknown_service(client: Client, positive: dict[str, Any], path: str) -> None:
    answer = client.post(path, positive)
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/none", "/cds-services/trial-eligibility/other"])
def test_an_unknown_path_is_an_outcome(client: Client, path: str) -> None:
    answer = client.post(path, {})
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


def test_a_wrong_method_is_an_outcome(client: Client) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, issue(answer)["code"]) == (405, "not-supported")


DEEP = b'{"hook":"patient-view","hookInstance":"1","context":{"patientId":"1"},"extension":' + b"[" * 100_000


MISFIT = b'{"hook":"patient-view","hookInstance":"1","context":{"patientId":"1"},"prefetch":{"a":5'
"""A member that does not fit its shape, before what is no JSON."""


@pytest.mark.parametrize("tail", [b"", b"}", b',"b":nul', b',"b":"\x00"}}', b"}} trailing"])
def test_C25_what_does_not_fit_does_not_hide_what_is_no_json(client: Client, tail: bytes) -> None:
    answer = client.send(PATH, MISFIT + tail)
    assert answer.status_code == 400
    assert issue(answer)["details"]["text"] == "The body is not JSON: it is malformed."


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\ud800x"', b'"\\udc00"', b'"\\ux"'])
@pytest.mark.parametrize("misfit", [b"5", b'{"resourceType":"Condition","id":5}', b'{"resourceType":"Condition"}'])
def test_C25_a_text_that_is_no_unicode_is_400_or_loses_its_resource(
    client: Client, positive: dict[str, Any], text: bytes, misfit: bytes
) -> None:
    """Wherever it stands, and whatever does not fit before it."""
    patient = json.dumps(positive["prefetch"]["patient"]).encode()
    bad = b'{"resource":{"resourceType":"Condition","id":%s,"code":{"text":%s}}}' % (text, text)
    conditions = b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":%s},%s]}' % (misfit, bad)
    context = json.dumps(positive["context"]).encode()
    body = b'{"hook":"patient-view","hookInstance":"1","context":%s,"prefetch":{"patient":%s,"conditions":%s}}'
    answer = client.send(PATH, body % (context, patient, conditions))
    assert answer.status_code in {200, 400}
    assert answer.status_code == 400 or answer.json()["cards"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/feedback"])
@pytest.mark.parametrize("body", [b"", b"{", b"no", b'{"hook": "\xff\xfe"}', b'{"a": "\xff"}', DEEP, b"[]", b"5"])
def test_C25_what_is_not_a_json_object_is_400(client: Client, path: str, body: bytes) -> None:
    answer = client.send(path, body)
    assert answer.status_code == 400
    assert issue(answer)["code"] in {"structure", "required"}


def test_C25_wrong_content_type(client: Client, positive: dict[str, Any]) -> None:
    body = json.dumps(positive).encode()
    assert client.send(PATH, body, "text/plain").status_code == 415
    assert client.send(PATH, body, "application/x-www-form-urlencoded").status_code == 415
    assert client.send(PATH, body, "application/json; charset=utf-8").status_code == 200


def test_C25_a_compressed_body_is_refused(client: Client) -> None:
    assert client.send(PATH, b"x", **{"content-encoding": "gzip"}).status_code == 415


def test_C25_too_long(client: Client) -> None:
    answer = client.send(PATH, b" " * (MAX_BODY + 1))
    assert (answer.status_code, issue(answer)["code"]) == (413, "too-long")


def test_C25_too_long_in_chunks_without_a_length(base: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_BODY // 10_000 + 1):
            yield b" " * 10_000

    answer = httpx2.post(base + PATH, content=chunks(), headers={"content-type": "application/json"}, trust_env=False)
    assert answer.status_code == 413


@pytest.mark.parametrize("change", [{}, {"prefetch": {}}, {"prefetch": None}, {"prefetch": {"patient": None}}])
def test_C26_C41_without_the_patient_412_names_the_key(
    client: Client, positive: dict[str, Any], change: dict[str, Any]
) -> None:
    del positive["prefetch"]
    refused(client, {**positive, **change}, 412, "prefetch.patient")


def test_C41_a_patient_that_cannot_be_read_is_412(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["patient"]["birthDate"] = 1960
    refused(client, positive, 412, "prefetch.patient")


def test_C06_C05_unknown_members_and_extensions_are_legal(client: Client, positive: dict[str, Any]) -> None:
    positive["foo"] = positive["context"]["foo"] = 1
    positive["extension"] = {"com.example": {"a": [1, 2, {"b": None}]}}
    assert len(client.cards(positive)) == 1


@pytest.mark.parametrize(
    "id_", [None, "", "a/b", "Patient/", "a b", "x" * 65, "1?x=y", "Encounter/1", "é", ".", "..", "Patient/.."]
)
def test_C32_a_patient_id_that_is_none_is_refused(client: Client, positive: dict[str, Any], id_: str | None) -> None:
    positive["context"]["patientId"] = id_
    refused(client, positive, 400, "context.patientId")


def test_C32_a_type_before_the_id_is_stripped(client: Client, positive: dict[str, Any]) -> None:
    positive["context"]["patientId"] = f"Patient/{positive['context']['patientId']}"
    assert len(client.cards(positive)) == 1


def test_C33_another_patient_in_the_prefetch_is_400(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["patient"]["id"] = "another"
    refused(client, positive, 400, "prefetch.patient")


def test_C33_resources_of_another_patient_are_dropped_and_said(client: Client, positive: dict[str, Any]) -> None:
    """A metastasis that would rule the trial out, were it this patient's."""
    other = condition("lung-metastasis", id="another", subject={"reference": "Patient/another"})
    positive["prefetch"]["conditions"]["entry"].append({"resource": other})
    [card] = client.cards(positive)
    assert card["summary"].startswith("Likely eligible for NCT05797077")
    assert "1 resource(s) of another patient were left out" in card["detail"]


@pytest.mark.parametrize("user", ["Practitioner/1", "PractitionerRole/1", "https://ehr.example/fhir/Practitioner/1"])
def test_C31_a_clinician_gets_cards(client: Client, positive: dict[str, Any], user: str) -> None:
    positive["context"]["userId"] = user
    assert client.cards(positive)


@pytest.mark.parametrize("user", ["1", "Practitioner", "Device/1", "Practitioner/"])
def test_C106_a_user_without_its_type_is_400(client: Client, positive: dict[str, Any], user: str) -> None:
    positive["context"]["userId"] = user
    refused(client, positive, 400, "context.userId")


@pytest.mark.parametrize("user", ["Patient/1", "RelatedPerson/1"])
@pytest.mark.parametrize("service", ["trial-eligibility", "ctdna-maintenance"])
def test_C93_no_cards_for_patients(client: Client, positive: dict[str, Any], user: str, service: str) -> None:
    positive["context"]["userId"] = user
    assert client.cards(positive, service) == []


def test_C91_preflight_and_origin_on_errors(base: str) -> None:
    headers = {
        "origin": "https://ehr.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }
    preflight = httpx2.options(base + PATH, headers=headers, trust_env=False)
    assert preflight.status_code in {200, 204}
    assert preflight.headers["access-control-allow-origin"] == "https://ehr.example"
    failed = httpx2.post(base + PATH, content=b"{", headers=headers, trust_env=False)
    assert (failed.status_code, failed.headers["access-control-allow-origin"]) == (400, "https://ehr.example")


def test_C91_another_origin_is_not_allowed(base: str) -> None:
    answer = httpx2.get(f"{base}/cds-services", headers={"origin": "https://other.example"}, trust_env=False)
    assert "access-control-allow-origin" not in answer.headers
