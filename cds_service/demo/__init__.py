"""Demo patients: invented people, one story each (README.md beside them), and CDS Hooks requests made of them.

The files are written for the evaluation day `WRITTEN_FOR`. Results grow stale, so whoever shows them on another day
shifts every clinical date by the days between; a birth date stays, and with it the age on the day shown.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from hooks.prefetch import KEYS
from hooks.protocol import PATIENT_KEY

WRITTEN_FOR = dt.date(2026, 11, 24)
"""The day for which the files are written: read on this day, they are shown as they are."""

PREFETCH_KEYS: Mapping[str, str] = {PATIENT_KEY: "Patient", **{key: type_ for type_, key in KEYS.items()}}
"""Prefetch key -> FHIR type: every key that the discovery may name."""

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?")
_NOT_CLINICAL = frozenset({"birthDate"})
_INSTANCES = uuid.UUID("8d0e0a5c-6f7e-4a53-9a0e-1f2c7b3d4e55")
"""Any fixed UUID: the same demo request always has the same hookInstance."""


def demo_patients(today: dt.date) -> dict[str, bytes]:
    """Return every demo patient's Bundle as JSON, by name, with its clinical dates as if written for `today`."""
    return {name: json.dumps(bundle, ensure_ascii=False).encode() for name, bundle in _bundles(today).items()}


def demo_request(
    name: str, today: dt.date, *, hook: str = "patient-view", keys: Mapping[str, str] = PREFETCH_KEYS
) -> dict[str, Any]:
    """Return a CDS Hooks request for one demo patient, with a prefetch in which every key came in full.

    keys: prefetch key -> FHIR type; a type with several keys comes under the first.
    Raises KeyError for an unknown name.
    """
    resources = [entry["resource"] for entry in _bundles(today)[name]["entry"]]
    patient = next(resource for resource in resources if resource["resourceType"] == "Patient")
    return {
        "hook": hook,
        "hookInstance": str(uuid.uuid5(_INSTANCES, name)),
        "context": {"userId": "Practitioner/demo", "patientId": patient["id"]},
        "prefetch": _prefetch(patient, resources, keys),
    }


def stories() -> dict[str, str]:
    """Return each demo patient's story, by name, as README.md beside the files tells them, in its order."""
    lines = (files(__name__) / "README.md").read_text(encoding="utf-8").splitlines()
    rows = ([cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| `"))
    return {row[1].strip("`"): row[2] for row in rows}


def _bundles(today: dt.date) -> dict[str, dict[str, Any]]:
    by = today - WRITTEN_FOR
    found = sorted((f for f in files(__name__).iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return {f.name.removesuffix(".json"): _shifted(json.loads(f.read_text(encoding="utf-8")), by) for f in found}


def _shifted(element: Any, by: dt.timedelta) -> Any:
    """Return a JSON element with every day (and the day of every time) moved.

    A partial date cannot be moved by days, so the files hold none.
    """
    if isinstance(element, dict):
        return {key: value if key in _NOT_CLINICAL else _shifted(value, by) for key, value in element.items()}
    if isinstance(element, list):
        return [_shifted(item, by) for item in element]
    found = _DAY.fullmatch(element) if isinstance(element, str) else None
    return f"{dt.date.fromisoformat(found[1]) + by}{found[2] or ''}" if found else element


def _prefetch(patient: dict[str, Any], resources: list[dict[str, Any]], keys: Mapping[str, str]) -> dict[str, Any]:
    first_key: dict[str, str] = {}
    for key, type_ in keys.items():
        first_key.setdefault(type_, key)
    answers: dict[str, Any] = {}
    for key, type_ in keys.items():
        wanted = [r for r in resources if r["resourceType"] == type_ and first_key[type_] == key]
        answers[key] = patient if type_ == "Patient" else _searchset(wanted)
    return answers


def _searchset(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    found = {"resourceType": "Bundle", "type": "searchset"}
    return {**found, "entry": entries} if entries else found
