"""The status gate: which resources count, by their status, for every type and every path into the record."""

from __future__ import annotations

import pytest

from mappings.facts import PatientRecord
from tests.spec.tables import SUBJECT, Json, Row, answer, concept, decide, read, resources, spec, vocabulary

WORDS = vocabulary(
    *("cancer", "resection", "marker", "positive", "drug", "tissue", "consent-research", "report", "liver"),
)
CANCER: Json = {"kind": "condition", "value_set": "cancer", "absence": "presume-absent"}
CURRENT: Json = {**CANCER, "when_resolved": "ignored"}
DONE: Json = {"kind": "procedure", "value_set": "resection"}
PLANNED: Json = {**DONE, "status": "planned"}
MARKER: Json = {"kind": "observation", "value_set": "marker", "answers": {"holds": "positive"}, "reports": True}
DRUG: Json = {"kind": "medication", "value_set": "drug"}
ALLERGY: Json = {"kind": "allergy", "value_set": "drug", "absence": "presume-absent"}
TISSUE: Json = {"kind": "specimen", "value_set": "tissue"}
CONSENT: Json = {"kind": "consent", "study": "NCT-1"}
ELSEWHERE: Json = {"kind": "other-study", "study": "NCT-1"}
NOW_ELSEWHERE: Json = {**ELSEWHERE, "current": True}


def account(record: PatientRecord) -> str:
    """Return what became of the one resource beside the Patient."""
    tally = record.tally
    return " ".join([*tally.skipped, *tally.quarantined]) or "read"


def standing(statement: Json, *found: Json) -> tuple[str, str]:
    """Return what a criterion says of a record with these resources, and what became of them."""
    record = read(found, WORDS)
    return answer(decide(statement, record, WORDS)), account(record)


@spec(
    """
    verification     | answer            | account
    -----------------+-------------------+-----------------
    -                | true              | read
    confirmed        | true              | read
    Confirmed        | true              | read
    unconfirmed      | unknown suspected | read
    provisional      | unknown suspected | read
    differential     | unknown suspected | read
    no-fhir-word     | unknown suspected | read
    refuted          | false presumed    | refuted
    entered-in-error | false presumed    | entered-in-error
    """
)
def test_condition_by_verification_status(row: Row) -> None:
    said = "" if row["verification"] == "-" else f"verification={row['verification']}"
    [found] = resources(f"Condition cancer {said}")
    assert standing(CANCER, found) == (row["answer"], row["account"])


@spec(
    """
    clinical     | ever | now
    -------------+------+----------------
    -            | true | true
    active       | true | true
    recurrence   | true | true
    relapse      | true | true
    no-fhir-word | true | true
    inactive     | true | false presumed
    remission    | true | false presumed
    resolved     | true | false presumed
    """
)
def test_condition_by_clinical_status(row: Row) -> None:
    said = "" if row["clinical"] == "-" else f"clinical={row['clinical']}"
    [found] = resources(f"Condition cancer {said}")
    assert (standing(CANCER, found)[0], standing(CURRENT, found)[0]) == (row["ever"], row["now"])


@pytest.mark.parametrize(
    ("codings", "expected"),
    [
        ([{"code": "confirmed"}, {"system": "urn:example:registry", "code": "7"}], "true"),
        ([{"system": "urn:example:registry", "code": "7"}], "unknown suspected"),
        ([{"code": "confirmed"}, {"code": "entered-in-error"}], "false presumed"),
        ([{"code": "confirmed"}, {"code": "provisional"}], "unknown suspected"),
        ([], "true"),
    ],
)
def test_a_verification_status_of_several_codings(codings: list[Json], expected: str) -> None:
    [found] = resources("Condition cancer")
    assert standing(CANCER, {**found, "verificationStatus": {"coding": codings}})[0] == expected


def test_a_verification_status_in_words_counts_as_the_word() -> None:
    [found] = resources("Condition cancer")
    assert standing(CANCER, {**found, "verificationStatus": {"text": "Refuted"}}) == ("false presumed", "refuted")


@spec(
    """
    status           | answer              | account
    -----------------+---------------------+-----------
    final            | true                | read
    amended          | true                | read
    corrected        | true                | read
    preliminary      | unknown preliminary | read
    registered       | unknown no-data     | status
    cancelled        | unknown no-data     | status
    entered-in-error | unknown no-data     | status
    unknown          | unknown no-data     | status
    -                | unknown no-data     | status
    completed        | unknown unreadable  | unreadable
    """
)
def test_observation_by_status(row: Row) -> None:
    [found] = resources(f"Observation marker coded=positive status={row['status']}")
    assert standing(MARKER, found) == (row["answer"], row["account"])


@spec(
    """
    status           | answer              | account
    -----------------+---------------------+-----------
    final            | true                | read
    amended          | true                | read
    corrected        | true                | read
    appended         | true                | read
    partial          | unknown preliminary | read
    preliminary      | unknown preliminary | read
    registered       | unknown no-data     | status
    cancelled        | unknown no-data     | status
    entered-in-error | unknown no-data     | status
    unknown          | unknown no-data     | status
    -                | unknown no-data     | status
    completed        | unknown incomplete  | unreadable
    """
)
def test_report_by_status(row: Row) -> None:
    [found] = resources(f"DiagnosticReport marker conclusion=positive status={row['status']}")
    assert standing(MARKER, found) == (row["answer"], row["account"])


@spec(
    """
    status           | done               | planned            | account
    -----------------+--------------------+--------------------+-----------
    completed        | true               | unknown no-data    | read
    preparation      | unknown no-data    | true               | read
    in-progress      | unknown no-data    | true               | read
    not-done         | false              | unknown no-data    | read
    on-hold          | unknown no-data    | unknown no-data    | status
    stopped          | unknown no-data    | unknown no-data    | status
    entered-in-error | unknown no-data    | unknown no-data    | status
    unknown          | unknown no-data    | unknown no-data    | status
    -                | unknown no-data    | unknown no-data    | status
    final            | unknown incomplete | unknown incomplete | unreadable
    """
)
def test_procedure_by_status(row: Row) -> None:
    [found] = resources(f"Procedure resection on=2026-10-05 status={row['status']}")
    done, what = standing(DONE, found)
    assert (done, standing(PLANNED, found)[0], what) == (row["done"], row["planned"], row["account"])


@spec(
    """
    status           | planned         | account
    -----------------+-----------------+--------
    active           | true            | read
    on-hold          | true            | read
    draft            | unknown no-data | status
    revoked          | unknown no-data | status
    completed        | unknown no-data | status
    entered-in-error | unknown no-data | status
    unknown          | unknown no-data | status
    -                | unknown no-data | status
    """
)
def test_service_request_by_status(row: Row) -> None:
    [found] = resources(f"ServiceRequest resection status={row['status']}")
    assert standing(PLANNED, found) == (row["planned"], row["account"])


def test_a_request_not_to_perform_is_no_plan() -> None:
    [found] = resources("ServiceRequest resection")
    assert standing(PLANNED, {**found, "doNotPerform": True}) == ("unknown no-data", "status")


@spec(
    """
    status           | activity    | planned
    -----------------+-------------+----------------
    active           | not-started | true
    active           | scheduled   | true
    active           | in-progress | true
    active           | on-hold     | true
    active           | completed   | unknown no-data
    active           | cancelled   | unknown no-data
    active           | stopped     | unknown no-data
    draft            | not-started | unknown no-data
    on-hold          | not-started | unknown no-data
    revoked          | not-started | unknown no-data
    completed        | not-started | unknown no-data
    entered-in-error | not-started | unknown no-data
    unknown          | not-started | unknown no-data
    """
)
def test_care_plan_by_status(row: Row) -> None:
    [found] = resources(f"CarePlan resection status={row['status']} activity={row['activity']}")
    assert standing(PLANNED, found)[0] == row["planned"]


@spec(
    """
    said                          | answer            | account
    ------------------------------+-------------------+-----------------
                                  | true              | read
    clinical=active               | true              | read
    clinical=inactive             | false presumed    | inactive
    clinical=resolved             | false presumed    | inactive
    verification=confirmed        | true              | read
    verification=unconfirmed      | unknown suspected | read
    verification=presumed         | unknown suspected | read
    verification=refuted          | false presumed    | refuted
    verification=entered-in-error | false presumed    | entered-in-error
    """
)
def test_allergy_by_status(row: Row) -> None:
    [found] = resources(f"AllergyIntolerance drug {row['said']}")
    assert standing(ALLERGY, found) == (row["answer"], row["account"])


@spec(
    """
    type                     | status           | answer                  | account
    -------------------------+------------------+-------------------------+-----------
    MedicationAdministration | completed        | true                    | read
    MedicationAdministration | in-progress      | true                    | read
    MedicationAdministration | stopped          | true                    | read
    MedicationAdministration | on-hold          | true                    | read
    MedicationAdministration | not-done         | unknown no-data         | status
    MedicationAdministration | entered-in-error | unknown no-data         | status
    MedicationAdministration | unknown          | unknown no-data         | status
    MedicationAdministration | final            | unknown incomplete      | unreadable
    MedicationStatement      | active           | true                    | read
    MedicationStatement      | completed        | true                    | read
    MedicationStatement      | stopped          | true                    | read
    MedicationStatement      | on-hold          | true                    | read
    MedicationStatement      | intended         | unknown no-data         | status
    MedicationStatement      | not-taken        | unknown no-data         | status
    MedicationStatement      | entered-in-error | unknown no-data         | status
    MedicationStatement      | unknown          | unknown no-data         | status
    MedicationStatement      | -                | unknown no-data         | status
    MedicationRequest        | completed        | true                    | read
    MedicationRequest        | active           | unknown needs-judgement | read
    MedicationRequest        | on-hold          | unknown needs-judgement | read
    MedicationRequest        | stopped          | unknown needs-judgement | read
    MedicationRequest        | cancelled        | unknown no-data         | status
    MedicationRequest        | draft            | unknown no-data         | status
    MedicationRequest        | entered-in-error | unknown no-data         | status
    MedicationRequest        | unknown          | unknown no-data         | status
    MedicationRequest        | intended         | unknown no-data         | status
    """
)
def test_medication_by_status(row: Row) -> None:
    [found] = resources(f"{row['type']} drug status={row['status']}")
    assert standing(DRUG, found) == (row["answer"], row["account"])


@spec(
    """
    status           | answer
    -----------------+--------------
    available        | true
    unavailable      | unknown human
    unsatisfactory   | unknown human
    entered-in-error | unknown human
    -                | unknown human
    """
)
def test_specimen_by_status(row: Row) -> None:
    [found] = resources(f"Specimen tissue status={row['status']}")
    assert standing(TISSUE, found)[0] == row["answer"]


@spec(
    """
    status                 | ever          | now
    -----------------------+---------------+--------------
    on-study               | true          | true
    on-study-intervention  | true          | true
    on-study-observation   | true          | true
    follow-up              | true          | unknown human
    off-study              | true          | unknown human
    withdrawn              | true          | unknown human
    candidate              | unknown human | unknown human
    eligible               | unknown human | unknown human
    ineligible             | unknown human | unknown human
    not-registered         | unknown human | unknown human
    pending-on-study       | unknown human | unknown human
    potential-candidate    | unknown human | unknown human
    screening              | unknown human | unknown human
    """
)
def test_research_subject_by_status(row: Row) -> None:
    found = resources(f"ResearchSubject study=s status={row['status']}; ResearchStudy NCT-2 id=s phase=phase-2")
    answers = [standing(statement, *found)[0] for statement in (ELSEWHERE, NOW_ELSEWHERE)]
    assert answers == [row["ever"], row["now"]]


@spec(
    """
    status           | answer
    -----------------+--------------
    active           | true
    draft            | unknown human
    proposed         | unknown human
    rejected         | unknown human
    inactive         | unknown human
    entered-in-error | unknown human
    """
)
def test_consent_by_status(row: Row) -> None:
    [found] = resources(f"Consent NCT-1 status={row['status']}")
    assert standing(CONSENT, found)[0] == row["answer"]


def test_family_history_never_counts() -> None:
    relative = {"condition": [{"code": concept("cancer")}], "patient": SUBJECT, "status": "completed"}
    found = {"resourceType": "FamilyMemberHistory", "id": "f", **relative}
    assert standing(CANCER, found) == ("false presumed", "type-not-read")


# --- the same gate on every other path ---


@spec(
    """
    contained                                            | criterion | answer
    -----------------------------------------------------+-----------+--------------------
    Observation marker coded=positive                    | MARKER    | true
    Observation marker coded=positive status=preliminary | MARKER    | unknown preliminary
    Observation marker coded=positive status=cancelled   | MARKER    | unknown no-data
    Condition cancer                                     | CANCER    | true
    Condition cancer verification=refuted                | CANCER    | false presumed
    Condition cancer verification=provisional            | CANCER    | unknown suspected
    Procedure resection                                  | DONE      | true
    Procedure resection status=entered-in-error          | DONE      | unknown no-data
    """
)
def test_contained_resources_pass_the_same_gate(row: Row) -> None:
    [inner] = resources(row["contained"])
    [report] = resources("DiagnosticReport report")
    statement = {"MARKER": MARKER, "CANCER": CANCER, "DONE": DONE}[row["criterion"]]
    assert standing(statement, {**report, "contained": [inner]})[0] == row["answer"]


@spec(
    """
    owner                                          | contained                         | criterion | answer
    -----------------------------------------------+-----------------------------------+-----------+--------------------
    report                                         | Observation marker coded=positive | MARKER    | true
    report status=partial                          | Observation marker coded=positive | MARKER    | unknown preliminary
    report status=preliminary                      | Observation marker coded=positive | MARKER    | unknown preliminary
    report status=entered-in-error                 | Observation marker coded=positive | MARKER    | unknown no-data
    report status=cancelled                        | Observation marker coded=positive | MARKER    | unknown no-data
    report status=registered                       | Observation marker coded=positive | MARKER    | unknown no-data
    report status=unknown                          | Observation marker coded=positive | MARKER    | unknown no-data
    Procedure resection                            | Condition cancer                  | CANCER    | true
    Procedure resection status=entered-in-error    | Condition cancer                  | CANCER    | false presumed
    Condition cancer                               | Procedure resection               | DONE      | true
    Condition cancer verification=refuted          | Procedure resection               | DONE      | unknown no-data
    Condition cancer verification=entered-in-error | Procedure resection               | DONE      | unknown no-data
    """
)
def test_what_a_resource_contains_stands_and_falls_with_it(row: Row) -> None:
    [owner], [inner] = resources(row["owner"], "DiagnosticReport"), resources(row["contained"])
    statement = {"MARKER": MARKER, "CANCER": CANCER, "DONE": DONE}[row["criterion"]]
    assert standing(statement, {**owner, "contained": [inner]})[0] == row["answer"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("Observation marker coded=positive status=completed", "unknown incomplete"),
        ("Condition cancer on=not-a-date", "unknown incomplete"),
    ],
)
def test_a_contained_resource_that_cannot_be_read_is_reported(inner: str, expected: str) -> None:
    [report], [found] = resources("DiagnosticReport report"), resources(inner)
    statement = MARKER if found["resourceType"] == "Observation" else CANCER
    for contained in (found, {**found, "code": 5}):
        record = read([{**report, "contained": [contained]}], WORDS)
        assert answer(decide(statement, record, WORDS)) == expected
        said = next(note.what for note in record.notes if note.reason == "unreadable")
        assert said.startswith("What DiagnosticReport/r1")
        assert record.tally.total == record.tally.read + sum(record.tally.skipped.values())


REVERSED = [
    # resource, element of another release (or a modifier), what is then not known
    ("Procedure resection", {"notDone": True}, DONE),
    ("Procedure resection", {"notPerformed": True}, DONE),
    ("MedicationStatement drug status=completed", {"taken": "n"}, DRUG),
    ("MedicationStatement drug status=completed", {"wasNotTaken": True}, DRUG),
    ("MedicationAdministration drug", {"notGiven": True}, DRUG),
    ("MedicationAdministration drug", {"wasNotGiven": True}, DRUG),
    ("AllergyIntolerance other", {"substance": concept("drug")}, ALLERGY),
    ("Condition cancer", {"modifierExtension": [{"url": "urn:example:not", "valueBoolean": True}]}, CANCER),
]


@pytest.mark.parametrize(("resource", "element", "statement"), REVERSED, ids=str)
def test_what_turns_a_meaning_round_is_never_passed_over(resource: str, element: Json, statement: Json) -> None:
    [found] = resources(resource)
    said, what = standing(statement, {**found, **element})
    assert (said, what) == ("unknown incomplete", "unreadable")


def test_an_activity_that_is_prohibited_is_no_plan() -> None:
    [plan] = resources("CarePlan resection")
    plan["activity"][0]["detail"]["prohibited"] = True
    assert standing(PLANNED, plan) == ("unknown no-data", "code-not-asked-for")


HARMLESS = [
    ("Procedure resection", {"notDone": False, "notPerformed": False}, DONE),
    ("MedicationStatement drug status=completed", {"taken": "y", "wasNotTaken": False}, DRUG),
    ("MedicationAdministration drug", {"notGiven": False, "wasNotGiven": False}, DRUG),
]


@pytest.mark.parametrize(("resource", "elements", "statement"), HARMLESS, ids=str)
def test_what_another_release_says_was_done_counts(resource: str, elements: Json, statement: Json) -> None:
    [found] = resources(resource)
    assert standing(statement, {**found, **elements}) == ("true", "read")


def test_what_a_report_of_no_known_status_contains_is_not_passed_over() -> None:
    [inner] = resources("Observation marker coded=positive")
    [report] = resources("DiagnosticReport report status=done")
    said, what = standing(MARKER, {**report, "contained": [inner]})
    assert (said, what) == ("unknown incomplete", "unreadable")


@pytest.mark.parametrize("element", [{"doNotPerform": True}, {"intent": "proposal"}, {"intent": "plan"}])
def test_a_drug_that_nobody_ordered_was_not_taken(element: Json) -> None:
    [found] = resources("MedicationRequest drug status=completed")
    assert standing(DRUG, found) == ("true", "read")
    assert standing(DRUG, {**found, **element}) == ("unknown no-data", "not-ordered")


def test_a_contained_result_of_another_patient_does_not_count() -> None:
    [inner] = resources("Observation marker coded=positive")
    [report] = resources("DiagnosticReport report")
    other = {**inner, "subject": {"reference": "Patient/other"}}
    assert standing(MARKER, {**report, "contained": [other]})[0] == "unknown no-data"


def test_a_contained_result_without_subject_is_its_owners() -> None:
    [inner] = resources("Observation marker coded=positive")
    [report] = resources("DiagnosticReport report")
    own = {key: value for key, value in inner.items() if key != "subject"}
    assert standing(MARKER, {**report, "contained": [own]})[0] == "true"


def test_a_result_of_a_report_is_gated_by_its_own_status() -> None:
    found = resources("DiagnosticReport report results=o; Observation marker id=o coded=positive status=cancelled")
    assert standing(MARKER, *found)[0] == "unknown no-data"


@spec(
    """
    status           | answer
    -----------------+-----------------------
    available        | true
    entered-in-error | unknown imprecise-date
    """
)
def test_a_specimen_entered_in_error_dates_no_result(row: Row) -> None:
    after = {**MARKER, "after": {"name": "resection", "value_set": "resection"}}
    found = resources(
        "Procedure resection on=2026-10-05; Observation marker coded=positive specimen=Specimen/s; "
        f"Specimen tissue id=s status={row['status']} on=2026-11-02"
    )
    assert standing(after, *found)[0] == row["answer"]


@spec(
    """
    status           | answer
    -----------------+----------------
    active           | true
    inactive         | true
    entered-in-error | unknown no-data
    """
)
def test_a_medication_entered_in_error_names_no_drug(row: Row) -> None:
    [given] = resources("MedicationAdministration x")
    reference = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/m"}}
    drug = {"resourceType": "Medication", "id": "m", "status": row["status"], "code": concept("drug")}
    assert standing(DRUG, {**given, **reference}, drug)[0] == row["answer"]
