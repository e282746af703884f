"""The JSON Schemas of CDS Hooks, written for integrators, name what the structs have and accept what the code reads."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from hooks import protocol
from hooks.services import SERVICES
from hooks.wording import SUMMARY_LENGTH
from mappings.report import FindingReport
from mappings.trials import Role
from mappings.truth import Reason, Strength, Truth
from mappings.verdicts import Status
from tests.web.schemas import schema

FILES = ("discovery", "request", "response", "feedback", "operation-outcome")
DOCS = Path(__file__).parents[2] / "docs" / "schemas"
REQUEST = {"hook": "patient-view", "hookInstance": "1", "context": {"patientId": "1"}}
ITEM = {"card": "1", "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:05:31Z"}

SENT: tuple[type[msgspec.Struct], ...] = (
    protocol.Discovery,
    protocol.ServiceDescription,
    protocol.Cards,
    protocol.Card,
    protocol.Source,
    protocol.Topic,
    protocol.OverrideReason,
    protocol.Link,
    protocol.TrialExtension,
    protocol.RollUpExtension,
    protocol.TrialStatus,
    FindingReport,
    protocol.OperationOutcome,
    protocol.Issue,
    protocol.Details,
)

READ: tuple[type[msgspec.Struct], ...] = (
    protocol.Envelope,
    protocol.Context,
    protocol.FhirAuthorization,
    protocol.Feedback,
    protocol.FeedbackItem,
    protocol.Override,
    protocol.ReasonCoding,
    protocol.AcceptedSuggestion,
)

SCHEMA_NAMES = {"Envelope": "HookRequest"}

ENUMERATIONS: tuple[tuple[str, type[Enum]], ...] = (
    ("FindingReport.role", Role),
    ("FindingReport.truth", Truth),
    ("FindingReport.reason", Reason),
    ("FindingReport.strength", Strength),
    ("TrialExtension.status", Status),
    ("TrialStatus.status", Status),
)


def definitions() -> dict[str, Any]:
    """Return every schema of the files by its name."""
    found: dict[str, Any] = {}
    for file in FILES:
        whole = schema(file)
        found |= {whole["title"]: whole, **whole.get("$defs", {})}
    return found


def fits(file: str, body: Any) -> bool:
    """Whether the schema accepts a body."""
    return bool(jsonschema.Draft202012Validator(schema(file)).is_valid(body))


def is_read(file: str, body: Any) -> bool:
    """Whether the code reads a body."""
    raw = json.dumps(body).encode()
    try:
        protocol.read_request(raw, hook="patient-view") if file == "request" else protocol.read_feedback(raw)
    except protocol.ProtocolError:
        return False
    return True


@pytest.mark.parametrize("file", FILES)
def test_the_schema_is_one_and_can_be_found_among_the_documents(file: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(file))
    assert json.loads((DOCS / f"{file}.schema.json").read_text(encoding="utf-8")) == schema(file)


@pytest.mark.parametrize("struct", SENT, ids=lambda struct: struct.__name__)
def test_what_is_sent_is_described_member_by_member_and_nothing_else_is_allowed(struct: type[msgspec.Struct]) -> None:
    found, fields = definitions()[struct.__name__], msgspec.structs.fields(struct)
    tag = {"resourceType"} if struct is protocol.OperationOutcome else set()
    assert found["properties"].keys() == {field.encode_name for field in fields} | tag
    assert found["additionalProperties"] is False
    assert {field.encode_name for field in fields if field.required} <= set(found["required"])


@pytest.mark.parametrize("struct", READ, ids=lambda struct: struct.__name__)
def test_what_is_read_is_described_and_more_is_allowed(struct: type[msgspec.Struct]) -> None:
    found = definitions()[SCHEMA_NAMES.get(struct.__name__, struct.__name__)]
    assert found["properties"].keys() == {field.encode_name for field in msgspec.structs.fields(struct)}
    assert "additionalProperties" not in found


@pytest.mark.parametrize(("place", "values"), ENUMERATIONS)
def test_a_closed_list_is_that_of_the_code(place: str, values: type[Enum]) -> None:
    name, _, member = place.partition(".")
    assert set(definitions()[name]["properties"][member]["enum"]) == {value.value for value in values}


def test_the_hooks_are_those_of_the_services() -> None:
    assert definitions()["HookRequest"]["properties"]["hook"]["enum"] == sorted({service.hook for service in SERVICES})


def test_lengths_are_those_of_the_code() -> None:
    found = definitions()
    assert found["Card"]["properties"]["summary"]["maxLength"] == SUMMARY_LENGTH
    assert found["Override"]["properties"]["userComment"]["maxLength"] == protocol.MAX_COMMENT


def test_every_schema_and_every_member_says_what_it_is_for() -> None:
    found = definitions()
    assert [name for name, each in found.items() if "description" not in each] == []
    members = {f"{name}.{key}": m for name, each in found.items() for key, m in each.get("properties", {}).items()}
    assert [name for name, member in members.items() if "description" not in member] == []


MEMBERS: list[Any] = ["300", 5, [], None]
"""Values of every kind: those of a token are read afterwards, and refuse no request."""

GOOD = [
    ("request", REQUEST),
    ("request", {**REQUEST, "prefetch": None, "fhirServer": None, "fhirAuthorization": None}),
    ("request", {**REQUEST, "prefetch": {"patient": {"resourceType": "Patient", "id": "1"}, "conditions": None}}),
    ("request", {**REQUEST, "context": {"patientId": "Patient/1", "userId": "Practitioner/1", "other": 1}}),
    ("request", {**REQUEST, "fhirServer": "https://ehr.example", "fhirAuthorization": {"access_token": "x"}}),
    ("request", {**REQUEST, "context": {"patientId": "1", "userId": "https://ehr.example/r4/PractitionerRole/1"}}),
    ("request", {**REQUEST, "context": {"patientId": "1", "userId": ""}}),
    ("request", {**REQUEST, "foo": 1, "extension": {"com.example": [None]}}),
    *(
        ("request", {**REQUEST, "fhirServer": "https://ehr.example", "fhirAuthorization": {name: value}})
        for name in ("access_token", "token_type", "expires_in", "scope", "patient")
        for value in MEMBERS
    ),
    ("feedback", {"feedback": []}),
    ("feedback", {"feedback": [{**ITEM, "overrideReasons": {}, "extension": {"com.example": 1}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {}, "overrideReasons": [{}, {"userComment": "x"}]}]}),
    ("feedback", {"feedback": [ITEM, {**ITEM, "outcome": "accepted", "acceptedSuggestions": [{"id": "1"}]}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"reason": {"code": "x"}, "userComment": None}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReasons": [{"userComment": "x"}], "foo": 1}]}),
]

BAD = [
    *(("request", {key: value for key, value in REQUEST.items() if key != missing}) for missing in REQUEST),
    *(("request", {**REQUEST, name: None}) for name in REQUEST),
    *(("request", {**REQUEST, name: []}) for name in (*REQUEST, "prefetch", "fhirServer", "fhirAuthorization")),
    ("request", {**REQUEST, "hook": ""}),
    ("request", {**REQUEST, "context": {}}),
    ("request", {**REQUEST, "context": {"patientId": "a b"}}),
    ("request", {**REQUEST, "context": {"patientId": "x" * 65}}),
    *(
        ("request", {**REQUEST, "context": {"patientId": "1", "userId": user}})
        for user in ("Device/1", "Practitioner/", "Practitioner/1/2", "Practitioner/a b", "Practitioner/\x1e")
    ),
    ("request", {**REQUEST, "fhirAuthorization": {}}),
    ("request", {**REQUEST, "fhirServer": "", "fhirAuthorization": {}}),
    ("feedback", {}),
    ("feedback", {"feedback": None}),
    *(("feedback", {"feedback": [{k: v for k, v in ITEM.items() if k != missing}]}) for missing in ITEM),
    ("feedback", {"feedback": [{**ITEM, "card": ""}]}),
    ("feedback", {"feedback": [{**ITEM, "card": "a\0"}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"reason": {"code": "a\0"}}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"reason": {"code": "a", "system": "\0"}}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"reason": {"code": "a", "system": "x" * 2001}}}]}),
    ("feedback", {"feedback": [{**ITEM, "outcome": "banana"}]}),
    ("feedback", {"feedback": [{**ITEM, "outcome": "accepted"}]}),
    ("feedback", {"feedback": [{**ITEM, "outcome": "accepted", "acceptedSuggestions": None}]}),
    ("feedback", {"feedback": [{**ITEM, "outcome": "accepted", "acceptedSuggestions": []}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {}, "overrideReasons": [], "extension": {}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReasons": [{}, {"reason": None}]}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"extension": {}}}]}),
    ("feedback", {"feedback": [{**ITEM, "overrideReason": {"userComment": "x" * 10_001}}]}),
]


@pytest.mark.parametrize(("file", "body"), GOOD)
def test_what_is_read_fits_the_schema(file: str, body: Any) -> None:
    assert (is_read(file, body), fits(file, body)) == (True, True)


@pytest.mark.parametrize(("file", "body"), BAD)
def test_what_is_refused_does_not_fit_the_schema(file: str, body: Any) -> None:
    assert (is_read(file, body), fits(file, body)) == (False, False)


CARD = {
    "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "summary": "One sentence.",
    "indicator": "info",
    "source": {"label": "Registry"},
}
TRIAL = {"trial": "T-1", "status": "needs-data", "evaluated_on": "2026-11-24"}
LINE = {"id": "I1", "role": "inclusion", "truth": "unknown", "because": "No result.", "reason": "no-data"}


def with_line(**changes: Any) -> dict[str, Any]:
    """Return a card whose extension reports one criterion; None takes a member out."""
    line = {key: value for key, value in {**LINE, **changes}.items() if value is not None}
    return {**CARD, "extension": {"io.github.oncology-trial-cds": {**TRIAL, "criteria": [line]}}}


@pytest.mark.parametrize(
    ("card", "good"),
    [
        (CARD, True),
        (with_line(), True),
        (with_line(truth="true", reason=None, strength="presumed", evidence=["Observation/1"]), True),
        ({**CARD, "summary": "x" * 139}, True),
        ({**CARD, "summary": "x" * 140}, False),
        ({**CARD, "summary": ""}, False),
        ({**CARD, "detail": None}, False),
        ({**CARD, "links": []}, False),
        ({**CARD, "indicator": "critical"}, False),
        ({**CARD, "suggestions": [{"label": "x"}]}, False),
        ({**CARD, "source": {"label": "x", "topic": {"code": "a-b", "system": "https://x.example"}}}, False),
        ({**CARD, "source": {"label": "x", "url": "nct"}}, False),
        ({**CARD, "extension": {}}, False),
        ({**CARD, "extension": {"other": 1}}, False),
        (with_line(reason=None), False),
        (with_line(strength="confirmed"), False),
        (with_line(truth="true"), False),
        (with_line(truth="maybe"), False),
        (with_line(id="three"), False),
    ],
)
def test_a_card_of_ours(card: dict[str, Any], good: bool) -> None:
    assert fits("response", {"cards": [card]}) is good


@pytest.mark.parametrize(("body", "good"), [({"cards": []}, True), ({}, False), ({"cards": None}, False)])
def test_no_card_is_an_answer_and_no_answer_is_none(body: Any, good: bool) -> None:
    assert fits("response", body) is good
