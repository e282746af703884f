"""Installing other people's clients: once, from exact versions, each in a place of its own.

Where that is impossible the tests are skipped with a sentence that says what is missing; with `REQUIRE_CLIENTS=1` they
fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "clients"
SECONDS = 300
"""The longest that one command of an installation may take."""


def medplum() -> Path:
    """Return the folder of the project with the Medplum client, its packages installed."""
    folder = HERE / "medplum"
    if shutil.which("node") is None or shutil.which("npm") is None:
        _lacking("The Medplum client needs Node.js 20 or newer with npm: install it from https://nodejs.org.")
    install = ["npm", "ci", "--ignore-scripts", "--fetch-retries=1", "--prefix", str(folder)]
    _once("medplum", folder / "node_modules", folder / "package-lock.json", [install])
    return folder


def healthchain() -> Path:
    """Return the Python of the environment with the HealthChain client."""
    environment, versions = CACHE / "healthchain", HERE / "healthchain" / "requirements.txt"
    python = environment / "bin" / "python"
    make = [sys.executable, "-m", "venv", "--clear", str(environment)]
    fill = [str(python), "-m", "pip", "install", "--quiet", "--retries", "1", "--require-hashes", "-r", str(versions)]
    _once("healthchain", environment, versions, [make, fill])
    return python


def _once(name: str, place: Path, versions: Path, commands: Sequence[Sequence[str]]) -> None:
    """Fill a place unless it was filled with these versions, by this Python; one process at a time."""
    wanted = hashlib.sha256(versions.read_bytes() + sys.version.encode()).hexdigest()
    stamp = place / ".installed"
    with _alone(name):
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return
        for command in commands:
            _run(name, command)
        stamp.write_text(wanted, encoding="utf-8")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(name: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        _lacking(f"Installing {name} took longer than {SECONDS} s: a package registry must be within reach.")
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()][:2]
        _lacking(f"Installing {name} failed; it needs its package registry within reach: {' | '.join(said)}")


def _lacking(sentence: str) -> NoReturn:
    if os.environ.get("REQUIRE_CLIENTS") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
