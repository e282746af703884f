"""The charts that a client opens, the cards that belong to each, and the client itself, run as a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import httpx2

from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request

Json = dict[str, Any]

REQUESTS: dict[str, Json] = {
    request["context"]["patientId"]: request
    for request in (demo_request(name, WRITTEN_FOR) for name in sorted(demo_patients(WRITTEN_FOR)))
}
"""Patient id -> the request of that demo patient, with its whole prefetch."""

POSITIVE = "demo-trigger-positive"
CARD = ("summary", "detail", "indicator", "source", "overrideReasons", "links")
"""The members of a card that a clinician sees."""


def resources() -> list[Json]:
    """Return the resources of every demo patient."""
    bundles = [json.loads(bundle) for bundle in demo_patients(WRITTEN_FOR).values()]
    return [entry["resource"] for bundle in bundles for entry in bundle["entry"]]


def expected(cds: str, service: str, patient: str) -> list[Json]:
    """Return the cards that the service gives for a whole prefetch, as a clinician sees them."""
    answer = httpx2.post(f"{cds}/cds-services/{service}", json=REQUESTS[patient], trust_env=False)
    assert answer.status_code == 200, answer.text
    return shown(answer.json())


def shown(answer: Json) -> list[Json]:
    """Return the cards of an answer as a clinician sees them."""
    return [{name: card[name] for name in CARD if name in card} for card in answer["cards"]]


def run(command: Sequence[str], task: Json) -> tuple[Json, str]:
    """Return what a client wrote when it was given a task, and what it logged."""
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    came: Json = json.loads(done.stdout)
    return came, done.stderr
