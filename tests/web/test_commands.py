"""The commands as a shell runs them: what they are given, and where their output goes."""

from __future__ import annotations

import codecs
import gzip
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from cds_service.demo import WRITTEN_FOR
from tests.web.shell import run

PATIENT = (files("cds_service") / "demo" / "trigger-positive.json").read_bytes()
EXPLAIN = ("explain", "--on", WRITTEN_FOR.isoformat())


@pytest.mark.parametrize("name", ["patient.json", "patient.json.gz"])
def test_explain_reads_a_file_that_begins_with_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    answers = []
    for before in (b"", codecs.BOM_UTF8):
        raw = before + PATIENT
        (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        answers.append(run(*EXPLAIN, str(tmp_path / name)))
    assert answers[0].code == 0
    assert answers[0] == answers[1]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_explain_says_what_to_do_with_one_object_per_line(tmp_path: Path, end: str) -> None:
    file = tmp_path / "export.ndjson"
    file.write_text(end.join(['{"resourceType":"Patient","id":"1"}'] * 2) + end, encoding="utf-8")
    done = run(*EXPLAIN, str(file))
    assert (done.code, done.out) == (2, "")
    assert done.err == f"cds-service: {file}: one JSON object per line: give it one resource or Bundle per file\n"


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [(*EXPLAIN, "PATIENT"), (*EXPLAIN, "--json", "PATIENT"), ("check",), ("--help",)])
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path, options: tuple[str, ...], unbuffered: str) -> None:
    (tmp_path / "PATIENT").write_bytes(PATIENT)
    words = [str(tmp_path / word) if word == "PATIENT" else word for word in options]
    command = [sys.executable, "-c", "from cds_service.cli import main; main()", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with FULL.open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (2, "cds-service: the output cannot be written: No space left on device\n")


def test_a_closed_output_is_no_error() -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m cds_service check >&-"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
