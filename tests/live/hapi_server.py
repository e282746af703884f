"""A real FHIR server: HAPI FHIR with its database in memory, built once from Maven Central and run on loopback.

`python -m tests.live.hapi_server` (`make hapi`) runs it in the foreground.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOURCES = Path(__file__).parent / "hapi"
BUILT = Path(__file__).parents[2] / "build" / "hapi"
TOOLS = {"java": "openjdk-17-jdk-headless", "javac": "openjdk-17-jdk-headless", "mvn": "maven"}
"""Program -> the Debian package that has it."""

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
FLAGS = ("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
READY_SECONDS = 300
"""A server that cannot start ends sooner; a machine that is busy needs minutes for what else takes half of one."""

SERVERS = {
    "strict": "refuses unknown search parameters",
    "lenient": "passes over unknown search parameters",
    "small": "has at most two entries on a page",
    "readonly": "takes nothing",
}
"""Path -> how it differs from the others; all four hold the same records."""


def lacking() -> str | None:
    """Return what to install, in a sentence; None when nothing lacks."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    packages = " and ".join(dict.fromkeys(TOOLS[tool] for tool in missing))
    return f"There is no {', '.join(missing)} here: install {packages}." if missing else None


@contextmanager
def running() -> Iterator[str]:
    """Run the server on a free port and give its address, under which the SERVERS lie."""
    command = ["java", *FLAGS, "-cp", _class_path(), "HapiServer"]
    with (
        tempfile.NamedTemporaryFile("w+") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        try:
            yield _address(server, Path(log.name))
        finally:
            server.terminate()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address as the server prints it. Raises RuntimeError when it does not, with the end of its log."""
    deadline = time.monotonic() + READY_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("http://"):
                return line
        time.sleep(0.1)
    raise RuntimeError(f"HAPI FHIR did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def _class_path() -> str:
    """Return the class path, building what is not there yet; jars stay where Maven keeps them."""
    files = (SOURCES / "pom.xml", SOURCES / "HapiServer.java")
    built = BUILT / hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    listed = built / "classpath"
    if not listed.is_file() or not all(Path(jar).is_file() for jar in listed.read_text().split(os.pathsep)):
        _build(*files, built)
    return os.pathsep.join([str(built / "classes"), str(SOURCES), listed.read_text()])


def _build(pom: Path, source: Path, built: Path) -> None:
    """Fetch the jars and compile; what is half done never stands under its own name."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILT, ignore_cleanup_errors=True) as folder:
        listed = Path(folder, "classpath")
        resolve = (f"{PLUGIN}:build-classpath", f"-Dmdep.outputFile={listed}", "-Dmdep.includeScope=runtime")
        _run("mvn", "--batch-mode", "--quiet", "--no-transfer-progress", "--file", str(pom), *resolve)
        _run("javac", "-d", f"{folder}/classes", "-cp", listed.read_text(), str(source))
        shutil.rmtree(built, ignore_errors=True)
        Path(folder).rename(built)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}")


def main() -> None:
    """Run the server until it is interrupted."""
    if missing := lacking():
        sys.exit(missing)
    with suppress(KeyboardInterrupt), running() as base:
        for path, what in SERVERS.items():
            print(f"{base}/{path:9} {what}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
