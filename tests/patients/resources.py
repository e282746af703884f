"""Small FHIR resources of one invented patient. A concept is a value set's name, or a CodeableConcept.

Every function takes further elements as they stand in FHIR; one that is None is left out.
"""

from __future__ import annotations

from typing import Any

from tests.patients.codes import Json, coded, graded

PATIENT_ID = "golden"
SUBJECT: Json = {"reference": f"Patient/{PATIENT_ID}"}

Concept = str | Json


def _of(concept: Concept) -> Json:
    return coded(concept) if isinstance(concept, str) else concept


def _word(code: str | None) -> Json | None:
    """Return a status concept by its bare code, as readers of clinicalStatus and verificationStatus need it."""
    return {"coding": [{"code": code}]} if code else None


def resource(type_: str, **elements: Any) -> Json:
    """Return a resource of this type without the elements that are None; its id is given with its place in a record."""
    return {"resourceType": type_, **{key: value for key, value in elements.items() if value is not None}}


def patient(birth: str | None = "1964-03-12", gender: str | None = "male", **elements: Any) -> Json:
    return resource("Patient", id=PATIENT_ID, birthDate=birth, gender=gender, **elements)


def condition(
    concept: Concept, clinical: str | None = "active", verification: str | None = "confirmed", **elements: Any
) -> Json:
    said = {"clinicalStatus": _word(clinical), "verificationStatus": _word(verification), "subject": SUBJECT}
    return resource("Condition", code=_of(concept), **{**said, **elements})


def procedure(concept: Concept, on: str | None = "2026-10-05", status: str = "completed", **elements: Any) -> Json:
    said = {"subject": SUBJECT, "performedDateTime": on}
    return resource("Procedure", code=_of(concept), status=status, **{**said, **elements})


def observation(concept: Concept, on: str | None = "2026-11-02", status: str = "final", **elements: Any) -> Json:
    said = {"subject": SUBJECT, "effectiveDateTime": on}
    return resource("Observation", code=_of(concept), status=status, **{**said, **elements})


def answered(concept: Concept, answer: Concept, on: str | None = "2026-11-02", **elements: Any) -> Json:
    """Return an Observation with a coded answer."""
    return observation(concept, on, valueCodeableConcept=_of(answer), **elements)


def report(
    concept: Concept, conclusion: Concept, on: str = "2026-11-02", status: str = "final", **elements: Any
) -> Json:
    """Return a DiagnosticReport with a coded conclusion."""
    said = {"subject": SUBJECT, "effectiveDateTime": on, "conclusionCode": [_of(conclusion)]}
    return resource("DiagnosticReport", code=_of(concept), status=status, **{**said, **elements})


def allergy(
    concept: Concept, clinical: str | None = "active", verification: str | None = "confirmed", **elements: Any
) -> Json:
    said = {"clinicalStatus": _word(clinical), "verificationStatus": _word(verification), "patient": SUBJECT}
    return resource("AllergyIntolerance", code=_of(concept), **{**said, **elements})


def study(registry_id: str, phase: str | None = None) -> Json:
    """Return a ResearchStudy; it gives a drug when it has a phase."""
    return resource("ResearchStudy", status="active", identifier=[{"value": registry_id}], phase=_word(phase))


def study_subject(study_id: str, status: str = "on-study", **elements: Any) -> Json:
    """Return the patient's part in the study that has this resource id."""
    said = {"individual": SUBJECT, "study": {"reference": f"ResearchStudy/{study_id}"}}
    return resource("ResearchSubject", status=status, **{**said, **elements})


def consent(registry_id: str, status: str = "active", **elements: Any) -> Json:
    """Return a research Consent that names a study."""
    said = {"patient": SUBJECT, "scope": coded("consent-research"), "identifier": [{"value": registry_id}]}
    return resource("Consent", status=status, **{**said, **elements})


def drug(type_: str, concept: Concept, status: str = "completed", **elements: Any) -> Json:
    """Return a MedicationAdministration, MedicationStatement or MedicationRequest."""
    return resource(type_, status=status, subject=SUBJECT, medicationCodeableConcept=_of(concept), **elements)


# The words of this clinic


def margin(answer: Concept = "residual-tumour-r0", on: str | None = "2026-10-08", **elements: Any) -> Json:
    return answered("residual-tumour-status", answer, on, **elements)


def ctdna(answer: Concept = "result-positive", on: str | None = "2026-11-02", **elements: Any) -> Json:
    return answered("ctdna-result", answer, on, **elements)


def ctdna_said(text: str, on: str | None = "2026-11-02", **elements: Any) -> Json:
    """Return a ctDNA result in words."""
    return observation("ctdna-result", on, valueString=text, **elements)


def ecog(grade: int, on: str | None = "2026-11-02", **elements: Any) -> Json:
    return observation("ecog-status", on, valueInteger=grade, **elements)


def asa(class_: int, on: str | None = "2026-10-01", **elements: Any) -> Json:
    return answered("asa-class", graded("asa-classes", class_), on, **elements)


def specimen(organ: str) -> Json:
    """Return a Specimen taken from an organ."""
    return resource("Specimen", subject=SUBJECT, collection={"bodySite": coded(organ)})
