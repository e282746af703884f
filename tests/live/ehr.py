"""A hospital for tests: HAPI FHIR as its record, and the requests that its EHR sends from there."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx2

from cds_service.demo import WRITTEN_FOR, demo_patients
from hooks.prefetch import PATIENT_TOKEN

Json = dict[str, Any]
FRESH = {"Cache-Control": "no-cache"}
"""Asks HAPI not to answer from an earlier search."""


class Hapi:
    """HAPI's four servers over the same records; what is not said otherwise goes to /strict."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http, self.root = http, str(http.base_url).rstrip("/")

    def base(self, server: str = "strict") -> str:
        return f"{self.root}/{server}"

    def put(self, *resources: Json) -> None:
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ]
        answer = self.http.post("/strict", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert answer.status_code == 200, answer.text

    def get(self, query: str, server: str = "strict", **headers: str) -> Json:
        answer = self.http.get(f"/{server}/{query}", headers=headers or FRESH)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def chart(name: str) -> list[Json]:
    """Return the resources of a demo patient, the Patient first."""
    return [entry["resource"] for entry in json.loads(demo_patients(WRITTEN_FOR)[name])["entry"]]


def new_chart(name: str) -> list[Json]:
    """Return the same under ids that nobody had before."""
    text, new = json.dumps(chart(name)), uuid.uuid4().hex[:8]
    for resource in chart(name):
        text = text.replace(
            f'{resource["resourceType"]}/{resource["id"]}"', f'{resource["resourceType"]}/{new}-{resource["id"]}"'
        )
        text = text.replace(f'"id": "{resource["id"]}"', f'"id": "{new}-{resource["id"]}"')
    found: list[Json] = json.loads(text)
    return found


def named(resources: list[Json], ending: str) -> Json:
    """Return the resource whose id ends so."""
    (found,) = (r for r in resources if r["id"].endswith(ending))
    return found


def request(patient: str, **members: Any) -> Json:
    """Return the hook request of a chart that is opened. members: fhirServer, prefetch."""
    context = {"userId": "Practitioner/1", "patientId": patient}
    return {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "context": context, **members}


def prefetched(hapi: Hapi, templates: Json, patient: str, server: str = "strict") -> Json:
    """Return what an EHR sends: each template's first page."""
    return {key: hapi.get(query.replace(PATIENT_TOKEN, patient), server) for key, query in templates.items()}


def next_links(bundle: Json) -> list[str]:
    """Return the links to the page that follows: one, or none."""
    return [link["url"] for link in bundle["link"] if link["relation"] == "next"]
