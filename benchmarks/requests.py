"""Requests to measure with: a demo patient with everything that gives full cards, and as many other resources as asked.

Of the other resources every eighth is a result that some criterion asks for, the others are not asked for by any; all
are shaped as a real server sends them (category, encounter, text, units: about 800 bytes each).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from cds_service.demo import demo_request
from terminology.valuesets import Vocabulary

ASKED = ("creatinine", "body-weight", "haemoglobin", "platelets")
UNITS = {"creatinine": "mg/dL", "body-weight": "kg", "haemoglobin": "g/dL", "platelets": "10*3/uL"}


def request(size: int, today: dt.date, vocabulary: Vocabulary, patient: str) -> bytes:
    """Return a patient-view request whose prefetch holds `size` resources of the demo patient `patient`."""
    body = demo_request(patient, today)
    results = body["prefetch"]["observations"].setdefault("entry", [])
    held = 1 + sum(len(bundle.get("entry", ())) for key, bundle in body["prefetch"].items() if key != "patient")
    subject = body["context"]["patientId"]
    results += [{"resource": _filler(number, subject, today, vocabulary)} for number in range(size - held)]
    return json.dumps(body, separators=(",", ":")).encode()


def _filler(number: int, patient: str, today: dt.date, vocabulary: Vocabulary) -> dict[str, Any]:
    asked = ASKED[number // 8 % len(ASKED)] if number % 8 == 0 else None
    when = today - dt.timedelta(days=40 + number * 3)
    return {
        "resourceType": "Observation",
        "id": f"filler-{number}",
        "meta": {"versionId": "1", "lastUpdated": f"{when}T10:00:00.000+00:00", "profile": ["urn:example:profile:lab"]},
        "status": "final",
        "category": [{"coding": [{"system": "urn:example:category", "code": "laboratory", "display": "Laboratory"}]}],
        "code": {"coding": [_coding(asked, number, vocabulary)], "text": asked or f"Analyte {number % 90}"},
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/{number // 5}"},
        "effectiveDateTime": f"{when}T08:{number % 60:02}:00+00:00",
        "issued": f"{when}T09:00:00.000+00:00",
        "valueQuantity": {
            "value": 1 + number % 9 / 10,
            "unit": UNITS.get(asked or "", "mg/dL"),
            "system": "http://unitsofmeasure.org",
            "code": UNITS.get(asked or "", "mg/dL"),
        },
        "referenceRange": [{"low": {"value": 0.5, "unit": "mg/dL"}, "high": {"value": 1.2, "unit": "mg/dL"}}],
    }


def _coding(asked: str | None, number: int, vocabulary: Vocabulary) -> dict[str, str]:
    if asked is None:
        return {"system": "urn:example:lab", "code": f"L{number % 90}", "display": f"Analyte {number % 90} in serum"}
    value_set = vocabulary.value_sets[asked]
    coding = min(value_set.codes)
    return {"system": coding.system, "code": coding.code, "display": value_set.displays[coding]}
