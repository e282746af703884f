"""The public keys of a CDS client: a JSON Web Key Set, in a file or at an address, read again when keys rotate.

An address is one that the clients file names; it is called without credentials, follows no redirect, and is bounded in
size and time. A token cannot make it be called more often than once in `COOL_DOWN` seconds.
"""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import jwt
import requests
from urllib3.exceptions import HTTPError

from cds_service.calling import Session, pieces
from cds_service.threads import in_thread
from terminology.errors import CdsError

LIFESPAN = 600.0
"""Seconds after which keys are read again."""

KEPT = 3600.0
"""Seconds after which keys that cannot be read again are no longer believed."""

COOL_DOWN = 10.0
"""Seconds between two attempts to read again."""

SECONDS = 2.0
MAX_SIZE = 256 * 1024
HEADERS = {"Accept": "application/json", "User-Agent": "oncology-trial-cds"}

Keys = Mapping[tuple[str, str], jwt.PyJWK]
"""(kid, algorithm) -> the one key of that name which fits the algorithm."""

Read = Callable[[], Keys]


class KeysError(CdsError):
    """A key set that cannot be had. what: why."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class KeySet:
    """The keys of one client, kept. read: reads them; runs in a thread of its own. clock: seconds, steady.

    A reading that takes too long goes on by itself. None begins while another runs: there are never more of them than
    key sets, and nobody else's signature waits for one.
    """

    def __init__(self, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._keys: Keys | None = None
        self._read_at = self._not_before = float("-inf")
        self._lock = asyncio.Lock()
        self._reading: Future[Keys] | None = None

    @property
    def is_known(self) -> bool:
        """Whether there are keys at all."""
        return self._keys is not None

    async def find(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of this name for this algorithm; keys that are old or lack it are read again, once."""
        seen = self._keys
        if seen is None or (kid, algorithm) not in seen or self._age() > LIFESPAN:
            async with self._lock:
                if self._keys is seen and self._clock() >= self._not_before:
                    await self._renew()
        return None if self._keys is None else self._keys.get((kid, algorithm))

    async def _renew(self) -> None:
        """Read the keys again; those that were known stay, for a while, when they cannot be read."""
        first = self._keys is None
        self._not_before = self._clock() + COOL_DOWN  # whatever comes of it
        try:
            self._keys = await self._read_anew()
            self._read_at = self._clock()
        except (KeysError, TimeoutError):
            if self._age() > KEPT:
                self._keys = None
        else:
            self._not_before = self._clock() if first else self._not_before

    async def _read_anew(self) -> Keys:
        """Return the keys as they are now. Raises KeysError, and TimeoutError after some seconds."""
        if self._reading is not None and not self._reading.done():
            raise KeysError("an earlier reading has not ended")
        self._reading = in_thread(self._read, "keys")
        return await asyncio.wait_for(asyncio.wrap_future(self._reading), SECONDS)

    def _age(self) -> float:
        return self._clock() - self._read_at


def key_set(client_file: Path | None, url: str, algorithms: Iterable[str]) -> KeySet:
    """Return the keys of a file, or of an address when there is no file."""
    if client_file is not None:
        return KeySet(functools.partial(from_file, client_file, algorithms))
    return KeySet(functools.partial(from_url, url, algorithms))


def from_file(file: Path, algorithms: Iterable[str]) -> Keys:
    """Return the keys of a file. Raises KeysError."""
    try:
        raw = file.read_bytes()
    except OSError:
        raise KeysError(f"{file} cannot be read") from None
    return parse(raw, algorithms)


def from_url(url: str, algorithms: Iterable[str]) -> Keys:
    """Return the keys of an address. Raises KeysError."""
    deadline = time.monotonic() + SECONDS
    try:
        with Session(HEADERS) as session, session.get(url, allow_redirects=False, timeout=SECONDS) as answer:
            return parse(_body(answer, deadline), algorithms)
    except (requests.RequestException, HTTPError, TimeoutError, ValueError):
        raise KeysError("the key set could not be fetched") from None


def _body(response: requests.Response, deadline: float) -> bytes:
    if response.status_code != 200:
        raise KeysError(f"the key set's address answered {response.status_code}")
    body = b""
    for piece in pieces(response, deadline):
        body += piece
        if len(body) > MAX_SIZE:
            raise KeysError("the key set is too long")
    return body


def parse(raw: bytes, algorithms: Iterable[str]) -> Keys:
    """Return the keys of a JSON Web Key Set that fit one of the algorithms.

    Two keys of one name that fit the same algorithm are no key: which of them is meant cannot be known. Raises
    KeysError for what is no key set.
    """
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise KeysError("not JSON") from None
    written = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(written, list):
        raise KeysError("not a JSON Web Key Set")
    found: defaultdict[tuple[str, str], list[jwt.PyJWK]] = defaultdict(list)
    for jwk in written:
        for algorithm in algorithms:
            if isinstance(jwk, dict) and (key := _key(jwk, algorithm)) is not None:
                found[jwk["kid"], algorithm].append(key)
    return {name: keys[0] for name, keys in found.items() if len(keys) == 1}


def _key(jwk: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    """Return a key for an algorithm; None when it is meant for another, or for anything but verification."""
    if not isinstance(jwk.get("kid"), str) or "d" in jwk:
        return None
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        return None
    try:
        key = jwt.PyJWK(jwk, algorithm)
        key.Algorithm.prepare_key(key.key)
    except (jwt.PyJWTError, TypeError, ValueError, KeyError):
        return None
    return key
