# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""The read-back: how many cards were given by topic, and what became of them; nothing of a patient."""

from __future__ import annotations

import uuid
from typing import Any

import httpx2

from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.tables import CARDS
from hooks.cards import OVERRIDE_SYSTEM
from tests.conftest import NewLedger
from tests.web.ledgers import rows_once_there
from tests.web.serving import Client, serve

SERVICE = "ctdna-maintenance"
PATH = f"/cds-services/{SERVICE}/feedback"
ACCEPTED: dict[str, Any] = {
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
}
DECLINES = {"code": "patient-declines", "system": OVERRIDE_SYSTEM}


def item(card: str, minute: int = 0, **members: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": f"2026-11-24T10:{minute:02}:00Z", **members}


def test_C80_counts_and_rates_by_topic_outcome_and_reason(new_ledger: NewLedger) -> None:
    """Four cards: accepted; accepted, then overridden; overridden twice; without feedback. And one nobody knows.

    A card counts once under each outcome, with the reasons that it was given last.
    """
    settings = new_ledger()
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            client = Client(http)
            given = [client.cards(demo_request("trigger-positive", WRITTEN_FOR), SERVICE)[0] for _ in range(4)]
            rows_once_there(settings, CARDS, 4)
            a, b, c, _ = (card["uuid"] for card in given)
            batch = [
                item(a, **ACCEPTED),
                item(b, **ACCEPTED),
                item(b, 1, overrideReason={"reason": DECLINES}),
                item(c, overrideReason={"reason": DECLINES, "userComment": "no"}),
                item(c, 1, overrideReason={"reason": {"code": "data-wrong"}, "extension": {"x": 1}}),
                item(str(uuid.uuid4()), overrideReason={"reason": DECLINES}),
            ]
            assert client.post(PATH, {"feedback": batch}).status_code == 200
            assert client.post(PATH, {"feedback": batch}).status_code == 200
            services = {each["service"]: each for each in client.get("/stats").json()["services"]}
    outcomes = [
        {"outcome": "accepted", "feedback": 2, "cards": 2, "rate": 0.5, "comments": 0, "extensions": 0},
        {
            "outcome": "overridden",
            "feedback": 3,
            "cards": 2,
            "rate": 0.5,
            "comments": 1,
            "extensions": 1,
            "reasons": [
                {"code": "data-wrong", "cards": 1, "rate": 0.25, "share": 0.5},
                {**DECLINES, "cards": 1, "rate": 0.25, "share": 0.5},
            ],
        },
    ]
    counted = {"cards": 4, "answered": 3, "answered_rate": 0.75, "outcomes": outcomes}
    unknown = {
        "outcome": "overridden",
        "feedback": 1,
        "cards": 1,
        "comments": 0,
        "extensions": 0,
        "reasons": [{**DECLINES, "cards": 1, "share": 1.0}],
    }
    assert services[SERVICE] == {
        "service": SERVICE,
        **counted,
        "topics": [{"topic": given[0]["source"]["topic"]["code"], **counted}],
        "unknown_cards": {"cards": 1, "outcomes": [unknown]},
    }
    assert services["trial-eligibility"] == {"service": "trial-eligibility", "cards": 0, "answered": 0}


def test_C80_a_topic_that_nobody_answered_has_its_rates_and_other_reasons_are_one(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            client = Client(http)
            card, _ = (client.cards(demo_request("trigger-positive", WRITTEN_FOR), SERVICE)[0] for _ in range(2))
            client.cards(demo_request("trigger-positive", WRITTEN_FOR))
            rows_once_there(settings, CARDS, 3)
            reasons = [{"reason": {"code": code}} for code in ("canary", "canary too", "patient-declines")]
            batch = {"feedback": [item(card["uuid"], overrideReasons=reasons)]}
            assert client.post(PATH, batch).status_code == 200
            services = {each["service"]: each for each in client.get("/stats").json()["services"]}
    rates = {name: [o["rate"] for o in each["topics"][0]["outcomes"]] for name, each in services.items()}
    assert rates == {SERVICE: [0.0, 0.5], "trial-eligibility": [0.0, 0.0]}
    assert services[SERVICE]["outcomes"][1]["reasons"] == [
        {"code": "other", "cards": 1, "rate": 0.5, "share": 1.0},
        {"code": "patient-declines", "cards": 1, "rate": 0.5, "share": 1.0},
    ]


def test_C80_feedback_counts_at_the_service_that_gave_the_card(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            client = Client(http)
            (card,) = client.cards(demo_request("trigger-positive", WRITTEN_FOR), SERVICE)
            rows_once_there(settings, CARDS, 1)
            batch = {"feedback": [item(card["uuid"])]}
            assert client.post("/cds-services/trial-eligibility/feedback", batch).status_code == 200
            services = {each["service"]: each for each in client.get("/stats").json()["services"]}
    assert (services[SERVICE]["answered"], services[SERVICE]["outcomes"][1]["cards"]) == (1, 1)
    assert services["trial-eligibility"] == {"service": "trial-eligibility", "cards": 0, "answered": 0}
