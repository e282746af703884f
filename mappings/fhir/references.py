"""What references in a record point to, whatever form they have. Nothing here refers back to who asks."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any

import msgspec

from mappings.fhir import shapes
from mappings.fhir.decoding import decode_resource
from mappings.fhir.ownership import Ownership

Found = tuple[Any, str | None, frozenset[str] | None]
"""A resource, its fullUrl, and the types that the part it came in was asked for."""

POINTED_TO = frozenset(
    {
        shapes.BodyStructure,
        shapes.Condition,
        shapes.Consent,
        shapes.Medication,
        shapes.ResearchStudy,
        shapes.Specimen,
    }
)
"""Types that others point to for more of what they say."""

ENTERED_IN_ERROR = "entered-in-error"

REFERENCES = msgspec.json.Decoder(list[shapes.Reference] | None)


def source_of(resource: Any, full_url: str | None) -> str:
    """Return the reference by which a resource is cited: `Observation/123`, else its fullUrl."""
    if resource.id:
        return f"{type(resource).__name__}/{resource.id}"
    return full_url or f"{type(resource).__name__} without id"


def superseded(versions: Sequence[Found]) -> list[Found]:
    """Return the versions of one resource that a later one replaces; none when it cannot be told which is the later."""
    stamped = [(_stamp(resource), item) for item in versions for resource in item[:1]]
    stamps = {stamp for stamp, _ in stamped}
    if len(versions) < 2 or len(stamps) < len(stamped) or None in stamps:
        return []
    last = max(stamp for stamp, _ in stamped if stamp)
    return [item for stamp, item in stamped if stamp != last]


def _stamp(resource: Any) -> tuple[float, int] | None:
    """When a version was stored, and its number; None when the record does not say."""
    try:
        meta = shapes.META.decode(resource.meta)
        updated = dt.datetime.fromisoformat(meta.last_updated).timestamp() if meta and meta.last_updated else 0.0
        number = int(meta.version_id) if meta and meta.version_id else 0
    except (*shapes.MISFIT, ValueError):
        return None
    return (updated, number) if updated or number else None


class References:
    """The references of one record. Each index is made only when it is first needed.

    What says that it is another patient's is pointed to by nothing.
    """

    def __init__(self, found: Sequence[Found], ownership: Ownership) -> None:
        self._found, self._ownership = found, ownership

    def key(self, reference: shapes.Reference | None) -> str | None:
        """Return the source that a reference names (`Procedure/7`); the address itself of what is on another server."""
        if reference is None or not reference.reference:
            return None
        text = reference.reference.split("/_history/")[0]
        if text.startswith("#"):
            return text
        if ":" in text:
            return self._sources_by_url.get(text) or self._elsewhere(text)
        return "/".join(text.split("/")[-2:])

    def _elsewhere(self, url: str) -> str:
        """Return what an address names that no entry has: by its end, unless the record has that from elsewhere."""
        end = "/".join(url.split("/")[-2:])
        return url if url.startswith("urn:") or end in self._with_address else end

    def resolve(self, reference: shapes.Reference | None, owner: Any) -> Any:
        """Return the resource a reference points to, contained ones included; None when it is not in the record.

        One that was entered in error, or is another patient's, is passed by like one that is not there.
        """
        found = self.find(reference, owner)
        if getattr(found, "status", None) == ENTERED_IN_ERROR or self._ownership.is_of_another(found):
            return None
        return found

    def find(self, reference: shapes.Reference | None, owner: Any) -> Any:
        """Return the resource a reference points to, whatever it is worth."""
        if reference is None or not reference.reference:
            return None
        if reference.reference.startswith("#"):
            return _contained(owner, reference.reference[1:])
        return self._pointed_to.get(self.key(reference) or "")

    def procedures(self, references: Sequence[shapes.Reference]) -> frozenset[str]:
        """Return the sources of the procedures that references name: one that leads nowhere says nothing."""
        return self._procedures.intersection(map(self.key, references))

    def report_of(self, source: str) -> str | None:
        """Return the source of the report that gives an observation as one of its results."""
        return min((source_of(*report) for report in self._reports.get(source, ())), default=None)

    def reported(self, source: str) -> list[shapes.DiagnosticReport]:
        """Return the reports that give an observation as one of their results."""
        return [report for report, _ in self._reports.get(source, ())]

    @functools.cached_property
    def _pointed_to(self) -> dict[str, Any]:
        return {source_of(r, full_url): r for r, full_url, _ in self._found if type(r) in POINTED_TO}

    @functools.cached_property
    def _procedures(self) -> frozenset[str]:
        return frozenset(source_of(r, url) for r, url, _ in self._found if type(r) is shapes.Procedure)

    @functools.cached_property
    def _sources_by_url(self) -> dict[str, str]:
        named = ((r, full_url) for r, full_url, _ in self._found if full_url)
        return {url: source_of(r, url) for r, url in named if not isinstance(r, shapes.Unreadable)}

    @functools.cached_property
    def _with_address(self) -> frozenset[str]:
        return frozenset(source for url, source in self._sources_by_url.items() if "://" in url)

    @functools.cached_property
    def _reports(self) -> dict[str, list[tuple[shapes.DiagnosticReport, str | None]]]:
        found: dict[str, list[tuple[shapes.DiagnosticReport, str | None]]] = {}
        for report, full_url, _ in self._found:
            if type(report) is shapes.DiagnosticReport and not self._ownership.is_of_another(report):
                for key in {self.key(reference) for reference in references_in(report.result)} - {None}:
                    found.setdefault(key or "", []).append((report, full_url))
        return found


def references_in(raw: msgspec.Raw) -> list[shapes.Reference]:
    """Return the references of an element that was left unread; none when it cannot be read."""
    try:
        return REFERENCES.decode(raw) or []
    except shapes.MISFIT:
        return []


def _contained(owner: Any, id_: str) -> Any:
    for raw in getattr(owner, "contained", None) or ():
        inner = decode_resource(raw)
        if getattr(inner, "id", None) == id_:
            return inner
    return None
