# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""The ledger: what is kept of a card, that nothing of a patient is, and what happens while it cannot be reached."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.database import FILE
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.ledger import KEY
from cds_service.settings import Settings
from cds_service.tables import CARD_TRIALS, CARDS, FEEDBACK, RULES
from tests.conftest import NewLedger
from tests.postgres import Server
from tests.web.ledgers import rows, rows_once_there
from tests.web.serving import Client, serve

TRIGGER = "ctdna-maintenance"
TRIALS = "trial-eligibility"


@contextmanager
def asking(settings: Settings) -> Iterator[Client]:
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False, timeout=30) as http:
            yield Client(http)


def asked_for(patient: str = "trigger-positive", **members: Any) -> dict[str, Any]:
    return {**demo_request(patient, WRITTEN_FOR), **members}


def override(card: str, **members: Any) -> dict[str, Any]:
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:05:31Z", **members}
    return {"feedback": [item]}


# What is kept of a card


def test_every_card_is_kept_with_what_it_says_and_by_which_rules(new_ledger: NewLedger) -> None:
    settings, before = new_ledger(), dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with asking(settings) as client:
        given = [(service, card) for service in (TRIGGER, TRIALS) for card in client.cards(asked_for(), service)]
        kept = {row.uuid: row for row in rows_once_there(settings, CARDS, len(given))}
    trials, rules = rows(settings, CARD_TRIALS), {row.digest: row for row in rows(settings, RULES)}
    assert len(given) >= 2
    for service, card in given:
        row = kept[card["uuid"]]
        topic, version = card["source"]["topic"]["code"], metadata.version("oncology-trial-cds")
        assert (row.service, row.topic, row.evaluated_on, row.version) == (service, topic, WRITTEN_FOR, version)
        assert before <= row.evaluated_at.replace(tzinfo=None) <= dt.datetime.now(dt.UTC).replace(tzinfo=None)
    said = {(card["uuid"], e["trial"], e["status"]) for _, card in given for e in card["extension"].values()}
    assert {(row.card, row.trial, row.status) for row in trials} == said
    for row in trials:
        assert rules[row.rules].trial == row.trial
        assert "ctdna-result" in json.loads(rules[row.rules].releases)


def test_a_roll_up_is_kept_with_each_of_its_trials(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with asking(settings) as client:
        (card,) = client.cards(asked_for("no-ctdna-yet"))
        rows_once_there(settings, CARDS, 1)
    (extension,) = card["extension"].values()
    assert len(extension["trials"]) > 1
    found = {(row.trial, row.status) for row in rows(settings, CARD_TRIALS)}
    assert found == {(trial["trial"], trial["status"]) for trial in extension["trials"]}


def test_an_answer_without_cards_leaves_nothing(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with asking(settings) as client:
        assert client.cards(asked_for("unrelated")) == []
        client.cards(asked_for())
        rows_once_there(settings, CARDS, 1)


def test_a_patient_is_the_same_only_at_the_same_server_under_the_same_key(new_ledger: NewLedger) -> None:
    hashes = []
    for settings in (new_ledger(), new_ledger()):
        servers = ["https://a.example/fhir", "https://a.example/fhir/", "https://b.example/fhir"]
        with asking(settings) as client:
            uuids = [client.cards(asked_for(fhirServer=server))[0]["uuid"] for server in servers]
            kept = {row.uuid: row.patient for row in rows_once_there(settings, CARDS, 3)}
        hashes.append([kept[uuid] for uuid in uuids])
    (a, again, b), (other_key, *_) = hashes
    assert a == again
    assert len({a, b, other_key}) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in (a, b))


def test_the_key_is_the_owners_alone_and_outlives_the_service(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with asking(settings):
        file = settings.data_dir / KEY
        key = file.read_bytes()
        assert (len(key), stat.S_IMODE(file.stat().st_mode)) == (32, 0o600)
    with asking(settings):
        assert file.read_bytes() == key


@pytest.mark.parametrize("before", ["none", "one that others may read"])
def test_the_file_and_what_stands_beside_it_are_the_owners_alone(tmp_path: Path, before: str) -> None:
    settings = Settings(auth="off", data_dir=tmp_path)
    if before != "none":
        with asking(settings):
            pass
        (tmp_path / FILE).chmod(0o644)
    with asking(settings) as client, closing(sqlite3.connect(tmp_path / FILE)) as reader:
        reader.execute("SELECT count(*) FROM cards")
        client.cards(asked_for())
        rows_once_there(settings, CARDS, 1)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(f"{FILE}*")}
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}


# Nothing of a patient

CANARIES = {
    "token": "canary-token-1f7a",
    "name": "Canaryfamily",
    "given name": "Canarygiven",
    "birth date": "1961-02-17",
    "identifier": "canary-mrn-4711",
    "patient id": "canary-patient-77",
    "user": "canary-user-12",
    "server": "canary-host",
    "text of the record": "canary condition text",
    "comment": "Canary comment, born 17 February",
    "display": "canary display",
    "extension": "canary extension",
    "suggestion": "canary-suggestion",
    "card": "Canarycard 4711",
    "code of a reason": "Canarycode, born 17 March",
    "system of a reason": "urn:canary-system",
}


def with_canaries() -> dict[str, Any]:
    """Return a request in which every canary but feedback's stands."""
    written = json.dumps(asked_for()).replace("demo-trigger-positive", CANARIES["patient id"])
    request: dict[str, Any] = json.loads(written)
    request["context"]["userId"] = f"Practitioner/{CANARIES['user']}"
    request["fhirServer"] = f"https://{CANARIES['server']}.example/fhir"
    request["fhirAuthorization"] = {"access_token": CANARIES["token"], "token_type": "Bearer"}
    patient = request["prefetch"]["patient"]
    patient["name"] = [{"family": CANARIES["name"], "given": [CANARIES["given name"]]}]
    patient["identifier"] = [{"system": "urn:example:mrn", "value": CANARIES["identifier"]}]
    patient["birthDate"] = CANARIES["birth date"]
    for entry in request["prefetch"]["conditions"]["entry"]:
        entry["resource"]["code"]["text"] = CANARIES["text of the record"]
    return request


def canary_feedback(card: str) -> Iterator[dict[str, Any]]:
    reason = {"code": "patient-declines", "system": "urn:example", "display": CANARIES["display"]}
    extension = {"x": {"y": CANARIES["extension"]}}
    said = {"reason": reason, "userComment": CANARIES["comment"], "extension": extension}
    yield override(card, overrideReason=said, extension=extension)
    yield override(card, overrideReasons=[said], outcomeTimestamp="2026-11-24T11:00:00Z")
    free = {"code": CANARIES["code of a reason"], "system": CANARIES["system of a reason"]}
    yield override(CANARIES["card"], overrideReason={"reason": free})
    yield override(card, outcome="accepted", acceptedSuggestions=[{"id": CANARIES["suggestion"]}])
    yield override(card, outcome="banana", overrideReason=said)


def everything_in(settings: Settings) -> str:
    """Return all that stands in the files of the data folder, and in every table of a server."""
    found = [file.read_bytes().decode("latin-1") for file in settings.data_dir.rglob("*") if file.is_file()]
    if settings.database_url is None:
        return "".join(found)
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        named = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (name,) in named.fetchall():
            found.append(str(connection.execute(f'SELECT * FROM "{name}"'.encode()).fetchall()))
    return "".join(found)


def test_C79_C80_no_canary_is_in_the_ledger_or_the_data_folder(
    new_ledger: NewLedger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = new_ledger()
    with asking(settings) as client:
        given = [card for service in (TRIGGER, TRIALS) for card in client.cards(with_canaries(), service)]
        answers = [client.post(f"/cds-services/{TRIGGER}/feedback", item) for item in canary_feedback(given[0]["uuid"])]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 400]
        rows_once_there(settings, CARDS, len(given))
        running, told = everything_in(settings), client.get("/stats").text + answers[-1].text
    assert len(rows(settings, FEEDBACK)) == 4
    for places in (running, everything_in(settings), told, caplog.text):
        folded = places.casefold()
        assert [what for what, canary in CANARIES.items() if canary.casefold() in folded] == []
    for card in given:
        assert card["uuid"] in everything_in(settings)


# While it cannot be reached

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=["a file that is gone", "a server that is stopped"])
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Settings, Outage]:
    """The settings of a service, and how its ledger cannot be reached for a while."""
    if request.param == "a file that is gone":
        settings = Settings(auth="off", data_dir=tmp_path / "data")
        return settings, lambda: moved(settings.data_dir)
    server: Server = request.getfixturevalue("postgres")
    members = {"auth": "off", "data_dir": tmp_path / "data", "database_url": server.new_database()}
    return Settings.model_validate(members), lambda: stopped(server)


@contextmanager
def moved(folder: Path) -> Iterator[None]:
    away = folder.with_name("away")
    away.mkdir()
    for file in folder.glob(f"{FILE}*"):
        shutil.move(file, away)
    yield
    for file in away.iterdir():
        shutil.move(file, folder)


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def test_an_unreachable_ledger_is_503_for_feedback_and_no_reason_to_withhold_cards(
    outage: tuple[Settings, Outage], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    settings, unreachable = outage
    path = f"/cds-services/{TRIGGER}/feedback"
    with asking(settings) as client:
        with unreachable():
            (card,) = client.cards(asked_for(), TRIGGER)
            asked = (client.post(path, override(card["uuid"])), client.get("/stats"), client.get("/health/ready"))
            for answer in asked:
                assert answer.status_code == 503
                assert answer.json()["issue"][0]["code"] == "transient"
            assert client.get("/health/live").status_code == 200
            until = time.monotonic() + 10
            while "ledger-unreachable" not in caplog.text and time.monotonic() < until:
                time.sleep(0.02)
        assert '"event":"ledger-unreachable"' in caplog.text
        assert client.post(path, override(card["uuid"])).status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert [row.uuid for row in rows_once_there(settings, CARDS, 1)] == [card["uuid"]]
    assert [row.card for row in rows(settings, FEEDBACK)] == [card["uuid"]]


def test_cards_do_not_wait_for_a_ledger_that_is_being_written(tmp_path: Path) -> None:
    settings = Settings(auth="off", data_dir=tmp_path)
    with asking(settings) as client, closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        for _ in range(10):
            assert client.cards(asked_for(), TRIGGER)
        assert time.monotonic() - started < 5
        other.execute("ROLLBACK")
        rows_once_there(settings, CARDS, 10)


def test_the_end_of_the_service_loses_no_card(new_ledger: NewLedger) -> None:
    settings = new_ledger()
    with asking(settings) as client:
        given = {card["uuid"] for _ in range(20) for card in client.cards(asked_for(), TRIGGER)}
    assert {row.uuid for row in rows_once_there(settings, CARDS, 20)} == given


# replay


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(settings: Settings, card: str, **variables: str) -> Result:
        monkeypatch.setenv("CDS_DATA_DIR", str(settings.data_dir))
        if settings.database_url is not None:
            monkeypatch.setenv("CDS_DATABASE_URL", settings.database_url.get_secret_value())
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, ["replay", card])

    return run


def test_replay_says_which_rules_and_versions_gave_a_card(
    new_ledger: NewLedger, replay: Callable[..., Result], tmp_path: Path
) -> None:
    settings, site = new_ledger(), tmp_path / "site.yaml"
    site.write_text("recency: {ctdna-result: 80 days}", encoding="utf-8")
    with asking(settings) as client:
        (card,) = client.cards(asked_for(), TRIGGER)
        rows_once_there(settings, CARDS, 1)
    (rules,) = rows(settings, RULES)
    version = metadata.version("oncology-trial-cds")
    said = replay(settings, card["uuid"].upper()).stdout
    for line in (
        f"card      {card['uuid']}",
        f"service   {TRIGGER}, version {version}",
        f"topic     {card['source']['topic']['code']}",
        "trial     NCT05797077: likely-eligible",
        f"  rules   sha256 {rules.digest}",
        "  now     the same rules",
    ):
        assert f"{line}\n" in said
    assert f", for {WRITTEN_FOR}\n" in said
    assert re.search(r"^  codes   value sets: \d+ of version \S+", said, flags=re.MULTILINE)
    assert "  now     other rules: sha256 " in replay(settings, card["uuid"], CDS_SITE_FILE=str(site)).stdout


def test_replay_of_a_card_that_was_never_given_is_an_error(
    new_ledger: NewLedger, replay: Callable[..., Result]
) -> None:
    settings = new_ledger()
    with asking(settings):
        pass
    for card in ("4e0a3a1e-3283-4575-ab82-028d55fe2719", "card-1", "\udcff"):
        result = replay(settings, card)
        assert result.exit_code != 0
        assert str(result.exception) == f"the ledger holds no card {card}"
