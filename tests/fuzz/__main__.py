"""`make fuzz`: a great many requests with something wrong in them or in their tokens, in several processes.

Usage: python -m tests.fuzz [--requests N] [--processes N] [--seed N]. What fails is written down with the number that
makes it again, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.asking import Services

ROUND = 1000
"""Requests from one seed."""


def run(folder: str, seed: int) -> tuple[Counter[str], str]:
    """Ask one round and return the statuses of the answers, and what failed first. folder: the services' own."""
    services = _services(folder)
    chance, found = random.Random(seed), Counter[str]()
    for number in range(ROUND):
        try:
            status = services.ask(chance)
        except Exception:
            return found, f"seed {seed}, request {number}\n{traceback.format_exc()}"
        found[str(status)] += 1
    return found, ""


@functools.cache
def _services(folder: str) -> Services:
    """Return this process's services."""
    return Services(Path(tempfile.mkdtemp(dir=folder)))


def main() -> None:
    """Run the rounds and say what came of them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--requests", type=int, default=1_000_000)
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    rounds = range(chosen.seed, chosen.seed + max(1, chosen.requests // ROUND))
    statuses, failures, started = Counter[str](), 0, time.monotonic()
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder, fork.Pool(chosen.processes) as pool:
        answers = pool.imap_unordered(functools.partial(run, folder), rounds)
        for done, (found, failed) in enumerate(answers, 1):
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
