"""The demo page: invented patients, each with the ready-made hook request of its chart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cds_service.demo import demo_request, stories
from cds_service.pages import escape, page
from hooks.prefetch import Templates

PAGE = """<p>Every patient here is invented, and every date moved to today. A link gives the CDS Hooks request that an
EHR would send when this chart is opened; answer it with</p>
<pre>curl -s {base}demo/NAME | curl -s -H 'Content-Type: application/json' -d @- {base}cds-services/SERVICE</pre>
<p><a href="cds-services">Services</a>: {services}</p>
<ul>{patients}</ul>"""


def add(app: Starlette, known: Mapping[str, Templates], today: Callable[[], dt.date]) -> None:
    """Add `/` and `/demo/{name}` to the service. today: the patients' dates are moved to this day."""
    told = stories()
    keys = {t.key: t.type for templates in known.values() for t in templates.values()}

    async def front(request: Request) -> Response:
        base, services = escape(str(request.base_url)), escape(", ".join(known))
        items = "".join(_item(name, story) for name, story in told.items())
        return HTMLResponse(page("Oncology trials: demo", PAGE.format(base=base, services=services, patients=items)))

    async def demo(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in told:
            raise HTTPException(404)
        return Response(msgspec.json.encode(demo_request(name, today(), keys=keys)), media_type="application/json")

    app.add_route("/", front, methods=["GET"])
    app.add_route("/demo/{name}", demo, methods=["GET"])


def _item(name: str, story: str) -> str:
    return f'<li><a href="demo/{escape(name)}">{escape(name)}</a> <small>{escape(story)}</small></li>'
