"""The interface as a page: operations, examples and schemas, drawn from the OpenAPI document without any script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds_service.pages import code, escape, page, table
from cds_service.settings import Settings

Schema = Mapping[str, Any]
METHODS = ("get", "post")


def docs_page(document: Schema, settings: Settings) -> str:
    """Return the page."""
    parts = [
        words(document["info"]["description"]),
        '<p>The same for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
        "<h2>Every call</h2>",
        table(("What", "Rule here"), _rules(settings)),
        *(_group(tag, document) for tag in document["tags"]),
        "<h2>Schemas</h2>",
        *(_schema(name, schema, document) for name, schema in sorted(document["components"]["schemas"].items())),
    ]
    return page("Interface", "\n".join(parts))


def words(text: str) -> str:
    """Return plain text with `code` as a paragraph."""
    return f"<p>{code(text)}</p>"


def _rules(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what holds for every call of this service."""
    yield "Body", "<code>Content-Type: application/json</code> (or <code>…+json</code>), UTF-8, not compressed"
    yield "Its length", f"at most {settings.max_body_bytes:,} bytes (<code>CDS_MAX_BODY_BYTES</code>)"
    yield (
        "Time",
        f"answered within {settings.deadline_seconds:g} s, fetching included (<code>CDS_DEADLINE_SECONDS</code>)",
    )
    yield "Token", f"<code>Authorization: Bearer JWT</code>: {settings.auth} (<code>CDS_AUTH</code>)"
    yield "Errors", 'an <a href="#OperationOutcome">OperationOutcome</a> with the status'


def _group(tag: Schema, document: Schema) -> str:
    shown = [
        _operation(path, method, item, document)
        for path, item in document["paths"].items()
        for method in METHODS
        if tag["name"] in item.get(method, {}).get("tags", ())
    ]
    return f"<h2>{escape(tag['name'])}</h2>{words(tag['description'])}{''.join(shown)}"


def _operation(path: str, method: str, item: Schema, document: Schema) -> str:
    operation = item[method]
    body = operation.get("requestBody")
    parts = [
        f'<section id="{escape(operation["operationId"])}">',
        f"<h3>{escape(operation['summary'])}</h3><p><code>{method.upper()} {escape(path)}</code></p>",
        words(operation["description"]),
        _parameters([resolved(each, document) for each in item.get("parameters", ())]),
        _content("Body", body) if body else "",
        table(("Status", "Meaning", "Body"), _responses(operation["responses"], document)),
        _examples(operation["responses"]["200"]) if "200" in operation["responses"] else "",
    ]
    return "".join((*parts, "</section>"))


def resolved(element: Schema, document: Schema) -> Schema:
    """Return an element of the document, or the one that it refers to."""
    if "$ref" not in element:
        return element
    found = document
    for step in element["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def _parameters(parameters: Iterable[Schema]) -> str:
    rows = [(f"<code>{escape(p['name'])}</code>", type_of(p["schema"]), code(p["description"])) for p in parameters]
    return table(("Parameter", "Type", "Meaning"), rows) if rows else ""


def _responses(responses: Schema, document: Schema) -> Iterator[tuple[str, str, str]]:
    for status, response in responses.items():
        found = resolved(response, document)
        bodies = (type_of(content["schema"]) for content in found["content"].values())
        yield escape(status), code(found["description"]), " or ".join(bodies)


def _content(title: str, carrier: Schema) -> str:
    types = " or ".join(type_of(content["schema"]) for content in carrier["content"].values())
    return f"<p>{escape(title)}: {types}</p>{_examples(carrier)}"


def _examples(carrier: Schema) -> str:
    shown = (
        example for content in carrier.get("content", {}).values() for example in content.get("examples", {}).values()
    )
    return "".join(
        f"<details><summary>Example: {escape(example['summary'])}</summary>"
        f"<pre>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre></details>"
        for example in shown
    )


# Schemas


def _schema(name: str, schema: Schema, document: Schema) -> str:
    needed = schema.get("required", ())
    rows = [
        (_member(member, required=member in needed), type_of(each), code(_meaning(each, document)))
        for member, each in schema.get("properties", {}).items()
    ]
    members = table(("Member", "Type", "Meaning"), rows) if rows else ""
    return f'<section id="{escape(name)}"><h3>{escape(name)}</h3>{words(schema["description"])}{members}</section>'


def _meaning(member: Schema, document: Schema) -> str:
    """Return what is said of a member, or of the schema that it refers to."""
    said: str = member.get("description") or resolved(member, document).get("description", "")
    return said


def _member(name: str, *, required: bool) -> str:
    return f"<code>{escape(name)}</code>{'<small>required</small>' if required else ''}"


def type_of(schema: Schema) -> str:
    """Return what a schema allows, in a few words of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(type_of(option) for option in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema.get("enum") or [schema["const"]])
    types = schema.get("type", "anything")
    text = types if isinstance(types, str) else " or ".join(types)
    return f"{escape(text)} of {type_of(schema['items'])}" if "items" in schema else escape(text)
