"""The demo: invented patients in `demo/*.json`, listed on a page, each with its ready-made hook request."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hooks.prefetch import Templates

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>oncology-trial-cds</title>
<h1>Oncology trial matching: demo</h1>
<p>Every patient here is invented. A link gives the CDS Hooks request of that patient's chart; send it with</p>
<pre>curl -s {base}demo/NAME | curl -s -H 'Content-Type: application/json' -d @- {base}cds-services/SERVICE</pre>
<p>Services: <a href="cds-services">{services}</a></p>
<ul>{patients}</ul></html>
"""


def demo_patients() -> dict[str, dict[str, Any]]:
    """Return the demo patients' Bundles by name."""
    folder = files("cds_service") / "demo"
    if not folder.is_dir():
        return {}
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return {f.name.removesuffix(".json"): json.loads(f.read_text(encoding="utf-8")) for f in found}


def as_request(bundle: Mapping[str, Any], known: Templates) -> dict[str, Any]:
    """Return the hook request of an EHR with exactly this record: every key, a searchset for all but Patient."""
    by_type: defaultdict[str, list[Any]] = defaultdict(list)
    for entry in bundle["entry"]:
        by_type[entry["resource"]["resourceType"]].append({"resource": entry["resource"]})
    patient = by_type["Patient"][0]["resource"]
    searches = {
        template.key: {"resourceType": "Bundle", "type": "searchset", "entry": by_type[template.type]}
        for template in known.values()
        if template.type != "Patient"
    }
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/demo", "patientId": patient["id"]},
        "prefetch": {"patient": patient, **searches},
    }


def add(app: FastAPI, known: Mapping[str, Templates]) -> None:
    """Add `/` and `/demo/{name}` to the service."""
    patients = demo_patients()
    everything = max(known.values(), key=len)

    async def page(request: Request) -> Response:
        items = "".join(f'<li><a href="demo/{html.escape(n)}">{html.escape(n)}</a></li>' for n in patients)
        base = html.escape(str(request.base_url))
        return HTMLResponse(PAGE.format(base=base, services=html.escape(", ".join(known)), patients=items))

    async def demo(request: Request) -> Response:
        bundle = patients.get(request.path_params["name"])
        if bundle is None:
            raise HTTPException(404)
        return Response(json.dumps(as_request(bundle, everything)), media_type="application/json")

    app.add_route("/", page, methods=["GET"])
    app.add_route("/demo/{name}", demo, methods=["GET"])
