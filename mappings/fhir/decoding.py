"""From bytes to shapes, entry by entry: one resource that cannot be read never loses the others.

The whole body is decoded in one pass. Only when something in it does not fit, it is taken apart: each entry on its
own, and the misfits become `Unreadable`. Both ways give the same shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from mappings.fhir.shapes import AnyBody, AnyResource, Bundle, Element, Entry, Link, Resource, Unreadable
from terminology.errors import RecordError

Body = Resource | Unreadable

_body = msgspec.json.Decoder(AnyBody)
_resource = msgspec.json.Decoder(AnyResource)


NULL = msgspec.Raw(b"null")


class _RawEntry(Element):
    full_url: str | None = None
    resource: msgspec.Raw = NULL


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
        return _decode_whole(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not JSON: {_misfit(error)}") from error


def _decode_whole(raw: bytes | msgspec.Raw) -> Body:
    try:
        decoded: Body = _body.decode(raw)
    except msgspec.ValidationError as error:  # what follows may still be no JSON: that error is the caller's
        return _take_apart(raw, _misfit(error))
    return decoded


def _take_apart(raw: bytes | msgspec.Raw, why: str) -> Body:
    peek = _peek(raw)
    if peek.resource_type == "Bundle":
        return _take_bundle_apart(raw)
    if peek.resource_type is None and (inside := _inside(raw)) is not None:
        return decode(inside)
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


def _take_bundle_apart(raw: bytes | msgspec.Raw) -> Body:
    try:
        bundle = msgspec.json.decode(raw, type=_RawBundle)
    except msgspec.ValidationError as error:
        return Unreadable("Bundle", None, _misfit(error))
    return Bundle(type=bundle.type, total=bundle.total, link=bundle.link, entry=_entries(bundle.entry or []))


def _entries(raw_entries: Sequence[msgspec.Raw]) -> list[Entry]:
    entries = []
    for raw in raw_entries:
        try:
            entry = msgspec.json.decode(raw, type=_RawEntry)
            entries.append(Entry(full_url=entry.full_url, resource=decode_resource(entry.resource)))
        except msgspec.ValidationError as error:
            entries.append(Entry(resource=Unreadable("", None, _misfit(error))))
    return entries


def decode_resource(raw: bytes | msgspec.Raw) -> Body | None:
    """Return one resource that is not a Bundle, `Unreadable` when it does not fit; None for JSON's null."""
    try:
        resource: Body | None = _resource.decode(raw)
    except msgspec.ValidationError as error:
        if bytes(raw).strip() == b"null":
            return None
        try:
            peek = _peek(raw)
        except RecordError:
            return Unreadable("", None, _misfit(error))
        if peek.resource_type == "Bundle":
            return decode(raw)
        return Unreadable(peek.resource_type or "", peek.id, _misfit(error))
    return resource


def _misfit(error: Exception) -> str:
    """The decoder's message without any value of the record."""
    return re.sub(r"'[^']*'", "'...'", str(error))
