"""Pages for people: one frame, one style sheet, every text escaped, no script; and who is shown a page."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1d2733 }
pre, code { font: 14px/1.45 ui-monospace, monospace }
code { overflow-wrap: anywhere }
pre { background: #f2f5f8; border-radius: 6px; padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere }
blockquote { margin: .4rem 0; padding: .2rem .8rem; border-left: 3px solid #b9c5d0; white-space: pre-line }
h1 { line-height: 1.25 } h2 { margin-top: 2.2rem } h3 { margin: 1.6rem 0 .3rem }
h1, h2, h3, td, dd { overflow-wrap: break-word } td code { overflow-wrap: break-word }
time { white-space: nowrap }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #dde4ea }
dt { font-weight: 600; margin-top: .6rem } dd { margin: 0 }
section { border-top: 1px solid #dde4ea; margin-top: 1rem } section p, section ul { margin: .4rem 0 }
summary { cursor: pointer }
nav a { margin-right: 1rem } li { margin: .5rem 0 } a { color: #0b5cad } small { color: #55606c; display: block }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block } thead { display: none }
  tr { border-bottom: 1px solid #dde4ea; padding: .4rem 0 } td { border: 0; padding: .1rem 0 }
  td[data-head]::before { content: attr(data-head) ": "; color: #55606c }
}
.mark { display: inline-block; border: 1px solid #b9c5d0; border-radius: 4px; padding: 0 .4rem }
.mark { font-size: .85rem; font-weight: 400 }
"""

STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
"""By which a Content-Security-Policy lets this style sheet, and no other, stand in a page."""

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - oncology-trial-cds</title><style>{style}</style></head>
<body><nav><a href="{root}trials">Trials</a><a href="{root}docs">Interface</a><a href="{root}about">About</a></nav>
<main><h1>{title}</h1>
{body}
</main></body></html>
"""

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")

_CODE = re.compile(r"`([^`]+)`")

escape = html.escape


def code(text: str) -> str:
    """Return plain text with `code` as HTML."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def dated(text: str) -> str:
    """Return plain text as HTML in which no day (2026-11-24) is broken at the end of a line."""
    return _DAY.sub(r"<time>\g<0></time>", escape(text))


def page(title: str, body: str, *, root: str = "") -> str:
    """Return a whole page. title: plain text. body: HTML, its texts escaped. root: the way up to the service's base."""
    return FRAME.format(title=escape(title), style=STYLE, root=root, body=body)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table. heads: plain text. rows: cells of HTML."""
    named = [escape(head) for head in heads]
    head = "".join(f'<th scope="col">{each}</th>' for each in named)
    body = "".join(f"<tr>{''.join(map(_cell, named, row))}</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _cell(head: str, text: str) -> str:
    """Return a cell; where the screen is narrow its head stands before it, unless there is nothing to be said."""
    return f'<td data-head="{head}">{text}</td>' if text else "<td></td>"


def terms(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return a list of terms with what is said of each, plain text both; a term without words is left out."""
    return f"<dl>{''.join(f'<dt>{escape(term)}</dt><dd>{dated(text)}</dd>' for term, text in pairs if text)}</dl>"


def link(url: str, text: str) -> str:
    """Return a link; what is no web address is shown as its text."""
    return f'<a href="{escape(url)}">{escape(text)}</a>' if url.startswith(("https://", "http://")) else escape(text)


def as_asked(request: Request, json: bytes, html_page: Callable[[], str]) -> Response:
    """Return a page to who asks for HTML, as browsers do, and JSON to everybody else."""
    vary = {"Vary": "Accept"}
    if prefers_html(request.headers.get("accept", "")):
        return HTMLResponse(html_page(), headers=vary)
    return Response(json, media_type="application/json", headers=vary)


def prefers_html(accept: str) -> bool:
    """Whether an Accept header names HTML and does not weigh JSON higher."""
    weights = dict(_weighted(part) for part in accept.split(","))
    asked = weights.get("text/html", 0)
    return asked > 0 and asked >= weights.get("application/json", 0)


def _weighted(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    try:
        return media, float(weight)
    except ValueError:
        return media, 0
