"""What is kept of feedback: the card, its outcome and when, and coded reasons.

Of a comment only that there was one: it is free text, and may name the patient. Of an extension (where Epic may put
the reason) the same.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from hooks.protocol import FeedbackItem, Override, overrides

Row = dict[str, Any]


def card_id(text: str) -> str:
    """Return a card's id as the ledger writes it: some clients send a UUID in capitals, some ids are none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def kept(item: FeedbackItem, *, service: str, received_at: dt.datetime) -> Row:
    """Return the row of one item. received_at: UTC."""
    said = overrides(item)
    return {
        "card": card_id(item.card),
        "outcome": item.outcome,
        "outcome_at": item.outcomeTimestamp.astimezone(dt.UTC),
        "service": service,
        "received_at": received_at,
        "reasons": _reasons(said),
        "commented": any(override.userComment for override in said),
        "extended": bool(item.extension) or any(override.extension for override in said),
    }


def _reasons(said: list[Override]) -> str:
    """Return the coded reasons as JSON, without displays, each once."""
    codings = dict.fromkeys((o.reason.system, o.reason.code) for o in said if o.reason is not None)
    return msgspec.json.encode([_coding(system, code) for system, code in codings]).decode()


def reasons_of(written: str) -> list[tuple[str | None, str]]:
    """Return the (system, code) of the reasons as they are kept."""
    return [
        (coding.get("system"), coding["code"]) for coding in msgspec.json.decode(written, type=list[dict[str, str]])
    ]


def _coding(system: str | None, code: str) -> dict[str, str]:
    return {"system": system, "code": code} if system else {"code": code}
