"""Settings: what is missing, contradictory or unsafe stops the start with one line that names the variable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cds_service.settings import (
    Settings,
    SettingsError,
    load_content_settings,
    load_ledger_settings,
    load_settings,
    serving_is_set,
)

OFF = {"CDS_AUTH": "off"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CDS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def clients(tmp_path: Path) -> str:
    file = tmp_path / "clients.yaml"
    file.write_text("[]", encoding="utf-8")
    return str(file)


def load(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


WRONG = [
    # variables, the one that is named, a word of why
    ({}, "CDS_PUBLIC_URL", "needed"),
    ({"CDS_PUBLIC_URL": "https://cds.example"}, "CDS_CLIENTS", "needed"),
    ({"CDS_AUTH": "none"}, "CDS_AUTH", "required"),
    ({"CDS_CLIENTS": "/no/such/file"}, "CDS_CLIENTS", "no file"),
    ({**OFF, "CDS_PUBLIC_URL": "cds.example"}, "CDS_PUBLIC_URL", "not an http(s) URL"),
    ({**OFF, "CDS_PUBLIC_URL": "https://cds.example/?x=1"}, "CDS_PUBLIC_URL", "not an http(s) URL"),
    ({**OFF, "CDS_FHIR_SERVERS": "https://a.example,ftp://b.example"}, "CDS_FHIR_SERVERS", "ftp"),
    ({**OFF, "CDS_FHIR_SERVERS": "https://user:pw@a.example"}, "CDS_FHIR_SERVERS", "without user"),
    *(
        ({**OFF, name: f"https://{written}"}, name, "not an http(s) URL")
        for name in ("CDS_FHIR_SERVERS", "CDS_PUBLIC_URL", "CDS_CORS_ORIGINS")
        for written in ("a.example:abc", "a.example:99999", "á.example", "a.example https://b.example", "[::1", "a\nb")
    ),
    *(
        ({**OFF, name: f"https://a.example/{written}"}, name, "not an http(s) URL")
        for name in ("CDS_FHIR_SERVERS", "CDS_PUBLIC_URL")
        for written in ("r4/%7Etenant", "a/../r4", "r4/..;/x", "r4?", "r4#")
    ),
    ({**OFF, "CDS_FHIR_SERVERS": "http://a.example"}, "CDS_FHIR_SERVERS", "plain http"),
    ({"CDS_AUTH": "optional", "CDS_FHIR_SERVERS": "http://127.0.0.1:8080/fhir"}, "CDS_FHIR_SERVERS", "plain http"),
    ({"CDS_AUTH": "optional", "CDS_FHIR_SERVERS": "*"}, "CDS_FHIR_SERVERS", "CDS_AUTH=off"),
    ({"CDS_AUTH": "optional", "CDS_CORS_ORIGINS": "*"}, "CDS_CORS_ORIGINS", "CDS_AUTH=off"),
    ({**OFF, "CDS_CORS_ORIGINS": "https://ehr.example/app"}, "CDS_CORS_ORIGINS", "not an origin"),
    ({**OFF, "CDS_TRIALS_DIR": "/no/such/folder"}, "CDS_TRIALS_DIR", "no folder"),
    ({**OFF, "CDS_SITE_FILE": "/no/such/file"}, "CDS_SITE_FILE", "no file"),
    ({**OFF, "CDS_TIME_ZONE": "Mars/Base"}, "CDS_TIME_ZONE", "time zone"),
    ({**OFF, "CDS_TIME_ZONE": "../etc/passwd"}, "CDS_TIME_ZONE", "time zone"),
    ({**OFF, "CDS_DEADLINE_SECONDS": "0"}, "CDS_DEADLINE_SECONDS", "greater than 0"),
    ({**OFF, "CDS_MAX_BODY_BYTES": "ten"}, "CDS_MAX_BODY_BYTES", "integer"),
    ({**OFF, "CDS_DEMO": "perhaps"}, "CDS_DEMO", "boolean"),
]


@pytest.mark.parametrize(("variables", "name", "why"), WRONG)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str, why: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, variables)
    assert caught.value.name == name
    assert why in caught.value.what
    assert "\n" not in str(caught.value)


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, OFF)
    assert (settings.time_zone, settings.deadline_seconds, settings.max_body_bytes) == ("UTC", 4, 20 * 2**20)
    assert settings.database_url is None
    assert (settings.data_dir, settings.demo, settings.fhir_servers) == (Path("data"), False, ())


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = "https://a.example/fhir/, http://localhost:8080/fhir"
    settings = load(monkeypatch, {**OFF, "CDS_FHIR_SERVERS": servers, "CDS_CORS_ORIGINS": "https://e.example,"})
    assert settings.fhir_servers == ("https://a.example/fhir", "http://localhost:8080/fhir")
    assert settings.cors_origins == ("https://e.example",)


def test_any_server_only_without_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {**OFF, "CDS_FHIR_SERVERS": "*"}).fhir_servers == ("*",)


def test_required_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, clients: str) -> None:
    settings = load(monkeypatch, {"CDS_CLIENTS": clients, "CDS_PUBLIC_URL": "https://cds.example/base/"})
    assert (settings.auth, settings.public_url) == ("required", "https://cds.example/base")


def test_required_refuses_a_plain_public_url(monkeypatch: pytest.MonkeyPatch, clients: str) -> None:
    with pytest.raises(SettingsError, match="CDS_PUBLIC_URL"):
        load(monkeypatch, {"CDS_CLIENTS": clients, "CDS_PUBLIC_URL": "http://127.0.0.1:8080"})


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {**OFF, "CDS_SITE_FILE": "", "CDS_TRIALS_DIR": ""}).site_file is None


def test_content_can_be_used_without_the_services_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_TIME_ZONE", "Asia/Shanghai")
    assert load_content_settings().time_zone == "Asia/Shanghai"
    assert not serving_is_set()
    monkeypatch.setenv("CDS_AUTH", "required")
    assert serving_is_set()


def test_the_ledger_can_be_found_without_the_services_settings_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql://ledger:canary@db.example/ledger"
    monkeypatch.setenv("CDS_DATABASE_URL", url)
    settings = load_ledger_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url
    assert "canary" not in repr(settings)
    assert not serving_is_set()
