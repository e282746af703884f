"""Tokens with anything wrong in them: what a good one says changed before it is signed, then how, then its text."""

from __future__ import annotations

import hmac
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tests.fuzz.judging import CLIENTS, Client
from tests.fuzz.mutating import ODD, bytes_changed, nested
from tests.web.tokens import ISS, JKU, PUBLIC, At, Key, key, segment, written

KEYS = (
    *(each for client in CLIENTS for each in client.keys),
    key("rsa", "RS384", owner="attacker"),
    key("ec", owner="attacker"),
)
EDGES = tuple(
    At(edge + beside)
    for edge in (-86_400, -3660, -3600, -300, -60, 0, 60, 300, 3300, 3360, 3600, 3660, 86_400)
    for beside in (-1, 0, 1)
)
NO_TIMES = (At(30.5), At(299.5), str(2**31), "0", True)
"""What would be times, were they whole numbers."""

URL = f"{PUBLIC}/cds-services/trial-eligibility"

HEADER: Mapping[str, tuple[Any, ...]] = {
    "alg": (..., "none", "nOnE", "HS256", "HS384", "RS256", "RS384", "PS384", "ES256", "ES384", "es384", ["RS384"]),
    "kid": (..., "rsa", "ec", "p256", "RSA", "rsa ", "../../../../dev/null", "' OR '1'='1", ["rsa"]),
    "typ": (..., "jwt", "JWT ", "at+jwt", "JWE", ["JWT"]),
    "jku": (..., JKU, JKU.upper(), f"{JKU}?", f"{JKU}#x", f"{JKU}.evil.example/", "file:///etc/passwd", [JKU]),
    "crit": (["b64"], ["b64", "b64"], ["exp"], ["b64", "exp"], [], [["b64"]], "b64"),
    "b64": (True, False, 0),
    "jwk": tuple(each.jwk() for each in KEYS),
    "x5c": ([segment(KEYS[-1].pem)],),
    "zip": ("DEF",),
    "x": (nested(150, "x"), "x" * 7000),
}
"""Values for the members of a header, some of them right; `...` is none."""

CLAIMS: Mapping[str, tuple[Any, ...]] = {
    "iss": (..., *(client.iss for client in CLIENTS), f"{ISS}/", ISS.upper(), [ISS]),
    "aud": (
        ..., URL, f"{URL}/", URL.upper(), PUBLIC, [URL], [URL, "x"], ["x"], [URL, 1], [], {URL: 1}, "site-audience",
        f"{URL}/feedback", f"{PUBLIC}/cds-services/ctdna-maintenance",
    ),
    "exp": (..., *EDGES, *NO_TIMES),
    "iat": (..., *EDGES, *NO_TIMES),
    "nbf": (*EDGES, *NO_TIMES),
    "jti": (..., "", "the same", "THE SAME", ["the same"]),
    "sub": ("somebody", ["somebody"]),
    "tenant": (..., "ours", "yours", "theirs", "OURS", ["ours"]),
    "x": (nested(150, "x"), "x" * 7000),
}  # fmt: skip
"""Values for the claims, in the same way."""

SENT: tuple[Callable[[bytes], list[bytes]], ...] = (
    lambda text: [],
    lambda text: [b""],
    lambda text: [text],
    lambda text: [b"bEARER   " + text],
    lambda text: [b"Bearer\t" + text],
    lambda text: [b" Bearer " + text],
    lambda text: [b"Bearer " + text + b" "],
    lambda text: [b"Bearer " + text + b"="],
    lambda text: [b"Bearer " + text + b".x"],
    lambda text: [b"Bearer " + text + b"A" * 100_000],
    lambda text: [b"Bearer " + text[:-1] + bytes([text[-1] + 1])],
    lambda text: [b"Basic " + text],
    lambda text: [b"Bearer " + text] * 2,
    lambda text: [b"Basic eDp5", b"Bearer " + text],
    lambda text: [b"Bearer " + text + b", Bearer " + text],
)
"""Ways to send a token, most of them wrong: one changes bits at the end of the base64 that stand for nothing."""

SELDOM = 0.05


def forged(chance: random.Random, path: str) -> list[bytes]:
    """Return the Authorization headers of a call: those of a good token, with anything wrong with them or nothing."""
    client = chance.choice(CLIENTS)
    signer = chance.choice(client.keys)
    head = {"alg": signer.algorithm, "kid": signer.kid, "typ": "JWT"}
    parts = (written(head, changes(HEADER, chance)), written(good_claims(client, path), changes(CLAIMS, chance)))
    message = ".".join(segment(seldom_changed(part, chance)) for part in parts).encode()
    text = message + b"." + segment(signature(signer, message, chance)).encode()
    if chance.random() < SELDOM:
        return chance.choice(SENT)(text)
    return [b"Bearer " + seldom_changed(text, chance)]


def good_claims(client: Client, path: str) -> dict[str, Any]:
    """Return the claims of a fresh token of a client for a call."""
    tenant = {"tenant": client.tenants[0]} if client.tenants else {}
    times = {"iat": At(0), "exp": At(300)}
    return {"iss": client.iss, "aud": f"{PUBLIC}{path}", **times, "jti": str(uuid.uuid4()), **tenant}


def changes(values: Mapping[str, tuple[Any, ...]], chance: random.Random) -> dict[str, Any]:
    """Return up to three members with other values."""
    names = [chance.choice(sorted(values)) for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3)))]
    return {name: chance.choice(values[name] if chance.random() > SELDOM else ODD) for name in names}


def signature(signer: Key, message: bytes, chance: random.Random) -> bytes:
    """Return a signature: mostly the right one, or one that is somebody else's, of a secret, changed or none."""
    other = chance.choice(KEYS)
    match chance.randrange(5) if chance.random() < SELDOM else None:
        case None:
            return signer.sign(message)
        case 0:
            return hmac.digest(other.pem, message, chance.choice(("sha256", "sha384")))
        case 1:
            return bytes(chance.choice((0, 64, 96, 256)))
        case 2:
            return bytes_changed(signer.sign(message), chance)
        case 3:
            return signer.sign(message[1:])
        case _:
            return other.sign(message)


def seldom_changed(content: bytes, chance: random.Random) -> bytes:
    return bytes_changed(content, chance) if chance.random() < SELDOM else content
