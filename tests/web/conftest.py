"""One service for all tests here: no authentication, demo patients, a small limit of bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from tests.web.serving import MAX_BODY, ORIGIN, Client, serve


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    yield from serve(Settings(auth="off", demo=True, cors_origins=(ORIGIN,), max_body_bytes=MAX_BODY))


@pytest.fixture(scope="session")
def client(base: str) -> Iterator[Client]:
    with httpx2.Client(base_url=base, trust_env=False) as http:
        yield Client(http)


@pytest.fixture
def positive() -> dict[str, Any]:
    """The request for the patient who meets the trigger; a test may change it."""
    return demo_request("trigger-positive", WRITTEN_FOR)
