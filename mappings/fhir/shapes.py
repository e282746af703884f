"""FHIR R4 shapes: only the elements that a criterion or a card can read.

msgspec skips everything else without making an object of it. A resource that does not fit its shape is rejected with
the path of the misfit, never with its value.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

R4_TYPES_NOT_READ = """
    Account ActivityDefinition AdverseEvent Appointment AppointmentResponse AuditEvent Basic Binary
    BiologicallyDerivedProduct CapabilityStatement CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim
    ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition
    ConceptMap Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device
    DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DocumentManifest DocumentReference
    EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition
    Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group
    GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
    ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media
    MedicationDispense MedicationKnowledge MedicinalProduct MessageDefinition MessageHeader MolecularSequence
    NamingSystem NutritionOrder ObservationDefinition OperationDefinition Organization OrganizationAffiliation
    Parameters PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Provenance
    Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter Slot SpecimenDefinition StructureDefinition
    StructureMap Subscription Substance SubstanceSpecification SupplyDelivery SupplyRequest Task
    TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
""".split()  # noqa: SIM905 - a list of words reads best as words
"""Resource types that no criterion reads; a FamilyMemberHistory is another person's history and never counts."""


ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""FHIR's id; nothing else comes near a URL."""

NULL = msgspec.Raw(b"null")
"""An element that was not sent; one of type Raw stays unread until somebody asks."""


MISFIT = (msgspec.ValidationError, RecursionError)
"""What a decoder raises for an element that has not FHIR's shape, or that is nested too deeply."""


class Element(msgspec.Struct, rename="camel", gc=False):
    """Base of the elements inside a resource."""


class Coding(Element):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element):
    coding: list[Coding] | None = None
    text: str | None = None


class Identifier(Element):
    system: str | None = None
    value: str | None = None


class Reference(Element):
    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Quantity(Element):
    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Element):
    low: Quantity | None = None
    high: Quantity | None = None


class Period(Element):
    start: str | None = None
    end: str | None = None


class ReferenceRange(Element):
    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None


class Stage(Element):
    summary: CodeableConcept | None = None
    type: CodeableConcept | None = None


class Evidence(Element):
    code: list[CodeableConcept] | None = None


class Extension(Element):
    url: str | None = None
    value_codeable_concept: CodeableConcept | None = None


class Meta(Element):
    version_id: str | None = None
    last_updated: str | None = None
    tag: list[Coding] | None = None


META = msgspec.json.Decoder(Meta | None)
"""Reads a resource's `meta`, which is left unread for most."""


class Link(Element):
    relation: str | None = None
    url: str | None = None


class Resource(msgspec.Struct, rename="camel", tag_field="resourceType", kw_only=True, gc=False):
    """Base of the resources; the tag is FHIR's resourceType."""

    id: str | None = None
    meta: msgspec.Raw = NULL


class Skipped(Resource):
    """A type that no criterion reads."""


class Unreadable(msgspec.Struct, frozen=True):
    """What is left of a resource that does not fit its shape: its type and id if they can be had, and the misfit."""

    type: str
    id: str | None
    why: str


class Patient(Resource, tag="Patient"):
    identifier: list[Identifier] | None = None
    birth_date: str | None = None
    gender: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None


class OfPatient(Resource):
    """Base of the resources that belong to a patient. contained: read later, only where a reference needs it.

    An element of type None is one that is not understood here: a resource that has it does not fit.
    """

    modifier_extension: None = None
    subject: Reference | None = None
    patient: Reference | None = None
    contained: list[msgspec.Raw] | None = None


class Condition(OfPatient, tag="Condition"):
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    body_site: list[CodeableConcept] | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_age: Quantity | None = None
    abatement_string: str | None = None
    recorded_date: str | None = None
    stage: list[Stage] | None = None
    evidence: list[Evidence] | None = None
    extension: list[Extension] | None = None


class Component(Element):
    """A part of an Observation.

    Here and in Observation the carriers of a value stay unread until somebody asks: most results of a record are asked
    for by no criterion.
    """

    code: CodeableConcept | None = None
    value_quantity: msgspec.Raw = NULL
    value_codeable_concept: msgspec.Raw = NULL
    value_string: str | None = None
    value_integer: int | None = None
    value_boolean: bool | None = None
    value_range: msgspec.Raw = NULL
    value_ratio: msgspec.Raw = NULL
    interpretation: msgspec.Raw = NULL
    reference_range: msgspec.Raw = NULL


class Observation(OfPatient, tag="Observation"):
    status: str | None = None
    code: CodeableConcept | None = None
    value_quantity: msgspec.Raw = NULL
    value_codeable_concept: msgspec.Raw = NULL
    value_string: str | None = None
    value_integer: int | None = None
    value_boolean: bool | None = None
    value_range: msgspec.Raw = NULL
    value_ratio: msgspec.Raw = NULL
    interpretation: msgspec.Raw = NULL
    reference_range: msgspec.Raw = NULL
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    component: list[Component] | None = None
    body_site: CodeableConcept | None = None
    focus: list[Reference] | None = None
    part_of: list[Reference] | None = None
    derived_from: list[Reference] | None = None
    specimen: Reference | None = None


class Procedure(OfPatient, tag="Procedure"):
    not_done: bool | None = None
    not_performed: bool | None = None
    status: str | None = None
    status_reason: CodeableConcept | None = None
    code: CodeableConcept | None = None
    body_site: list[CodeableConcept] | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    reason_reference: list[Reference] | None = None
    outcome: CodeableConcept | None = None


class DiagnosticReport(OfPatient, tag="DiagnosticReport"):
    status: str | None = None
    code: CodeableConcept | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    conclusion_code: list[CodeableConcept] | None = None
    result: msgspec.Raw = NULL
    specimen: list[Reference] | None = None


class AllergyIntolerance(OfPatient, tag="AllergyIntolerance"):
    substance: None = None
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    type: str | None = None
    code: CodeableConcept | None = None
    reaction: list[Reaction] | None = None


class Reaction(Element):
    substance: CodeableConcept | None = None


class Medication(Resource, tag="Medication"):
    status: str | None = None
    code: CodeableConcept | None = None
    ingredient: list[Ingredient] | None = None


class Ingredient(Element):
    item_codeable_concept: CodeableConcept | None = None


class MedicationUse(OfPatient):
    """Base of the three ways a record says that a drug was used."""

    status: str | None = None
    code: CodeableConcept | None = msgspec.field(default=None, name="medicationCodeableConcept")
    medication_reference: Reference | None = None


class Dosage(Element):
    route: CodeableConcept | None = None


class MedicationRequest(MedicationUse, tag="MedicationRequest"):
    intent: str | None = None
    do_not_perform: bool | None = None
    authored_on: str | None = None
    dosage_instruction: list[Dosage] | None = None


class MedicationStatement(MedicationUse, tag="MedicationStatement"):
    taken: str | None = None
    was_not_taken: bool | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    dosage: list[Dosage] | None = None


class MedicationAdministration(MedicationUse, tag="MedicationAdministration"):
    not_given: bool | None = None
    was_not_given: bool | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    dosage: Dosage | None = None


class ServiceRequest(OfPatient, tag="ServiceRequest"):
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    code: CodeableConcept | None = None
    body_site: list[CodeableConcept] | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    reason_reference: list[Reference] | None = None


class ActivityDetail(Element):
    prohibited: bool | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    do_not_perform: bool | None = None


class Activity(Element):
    detail: ActivityDetail | None = None


class CarePlan(OfPatient, tag="CarePlan"):
    status: str | None = None
    intent: str | None = None
    period: Period | None = None
    activity: list[Activity] | None = None


class ResearchStudy(Resource, tag="ResearchStudy"):
    identifier: list[Identifier] | None = None
    phase: CodeableConcept | None = None


class ResearchSubject(OfPatient, tag="ResearchSubject"):
    individual: Reference | None = None
    status: str | None = None
    study: Reference | None = None
    consent: Reference | None = None
    period: Period | None = None


class ConsentPolicy(Element):
    uri: str | None = None


class Provision(Element):
    type: str | None = None
    data: list[ProvisionData] | None = None


class ProvisionData(Element):
    reference: Reference | None = None


class Consent(OfPatient, tag="Consent"):
    status: str | None = None
    identifier: list[Identifier] | None = None
    scope: CodeableConcept | None = None
    date_time: str | None = None
    source_reference: Reference | None = None
    policy: list[ConsentPolicy] | None = None
    provision: Provision | None = None


class Collection(Element):
    collected_date_time: str | None = None
    collected_period: Period | None = None
    body_site: CodeableConcept | None = None


class Specimen(OfPatient, tag="Specimen"):
    status: str | None = None
    type: CodeableConcept | None = None
    collection: Collection | None = None


class BodyStructure(OfPatient, tag="BodyStructure"):
    location: CodeableConcept | None = None


class Issue(Element):
    severity: str | None = None
    code: str | None = None


class OperationOutcome(Resource, tag="OperationOutcome"):
    issue: list[Issue] | None = None


SKIPPED_TYPES = [msgspec.defstruct(name, [], bases=(Skipped,), tag=name) for name in R4_TYPES_NOT_READ]

READ_TYPES = (
    Patient,
    Condition,
    Observation,
    Procedure,
    DiagnosticReport,
    AllergyIntolerance,
    Medication,
    MedicationRequest,
    MedicationStatement,
    MedicationAdministration,
    ServiceRequest,
    CarePlan,
    ResearchStudy,
    ResearchSubject,
    Consent,
    Specimen,
    BodyStructure,
    OperationOutcome,
)

AnyResource: Any = READ_TYPES[0]
for _shape in (*READ_TYPES[1:], *SKIPPED_TYPES):
    AnyResource = AnyResource | _shape


class Response(Element):
    """What a server answered to one request of a batch; status: `200 OK`."""

    status: str | None = None


_RESPONSE = msgspec.json.Decoder(Response | None)


def succeeded(response: msgspec.Raw) -> bool:
    """Whether a server says that one request of a batch went well; one that says nothing of it did."""
    try:
        read = _RESPONSE.decode(response)
    except MISFIT:
        return False
    return read is None or (read.status or "2").startswith("2")


class Entry(Element):
    """An entry with its resource, read in the same pass."""

    full_url: str | None = None
    resource: AnyResource | None = None
    response: msgspec.Raw = NULL


class Bundle(Resource, tag="Bundle"):
    """A Bundle of any type, or of none."""

    type: str | None = None
    total: int | None = None
    link: list[Link] | None = None
    entry: list[Entry] | None = None


AnyBody: Any = AnyResource | Bundle
