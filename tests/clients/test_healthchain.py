"""HealthChain's sandbox client calls every service, by prefetch and by its FHIR server, and reads the cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hooks.services import SERVICES
from tests.clients import installing
from tests.clients.charts import POSITIVE, REQUESTS, Json, expected, run, shown
from tests.web.fhir_server import FhirServer

SCRIPT = Path(__file__).parent / "healthchain" / "ehr.py"
SERVICE_IDS = [service.id for service in SERVICES]
CHARTS = [(service, patient) for service in SERVICE_IDS for patient in REQUESTS]
PREFETCHED = [{"service": s, "patient": p, "prefetch": REQUESTS[p]["prefetch"]} for s, p in CHARTS]


@pytest.fixture(scope="session")
def python() -> Path:
    return installing.healthchain()


def called(python: Path, cds: str, calls: list[Json]) -> tuple[Json, str]:
    """Return discovery and every answer as the client hands them on, and what it logged."""
    return run([str(python), str(SCRIPT)], {"cds": cds, "calls": calls})


def without_index(misfit: str) -> str:
    return ".".join(step for step in misfit.split(".") if not step.isdecimal())


def test_a_prefetch_gets_the_cards_of_its_chart(python: Path, cds: str) -> None:
    came, _ = called(python, cds, PREFETCHED)
    for (service, patient), each in zip(CHARTS, came["answers"], strict=True):
        assert shown(each["answer"]) == expected(cds, service, patient)
    assert any(each["answer"]["cards"] for each in came["answers"])


def test_a_call_without_prefetch_gets_them_from_its_fhir_server(python: Path, cds: str, ehr: FhirServer) -> None:
    calls = [{"service": s, "patient": p, "fhirServer": ehr.base, "token": "tok-1"} for s, p in CHARTS]
    came, _ = called(python, cds, calls)
    for (service, patient), each in zip(CHARTS, came["answers"], strict=True):
        assert shown(each["answer"]) == expected(cds, service, patient)
    assert {headers.get("authorization") for headers in ehr.headers} == {"Bearer tok-1"}


def test_discovery_fits_its_model(python: Path, cds: str) -> None:
    came, _ = called(python, cds, [])
    assert [service["id"] for service in came["discovery"]["services"]] == SERVICE_IDS
    assert all(service["prefetch"]["patient"] for service in came["discovery"]["services"])


def test_the_answers_fit_its_model_but_for_a_member_that_cds_hooks_does_not_have(python: Path, cds: str) -> None:
    """Of every link HealthChain 0.16 wants `autoLaunchable`; without it the client hands the answer on as it came.

    CDS Hooks 3 has `autolaunchable`, which may be left out, and CDS Hooks 2 has neither.
    """
    came, _ = called(python, cds, PREFETCHED)
    for each in came["answers"]:
        links = [link for card in each["answer"]["cards"] for link in card.get("links", ())]
        assert [without_index(misfit) for misfit in each["misfits"]] == ["cards.links.autoLaunchable"] * len(links)
    assert any(each["misfits"] for each in came["answers"])


def test_a_chart_of_another_patient_than_the_contexts_is_refused(python: Path, cds: str, tmp_path: Path) -> None:
    """The sandbox's own loader sends a file as the prefetch of a patient whom it invents."""
    file = tmp_path / "prefetch.json"
    file.write_text(json.dumps(REQUESTS[POSITIVE]["prefetch"]), encoding="utf-8")
    came, log = called(python, cds, [{"service": service, "file": str(file)} for service in SERVICE_IDS])
    assert [each["answer"] for each in came["answers"]] == [{}] * len(SERVICE_IDS)
    assert log.count("Error response 400") == len(SERVICE_IDS)
    assert "is not the patient of the context" in log
