"""The prefetch: templates derived from what the criteria need, and what a request brought of it.

Only plain `{{context.patientId}}` is used, since not every client evaluates more. Observations alone are asked for by
code: of every other type the absence of a record may decide, and a filter could hide one. A DiagnosticReport may say
its result by its conclusion under any code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hooks.protocol import PATIENT_KEY, HookRequest, ProtocolError
from mappings.fhir import DECIDING, Body, Part
from mappings.fhir.bodies import came_newest_first, is_other_than, patient_ids, types_in
from mappings.trials import Trial
from terminology.codings import ICD10_DIALECTS, Coding
from terminology.valuesets import Vocabulary

KEYS = {
    "Condition": "conditions",
    "Procedure": "procedures",
    "AllergyIntolerance": "allergies",
    "Observation": "observations",
    "DiagnosticReport": "diagnosticReports",
    "MedicationRequest": "medicationRequests",
    "MedicationStatement": "medicationStatements",
    "MedicationAdministration": "medicationAdministrations",
    "ServiceRequest": "serviceRequests",
    "CarePlan": "carePlans",
    "ResearchSubject": "researchSubjects",
    "Consent": "consents",
    "Specimen": "specimens",
}
"""FHIR type -> prefetch key, in the order in which they are listed."""

SORTED = frozenset({"Observation", "DiagnosticReport"})
"""Types whose latest result counts: asked for newest first, so that one page may be enough."""

PATIENT_TOKEN = "{{context.patientId}}"
COUNT = 500
MAX_URL = 7500
"""Characters of one template; servers refuse URLs of more than 8000."""

NOT_SENT = "not sent"


class Template:
    """One key of the prefetch: the query, and the FHIR type that it brings in full."""

    __slots__ = ("key", "query", "type", "types")

    def __init__(self, key: str, type_: str, query: str) -> None:
        self.key, self.type, self.query = key, type_, query
        self.types = frozenset({type_})

    def query_for(self, patient: str) -> str:
        """Return the query of one patient."""
        return self.query.replace(PATIENT_TOKEN, patient)


Templates = Mapping[str, Template]
NOTHING: Mapping[str, str] = {}


def templates(
    trials: Iterable[Trial], vocabulary: Vocabulary, maps: Mapping[Coding, tuple[Coding, ...]]
) -> dict[str, Template]:
    """Return the templates that these trials need, by key. maps: local code -> standard codes, asked for as well."""
    trials = list(trials)
    needed = frozenset[str]().union(*(trial.needed_types for trial in trials))
    found = [Template(PATIENT_KEY, "Patient", f"Patient/{PATIENT_TOKEN}")]
    for type_, key in KEYS.items():
        if type_ == "Observation" and type_ in needed:
            found += _by_code(type_, key, sorted(_codes(trials, vocabulary, maps)))
        elif type_ in needed:
            found.append(Template(key, type_, _query(type_)))
    return {template.key: template for template in found}


def _query(type_: str, codes: str = "") -> str:
    code = f"&code={codes}" if codes else ""
    sort = "&_sort=-date" if type_ in SORTED else ""
    return f"{type_}?patient={PATIENT_TOKEN}{code}{sort}&_count={COUNT}"


def _codes(trials: Iterable[Trial], vocabulary: Vocabulary, maps: Mapping[Coding, tuple[Coding, ...]]) -> set[Coding]:
    """The codes by which the trials find Observations; ICD-10 never codes one."""
    names = frozenset[str]().union(*(trial.results_by_code for trial in trials))
    sets = [vocabulary.value_sets[name] for name in names]
    codes = {c for set_ in sets for c in set_.codes - set_.excluded if c.system not in ICD10_DIALECTS}
    return codes | {local for local, targets in maps.items() if not codes.isdisjoint(targets)}


def _by_code(type_: str, key: str, codes: Sequence[Coding]) -> Iterator[Template]:
    """One template, or several numbered ones where a URL would grow too long; each brings its part of the codes."""
    room = MAX_URL - len(_query(type_, "-"))
    chunk, number = "", 1
    for system, code in codes:
        token = f"{system}|{code}"
        if chunk and len(chunk) + len(token) + 1 > room:
            yield Template(f"{key}{number if number > 1 else ''}", type_, _query(type_, chunk))
            chunk, number = token, number + 1
        else:
            chunk = f"{chunk},{token}" if chunk else token
    yield Template(f"{key}{number if number > 1 else ''}", type_, _query(type_, chunk))


def lacking(request: HookRequest, known: Templates) -> list[Template]:
    """Return the templates whose key is absent or null: what a client may have left for us to fetch."""
    return [template for template in known.values() if request.prefetch.get(template.key) is None]


def parts_of(request: HookRequest, known: Templates, lost: Mapping[str, str] = NOTHING) -> list[Part]:
    """Return what came, key by key, and what did not.

    lost: key -> why it, or a part of it, could not be fetched; FHIR type -> why resources of it that others refer to
    could not.

    A known key that was sent (an empty Bundle too) brings its type in full; null or no key at all does not. What
    came under another key is read, but makes no type complete. A type that no key asks for is not complete.

    Raises ProtocolError 412 when the patient's own resource is under no key.
    """
    require_patient(request, lost.get(PATIENT_KEY))
    parts = [_part(template, request.prefetch.get(template.key), lost.get(template.key)) for template in known.values()]
    others = (body for key, body in request.prefetch.items() if key not in known and body is not None)
    parts += [Part(body, types_in(body)) for body in others]
    parts += [Part(None, frozenset({type_}), lost[type_]) for type_ in sorted(DECIDING & lost.keys())]
    asked = {template.type for template in known.values()}
    return [*parts, Part(None, DECIDING - asked, "not asked for")]


def _part(template: Template, body: Body | None, lost: str | None = None) -> Part:
    if body is None:
        return Part(None, template.types, lost or NOT_SENT)
    missing = "something else was sent" if is_other_than(body, template.types) else lost
    return Part(body, template.types, missing, newest_first=came_newest_first(body))


def require_patient(request: HookRequest, lost: str | None = None) -> None:
    """Refuse a request without its patient's own resource, which may be under any key. lost: why it was not fetched."""
    bodies = request.prefetch.values()
    if any(request.patient in patient_ids(body) for body in bodies):
        return
    why = lost or "it was not sent or cannot be read"
    what = f"The prefetch key '{PATIENT_KEY}' is needed, and there is no Patient resource: {why}."
    raise ProtocolError(412, "required", what, f"prefetch.{PATIENT_KEY}")


def parts_of_file(prefetch: Mapping[str, Body | None], known: Templates) -> list[Part]:
    """Return what a request on file brought, whatever its keys are called.

    Under our own keys it is read as the service reads it. Under any other key a Bundle brings the types that it holds
    and those that its key names (`my-conditions`); a type that came under no key is not complete.
    """
    others = {key: body for key, body in prefetch.items() if key not in known and body is not None}
    brought = [Part(body, types_in(body) | _named(key)) for key, body in others.items()]
    held = frozenset[str]().union(*(part.types or frozenset() for part in brought))
    own = (
        _part(template, prefetch.get(template.key))
        for template in known.values()
        if prefetch.get(template.key) is not None or template.type not in held
    )
    return [*brought, *own]


def _named(key: str) -> frozenset[str]:
    """The FHIR types that a key names, so that an empty Bundle under it says something."""
    letters = "".join(c for c in key.casefold() if c.isalpha())
    return frozenset(t for t, name in KEYS.items() if t.casefold() in letters or name.casefold() in letters)
