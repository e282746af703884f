"""Requests with anything wrong in them: the members of a good one changed, then its bytes."""

from __future__ import annotations

import copy
import functools
import json
import random
from typing import Any

from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request

Json = dict[str, Any]
Place = tuple[Any, Any]
"""A container and the key or index of one of its members."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**400, 1e308, "", " ", "\x00", "\ud800", "é", "😀", "2026-13-45", "0000-00-00",
    "9999-12-31T23:59:60Z", "<script>", "](javascript:x)", "Patient/x", "#x", "urn:uuid:0", [], {}, [[]], [None],
    {"": None},
    {"reference": "Patient/somebody-else"}, {"resourceType": "Patient", "id": "somebody-else"}, "x" * 5000,
)  # fmt: skip


ENVELOPE = 0.1
"""How often a change may be outside the prefetch, where most of them end in a 400."""

STOP = 0.1
"""How often a whole list or object is changed and not something in it."""


@functools.cache
def good_requests() -> tuple[bytes, ...]:
    """Return a request for each demo patient, each with resources of another patient among its own."""
    requests = [demo_request(name, WRITTEN_FOR) for name in sorted(demo_patients(WRITTEN_FOR))]
    mixed = []
    for request, other in zip(requests, requests[1:] + requests[:1], strict=True):
        found = copy.deepcopy(request)
        for key, body in found["prefetch"].items():
            if "entry" in body:
                body["entry"] += copy.deepcopy(other["prefetch"][key].get("entry", []))
        mixed.append(json.dumps(found).encode())
    return tuple(mixed)


def mutated(chance: random.Random) -> bytes:
    """Return the body of a request with up to eight things wrong with it."""
    request = json.loads(chance.choice(good_requests()))
    for _ in range(chance.randint(0, 5)):
        change(request, chance)
    body = json.dumps(request).encode()
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        body = bytes_changed(body, chance)
    return body


def change(request: Json, chance: random.Random) -> None:
    """Change one member of a JSON document, wherever it is."""
    prefetch = request.get("prefetch")
    whole = not prefetch or not isinstance(prefetch, dict) or chance.random() < ENVELOPE
    root = request if whole else prefetch
    if not root:
        return
    container, key = a_place(root, chance)
    match chance.randrange(6):
        case 0:
            del container[key]
        case 1:
            container[key] = copy.deepcopy(chance.choice(ODD))
        case 2:
            other, name = a_place(root, chance)
            container[key] = copy.deepcopy(other[name])
        case 3:
            container[key] = [container[key]] * chance.choice((1, 2, 5))
        case 4:
            container[key] = nested(chance.choice((1, 10, 150)), container[key])
        case _ if isinstance(container, list):
            chance.shuffle(container)
        case _:
            container[str(chance.choice(ODD))] = container.pop(key)


def a_place(element: Json, chance: random.Random) -> Place:
    """Return some place in a JSON document, the deeper the likelier."""
    container: Any = element
    while True:
        keys = list(container) if isinstance(container, dict) else range(len(container))
        key = chance.choice(keys)
        inside = container[key]
        if not inside or not isinstance(inside, dict | list) or chance.random() < STOP:
            return container, key
        container = inside


def nested(depth: int, value: Any) -> Any:
    """Return a value deep inside lists and objects."""
    for level in range(depth):
        value = [value] if level % 2 else {"extension": value}
    return value


def bytes_changed(body: bytes, chance: random.Random) -> bytes:
    """Return bytes with some lost, added, repeated or turned."""
    if not body:
        return bytes([chance.randrange(256)])
    start = chance.randrange(len(body))
    end = min(len(body), start + chance.choice((1, 1, 8, 200)))
    middle = body[start:end]
    match chance.randrange(5):
        case 0:
            middle = b""
        case 1:
            middle = chance.randbytes(len(middle))
        case 2:
            middle += middle
        case 3:
            middle = chance.choice((b"NaN", b"1e999", b"[" * 300, b'"', b"\\u0000", b"\xff", b"{", b"}", b"null"))
        case _:
            return body[:start]
    return body[:start] + middle + body[end:]
