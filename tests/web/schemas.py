"""Whether an answer is one of those that the OpenAPI document names for its route."""

from __future__ import annotations

import functools
import json
import re
from importlib.resources import files
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]

from cds_service import openapi

EVERYWHERE = {404, 405}
"""Statuses that any path and method may answer, before a route is known."""


def schema(file: str) -> dict[str, Any]:
    """Return a JSON Schema of CDS Hooks by its file's name."""
    text = (files("hooks") / "schemas" / f"{file}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@functools.cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return openapi.described()


@functools.cache
def validator(name: str) -> Any:
    """Return what checks a body against a schema of the document."""
    whole = {"$ref": f"{openapi.COMPONENTS}{name}", "components": document()["components"]}
    kind = jsonschema.Draft202012Validator
    return kind(whole, format_checker=kind.FORMAT_CHECKER)


def assert_described(answer: httpx2.Response) -> None:
    """The status is named for the route and the body fits its schema; beyond the routes every error is an outcome."""
    name = _schema_name(answer)
    if name is not None:
        validator(name).validate(answer.json())


def _schema_name(answer: httpx2.Response) -> str | None:
    request = answer.request
    operation = operation_of(request.url.path, request.method)
    if operation is None:
        return "OperationOutcome" if answer.status_code >= 400 else None
    responses = operation["responses"]
    if answer.status_code in EVERYWHERE and str(answer.status_code) not in responses:
        return "OperationOutcome"
    content = _resolved(responses[str(answer.status_code)])["content"]
    reference: str = content["application/json"]["schema"].get("$ref", "")
    return reference.rpartition("/")[2] or None


def operation_of(path: str, method: str) -> dict[str, Any] | None:
    """Return what the document says of a call; None when it names no such route."""
    for template, item in document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            found: dict[str, Any] | None = item.get(method.lower())
            return found
    return None


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    found: dict[str, Any] = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found
