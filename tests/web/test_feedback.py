# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Feedback: taken as a whole batch or not at all, liberally where real clients differ; and what is kept of it."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx2
import pytest

from cds_service.ledger import KEY
from cds_service.tables import FEEDBACK
from hooks.cards import OVERRIDE_SYSTEM
from tests.conftest import NewLedger
from tests.web.ledgers import rows
from tests.web.serving import Client, serve

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


SAID = {"extension": {"com.epic.cdshooks.feedback.reason": "x"}}
EMPTY_OF_EPIC: dict[str, dict[str, Any]] = {
    "an empty plural": {"overrideReason": None, "overrideReasons": {}, **SAID},
    "a list of an empty one": {"overrideReason": None, "overrideReasons": [{}], **SAID},
    "an empty singular": {"overrideReason": {}, **SAID},
    "a null reason": {"overrideReason": None, "overrideReasons": {"reason": None, "userComment": None}, **SAID},
    "an empty plural beside the singular": {"overrideReasons": {}},
    "an empty one in a list": {"overrideReason": None, "overrideReasons": [{"reason": {"code": "x"}}, {}]},
}

LIBERAL = [
    ("C77 a reason without display", OVERRIDDEN),
    ("no reason at all", {k: v for k, v in OVERRIDDEN.items() if k != "overrideReason"}),
    ("a comment only", {**OVERRIDDEN, "overrideReason": {"userComment": "seen last week"}}),
    ("C76 plural", {**OVERRIDDEN, "overrideReasons": {"reason": {"code": "x"}}}),
    ("C76 plural list", {**OVERRIDDEN, "overrideReasons": [{"reason": {"code": "x"}}]}),
    ("C76 extension only", {**OVERRIDDEN, "overrideReason": {"extension": {"com.epic.cdshooks.feedback": {"a": 1}}}}),
    *((f"C76 {name} with the reason beside it", {**OVERRIDDEN, **item}) for name, item in EMPTY_OF_EPIC.items()),
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
    ({"overrideReason": None, "overrideReasons": {}}, "overrideReason"),
    ({"overrideReason": {}, "extension": {}}, "overrideReason"),
    ({"overrideReason": {"reason": {"system": "x"}}}, "overrideReason"),
    ({"overrideReason": {"userComment": "x" * 10_001}}, "overrideReason"),
    ({"outcomeTimestamp": "0001-01-01T00:00:00+14:00"}, "outcomeTimestamp"),
    ({"card": "a\0b"}, "card"),
    ({"card": "x" * 256}, "card"),
    ({"overrideReason": {"reason": {"code": "a\0b"}}}, "overrideReason"),
    ({"overrideReason": {"reason": {"code": "x", "system": "a\0b"}}}, "overrideReason"),
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


def test_C75_half_a_character_is_refused(client: Client) -> None:
    answer = client.send(PATH, json.dumps({"feedback": [{**OVERRIDDEN, "card": "\ud800 x"}]}).encode())
    assert answer.status_code == 400


CANARIES = ["it's JaneCANARY", "x' - at `$.JaneCANARY", "JaneCANARY` - at `$.JaneCANARY`", "x\" it's JaneCANARY"]


@pytest.mark.parametrize("value", CANARIES)
def test_C75_no_value_is_echoed_however_it_is_quoted(client: Client, value: str) -> None:
    answer = client.post(PATH, {"feedback": [{**OVERRIDDEN, "outcome": value}]})
    (issue,) = answer.json()["issue"]
    assert issue["details"]["text"] == "Invalid enum value."
    assert issue["expression"] == ["feedback[0].outcome"]
    assert "CANARY" not in answer.text


def test_C79_a_comment_is_not_echoed(client: Client) -> None:
    item = {**OVERRIDDEN, "outcome": "banana", "overrideReason": {"userComment": "Mrs Canary"}}
    assert "Canary" not in client.post(PATH, {"feedback": [item]}).text


# What is kept


class Kept(NamedTuple):
    """A row of the ledger, but for card and service. reasons: the codes."""

    outcome: str
    at: str
    reasons: list[dict[str, str]]
    commented: bool = False
    extended: bool = False


def said(**members: Any) -> dict[str, Any]:
    return {"card": "CARD", "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:05:31Z", **members}


AT = "2026-11-24T10:05:31+00:00"
DECLINES = {"system": OVERRIDE_SYSTEM, "code": "patient-declines"}
OTHER = {"code": "other"}
CANARY = "Mrs Canary, born 1961-02-17"
TAKEN = said(outcome="accepted", acceptedSuggestions=[{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}])
EPIC = {"extension": {"com.epic.cdshooks.feedback.reason": "x"}}
PLAIN = Kept("overridden", AT, [])

MORE = said(overrideReason={"reason": DECLINES})
MOST = said(overrideReasons=[{"reason": {"code": "x"}, "userComment": "Mrs Canary said no"}], **EPIC)

KEPT = [
    # name, the batches that are sent, the rows that are kept
    ("C74 accepted", [[TAKEN]], [Kept("accepted", AT, [])]),
    ("C74 accepted then overridden, in one batch", [[TAKEN, said()]], [Kept("accepted", AT, []), PLAIN]),
    ("C74 accepted then overridden, in two", [[TAKEN], [said()]], [Kept("accepted", AT, []), PLAIN]),
    ("C74 repeated in one batch", [[said(), said()]], [PLAIN]),
    ("C74 repeated later", [[said()], [said()]], [PLAIN]),
    ("C74 nothing", [[]], []),
    (
        "C74 once more at another time",
        [[said()], [said(outcomeTimestamp="2026-11-24T10:05:31.25Z")]],
        [PLAIN, Kept("overridden", "2026-11-24T10:05:31.250000+00:00", [])],
    ),
    ("C74 the same instant in another zone", [[said()], [said(outcomeTimestamp="2026-11-24T12:05:31+02:00")]], [PLAIN]),
    ("C75 a reason", [[said(overrideReason={"reason": DECLINES})]], [Kept("overridden", AT, [DECLINES])]),
    (
        "C75 a reason and a comment",
        [[said(overrideReason={"reason": DECLINES, "userComment": "Mrs Canary said no"})]],
        [Kept("overridden", AT, [DECLINES], commented=True)],
    ),
    *(
        (f"C75 more of it {when}", batches, [Kept("overridden", AT, [DECLINES, OTHER], commented=True, extended=True)])
        for when, batches in (
            ("later", [[said()], [MORE], [MOST]]),
            ("later, then less of it again", [[MORE], [MOST], [said()], [MORE]]),
            ("in the same batch", [[said(), MORE, MOST, said()]]),
        )
    ),
    ("C75 one bad item in a batch", [[TAKEN, said(outcome="banana")]], []),
    (
        "C76 plural, two reasons, one of them twice",
        [[said(overrideReasons=[{"reason": DECLINES}, {"reason": {"code": "x"}}, {"reason": DECLINES}])]],
        [Kept("overridden", AT, [DECLINES, OTHER])],
    ),
    ("C76 an extension only", [[said(overrideReason=EPIC)]], [Kept("overridden", AT, [], extended=True)]),
    ("C76 an extension beside the outcome", [[said(**EPIC)]], [Kept("overridden", AT, [], extended=True)]),
    (
        "C77 the display is not kept, whether it comes or not",
        [[said(overrideReason={"reason": {**DECLINES, "display": "Mrs Canary declines"}})]],
        [Kept("overridden", AT, [DECLINES])],
    ),
    (
        "C80 one of our codes without its system",
        [[said(overrideReason={"reason": {"code": "data-wrong"}})]],
        [Kept("overridden", AT, [{"code": "data-wrong"}])],
    ),
    (
        "C80 one of our codes in another system",
        [[said(overrideReason={"reason": {**DECLINES, "system": f"urn:{CANARY}"}})]],
        [Kept("overridden", AT, [OTHER])],
    ),
    (
        "C80 texts where codes should be",
        [[said(overrideReasons=[{"reason": {**DECLINES, "code": CANARY}}, {"reason": {"code": CANARY[::-1]}}])]],
        [Kept("overridden", AT, [OTHER])],
    ),
    (
        "C79 a comment only",
        [[said(overrideReason={"userComment": "Mrs Canary said no"})]],
        [Kept("overridden", AT, [], commented=True)],
    ),
]


class Asked(NamedTuple):
    """A service with a ledger of its own. key: under which it hashes."""

    http: httpx2.Client
    rows: Any
    key: bytes

    def hashed(self, card: str) -> str:
        """Return what is kept of a card id that is no UUID."""
        return hmac.digest(self.key, f"card {card}".encode(), "sha256").hex()


@pytest.fixture(scope="module")
def asked(new_ledger: NewLedger) -> Iterator[Asked]:
    settings = new_ledger()
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            yield Asked(http, lambda: rows(settings, FEEDBACK), (settings.data_dir / KEY).read_bytes())


def read_back(row: Any) -> Kept:
    at = row.outcome_at if row.outcome_at.tzinfo else row.outcome_at.replace(tzinfo=dt.UTC)
    utc = at.astimezone(dt.UTC).isoformat()
    return Kept(row.outcome, utc, json.loads(row.reasons), row.commented, row.extended)


@pytest.mark.parametrize(("batches", "kept"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
@pytest.mark.parametrize(
    "sent",
    [str.lower, str.upper, lambda card: f"{CANARY} {card}"],
    ids=["C78 an unknown uuid", "C76 a UUID in capitals", "C76 C80 an id that is no uuid"],
)
def test_what_is_kept_of_feedback(asked: Asked, batches: Any, kept: list[Kept], sent: Any) -> None:
    card = str(uuid.uuid4())
    found = asked.hashed(sent(card)) if CANARY in sent(card) else card
    for batch in batches:
        answer = asked.http.post(PATH, json={"feedback": [{**item, "card": sent(card)} for item in batch]})
        assert answer.status_code == (400 if any(item["outcome"] == "banana" for item in batch) else 200)
    mine = [row for row in asked.rows() if row.card == found]
    assert sorted(map(read_back, mine)) == kept
    assert {row.service for row in mine} <= {"ctdna-maintenance"}
    assert "Canary" not in str(asked.rows())


def test_C74_one_batch_about_several_cards_of_several_services(asked: Asked) -> None:
    cards = sorted(str(uuid.uuid4()) for _ in range(3))
    assert asked.http.post(PATH, json={"feedback": [said(card=card) for card in reversed(cards)]}).status_code == 200
    assert sorted(row.card for row in asked.rows() if row.card in cards) == cards


def test_C75_more_of_it_at_the_same_time_is_added_whoever_comes_first(asked: Asked) -> None:
    cards = [str(uuid.uuid4()) for _ in range(20)]
    batches = [[{**item, "card": card} for card in cards] for item in (said(), MORE, MOST, TAKEN)]
    with ThreadPoolExecutor(4) as at_once:
        answers = at_once.map(lambda batch: asked.http.post(PATH, json={"feedback": batch}), batches * 3)
        assert {answer.status_code for answer in answers} == {200}
    for card in cards:
        accepted, overridden = sorted(read_back(row) for row in asked.rows() if row.card == card)
        assert accepted == Kept("accepted", AT, [])
        assert overridden in [Kept("overridden", AT, [*two], commented=True, extended=True) for two in BOTH]


BOTH = ((DECLINES, OTHER), (OTHER, DECLINES))


def test_C74_a_batch_of_many_is_taken_once_and_in_time(asked: Asked) -> None:
    batch = {"feedback": [said(card=f"many {number}") for number in range(3000)]}
    before = len(asked.rows())
    for _ in range(2):
        assert asked.http.post(PATH, json=batch).status_code == 200
    assert len(asked.rows()) == before + 3000
