"""From bytes to shapes, entry by entry: one resource that cannot be read never loses the others.

The whole body is decoded in one pass. Only when something in it does not fit, it is taken apart: each entry on its
own, and the misfits become `Unreadable`. Both ways give the same shapes. What is nested deeper than any record is not
read: taking it apart level by level would cost the square of its depth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from mappings.fhir.shapes import (
    MISFIT,
    NULL,
    AnyBody,
    AnyResource,
    Bundle,
    Element,
    Entry,
    Link,
    Resource,
    Unreadable,
)
from terminology.errors import RecordError

Body = Resource | Unreadable

_body = msgspec.json.Decoder(AnyBody)
_resource = msgspec.json.Decoder(AnyResource)


NESTED = 8
"""Bundles in a Bundle, one in the other, that are opened; a server answers a batch with two."""

TOO_DEEP = "it is nested too deeply"


class _RawEntry(Element):
    full_url: str | None = None
    resource: msgspec.Raw = NULL
    response: msgspec.Raw = NULL


class _RawBundle(Element):
    type: str | None = None
    total: int | None = None
    link: list[Link] | None = None
    entry: list[msgspec.Raw] | None = None


class _Wrapped(Element):
    """A value that carries its resource inside, as `{resource, response}`."""

    resource: msgspec.Raw = NULL


class _Peek(Element):
    resource_type: str | None = None
    id: str | None = None


def decode(raw: bytes | msgspec.Raw) -> Body:
    """Return a resource, or a Bundle with its entries; what does not fit its shape is `Unreadable`.

    Raises RecordError when the bytes are not JSON, or not a JSON object.
    """
    try:
        return _decode(raw, NESTED)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not JSON: {_misfit(error)}") from error


def _decode(raw: bytes | msgspec.Raw, levels: int) -> Body:
    """Return a body in which so many levels of Bundles are opened."""
    try:
        body: Body = _body.decode(raw)
    except msgspec.ValidationError as error:  # what follows may still be no JSON: that error is the caller's
        return _take_apart(raw, _misfit(error), levels)
    limit_nesting(body, levels)
    return body


def limit_nesting(body: Body | None, levels: int = NESTED) -> None:
    """Make `Unreadable` the Bundles that lie deeper in a body than so many levels."""
    if not isinstance(body, Bundle):
        return
    for entry in body.entry or ():
        if type(entry.resource) is Bundle:
            if levels:
                limit_nesting(entry.resource, levels - 1)
            else:
                entry.resource = Unreadable("Bundle", None, TOO_DEEP)


def _take_apart(raw: bytes | msgspec.Raw, why: str, levels: int) -> Body:
    peek = _peek(raw)
    if peek.resource_type == "Bundle":
        return _take_bundle_apart(raw, levels)
    if peek.resource_type is None and (inside := _inside(raw)) is not None:
        return _decode(inside, levels - 1) if levels else Unreadable("", None, TOO_DEEP)
    return Unreadable(peek.resource_type or "", peek.id, why)


def _peek(raw: bytes | msgspec.Raw) -> _Peek:
    """Return type and id as far as they can be read."""
    try:
        return msgspec.json.decode(raw, type=_Peek)
    except msgspec.ValidationError:
        pass
    try:
        loose = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        raise RecordError("not a FHIR resource: a JSON object is needed") from None
    return _Peek(resource_type=_text(loose.get("resourceType")), id=_text(loose.get("id")))


def _text(raw: msgspec.Raw | None) -> str | None:
    try:
        return msgspec.json.decode(raw, type=str) if raw is not None else None
    except msgspec.ValidationError:
        return None


def _inside(raw: bytes | msgspec.Raw) -> msgspec.Raw | None:
    try:
        inside = msgspec.json.decode(raw, type=_Wrapped).resource
    except msgspec.ValidationError:
        return None
    return None if inside is NULL else inside


def _take_bundle_apart(raw: bytes | msgspec.Raw, levels: int) -> Body:
    try:
        bundle = msgspec.json.decode(raw, type=_RawBundle)
    except msgspec.ValidationError as error:
        return Unreadable("Bundle", None, _misfit(error))
    return Bundle(type=bundle.type, total=bundle.total, link=bundle.link, entry=_entries(bundle.entry or [], levels))


def _entries(raw_entries: Sequence[msgspec.Raw], levels: int) -> list[Entry]:
    entries = []
    for raw in raw_entries:
        try:
            entry = msgspec.json.decode(raw, type=_RawEntry)
            resource = decode_resource(entry.resource, levels)
            entries.append(Entry(full_url=entry.full_url, resource=resource, response=entry.response))
        except MISFIT as error:
            entries.append(Entry(resource=Unreadable("", None, _misfit(error))))
    return entries


def decode_resource(raw: bytes | msgspec.Raw, levels: int = NESTED) -> Body | None:
    """Return one resource, `Unreadable` when it does not fit; None for JSON's null. levels: Bundles still opened."""
    try:
        resource: Body | None = _resource.decode(raw)
    except MISFIT as error:
        if bytes(raw).strip() == b"null":
            return None
        try:
            peek = _peek(raw)
        except (RecordError, RecursionError):
            return Unreadable("", None, _misfit(error))
        if peek.resource_type == "Bundle":
            return _decode(raw, levels - 1) if levels else Unreadable("Bundle", None, TOO_DEEP)
        return Unreadable(peek.resource_type or "", peek.id, _misfit(error))
    return resource


def _misfit(error: Exception) -> str:
    """The decoder's message without any value of the record."""
    if isinstance(error, RecursionError):
        return TOO_DEEP
    what, path = misfit(error)
    return f"{what} - at `${path}`" if path else what


_PATH = re.compile(r"[\w.\[\]]*`", re.ASCII)
"""Names of members and indices, as the decoder writes them at the very end."""


def misfit(error: Exception) -> tuple[str, str]:
    """Return what does not fit and where (`.entry[0].id`, or nothing), without any value that was sent.

    What follows `value` or a quotation mark may be one, in quotation marks of either kind.
    """
    what, _, path = str(error).rpartition(" - at `$")
    if _PATH.fullmatch(path) is None:
        what, path = str(error), ""
    return re.split(r"(?<=\bvalue) |\s*['\"]", what, maxsplit=1)[0] or "it is malformed", path.rstrip("`")
