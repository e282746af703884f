"""What libraries, threads and asyncio log becomes a line of ours: where it came from, and no word of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BEFORE = """
import asyncio, logging, threading
from cds_service import logs
logs.configure()
"""

SAID = {
    "a library warns": ("logging.getLogger('urllib3.connection').warning('Failed to parse %s', 'canary')", "urllib3"),
    "a library fails": ("logging.getLogger('x').exception('canary', exc_info=ValueError('canary'))", "ValueError"),
    "the root warns": ("logging.warning('canary')", "root"),
    "a record that cannot be formatted": ("logging.warning('%d canary', 'canary')", "root"),
    "an asyncio future is forgotten": (
        "async def forget(): asyncio.get_running_loop().create_future().set_exception(ValueError('canary'))\n"
        "asyncio.run(forget())",
        "ValueError",
    ),
    "a thread dies": (
        "def die(): raise ValueError('canary')\n"
        "thread = threading.Thread(target=die, name='canary'); thread.start(); thread.join()",
        "ValueError at ",
    ),
}


@pytest.mark.parametrize(("said", "source"), SAID.values(), ids=SAID)
def test_what_others_log_says_where_it_came_from_and_no_more(said: str, source: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", BEFORE + said],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "canary" not in found.stdout + found.stderr
    assert found.stderr == ""
    line = json.loads(found.stdout)
    assert line["event"] == "logged-elsewhere"
    assert line["level"] in {"warning", "error"}
    assert source in line["error"]
    assert line.keys() == {"event", "time", "level", "error"}
