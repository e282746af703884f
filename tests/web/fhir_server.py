"""A FHIR server for tests: searches, pages and reads like a real one, and does every fault that is asked of it."""

from __future__ import annotations

import functools
import gzip
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from terminology.codings import Coding

Json = dict[str, Any]
S = TypeVar("S", bound=ThreadingHTTPServer)
Fault = Callable[["Answering"], None]
"""What the server does instead of answering a query; it may answer all the same (`answering.answer()`)."""


class FhirServer(ThreadingHTTPServer):
    """resources: what it holds. page: entries in a page. delay: seconds before each answer. calls: what was asked."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, resources: Iterable[Json]) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.resources = list(resources)
        self.page, self.delay = 1000, 0.0
        self.faults: dict[str, Fault] = {}
        self.calls: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.asked: defaultdict[str, int] = defaultdict(int)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/fhir"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error here."""


@contextmanager
def fhir_server(resources: Iterable[Json]) -> Iterator[FhirServer]:
    """Run a server with these resources."""
    with running(FhirServer(resources)) as server:
        yield server


@contextmanager
def running(server: S) -> Iterator[S]:
    """Run a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Answering(BaseHTTPRequestHandler):
    """One connection; `type` is the FHIR type of the query in hand, `query` its parameters or the body as sent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FhirServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.take(url.path, url.query)

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self.take(urlsplit(self.path).path.removesuffix("/_search"), form)

    def take(self, path: str, query: str) -> None:
        self.query = query
        self.parameters = {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()}
        self.type, _, self.id = path.removeprefix("/fhir").strip("/").partition("/")
        self.type = self.type or self.parameters.get("_of", "")
        self.server.calls.append((self.command, self.path))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.asked[self.type] += 1
        time.sleep(self.server.delay)
        fault = self.server.faults.get(self.type)
        if fault is None:
            self.answer()
        else:
            fault(self)

    def answer(self) -> None:
        """Answer as a server without faults does."""
        if self.id:
            found = [r for r in self.server.resources if (r["resourceType"], r["id"]) == (self.type, self.id)]
            self.send(found[0]) if found else self.send(outcome("not-found"), 404)
        else:
            self.send(self.searchset())

    def searchset(self) -> Json:
        codes = self.codes()
        found = [r for r in self.server.resources if r["resourceType"] == self.type and self.matches(r, codes)]
        start = int(self.parameters.get("_offset", 0))
        page = found[start : start + self.server.page]
        links = [{"relation": "self", "url": f"{self.server.base}/{self.type}?{self.kept()}"}]
        if start + self.server.page < len(found):
            # As HAPI writes it: the base alone, without a slash or a type.
            following = f"_of={self.type}&_offset={start + self.server.page}&{self.kept()}"
            links.append({"relation": "next", "url": f"{self.server.base}?{following}"})
        entries = [{"fullUrl": f"{self.server.base}/{r['resourceType']}/{r['id']}", "resource": r} for r in page]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
        return {**bundle, "entry": entries} if entries else {**bundle, "total": 0}

    def kept(self) -> str:
        return urlencode({key: value for key, value in self.parameters.items() if key not in {"_of", "_offset"}})

    def matches(self, resource: Json, codes: set[Coding]) -> bool:
        if "_id" in self.parameters:
            return resource["id"] in self.parameters["_id"].split(",")
        subject: Json = next((resource[k] for k in ("subject", "patient", "individual") if k in resource), {})
        if subject.get("reference") != f"Patient/{self.parameters.get('patient')}":
            return False
        return "code" not in self.parameters or not codes.isdisjoint(codings(resource.get("code", {})))

    def codes(self) -> set[Coding]:
        pairs = (token.split("|") for token in self.parameters.get("code", "|").split(","))
        return {Coding(system, code) for system, code in pairs}

    def send(self, body: Json, status: int = 200, **headers: str) -> None:
        self.raw(json.dumps(body).encode(), status, **headers)

    def raw(self, body: bytes, status: int = 200, kind: str = "application/fhir+json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def codings(concept: Json) -> set[Coding]:
    return {Coding(c.get("system", ""), c.get("code", "")) for c in concept.get("coding", ())}


def outcome(code: str, severity: str = "error") -> Json:
    """Return an OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


# Faults


def status(number: int, body: bytes = b"", kind: str = "text/html", **headers: str) -> Fault:
    """Answer with a status."""
    return lambda answering: answering.raw(body, number, kind, **headers)


def says(body: bytes, kind: str = "application/fhir+json") -> Fault:
    """Answer 200 with these bytes."""
    return lambda answering: answering.raw(body, 200, kind)


def resource(body: Json) -> Fault:
    """Answer 200 with this resource."""
    return lambda answering: answering.send(body)


def hang(answering: Answering, seconds: float = 30) -> None:
    """Answer nothing for longer than anybody waits."""
    time.sleep(seconds)


def hang_shortly(answering: Answering) -> None:
    """Answer nothing for longer than the shortest deadline, but not for ever."""
    hang(answering, 2)


def drip(answering: Answering) -> None:
    """Answer one byte at a time, for ever."""
    answering.send_response(200)
    answering.send_header("content-length", "100000")
    answering.end_headers()
    for _ in range(600):
        answering.wfile.write(b" ")
        time.sleep(0.05)


def drip_header(answering: Answering) -> None:
    """Answer one byte of a header at a time, for ever."""
    answering.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(300):
        answering.wfile.write(b"a")
        time.sleep(0.1)


def endless_redirect(answering: Answering) -> None:
    """Send the query elsewhere, with a body that does not end while anybody reads it."""
    answering.send_response(302)
    answering.send_header("location", "/elsewhere")
    answering.end_headers()
    for _ in range(1000):
        answering.wfile.write(b" " * 1000)
        time.sleep(0.005)


def cut_off(answering: Answering) -> None:
    """Promise more than is sent, and close."""
    answering.send_response(200)
    answering.send_header("content-length", "100000")
    answering.end_headers()
    answering.wfile.write(b'{"resourceType":"Bundle","entry":[')
    answering.close_connection = True


def close(answering: Answering) -> None:
    """Close without a word."""
    answering.close_connection = True


def busy_first(times: int, number: int = 503, **headers: str) -> Fault:
    """Say that it is busy so many times, then answer."""

    def fault(answering: Answering) -> None:
        if answering.server.asked[answering.type] <= times:
            answering.raw(b"", number, **headers)
        else:
            answering.answer()

    return fault


def compressed(answering: Answering) -> None:
    """Answer with gzip."""
    body = gzip.compress(json.dumps(answering.searchset()).encode())
    answering.raw(body, content_encoding="gzip")


def bomb(answering: Answering) -> None:
    """Answer with a few bytes that unpack to very many."""
    answering.raw(packed(50_000_000), content_encoding="gzip")


@functools.cache
def packed(size: int) -> bytes:
    """Return so many blanks, compressed."""
    return gzip.compress(b" " * size)


def too_long_for_a_url(answering: Answering) -> None:
    """Refuse a query by GET, as Jetty refuses a long one; take it as a form."""
    if answering.command == "GET":
        answering.raw(b"<h1>Bad Message 414</h1>", 414, "text/html")
    else:
        answering.answer()


def page_two(fault: Fault) -> Fault:
    """Do something on the second page only."""

    def second(answering: Answering) -> None:
        if "_offset" in answering.parameters:
            fault(answering)
        else:
            answering.answer()

    return second


def by_id(fault: Fault) -> Fault:
    """Do something only where resources are asked for by their ids."""

    def fetching(answering: Answering) -> None:
        if "_id" in answering.parameters:
            fault(answering)
        else:
            answering.answer()

    return fetching


def next_link(url: str) -> Fault:
    """Answer with a next link that leads somewhere."""

    def leading(answering: Answering) -> None:
        bundle = answering.searchset()
        links = [*bundle["link"], {"relation": "next", "url": url.format(base=answering.server.base)}]
        answering.send({**bundle, "link": links})

    return leading
