"""The clients file: what is missing, unknown, unsafe or contradictory stops the start, with file, line and field."""

from __future__ import annotations

import json
import logging
import textwrap
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cds_service import check
from cds_service.app import create_app
from cds_service.clients import ALGORITHMS, load_clients
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.fetching import NOT_ALLOWED
from cds_service.settings import Settings, SettingsError
from terminology.errors import ContentError
from tests.web.tokens import CALL, ISS, PUBLIC, clients_file, key, key_set, token

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "clients.example.yaml"
EHR = key("ec")
SERVERS = ("https://fhir.example/r4", "https://fhir.example/other")


def settings(file: Path, **more: Any) -> Settings:
    given = {"public_url": PUBLIC, "fhir_servers": SERVERS, "data_dir": file.parent / "data", **more}
    return Settings(clients=file, **given)


GOOD_FILE = """
- iss: https://ehr.example
  jku: https://ehr.example/jwks.json
"""

WRONG = [
    # the file, the line that is named, words of why
    ("", 0, "no client"),
    ("[]", 1, "no client"),
    ("# nothing yet", 0, "no client"),
    ("iss: https://ehr.example", 1, "a list is needed"),
    ("- iss: [", 1, "not YAML"),
    ("- ehr.example", 1, "fields are needed"),
    ("- jku: https://ehr.example/jwks.json", 1, "iss"),
    ("- {iss: '', jku: 'https://ehr.example/jwks.json'}", 1, "iss"),
    ("- {iss: 5, jku: 'https://ehr.example/jwks.json'}", 1, "iss"),
    ("- iss: a\n  iss: b", 2, "written twice"),
    (f"{GOOD_FILE}{GOOD_FILE}", 5, "another client has this iss"),
    ("- iss: https://ehr.example", 1, "jku or jwks_file"),
    (f"{GOOD_FILE}  issuer: x", 4, "issuer"),
    (f"{GOOD_FILE}  audiences: []", 4, "audiences"),
    (f"{GOOD_FILE}  audiences: ['']", 4, "audiences"),
    (f"{GOOD_FILE}  tenants: []", 4, "tenants"),
    (f"{GOOD_FILE}  tenants: [5]", 4, "tenants"),
    (f"{GOOD_FILE}  profile: meditech", 4, "profile"),
    (f"{GOOD_FILE}  algorithms: []", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: none", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [ES384, none]", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [None]", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [null]", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [HS256]", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [ES384, HS384]", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: HS512", 4, "algorithms"),
    (f"{GOOD_FILE}  algorithms: [es384]", 4, "algorithms"),
    ("- {iss: a, jku: ehr.example/jwks.json}", 1, "not a plain http(s) URL"),
    ("- {iss: a, jku: 'file:///etc/passwd'}", 1, "not a plain http(s) URL"),
    ("- {iss: a, jku: 'https://user@ehr.example/jwks.json'}", 1, "not a plain http(s) URL"),
    ("- {iss: a, jku: 'https://ehr.example/jwks.json#x'}", 1, "not a plain http(s) URL"),
    ("- iss: a\n  jku: [https://ehr.example/a, 'http://ehr.example/b']", 2, "plain http"),
    ("- {iss: a, jku: 'http://127.0.0.1/jwks.json'}", 1, "CDS_AUTH=required"),
    ("- {iss: a, jwks_file: none.json}", 1, "cannot be read"),
    ("- {iss: a, jwks_file: clients.yaml}", 1, "not JSON"),
    ("- {iss: a, jwks_file: rsa.json, algorithms: ES384}", 1, "no public key"),
    ("- {iss: a, jwks_file: p256.json}", 1, "no public key"),
    (f"{GOOD_FILE}  fhir_servers: https://fhir.example/r5", 4, "not under CDS_FHIR_SERVERS"),
    (f"{GOOD_FILE}  fhir_servers: '*'", 4, "not under CDS_FHIR_SERVERS"),
]


@pytest.mark.parametrize(("content", "line", "why"), WRONG)
def test_a_wrong_file_stops_the_start(tmp_path: Path, content: str, line: int, why: str) -> None:
    (tmp_path / "rsa.json").write_bytes(key_set([key("rsa", "RS384").jwk()]))
    (tmp_path / "p256.json").write_bytes(key_set([key("p256", "ES256").jwk()]))
    file = tmp_path / "clients.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        create_app(settings(file))
    said = str(caught.value)
    assert said.startswith(f"clients.yaml:{line}:" if line else "clients.yaml")
    assert why in said
    assert "\n" not in said
    assert not (tmp_path / "data").exists()


def test_no_setting_names_an_algorithm_that_needs_no_key_pair() -> None:
    assert not any(name.startswith(("HS", "none", "None")) for name in ALGORITHMS)


def test_loopback_keys_are_for_trying_out(tmp_path: Path) -> None:
    file = clients_file(tmp_path, [{"iss": "a", "jku": "http://localhost:8000/jwks.json"}])
    assert load_clients(settings(file, auth="optional", public_url=None))
    file = clients_file(tmp_path, [{"iss": "a", "jku": "http://ehr.example/jwks.json"}])
    with pytest.raises(ContentError, match="plain http"):
        load_clients(settings(file, auth="optional", public_url=None))


def test_the_example_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "oracle-jwks.json").write_bytes(key_set([key("rsa", "RS384").jwk()]))
    clients = load_clients(settings(file))
    assert {client.profile for client in clients} == {"spec", "epic", "oracle"}
    assert {client.algorithms for client in clients} >= {("ES384", "RS384")}


def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    file = clients_file(tmp_path, [{"iss": "a", "jku": "https://ehr.example/jwks.json"}])
    with pytest.raises(SettingsError, match="CDS_DATA_DIR"):
        create_app(settings(file, data_dir=tmp_path / "taken"))


def test_check_names_a_wrong_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(textwrap.dedent(f"{GOOD_FILE}  algorithms: none\n"), encoding="utf-8")
    monkeypatch.setenv("CDS_CLIENTS", str(file))
    monkeypatch.setenv("CDS_PUBLIC_URL", PUBLIC)
    assert [line for line in check.problems() if line.startswith("clients.yaml:4: ")]


NEARBY = "https://127.0.0.1:1/fhir"
UNREACHED = "the FHIR server could not be reached"

SERVED = [
    # the client's own servers, what becomes of a request that names the one nearby
    ({}, UNREACHED),
    ({"fhir_servers": NEARBY}, UNREACHED),
    ({"fhir_servers": [SERVERS[0], NEARBY]}, UNREACHED),
    ({"fhir_servers": SERVERS[0]}, NOT_ALLOWED),
    ({"fhir_servers": f"{NEARBY}/below"}, NOT_ALLOWED),
]


@pytest.mark.parametrize(("bound", "fault"), SERVED)
def test_a_client_names_its_own_servers_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bound: dict[str, Any], fault: str
) -> None:
    """Another that may be called is not called for it: what it would have brought is not known."""
    caplog.set_level(logging.INFO, "cds_service")
    request = demo_request("trigger-positive", WRITTEN_FOR) | {"fhirServer": NEARBY}
    del request["prefetch"]["conditions"]
    file = clients_file(tmp_path, [{"iss": ISS, "jwks_file": "ehr.json", **bound}], ehr=key_set([EHR.jwk()]))
    client = TestClient(create_app(settings(file, fhir_servers=(*SERVERS, NEARBY)), today=lambda: WRITTEN_FOR))
    answer = client.post(CALL, json=request, headers={"authorization": f"Bearer {token(EHR, {'jku': ...})}"})
    assert answer.status_code == 200
    assert json.loads(caplog.messages[-1])["faults"] == [fault]
