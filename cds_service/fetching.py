"""Fetching what a request's prefetch lacks, from the FHIR server that the request names.

All queries of a request run side by side, each page by page, until the deadline; what came by then counts, and of what
did not it is said why. Each server has threads of its own, so one that hangs holds up its own callers only. A token is
used for its own request and stands nowhere else; no redirect is followed, no cookie kept.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from cds_service.calling import Session, pieces
from cds_service.outbound import Address, Outbound, under
from cds_service.threads import Threads
from hooks.protocol import FhirAuthorization, HookRequest, UnusableAuthorization
from mappings.fhir import Body, Bundle, decode
from mappings.fhir.bodies import joined, next_page
from terminology.errors import CdsError, RecordError

THREADS = 24
"""Calls to one server at a time."""

SERVERS = 32
"""Servers whose threads are kept; more can be met only where any server may be called."""

MAX_PAGES = 200
MAX_ENTRIES = 50_000
TRIES = 3
CONNECT_SECONDS = 2.0
PAUSE_SECONDS = 0.1
BUSY = frozenset({429, 503})
TOO_LONG = frozenset({414, 431})

HEADERS = {
    "Accept": "application/fhir+json",
    "Cache-Control": "no-cache",  # HAPI answers an identical search from its cache for a minute
    "User-Agent": "oncology-trial-cds",
}

REFUSED = "the FHIR server refused access"
LATE = "the FHIR server did not answer in time"
NOT_READ = "the FHIR server's answer could not be read"
NOT_ALLOWED = "the FHIR server of the request is not one that may be called"
UNUSABLE = "the token that was sent cannot be used"
WORDS = {
    401: REFUSED,
    403: REFUSED,
    404: "the FHIR server does not know it",
    410: "the FHIR server says that it is gone",
    429: "the FHIR server is busy",
    503: "the FHIR server is busy",
}


class FetchFault(CdsError):
    """Something could not be fetched. what: why, without an address or a value."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Fetched(NamedTuple):
    """What came of one query. missing: why not all of it came."""

    body: Body | None
    missing: str | None = None


class Query(NamedTuple):
    """A query relative to the server's base, or the page after the one that a client sent."""

    url: str
    sent: Body | None = None


class Budget:
    """What one request may still read of a server: bytes and entries, over all of its queries."""

    def __init__(self, size: int, entries: int = MAX_ENTRIES) -> None:
        self._left, self._lock = [size, entries], threading.Lock()

    def take(self, size: int = 0, entries: int = 0) -> None:
        """Take from what is left. Raises FetchFault when there is not as much."""
        with self._lock:
            self._left = [self._left[0] - size, self._left[1] - entries]
            if min(self._left) < 0:
                raise FetchFault("there is more than this service reads")


class Access(NamedTuple):
    """Leave to call one server for one request. deadline: of `time.monotonic`."""

    base: str
    address: Address
    token: str | None
    deadline: float
    budget: Budget

    @property
    def left(self) -> float:
        """Seconds until the deadline; never none, so that it can stand as a timeout."""
        return max(self.deadline - time.monotonic(), 0.001)

    def url(self, relative: str) -> str:
        """Return an absolute URL under the server's base. Raises FetchFault for one that is not."""
        url = under(self.base, relative)
        if url is None:
            raise FetchFault("a link leads away from the FHIR server")
        return url


def access(request: HookRequest, outbound: Outbound, *, seconds: float, size: int) -> Access:
    """Return leave to call the server that a request names.

    seconds: until the deadline. size: bytes that may be read. Raises FetchFault when the server may not be called, or
    the token is not one to be used for this patient.
    """
    server = request.fhirServer or ""
    address = outbound.server(server)
    if address is None:
        raise FetchFault(NOT_ALLOWED)
    authorization = request.fhirAuthorization or FhirAuthorization()
    if isinstance(authorization, UnusableAuthorization):
        raise FetchFault(UNUSABLE)
    if authorization.expires_in is not None:
        seconds = min(seconds, authorization.expires_in)
    token = _token(authorization, request.patient, seconds)
    return Access(server.rstrip("/"), address, token, time.monotonic() + seconds, Budget(size))


def _token(authorization: FhirAuthorization, patient: str, seconds: float) -> str | None:
    """Return the token; none for an open server. A patient's token is for that patient only."""
    token = authorization.access_token
    if not token:
        return None
    if (authorization.token_type or "Bearer").casefold() != "bearer":
        raise FetchFault("the token that was sent is not a bearer token")
    if not all("!" <= character <= "~" for character in token) or seconds <= 0:
        raise FetchFault(UNUSABLE)
    if authorization.patient and authorization.patient.removeprefix("Patient/") != patient:
        raise FetchFault("the token that was sent is for another patient")
    return token


class Fetcher:
    """Fetches queries, side by side, from servers that each have their own threads."""

    def __init__(self) -> None:
        self._pools: OrderedDict[tuple[str, str, int], Threads] = OrderedDict()
        self._sessions = threading.local()

    async def fetch(self, access: Access, queries: Mapping[str, Query]) -> dict[str, Fetched]:
        """Return what came of each query by the deadline."""
        if not queries:
            return {}
        pool = self._pool(access.address)
        chains = {key: Chain(access, query) for key, query in queries.items()}
        running = [pool.submit(functools.partial(chain.read, self._session)) for chain in chains.values()]
        await asyncio.wait([asyncio.wrap_future(future) for future in running], timeout=access.left)
        for future in running:
            future.cancel()
        return {key: chain.fetched() for key, chain in chains.items()}

    def close(self) -> None:
        """Let go of every thread, without waiting for those that still read."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, address: Address) -> Threads:
        key = address[:3]
        if key not in self._pools:
            self._pools[key] = Threads(THREADS, "fhir")
        self._pools.move_to_end(key)
        if len(self._pools) > SERVERS:
            self._pools.popitem(last=False)[1].close()
        return self._pools[key]

    def _session(self) -> requests.Session:
        """Return this thread's session: its connections are kept, nothing else is."""
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = Session(HEADERS)
        return session


class Chain:
    """One query, read page by page."""

    def __init__(self, access: Access, query: Query) -> None:
        self._access, self._query = access, query
        self._pages: list[Body] = [] if query.sent is None else [query.sent]
        self._missing: str | None = LATE

    def fetched(self) -> Fetched:
        """Return what came so far; all of it, once it was read to the end.

        Why something is missing is looked at before the pages: another thread may add one in between.
        """
        missing, pages = self._missing, list(self._pages)
        return Fetched(joined(pages) if pages else None, missing)

    def read(self, session: Callable[[], requests.Session]) -> None:
        """Read every page, or note why not; after an error that nobody foresaw, too."""
        why: str | None = NOT_READ
        try:
            self._read_pages(session())
            why = None
        except FetchFault as fault:
            why = fault.what
        finally:
            self._missing = why

    def _read_pages(self, session: requests.Session) -> None:
        url: str | None = self._access.url(self._query.url)
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= MAX_PAGES:
                raise FetchFault("there are more pages than this service reads")
            seen.add(url)
            page = _page(_call(session, self._access, url))
            self._access.budget.take(entries=len(page.entry or ()) if isinstance(page, Bundle) else 1)
            self._pages.append(page)
            following = next_page(page)
            url = self._access.url(following) if following else None


def _page(raw: bytes) -> Body:
    try:
        return decode(raw)
    except RecordError:
        raise FetchFault("the FHIR server's answer is not FHIR JSON") from None


# One call


class _Bearer(AuthBase):
    """Sends the token, or nothing."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _call(session: requests.Session, access: Access, url: str) -> bytes:
    """Return the body of a successful answer; a server that is busy, or closes a kept connection, is asked again.

    Raises FetchFault for any other answer, and for none by the deadline.
    """
    for attempt in range(TRIES):
        try:
            with _answer(session, access, url) as response:
                if response.status_code not in BUSY:
                    return _body(response, access)
                pause, why = _pause(response, attempt), WORDS[response.status_code]
        except requests.Timeout:
            raise FetchFault(LATE) from None
        except requests.ConnectionError:
            pause, why = PAUSE_SECONDS * 2**attempt, "the FHIR server could not be reached"
        except (requests.RequestException, ValueError):
            raise FetchFault("the FHIR server could not be asked") from None
        if attempt + 1 == TRIES or pause >= access.left:
            break
        time.sleep(pause)
    raise FetchFault(why)


def _answer(session: requests.Session, access: Access, url: str) -> requests.Response:
    """Return the answer, unread; a query that is too long for a URL is sent as a form."""
    found = _send(session, access, "GET", url)
    if found.status_code not in TOO_LONG or "?" not in url:
        return found
    found.close()
    path, _, query = url.partition("?")
    return _send(session, access, "POST", f"{path}/_search", query)


def _send(
    session: requests.Session, access: Access, method: str, url: str, form: str | None = None
) -> requests.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else None
    return session.request(
        method,
        url,
        data=form,
        headers=headers,
        auth=_Bearer(access.token),
        allow_redirects=False,
        timeout=(min(CONNECT_SECONDS, access.left), access.left),
    )


def _pause(response: requests.Response, attempt: int) -> float:
    """Return the seconds that a busy server asks for, else a little more each time."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else PAUSE_SECONDS * 2**attempt


def _body(response: requests.Response, access: Access) -> bytes:
    """Return the body, read as it comes so that neither its size nor its slowness goes beyond the limits."""
    if response.status_code != 200:
        raise FetchFault(_why(response.status_code))
    body: list[bytes] = []
    try:
        for piece in pieces(response, access.deadline):
            access.budget.take(size=len(piece))
            body.append(piece)
    except TimeoutError:
        raise FetchFault(LATE) from None
    except HTTPError:
        raise FetchFault("the FHIR server's answer broke off") from None
    return b"".join(body)


def _why(status: int) -> str:
    if 300 <= status < 400:
        return "the FHIR server sends the query elsewhere"
    return WORDS.get(status) or ("the FHIR server failed" if status >= 500 else "the FHIR server refused the query")
