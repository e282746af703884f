"""From shapes to facts: one function per resource type, and the small readers they share.

A function returns the facts of one resource, or raises `Skip` or `Quarantine` (`mappings/fhir/gate.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from mappings.clinical_time import Interval, parse_date, spanning, up_to
from mappings.facts import (
    AllergyFact,
    Coded,
    ConditionFact,
    ConsentFact,
    Fact,
    MedicationFact,
    ObservationFact,
    ProcedureFact,
    ProcedureStatus,
    Quantity,
    ReferenceRange,
    SpecimenFact,
    StudyFact,
    Value,
)
from mappings.fhir import gate, shapes
from mappings.fhir.gate import Quarantine, Skip
from mappings.fhir.references import References
from terminology import codings
from terminology.valuesets import Vocabulary

NONE: frozenset[str] = frozenset()
NORMAL_RANGE = "normal"
NOT_ASKED_FOR = "code-not-asked-for"
OLDEST = 150
"""Years; no age is greater, and a JSON number may be 1e999999999, which as an integer would fill the memory."""

SHAPELESS = "its value does not have FHIR's shape"

T = TypeVar("T")
Carrier = shapes.Observation | shapes.Component
QUANTITY = msgspec.json.Decoder(shapes.Quantity | None)
CONCEPT = msgspec.json.Decoder(shapes.CodeableConcept | None)
CONCEPTS = msgspec.json.Decoder(list[shapes.CodeableConcept] | None)
RANGES = msgspec.json.Decoder(list[shapes.ReferenceRange] | None)
UCUM = frozenset(
    {
        None,
        "http://unitsofmeasure.org",
        "http://unitsofmeasure.org/",
        "https://unitsofmeasure.org",
        "urn:oid:2.16.840.1.113883.6.8",
    }
)
"""Systems of a unit's code; a code of any other says nothing where there is a text."""

DRUG_PHASES = frozenset({"early-phase-1", "phase-1", "phase-1-phase-2", "phase-2", "phase-2-phase-3", "phase-3"})
"""Phases of a trial of a drug that is not yet approved; phase 4 is of one that is."""


class Reader:
    """What the builders need beside the resource itself: the value sets, the birth date, what references point to."""

    def __init__(self, vocabulary: Vocabulary, birth: Interval | None, references: References) -> None:
        self.vocabulary, self.birth = vocabulary, birth
        self.resolve, self.key, self.group = references.resolve, references.key, references.report_of
        self.reported = references.reported
        self.procedures, self.find = references.procedures, references.find

    def sets(self, concept: shapes.CodeableConcept | None) -> frozenset[str]:
        """The value sets that any coding of the concept touches."""
        if concept is None or not concept.coding:
            return NONE
        sets_of = self.vocabulary.sets_of
        if len(concept.coding) == 1:
            return frozenset(sets_of(concept.coding[0].system, concept.coding[0].code))
        return frozenset(name for c in concept.coding for name in sets_of(c.system, c.code))

    def sets_of_all(self, concepts: Iterable[shapes.CodeableConcept | None] | None) -> frozenset[str]:
        """The value sets that any of the concepts touches."""
        return frozenset().union(*(self.sets(concept) for concept in concepts or ()))

    def label(self, concept: shapes.CodeableConcept | None) -> str:
        """What the record calls the thing: its text, a display, our own name for the code, or the code."""
        if concept is None:
            return ""
        codings_ = concept.coding or ()
        return (
            concept.text
            or next((c.display for c in codings_ if c.display), None)
            or next((name for c in codings_ if (name := self.vocabulary.display(c.system, c.code))), None)
            or (codings_[0].code if codings_ else "")
            or ""
        )

    def is_comparable(self, concept: shapes.CodeableConcept | None) -> bool:
        """Whether some code of the concept is of a system that the value sets know."""
        return concept is not None and any(self.vocabulary.knows(c.system) for c in concept.coding or ())

    def keys(self, references: list[shapes.Reference] | None) -> frozenset[str]:
        """The sources that references name."""
        return frozenset(key for ref in references if (key := self.key(ref))) if references else NONE

    def condition(self, resource: shapes.Condition, source: str) -> list[Fact]:
        """A diagnosis; its stage, evidence and morphology are kept as `findings`."""
        sets = _asked_for(self.sets(resource.code))
        certainty = gate.certainty(resource.verification_status)
        return [
            ConditionFact(
                source=source,
                sets=sets,
                label=self.label(resource.code),
                time=self._onset(resource),
                recorded=_date(resource.recorded_date),
                certainty=certainty,
                current=self._is_current(resource),
                sites=self.sets_of_all(resource.body_site),
                findings=self._condition_findings(resource),
            )
        ]

    def _is_current(self, resource: shapes.Condition) -> bool:
        """A clinicalStatus decides; without one, an abatement says that it is over."""
        if resource.clinical_status is not None:
            return gate.is_current(resource.clinical_status)
        ended = _date(resource.abatement_date_time) or _period(resource.abatement_period)
        return ended is None and resource.abatement_age is None and not resource.abatement_string

    def _onset(self, resource: shapes.Condition) -> Interval | None:
        recorded = _date(resource.onset_date_time) or _period(resource.onset_period)
        return recorded or self._at_age(resource.onset_age)

    def _at_age(self, age: shapes.Quantity | None) -> Interval | None:
        """The year of life that an onsetAge in years names."""
        if self.birth is None or age is None or (age.code or age.unit) not in {"a", "year", "years"}:
            return None
        if age.value is None or not age.value.is_finite() or not 0 <= age.value <= OLDEST:
            return None
        years = int(age.value)
        first, last = _years_later(self.birth.first, years), _years_later(self.birth.last, years + 1)
        return Interval(first, last, None, f"age {years}")

    def _condition_findings(self, resource: shapes.Condition) -> frozenset[str]:
        concepts: list[shapes.CodeableConcept | None] = []
        for stage in resource.stage or ():
            concepts += [stage.summary, stage.type]
        for evidence in resource.evidence or ():
            concepts += evidence.code or []
        concepts += [extension.value_codeable_concept for extension in resource.extension or ()]
        return self.sets_of_all(concepts)

    def procedure(self, resource: shapes.Procedure, source: str) -> list[Fact]:
        """A procedure that was done, is planned, or was not done, and the result that its outcome is."""
        sets = _asked_for(self.sets(resource.code))
        _check_not(resource.not_done, resource.not_performed)
        done = ProcedureFact(
            source=source,
            sets=sets,
            label=self.label(resource.code),
            time=_date(resource.performed_date_time) or _period(resource.performed_period),
            status=gate.procedure_status(resource.status),
            sites=self.sets_of_all(resource.body_site),
            reasons=self.keys(resource.reason_reference),
            status_reason=self.label(resource.status_reason),
        )
        return [done, *self._outcome(resource.outcome, done)]

    def _outcome(self, outcome: shapes.CodeableConcept | None, of: ProcedureFact) -> list[Fact]:
        """The result of a completed procedure (its R status, in German cancer data), which is a part of it."""
        sets = self.sets(outcome)
        if outcome is None or not sets or of.status is not ProcedureStatus.COMPLETED:
            return []
        values, part_of = (self._coded(outcome),), frozenset({of.source})
        return [
            ObservationFact(source=of.source, sets=sets, label=of.label, time=of.time, values=values, part_of=part_of)
        ]

    def service_request(self, resource: shapes.ServiceRequest, source: str) -> list[Fact]:
        """A procedure that somebody has asked for."""
        sets = _asked_for(self.sets(resource.code))
        if resource.status not in {"active", "on-hold"} or resource.do_not_perform:
            raise Skip("status")
        return [
            ProcedureFact(
                source=source,
                sets=sets,
                label=self.label(resource.code),
                time=_date(resource.occurrence_date_time) or _period(resource.occurrence_period),
                status=ProcedureStatus.PLANNED,
                sites=self.sets_of_all(resource.body_site),
                reasons=self.keys(resource.reason_reference),
            )
        ]

    def care_plan(self, resource: shapes.CarePlan, source: str) -> list[Fact]:
        """The procedures that an active plan names."""
        if resource.status != "active":
            raise Skip("status")
        details = [a.detail for a in resource.activity or () if a.detail and not _is_forbidden(a.detail)]
        open_details = [d for d in details if d.status in {None, "not-started", "scheduled", "in-progress", "on-hold"}]
        planned = ProcedureStatus.PLANNED
        facts: list[Fact] = [
            ProcedureFact(source=source, sets=sets, label=self.label(detail.code), status=planned)
            for detail in open_details
            if (sets := self.sets(detail.code))
        ]
        if not facts:
            raise Skip(NOT_ASKED_FOR)
        return facts

    def observation_sets(self, resource: shapes.Observation) -> frozenset[str]:
        """Return the value sets that the codes of a result and of its components touch."""
        if not resource.component:
            return self.sets(resource.code)
        return self.sets(resource.code).union(*(self.sets(component.code) for component in resource.component))

    def observation(self, resource: shapes.Observation, source: str) -> list[Fact]:
        """A result and those of its components that some criterion asks for."""
        carriers: list[tuple[Carrier, frozenset[str]]] = []
        if sets := self.sets(resource.code):
            carriers.append((resource, sets))
        if resource.component:
            carriers += [(c, sets) for c in resource.component if (sets := self.sets(c.code))]
        if not carriers:
            raise Skip(NOT_ASKED_FOR)
        preliminary = gate.is_preliminary(resource.status)
        facts: list[Fact] = []
        for carrier, sets in carriers:
            if values := self._values(carrier):
                facts.append(self._result(resource, carrier, source, sets, values, preliminary))
        if not facts:
            raise Skip("no-value")
        return facts

    def _result(
        self,
        resource: shapes.Observation,
        carrier: Carrier,
        source: str,
        sets: frozenset[str],
        values: tuple[Value, ...],
        preliminary: bool,
    ) -> ObservationFact:
        collection = self._collection(resource, resource.specimen)
        sites = self._observed_sites(resource) | self._taken_from(collection)
        return ObservationFact(
            source=source,
            sets=sets,
            label=self.label(carrier.code),
            time=_taken(self._observed(resource, source), _of_another(_collected, collection)) or _by(resource.issued),
            values=values,
            preliminary=preliminary,
            ranges=_reference_ranges(carrier.reference_range),
            sites=sites,
            part_of=self.procedures(resource.part_of) if resource.part_of else NONE,
            group=(self.group(source) or self.key(_first(resource.derived_from))) if sites else None,
            focus=self.key(_first(resource.focus)),
        )

    def _observed(self, resource: shapes.Observation, source: str) -> Interval | None:
        """When a result was observed; one that does not say so was at the time of the report that gives it."""
        if (time := _effective(resource)) is not None:
            return time
        reports = [report for report in self.reported(source) if gate.vouches(report)]
        given = {time for report in reports if (time := _of_another(_effective, report)) is not None}
        if len(given) < 2:
            return next(iter(given), None)
        last = max(given, key=lambda time: time.last)
        text = " or ".join(sorted(time.text for time in given))
        return last._replace(first=min(time.first for time in given), text=text)

    def _observed_sites(self, resource: shapes.Observation) -> frozenset[str]:
        """The organ, by its body site, or by that of the BodyStructure or the Condition in focus."""
        sites = self.sets(resource.body_site)
        focus = self.resolve(resource.focus[0], resource) if resource.focus else None
        if isinstance(focus, shapes.BodyStructure):
            return sites | self.sets(focus.location)
        return sites | self.sets_of_all(focus.body_site) if isinstance(focus, shapes.Condition) else sites

    def _taken_from(self, collection: shapes.Collection | None) -> frozenset[str]:
        """The organ from which a specimen was taken."""
        return self.sets(collection.body_site) if collection else NONE

    def _collection(self, owner: Any, reference: shapes.Reference | None) -> shapes.Collection | None:
        specimen = self.resolve(reference, owner) if reference else None
        return specimen.collection if isinstance(specimen, shapes.Specimen) else None

    def _values(self, carrier: Carrier) -> tuple[Value, ...]:
        """Every carrier of the answer: value[x] and interpretations; a text is an answer, listed or not."""
        values: list[Value] = []
        if carrier.value_quantity is not shapes.NULL:
            values += [q for q in (_quantity(_read(QUANTITY, carrier.value_quantity)),) if q is not None]
        if carrier.value_codeable_concept is not shapes.NULL:
            values += self._concepts((_read(CONCEPT, carrier.value_codeable_concept),))
        if (text := carrier.value_string) and gate.is_result(text):
            values.append(Coded((), text, frozenset(self.vocabulary.sets_of_phrase(text)), text))
        if carrier.value_integer is not None:
            values.append(Quantity(Decimal(carrier.value_integer)))
        if carrier.value_boolean is not None or not (carrier.value_range is carrier.value_ratio is shapes.NULL):
            values.append(Coded(text="a value of a kind that is not read here"))
        if carrier.interpretation is not shapes.NULL:
            values += self._concepts(_read(CONCEPTS, carrier.interpretation) or ())
        return tuple(values)

    def _concepts(self, concepts: Iterable[shapes.CodeableConcept | None]) -> list[Value]:
        coded = [self._coded(concept) for concept in concepts if concept is not None]
        return [value for value in coded if value.codes or gate.is_result(value.text)]

    def _coded(self, concept: shapes.CodeableConcept) -> Coded:
        codes = tuple(
            codings.Coding(codings.canonical_system(c.system), c.code)
            for c in concept.coding or ()
            if c.system and c.code
        )
        sets = self.sets(concept)
        if not sets and concept.text:
            sets = frozenset(self.vocabulary.sets_of_phrase(concept.text))
        return Coded(codes, self.label(concept), sets, concept.text or "")

    def report(self, resource: shapes.DiagnosticReport, source: str) -> list[Fact]:
        """A report's own conclusion; its `result` Observations speak for themselves."""
        if not resource.conclusion_code:
            raise Skip("no-coded-conclusion")
        conclusions = [self._coded(concept) for concept in resource.conclusion_code]
        sets = _asked_for(self.sets(resource.code).union(*(c.sets for c in conclusions)))
        preliminary = gate.is_preliminary(resource.status)
        time = _date(resource.effective_date_time) or _period(resource.effective_period)
        collection = self._collection(resource, _first(resource.specimen))
        return [
            ObservationFact(
                source=source,
                sets=sets,
                label=self.label(resource.code),
                time=_taken(time, _collected(collection)) or _by(resource.issued),
                values=tuple(conclusions),
                preliminary=preliminary,
                concluded=True,
                sites=self._taken_from(collection),
            )
        ]

    def allergy(self, resource: shapes.AllergyIntolerance, source: str) -> list[Fact]:
        """An allergy that is neither refuted nor inactive."""
        substances = [reaction.substance for reaction in resource.reaction or ()]
        sets = _asked_for(self.sets(resource.code) | self.sets_of_all(substances))
        certainty = gate.certainty(resource.verification_status)
        if not gate.is_current(resource.clinical_status):
            raise Skip("inactive")
        label, intolerance = self.label(resource.code), resource.type == "intolerance"
        return [AllergyFact(source=source, sets=sets, label=label, certainty=certainty, intolerance=intolerance)]

    def medication(self, resource: shapes.MedicationUse, source: str) -> list[Fact]:
        """A drug taken, given or prescribed."""
        concept = resource.code
        drug = self.resolve(resource.medication_reference, resource)
        concepts = [concept]
        if isinstance(drug, shapes.Medication):
            concepts += [drug.code, *(i.item_codeable_concept for i in drug.ingredient or ())]
        sets = _asked_for(self.sets_of_all(concepts))
        _check_not(*_denials(resource))
        label = next((self.label(c) for c in concepts if c), "")
        if not isinstance(resource, shapes.MedicationRequest):
            taken, time = gate.is_taken(resource.status, request=False), _effective(resource)
        elif resource.do_not_perform or resource.intent in gate.NOT_ORDERED:
            raise Skip("not-ordered")
        else:
            taken, time = gate.is_taken(resource.status, request=True), _date(resource.authored_on)
        every = [self.sets(dosage.route) for dosage in _dosages(resource)]
        routes = every[0].intersection(*every) if every else NONE
        return [MedicationFact(source=source, sets=sets, label=label, time=time, taken=taken, routes=routes)]

    def specimen(self, resource: shapes.Specimen, source: str) -> list[Fact]:
        """A specimen of a kind that some criterion asks for."""
        sets = _asked_for(self.sets(resource.type))
        if resource.status == "entered-in-error":
            raise Skip("entered-in-error")
        available = resource.status == "available" if resource.status else None
        collection = resource.collection
        return [
            SpecimenFact(
                source=source,
                sets=sets,
                label=self.label(resource.type),
                time=_collected(collection),
                available=available,
            )
        ]

    def study(self, resource: shapes.ResearchSubject, source: str) -> StudyFact:
        """A part taken in a study, by every identifier that names the study."""
        study = self.resolve(resource.study, resource)
        names = set(_reference_words(resource.study))
        gives_drug = False
        if isinstance(study, shapes.ResearchStudy):
            names |= {i.value for i in study.identifier or () if i.value}
            phases = {c.code for c in (study.phase.coding if study.phase else None) or () if c.code}
            gives_drug = bool(phases & DRUG_PHASES)
        return StudyFact(
            source=source,
            label=next(iter(sorted(names)), "a study"),
            time=_period(resource.period),
            studies=frozenset(names),
            status=gate.check_subject(resource.status),
            consented=self._consented(resource),
            gives_drug=gives_drug,
        )

    def _consented(self, resource: shapes.ResearchSubject) -> bool:
        """Whether a part in a study names a consent, and not one that the record says was not given."""
        consent = self.find(resource.consent, resource)
        return resource.consent is not None and (not isinstance(consent, shapes.Consent) or _is_given(consent))

    def consent(self, resource: shapes.Consent, source: str) -> ConsentFact:
        """An active consent for research, by every identifier that may name its study."""
        if resource.status != "active":
            raise Skip("status")
        if "consent-research" not in self.sets(resource.scope):
            raise Skip(NOT_ASKED_FOR)
        if not _is_given(resource):
            raise Skip("denied")
        names = {i.value for i in resource.identifier or () if i.value}
        names |= {p.uri for p in resource.policy or () if p.uri}
        names |= set(_reference_words(resource.source_reference))
        for item in (resource.provision.data if resource.provision else None) or ():
            names |= set(_reference_words(item.reference))
            study = self.resolve(item.reference, resource)
            if isinstance(study, shapes.ResearchStudy):
                names |= {i.value for i in study.identifier or () if i.value}
        return ConsentFact(source=source, time=_date(resource.date_time), studies=frozenset(names))


def _is_given(consent: shapes.Consent) -> bool:
    denied = consent.provision is not None and consent.provision.type == "deny"
    return consent.status == "active" and not denied


def _asked_for(sets: frozenset[str]) -> frozenset[str]:
    if not sets:
        raise Skip(NOT_ASKED_FOR)
    return sets


def _check_not(*denials: bool | None) -> None:
    """Refuse what was not done in the words of another FHIR release; that it was done, they say in vain."""
    if any(denials):
        raise Quarantine("it says `not done` in the words of another FHIR release")


def _denials(resource: shapes.MedicationUse) -> tuple[bool | None, ...]:
    if isinstance(resource, shapes.MedicationStatement):
        return resource.was_not_taken, resource.taken not in {None, "y"}
    return (resource.not_given, resource.was_not_given) if isinstance(resource, shapes.MedicationAdministration) else ()


def _is_forbidden(detail: shapes.ActivityDetail) -> bool:
    return bool(detail.do_not_perform or detail.prohibited)


def _dosages(resource: shapes.MedicationUse) -> list[shapes.Dosage]:
    """How a drug is used; an administration has one way."""
    if isinstance(resource, shapes.MedicationAdministration):
        return [resource.dosage] if resource.dosage else []
    if isinstance(resource, shapes.MedicationStatement):
        return resource.dosage or []
    return (resource.dosage_instruction or []) if isinstance(resource, shapes.MedicationRequest) else []


def _date(text: str | None) -> Interval | None:
    if not text:
        return None
    interval = parse_date(text)
    if interval is None:
        raise Quarantine("a date in it is not a FHIR date")
    return interval


def _period(period: shapes.Period | None) -> Interval | None:
    return spanning(_date(period.start), _date(period.end)) if period else None


def _effective(resource: Any) -> Interval | None:
    instant = getattr(resource, "effective_instant", None)
    return _date(resource.effective_date_time) or _period(resource.effective_period) or _date(instant)


def _by(issued: str | None) -> Interval | None:
    """The time of a result of which only the issue is known: by then it was taken."""
    bound = _date(issued)
    return up_to(bound) if bound else None


def _collected(collection: shapes.Collection | None) -> Interval | None:
    if collection is None:
        return None
    return _date(collection.collected_date_time) or _period(collection.collected_period)


def _of_another(read: Callable[[T], Interval | None], resource: T) -> Interval | None:
    """Return the time that another resource gives a result."""
    try:
        return read(resource)
    except Quarantine:
        raise Quarantine("a date of its specimen or its report is not a FHIR date") from None


def _taken(effective: Interval | None, collected: Interval | None) -> Interval | None:
    """The time of a result: of two that agree the more exact one, else when the sample was taken."""
    if effective is None or collected is None:
        return effective or collected
    if (effective.offset is None) != (collected.offset is None) and _within_a_zone(effective, collected):
        return effective if effective.offset is None else collected
    if effective.before(collected) or collected.before(effective):
        return collected
    return min(effective, collected, key=lambda time: time.last - time.first)


def _within_a_zone(one: Interval, other: Interval) -> bool:
    """Whether two times that do not overlap as written may be one, told on the clocks of two zones."""
    gap = max(one.first - other.last, other.first - one.last)
    return dt.timedelta() < gap <= dt.timedelta(hours=14)


def _years_later(day: dt.datetime, years: int) -> dt.datetime:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=min(day.year + years, dt.MAXYEAR), day=28 if leap_day else day.day)


def _quantity(quantity: shapes.Quantity | None) -> Quantity | None:
    if quantity is None or quantity.value is None:
        return None
    if not quantity.value.is_finite():
        raise Quarantine(SHAPELESS)
    coded = quantity.code if quantity.system in UCUM else None
    return Quantity(quantity.value, coded or quantity.unit or quantity.code, quantity.comparator)


def _read(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T:
    """Decode an element that was left unread."""
    try:
        return decoder.decode(raw)
    except shapes.MISFIT:
        raise Quarantine(SHAPELESS) from None


def _reference_ranges(raw: msgspec.Raw) -> tuple[ReferenceRange, ...]:
    if raw is shapes.NULL:
        return ()
    return tuple(_reference_range(given) for given in _read(RANGES, raw) or ())


def _reference_range(given: shapes.ReferenceRange) -> ReferenceRange:
    codes = {coding.code for coding in (given.type.coding if given.type else None) or ()}
    plain = given.type is None or NORMAL_RANGE in codes
    return ReferenceRange(_quantity(given.low), _quantity(given.high), plain)


def _first(references: list[shapes.Reference] | None) -> shapes.Reference | None:
    return references[0] if references else None


def _reference_words(reference: shapes.Reference | None) -> Iterator[str]:
    """Every text by which a reference may name a study: its last part, its identifier, its display."""
    if reference is not None:
        identifier = reference.identifier.value if reference.identifier else None
        last = reference.reference.rsplit("/", 1)[-1] if reference.reference else None
        yield from (word for word in (last, identifier, reference.display) if word)
