# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Feedback: taken as a whole batch or not at all, liberally where real clients differ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.serving import Client

PATH = "/cds-services/ctdna-maintenance/feedback"
ACCEPTED = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
    "outcomeTimestamp": "2026-11-24T10:05:31Z",
}
OVERRIDDEN = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "patient-declines", "system": "https://example.org/reasons"}},
    "outcomeTimestamp": "2026-11-24T10:05:31.5+01:00",
}


def test_C74_a_batch_is_taken_with_an_empty_object(client: Client) -> None:
    answer = client.post(PATH, {"feedback": [ACCEPTED, OVERRIDDEN, OVERRIDDEN]})
    assert (answer.status_code, answer.json()) == (200, {})


LIBERAL = [
    ("C77 a reason without display", OVERRIDDEN),
    ("no reason at all", {k: v for k, v in OVERRIDDEN.items() if k != "overrideReason"}),
    ("a comment only", {**OVERRIDDEN, "overrideReason": {"userComment": "seen last week"}}),
    ("C76 plural", {**OVERRIDDEN, "overrideReasons": {"reason": {"code": "x"}}}),
    ("C76 plural list", {**OVERRIDDEN, "overrideReasons": [{"reason": {"code": "x"}}]}),
    ("C76 extension only", {**OVERRIDDEN, "overrideReason": {"extension": {"com.epic.cdshooks.feedback": {"a": 1}}}}),
    ("C76 C78 a card id that is no uuid, and unknown", {**OVERRIDDEN, "card": "card-1"}),
    ("an unknown member", {**OVERRIDDEN, "foo": 1}),
]


@pytest.mark.parametrize("item", [item for _, item in LIBERAL], ids=[name for name, _ in LIBERAL])
def test_C75_what_real_clients_send_is_taken(client: Client, item: dict[str, Any]) -> None:
    assert client.post(PATH, {"feedback": [item]}).status_code == 200


WRONG = [
    ({"outcome": "banana"}, "outcome"),
    ({"outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
    ({"outcomeTimestamp": "2026-11-24"}, "outcomeTimestamp"),
    ({"outcomeTimestamp": "2026-11-24T10:05:31"}, "outcomeTimestamp"),
    ({"card": ""}, "card"),
    ({"card": 5}, "card"),
    ({"outcome": "accepted"}, "acceptedSuggestions"),
    ({"outcome": "accepted", "acceptedSuggestions": []}, "acceptedSuggestions"),
    ({"outcome": "accepted", "acceptedSuggestions": [{}]}, "acceptedSuggestions"),
    ({"overrideReason": {}}, "overrideReason"),
    ({"overrideReason": {"reason": {"system": "x"}}}, "overrideReason"),
    ({"overrideReason": {"userComment": "x" * 10_001}}, "overrideReason"),
]


@pytest.mark.parametrize(("change", "member"), WRONG)
def test_C75_a_bad_item_is_named_and_nothing_of_its_batch_taken(
    client: Client, change: dict[str, Any], member: str
) -> None:
    answer = client.post(PATH, {"feedback": [ACCEPTED, {**OVERRIDDEN, **change}]})
    assert answer.status_code == 400
    (expression,) = answer.json()["issue"][0]["expression"]
    assert expression.startswith(f"feedback[1].{member}") or expression == "feedback[1]"


@pytest.mark.parametrize("member", ["card", "outcome", "outcomeTimestamp"])
def test_C75_a_missing_member_names_the_item(client: Client, member: str) -> None:
    item = {k: v for k, v in OVERRIDDEN.items() if k != member}
    answer = client.post(PATH, {"feedback": [item]})
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["feedback[0]"])
    assert member in answer.json()["issue"][0]["details"]["text"]


@pytest.mark.parametrize("body", [{}, {"feedback": None}, {"feedback": {}}, {"feedback": [None]}])
def test_C75_a_body_that_is_no_batch_is_refused(client: Client, body: Any) -> None:
    assert client.post(PATH, body).status_code == 400


def test_C79_a_comment_is_not_echoed(client: Client) -> None:
    item = {**OVERRIDDEN, "outcome": "banana", "overrideReason": {"userComment": "Mrs Canary"}}
    assert "Canary" not in client.post(PATH, {"feedback": [item]}).text
