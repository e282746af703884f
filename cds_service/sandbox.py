"""`cds-service sandbox`: this service asked, as a CDS client asks, about patients of a FHIR server that exists.

Each patient is asked about twice: with the prefetch as that server answers it, and with `fhirServer` alone. The cards
must be the same.
"""

from __future__ import annotations

import datetime as dt
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
import requests
import uvicorn
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds_service.app import create_app
from cds_service.connections import CONNECTIONS
from cds_service.sandbox_server import SECONDS, Json, Server
from cds_service.settings import ANY, Settings, load_settings
from hooks.prefetch import PATIENT_TOKEN
from hooks.wording import plain
from mappings.fhir import decode
from mappings.fhir.bodies import next_page
from terminology.errors import RecordError


def compare_all(server: Server, patients: Iterable[str], today: dt.date, console: Console) -> bool:
    """Ask about every patient, print both answers, and return whether they are always the same."""
    found: list[Pair] = []
    with tempfile.TemporaryDirectory() as folder, service(_settings(folder), today) as base:
        for patient in patients:
            pairs = list(compare(server, base, patient))
            show(patient, pairs, console)
            found += pairs
    different = sum(not pair.equal for pair in found)
    console.print(
        f"{len(found)} answers by prefetch and by fetching: {f'{different} differ' if different else 'all equal'}."
    )
    return different == 0


def _settings(folder: str) -> Settings:
    """The service of one command: nobody else asks it, it keeps nothing, and it waits as long as it may."""
    own = {"data_dir": folder, "database_url": None, "demo": False, "deadline_seconds": 60}
    return load_settings(auth="off", fhir_servers=(ANY,), **own)


@contextmanager
def service(settings: Settings, today: dt.date) -> Iterator[str]:
    """Run this service on a free port of loopback and give its base URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = create_app(settings, today=lambda: today)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", **CONNECTIONS))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)


class Answer(NamedTuple):
    """What the service answered. refused: why there are no cards."""

    cards: list[Json]
    refused: str | None
    seconds: float

    @property
    def lines(self) -> list[str]:
        """What a clinician reads."""
        if self.refused is not None:
            return [self.refused]
        return [line for card in self.cards for line in (card["summary"], *card.get("detail", "").splitlines()) if line]

    @property
    def shown(self) -> str:
        """The answer in short."""
        return self.refused or "\n".join(card["summary"] for card in self.cards) or "no card"


class Pair(NamedTuple):
    """One service's answers about one patient. paged: keys of which the server sent only the first page."""

    service: str
    prefetched: Answer
    fetched: Answer
    absent: tuple[str, ...] = ()
    paged: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both gave the same cards; a refusal is no answer."""
        if self.prefetched.refused or self.fetched.refused:
            return False
        first, second = ([{**card, "uuid": ""} for card in a.cards] for a in (self.prefetched, self.fetched))
        return first == second

    @property
    def notes(self) -> Iterator[str]:
        """Yield what a person needs to know in order to understand a difference."""
        if self.absent:
            yield f"not to be had for the prefetch: {', '.join(self.absent)}"
        if self.paged:
            yield f"only the first page is in the prefetch: {', '.join(self.paged)}"
        if not self.equal:
            one, other = self.prefetched.lines, self.fetched.lines
            yield from (f"by prefetch only: {line}" for line in one if line not in other)
            yield from (f"by fetching only: {line}" for line in other if line not in one)


def compare(server: Server, base: str, patient: str) -> Iterator[Pair]:
    """Ask every service about a patient, by prefetch and by fetching. base: of the service."""
    answers: dict[str, bytes | None] = {}
    for each in requests.get(f"{base}/cds-services", timeout=SECONDS).json()["services"]:
        queries = {key: query.replace(PATIENT_TOKEN, patient) for key, query in each["prefetch"].items()}
        for query in queries.values():
            if query not in answers:
                answers[query] = server.get(query)
        sent = {key: body for key, query in queries.items() if (body := answers[query]) is not None}
        by_prefetch = _call(base, each["id"], patient, prefetch={k: msgspec.Raw(b) for k, b in sent.items()})
        by_fetch = _call(base, each["id"], patient, fhirServer=server.base)
        paged = tuple(key for key, body in sent.items() if _has_more(body))
        yield Pair(each["id"], by_prefetch, by_fetch, tuple(key for key in queries if key not in sent), paged)


def _call(base: str, id_: str, patient: str, **members: Any) -> Answer:
    context = {"userId": "Practitioner/sandbox", "patientId": patient}
    request = {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "context": context, **members}
    headers, started = {"Content-Type": "application/json"}, time.monotonic()
    body = msgspec.json.encode(request)
    answer = requests.post(f"{base}/cds-services/{id_}", data=body, headers=headers, timeout=SECONDS * 2)
    seconds, found = time.monotonic() - started, answer.json()
    if answer.status_code != 200:
        return Answer([], f"{answer.status_code}: {found['issue'][0]['details']['text']}", seconds)
    return Answer(found["cards"], None, seconds)


def _has_more(body: bytes) -> bool:
    try:
        return next_page(decode(body)) is not None
    except RecordError:
        return False


# For people


def show(patient: str, pairs: Sequence[Pair], console: Console) -> None:
    """Print both answers of every service side by side, readable without colour."""
    console.print(Text(f"Patient/{patient}", style="bold"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2), pad_edge=False, expand=True)
    table.add_column(width=17, overflow="fold")
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    for pair in pairs:
        table.add_row(*(Text(plain_lines(cell)) for cell in _cells(pair)))
    console.print(table)
    for pair in pairs:
        for note in pair.notes:
            console.print(Text(f"  {pair.service}: {plain(note)}"))
    console.print()


def plain_lines(text: str) -> str:
    """Return text of several lines without anything that a terminal would obey."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _cells(pair: Pair) -> Iterator[str]:
    yield f"{pair.service}\n{'equal' if pair.equal else 'DIFFERENT'}"
    yield f"by prefetch ({pair.prefetched.seconds:.2f} s)\n{pair.prefetched.shown}"
    yield f"by fetching ({pair.fetched.seconds:.2f} s)\n{pair.fetched.shown}"
