"""`make soak`: minutes of mixed load with faults, and whether the service's memory stays flat.

Prefetch and fetch, good and broken requests, feedback, servers that hang, fail and answer nonsense, side by side. The
resident memory after a tenth of the time is compared with that of the end; the gate is 5 % growth, no 5xx, no answer
later than the deadline allows. Usage: python -m benchmarks.soak [--minutes N] [--callers N]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.__main__ import serving
from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from tests.fuzz.asking import PATHS
from tests.fuzz.mutating import mutated
from tests.web import fhir_server as fhir
from tests.web.fhir_server import FhirServer, Json

WARM = 0.1
"""Of the time, what passes before memory counts."""

GATE = 1.05
DEADLINE = 1.0
LATE = 4 * DEADLINE
"""Seconds after which an answer counts as hung, on a machine that is busy with asking."""

PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
FAULTS = (
    None,
    None,
    None,
    fhir.status(500),
    fhir.status(401),
    fhir.busy_first(1),
    fhir.hang_shortly,
    fhir.says(b"<html>"),
    fhir.cut_off,
    fhir.close,
    fhir.compressed,
)


class Load:
    """What the callers share: where the service is, what came of asking, and when to stop."""

    def __init__(self, port: int, fhir_base: str, until: float) -> None:
        self.port, self.fhir_base, self.until = port, fhir_base, until
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0

    def caller(self, seed: int) -> None:
        """Ask until it is time to stop."""
        chance = random.Random(seed)
        names = sorted(demo_patients(WRITTEN_FOR))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while time.monotonic() < self.until:
            path, body = self.request(chance, chance.choice(names))
            started = time.monotonic()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.statuses[answer.status] += 1
        connection.close()

    def request(self, chance: random.Random, name: str) -> tuple[str, bytes]:
        """Return a path and a body: one of four kinds of request."""
        path = chance.choice(PATHS)
        match chance.randrange(4):
            case 0:
                return path, mutated(chance)
            case 1:
                return f"{path}/feedback", json.dumps(feedback(chance)).encode()
            case 2:
                request = demo_request(name, WRITTEN_FOR)
                return path, json.dumps({**request, "fhirServer": self.fhir_base, "prefetch": {}}).encode()
            case _:
                return path, json.dumps(demo_request(name, WRITTEN_FOR)).encode()


def feedback(chance: random.Random) -> Json:
    """Return feedback on a card that may never have been."""
    card = {"card": str(chance.randrange(10**9)), "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z"}
    return {
        "feedback": [{**card, "overrideReason": {"reason": {"code": "data-wrong", "system": "urn:example:reason"}}}]
    }


def resident_kb(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB


def fault_by_turns(server: FhirServer, until: float) -> None:
    """Give each type another fault every half second."""
    chance = random.Random(0)
    types = ("Patient", "Condition", "Procedure", "Observation", "AllergyIntolerance", "DiagnosticReport")
    while time.monotonic() < until:
        server.faults = {type_: fault for type_ in types if (fault := chance.choice(FAULTS)) is not None}
        server.page = chance.choice((1, 5, 1000))
        server.calls.clear()
        server.headers.clear()
        time.sleep(0.5)


def main() -> None:
    """Load the service, and say how its memory went."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--callers", type=int, default=8)
    chosen = arguments.parse_args()
    seconds = chosen.minutes * 60
    everyone = [entry["resource"] for raw in demo_patients(WRITTEN_FOR).values() for entry in json.loads(raw)["entry"]]
    service = {"CDS_FHIR_SERVERS": "*", "CDS_DEADLINE_SECONDS": str(DEADLINE)}
    with (
        fhir.fhir_server(everyone) as server,
        serving("cds_service.app:from_environment", factory=True, **service) as (pid, port),
    ):
        begun = time.monotonic()
        load = Load(port, server.base, begun + seconds)
        threads = [threading.Thread(target=load.caller, args=(seed,)) for seed in range(chosen.callers)]
        threads.append(threading.Thread(target=fault_by_turns, args=(server, load.until)))
        for thread in threads:
            thread.start()
        sizes = watch(pid, load, begun, seconds)
        for thread in threads:
            thread.join()
    report(load, sizes)


def watch(pid: int, load: Load, begun: float, seconds: float) -> list[float]:
    """Print the memory twenty times, and return it from the end of the warming up on."""
    sizes: list[float] = []
    step = seconds / 20
    for number in range(1, 21):
        time.sleep(max(0.0, begun + number * step - time.monotonic()))
        size = resident_kb(pid)
        print(f"{number * step:6.0f} s  {size / 1024:7.1f} MiB  {load.statuses.total():8,} requests", flush=True)
        if number * step >= seconds * WARM:
            sizes.append(size)
    return sizes


def report(load: Load, sizes: list[float]) -> None:
    """Print what came of it; exit 1 when a gate is not met."""
    growth = sizes[-1] / sizes[0]
    counts = ", ".join(f"{status}: {number:,}" for status, number in sorted(load.statuses.items()))
    print(f"{load.statuses.total():,} requests ({counts}); slowest {load.slowest:.2f} s")
    print(f"memory after warming up {sizes[0] / 1024:.1f} MiB, at the end {sizes[-1] / 1024:.1f} MiB: x {growth:.3f}")
    failed = growth > GATE or load.slowest > LATE or any(status >= 500 for status in load.statuses)
    print(f"gates (x {GATE}, no 5xx, no answer after {LATE:.0f} s): {'NOT MET' if failed else 'met'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
