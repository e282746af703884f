"""An EHR of its own: HealthChain's sandbox client calls the service, and HealthChain's models read what it answers.

It runs in an environment of its own, reads what to do from stdin and writes what came to stdout, as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx  # type: ignore[import-not-found]
from healthchain.models import (  # type: ignore[import-not-found]
    CDSRequest,
    CDSResponse,
    CDSServiceInformation,
    FHIRAuthorization,
)
from healthchain.sandbox import SandboxClient  # type: ignore[import-not-found]
from healthchain.sandbox.requestconstructors import CdsRequestConstructor  # type: ignore[import-not-found]
from healthchain.sandbox.workflows import Workflow  # type: ignore[import-not-found]
from pydantic import ValidationError

Json = dict[str, Any]


def discovered(cds: str) -> Json:
    """Return what discovery says, as HealthChain's model keeps it."""
    answer = httpx.get(f"{cds}/cds-services", trust_env=False).raise_for_status()
    found: Json = CDSServiceInformation.model_validate(answer.json()).model_dump(exclude_none=True)
    return found


def request_of(call: Json) -> CDSRequest:
    """Return a request for one patient, with a prefetch or with a FHIR server to ask.

    The sandbox's own loaders invent a patient for the context, whoever is in the prefetch.
    """
    context = {"userId": "Practitioner/demo", "patientId": call["patient"]}
    request = CdsRequestConstructor().construct_request(call.get("prefetch"), Workflow.patient_view, context)
    if "fhirServer" not in call:
        return request
    token = FHIRAuthorization(access_token=call["token"], expires_in=300, scope="patient/*.read", subject="service")
    return request.model_copy(update={"fhirServer": call["fhirServer"], "fhirAuthorization": token})


def answered(cds: str, call: Json) -> Json:
    """Return what the client hands on, and where its own model would have it otherwise."""
    client = SandboxClient(url=f"{cds}/cds-services/{call['service']}", workflow="patient-view", timeout=30)
    if "file" in call:
        client.load_from_path(call["file"])
    else:
        client.requests.append(request_of(call))
    [answer] = client.send_requests()
    return {"answer": answer, "misfits": misfits(answer)}


def misfits(answer: Json) -> list[str]:
    """Return the members that HealthChain's model misses or refuses."""
    try:
        CDSResponse.model_validate(answer)
    except ValidationError as error:
        return [".".join(str(step) for step in each["loc"]) for each in error.errors()]
    return []


def main() -> None:
    """Do what stdin asks."""
    task = json.load(sys.stdin)
    answers = [answered(task["cds"], call) for call in task["calls"]]
    json.dump({"discovery": discovered(task["cds"]), "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
