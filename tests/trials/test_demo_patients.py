"""Each demo patient stands as README.md beside the files says, on the day they were written for and on any other."""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib.resources import files
from typing import Any

import pytest

from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from mappings.fhir import Part, decode
from mappings.verdicts import Results
from tests.patients.standing import TODAY, judged, trial_of

FOLDER = files("cds_service.demo")
NAMES = sorted(f.name.removesuffix(".json") for f in FOLDER.iterdir() if f.name.endswith(".json"))
LINE = re.compile(r"\| `(?P<name>[a-z0-9-]+)` \|.*\| (?P<positive>\S+) \| (?P<negative>\S+) \| (?P<trigger>\S+) \|")
STORIES = {
    found["name"]: (found["positive"], found["negative"], found["trigger"])
    for found in LINE.finditer((FOLDER / "README.md").read_text(encoding="utf-8"))
}
OTHER_DAYS = (dt.date(2026, 3, 1), dt.date(2027, 2, 28))


def raw(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def standing(results: Results) -> tuple[str, str, str]:
    positive, negative = (trial_of(results, id_).status.value for id_ in ("NCT05797077", "NCT05815082"))
    return positive, negative, results.triggers[0].finding.truth.value


def resources(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{r['resourceType']}/{r['id']}": r for r in (entry["resource"] for entry in bundle["entry"])}


def test_every_file_has_its_story_and_every_story_its_file() -> None:
    assert sorted(STORIES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_patient_stands_as_its_story_says(name: str) -> None:
    results = judged([Part(decode(raw(name)))])
    assert standing(results) == STORIES[name]
    assert results.notes == ()


@pytest.mark.parametrize("day", OTHER_DAYS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_on_another_day_the_story_is_the_same(name: str, day: dt.date) -> None:
    assert standing(judged([Part(decode(demo_patients(day)[name]))], today=day)) == STORIES[name]


def test_without_the_shift_results_would_be_stale() -> None:
    results = judged([Part(decode(raw("trigger-positive")))], today=dt.date(2027, 2, 28))
    assert standing(results) != STORIES["trigger-positive"]


def test_on_their_own_day_the_patients_are_the_files() -> None:
    assert WRITTEN_FOR == TODAY
    assert {name: json.loads(text) for name, text in demo_patients(TODAY).items()} == {
        name: json.loads(raw(name)) for name in NAMES
    }


def test_every_clinical_date_is_shifted_and_no_birth_date() -> None:
    here = resources(json.loads(demo_patients(TODAY)["german-codes"]))
    later = resources(json.loads(demo_patients(TODAY + dt.timedelta(days=40))["german-codes"]))
    moved = {source: (resource, later[source]) for source, resource in here.items() if resource != later[source]}
    days = {
        key: value for key, (_, resource) in moved.items() for value in [resource.get("effectiveDateTime")] if value
    }
    assert days == {
        "Observation/german-codes-residualtumor": "2026-11-17",
        "Observation/german-codes-ctdna": "2026-12-12T08:15:00+01:00",
        "Observation/german-codes-ecog": "2026-12-12",
    }
    assert here["Patient/demo-german-codes"] == later["Patient/demo-german-codes"]


def test_ids_are_unique_over_all_files() -> None:
    found = [source for name in NAMES for source in resources(json.loads(raw(name)))]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_request_brings_all_of_the_patient(name: str) -> None:
    request = demo_request(name, TODAY)
    prefetch = request["prefetch"]
    brought = [e["resource"] for body in prefetch.values() for e in body.get("entry", ())] + [prefetch["patient"]]
    assert request["context"]["patientId"] == prefetch["patient"]["id"]
    assert sorted(json.dumps(r) for r in brought) == sorted(
        json.dumps(r) for r in resources(json.loads(raw(name))).values()
    )


def test_a_demo_request_asks_by_the_keys_that_it_is_given() -> None:
    keys = {"patient": "Patient", "observations": "Observation", "observations2": "Observation"}
    prefetch = demo_request("trigger-positive", TODAY, keys=keys)["prefetch"]
    assert list(prefetch) == list(keys)
    assert len(prefetch["observations"]["entry"]) == 4
    assert prefetch["observations2"].get("entry", []) == []
