"""Reading one FHIR JSON resource of content (ValueSet, ConceptMap) from a folder or a package.

What a resource may hold is said by a shape: `str`, `Decimal` (any number), a list of one shape, a mapping of members,
and `Needed` for a member that must be there. Members that no shape names are for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from terminology.errors import ContentError

Folder = Traversable | Path
Place = tuple[str | int, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Needed(NamedTuple):
    """The shape of a member that must be there."""

    shape: Any


class Resource(NamedTuple):
    """A resource and the text it was read from."""

    file: str
    text: str
    content: dict[str, Any]

    def error(self, place: Place, what: str) -> ContentError:
        """Return a ContentError that names file, line and element."""
        return ContentError(self.file, line_of(self.text, place), ".".join(map(str, place)), what)


def read_folder(folder: Folder, resource_type: str, shape: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield every `*.json` in a folder, by name.

    Raises ContentError: a file that is not JSON, not a resource of this type, or not of the shape that is read of it.
    """
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            resource = _read(file, resource_type)
            for place, what in misshapen(resource.content, shape):
                raise resource.error(place, what)
            yield resource


def _read(file: Folder, resource_type: str) -> Resource:
    try:
        text = file.read_text(encoding="utf-8")
        content = json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        raise ContentError(file.name, getattr(error, "lineno", 0), "", f"not JSON: {error}") from error
    except RecursionError as error:
        raise ContentError(file.name, 0, "", "not JSON: it is nested too deeply") from error
    if not isinstance(content, dict) or content.get("resourceType") != resource_type:
        raise ContentError(file.name, 1, "resourceType", f"not a FHIR {resource_type}")
    return Resource(file.name, text, content)


def misshapen(value: Any, shape: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield the place of everything that is not of its shape, and what is wrong there. A null is as if not written."""
    if shape is str and not isinstance(value, str):
        yield place, "must be a text"
    elif shape is Decimal and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
        yield place, "must be a number"
    elif isinstance(shape, list):
        yield from _misshapen_list(value, shape[0], place)
    elif isinstance(shape, Mapping):
        yield from _misshapen_members(value, shape, place)


def _misshapen_list(value: Any, shape: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if not isinstance(value, list):
        yield place, "must be a list"
        return
    for index, item in enumerate(value):
        yield from misshapen(item, shape, (*place, index))


def _misshapen_members(value: Any, shape: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    if not isinstance(value, dict):
        yield place, "must be an object"
        return
    for name, member in shape.items():
        needed = isinstance(member, Needed)
        if value.get(name) is not None:
            yield from misshapen(value[name], member.shape if needed else member, (*place, name))
        elif needed:
            yield place, f"needs `{name}`"


def line_of(text: str, place: Place) -> int:
    """Return the line of a JSON text on which an element stands, or the nearest one above it."""
    lines: dict[Place, int] = {}
    tokens = _tokens(text)
    _note(next(tokens), tokens, (), lines)
    return next(lines[place[:length]] for length in range(len(place), -1, -1) if place[:length] in lines)


Token = tuple[str, int]
"""A string, number, word or sign of a JSON text, and its line."""


def _tokens(text: str) -> Iterator[Token]:
    line, before = 1, 0
    for match in _TOKEN.finditer(text):
        line, before = line + text.count("\n", before, match.start()), match.start()
        yield match[0], line


def _note(token: Token, tokens: Iterator[Token], place: Place, lines: dict[Place, int]) -> None:
    """Note the line of the element that begins with this token, and of all that it holds."""
    opening, line = token
    lines.setdefault(place, line)
    if opening not in "{[":
        return
    index = 0
    while (token := next(tokens))[0] not in "}]":
        if token[0] == ",":
            continue
        step: str | int = index if opening == "[" else json.loads(token[0])
        lines.setdefault((*place, step), token[1])
        if opening == "{":
            next(tokens)  # the colon
            token = next(tokens)
        _note(token, tokens, (*place, step), lines)
        index += 1
