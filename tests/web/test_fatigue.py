"""Fatigue: what a user overrode with a reason is not shown to him again, until something of it changes."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cds_service import app
from cds_service.content import load_content
from cds_service.database import FILE
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import ContentSettings, Settings
from cds_service.tables import CARDS
from hooks.cards import OVERRIDE_SYSTEM
from terminology.errors import ContentError
from tests.conftest import NewLedger
from tests.web.ledgers import rows_once_there
from tests.web.serving import Client, serve

Json = dict[str, Any]
TRIALS, TRIGGER = "trial-eligibility", "ctdna-maintenance"
SITE = "fatigue:\n  patient-declines: 30 days\n  data-wrong: 1 day\n"


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    """Settings of a site that turned fatigue on."""
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")
    return Settings(auth="off", data_dir=tmp_path / "data", site_file=file)


@contextmanager
def asking(settings: Settings, today: dt.date = WRITTEN_FOR) -> Iterator[Client]:
    for base in serve(settings, today):
        with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
            yield Client(http)


def request(name: str = "trigger-positive", user: str = "Practitioner/1") -> Json:
    found = demo_request(name, WRITTEN_FOR)
    found["context"]["userId"] = user
    return found


def overriding(
    card: Json, reason: str | None = "patient-declines", system: str = OVERRIDE_SYSTEM, **members: Any
) -> Json:
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:05:31Z"}
    said = {"overrideReason": {"reason": {"code": reason, "system": system}}} if reason else {}
    return {"feedback": [{**item, **said, **members}]}


def overridden(settings: Settings, client: Client, feedback: Json | None = None, service: str = TRIALS) -> Json:
    """Show a card, override it, and return it."""
    (card,) = client.cards(request(), service)
    rows_once_there(settings, CARDS, 1)
    answer = client.post(f"/cds-services/{service}/feedback", overriding(card) if feedback is None else feedback)
    assert answer.status_code == 200
    return card


def test_a_card_that_a_user_overrode_is_not_shown_to_him_again(site: Settings) -> None:
    with asking(site) as client:
        overridden(site, client)
        assert client.cards(request()) == []
        assert client.cards(request()) == []


def test_it_is_shown_to_others_and_for_others(site: Settings) -> None:
    with asking(site) as client:
        overridden(site, client)
        assert len(client.cards(request(user="Practitioner/2"))) == 1
        assert len(client.cards(request("liver-and-bowel-same-day"))) == 1
        assert len(client.cards({**request(), "fhirServer": "https://another.example/fhir"})) == 1


def test_it_comes_back_when_its_evidence_or_its_status_changes(site: Settings) -> None:
    with asking(site) as client:
        overridden(site, client)
        changed = request()
        observations = changed["prefetch"]["observations"]["entry"]
        newest = max(observations, key=lambda entry: str(entry["resource"].get("effectiveDateTime")))
        newest["resource"]["id"] = "another-result"
        assert len(client.cards(changed)) == 1
        incomplete = request()
        incomplete["prefetch"]["conditions"] = None
        assert len(client.cards(incomplete)) == 1


@pytest.mark.parametrize(("days", "cards"), [(0, 0), (29, 0), (30, 1)])
def test_it_comes_back_when_the_period_of_its_reason_has_ended(site: Settings, days: int, cards: int) -> None:
    """The patient is read on the same day, so that nothing but the period changes."""
    at = f"{WRITTEN_FOR - dt.timedelta(days=days)}T10:05:31Z"
    with asking(site) as client:
        (card,) = client.cards(request())
        rows_once_there(site, CARDS, 1)
        client.post(f"/cds-services/{TRIALS}/feedback", overriding(card, outcomeTimestamp=at))
        assert len(client.cards(request())) == cards


def test_a_time_that_is_still_to_come_counts_from_when_it_was_told(site: Settings) -> None:
    """Otherwise a wrong clock, or a client that means harm, would hide a card for ever."""
    today = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    chart = demo_request("trigger-positive", today)
    chart["context"]["userId"] = "Practitioner/1"
    with asking(site, today) as client:
        (card,) = client.cards(chart)
        rows_once_there(site, CARDS, 1)
        item = overriding(card, outcomeTimestamp="9999-12-31T00:00:00Z")
        assert client.post(f"/cds-services/{TRIALS}/feedback", item).status_code == 200
        assert len(client.cards(chart)) == 1


def test_a_card_that_warns_is_always_shown(site: Settings) -> None:
    with asking(site) as client:
        card = overridden(site, client, service=TRIGGER)
        assert card["indicator"] == "warning"
        client.post(f"/cds-services/{TRIGGER}/feedback", overriding(card))
        assert len(client.cards(request(), TRIGGER)) == 1


@pytest.mark.parametrize(
    ("reason", "members"),
    [
        (None, {}),
        ("not-appropriate", {}),
        ("patient-declines", {"outcome": "accepted", "acceptedSuggestions": [{"id": "1"}]}),
    ],
    ids=["no reason", "a reason without a period", "accepted"],
)
def test_what_else_became_of_a_card_hides_nothing(site: Settings, reason: str | None, members: Json) -> None:
    with asking(site) as client:
        (card,) = client.cards(request())
        rows_once_there(site, CARDS, 1)
        assert client.post(f"/cds-services/{TRIALS}/feedback", overriding(card, reason, **members)).status_code == 200
        assert len(client.cards(request())) == 1


def test_a_reason_of_another_system_hides_nothing(site: Settings) -> None:
    with asking(site) as client:
        (card,) = client.cards(request())
        rows_once_there(site, CARDS, 1)
        client.post(f"/cds-services/{TRIALS}/feedback", overriding(card, system="urn:example:reasons"))
        assert len(client.cards(request())) == 1


def test_it_is_off_unless_the_site_turns_it_on(tmp_path: Path) -> None:
    settings = Settings(auth="off", data_dir=tmp_path)
    with asking(settings) as client:
        overridden(settings, client)
        assert len(client.cards(request())) == 1
        (first, second) = rows_once_there(settings, CARDS, 2)
    assert (first.audience, first.says, second.audience, second.says) == (None, None, None, None)


def test_without_a_user_or_a_ledger_everything_is_shown(site: Settings) -> None:
    nobody = request()
    del nobody["context"]["userId"]
    with asking(site) as client:
        overridden(site, client)
        assert len(client.cards(nobody)) == 1
        for file in site.data_dir.glob("ledger.sqlite*"):
            file.rename(file.with_name(f"away-{file.name}"))
        assert len(client.cards(request())) == 1


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("bored: 3 days", "'bored' is not a reason that our cards offer"),
        ("patient-declines: 3000 years", "'3000 years' is longer than a life: 150 years at most"),
        ("patient-declines: 99999999999 years", "is longer than a life"),
        ("patient-declines: 151 years", "is longer than a life"),
    ],
)
def test_a_site_file_that_cannot_be_kept_to_stops_the_start(tmp_path: Path, written: str, says: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"fatigue:\n  {written}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=says):
        load_content(ContentSettings(site_file=file))


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Let another process keep everybody from the ledger, readers too."""
    if settings.database_url is not None:
        with psycopg.connect(settings.database_url.get_secret_value()) as other:
            other.execute("LOCK TABLE cards, feedback, rules IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()
        return
    with closing(sqlite3.connect(settings.data_dir / FILE, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_ledger_that_does_not_answer_shows_everything_in_time_and_lets_no_call_pile_up(
    new_ledger: NewLedger, site: Settings
) -> None:
    settings = new_ledger().model_copy(update={"site_file": site.site_file, "deadline_seconds": 2.0})
    with asking(settings) as client:
        card = overridden(settings, client)
        assert client.cards(request()) == []
        with locked(settings), ThreadPoolExecutor(60) as at_once:
            started = time.monotonic()
            assert len(client.cards(request())) == 1
            assert time.monotonic() - started < 1
            answers = list(at_once.map(lambda _: client.cards(request()), range(60)))
            assert [len(answer) for answer in answers] == [1] * 60
            for _ in range(2):
                started = time.monotonic()
                assert client.get("/health/ready").status_code == 503
                assert client.post(f"/cds-services/{TRIALS}/feedback", overriding(card)).status_code == 503
                assert time.monotonic() - started < 4.5
            assert sum(thread.name == "asking the ledger" for thread in threading.enumerate()) <= app.LEDGER_CALLS
        until = time.monotonic() + 10
        while client.cards(request()) and time.monotonic() < until:
            time.sleep(0.1)
        assert client.cards(request()) == []
