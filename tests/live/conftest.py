"""One HAPI FHIR and one service that may call it, for all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx2
import pytest

from cds_service.demo import WRITTEN_FOR, demo_patients
from cds_service.settings import Settings
from tests.live import hapi_server
from tests.live.ehr import Hapi, Json, chart
from tests.web.serving import Client, serve

DEADLINE = 30.0
"""What is tested here is what comes, not how soon: the machine may be busy with other tests."""


@pytest.fixture(scope="session")
def hapi() -> Iterator[Hapi]:
    """HAPI FHIR with every demo patient."""
    if missing := hapi_server.lacking():
        (pytest.fail if os.environ.get("REQUIRE_HAPI") == "1" else pytest.skip)(missing)
    with hapi_server.running() as root, httpx2.Client(base_url=root, trust_env=False, timeout=60) as http:
        found = Hapi(http)
        for name in demo_patients(WRITTEN_FOR):
            found.put(*chart(name))
        yield found


@pytest.fixture(scope="session")
def service(hapi: Hapi) -> Iterator[Client]:
    """The service, which may call HAPI by both of its names."""
    servers = (hapi.root, hapi.root.replace("127.0.0.1", "localhost"))
    for base in serve(Settings(auth="off", fhir_servers=servers, deadline_seconds=DEADLINE)):
        with httpx2.Client(base_url=base, trust_env=False, timeout=60) as http:
            yield Client(http)


@pytest.fixture(scope="session")
def templates(service: Client) -> dict[str, Json]:
    """The prefetch templates of each service, as discovery has them."""
    return {each["id"]: each["prefetch"] for each in service.get("/cds-services").json()["services"]}
