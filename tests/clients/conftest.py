"""The service, and a FHIR server that holds the demo patients, for the real clients to call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cds_service.settings import Settings
from tests.clients.charts import resources
from tests.web.fhir_server import FhirServer, fhir_server
from tests.web.serving import serve


@pytest.fixture(scope="module")
def cds() -> Iterator[str]:
    """The base URL of the service, which may call any server."""
    yield from serve(Settings(auth="off", fhir_servers=("*",)))


@pytest.fixture
def ehr() -> Iterator[FhirServer]:
    """The EHR's FHIR server."""
    with fhir_server(resources()) as running:
        yield running
