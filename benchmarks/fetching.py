"""`make bench`: the wall time of fetching 40 pages that take a server 20 ms each, as a ratio to a reference.

The reference is the longest chain of pages read one after the other with nothing else to do: a page names the next one
by an opaque link, so that no client can be faster on a chain. Everything beside it should cost nothing.
Usage: python -m benchmarks.fetching [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import requests

from cds_service.content import load_content
from cds_service.gathering import Gathering
from cds_service.settings import ContentSettings, Settings
from hooks.prefetch import templates
from hooks.protocol import PATIENT_KEY, HookRequest
from mappings.fhir import decode
from tests.web.fhir_server import FhirServer, Json

LATENCY = 0.02
PATIENT = "benchmark"
ENTRIES = 50
PAGES = {"Observation": 10, "Condition": 8, "Procedure": 6, "DiagnosticReport": 4, "MedicationRequest": 4}
"""Pages of each type that was filled; whatever else is asked for is one page each."""


def record(query: str) -> list[Json]:
    """Return resources that fill the pages. query: of the Observations, which are asked for by code."""
    system, _, code = parse_qs(urlsplit(query).query)["code"][0].split(",")[0].partition("|")
    own = {"subject": {"reference": f"Patient/{PATIENT}"}, "code": {"coding": [{"system": system, "code": code}]}}
    filled = [
        {"resourceType": type_, "id": f"{type_}-{number}".lower(), **own}
        for type_, pages in PAGES.items()
        for number in range(pages * ENTRIES)
    ]
    return [{"resourceType": "Patient", "id": PATIENT}, *filled]


def serving(query: str) -> FhirServer:
    """Run a server with the record in a process of its own, so that it costs the reader nothing."""
    server = FhirServer(record(query))
    server.page, server.delay = ENTRIES, LATENCY
    multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True).start()
    return server


def chain(server: FhirServer, query: str) -> None:
    """Read the longest chain, one page after the other."""
    url: str | None = f"{server.base}/{query}"
    with requests.Session() as session:
        while url is not None:
            links = session.get(url, timeout=10).json()["link"]
            url = next((link["url"] for link in links if link["relation"] == "next"), None)


def one_page(server: FhirServer) -> None:
    """Read one page."""
    requests.get(f"{server.base}/Condition?patient={PATIENT}", timeout=10)


def seconds(read: Callable[[], object]) -> float:
    """Return the wall time of one reading."""
    started = time.perf_counter()
    read()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print the ratios."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    content = load_content(ContentSettings())
    known = templates(content.catalogue.trials.values(), content.vocabulary, content.maps)
    gathering = Gathering(Settings(auth="off", fhir_servers=("*",), deadline_seconds=30), content.vocabulary)
    server = serving(known["observations"].query)
    patient = decode(f'{{"resourceType":"Patient","id":"{PATIENT}"}}'.encode())
    request = HookRequest("patient-view", PATIENT, False, {PATIENT_KEY: patient}, server.base)

    def fetch() -> None:
        gathered = asyncio.run(gathering.complete(request, known))
        if gathered.lost:
            raise SystemExit(f"not fetched: {dict(gathered.lost)}")

    fetch()
    longest = known["observations"].query_for(PATIENT)
    times = [
        (seconds(lambda: one_page(server)), seconds(lambda: chain(server, longest)), seconds(fetch))
        for _ in range(rounds)
    ]
    gathering.close()
    one, alone, all_ = (statistics.median(column) for column in zip(*times, strict=True))
    pages = sum(PAGES.values()) + sum(template.type not in PAGES for template in known.values()) - 1
    print(f"{pages} pages of {LATENCY * 1000:.0f} ms each: {all_ * 1000:.0f} ms; one page {one * 1000:.0f} ms")
    print(f"{all_ / alone:.2f} x the longest chain ({PAGES['Observation']} pages, {alone * 1000:.0f} ms); gate 2.5")


if __name__ == "__main__":
    main()
