"""`cds-service sandbox` on a real server: what it writes, compares and takes away again."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

import pytest

from cds_service.demo import WRITTEN_FOR, demo_patients
from cds_service.sandbox_server import PREFIX, PUBLIC, TAG, charts_of_demo
from tests.live.ehr import Hapi, Json
from tests.web.shell import Done, sandbox

TYPES = ("Patient", "Condition", "Procedure", "Observation", "AllergyIntolerance")
LIVE = os.environ.get("CDS_LIVE_FHIR_SERVER")


@pytest.fixture(scope="module")
def done(hapi: Hapi) -> Done:
    """The command as it was run on HAPI for the first time."""
    return sandbox(hapi.base())


@pytest.fixture
def written(hapi: Hapi, done: Done) -> Iterator[Hapi]:
    """HAPI with what the command wrote; put there again afterwards."""
    assert done.code == 0
    yield hapi
    for chart in charts_of_demo(dt.date.today()).values():
        hapi.put(*chart)


def held(hapi: Hapi) -> dict[str, Json]:
    """Return everything that the server holds."""
    entries = [e for type_ in TYPES for e in hapi.get(f"{type_}?_count=1000").get("entry", ())]
    return {f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in entries}


def own(hapi: Hapi) -> dict[str, Json]:
    return {name: resource for name, resource in held(hapi).items() if f"/{PREFIX}" in name}


def test_every_demo_patient_gets_the_same_cards_by_both_ways(done: Done) -> None:
    assert (done.code, done.err) == (0, "")
    assert all(f"Patient/{PREFIX}demo-{name}\n" in done.out for name in demo_patients(WRITTEN_FOR))
    assert done.out.endswith("\n28 answers by prefetch and by fetching: all equal.\n")
    assert "Likely eligible for NCT05797077" in done.out
    assert "DIFFERENT" not in done.out
    assert max(map(len, done.out.splitlines())) <= 110


def test_what_is_written_has_ids_a_tag_and_references_of_its_own(written: Hapi) -> None:
    found = own(written)
    assert len(found) == sum(bundle.count(b'"fullUrl"') for bundle in demo_patients(WRITTEN_FOR).values())
    assert all(resource["meta"]["tag"] == [TAG] for resource in found.values())
    subjects = {
        (r.get("subject") or r["patient"])["reference"] for n, r in found.items() if not n.startswith("Patient")
    }
    assert subjects == {name for name in found if name.startswith("Patient")}
    parts = [part["reference"] for resource in found.values() for part in resource.get("partOf", ())]
    assert parts
    assert set(parts) <= found.keys()


def test_a_second_time_writes_no_second_patient(written: Hapi) -> None:
    before = held(written).keys()
    assert sandbox(written.base()).code == 0
    assert held(written).keys() == before


def test_only_what_has_both_the_ids_and_the_tag_is_removed(written: Hapi) -> None:
    neighbours: list[Json] = [
        {"resourceType": "Patient", "id": f"{PREFIX}without-tag"},
        {"resourceType": "Patient", "id": "without-prefix", "meta": {"tag": [TAG]}},
    ]
    written.put(*neighbours)
    before, mine = held(written), own(written).keys() - {f"Patient/{PREFIX}without-tag"}
    for server in ("lenient", "strict"):  # the second finds nothing
        done = sandbox(written.base(server), "--remove")
        expected = len(mine) if server == "lenient" else 0
        assert (done.code, done.out) == (0, f"Deleted from {written.base(server)}: {expected} resources.\n")
    assert held(written).keys() == before.keys() - mine
    for name in (f"Patient/{PREFIX}without-tag", "Patient/without-prefix"):
        written.http.delete(f"/strict/{name}")


def test_removing_works_page_by_page(written: Hapi) -> None:
    mine = len(own(written))
    done = sandbox(written.base("small"), "--remove")
    assert (done.code, done.out) == (0, f"Deleted from {written.base('small')}: {mine} resources.\n")


def test_a_patient_who_is_there_needs_no_writing(hapi: Hapi) -> None:
    done = sandbox(hapi.base("readonly"), "--patient", "demo-trigger-positive")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("\n2 answers by prefetch and by fetching: all equal.\n")


def test_a_prefetch_of_first_pages_differs_and_it_is_said_why(hapi: Hapi) -> None:
    """A client sends the first page alone; without `fhirServer` nobody can ask for the others."""
    done = sandbox(hapi.base("small"), "--patient", "demo-trigger-positive")
    assert done.code == 1
    assert "ctdna-maintenance: only the first page is in the prefetch: observations" in done.out
    assert "by prefetch only: *About the record:* not retrieved in full: Observation." in done.out
    assert "by fetching only: **Not known:** none" in done.out
    assert done.out.endswith("\n2 answers by prefetch and by fetching: 2 differ.\n")


@pytest.mark.parametrize(
    ("server", "arguments", "says"),
    [
        ("readonly", [], "refuses to be written to (403): name a patient of its own (--patient)"),
        ("strict", ["--patient", "nobody"], "has no Patient/nobody"),
        ("strict", ["--patient", "a,b"], "has no Patient/a,b"),
        ("nowhere", [], "does not answer as a FHIR server"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(hapi: Hapi, server: str, arguments: list[str], says: str) -> None:
    done = sandbox(hapi.base(server), *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"cds-service: {hapi.base(server)} {says}\n")


@pytest.mark.skipif(not LIVE, reason=f"no server to write to: CDS_LIVE_FHIR_SERVER={PUBLIC}, for example")
def test_on_the_server_that_the_environment_names() -> None:
    assert LIVE is not None
    done = sandbox(LIVE)
    removed = sandbox(LIVE, "--remove")
    assert (done.code, done.err) == (0, ""), done.out
    assert removed.code == 0, removed.err
