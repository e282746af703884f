"""A PostgreSQL server of the tests' own: on loopback, at a free port, with a data folder of its own, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

MISSING = "There is no PostgreSQL server here to test with. On Debian: apt-get install postgresql"
DEBIAN = Path("/usr/lib/postgresql")


def find_programs() -> Path | None:
    """Return the folder of initdb and pg_ctl; Debian does not put it on the path."""
    found = shutil.which("initdb") or max(map(str, DEBIAN.glob("*/bin/initdb")), default=None)
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Server:
    """A server that can be stopped and started again. programs: the folder of initdb and pg_ctl."""

    programs: Path
    folder: Path
    port: int
    numbers: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """Start it. It need not outlive a power cut, which spares the disk."""
        options = f"-c fsync=off -p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "fast", "stop")

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        user, group = owner()
        subprocess.run(
            command, user=user, group=group, cwd=self.folder, stdout=subprocess.DEVNULL, check=True, timeout=60
        )

    def url(self, database: str) -> str:
        return f"postgresql://ledger@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Return the URL of an empty database."""
        name = f"ledger_{next(self.numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


def owner() -> tuple[int | None, int | None]:
    """Return the user and group a server runs as: our own, but for root, whom it refuses."""
    if os.geteuid() != 0:
        return None, None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = names.get("postgres") or names["nobody"]
    return chosen.pw_uid, chosen.pw_gid


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Make a server, and stop and remove it at the end."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        user, group = owner()
        os.chown(name, -1 if user is None else user, -1 if group is None else group)
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        server = Server(programs, Path(name), port)
        server.run("initdb", "--username=ledger", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
