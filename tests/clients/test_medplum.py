"""The Medplum client reads discovery, resolves every prefetch template, and gets the cards that belong to the chart."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.services import SERVICES
from tests.clients import installing
from tests.clients.charts import POSITIVE, REQUESTS, Json, expected, run, shown
from tests.web import fhir_server as fhir
from tests.web.fhir_server import FhirServer

SERVICE_IDS = {service.id for service in SERVICES}
WEBSOCKET = "--experimental-websocket"
"""The client asks for it when it is loaded; Node.js has it of itself from 22 on."""


@pytest.fixture(scope="session")
def project() -> Path:
    return installing.medplum()


def opened(project: Path, cds: str, ehr: FhirServer, *patients: str, **change: object) -> Json:
    """Return discovery and every call when the EHR opens these charts. change: members of the request set anew."""
    task = {"cds": cds, "fhir": ehr.base, "patients": patients, "change": change}
    return run(["node", WEBSOCKET, str(project / "ehr.mjs")], task)[0]


def assert_incomplete(came: Json, type_: str) -> None:
    """Every card says that a type did not come in full, and there are cards."""
    details = [card["detail"] for call in came["calls"] for card in call["answer"]["cards"]]
    assert details
    for detail in details:
        assert type_ in detail.partition("not retrieved in full:")[2]


def test_every_chart_gets_its_cards_from_the_templates_alone(project: Path, cds: str, ehr: FhirServer) -> None:
    came = opened(project, cds, ehr, *REQUESTS)
    assert {service["id"] for service in came["discovery"]["services"]} == SERVICE_IDS
    assert {(call["service"], call["patient"]) for call in came["calls"]} == {
        (service, patient) for service in SERVICE_IDS for patient in REQUESTS
    }
    for call in came["calls"]:
        assert shown(call["answer"]) == expected(cds, call["service"], call["patient"])
    assert any(call["answer"]["cards"] for call in came["calls"])


def test_no_template_is_left_unresolved(project: Path, cds: str, ehr: FhirServer) -> None:
    came = opened(project, cds, ehr, POSITIVE)
    asked = {service["id"]: set(service["prefetch"]) for service in came["discovery"]["services"]}
    for call in came["calls"]:
        prefetch = call["request"]["prefetch"]
        assert set(prefetch) == asked[call["service"]]
        assert {value["resourceType"] for value in prefetch.values()} == {"Patient", "Bundle"}


def test_the_first_page_alone_is_said_to_be_incomplete(project: Path, cds: str, ehr: FhirServer) -> None:
    """The client resolves a template by its first page, and sends no server to ask for the second."""
    ehr.page = 1
    assert_incomplete(opened(project, cds, ehr, POSITIVE), "Observation")


def test_a_template_that_the_client_cannot_resolve_is_null_and_no_absence(
    project: Path, cds: str, ehr: FhirServer
) -> None:
    prefetch = {**REQUESTS[POSITIVE]["prefetch"], "conditions": None}
    assert_incomplete(opened(project, cds, ehr, POSITIVE, prefetch=prefetch), "Condition")


REFUSALS = [
    ({"hook": "order-select"}, "value", "This service answers the hook patient-view only."),
    ({"context": {"patientId": "a/b"}}, "value", "context.patientId is not the id of a FHIR resource."),
    ({"prefetch": {}}, "required", "The prefetch key 'patient' is needed"),
]


@pytest.mark.parametrize(("change", "code", "what"), REFUSALS, ids=["hook", "patient", "prefetch"])
def test_a_refusal_reaches_the_clients_caller_as_an_outcome(
    project: Path, cds: str, ehr: FhirServer, change: Json, code: str, what: str
) -> None:
    for call in opened(project, cds, ehr, POSITIVE, **change)["calls"]:
        [issue] = call["outcome"]["issue"]
        assert (issue["severity"], issue["code"]) == ("error", code)
        assert issue["details"]["text"].startswith(what)


def test_what_the_server_withholds_is_said(project: Path, cds: str, ehr: FhirServer) -> None:
    """An error that a search answers with status 200 is what this client sends as the prefetch."""
    ehr.faults["Condition"] = fhir.resource(fhir.outcome("suppressed"))
    assert_incomplete(opened(project, cds, ehr, POSITIVE), "Condition")


# The types


def accepted(project: Path, folder: Path, came: Json) -> tuple[bool, str]:
    """Return whether the compiler finds the answers to be of Medplum's types, and what it says."""
    (folder / "node_modules").symlink_to(project / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    settings = {"extends": str(project / "tsconfig.json"), "files": ["answers.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    lines = ["import type { Cards, Discovery } from './types.js';"]
    lines += [f"export const discovery: Discovery = {json.dumps(came['discovery'])};"]
    lines += [f"export const cards{i}: Cards = {json.dumps(call['answer'])};" for i, call in enumerate(came["calls"])]
    (folder / "answers.ts").write_text("\n".join(lines), encoding="utf-8")
    (folder / "types.ts").write_bytes((project / "types.ts").read_bytes())
    return compiled(project, folder)


def compiled(project: Path, folder: Path) -> tuple[bool, str]:
    """Return whether a folder compiles, and what the compiler says."""
    command = [str(project / "node_modules" / ".bin" / "tsc"), "--noEmit", "--project", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode == 0, done.stdout


def test_the_ehr_uses_the_client_as_its_types_say(project: Path) -> None:
    assert compiled(project, project) == (True, "")


def test_the_answers_are_of_medplums_types(project: Path, cds: str, ehr: FhirServer, tmp_path: Path) -> None:
    assert accepted(project, tmp_path, opened(project, cds, ehr, *REQUESTS)) == (True, "")


def _card(came: Json) -> Json:
    card: Json = next(card for call in came["calls"] for card in call["answer"]["cards"])
    return card


WRONG: list[tuple[str, Callable[[Json], object]]] = [
    ("'urgent'", lambda came: _card(came).update(indicator="urgent")),
    ("'summary'", lambda came: _card(came).pop("summary")),
    ("'label'", lambda came: _card(came)["source"].pop("label")),
    ("'colour'", lambda came: _card(came).update(colour="red")),
    ("'null'", lambda came: _card(came).update(detail=None)),
    ("'hook'", lambda came: came["discovery"]["services"][0].pop("hook")),
]


@pytest.mark.parametrize(("named", "spoil"), WRONG, ids=[row[0].strip("'") for row in WRONG])
def test_the_compiler_would_refuse(
    project: Path, cds: str, ehr: FhirServer, tmp_path: Path, named: str, spoil: Callable[[Json], object]
) -> None:
    came = copy.deepcopy(opened(project, cds, ehr, POSITIVE))
    spoil(came)
    fits, says = accepted(project, tmp_path, came)
    assert not fits
    assert named in says.replace('"', "'")
