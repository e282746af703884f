"""Feedback outlives the service: what was acknowledged before a SIGKILL stands in the ledger, once, and whole batches.

A client sends batches without a pause; at a random moment of that the service is killed and started again. Every other
time the client repeats the batch that was not acknowledged, as it should. KILLS: how often it is killed.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest

from cds_service.tables import FEEDBACK
from tests.conftest import NewLedger
from tests.web.killing import start
from tests.web.ledgers import rows

KILLS = int(os.environ.get("KILLS", "5"))
LONGEST = 0.04
"""Seconds from the first acknowledged batch until the service is killed, at most."""

PATH = "/cds-services/ctdna-maintenance/feedback"


def new_batch() -> list[dict[str, Any]]:
    at = "2026-11-24T10:05:31Z"
    return [{"card": str(uuid.uuid4()), "outcome": "overridden", "outcomeTimestamp": at} for _ in range(3)]


def cards_of(batch: list[dict[str, Any]]) -> set[str]:
    return {item["card"] for item in batch}


@contextmanager
def connected(listening: socket.socket) -> Iterator[HTTPConnection]:
    """Connect once: a connection that is lost is not made anew, since the socket outlives the service behind it."""
    host, port = listening.getsockname()
    connection = HTTPConnection(host, port, timeout=60)
    connection.connect()
    connection.auto_open = 0
    yield connection
    connection.close()


def is_acknowledged(connection: HTTPConnection, batch: list[dict[str, Any]]) -> bool:
    """Whether a batch was acknowledged; it is not when the service dies. Anything but 200 is an error."""
    try:
        connection.request("POST", PATH, json.dumps({"feedback": batch}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (HTTPException, OSError):
        return False
    assert answer.status == 200
    return True


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        yield found


def test_what_was_acknowledged_outlives_a_kill(new_ledger: NewLedger, listening: socket.socket) -> None:
    settings, chance = new_ledger(), random.Random(2026)
    acknowledged: set[str] = set()
    batch = unanswered = new_batch()
    for number in range(KILLS + 1):
        service = start(settings, listening)
        with connected(listening) as client:
            assert is_acknowledged(client, batch)
            acknowledged |= cards_of(batch)
            found = [row.card for row in rows(settings, FEEDBACK)]
            assert len(found) == len(set(found))
            assert set(found) - acknowledged in (set(), cards_of(unanswered) - acknowledged)
            assert acknowledged <= set(found)
            acknowledged |= set(found)

            kill = threading.Timer(chance.uniform(0, LONGEST), service.kill)
            kill.start()
            while is_acknowledged(client, unanswered := new_batch()):
                acknowledged |= cards_of(unanswered)
        kill.join()
        service.join()
        batch = unanswered if number % 2 else new_batch()
    assert len(acknowledged) >= 3 * KILLS
