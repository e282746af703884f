# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""C87: a token is good once, in every process of the service, and the file that knows it stays small."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from cds_service.settings import Settings
from cds_service.used_tokens import FILE, UsedTokens, UsedTokensError
from tests.web.serving import serve
from tests.web.tokens import ISS, PUBLIC, clients_file, key, key_set, token

LATER = int(time.time()) + 3600
EHR = key("ec")


def rows(file: Path) -> int:
    count: int = sqlite3.connect(file).execute("SELECT count(*) FROM used").fetchone()[0]
    return count


def test_a_token_is_first_once(tmp_path: Path) -> None:
    replay = UsedTokens(tmp_path / FILE)
    assert [replay.use("a", "1", LATER) for _ in range(3)] == [True, False, False]
    assert [replay.use("a", "2", LATER), replay.use("b", "1", LATER), replay.use("a1", "", LATER)] == [True] * 3


def test_it_outlives_a_restart(tmp_path: Path) -> None:
    before = UsedTokens(tmp_path / FILE)
    assert before.use("a", "1", LATER)
    before.close()
    assert not UsedTokens(tmp_path / FILE).use("a", "1", LATER)


def test_text_that_is_no_text_is_an_id_too(tmp_path: Path) -> None:
    replay = UsedTokens(tmp_path / FILE)
    assert [replay.use("a", "\ud800", LATER), replay.use("a", "\ud800", LATER)] == [True, False]


def test_what_has_expired_is_forgotten(tmp_path: Path) -> None:
    replay = UsedTokens(tmp_path / FILE)
    for number in range(100):
        assert replay.use("a", str(number), int(time.time()) - 1)
    assert replay.use("a", "now", LATER)
    assert rows(tmp_path / FILE) == 1


def test_until_its_last_second_it_is_kept(tmp_path: Path) -> None:
    replay, answers, now = UsedTokens(tmp_path / FILE), [True], 0
    while answers == [True] or int(time.time()) != now:  # until both uses are of one second
        now = int(time.time())
        answers = [replay.use("a", str(now), now), replay.use("a", str(now), now)]
    assert answers == [True, False]


def test_a_full_file_lets_no_one_in_and_forgets_nothing(tmp_path: Path) -> None:
    replay, used = UsedTokens(tmp_path / FILE, pages=12), 0
    soon = int(time.time()) + 1
    with contextlib.suppress(UsedTokensError):
        for number in range(10_000):
            assert replay.use("a", str(number), soon if number < 50 else LATER)
            used = number + 1
    assert 100 < used < 2000
    with pytest.raises(UsedTokensError):
        replay.use("a", "one more", LATER)
    assert not replay.use("a", str(used - 1), LATER), "what was used stays used"
    time.sleep(2.1)
    assert replay.use("a", "new", LATER), "room comes back when tokens expire"


def test_it_is_small_and_for_its_owner_only(tmp_path: Path) -> None:
    replay = UsedTokens(tmp_path / "new" / FILE)
    for number in range(1000):
        replay.use("canary-issuer", f"canary-{number}", LATER)
    files = list((tmp_path / "new").iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert all(b"canary" not in file.read_bytes() for file in files)
    replay.close()
    assert (tmp_path / "new" / FILE).stat().st_size < 1000 * 200


def test_threads_agree(tmp_path: Path) -> None:
    replay, start = UsedTokens(tmp_path / FILE), threading.Barrier(8)

    def use_all() -> list[bool]:
        start.wait()
        return [replay.use("a", str(number), LATER) for number in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = [running.result() for running in [pool.submit(use_all) for _ in range(8)]]
    assert [sum(of_one) for of_one in zip(*answers, strict=True)] == [1] * 50


def test_a_file_that_is_something_else_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database" * 1000)
    with pytest.raises(UsedTokensError):
        UsedTokens(tmp_path / FILE)


def test_a_file_that_cannot_be_written_lets_no_one_in(tmp_path: Path) -> None:
    replay, holding = UsedTokens(tmp_path / FILE), sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsedTokensError):
        replay.use("a", "1", LATER)
    holding.execute("ROLLBACK")
    assert replay.use("a", "1", LATER)


def test_all_that_start_together_open_the_file(tmp_path: Path) -> None:
    """SQLite refuses one of two that turn a new file into a write-ahead one at the same moment."""
    start = threading.Barrier(8)

    def opened(number: int) -> None:
        start.wait()
        UsedTokens(tmp_path / str(number) / FILE).close()

    with ThreadPoolExecutor(8) as pool:
        for number in range(60):
            assert list(pool.map(opened, [number] * 8)) == [None] * 8


USES = """
import sys
from pathlib import Path
from cds_service.used_tokens import UsedTokens
replay = UsedTokens(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print("".join(str(int(replay.use("a", str(number), int(sys.argv[2])))) for number in range(200)), flush=True)
"""


def test_processes_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", USES, str(tmp_path / FILE), str(LATER)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [sum(map(int, of_one)) for of_one in zip(*answers, strict=True)] == [1] * 200


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(folder: Path, *options: str) -> Iterator[str]:
    """Run the service in a process of its own and yield its base URL."""
    port = free_port()
    of_others = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    own = {"CDS_CLIENTS": str(folder / "clients.yaml"), "CDS_PUBLIC_URL": PUBLIC, "CDS_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-c", "from cds_service.cli import main; main()", "serve", "--port", str(port), *options]
    running = subprocess.Popen(command, env={**of_others, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield ready(running, f"http://127.0.0.1:{port}")
    finally:
        running.terminate()
        running.wait(timeout=20)


def ready(running: subprocess.Popen[bytes], base: str) -> str:
    patience = time.monotonic() + 60
    while time.monotonic() < patience and running.poll() is None:
        try:
            if httpx2.get(f"{base}/health/ready", trust_env=False).status_code == 200:
                return base
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service did not start")


def discover(base: str, text: str) -> int:
    headers = {"authorization": f"Bearer {text}"}
    return httpx2.get(f"{base}/cds-services", headers=headers, trust_env=False).status_code


def test_C87_another_process_knows_what_was_used(tmp_path: Path) -> None:
    """One service here, another beside it with two processes; all with the same `CDS_DATA_DIR`."""
    clients = clients_file(tmp_path, [{"iss": ISS, "jwks_file": "ehr.json"}], ehr=key_set([EHR.jwk()]))
    tokens = [token(EHR, {"jku": ...}, {"aud": f"{PUBLIC}/cds-services"}) for _ in range(20)]
    with process(tmp_path, "--workers", "2") as other:
        for base in serve(Settings(clients=clients, public_url=PUBLIC, data_dir=tmp_path / "data")):
            assert [discover(base, text) for text in tokens[:10]] == [200] * 10
            assert [discover(other, text) for text in tokens[:10] for _ in range(2)] == [401] * 20
            assert [sum(discover(other, text) == 200 for _ in range(4)) for text in tokens[10:]] == [1] * 10
            assert [discover(base, text) for text in tokens] == [401] * 20
