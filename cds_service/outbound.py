"""Which addresses this service may call: the FHIR servers that the settings name, and what lies under them.

An address is compared by what it means (scheme, host, port, path), never by how it is spelt: what cannot be read with
certainty (a user, a percent sign, a semicolon or a dot segment in the path, a backslash, a blank, another alphabet) is
refused. Some servers read `..;x` as `..`, others as a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from hooks.protocol import DOTS

ANY = "*"
PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """What a URL names, without its query."""

    scheme: str
    host: str
    port: int
    path: str

    def is_under(self, base: Address) -> bool:
        """Whether it is the base itself, or lies under it."""
        if (self.scheme, self.host, self.port) != (base.scheme, base.host, base.port):
            return False
        return self.path == base.path or self.path.startswith(f"{base.path}/")


def address_of(url: str) -> Address | None:
    """Return what an absolute http(s) URL names; None when that is not certain."""
    if not all("!" <= character <= "~" for character in url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or "@" in parts.netloc or "#" in url or "%" in parts.netloc + parts.path:
        return None
    if ";" in parts.path or not DOTS.isdisjoint(parts.path.split("/")):
        return None
    return Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def under(base: str, relative: str) -> str | None:
    """Return the absolute URL of a query, or of a link as it is written, under a server's base; None when it is not."""
    try:
        url = urljoin(f"{base}/", relative)
    except ValueError:
        return None
    address, own = address_of(url), address_of(base)
    return url if address is not None and own is not None and address.is_under(own) else None


class Outbound:
    """The FHIR servers that may be called."""

    def __init__(self, servers: Sequence[str]) -> None:
        self._any = ANY in servers
        self._bases = tuple(base for server in servers if (base := address_of(server)) is not None)

    def server(self, url: str) -> Address | None:
        """Return the address of a FHIR server that a request names; None when it may not be called."""
        address = address_of(url)
        if address is None or "?" in url:
            return None
        return address if self._any or any(address.is_under(base) for base in self._bases) else None
