"""A service that cannot start says why in one line that names what is wrong, and exits 2."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from cds_service import logs
from tests.web.shell import run

OFF = {"CDS_AUTH": "off"}
CANARY = "https://canary.example"
CLIENTS = {"CDS_PUBLIC_URL": "https://cds.example", "CDS_CLIENTS": "FOLDER/content"}
SITE = {**OFF, "CDS_SITE_FILE": "FOLDER/content"}

WRONG = [
    # options, variables, what stands in FOLDER/content, the line
    ("--ssl-certfile FOLDER/none", OFF, "", "--ssl-certfile: FOLDER/none, or its key, cannot be used: No such file"),
    ("--ssl-certfile FOLDER/content", OFF, "no certificate", "FOLDER/content, or its key, cannot be used: not PEM"),
    ("--ssl-certfile FOLDER", OFF, "", "--ssl-certfile: FOLDER, or its key, cannot be used"),
    ("--ssl-keyfile FOLDER/content", OFF, "", "--ssl-keyfile: needs --ssl-certfile beside it"),
    ("--host 300.1.1.1", OFF, "", "--host: '300.1.1.1' is not an address of this machine\n"),
    ("--host 192.0.2.1", OFF, "", "--host: '192.0.2.1' is not an address of this machine\n"),
    ("--host a..b", OFF, "", "--host: 'a..b' is not an address of this machine\n"),
    ("", {**OFF, "CDS_PUBLIC_URL": "http://a.example"}, "", "loopback with CDS_AUTH=off or CDS_AUTH=optional only"),
    ("", {**OFF, "CDS_FHIR_SERVERS": "http://a.example"}, "", "loopback with CDS_AUTH=off only"),
    ("", CLIENTS, '- iss: "\0"', "content: not YAML: unacceptable character #x0000"),
    ("", CLIENTS, "[" * 5000, "content: not YAML: it is nested too deeply"),
    ("", SITE, "trials: " + "{a: " * 5000, "content: not YAML: it is nested too deeply"),
    ("", SITE, "fatigue: {patient-declines: 3000 years}", "content:1: fatigue.patient-declines: "),
]


@pytest.fixture(autouse=True)
def _nothing_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - {"CDS_DATA_DIR"}:
        if name.startswith("CDS_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _never_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    def serving(*arguments: Any, **options: Any) -> None:
        raise AssertionError("it started")

    monkeypatch.setattr(uvicorn, "run", serving)


@pytest.mark.parametrize(("options", "variables", "content", "line"), WRONG, ids=[row[3][:50] for row in WRONG])
def test_what_cannot_be_used_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, variables: dict[str, str], content: str, line: str
) -> None:
    (tmp_path / "content").write_text(content, encoding="utf-8")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("FOLDER", str(tmp_path)))
    done = run("serve", "--port", "0", *options.replace("FOLDER", str(tmp_path)).split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert line.replace("FOLDER", str(tmp_path)) in done.err


NOTICED = [
    # variables, the lines of the log as (event, setting, nearest)
    (OFF, []),
    ({**OFF, "CDS_FHIR_SERVER": CANARY}, [("unknown-setting", "CDS_FHIR_SERVER", "CDS_FHIR_SERVERS")]),
    ({**OFF, "cds_sitefile": CANARY}, [("unknown-setting", "cds_sitefile", "CDS_SITE_FILE")]),
    ({**OFF, "CDS_XYZ": CANARY}, [("unknown-setting", "CDS_XYZ", None)]),
    ({**OFF, "CDS_SERVICE_HOST": CANARY, "CDS_PORT": CANARY, "CDS_PORT_8080_TCP_ADDR": CANARY}, []),
    ({"CDS_AUTH": "optional"}, [("every-token-refused", "CDS_CLIENTS", None)]),
    ({"CDS_AUTH": "optional", "CDS_PUBLIC_URL": "https://a.example"}, [("every-token-refused", "CDS_CLIENTS", None)]),
]


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Take back what `serve` does to the process's logging."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, propagate, level, of_root = logs.LOGGER.handlers, logs.LOGGER.propagate, logs.LOGGER.level, root.handlers
    yield
    logs.LOGGER.handlers, logs.LOGGER.propagate, root.handlers = handlers, propagate, of_root
    logs.LOGGER.setLevel(level)
    threading.excepthook = hook


@pytest.mark.parametrize(("variables", "lines"), NOTICED, ids=[str(lines) for _, lines in NOTICED])
def test_what_is_set_and_has_no_effect_is_noticed_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], lines: list[tuple[str, str, str | None]]
) -> None:
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with logging_as_it_was():
        done = run("serve", "--port", "0")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["event"], line["setting"], line.get("nearest")) for line in told] == lines
    assert {line["level"] for line in told} <= {"warning"}
    assert CANARY not in done.out + done.err


@pytest.mark.parametrize("port", ["80800", "65536", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    """Else it listens on another one: that of the number modulo 65536."""
    monkeypatch.setenv("CDS_AUTH", "off")
    done = run("serve", "--port", port)
    assert done.code == 2
    assert "Invalid value for '--port'" in done.err
