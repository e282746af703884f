"""Completing a request: what its prefetch lacks is fetched, as far as the server and the time allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from cds_service.fetching import NOT_ALLOWED, Access, Fetched, Fetcher, FetchFault, Query, access
from cds_service.outbound import Outbound, under
from cds_service.settings import Settings
from hooks.prefetch import NOTHING, Templates, lacking
from hooks.protocol import HookRequest
from mappings.fhir.bodies import Unresolved, next_page, unresolved
from terminology.valuesets import Vocabulary

SHARE = 0.85
"""Of the time for an answer, what fetching may use; the rest is for deciding and for the way back."""

IDS = 50
"""Ids in one query for what resources refer to."""

ELSEWHERE = "what a resource refers to is on another server"

FOLLOWED = "references"
"""How the keys begin under which what resources refer to is added."""


class Gathered(NamedTuple):
    """A request with what was fetched.

    lost: prefetch key -> why it, or a part of it, did not come; FHIR type -> why what resources refer to did not.
    """

    request: HookRequest
    lost: Mapping[str, str] = NOTHING
    queries: int = 0


class Gathering:
    """Completes requests from the FHIR servers that the settings name."""

    def __init__(self, settings: Settings, vocabulary: Vocabulary) -> None:
        self._settings, self._vocabulary = settings, vocabulary
        self._outbound, self._fetcher = Outbound(settings.fhir_servers), Fetcher()

    async def complete(self, request: HookRequest, known: Templates, servers: Sequence[str] = ()) -> Gathered:
        """Return the request with the keys that were absent or null, and the pages that were not sent.

        Nothing is fetched when nothing is lacking, unless what was sent cannot be understood without more.
        servers: of those that may be called, the ones that this caller may name; all when there are none.
        """
        queries = _queries(request, known)
        if not request.fhirServer or not (queries or self._unresolved(request, needed_only=True).ids):
            return Gathered(request)
        try:
            leave = self._access(request, servers)
        except FetchFault as fault:
            return Gathered(request, dict.fromkeys(queries, fault.what))
        fetched = await self._fetcher.fetch(leave, queries)
        completed = _with(request, fetched)
        wanted = self._unresolved(completed, needed_only=not queries)
        more = await self._referred(wanted.ids, leave)
        elsewhere = dict.fromkeys(sorted(wanted.elsewhere), ELSEWHERE)
        lost = {key: found.missing for key, found in fetched.items() if found.missing}
        lost |= {_type_of(key): found.missing for key, found in more.items() if found.missing}
        return Gathered(_with(completed, more), lost | elsewhere, len(fetched) + len(more))

    def close(self) -> None:
        """Let go of the threads."""
        self._fetcher.close()

    def _access(self, request: HookRequest, servers: Sequence[str]) -> Access:
        """Return leave to call the request's server. Raises FetchFault when there is none."""
        if servers and Outbound(servers).server(request.fhirServer or "") is None:
            raise FetchFault(NOT_ALLOWED)
        seconds = self._settings.deadline_seconds * SHARE
        return access(request, self._outbound, seconds=seconds, size=self._settings.max_body_bytes)

    def _unresolved(self, request: HookRequest, *, needed_only: bool) -> Unresolved:
        """Return what the resources refer to and was not sent; with a complete prefetch only what they need."""
        bodies, base = request.prefetch.values(), request.fhirServer or ""
        return unresolved(bodies, self._vocabulary, lambda url: under(base, url) is not None, needed_only=needed_only)

    async def _referred(self, wanted: Mapping[str, Sequence[str]], leave: Access) -> dict[str, Fetched]:
        """Return the resources of these types with these ids."""
        chunks = [(type_, ids[i : i + IDS], i) for type_, ids in wanted.items() for i in range(0, len(ids), IDS)]
        queries = {f"{FOLLOWED}.{type_}.{i}": Query(f"{type_}?_id={','.join(ids)}") for type_, ids, i in chunks}
        return await self._fetcher.fetch(leave, queries)


def _type_of(key: str) -> str:
    """Return the FHIR type of what resources refer to, of the key under which it is added."""
    return key.split(".")[1]


def _queries(request: HookRequest, known: Templates) -> dict[str, Query]:
    """Return the queries of the keys that are lacking, and of the pages that follow those that were sent."""
    absent = {template.key: Query(template.query_for(request.patient)) for template in lacking(request, known)}
    pages = {key: Query(page, body) for key, body in request.prefetch.items() if (page := next_page(body))}
    return absent | pages


def _with(request: HookRequest, fetched: Mapping[str, Fetched]) -> HookRequest:
    came = {key: found.body for key, found in fetched.items() if found.body is not None}
    return msgspec.structs.replace(request, prefetch={**request.prefetch, **came})
