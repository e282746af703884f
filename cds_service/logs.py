"""Logs: one JSON line per request, made of the fields below and nothing else.

No body, no URL as it was sent, no id, no message of an exception comes near it: any of these may name a patient. For
the same reason what libraries log is not written as they say it.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import threading
import traceback
from pathlib import Path
from typing import Literal

import msgspec

LOGGER = logging.getLogger("cds_service")

ELSEWHERE = "logged-elsewhere"
"""The event of what a library, asyncio or the end of a thread says."""


class RequestLine(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One request. route: its template. duration_ms: wall time. correlation: what an error answer refers to.

    withheld: cards that the user overrode before. queries: asked of the FHIR server. faults: why some of them brought
    nothing or not all. refused: why nobody was let in, one of the words of `authentication.Reason`. oddity: what was
    answered and is not as CDS Hooks asks; the line is then a warning.
    """

    time: str = ""
    level: str = "info"
    route: str = ""
    service: str = ""
    status: int = 0
    duration_ms: float = 0
    cards: int | None = None
    withheld: int | None = None
    queries: int | None = None
    faults: tuple[str, ...] = ()
    refused: str = ""
    oddity: Literal["", "hook-instance-no-uuid"] = ""
    correlation: str = ""
    error: str = ""


class EventLine(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Something that happened outside of any request.

    event: what. setting: which one to look at. nearest: the one that may have been meant. count: to how many. error:
    where it came from.
    """

    event: str
    time: str = ""
    level: str = "info"
    setting: str = ""
    nearest: str = ""
    count: int | None = None
    error: str = ""


def write(line: RequestLine) -> None:
    """Write one line; it is an error when the service failed, a warning when the client does not keep to CDS Hooks."""
    level = logging.WARNING if line.oddity else logging.INFO
    _write(line, logging.ERROR if line.status >= 500 else level)


def tell(line: EventLine) -> None:
    """Write one line; it is an error when it says where it came from or what was lost, a warning with a setting."""
    level = logging.WARNING if line.setting else logging.INFO
    _write(line, logging.ERROR if line.error or line.count else level)


def _write(line: RequestLine | EventLine, level: int) -> None:
    line.time = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    line.level = logging.getLevelName(level).lower()
    LOGGER.log(level, "%s", msgspec.json.encode(line).decode())


def where(error: BaseException) -> str:
    """Return the kind of an error and the places it came through, without its message: that may hold a value."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}"


class Others(logging.Handler):
    """Says of what others log only where it came from: their messages and tracebacks hold addresses and values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        place = where(error) if error else f"{record.name} at {record.filename}:{record.lineno}"
        _write(EventLine(event=ELSEWHERE, error=place), record.levelno)


def _tell_end(ended: threading.ExceptHookArgs) -> None:
    """Say that an error ended a thread; Python would print its message."""
    if ended.exc_value is not None:
        tell(EventLine(event=ELSEWHERE, error=where(ended.exc_value)))


def configure() -> None:
    """Send the lines to standard output, as containers expect."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.handlers = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    logging.getLogger().handlers = [Others(logging.WARNING)]
    threading.excepthook = _tell_end
