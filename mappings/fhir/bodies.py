"""What a caller may ask of a body before it is read into a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mappings.fhir import shapes
from mappings.fhir.decoding import Body
from mappings.fhir.record import DECIDING
from mappings.fhir.references import references_in, source_of
from mappings.fhir.shapes import Bundle, DiagnosticReport, Entry, Observation, OperationOutcome, Patient, Unreadable
from terminology.valuesets import Vocabulary


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
    """Return the FHIR types that a body holds; what cannot be read and does not say its type may be of any."""
    names = {r.type if isinstance(r, Unreadable) else type(r).__name__ for r in resources(body)}
    told = frozenset(names - {"", "Bundle", "OperationOutcome"})
    return told if names.isdisjoint({"", "Bundle"}) else told | DECIDING


def is_other_than(body: Body | None, types: frozenset[str]) -> bool:
    """Whether a body is one resource of a type that was not asked for: it then answers nothing."""
    if body is None or isinstance(body, Bundle | OperationOutcome | Unreadable):
        return False
    return type(body).__name__ not in types


def came_newest_first(body: Body | None) -> bool:
    """Whether a server says that it sorted results by date, newest first, and their days do not deny it.

    It says so by the `self` link. Of anything but results the days are not read here, so nothing would deny it.
    """
    if not isinstance(body, Bundle):
        return False
    if not any(link.relation == "self" and "_sort=-date" in (link.url or "") for link in body.link or ()):
        return False
    if types_in(body) & DECIDING - {"Observation", "DiagnosticReport", "Specimen"}:
        return False
    results = (resource for resource in resources(body) if isinstance(resource, Observation | DiagnosticReport))
    days = [day for result in results if (day := _day(result)) is not None]
    return days == sorted(days, reverse=True)


def next_page(body: Body | None) -> str | None:
    """Return the address of the page that follows a Bundle's."""
    links = (body.link or ()) if isinstance(body, Bundle) else ()
    return next((link.url for link in links if link.relation == "next" and link.url), None)


def joined(pages: Sequence[Body]) -> Body:
    """Return the pages of one search as one Bundle; the last page's next link stays, what is no Bundle is an entry."""
    first, last = pages[0], pages[-1]
    if not isinstance(first, Bundle) or len(pages) == 1:
        return first
    links = [link for link in first.link or () if link.relation != "next"]
    links += [link for link in (last.link if isinstance(last, Bundle) else None) or () if link.relation == "next"]
    entries = [entry for page in pages for entry in _entries(page)]
    return Bundle(type=first.type, total=first.total, link=links, entry=entries)


def _entries(page: Body) -> list[Entry]:
    return page.entry or [] if isinstance(page, Bundle) else [Entry(resource=page)]


class Unresolved(NamedTuple):
    """What resources refer to and is not there. ids: by FHIR type. elsewhere: types of what is on another server."""

    ids: dict[str, list[str]]
    elsewhere: frozenset[str]


def unresolved(
    bodies: Iterable[Body | None], vocabulary: Vocabulary, is_here: Callable[[str], bool], *, needed_only: bool = False
) -> Unresolved:
    """Return what the resources that criteria may ask for refer to and is not there.

    A Specimen dates its result, a report's results speak for themselves, a BodyStructure names the organ, a Medication
    the drug, a ResearchStudy the phase. is_here: whether an address lies on the server that can be asked. needed_only:
    what resources refer to that cannot be understood without it (a result without a time, a nameless drug).
    """
    found = [resource for body in bodies for resource in resources(body)]
    asking = [resource for resource in found if not needed_only or _needs_its_references(resource, vocabulary)]
    if not asking:
        return Unresolved({}, frozenset())
    there = {source_of(resource, None) for resource in found if not isinstance(resource, Unreadable)}
    wanted: dict[str, dict[str, None]] = {}
    elsewhere: set[str] = set()
    for resource in asking:
        for server, type_, id_ in _referred(resource, vocabulary):
            if server and not is_here(f"{server}/{type_}/{id_}"):
                elsewhere.add(type_)
            elif f"{type_}/{id_}" not in there:
                wanted.setdefault(type_, {})[id_] = None
    return Unresolved({type_: list(ids) for type_, ids in wanted.items()}, frozenset(elsewhere))


def _needs_its_references(resource: object, vocabulary: Vocabulary) -> bool:
    if isinstance(resource, Observation):
        undated = resource.effective_date_time is None and resource.effective_period is None
        return undated and resource.specimen is not None and _may_be_asked(resource.code, vocabulary)
    return isinstance(resource, shapes.MedicationUse) and resource.code is None


FOLLOWED = frozenset({"Specimen", "Observation", "BodyStructure", "Medication", "ResearchStudy"})


def _referred(resource: object, vocabulary: Vocabulary) -> Iterator[tuple[str, str, str]]:
    """Yield the (server, type, id) of the references of one resource that are worth following; mostly no server."""
    for reference in _worth_following(resource, vocabulary):
        rest, _, id_ = (reference.reference or "").split("/_history/")[0].rpartition("/")
        server, _, type_ = rest.rpartition("/")
        if type_ in FOLLOWED and shapes.ID.fullmatch(id_):
            yield server, type_, id_


def _worth_following(resource: object, vocabulary: Vocabulary) -> list[shapes.Reference]:
    match resource:
        case Observation() if _may_be_asked(resource.code, vocabulary):
            return [*([resource.specimen] if resource.specimen else []), *(resource.focus or ())]
        case DiagnosticReport() if _may_be_asked(resource.code, vocabulary):
            return references_in(resource.result)
        case shapes.MedicationUse() if resource.medication_reference is not None:
            return [resource.medication_reference]
        case shapes.ResearchSubject() if resource.study is not None:
            return [resource.study]
        case _:
            return []


def _may_be_asked(code: shapes.CodeableConcept | None, vocabulary: Vocabulary) -> bool:
    return any(vocabulary.may_ask(c.system, c.code) for c in (code.coding if code else None) or ())


def _day(resource: Observation | DiagnosticReport) -> str | None:
    """The day of a result as it was written; None when it is not known to the day."""
    start = resource.effective_period.start if resource.effective_period else None
    instant = resource.effective_instant if isinstance(resource, Observation) else None
    text = resource.effective_date_time or start or instant or ""
    return text[:10] if len(text) >= 10 else None
