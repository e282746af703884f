"""Who must be let in, decided a second time: by hand, by none of the service's code and without its JWT library.

The clients are named here, and their tokens are held against what the README and RFC 7515 to 7519 ask of one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.web.tokens import ISS, JKU, PUBLIC, Json, Key, clients_file, key, key_set

LEEWAY = 60
LIFETIME = 3600
LONGEST = 8192
HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384()}


class Client(NamedTuple):
    """A client that the service knows. keys: each signs by one algorithm, and no other is allowed."""

    iss: str
    keys: tuple[Key, ...]
    jku: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()


CLIENTS = (
    Client(ISS, (key("rsa", "RS384"), key("ec")), jku=(JKU,), tenants=("ours", "yours")),
    Client("other-ehr", (key("rsa", "RS384", owner="other"), key("p256", "ES256")), audiences=("site-audience",)),
)


def write_clients(folder: Path) -> Path:
    """Write the clients file that says the same, and return where it is."""
    written = [
        {
            "iss": client.iss,
            "jwks_file": f"of{number}.json",
            "algorithms": [key.algorithm for key in client.keys],
            **{name: list(value) for name, value in client._asdict().items() if name not in ("iss", "keys") and value},
        }
        for number, client in enumerate(CLIENTS)
    ]
    sets = {f"of{number}": key_set(key.jwk() for key in client.keys) for number, client in enumerate(CLIENTS)}
    return clients_file(folder, written, **sets)


class Token(NamedTuple):
    """A token, taken apart. message: what was signed."""

    header: Json
    claims: Json
    message: bytes
    signature: bytes


def good_token(sent: Sequence[bytes], path: str) -> Token | None:
    """Return the token in Authorization headers when it is one client's own and meant for a call, at whatever time."""
    token = read(sent)
    client = next((each for each in CLIENTS if token is not None and each.iss == token.claims.get("iss")), None)
    if token is None or client is None:
        return None
    good = (
        is_understood(token.header, client)
        and is_meant(token.claims, client, f"{PUBLIC}{path}")
        and is_signed(token, client)
    )
    return token if good else None


def read(sent: Sequence[bytes]) -> Token | None:
    """Return the one token that Authorization headers hold; None when they hold anything else."""
    if len(sent) != 1 or len(sent[0]) > LONGEST:
        return None
    scheme, _, text = sent[0].partition(b" ")
    segments = text.lstrip(b" ").split(b".")
    parts = [decoded(segment) for segment in segments]
    if scheme.lower() != b"bearer" or len(parts) != 3 or not all(parts):
        return None
    header, claims = (an_object(part) for part in parts[:2])
    if header is None or claims is None:
        return None
    return Token(header, claims, b".".join(segments[:2]), parts[2])


def decoded(segment: bytes) -> bytes:
    """Return what base64url stands for; nothing when it could be written in another way, or is none."""
    try:
        found = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except binascii.Error:
        return b""
    return found if base64.urlsafe_b64encode(found).rstrip(b"=") == segment else b""


def an_object(text: bytes) -> Json | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def is_understood(header: Json, client: Client) -> bool:
    """Whether a header says what a client may say. `b64` is the one critical member that is known, and is not false."""
    critical = header.get("crit", ["b64"])
    return (
        header.get("typ") == "JWT"
        and ("jku" not in header or header["jku"] in client.jku)
        and isinstance(critical, list)
        and critical != []
        and all(name == "b64" for name in critical)
        and ("crit" not in header or "b64" in header)
        and header.get("b64") is not False
    )


def is_meant(claims: Json, client: Client, url: str) -> bool:
    """Whether claims have what they need, of the right kind, and name this call."""
    aud = claims.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    return (
        all(isinstance(audience, str) for audience in audiences)
        and not {url, *client.audiences}.isdisjoint(audiences)
        and isinstance(claims.get("jti"), str)
        and claims["jti"] != ""
        and isinstance(claims.get("sub", ""), str)
        and all(type(claims.get(name)) is int for name in ("exp", "iat"))
        and type(claims.get("nbf", 0)) is int
        and 0 < claims["exp"] - claims["iat"] <= LIFETIME + LEEWAY
        and (not client.tenants or claims.get("tenant") in client.tenants)
    )


def is_signed(token: Token, client: Client) -> bool:
    """Whether a client's key that the header names made the signature, by its own algorithm."""
    named = (token.header.get("kid"), token.header.get("alg"))
    return any(verifies(key, token) for key in client.keys if (key.kid, key.algorithm) == named)


def verifies(key: Key, token: Token) -> bool:
    public: Any = key.private.public_key()
    digest = HASHES[key.algorithm[2:]]
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(token.signature, token.message, padding.PKCS1v15(), digest)
            return True
        half = public.key_size // 8
        r, s = (int.from_bytes(number) for number in (token.signature[:half], token.signature[half:]))
        if len(token.signature) == 2 * half:
            public.verify(encode_dss_signature(r, s), token.message, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        pass
    return False


class Judge:
    """Knows what was let in, and says who may be."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}

    def note(self, token: Token) -> None:
        """Take notice that a token was let in: until it has surely expired its id is used up."""
        claims = token.claims
        self._used[claims["iss"], claims["jti"]] = claims["exp"] + 2 * LEEWAY

    def lets_in(self, token: Token | None, now: float) -> bool:
        """Whether there is a good token, it is one now, and it comes for the first time."""
        if token is None:
            return False
        claims = token.claims
        begins, ends = max(claims["iat"], claims.get("nbf", claims["iat"])) - LEEWAY, claims["exp"] + LEEWAY
        return begins <= now < ends and self._used.get((claims["iss"], claims["jti"]), 0) < int(now)
