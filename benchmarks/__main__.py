"""`make bench`: the hook's CPU cost per request as a ratio to F, for 20, 200 and 2,000 resources.

CPU time of the server process alone (user and system, from the operating system), the two servers measured in turn, the
median of the rounds. Usage: python -m benchmarks [--rounds N] [--patient NAME]
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from benchmarks.requests import request
from terminology.valuesets import Vocabulary, load_value_sets

SIZES = {20: 400, 200: 200, 2000: 30}
"""Resources -> requests in a round."""

TICKS = os.sysconf("SC_CLK_TCK")
GATE = 1.2
PATHS = {
    "F": "/",
    "trial-eligibility": "/cds-services/trial-eligibility",
    "ctdna-maintenance": "/cds-services/ctdna-maintenance",
}


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving(app: str, *, factory: bool, **settings: str) -> Iterator[tuple[int, int]]:
    """Run an ASGI application under uvicorn in a process of its own; yield its process id and port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", *(["--factory"] if factory else [])]
    folder = tempfile.TemporaryDirectory()
    environment = {**os.environ, "CDS_AUTH": "off", "CDS_DATA_DIR": folder.name, **settings}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(server, port)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait()
        folder.cleanup()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("a server did not start")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def cost(pid: int, port: int, path: str, body: bytes, count: int) -> float:
    """Return the server's CPU seconds per request over `count` requests on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json"}
    before = cpu_seconds(pid)
    for _ in range(count):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
    connection.close()
    return (cpu_seconds(pid) - before) / count


def cards(port: int, path: str, body: bytes) -> int:
    """Return how many cards the service gives, so that nobody measures an empty answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    return len(json.loads(connection.getresponse().read())["cards"])


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--patient", default="trigger-positive")
    chosen = arguments.parse_args()
    vocabulary = Vocabulary(load_value_sets(files("terminology") / "valuesets"))
    with (
        serving("benchmarks.reference:app", factory=False) as reference,
        serving("cds_service.app:from_environment", factory=True) as service,
    ):
        print(f"CPU per request as a ratio to F; {chosen.rounds} rounds in turn, medians; patient {chosen.patient}")
        print(f"{'resources':>9} {'body kB':>8} {'F ms':>7} {'service':>19} {'cards':>5} {'x F':>6}  least-most")
        for size, count in SIZES.items():
            body = request(size, dt.datetime.now(dt.UTC).date(), vocabulary, chosen.patient)
            measure(size, count, body, reference, service, chosen.rounds)
    print(f"gate: {GATE} F at 200 resources")


def measure(
    size: int, count: int, body: bytes, reference: tuple[int, int], service: tuple[int, int], rounds: int
) -> None:
    """Print a line for each service at one size."""
    costs: dict[str, list[float]] = {name: [] for name in PATHS}
    for name, path in PATHS.items():
        cost(*(reference if name == "F" else service), path, body, count)
    for _ in range(rounds):
        for name, path in PATHS.items():
            costs[name].append(cost(*(reference if name == "F" else service), path, body, count))
    base = statistics.median(costs["F"])
    for name in list(PATHS)[1:]:
        ratios = sorted(c / f for c, f in zip(costs[name], costs["F"], strict=True))
        given = cards(service[1], PATHS[name], body)
        middle = statistics.median(costs[name]) / base
        spread = f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
        print(f"{size:>9} {len(body) / 1000:>8.0f} {base * 1000:>7.3f} {name:>19} {given:>5} {middle:>6.2f}  {spread}")


if __name__ == "__main__":
    main()
