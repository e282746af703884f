# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Discovery: what CDS Hooks asks of it, and a golden file of all that it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cds_service.content import load_content
from cds_service.settings import ContentSettings
from hooks.prefetch import MAX_URL, templates
from terminology.codings import Coding
from tests.web.serving import Client

GOLDEN = Path(__file__).with_name("discovery.json")
SERVICES = ("trial-eligibility", "ctdna-maintenance")


@pytest.fixture
def services(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/cds-services").json()["services"]
    return found


def test_C07_discovery_answers_with_and_without_a_closing_slash(client: Client) -> None:
    assert client.get("/cds-services").json() == client.get("/cds-services/").json()


def test_C08_each_service_says_what_it_is(services: list[dict[str, Any]]) -> None:
    for service in services:
        for name in ("hook", "title", "description", "id", "usageRequirements"):
            assert isinstance(service[name], str)
        assert service["hook"] == "patient-view"
        assert re.fullmatch(r"[a-z-]+", service["id"])


def test_C11_ids_are_unique_and_stable(services: list[dict[str, Any]]) -> None:
    assert tuple(service["id"] for service in services) == SERVICES


def test_C13_discovery_is_what_the_golden_file_says(client: Client) -> None:
    """A change here is a change for every client: read the difference, then write the file anew."""
    assert client.get("/cds-services").json() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_C14_C15_C16_templates_are_plain_reads_and_searches(services: list[dict[str, Any]]) -> None:
    for service in services:
        for query in service["prefetch"].values():
            assert re.fullmatch(
                r"Patient/\{\{context\.patientId\}\}|[A-Z]\w+\?patient=\{\{context\.patientId\}\}&\S+", query
            )
            assert set(re.findall(r"\{\{(.*?)\}\}", query)) == {"context.patientId"}


def test_C18_only_the_subset_of_search_that_clients_know(services: list[dict[str, Any]]) -> None:
    for service in services:
        for query in service["prefetch"].values():
            names = {part.split("=")[0] for part in query.partition("?")[2].split("&") if part}
            assert names <= {"patient", "code", "_sort", "_count"}
            assert len(query) < 8000


def results_asked(*local: int) -> dict[str, str]:
    """Return the templates of results with a local code of each of these lengths among the codes."""
    content = load_content(ContentSettings())
    [standard, *_] = sorted(content.catalogue.vocabulary.value_sets["ctdna-result"].codes)
    maps = {Coding("urn:z", str(number) * length): (standard,) for number, length in enumerate(local)}
    found = templates(content.catalogue.trials.values(), content.catalogue.vocabulary, maps)
    return {key: template.query for key, template in found.items() if key.startswith("observations")}


def test_C18_a_query_is_as_long_as_it_may_be_and_what_is_left_is_asked_under_another_key() -> None:
    one = results_asked()
    room = MAX_URL - 1 - len(one["observations"]) - len(",urn:z|")
    assert {key: len(query) for key, query in results_asked(room).items()} == {"observations": MAX_URL - 1}
    fits_not = results_asked(room + 1)
    assert (list(fits_not), fits_not["observations"]) == (["observations", "observations2"], one["observations"])
    assert fits_not["observations2"].count("|") == 1
    assert list(results_asked(room, 1)) == ["observations", "observations2"]
    assert list(results_asked(room, 7000, 7000)) == ["observations", "observations2", "observations3"]


def test_only_observations_are_narrowed_to_codes(services: list[dict[str, Any]]) -> None:
    """A filter could hide the record whose absence decides."""
    for service in services:
        assert [key for key, query in service["prefetch"].items() if "code=" in query] == ["observations"]


def test_C19_a_service_asks_only_for_what_its_trials_need(services: list[dict[str, Any]]) -> None:
    eligibility, maintenance = (set(service["prefetch"]) for service in services)
    assert maintenance < eligibility
    assert "medicationRequests" in eligibility - maintenance


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_answers(client: Client, path: str) -> None:
    assert client.get(path).json() == {"status": "ok"}
