"""The command as a shell runs it, in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple

import pytest

from cds_service.cli import main


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    code: object
    out: str
    err: str


def run(*arguments: str) -> Done:
    """Run `cds-service` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["cds-service", *arguments])
        patch.setenv("COLUMNS", "110")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    return Done(ended.value.code or 0, out.getvalue(), err.getvalue())


def sandbox(*arguments: str) -> Done:
    """Run `cds-service sandbox`."""
    return run("sandbox", *arguments)
