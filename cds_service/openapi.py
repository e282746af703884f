"""The interface as OpenAPI 3.1: written by hand (`openapi.yaml`), with the schemas of CDS Hooks and worked examples."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cds_service import DISTRIBUTION, docs_page
from cds_service.demo import demo_request
from cds_service.settings import Settings
from hooks.prefetch import Templates
from hooks.protocol import Card, Cards, HookRequest, read_request
from hooks.services import SERVICES, Service

Schema = dict[str, Any]
CardsOf = Callable[[Service, HookRequest], list[Card]]

FILES = ("discovery", "request", "response", "feedback", "operation-outcome")
COMPONENTS = "#/components/schemas/"
EXAMPLE = "trigger-positive"
"""The demo patient of the examples."""


class Interface:
    """Answers `/openapi.json` and `/docs`. cards: what the examples answer. today: the day of the examples."""

    def __init__(
        self, settings: Settings, known: Mapping[str, Templates], cards: CardsOf, today: Callable[[], dt.date]
    ) -> None:
        self.settings, self.cards, self.today = settings, cards, today
        self.keys = {t.key: t.type for templates in known.values() for t in templates.values()}
        self._of_day = functools.lru_cache(maxsize=1)(self._document)

    def routes(self) -> list[tuple[str, Callable[[Request], Any], str]]:
        """Return (path, endpoint, method)."""
        return [("/openapi.json", self.describe, "GET"), ("/docs", self.show, "GET")]

    async def describe(self, request: Request) -> Response:
        """Answer the document."""
        del request
        return Response(msgspec.json.encode(self._of_day(self.today())), media_type="application/json")

    async def show(self, request: Request) -> Response:
        """Answer the same as a page."""
        del request
        return HTMLResponse(docs_page.docs_page(self._of_day(self.today()), self.settings))

    def _document(self, day: dt.date) -> Schema:
        found = described()
        found["servers"] = [{"url": self.settings.public_url or "/"}]
        _add_examples(found["paths"], demo_request(EXAMPLE, day, keys=self.keys), self.cards, day)
        return found


def described() -> Schema:
    """Return the document without server and examples."""
    found: Schema = yaml.safe_load((files("cds_service") / "openapi.yaml").read_text(encoding="utf-8"))
    found["info"]["version"] = version(DISTRIBUTION)
    found["components"]["schemas"] |= schemas()
    found["components"]["parameters"]["Service"]["schema"]["enum"] = [service.id for service in SERVICES]
    return found


def schemas() -> dict[str, Schema]:
    """Return the schemas of CDS Hooks by name, referring to each other as components."""
    found: dict[str, Schema] = {}
    for name in FILES:
        text = (files("hooks") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
        whole = json.loads(text.replace("#/$defs/", COMPONENTS))
        found |= whole.pop("$defs", {})
        del whole["$schema"]
        found[whole["title"]] = whole
    return found


def _add_examples(paths: Schema, request: Schema, cards: CardsOf, day: dt.date) -> None:
    """Put into the document what a demo patient's chart asks, what is answered, and what feedback may follow."""
    asked = read_request(msgspec.json.encode(request), hook=request["hook"])
    answers = {service.id: msgspec.to_builtins(Cards(cards(service, asked))) for service in SERVICES}
    call, feedback = paths["/cds-services/{id}"]["post"], paths["/cds-services/{id}/feedback"]["post"]
    _body(call["requestBody"])["examples"] = {EXAMPLE: {"summary": "An invented patient", "value": request}}
    _body(call["responses"]["200"])["examples"] = {
        id_: {"summary": f"What {id_} answers", "value": answer} for id_, answer in answers.items()
    }
    card = next(card for answer in answers.values() for card in answer["cards"])
    _body(feedback["requestBody"])["examples"] = {
        "overridden": {"summary": "A card was set aside", "value": {"feedback": [_overridden(card, day)]}}
    }


def _body(carrier: Schema) -> Schema:
    body: Schema = carrier["content"]["application/json"]
    return body


def _overridden(card: Schema, day: dt.date) -> Schema:
    reason = card["overrideReasons"][0]
    time = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": reason},
        "outcomeTimestamp": time.isoformat(),
    }
