"""Public FHIR data that nobody here wrote: every file is read, every resource accounted for, no verdict without right.

Run with `make test-data DATA=folder`; prints how each folder's resources were read, and its slowest file.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from mappings.catalogue import Catalogue, load_catalogue
from mappings.evaluation import Policy
from mappings.facts import PatientRecord, Tally
from mappings.fhir import Part, decode, read_record
from mappings.report import report_results
from terminology.errors import RecordError
from terminology.valuesets import Vocabulary, load_value_sets

TODAY = dt.date(2026, 11, 24)
ROOT = Path(os.environ.get("TEST_DATA") or "/nonexistent")
FILES = sorted(p for p in ROOT.rglob("*") if p.name.endswith((".json", ".json.gz"))) if ROOT.is_dir() else []
DEAD = frozenset({"entered-in-error", "refuted"})

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FILES, reason="no public data here: make test-data DATA=folder"),
]


@dataclass
class Folder:
    files: int = 0
    without_patient: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")


@cache
def catalogue() -> Catalogue:
    return load_catalogue(Vocabulary(load_value_sets(files("terminology") / "valuesets")), Policy())


@cache
def payload(path: Path) -> bytes:
    """Return a file's FHIR payload as a Bundle: unzipped, out of the wrapping of a recorded answer, with a Patient.

    A search for Observations holds no Patient; a bare one is put beside them, by their first subject.
    """
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    content = json.loads(raw)
    if isinstance(content, dict) and "_request" in content:
        content = content.get("body")
    if not isinstance(content, dict) or '"Patient"' in json.dumps(content):
        return json.dumps(content).encode()
    entries = content.get("entry") if content.get("resourceType") == "Bundle" else [{"resource": content}]
    patient = {"resource": {"resourceType": "Patient", "id": first_subject(entries or [])}}
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [*(entries or []), patient]}).encode()


def first_subject(entries: list[Any]) -> str:
    """Return the id of the first patient that a resource names."""
    for resource in (entry.get("resource") or {} for entry in entries if isinstance(entry, dict)):
        subject = resource.get("subject") or resource.get("patient") or resource.get("individual") or {}
        reference = subject.get("reference") if isinstance(subject, dict) else None
        if isinstance(reference, str):
            return reference.split("/_history/")[0].rsplit("/", 1)[-1]
    return "nobody"


def read(raw: bytes) -> PatientRecord | None:
    """Return the record of the file's patient; None when no Patient is in it."""
    try:
        return read_record([Part(decode(raw))], vocabulary=catalogue().vocabulary, today=TODAY)
    except RecordError:
        return None


def verdicts(record: PatientRecord) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = report_results(catalogue().evaluate_all(record))["trials"]
    return results


def cited(report: Any) -> Iterator[str]:
    if isinstance(report, dict):
        yield from report.get("evidence", ())
        for part in report.get("parts", ()):
            yield from cited(part)


def resources(raw: bytes) -> Iterator[dict[str, Any]]:
    content = json.loads(raw)
    for entry in (content.get("entry") or ()) if isinstance(content, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def is_dead(resource: dict[str, Any]) -> bool:
    verification = resource.get("verificationStatus")
    codings = verification.get("coding") or () if isinstance(verification, dict) else ()
    return resource.get("status") == "entered-in-error" or any(c.get("code") in DEAD for c in codings)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_resource_is_read_skipped_or_quarantined(path: Path) -> None:
    record = read(payload(path))
    if record is not None:
        verdicts(record)
        assert adds_up(record.tally)


def adds_up(tally: Tally) -> bool:
    return tally.total == tally.read + sum(tally.skipped.values()) + sum(tally.quarantined.values())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_verdict_cites_a_dead_resource_or_another_patient(path: Path) -> None:
    raw = payload(path)
    record = read(raw)
    if record is None:
        return
    by_source: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for resource in resources(raw):
        by_source[f"{resource.get('resourceType')}/{resource.get('id')}"].append(resource)
    for trial in verdicts(record):
        for criterion in trial["criteria"]:
            for source in cited(criterion):
                copies = by_source.get(source, [])
                assert not copies or not all(is_dead(copy) for copy in copies), (
                    trial["trial"],
                    criterion["id"],
                    source,
                )
                assert not copies or any(belongs(copy, record, raw) for copy in copies), source


def belongs(resource: dict[str, Any], record: PatientRecord, raw: bytes) -> bool:
    """Whether a resource's subject may be the evaluated patient, by the reference as it stands."""
    subject = resource.get("subject") or resource.get("patient") or resource.get("individual") or {}
    reference = subject.get("reference")
    if not isinstance(reference, str):
        return True
    own = {e.get("fullUrl") for e in json.loads(raw).get("entry") or () if is_patient(e, record)}
    return reference.split("/_history/")[0].endswith(record.patient) or reference in own


def is_patient(entry: dict[str, Any], record: PatientRecord) -> bool:
    resource = entry.get("resource") or {}
    names = (f"Patient/{resource.get('id')}", entry.get("fullUrl"))
    return resource.get("resourceType") == "Patient" and record.patient in names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_type_of_a_bundle_and_the_order_of_entries_change_nothing(path: Path) -> None:
    raw = payload(path)
    content = json.loads(raw)
    record = read(raw)
    if record is None or not isinstance(content, dict) or not content.get("entry"):
        return
    patients = [e for e in content["entry"] if (e.get("resource") or {}).get("resourceType") == "Patient"]
    expected = verdicts(record)
    for type_ in ("collection", "searchset", "transaction"):
        others = [e for e in reversed(content["entry"]) if e not in patients]
        same = {**content, "type": type_, "entry": [*others, *patients]}
        other = read(json.dumps(same).encode())
        assert other is not None
        assert verdicts(other) == expected


def test_the_table_of_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    folders: defaultdict[str, Folder] = defaultdict(Folder)
    for path in FILES:
        add(folders[path.relative_to(ROOT).parts[0]], path)
    with capsys.disabled():
        print("\n" + table(folders))
    assert sum(folder.files for folder in folders.values()) == len(FILES)


def add(folder: Folder, path: Path) -> None:
    raw = payload(path)
    start = time.perf_counter()
    record = read(raw)
    seconds = time.perf_counter() - start
    folder.files += 1
    folder.slowest = max(folder.slowest, (seconds, path.name))
    if record is None:
        folder.without_patient += 1
        return
    tally = record.tally
    folder.tally["read"] += tally.read
    folder.tally["skipped"] += sum(tally.skipped.values())
    folder.tally["quarantined"] += sum(tally.quarantined.values())


def table(folders: dict[str, Folder]) -> str:
    rows = [f"{'folder':26}{'files':>6}{'no patient':>11}{'read':>8}{'skipped':>9}{'quarantined':>12}  slowest file"]
    for name, folder in sorted(folders.items()):
        milliseconds, slowest = folder.slowest[0] * 1000, folder.slowest[1]
        counts = "".join(f"{folder.tally[k]:>{w}}" for k, w in (("read", 8), ("skipped", 9), ("quarantined", 12)))
        rows.append(
            f"{name:26}{folder.files:>6}{folder.without_patient:>11}{counts}  {slowest} ({milliseconds:.1f} ms)"
        )
    return "\n".join(rows)
