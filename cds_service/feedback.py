"""What is kept of feedback: the card, its outcome and when, and our own coded reasons. No text that a client chose.

Of a comment only that there was one: it is free text, and may name the patient. Of an extension (where Epic may put
the reason) the same. Of a reason that our cards do not offer only that it was another one; of a card id that is no
UUID, and so none of ours, a keyed hash.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from hooks.cards import OVERRIDE_REASONS, OVERRIDE_SYSTEM
from hooks.protocol import FeedbackItem, Override, ReasonCoding, overrides

Row = dict[str, Any]

OURS = frozenset(reason.code for reason in OVERRIDE_REASONS)

OTHER = "other"
"""What is kept of a reason that is none of ours."""


def card_id(text: str) -> str | None:
    """Return a UUID as the ledger writes it, since some clients send it in capitals; None for what is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def kept(item: FeedbackItem, *, service: str, received_at: dt.datetime, hashed: Callable[[bytes], str]) -> Row:
    """Return the row of one item. received_at: UTC. hashed: under the ledger's key."""
    said = overrides(item)
    return {
        "card": card_id(item.card) or hashed(f"card {item.card}".encode()),
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
    return _written(dict.fromkeys(_known(o.reason) for o in said if o.reason is not None))


def _written(codings: Iterable[tuple[str | None, str]]) -> str:
    return msgspec.json.encode([_coding(system, code) for system, code in codings]).decode()


def _known(reason: ReasonCoding) -> tuple[str | None, str]:
    """Return a reason that our cards offer as it was sent, any other as `other`: a code may be a text as well."""
    is_ours = reason.system in {OVERRIDE_SYSTEM, None} and reason.code in OURS
    return (reason.system, reason.code) if is_ours else (None, OTHER)


def merged(row: Row, other: Row) -> Row:
    """Return one row with all that two say of the same card, outcome and time: a client may send more of it later."""
    reasons = dict.fromkeys([*reasons_of(row["reasons"]), *reasons_of(other["reasons"])])
    return {
        **row,
        "reasons": _written(reasons),
        "commented": row["commented"] or other["commented"],
        "extended": row["extended"] or other["extended"],
    }


def reasons_of(written: str) -> list[tuple[str | None, str]]:
    """Return the (system, code) of the reasons as they are kept."""
    return [
        (coding.get("system"), coding["code"]) for coding in msgspec.json.decode(written, type=list[dict[str, str]])
    ]


def _coding(system: str | None, code: str) -> dict[str, str]:
    return {"system": system, "code": code} if system else {"code": code}
