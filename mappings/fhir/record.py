"""From Bundles and resources to one PatientRecord, whatever the form in which they came.

Every resource is read, skipped by a named rule, or quarantined with a reason, and the three add up. A type is
complete only when everything asked of it came: no `next` link, no error outcome, no quarantined resource.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from mappings.clinical_time import parse_date
from mappings.facts import (
    ConsentFact,
    Fact,
    ObservationFact,
    PatientRecord,
    StudyFact,
    Tally,
)
from mappings.fhir import shapes
from mappings.fhir.account import UNREADABLE, Account
from mappings.fhir.building import NOT_ASKED_FOR, Reader
from mappings.fhir.decoding import Body, decode_resource
from mappings.fhir.gate import Quarantine, Skip, check_whole, is_preliminary, status_within, vouches
from mappings.fhir.ownership import Ownership
from mappings.fhir.references import Found, References, source_of, superseded
from mappings.fhir.results import Results, dated, ordered
from terminology.errors import RecordError
from terminology.valuesets import Vocabulary

READ = frozenset(shape.__name__ for shape in shapes.READ_TYPES)
"""The FHIR types that criteria can read."""

BY_CODE: dict[type, str] = {
    shapes.Condition: "contained",
    shapes.Procedure: "contained",
    shapes.ServiceRequest: "contained",
    shapes.Observation: "component",
    shapes.DiagnosticReport: "conclusion_code",
    shapes.MedicationRequest: "medication_reference",
}
"""Types whose facts are found by `code`, and the one other element by which they may be."""

HOLDS_FACTS = frozenset({"Condition", "Observation", "Procedure"})
"""Types that are read where they are contained, too."""

TELLING = frozenset({shapes.OperationOutcome, shapes.Bundle, type(None)})
"""What an entry holds that says whether all came: nothing, among others."""

FATAL = frozenset({"error", "fatal"})
SUPPRESSED = "suppressed"


DECIDING = READ - {"BodyStructure", "Medication", "OperationOutcome", "ResearchStudy"}
"""Those whose absence may decide something; the others only say more of what refers to them."""


class Part(NamedTuple):
    """One thing that was retrieved: a Bundle, a resource, or nothing.

    types: what it was asked for (None: it is the whole record, as a file is). missing: why it did not come.
    newest_first: the server was asked to send the newest first.
    """

    body: Body | None
    types: frozenset[str] | None = None
    missing: str | None = None
    newest_first: bool = False


def read_record(
    parts: Sequence[Part], *, vocabulary: Vocabulary, today: dt.date, patient_id: str | None = None
) -> PatientRecord:
    """Return what is known of the patient on `today`; of several Patients in a file the first is meant.

    Raises RecordError when there is no Patient, or none with the id asked for.
    """
    found = [item for part in parts for item in _resources(part)]
    patient, full_url = _patient(found, patient_id)
    reading = _Reading(patient, full_url, found, vocabulary, today)
    for part in parts:
        reading.note_completeness(part)
    for item in reading.of_interest(reading.current()):
        reading.add(item)
    return reading.record(_newest_first(parts))


def _newest_first(parts: Sequence[Part]) -> frozenset[str]:
    """The types of which nothing later can be missing: whatever did not come in full, came newest first."""
    sorted_ = {t for part in parts if part.newest_first for t in part.types or ()}
    cut = [part for part in parts if not part.newest_first and (part.missing or _problem(part.body))]
    return frozenset(sorted_.difference(*(DECIDING if part.types is None else part.types for part in cut)))


def _resources(part: Part) -> list[Found]:
    if part.body is None:
        return []
    if not isinstance(part.body, shapes.Bundle):
        return [(part.body, None, part.types)]
    entries = [(e.resource, e.full_url, part.types) for e in part.body.entry or () if e.resource is not None]
    if all(type(resource) is not shapes.Bundle for resource, _, _ in entries):
        return entries
    return [
        found
        for item in entries
        for found in (_resources(Part(item[0], part.types)) if type(item[0]) is shapes.Bundle else [item])
    ]


def _patient(found: Sequence[Found], patient_id: str | None) -> tuple[shapes.Patient, str | None]:
    patients = [(resource, full_url) for resource, full_url, _ in found if type(resource) is shapes.Patient]
    for patient, full_url in patients:
        if patient_id is None or patient.id == patient_id:
            return patient, full_url
    if any(isinstance(resource, shapes.Unreadable) and resource.type == "Patient" for resource, _, _ in found):
        raise RecordError("the Patient resource cannot be read")
    raise RecordError("no Patient resource" if not patients else "no Patient with the id that was asked for")


class _Reading:
    """One record in the making."""

    def __init__(
        self,
        patient: shapes.Patient,
        full_url: str | None,
        found: Sequence[Found],
        vocabulary: Vocabulary,
        today: dt.date,
    ) -> None:
        self.patient, self.full_url, self.today = patient, full_url, today
        self.birth = parse_date(patient.birth_date) if patient.birth_date else None
        self.ownership = Ownership(patient, full_url)
        self.found = found
        self.account = Account()
        self.reader = Reader(vocabulary, self.birth, References(found, self.ownership))
        self.results = Results(self.reader, self.account, today)
        self.facts: defaultdict[type[Fact], defaultdict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
        self.studies: list[StudyFact] = []
        self.consents: list[ConsentFact] = []
        self.nameless: Counter[str] = Counter()
        reader = self.reader
        self._builders: dict[type, Callable[[Any, str], list[Fact]]] = {
            shapes.Condition: reader.condition,
            shapes.Procedure: reader.procedure,
            shapes.ServiceRequest: reader.service_request,
            shapes.CarePlan: reader.care_plan,
            shapes.DiagnosticReport: reader.report,
            shapes.AllergyIntolerance: reader.allergy,
            shapes.MedicationRequest: reader.medication,
            shapes.MedicationStatement: reader.medication,
            shapes.MedicationAdministration: reader.medication,
            shapes.Specimen: reader.specimen,
        }

    # Completeness

    def note_completeness(self, part: Part) -> None:
        """Take down why the types of a part did not come in full."""
        problem = part.missing or _problem(part.body)
        if problem is not None:
            self.account.lack(DECIDING if part.types is None else part.types, problem)

    # One resource

    def of_interest(self, items: Sequence[Found]) -> Iterator[Found]:
        """Yield every resource but those of this patient whose codes no criterion can ask for.

        Most of a record is passed over here, so this is one plain loop: no call, no exception, no new object.
        """
        own, may_ask, passed = self.ownership.references, self.reader.vocabulary.may_ask, 0
        for item in items:
            resource = item[0]
            elsewhere = BY_CODE.get(type(resource))
            if elsewhere is None or resource.contained or resource.subject is None:
                yield item
                continue
            code = resource.code
            if resource.subject.reference not in own or code is None or getattr(resource, elsewhere):
                yield item
                continue
            for coding in code.coding or ():
                if may_ask(coding.system, coding.code):
                    yield item
                    break
            else:
                passed += 1
                if type(resource) is shapes.Condition:
                    self._note_incomparable(resource)
        self.account.skipped[NOT_ASKED_FOR] += passed

    def current(self) -> Sequence[Found]:
        """Return the resources without earlier versions of one of this patient's that is here more than once."""
        items = self.found
        ids = [id_ for item in items if (id_ := item[0].id)]
        if len(set(ids)) == len(ids):
            return items
        by_source: defaultdict[str, list[Found]] = defaultdict(list)
        for item in items:
            if getattr(item[0], "id", None) and not isinstance(item[0], shapes.Unreadable):
                by_source[source_of(item[0], None)].append(item)
        twice = [versions for versions in by_source.values() if len(versions) > 1]
        if not twice:
            return items
        own = ([v for v in versions if not self.ownership.is_of_another(v[0])] for versions in twice)
        earlier = {id(item[0]) for versions in own for item in superseded(versions)}
        self.account.skipped["superseded"] += len(earlier)
        return [item for item in items if id(item[0]) not in earlier]

    def add(self, item: Found) -> None:
        """Read, skip or quarantine one resource."""
        resource, full_url, types = item
        if isinstance(resource, shapes.Unreadable):
            self._add_unreadable(resource, types)
            return
        source = self._source(resource, full_url)
        try:
            check_whole(resource.meta)
            if type(resource) is shapes.Observation:
                self.ownership.check(resource.subject)
                self._set_aside(resource, source)
            elif (build := self._builders.get(type(resource))) is not None:
                self.ownership.check(resource.subject or resource.patient)
                self._read(build, resource, source)
            else:
                self._add_other(resource, source)
            self.account.read += 1
        except Skip as skip:
            self.account.skip(skip.rule, source)
            if skip.rule == NOT_ASKED_FOR and isinstance(resource, shapes.Condition | shapes.AllergyIntolerance):
                self._note_incomparable(resource)
        except Quarantine as quarantine:
            self._quarantine(type(resource).__name__, source, quarantine.what)

    def _note_incomparable(self, resource: shapes.Condition | shapes.AllergyIntolerance) -> None:
        """Take down what is there only in words or local codes: it is not what was looked for, as far as is known."""
        if vouches(resource) and not self.reader.is_comparable(resource.code):
            self.account.not_compared[type(resource).__name__] += 1

    def _source(self, resource: Any, full_url: str | None) -> str:
        """Return what a resource is cited by; of several that have no name none is taken for another."""
        source = source_of(resource, full_url)
        if resource.id or full_url:
            return source
        self.nameless[source] += 1
        number = self.nameless[source]
        return f"{source} ({number})" if number > 1 else source

    def _read(self, build: Callable[[Any, str], list[Fact]], resource: Any, source: str) -> None:
        if resource.contained:
            self._add_contained(resource, source)
        for fact in build(resource, source):
            self._keep(fact)

    def _set_aside(self, resource: shapes.Observation, source: str) -> None:
        """Keep a result until some criterion asks for one of its codes."""
        if resource.contained:
            self._add_contained(resource, source)
        names = self.reader.observation_sets(resource)
        if not names:
            raise Skip(NOT_ASKED_FOR)
        self.results.set_aside(names, resource, source)

    def _add_other(self, resource: Any, source: str) -> None:
        """What is not one of the resources that hold facts by code."""
        if isinstance(resource, shapes.Skipped):
            raise Skip("type-not-read")
        if isinstance(resource, shapes.ResearchSubject):
            self.ownership.check(resource.individual)
            self.studies.append(self.reader.study(resource, source))
        elif isinstance(resource, shapes.Consent):
            self.ownership.check(resource.patient)
            self.consents.append(self.reader.consent(resource, source))
        elif isinstance(resource, shapes.Patient):
            self._check_patient(resource)
        elif isinstance(resource, shapes.OperationOutcome):
            raise Skip("operation-outcome")

    def _keep(self, fact: Fact) -> None:
        by_set = self.facts[type(fact)]
        for name in dated(fact, self.today).sets:
            by_set[name].append(fact)

    def _add_contained(self, owner: shapes.OfPatient, source: str) -> None:
        """A contained result belongs to its owner's patient and passes the same gate; the owner is its source."""
        if not vouches(owner):
            if isinstance(owner, shapes.Observation | shapes.DiagnosticReport):
                is_preliminary(owner.status)  # a status that is none cannot be read
            return
        for raw in owner.contained or ():
            inner = decode_resource(raw)
            if isinstance(inner, shapes.Unreadable) and inner.type in HOLDS_FACTS:
                self._lose_contained(inner.type, source, inner.why)
            elif type(inner).__name__ in HOLDS_FACTS:
                self._add_inner(inner, owner, source)

    def _add_inner(self, inner: Any, owner: shapes.OfPatient, source: str) -> None:
        try:
            if isinstance(inner, shapes.Observation):
                inner.status = status_within(owner, inner)
                _date_by(owner, inner)
            self.ownership.check(inner.subject or owner.subject or owner.patient)
            for fact in self._builders.get(type(inner), self.reader.observation)(inner, source):
                self._keep(fact)
        except Skip:
            return
        except Quarantine as quarantine:
            self._lose_contained(type(inner).__name__, source, quarantine.what)

    def _lose_contained(self, type_: str, source: str, why: str) -> None:
        """What is contained is not counted as a resource of its own."""
        self.account.note_unreadable(f"What {source} contains", why)
        self.account.lack({type_}, UNREADABLE)

    def _check_patient(self, resource: shapes.Patient) -> None:
        if resource is not self.patient and resource.id != self.patient.id:
            raise Skip("other-patient")

    # What could not be read

    def _add_unreadable(self, resource: shapes.Unreadable, types: frozenset[str] | None) -> None:
        if resource.type == "Bundle":  # it may have held anything
            self._quarantine("", "A Bundle", resource.why, types)
            return
        if resource.type and resource.type not in READ:
            self.account.skip("type-not-read", "")
            return
        name = f"{resource.type}/{resource.id}" if resource.id else f"A {resource.type or 'resource'} without id"
        self._quarantine(resource.type, name, resource.why, types)

    def _quarantine(self, type_: str, source: str, why: str, types: frozenset[str] | None = None) -> None:
        self.account.quarantine(source, why)
        self.account.lack({type_} if type_ else types or DECIDING, UNREADABLE)

    # The record

    def record(self, newest_first: frozenset[str]) -> PatientRecord:
        """Return the record; the results that were set aside are read when they are asked for."""
        gender = self.patient.gender
        self.results.add(self.facts.pop(ObservationFact, {}))
        by_kind = {kind: {name: ordered(facts) for name, facts in by.items()} for kind, by in self.facts.items()}
        return PatientRecord(
            patient=f"Patient/{self.patient.id}" if self.patient.id else self.full_url or "Patient",
            today=self.today,
            sex=gender.lower() if gender else None,
            birth=self.birth,
            deceased=bool(self.patient.deceased_boolean or self.patient.deceased_date_time),
            facts={**by_kind, ObservationFact: self.results},
            studies=tuple(sorted(self.studies, key=lambda s: s.source)),
            consents=tuple(sorted(self.consents, key=lambda c: c.source)),
            incomplete=self.account.incomplete,
            unreadable=self.account.unreadable,
            newest_first=newest_first - {name for name, why in self.account.incomplete.items() if why == UNREADABLE},
            take_notes=self.account.notes,
            count=partial(_tally, self.results, self.account, len(self.found)),
        )


def _date_by(owner: shapes.OfPatient, inner: shapes.Observation) -> None:
    """Give a contained result without a time that of the report that contains it."""
    untimed = not (inner.effective_date_time or inner.effective_period or inner.effective_instant)
    if untimed and isinstance(owner, shapes.DiagnosticReport):
        inner.effective_date_time, inner.effective_period = owner.effective_date_time, owner.effective_period


def _tally(results: Results, account: Account, total: int) -> Tally:
    results.read_all()
    return account.tally(total)


def _problem(body: Body | None) -> str | None:
    """Why a part is not all that was asked for: a page to follow, or an outcome that reports an error."""
    if isinstance(body, shapes.OperationOutcome):
        return _failure(body)
    if not isinstance(body, shapes.Bundle):
        return None
    if any(link.relation == "next" and link.url for link in body.link or ()):
        return "more pages were not read"
    entries = body.entry or ()
    if body.total and body.total > len(entries):
        return "fewer came than were found"
    telling = (entry for entry in entries if type(entry.resource) in TELLING)
    return next((why for entry in telling if (why := _told(entry, body))), None)


def _told(entry: shapes.Entry, bundle: shapes.Bundle) -> str | None:
    """What one of the telling entries says of completeness."""
    if entry.resource is not None:
        return _problem(entry.resource)
    if entry.response is not shapes.NULL:
        return None if shapes.succeeded(entry.response) else "a part of the batch failed"
    return "an entry came without its resource" if bundle.type == "searchset" else None


def _failure(outcome: shapes.OperationOutcome) -> str | None:
    for issue in outcome.issue or ():
        if issue.severity in FATAL:
            return "the server reported an error"
        if issue.code == SUPPRESSED:
            return "the server withheld results"
    return None
