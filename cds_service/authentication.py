"""Who may call: CDS clients that prove by a signed token (JWT) who they are.

`off`: the header is not looked at. `optional`: a request without a token is anonymous, a token that is sent is checked.
`required` (the default): every request under /cds-services, and /stats, needs one. A refusal never says why; the log
line has one of the words of `Reason` and nothing of the token.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, Literal, NamedTuple

import jwt
from starlette.requests import Request

from cds_service import logs
from cds_service.clients import Client, load_clients
from cds_service.jwks import KeySet, key_set
from cds_service.settings import Settings, SettingsError
from cds_service.used_tokens import FILE, UsedTokens, UsedTokensError
from hooks.protocol import ProtocolError

Reason = Literal[
    "no-token",
    "not-a-bearer-token",
    "malformed",
    "type",
    "issuer",
    "algorithm",
    "jku",
    "key-set",
    "key",
    "signature",
    "claims",
    "expired",
    "not-yet-valid",
    "lifetime",
    "audience",
    "tenant",
    "replay",
    "replay-store",
]

LEEWAY = 60
"""Seconds by which the clocks of client and service may differ; clients round `iat` up, too."""

LIFETIME = 3600
"""Seconds between `iat` and `exp`, at most."""

MAX_TOKEN = 8192
REQUIRED = ["iss", "aud", "exp", "iat", "jti"]
BEARER = re.compile(r"bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.IGNORECASE)

REASONS: tuple[tuple[type[jwt.PyJWTError], Reason], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not-yet-valid"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.InvalidAlgorithmError, "algorithm"),
    (jwt.InvalidKeyError, "key"),
    (jwt.InvalidTokenError, "claims"),
)
"""What the library says of a token whose parts could be read, and our word for it; the first that fits."""


class Refused(ProtocolError):
    """A request that is not let in: always the same answer. reason: for the log alone."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(401, "login", "Not authenticated.")
        self.reason = reason


class Token(NamedTuple):
    """A token as it was sent: nothing in it is to be believed. header, claims: its parts, as they are written."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]


class Known(NamedTuple):
    """A client and its keys. keys: where a token may say that its key is -> the key set."""

    client: Client
    keys: dict[str, KeySet]


class Authentication:
    """Lets requests in, or refuses them."""

    def __init__(self, settings: Settings) -> None:
        """Read the clients. Raises ContentError for a clients file, SettingsError for a folder that cannot be used."""
        self._settings = settings
        clients = load_clients(settings) if settings.auth != "off" else ()
        self._known = {client.iss: Known(client, _key_sets(client)) for client in clients}
        self._used = _used_tokens(settings) if clients else None
        if clients and settings.public_url is None:
            logs.tell(logs.EventLine(event="audience-from-host-header", setting="CDS_PUBLIC_URL"))
        if settings.auth == "optional" and not clients:
            logs.tell(logs.EventLine(event="every-token-refused", setting="CDS_CLIENTS"))

    async def caller(self, request: Request) -> Client | None:
        """Return the client that calls; None for anybody where that is allowed. Raises Refused."""
        return await (await self.begin(request))

    async def begin(self, request: Request) -> Awaitable[Client | None]:
        """Return what to wait for to know the `caller`: the signature is verified in a thread, from now on.

        Whoever can be refused without that is refused at once: nothing more of his is read. Raises Refused.
        """
        sent = request.headers.getlist("authorization")
        if self._settings.auth == "off" or (not sent and self._settings.auth == "optional"):
            return _anybody()
        token = _read(sent)
        known = self._issuer(token)
        key = await _key(known, token)
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(None, self._verify, token, known.client, key, self._url(request))

    def close(self) -> None:
        """Let go of the file of used tokens."""
        if self._used is not None:
            self._used.close()

    def _issuer(self, token: Token) -> Known:
        iss = token.claims.get("iss")
        known = self._known.get(iss) if isinstance(iss, str) else None
        if known is None:
            raise Refused("issuer")
        return known

    def _url(self, request: Request) -> str:
        """Return the URL that was called, as the client sees it."""
        base = self._settings.public_url or str(request.base_url).rstrip("/")
        return f"{base}{request.scope['path']}"

    def _verify(self, token: Token, client: Client, key: jwt.PyJWK, url: str) -> Client:
        """Return the client after its token's signature, claims and first use were checked. Raises Refused."""
        try:
            claims = jwt.decode(
                token.text,
                key,
                algorithms=client.algorithms,
                audience=(url, *client.audiences),
                issuer=client.iss,
                leeway=LEEWAY,
                options={"require": REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise Refused(_reason(error)) from None
        _check_claims(claims, client)
        self._check_first_use(claims)
        return client

    def _check_first_use(self, claims: dict[str, Any]) -> None:
        """Let a token in once. It is remembered a little longer than it could be used: checking takes time, too."""
        try:
            if self._used is None or self._used.use(claims["iss"], claims["jti"], claims["exp"] + 2 * LEEWAY):
                return
        except UsedTokensError:
            raise Refused("replay-store") from None
        raise Refused("replay")


async def _anybody() -> None:
    """Nobody in particular calls."""


def _key_sets(client: Client) -> dict[str, KeySet]:
    if client.jwks_file is None:
        return {jku: key_set(None, jku, client.algorithms) for jku in client.jku}
    return dict.fromkeys(client.jku or ("",), key_set(client.jwks_file, "", client.algorithms))


def _used_tokens(settings: Settings) -> UsedTokens:
    try:
        return UsedTokens(settings.data_dir / FILE)
    except UsedTokensError as error:
        raise SettingsError("CDS_DATA_DIR", str(error)) from error


def _read(sent: list[str]) -> Token:
    """Return the one token that was sent, unverified."""
    if not sent:
        raise Refused("no-token")
    match = BEARER.fullmatch(sent[0]) if len(sent) == 1 and len(sent[0]) <= MAX_TOKEN else None
    if match is None:
        raise Refused("not-a-bearer-token")
    try:
        parts = jwt.decode_complete(match[1], options={"verify_signature": False})
    except jwt.PyJWTError:
        raise Refused("malformed") from None
    return Token(match[1], parts["header"], parts["payload"])


async def _key(known: Known, token: Token) -> jwt.PyJWK:
    """Return the key that a token names, of those that are its client's."""
    header = token.header
    algorithm, kid, jku = header.get("alg"), header.get("kid"), header.get("jku")
    if header.get("typ") != "JWT":
        raise Refused("type")
    if not isinstance(algorithm, str) or algorithm not in known.client.algorithms:
        raise Refused("algorithm")
    if "jku" in header and (not isinstance(jku, str) or jku not in known.client.jku):
        raise Refused("jku")
    if not isinstance(kid, str) or not kid:
        raise Refused("key")
    sets = known.keys.values() if jku is None else (known.keys[jku],)
    for keys in sets:
        if (key := await keys.find(kid, algorithm)) is not None:
            return key
    raise Refused("key" if any(keys.is_known for keys in sets) else "key-set")


def _reason(error: jwt.PyJWTError) -> Reason:
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), "malformed")


def _check_claims(claims: dict[str, Any], client: Client) -> None:
    """Check what the library does not. Times are whole numbers, as CDS Hooks says; text or a fraction is none."""
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    if not all(type(time) is int for time in times):
        raise Refused("claims")
    if not 0 < claims["exp"] - claims["iat"] <= LIFETIME + LEEWAY:
        raise Refused("lifetime")
    if not claims["jti"]:
        raise Refused("claims")
    if client.tenants and claims.get("tenant") not in client.tenants:
        raise Refused("tenant")
