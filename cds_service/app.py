"""The HTTP service: routes, and the one place where errors become statuses.

The hook's route reads the raw body and answers prepared bytes; nothing between them builds a model or a dict.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import gc
import math
import time
import uuid
import zoneinfo
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service import demo_pages, fatigue, logs
from cds_service.about import AboutPages
from cds_service.authentication import Authentication, Refused
from cds_service.clients import Client
from cds_service.content import Content, load_content
from cds_service.gathering import Gathering
from cds_service.headers import HEADERS_STATE, SecurityHeaders, headers_of
from cds_service.ledger import LedgerError, open_ledger
from cds_service.metrics import Metrics
from cds_service.openapi import Interface
from cds_service.settings import Settings, load_settings
from cds_service.stats import stats
from cds_service.threads import Bounded
from cds_service.trial_pages import TrialPages
from hooks import protocol
from hooks.prefetch import NOTHING, Templates, parts_of, templates
from hooks.protocol import Cards, Discovery, HookRequest, ProtocolError, ServiceDescription
from hooks.services import SERVICES, Service
from mappings.digest import rules_of
from mappings.fhir import read_record
from mappings.verdicts import Results
from terminology.errors import RecordError

JSON = "application/json"
LINE = "cds_service.line"
"""Where a request carries its log line."""

USAGE = (
    "Works from the prefetch alone. What is not sent is fetched from fhirServer where this service may call it, and is "
    "otherwise shown as not known, never as absent. Only the Patient is needed for an answer. Of a patient only a "
    "keyed hash is stored."
)

UNREACHABLE = "The ledger cannot be reached at the moment; send it again later."

STOPPING = "The service is being stopped; send it again later."

HTTP_WORDS = {404: ("not-found", "There is nothing here."), 405: ("not-supported", "This method is not answered here.")}

AT_ONCE = 500
"""Requests in one process at a time; one more with a body is 503, so that memory has a bound."""

BODY_SECONDS = 5
"""Within which a body has come, or is 408: half of one must not hold a place, or the stop of the process, for ever."""

FATIGUE_SHARE = 0.1
"""Of the time for an answer, how long it waits to know what the user overrode: fetching leaves that much."""

LEDGER_SHARE = 0.9
"""Of the same time, how long feedback and the question whether all is well wait for the ledger."""

LEDGER_CALLS = 8
"""At once; fewer than connections to the database."""

COUNTING = 2
"""Read-backs at once: they may take long, and keep nobody else from the ledger."""

COUNTING_SECONDS = 30
"""For which a read-back is waited for."""

T = TypeVar("T")
Today = Callable[[], dt.date]


def create_app(settings: Settings, today: Today | None = None, content: Content | None = None) -> Starlette:
    """Return the service. today: the clock; by default the day in `CDS_TIME_ZONE`. content: by default the settings'.

    Raises ContentError when trials, triggers, value sets, the site file or the clients file cannot be used,
    SettingsError when the ledger or the data folder cannot.
    """
    desk = Desk(settings, content or load_content(settings), today or _clock(settings.time_zone))
    app = Starlette(lifespan=desk.open)
    app.router.redirect_slashes = False
    for path, endpoint, method in (*desk.routes(), *desk.pages()):
        app.add_route(path, _named(endpoint, path), methods=[method])
    if settings.demo:
        demo_pages.add(app, desk.known, desk.today)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Door, metrics=desk.metrics)
    app.add_middleware(Preflights, **_cors(settings))
    app.add_middleware(SecurityHeaders, public_url=settings.public_url)
    desk.warm()
    return app


def patience(settings: Settings) -> int:
    """Return the seconds that a stop waits: for whatever was begun and can end, and not for who never reads."""
    return math.ceil(max(settings.deadline_seconds, BODY_SECONDS)) + 2


def from_environment() -> Starlette:
    """Return the service as its environment describes it; what uvicorn's workers call."""
    logs.configure()
    return create_app(load_settings())


def _clock(time_zone: str) -> Today:
    zone = zoneinfo.ZoneInfo(time_zone)
    return lambda: dt.datetime.now(zone).date()


def _cors(settings: Settings) -> dict[str, Any]:
    headers = ["authorization", "content-type"]
    return {"allow_origins": settings.cors_origins, "allow_methods": ["GET", "POST"], "allow_headers": headers}


Endpoint = Callable[[Request], Any]


def _named(endpoint: Endpoint, path: str) -> Endpoint:
    """Note the route's template in the log line; the path as sent may hold anything."""

    async def answer(request: Request) -> Response:
        request.scope[LINE].route = path
        response: Response = await endpoint(request)
        return response

    return answer


class Desk:
    """What the routes share: content, services, clock."""

    def __init__(self, settings: Settings, content: Content, today: Today) -> None:
        self.settings, self.content, self.today = settings, content, today
        self.services = {service.id: service for service in SERVICES}
        self.known: dict[str, Templates] = {service.id: self._templates(service) for service in SERVICES}
        self.authentication = Authentication(settings)
        self.gathering = Gathering(settings, content.catalogue.vocabulary)
        self.rules = functools.cache(lambda id_: rules_of(content.catalogue.trials[id_], content.catalogue))
        self.ledger = open_ledger(settings, self.rules, recognising=bool(content.site.fatigue))
        self.asking, self.counting = Bounded(LEDGER_CALLS, "asking the ledger"), Bounded(COUNTING, "counting")
        self.metrics = Metrics(self.ledger)
        self.discovery = protocol.encode(Discovery([self._described(service) for service in SERVICES]))

    def _templates(self, service: Service) -> Templates:
        catalogue = self.content.catalogue
        return templates(service.trials(catalogue), self.content.vocabulary, self.content.maps)

    def _described(self, service: Service) -> ServiceDescription:
        return ServiceDescription(
            hook=service.hook,
            id=service.id,
            title=service.title,
            description=service.description,
            prefetch={template.key: template.query for template in self.known[service.id].values()},
            usageRequirements=USAGE,
        )

    @asynccontextmanager
    async def open(self, app: Starlette) -> AsyncIterator[dict[str, Any]]:
        """Let connections know their headers, and let go of what the service holds when it stops."""
        del app
        yield {HEADERS_STATE: headers_of(self.settings.public_url)}
        self.gathering.close()
        await run_in_threadpool(self.ledger.close)
        self.authentication.close()

    def routes(self) -> list[tuple[str, Endpoint, str]]:
        """Return (path, endpoint, method) of everything under /cds-services, /health and /metrics."""
        return [
            ("/cds-services", self.discover, "GET"),
            ("/cds-services/", self.discover, "GET"),
            ("/cds-services/{id}", self.call, "POST"),
            ("/cds-services/{id}/feedback", self.take_feedback, "POST"),
            ("/stats", self.stats, "GET"),
            ("/health/live", self.health, "GET"),
            ("/health/ready", self.ready, "GET"),
            ("/metrics", self.measured, "GET"),
        ]

    def pages(self) -> list[tuple[str, Endpoint, str]]:
        """Return (path, endpoint, method) of what the service says of itself, to programs and to people."""
        interface = Interface(
            self.settings,
            self.known,
            lambda service, asked: self.cards(service, self.results(service, asked)),
            self.today,
        )
        catalogue = self.content.catalogue
        trials, about = TrialPages(catalogue, self.rules), AboutPages(catalogue, self.rules)
        return [*trials.routes(), *about.routes(), *interface.routes()]

    async def discover(self, request: Request) -> Response:
        """Answer discovery."""
        await self.authentication.caller(request)
        return Response(self.discovery, media_type=JSON)

    async def call(self, request: Request) -> Response:
        """Answer a hook with cards."""
        service, hook_request, caller = await self._asked(request, _hook_request)
        line: logs.RequestLine = request.scope[LINE]
        line.oddity = "" if hook_request.instance_is_uuid else "hook-instance-no-uuid"
        answer = Cards(await self._cards(service, hook_request, caller, line))
        self.ledger.give(service.id, hook_request, answer.cards)
        line.cards = len(answer.cards)
        return Response(protocol.encode(answer), media_type=JSON)

    async def _cards(
        self, service: Service, request: HookRequest, caller: Client | None, line: logs.RequestLine
    ) -> list[protocol.Card]:
        """Return the cards of one service; none for a patient who reads his own chart, since cards are for clinicians.

        Raises ProtocolError 412 when the Patient is missing or cannot be read.
        """
        if request.patient_facing:
            return []
        gathered = await self.gathering.complete(request, self.known[service.id], caller.fhir_servers if caller else ())
        line.queries, line.faults = gathered.queries or None, tuple(sorted(set(gathered.lost.values())))
        results = self.results(service, gathered.request, gathered.lost)
        self.metrics.add_results(service.id, results, asked={each.type for each in self.known[service.id].values()})
        return await self._wanted(request, self.cards(service, results), line)

    async def _wanted(
        self, request: HookRequest, cards: list[protocol.Card], line: logs.RequestLine
    ) -> list[protocol.Card]:
        """Return the cards without those that this user overrode; all of them where nobody knows."""
        periods = self.content.site.fatigue
        if not periods or not request.user or not cards:
            return cards
        try:
            found = await self._from_ledger(lambda: self.ledger.overridden(request), share=FATIGUE_SHARE)
        except LedgerError:
            return cards
        said = {card.uuid: self.ledger.said(card) for card in cards}
        shown = fatigue.shown(cards, said, fatigue.in_force(found, periods, self.today()))
        line.withheld = len(cards) - len(shown) or None
        return shown

    async def _from_ledger(self, call: Callable[[], T], *, share: float = LEDGER_SHARE) -> T:
        """Return what the ledger answers within a share of the time for an answer. Raises LedgerError."""
        try:
            return await self.asking.call(call, seconds=share * self.settings.deadline_seconds)
        except TimeoutError as error:
            raise LedgerError from error

    def cards(self, service: Service, results: Results) -> list[protocol.Card]:
        """Return what one service says of what was decided."""
        return service.cards(results, results.view, self.content.site.card_cap)

    def results(self, service: Service, request: HookRequest, lost: Mapping[str, str] = NOTHING) -> Results:
        """Return what is decided for one service. lost: prefetch key -> why it could not be fetched.

        Raises ProtocolError 412 when the Patient is missing or cannot be read.
        """
        parts = parts_of(request, self.known[service.id], lost)
        catalogue, day = self.content.catalogue, self.today()
        try:
            record = read_record(parts, vocabulary=catalogue.vocabulary, today=day, patient_id=request.patient)
        except RecordError as error:
            raise ProtocolError(412, "required", f"No answer without a Patient: {error.what}.") from error
        return catalogue.evaluate(record, shown_only=True)

    async def take_feedback(self, request: Request) -> Response:
        """Take feedback: the whole batch, or none of it. What is acknowledged is stored."""
        service, items, _ = await self._asked(request, _feedback)
        await self._from_ledger(lambda: self.ledger.keep(service.id, items))
        return Response(b"{}", media_type=JSON)

    async def stats(self, request: Request) -> Response:
        """Answer how many cards were given and what became of them."""
        await self.authentication.caller(request)
        try:
            told = await self.counting.call(lambda: stats(self.ledger, self.services), seconds=COUNTING_SECONDS)
        except TimeoutError as error:
            raise LedgerError from error
        return Response(told, media_type=JSON)

    async def health(self, request: Request) -> Response:
        """Answer that the service is up; content is loaded before it answers anything."""
        del request
        return Response(b'{"status":"ok"}', media_type=JSON)

    async def ready(self, request: Request) -> Response:
        """Answer that all is as it should be: without its ledger the service gives cards, and takes no feedback."""
        await self._from_ledger(self.ledger.check)
        return await self.health(request)

    async def measured(self, request: Request) -> Response:
        """Answer what was counted, for Prometheus."""
        del request
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def _asked(self, request: Request, read: Callable[[bytes, Service], T]) -> tuple[Service, T, Client | None]:
        """Return the service, what was asked of it and who asks; None for anybody where that is allowed.

        A signature is verified beside the reading. Who is not let in learns nothing of what he sent.
        """
        verifying = await self.authentication.begin(request)
        try:
            service = self._service(request)
            asked = read(await self._body(request), service)
        finally:
            caller = await verifying
        return service, asked, caller

    def _service(self, request: Request) -> Service:
        service = self.services.get(request.path_params["id"])
        if service is None:
            raise ProtocolError(404, "not-found", "There is no CDS service of this id.")
        request.scope[LINE].service = service.id
        return service

    async def _body(self, request: Request) -> bytes:
        """Return the body, of the right type and not too long, however it was sent."""
        _check_type(request)
        limit = self.settings.max_body_bytes
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit:
            raise _too_long(limit)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await _received(request, limit)
        except TimeoutError:
            raise ProtocolError(408, "timeout", "The body did not come in time.") from None

    def warm(self) -> None:
        """Answer once, then take what is now in memory out of the collector's sight: it stays for good."""
        body = b'{"hook":"patient-view","hookInstance":"0","context":{"patientId":"0"},"prefetch":{"patient":'
        request = protocol.read_request(body + b'{"resourceType":"Patient","id":"0"}}}', hook="patient-view")
        for service in SERVICES:
            protocol.encode(Cards(self.cards(service, self.results(service, request))))
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000)


def _hook_request(body: bytes, service: Service) -> HookRequest:
    return protocol.read_request(body, hook=service.hook)


def _feedback(body: bytes, service: Service) -> list[protocol.FeedbackItem]:
    del service
    return protocol.read_feedback(body)


async def _received(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_long(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_type(request: Request) -> None:
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media != JSON and not media.endswith("+json"):
        raise ProtocolError(415, "not-supported", f"Send {JSON}.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProtocolError(415, "not-supported", "Send the body without a content encoding.")


def _too_long(limit: int) -> ProtocolError:
    return ProtocolError(413, "too-long", f"The body is longer than {limit} bytes.")


# Errors


HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 408: {"Connection": "close"}, 503: {"Retry-After": "1"}}


def _outcome(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status_code=status, media_type=JSON, headers=headers)


def _protocol_error(error: ProtocolError) -> Response:
    body = protocol.operation_outcome(code=error.code, what=error.what, expression=error.expression)
    return _outcome(error.status, body, HEADERS.get(error.status))


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, as the router reports them."""
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, what = HTTP_WORDS.get(status, ("processing", "This request cannot be answered."))
    headers = error.headers if isinstance(error, HTTPException) else None
    return _outcome(status, protocol.operation_outcome(code=code, what=what), dict(headers or {}))


class Preflights(CORSMiddleware):
    """CORS, in which a preflight that is granted has no body, and one that is refused is an OperationOutcome too."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            text = {"content-type", "content-length"}
            return Response(headers={name: value for name, value in answer.headers.items() if name not in text})
        what = "This origin, method or header is not among those that may call."
        return _protocol_error(ProtocolError(answer.status_code, "forbidden", what))


class Door:
    """Every request passes here: it gets its log line, and what went wrong becomes an answer.

    `except Exception` stands here and nowhere else: an error nobody foresaw is a 500 with a reference into the log,
    never an answer with fewer cards.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics, self.inside = app, metrics, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.inside += 1
        line = scope[LINE] = logs.RequestLine()
        started = time.perf_counter()

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                line.status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, send_on, line)
        finally:
            self.inside -= 1
            line.duration_ms = round((time.perf_counter() - started) * 1000, 2)
            self.metrics.add_request(line)
            logs.write(line)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, line: logs.RequestLine) -> None:
        try:
            if self.inside > AT_ONCE and scope["method"] == "POST":
                raise ProtocolError(503, "throttled", "Too many requests at once; ask again in a second.")
            await self.app(scope, receive, send)
        except ProtocolError as error:
            line.refused = error.reason if isinstance(error, Refused) else ""
            await _protocol_error(error)(scope, receive, send)
        except LedgerError as error:
            line.error = logs.where(error.__cause__ or error)
            await _protocol_error(ProtocolError(503, "transient", UNREACHABLE))(scope, receive, send)
        except ClientDisconnect:
            line.status = 499
        except asyncio.CancelledError:  # the process stops, and has waited long enough
            if not line.status:
                await _protocol_error(ProtocolError(503, "transient", STOPPING))(scope, receive, send)
        except Exception as error:
            line.correlation, line.error = str(uuid.uuid4()), logs.where(error)
            what = "The service failed; its log has more under this reference."
            body = protocol.operation_outcome(code="exception", what=what, diagnostics=line.correlation)
            await _outcome(500, body)(scope, receive, send)
