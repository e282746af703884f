"""Reading: a bad resource loses no other, nothing is passed over in silence, only this patient's record counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.facts import Fact, PatientRecord
from mappings.fhir import Bundle, Part, Unreadable, decode, read_record
from mappings.fhir.bodies import came_newest_first, types_in, unresolved
from mappings.fhir.decoding import NESTED
from terminology.errors import RecordError
from tests.spec.tables import (
    PATIENT,
    SUBJECT,
    TODAY,
    Json,
    Row,
    answer,
    bundle,
    concept,
    decide,
    encode,
    resources,
    spec,
    vocabulary,
)

WORDS = vocabulary("cancer", "resection", "marker", "positive", "negative", "drug", "tissue")
ANSWERS: Json = {"holds": "positive", "fails": "negative"}
CANCER: Json = {"kind": "condition", "value_set": "cancer", "absence": "presume-absent"}
MARKER: Json = {"kind": "observation", "value_set": "marker", "answers": ANSWERS, "absence": "presume-absent"}
AFTER: Json = {**MARKER, "after": {"name": "resection", "value_set": "resection"}}
URN = "urn:uuid:00000000-0000-4000-8000-000000000001"


def record(*bodies: Any, patient_id: str | None = None) -> PatientRecord:
    """Return the record read from whole bodies."""
    parts = [Part(decode(body if isinstance(body, bytes) else encode(body))) for body in bodies]
    return read_record(parts, vocabulary=WORDS, today=TODAY, patient_id=patient_id)


def says(statement: Json, *found: Json, patient: Json = PATIENT) -> str:
    """Return what a criterion says of a Bundle of the patient and these resources."""
    return answer(decide(statement, record(bundle([patient, *found])), WORDS))


def cancer(**members: Any) -> Json:
    """Return a Condition that counts, with some of its members replaced (None takes one out)."""
    made = {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": concept("cancer"), **members}
    return {key: value for key, value in made.items() if value is not None}


def marker(**members: Any) -> Json:
    """Return a positive result, with some of its members replaced (None takes one out)."""
    value = {"code": concept("marker"), "valueCodeableConcept": concept("positive")}
    made = {"resourceType": "Observation", "id": "o", "status": "final", "subject": SUBJECT, **value, **members}
    return {key: value for key, value in made.items() if value is not None}


def facts(found: PatientRecord) -> dict[str, dict[str, tuple[Fact, ...]]]:
    """Return every fact, by kind and value set."""
    return {kind.__name__: {name: by_set[name] for name in by_set} for kind, by_set in found.facts.items() if by_set}


def reasons(found: PatientRecord) -> list[str]:
    """Return the reasons of the notes."""
    return [note.reason for note in found.notes]


# --- what is not FHIR at all ---


NO_OBJECTS = [b"", b"{", b"[]", b"17", b'"text"', b"null", b'{"resourceType": "Patient"', b"\xff\xfe", b"<html/>"]
MISFIT_FIRST = [
    b'{"resourceType": "Patient", "id": 5',
    b'{"resourceType": "Bundle", "entry": [5, {"resource": {"resourceType": "Pat',
    b'{"resourceType": "Bundle", "entry": [5, {"resource": {"resourceType": "Condition", "id": "\\ud800"}}]}',
]


@pytest.mark.parametrize("raw", [*NO_OBJECTS, *MISFIT_FIRST, b"[" * 100_000])
def test_what_is_no_json_object_is_an_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        decode(raw)


def test_an_error_holds_no_word_of_the_record() -> None:
    body = decode(encode({"resourceType": "Patient", "id": "p", "birthDate": {"secret": "Wang"}}))
    assert isinstance(body, Unreadable)
    assert "Wang" not in f"{body}"
    assert "secret" not in f"{body}"


# --- one bad resource among good ones ---

MISFITS: list[Json] = [
    {"resourceType": "Condition", "id": "bad", "code": "cancer"},
    {"resourceType": "Condition", "id": "bad", "subject": SUBJECT, "code": {"coding": "cancer"}},
    {"resourceType": "Condition", "id": "bad", "subject": "Patient/p"},
    {"resourceType": "Condition", "id": 17, "subject": SUBJECT},
    {"resourceType": "Condition", "id": "bad", "subject": SUBJECT, "code": concept("cancer"), "onsetDateTime": 2026},
    {"resourceType": "Condition", "id": "bad", "subject": SUBJECT, "code": concept("cancer"), "onsetDateTime": "soon"},
    {"resourceType": "Condition", "id": "stu3", "subject": SUBJECT, "clinicalStatus": "active"},
    {"resourceType": "Condition", "id": "stu3", "subject": SUBJECT, "verificationStatus": "refuted"},
]


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_bad_resource_loses_no_good_one(misfit: Json) -> None:
    found = record(bundle([misfit, PATIENT, marker(), cancer()]))
    assert (answer(decide(MARKER, found, WORDS)), answer(decide(CANCER, found, WORDS))) == ("true", "true")


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_bad_resource_leaves_its_own_type_incomplete_and_a_note(misfit: Json) -> None:
    found = record(bundle([PATIENT, misfit]))
    complete = answer(decide(MARKER, found, WORDS))
    assert (answer(decide(CANCER, found, WORDS)), complete) == ("unknown incomplete", "false presumed")
    assert "unreadable" in reasons(found)


def test_a_resource_of_an_unknown_type_is_one_that_no_criterion_reads() -> None:
    found = record(bundle([PATIENT, {"resourceType": "SubscriptionStatus", "status": "active"}]))
    assert (answer(decide(CANCER, found, WORDS)), found.tally.skipped) == ("false presumed", {"type-not-read": 1})


@pytest.mark.parametrize("nameless", [{"id": "x"}, {"resourceType": 7}, {"resourceType": None, "id": "x"}])
def test_a_resource_without_type_leaves_every_type_incomplete(nameless: Json) -> None:
    found = record(bundle([PATIENT, nameless]))
    answers = {answer(decide(statement, found, WORDS)) for statement in (CANCER, MARKER)}
    assert answers == {"unknown incomplete"}


def test_a_resource_without_type_leaves_the_types_incomplete_that_were_asked_for() -> None:
    asked = Part(decode(encode(bundle([{"id": "x"}]))), frozenset({"Condition"}))
    parts = [Part(decode(encode(PATIENT))), asked]
    assert set(read_record(parts, vocabulary=WORDS, today=TODAY).incomplete) == {"Condition"}


@pytest.mark.parametrize("member", ["valueCodeableConcept", "interpretation", "valueQuantity", "referenceRange"])
def test_a_result_with_a_bad_answer_is_unreadable_and_another_concept_is_not(member: str) -> None:
    other: Json = {"kind": "observation", "value_set": "tissue", "answers": ANSWERS, "absence": "presume-absent"}
    found = record(bundle([PATIENT, marker(**{member: "positive"}), marker(id="t", code=concept("tissue"))]))
    assert (answer(decide(MARKER, found, WORDS)), answer(decide(other, found, WORDS))) == ("unknown unreadable", "true")
    assert (found.tally.quarantined, "unreadable" in reasons(found)) == ({"unreadable": 1}, True)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", ["value", "range"])
def test_a_number_that_is_none_is_unreadable(number: str, place: str) -> None:
    quantity: Json = {"value": number, "unit": "mm"}
    members: Json = {"valueQuantity": quantity} if place == "value" else {"referenceRange": [{"high": quantity}]}
    assert says(MARKER, marker(**{"valueCodeableConcept": None, "valueString": "positive", **members})) == (
        "unknown unreadable"
    )


# --- what is nested deeply ---


def wrapped(inner: Json, levels: int) -> Json:
    """Return Bundles, one in the other, with a resource in the innermost."""
    for _ in range(levels):
        inner = bundle([inner])
    return inner


@pytest.mark.parametrize("misfit", [[], [{"resourceType": "Observation", "id": 5}]], ids=["in one pass", "taken apart"])
@pytest.mark.parametrize(("levels", "expected"), [(1, "true"), (NESTED, "true"), (NESTED + 1, "unknown incomplete")])
def test_bundles_in_bundles_are_opened_to_a_depth_that_no_record_has(
    levels: int, expected: str, misfit: list[Json]
) -> None:
    assert says(CANCER, wrapped(cancer(), levels), *misfit) == expected


@pytest.mark.parametrize("levels", [50, 200, 300, 900])
def test_very_many_bundles_in_bundles_hide_nothing_and_break_nothing(levels: int) -> None:
    opening, closing = b'{"resourceType":"Bundle","entry":[{"resource":', b"}]}"
    for inner in (encode(cancer()), b'{"resourceType":"Condition","code":5}'):
        try:
            body = decode(opening * levels + inner + closing * levels)
        except RecordError:
            continue
        found = read_record([Part(decode(encode(PATIENT))), Part(body)], vocabulary=WORDS, today=TODAY)
        assert answer(decide(CANCER, found, WORDS)) == "unknown incomplete"


DEEP: list[tuple[str, Any]] = [
    ("valueQuantity", {"extension": "@"}),
    ("valueCodeableConcept", {**concept("positive"), "extension": "@"}),
    ("interpretation", [{"extension": "@"}]),
    ("referenceRange", [{"extension": "@"}]),
    ("meta", {"tag": [{"display": "not SUBSETTED"}], "extension": "@"}),
]


@pytest.mark.parametrize(("member", "value"), DEEP, ids=[member for member, _ in DEEP])
def test_an_element_that_is_read_later_may_be_nested_to_any_depth(member: str, value: Any) -> None:
    """Between what the decoder skips and what it reads lies a depth at which only one of them is possible."""
    shallow = encode(bundle([PATIENT, cancer(), marker(**{member: value})]))
    answers = set()
    for depth in range(700, 1000, 2):
        try:
            found = record(shallow.replace(b'"@"', b"[" * depth + b"]" * depth))
        except RecordError:
            continue
        assert answer(decide(CANCER, found, WORDS)) == "true"
        answers.add(answer(decide(MARKER, found, WORDS)))
    assert "true" in answers <= {"true", "unknown unreadable", "unknown incomplete"}


def test_what_says_no_type_may_be_of_any() -> None:
    seen = bundle([cancer(), {"resourceType": "Bundle", "entry": 5}])
    assert types_in(decode(encode(bundle([cancer()])))) == {"Condition"}
    assert types_in(decode(encode(seen))) >= {"Condition", "Observation", "Procedure"}


# --- Bundles, in whatever form ---


BUNDLES = ["collection", "searchset", "transaction", "batch", "document", "batch-response", "transaction-response"]


@pytest.mark.parametrize("type_", [*BUNDLES, None])
def test_a_bundle_of_any_type_is_read(type_: str | None) -> None:
    body = bundle([PATIENT, cancer()])
    assert answer(decide(CANCER, record({**body, "type": type_}), WORDS)) == "true"


def test_bundles_in_bundles_are_read() -> None:
    inner = bundle([cancer()])
    assert says(CANCER, bundle([inner])) == "true"


def test_a_bundle_beside_resources_takes_no_full_url_from_them() -> None:
    own = {**cancer(), "subject": {"reference": URN}}
    entries = [{"fullUrl": URN, "resource": PATIENT}, {"resource": own}, {"resource": bundle([])}]
    found = record({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert answer(decide(CANCER, found, WORDS)) == "true"


def test_a_bundle_in_a_bundle_is_taken_apart_too() -> None:
    assert says(CANCER, bundle([MISFITS[0], cancer()])) == "true"


def test_a_resource_in_a_wrapper_is_read() -> None:
    wrapped = {"resource": bundle([PATIENT, cancer()]), "response": {"status": "200"}}
    assert answer(decide(CANCER, record(wrapped), WORDS)) == "true"


@pytest.mark.parametrize("entry", [{}, {"response": {"status": "201"}}, {"resource": None}, {"fullUrl": URN}])
def test_an_entry_without_resource_is_no_resource(entry: Json) -> None:
    body = {"resourceType": "Bundle", "entry": [entry, {"resource": PATIENT}]}
    found = record(body)
    assert (found.tally.total, answer(decide(CANCER, found, WORDS))) == (1, "false presumed")


@pytest.mark.parametrize("entry", [None, "text", 7, []])
def test_an_entry_that_is_no_entry_may_have_been_anything(entry: object) -> None:
    found = record({"resourceType": "Bundle", "entry": [entry, {"resource": PATIENT}]})
    assert (found.tally.quarantined, answer(decide(CANCER, found, WORDS))) == ({"unreadable": 1}, "unknown incomplete")


@pytest.mark.parametrize("entries", [{}, {"entry": None}, {"entry": []}])
def test_a_bundle_without_entries_is_an_empty_result(entries: Json) -> None:
    found = record(PATIENT, {"resourceType": "Bundle", "type": "searchset", "total": 0, **entries})
    assert answer(decide(CANCER, found, WORDS)) == "false presumed"


def test_entries_that_are_no_list_leave_everything_unread() -> None:
    found = record(PATIENT, {"resourceType": "Bundle", "entry": {"resource": cancer()}})
    assert answer(decide(CANCER, found, WORDS)) == "unknown incomplete"


@spec(
    """
    relation | url                          | answer
    ---------+------------------------------+-------------------
    next     | https://ehr.example/?page=2  | unknown incomplete
    self     | https://ehr.example/?page=1  | false presumed
    previous | https://ehr.example/?page=0  | false presumed
    last     | https://ehr.example/?page=9  | false presumed
    next     |                              | false presumed
    """
)
def test_a_page_that_is_not_the_last_is_not_complete(row: Row) -> None:
    body = {**bundle([PATIENT]), "link": [{"relation": row["relation"], "url": row["url"]}]}
    assert answer(decide(CANCER, record(body), WORDS)) == row["answer"]


@pytest.mark.parametrize("misfit", [MISFITS[0], {"resourceType": "SubscriptionStatus"}])
def test_a_bundle_that_is_taken_apart_keeps_its_links(misfit: Json) -> None:
    link = [{"relation": "next", "url": "https://ehr.example/?page=2"}]
    found = record({**bundle([PATIENT, misfit]), "link": link})
    assert answer(decide(MARKER, found, WORDS)) == "unknown incomplete"


@spec(
    """
    severity    | code          | answer
    ------------+---------------+-------------------
    fatal       | exception     | unknown incomplete
    error       | forbidden     | unknown incomplete
    error       | suppressed    | unknown incomplete
    warning     | suppressed    | unknown incomplete
    information | suppressed    | unknown incomplete
    warning     | not-supported | false presumed
    information | informational | false presumed
    """
)
@pytest.mark.parametrize("place", ["alone", "entry", "inner bundle"])
def test_an_outcome_tells_whether_all_came(row: Row, place: str) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": row["severity"], "code": row["code"]}]}
    bodies: dict[str, Json] = {
        "alone": outcome,
        "entry": bundle([outcome], "searchset"),
        "inner bundle": bundle([bundle([outcome], "searchset")]),
    }
    assert answer(decide(CANCER, record(PATIENT, bodies[place]), WORDS)) == row["answer"]


def test_an_inner_page_that_is_not_the_last_is_not_complete() -> None:
    inner = {**bundle([], "searchset"), "link": [{"relation": "next", "url": "https://ehr.example/?page=2"}]}
    assert says(CANCER, inner) == "unknown incomplete"


@pytest.mark.parametrize("issues", [[], [{"severity": "warning", "code": "x"}, {"severity": "error", "code": "y"}]])
def test_every_issue_of_an_outcome_is_looked_at(issues: list[Json]) -> None:
    found = record(PATIENT, {"resourceType": "OperationOutcome", "issue": issues})
    assert answer(decide(CANCER, found, WORDS)) == ("unknown incomplete" if issues else "false presumed")


def test_what_did_not_come_is_incomplete_and_the_rest_is_not() -> None:
    parts = [Part(decode(encode(PATIENT))), Part(None, frozenset({"Condition"}), "it did not come")]
    found = read_record(parts, vocabulary=WORDS, today=TODAY)
    assert (answer(decide(CANCER, found, WORDS)), answer(decide(MARKER, found, WORDS))) == (
        "unknown incomplete",
        "false presumed",
    )


# --- newest first ---

SORTED_PAGE: Json = {"link": [{"relation": "self", "url": "https://ehr.example/Observation?_sort=-date"}]}
CUT: Json = {"link": [{"relation": "next", "url": "https://ehr.example/?page=2"}]}


def of_parts(*parts: Part) -> str:
    """Return what the criterion says of the patient and these parts of the record."""
    found = read_record([Part(decode(encode(PATIENT))), *parts], vocabulary=WORDS, today=TODAY)
    return answer(decide(MARKER, found, WORDS))


def results_part(*found: Json, newest_first: bool = True, **members: Any) -> Part:
    """Return a search for results that brought these."""
    body = decode(encode({**bundle(found, "searchset"), **members}))
    return Part(body, frozenset({"Observation"}), newest_first=newest_first)


LOST_RESULTS = Part(None, frozenset({"Observation"}), "it did not come")
PARTS = [
    # what came, the parts, the answer
    ("a first page", [results_part(marker(), newest_first=False, **CUT)], "unknown incomplete"),
    ("a first page, sorted", [results_part(marker(), **CUT)], "true"),
    ("sorted, with one that cannot be read", [results_part(marker(), marker(id="bad", code=5))], "unknown incomplete"),
    (
        "a first page, sorted, with one that cannot be read",
        [results_part(marker(), marker(id="bad", code=5), **CUT)],
        "unknown incomplete",
    ),
    ("sorted, and what did not come", [results_part(marker(), **CUT), LOST_RESULTS], "unknown incomplete"),
    (
        "sorted, and a first page that is not",
        [results_part(marker(), **CUT), results_part(newest_first=False, **CUT)],
        "unknown incomplete",
    ),
    ("sorted, and all of what is not", [results_part(marker(), **CUT), results_part(newest_first=False)], "true"),
    ("two first pages, both sorted", [results_part(marker(), **CUT), results_part(**CUT)], "true"),
]


@pytest.mark.parametrize(("parts", "expected"), [row[1:] for row in PARTS], ids=[row[0] for row in PARTS])
def test_of_what_came_newest_first_nothing_later_is_missing(parts: list[Part], expected: str) -> None:
    assert of_parts(*parts) == expected


@spec(
    """
    self link                         | days                                      | newest first
    ----------------------------------+-------------------------------------------+-------------
    Observation?patient=p&_sort=-date | 2026-11-02 2026-10-01                     | yes
    Observation?patient=p&_sort=-date | 2026-11-02 2026-11-02                     | yes
    Observation?patient=p&_sort=-date | 2026-10-01 2026-11-02                     | no
    Observation?patient=p&_sort=-date | 2026-11 2026-11-02                        | yes
    Observation?patient=p&_sort=-date | 2026-11-02T08:00:00Z 2026-11-02T15:00:00Z | yes
    Observation?patient=p&_sort=-date |                                           | yes
    Observation?patient=p&_sort=date  | 2026-11-02 2026-10-01                     | no
    Observation?patient=p             | 2026-11-02 2026-10-01                     | no
    """
)
def test_a_server_that_says_that_it_sorted_is_believed_unless_the_days_deny_it(row: Row) -> None:
    found = [marker(id=f"o{n}", effectiveDateTime=day) for n, day in enumerate(row["days"].split())]
    link = [{"relation": "self", "url": f"https://ehr.example/{row['self link']}"}]
    body = decode(encode({**bundle(found, "searchset"), "link": link}))
    assert came_newest_first(body) == (row["newest first"] == "yes")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [("Specimen tissue", True), ("Procedure resection", False), ("Condition cancer", False)],
)
def test_what_came_beside_results_may_deny_that_they_came_newest_first(beside: str, expected: bool) -> None:
    found = [marker(effectiveDateTime="2026-11-02"), *resources(beside)]
    provenance = {"resourceType": "Provenance", "id": "p"}
    assert came_newest_first(decode(encode({**bundle([*found, provenance]), **SORTED_PAGE}))) is expected


@pytest.mark.parametrize("start", ["effectivePeriod", "report"])
def test_the_days_of_periods_and_reports_deny_it_too(start: str) -> None:
    if start == "report":
        found = resources("marker id=a on=2026-10-01; marker id=b on=2026-11-02", "DiagnosticReport")
    else:
        days = ["2026-10-01", "2026-11-02"]
        found = [marker(id=f"o{n}", effectivePeriod={"start": day}) for n, day in enumerate(days)]
    answers = [came_newest_first(decode(encode({**bundle(each), **SORTED_PAGE}))) for each in (found, found[::-1])]
    assert answers == [False, True]


NEXT_SORTED = {"link": [{"relation": "next", "url": "https://ehr.example/Observation?_sort=-date"}]}
UNSAID: dict[str, Json | None] = {
    "nothing": None,
    "a result": marker(),
    "no link": bundle([marker()]),
    "another link": {**bundle([marker()]), **NEXT_SORTED},
}


@pytest.mark.parametrize("body", UNSAID.values(), ids=UNSAID)
def test_what_says_nothing_of_its_order_has_none(body: Json | None) -> None:
    assert not came_newest_first(decode(encode(body)) if body else None)


# --- one resource in several versions ---


def version(text: str) -> Json:
    """Return a diagnosis as `code lastUpdated version` write it; `-` where one is not said."""
    code, updated, number = text.split()
    meta = {"lastUpdated": updated, "versionId": number}
    said = {key: value for key, value in meta.items() if value != "-"}
    return cancer(code=concept(code), meta=said or None)


@spec(
    """
    versions                                                                            | answer
    ------------------------------------------------------------------------------------+---------------
    cancer 2026-11-01T08:00:00Z -; other 2026-11-01T09:00:00Z -                         | false presumed
    other 2026-11-01T08:00:00Z -; cancer 2026-11-01T09:00:00Z -                         | true
    cancer 2026-11-01T10:00:00+02:00 -; other 2026-11-01T09:00:00Z -                    | false presumed
    cancer - 9; other - 10                                                              | false presumed
    cancer 2026-11-01T08:00:00Z 1; other 2026-11-01T08:00:00Z 2                         | false presumed
    cancer 2026-11-01T08:00:00Z -; other 2026-11-01T08:00:00Z -                         | true
    cancer 2026-11-01T08:00:00Z -; other 2026-11-01T09:00:00Z -; other 2026-11-01T09:00:00Z - | true
    cancer 2026-11-01T08:00:00Z -; other - -                                            | true
    cancer - -; other - -                                                               | true
    cancer - first; other - 2                                                           | true
    """
)
def test_a_diagnosis_that_was_corrected_counts_as_it_was_corrected(row: Row) -> None:
    versions = [version(text) for text in row["versions"].split(";")]
    assert {says(CANCER, *found) for found in (versions, versions[::-1])} == {row["answer"]}


def test_a_corrected_diagnosis_is_counted_as_superseded() -> None:
    versions = [version("cancer - 1"), version("cancer - 2"), version("other - 3")]
    assert record(bundle([PATIENT, *versions])).tally.skipped == {"superseded": 2, "code-not-asked-for": 1}


def test_another_patients_resource_of_the_same_id_replaces_nothing() -> None:
    others = {**version("other - 2"), "subject": {"reference": "Patient/q"}}
    assert says(CANCER, version("cancer - 1"), others) == "true"


# --- whose it is ---

IDENTIFIED: Json = {**PATIENT, "identifier": [{"system": "urn:example:mrn", "value": "4711"}]}


@spec(
    """
    subject                                                    | answer
    -----------------------------------------------------------+-------------------
    {"reference": "Patient/p"}                                 | true
    {"reference": "Patient/p", "display": "Wang"}              | true
    {"reference": "Patient/p/_history/3"}                      | true
    {"reference": "https://ehr.example/fhir/Patient/p"}        | true
    {"reference": "https://ehr.example/Patient/p/_history/2"}  | true
    {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"} | true
    {"identifier": {"system": "urn:example:mrn", "value": "4711"}} | true
    {"reference": "urn:uuid:p"}                                | true
    {"reference": "Patient?identifier=urn:example:mrn%7C4711"} | true
    {"reference": "Patient?identifier=urn:example:mrn%7c9"}    | false presumed
    {"reference": "Patient?identifier=4711"}                   | unknown incomplete
    {"reference": "Patient/q"}                                 | false presumed
    {"reference": "urn:uuid:q"}                                | false presumed
    {"reference": "Patient/pp"}                                | false presumed
    {"reference": "Patient/p/q"}                               | false presumed
    {"reference": "Group/p"}                                   | false presumed
    {"reference": "https://ehr.example/fhir/Patient/q"}        | false presumed
    {"reference": "urn:uuid:00000000-0000-4000-8000-000000000002"} | false presumed
    {"identifier": {"system": "urn:example:mrn", "value": "9"}} | false presumed
    {"identifier": {"system": "urn:example:other", "value": "4711"}} | unknown incomplete
    {"identifier": {"value": "9"}}                             | unknown incomplete
    {"display": "Wang"}                                        | unknown incomplete
    {"reference": "#patient"}                                  | unknown incomplete
    {}                                                         | unknown incomplete
    null                                                       | unknown incomplete
    """
)
def test_a_resource_counts_only_when_it_is_this_patients(row: Row) -> None:
    entries = [{"fullUrl": URN, "resource": IDENTIFIED}, {"resource": cancer(subject=json.loads(row["subject"]))}]
    found = record({"resourceType": "Bundle", "entry": entries})
    assert answer(decide(CANCER, found, WORDS)) == row["answer"]
    assert ("other-patient" in reasons(found)) is (row["answer"] == "false presumed")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("urn:example:mrn|4711", "true"),
        ("urn:example:mrn|9", "false presumed"),
        ("urn:example:other|4711", "unknown incomplete"),
    ],
)
def test_a_reference_may_be_an_identifier_with_its_system_before_a_bar(reference: str, expected: str) -> None:
    """So Chinese hospital systems write it."""
    assert says(CANCER, cancer(subject={"reference": reference}), patient=IDENTIFIED) == expected


def test_the_patient_of_an_stu3_condition_is_its_subject() -> None:
    assert says(CANCER, cancer(subject=None, patient=SUBJECT)) == "true"


def test_a_result_of_another_patient_does_not_count_either() -> None:
    assert says(MARKER, marker(subject={"reference": "Patient/q"})) == "false presumed"


def test_resources_of_other_patients_are_counted() -> None:
    others = [cancer(id=f"c{n}", subject={"reference": f"Patient/q{n}"}) for n in range(3)]
    found = record(bundle([PATIENT, *others, {**PATIENT, "id": "q1"}]))
    assert found.tally.skipped == {"other-patient": 4}
    assert [note.what[0] for note in found.notes if note.reason == "other-patient"] == ["4"]


def test_the_patient_who_came_twice_is_one_patient() -> None:
    found = record(bundle([PATIENT, PATIENT, cancer()]))
    assert (found.tally.read, found.tally.skipped, reasons(found)) == (3, {}, [])


def test_of_several_patients_the_first_is_meant_or_the_one_asked_for() -> None:
    second = {**PATIENT, "id": "q", "birthDate": "1970-01-01"}
    body = bundle([PATIENT, second])
    asked = [record(body).patient, record(body, patient_id="q").patient, record(body, patient_id="p").patient]
    assert asked == ["Patient/p", "Patient/q", "Patient/p"]


@pytest.mark.parametrize("found", [[], [cancer()], [{**PATIENT, "birthDate": 1960}], [{**PATIENT, "id": "q"}]])
def test_without_the_patient_there_is_no_record(found: list[Json]) -> None:
    with pytest.raises(RecordError):
        record(bundle(found), patient_id="p")


# --- what a reference points to ---


@spec(
    """
    reference                                        | answer
    -------------------------------------------------+-----------------------
    {"reference": "Specimen/s"}                      | true
    {"reference": "Specimen/s/_history/1"}           | true
    {"reference": "https://ehr.example/Specimen/s"}  | true
    {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"} | true
    {"reference": "#inside"}                         | true
    {"reference": "Specimen/elsewhere"}              | unknown imprecise-date
    {"reference": "#nothing"}                        | unknown imprecise-date
    {"reference": "Condition/s"}                     | unknown imprecise-date
    {"identifier": {"value": "s"}}                   | unknown imprecise-date
    {"display": "plasma"}                            | unknown imprecise-date
    {}                                               | unknown imprecise-date
    """
)
def test_a_specimen_dates_its_result_in_whatever_form_it_is_referred_to(row: Row) -> None:
    [operation] = resources("Procedure resection on=2026-10-05")
    [specimen] = resources("Specimen tissue id=s on=2026-11-02")
    contained = [{**specimen, "id": "inside"}]
    result = marker(specimen=json.loads(row["reference"]), contained=contained)
    entries = [{"resource": each} for each in (PATIENT, operation, result)]
    body = {"resourceType": "Bundle", "entry": [*entries, {"fullUrl": URN, "resource": specimen}]}
    assert answer(decide(AFTER, record(body), WORDS)) == row["answer"]


SERVED = "https://ehr.example/fhir/Specimen/s"


@spec(
    """
    reference                                | full url | subject        | answer
    -----------------------------------------+----------+----------------+-----------------------
    https://ehr.example/fhir/Specimen/s      | served   | Patient/p      | true
    https://ehr.example/fhir/Specimen/s      | -        | Patient/p      | true
    https://other.example/fhir/Specimen/s    | served   | Patient/p      | unknown imprecise-date
    http://ehr.example/fhir/Specimen/s       | served   | Patient/p      | unknown imprecise-date
    Specimen/s                               | served   | Patient/p      | true
    Specimen/s                               | served   | -              | true
    Specimen/s                               | served   | Patient/q      | unknown imprecise-date
    Specimen/s                               | -        | Patient/q      | unknown imprecise-date
    #inside                                  | -        | Patient/q      | unknown imprecise-date
    #inside                                  | -        | -              | true
    """
)
def test_what_is_another_patients_or_on_another_server_dates_nothing(row: Row) -> None:
    [operation] = resources("Procedure resection on=2026-10-05")
    [specimen] = resources("Specimen tissue id=s on=2026-11-02")
    specimen["subject"] = {"reference": row["subject"]} if row["subject"] != "-" else None
    result = marker(specimen={"reference": row["reference"]}, contained=[{**specimen, "id": "inside"}])
    entries: list[Json] = [{"resource": each} for each in (PATIENT, operation, result)]
    served = {"fullUrl": SERVED} if row["full url"] == "served" else {}
    body = {"resourceType": "Bundle", "entry": [*entries, {**served, "resource": specimen}]}
    assert answer(decide(AFTER, record(body), WORDS)) == row["answer"]


def test_a_resource_without_id_is_cited_by_its_full_url() -> None:
    entries = [{"resource": PATIENT}, {"fullUrl": URN, "resource": cancer(id=None)}]
    found = decide(CANCER, record({"resourceType": "Bundle", "entry": entries}), WORDS)
    assert (answer(found), found.evidence) == ("true", (URN,))


# --- what resources refer to and is not there ---

HERE = "https://ehr.example/fhir"
UNDATED = marker(id="o1", specimen={"reference": "Specimen/s"})
DATED = marker(id="o2", effectiveDateTime="2026-11-02", specimen={"reference": "Specimen/s"})
IN_PERIOD = marker(id="o3", effectivePeriod={"start": "2026-11-02"}, specimen={"reference": "Specimen/s"})
USE: Json = {"resourceType": "MedicationStatement", "id": "d", "status": "active", "subject": SUBJECT}
NAMELESS: Json = {**USE, "medicationReference": {"reference": "Medication/m"}}
PART_TAKEN: Json = {"resourceType": "ResearchSubject", "id": "r", "individual": SUBJECT, "status": "on-study"}


def points_to(reference: str, **members: Any) -> Json:
    """Return a result without a time whose specimen is there."""
    return marker(specimen={"reference": reference}, **members)


def reports(reference: str, code: str = "marker") -> Json:
    """Return a report that has a result there."""
    made = {"resourceType": "DiagnosticReport", "id": "d", "status": "final", "subject": SUBJECT}
    return {**made, "code": concept(code), "result": [{"reference": reference}]}


LACKING: list[tuple[str, list[Json], str, str]] = [
    # what is there, what is lacking of it, what cannot be understood without
    ("a result without a time", [UNDATED], "Specimen/s", "Specimen/s"),
    ("a result with a time", [DATED], "Specimen/s", ""),
    ("a result with a Period", [IN_PERIOD], "Specimen/s", ""),
    ("a result that is not asked for", [points_to("Specimen/s", code=concept("other"))], "", ""),
    ("two of one sample", [UNDATED, {**UNDATED, "id": "o4"}], "Specimen/s", "Specimen/s"),
    ("the sample beside it", [UNDATED, {"resourceType": "Specimen", "id": "s"}], "", ""),
    (
        "a sample that cannot be read",
        [UNDATED, {"resourceType": "Specimen", "id": "s", "status": 5}],
        "Specimen/s",
        "Specimen/s",
    ),
    ("a version of it", [points_to("Specimen/s/_history/2")], "Specimen/s", "Specimen/s"),
    ("its address here", [points_to(f"{HERE}/Specimen/s")], "Specimen/s", "Specimen/s"),
    (
        "its address elsewhere",
        [points_to("https://other.example/Specimen/s")],
        "elsewhere Specimen",
        "elsewhere Specimen",
    ),
    ("what is contained", [points_to("#s")], "", ""),
    ("what is no id", [points_to("Specimen/a b")], "", ""),
    ("a type that is not followed", [points_to("Group/s")], "", ""),
    ("what a result is about", [marker(focus=[{"reference": "BodyStructure/b"}])], "BodyStructure/b", ""),
    ("a result of a report", [reports("Observation/x")], "Observation/x", ""),
    ("a report that is not asked for", [reports("Observation/x", "other")], "", ""),
    ("a drug without a name", [NAMELESS], "Medication/m", "Medication/m"),
    ("a drug with a name", [{**NAMELESS, "medicationCodeableConcept": concept("drug")}], "Medication/m", ""),
    ("a drug without anything", [USE], "", ""),
    ("a study", [{**PART_TAKEN, "study": {"reference": "ResearchStudy/n"}}], "ResearchStudy/n", ""),
    ("no study", [PART_TAKEN], "", ""),
    ("samples and drugs", [UNDATED, NAMELESS], "Specimen/s Medication/m", "Specimen/s Medication/m"),
]


@pytest.mark.parametrize(
    ("found", "all_of_it", "needed"), [row[1:] for row in LACKING], ids=[row[0] for row in LACKING]
)
def test_what_resources_refer_to_and_is_not_there(found: list[Json], all_of_it: str, needed: str) -> None:
    bodies = [None, *(decode(encode(each)) for each in found)]
    for needed_only, expected in ((False, all_of_it), (True, needed)):
        told = unresolved(bodies, WORDS, lambda url: url.startswith(HERE), needed_only=needed_only)
        wanted = [f"{type_}/{id_}" for type_, ids in told.ids.items() for id_ in ids]
        assert " ".join([*wanted, *(f"elsewhere {type_}" for type_ in told.elsewhere)]) == expected


# --- results without a result, results of tomorrow ---


NO_VALUES: list[Json] = [{}, {"dataAbsentReason": concept("not-performed")}, {"valueQuantity": {"unit": "mm"}}]


@pytest.mark.parametrize("said", NO_VALUES)
def test_a_result_without_value_is_passed_over_with_a_note_and_an_older_one_stands(said: Json) -> None:
    older = marker(id="old", effectiveDateTime="2026-10-01")
    empty = marker(id="new", effectiveDateTime="2026-11-01", valueCodeableConcept=None, **said)
    found = record(bundle([PATIENT, empty, older]))
    result = decide(MARKER, found, WORDS)
    assert (answer(result), result.evidence, reasons(found)) == ("true", ("Observation/old",), ["no-value"])


def test_a_result_dated_after_the_evaluation_does_not_count() -> None:
    found = record(bundle([PATIENT, marker(effectiveDateTime="2026-11-25")]))
    assert (answer(decide(MARKER, found, WORDS)), reasons(found)) == ("false presumed", ["future"])


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-25T02:00:00+08:00", "true"),  # the day of evaluation, in UTC
        ("2026-11-25T02:00:00+00:00", "false presumed"),
        ("9999-12-31T23:59:59-05:00", "false presumed"),  # beyond what a calendar in UTC holds
    ],
)
def test_a_result_of_tomorrow_by_the_clock_may_be_of_today(time: str, expected: str) -> None:
    assert says(MARKER, marker(effectiveDateTime=time)) == expected


def test_a_result_of_the_evaluation_day_counts() -> None:
    assert says(MARKER, marker(effectiveDateTime="2026-11-24")) == "true"


def test_a_planned_procedure_may_lie_ahead() -> None:
    [planned] = resources("ServiceRequest resection on=2026-12-01")
    assert says({"kind": "procedure", "value_set": "resection", "status": "planned"}, planned) == "true"


# --- for any record ---

CODES = st.sampled_from(["cancer", "marker", "resection", "drug", "something-else"])
DATES = st.sampled_from(["", "on=2026", "on=2026-10", "on=2026-10-05", "on=2026-11-02T08:00:00Z", "on=2027-01-01"])
STATUSES = st.sampled_from(["", "status=final", "status=preliminary", "status=completed", "status=entered-in-error"])
TYPES = st.sampled_from(["Condition", "Procedure", "Observation", "MedicationStatement", "DiagnosticReport"])
VALUES = st.sampled_from(["", "coded=positive", "coded=negative", "text=unclear", "conclusion=positive"])
SUBJECTS = st.sampled_from([SUBJECT, SUBJECT, SUBJECT, {"reference": "Patient/q"}, {"display": "Wang"}])
UNREAD: Json = {"resourceType": "SubscriptionStatus", "id": "u"}
"""No type of R4: a Bundle that holds one does not fit in one pass, and loses nothing by being taken apart."""


@st.composite
def any_resource(draw: st.DrawFn) -> Json:
    """Draw a resource: one that counts, one that does not, or one that cannot be read."""
    text = " ".join(draw(words) for words in (TYPES, CODES, DATES, STATUSES, VALUES))
    [made] = resources(text)
    own = {**made, "subject": draw(SUBJECTS)}
    return draw(st.sampled_from([*[own] * 5, {**own, "code": "a misfit"}, {"id": "nameless"}]))


def numbered(found: list[Json]) -> list[Json]:
    """Return the resources, each with an id of its own."""
    return [{**each, "id": f"r{number}"} for number, each in enumerate(found)]


any_record = st.lists(any_resource(), max_size=8).map(numbered)
draws = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@draws
@given(any_record)
def test_what_was_read_skipped_and_quarantined_adds_up(found: list[Json]) -> None:
    tally = record(bundle([PATIENT, *found])).tally
    assert tally.total == len(found) + 1
    assert tally.read + sum(tally.skipped.values()) + sum(tally.quarantined.values()) == tally.total


@draws
@given(st.lists(any_resource().filter(lambda each: isinstance(each.get("code", {}), dict)), max_size=8).map(numbered))
def test_a_record_taken_apart_gives_the_facts_of_one_pass(found: list[Json]) -> None:
    whole = record(bundle([PATIENT, *found]))
    apart = record(bundle([PATIENT, *found, UNREAD]))
    assert facts(apart) == facts(whole)
    assert apart.incomplete == whole.incomplete


@draws
@given(any_record, st.randoms(use_true_random=False))
def test_the_order_of_entries_never_matters(found: list[Json], random: Any) -> None:
    shuffled = random.sample(found, len(found))
    there, here = record(bundle([PATIENT, *found])), record(bundle([*shuffled, PATIENT]))
    assert facts(there) == facts(here)
    assert there.incomplete == here.incomplete


def test_an_unread_type_does_force_the_bundle_to_be_taken_apart() -> None:
    body = decode(encode(bundle([PATIENT, UNREAD])))
    assert isinstance(body, Bundle)
    assert [type(entry.resource) is Unreadable for entry in body.entry or []] == [False, True]


@pytest.mark.parametrize("value", ["it's Canary", "x' - at `$.Canary", "Canary` - at `$.Canary`", "x\" it's Canary"])
def test_why_a_resource_was_not_read_holds_no_value_however_it_is_quoted(value: str) -> None:
    body = decode(json.dumps({"resourceType": value, "id": 5}).encode())
    assert isinstance(body, Unreadable)
    assert body.why == "Invalid value - at `$.resourceType`"
