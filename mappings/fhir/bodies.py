"""What a caller may ask of a body before it is read into a record."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.fhir.decoding import Body
from mappings.fhir.shapes import Bundle, DiagnosticReport, Observation, OperationOutcome, Patient, Unreadable


def resources(body: Body | None) -> Iterator[Body]:
    """Yield the resources of a Bundle (of Bundles), or the one resource that the body is."""
    if isinstance(body, Bundle):
        for entry in body.entry or ():
            yield from resources(entry.resource)
    elif body is not None:
        yield body


def patient_ids(body: Body | None) -> list[str | None]:
    """Return the id of every Patient in a body; None for one without."""
    return [resource.id for resource in resources(body) if isinstance(resource, Patient)]


def types_in(body: Body | None) -> frozenset[str]:
    """Return the FHIR types that a body holds; those of unreadable resources as far as they can be had."""
    found = resources(body)
    names = {r.type if isinstance(r, Unreadable) else type(r).__name__ for r in found}
    return frozenset(names - {"", "OperationOutcome"})


def is_other_than(body: Body | None, types: frozenset[str]) -> bool:
    """Whether a body is one resource of a type that was not asked for: it then answers nothing."""
    if body is None or isinstance(body, Bundle | OperationOutcome | Unreadable):
        return False
    return type(body).__name__ not in types


def came_newest_first(body: Body | None) -> bool:
    """Whether the server says that it sorted by date, newest first (the `self` link), and the days do not deny it."""
    if not isinstance(body, Bundle):
        return False
    if not any(link.relation == "self" and "_sort=-date" in (link.url or "") for link in body.link or ()):
        return False
    days = [day for resource in resources(body) if (day := _day(resource)) is not None]
    return days == sorted(days, reverse=True)


def _day(resource: object) -> str | None:
    """The day of a result as it was written; None when it is not known to the day."""
    if not isinstance(resource, Observation | DiagnosticReport):
        return None
    start = resource.effective_period.start if resource.effective_period else None
    text = resource.effective_date_time or start or ""
    return text[:10] if len(text) >= 10 else None
