"""`make fuzz`: a great many requests with something wrong in them, in several processes.

Usage: python -m tests.fuzz [--requests N] [--processes N] [--seed N]. What fails is written down with the number that
makes it again, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
import traceback
from collections import Counter

from cds_service.app import create_app
from cds_service.demo import WRITTEN_FOR
from cds_service.settings import Settings
from tests.fuzz.asking import SERVICES, Asking, look
from tests.fuzz.mutating import mutated

ROUND = 1000
"""Requests from one seed."""


def run(seed: int) -> tuple[Counter[str], str]:
    """Ask one round and return the statuses of the answers, and what failed first."""
    asking, chance, found = _asking(), random.Random(seed), Counter[str]()
    for number in range(ROUND):
        body = mutated(chance)
        try:
            status, answer = asking.post(f"/cds-services/{chance.choice(SERVICES)}", body)
            look(body, status, answer)
        except Exception:
            return found, f"seed {seed}, request {number}\n{traceback.format_exc()}"
        found[str(status)] += 1
    return found, ""


_ready: list[Asking] = []


def _asking() -> Asking:
    """Return this process's service."""
    if not _ready:
        _ready.append(Asking(create_app(Settings(auth="off"), today=lambda: WRITTEN_FOR)))
    return _ready[0]


def main() -> None:
    """Run the rounds and say what came of them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--requests", type=int, default=1_000_000)
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    rounds = range(chosen.seed, chosen.seed + max(1, chosen.requests // ROUND))
    statuses, failures, started = Counter[str](), 0, time.monotonic()
    with multiprocessing.get_context("fork").Pool(chosen.processes) as pool:
        for done, (found, failed) in enumerate(pool.imap_unordered(run, rounds), 1):
            statuses += found
            failures += bool(failed)
            if failed:
                print(failed, file=sys.stderr, flush=True)
            if done % 50 == 0 or done == len(rounds):
                _say(statuses, failures, time.monotonic() - started)
    sys.exit(1 if failures else 0)


def _say(statuses: Counter[str], failures: int, seconds: float) -> None:
    counts = ", ".join(f"{status}: {number:,}" for status, number in sorted(statuses.items()))
    print(f"{statuses.total():,} requests in {seconds:.0f} s ({counts}); {failures} failed", flush=True)


if __name__ == "__main__":
    main()
