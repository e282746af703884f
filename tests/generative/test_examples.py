"""What the search has found once, in its smallest form: each row is a rule that the code once broke."""

from __future__ import annotations

import datetime as dt

import pytest

from mappings.clinical_time import parse_date, spanning
from mappings.truth import Reason, Truth
from tests.generative import reading
from tests.generative.oracle import Oracle
from tests.generative.records import PATIENT, Json, concept

OWN = {"reference": f"Patient/{PATIENT}"}


def condition(code: str) -> Json:
    return {"resourceType": "Condition", "id": code, "subject": OWN, "code": concept(code)}


def procedure(code: str, day: str, status: str = "completed") -> Json:
    resource = {"resourceType": "Procedure", "id": f"{code}-{day}", "subject": OWN, "status": status}
    return {**resource, "code": concept(code), "performedDateTime": day}


def marker(day: str, *answers: str) -> Json:
    resource = {"resourceType": "Observation", "id": day, "subject": OWN, "status": "final", "code": concept("m1")}
    return {**resource, "effectiveDateTime": day, "valueCodeableConcept": concept(*answers)}


def inr(day: str, value: float) -> Json:
    resource = {"resourceType": "Observation", "id": day, "subject": OWN, "status": "final", "code": concept("i1")}
    return {**resource, "effectiveDateTime": day, "valueQuantity": {"value": value}}


def allergy(code: str, verified: str) -> Json:
    resource = {"resourceType": "AllergyIntolerance", "id": code, "patient": OWN, "code": concept(code)}
    return {**resource, "verificationStatus": concept(verified)}


TUMOUR: Json = {"kind": "condition", "value_set": "tumour", "absence": "presume-absent"}
UNSITED_TUMOUR: Json = {**TUMOUR, "only_at": {"unsited-tumour": "liver"}}
ABLATION: Json = {"kind": "procedure", "value_set": "ablation", "absence": "presume-absent"}
MARKER: Json = {
    "kind": "observation",
    "value_set": "marker",
    "answers": {"holds": "detected", "fails": "not-detected", "open": "indeterminate"},
}
AFTER: Json = {**MARKER, "after": {"name": "operation", "value_set": "resection"}}
LATER_ABLATION: Json = {**ABLATION, "after": {"name": "operation", "value_set": "resection"}}
INR: Json = {"kind": "measured", "value_set": "inr", "above": "1.5"}
ALLERGY: Json = {"kind": "allergy", "value_set": "drug", "none_known": "no-known-allergy"}

ROWS = [
    # rule                                                criterion       on record                  lost  reason
    ("one concept, two codings that contradict",          MARKER, [marker("2026-11-20", "pos", "neg")], "", "conflict"),
    ("a procedure coded too generally is no 'no'",        ABLATION, [procedure("b2", "2026-11-20")], "", "too-general"),
    ("a not-done one beside one coded too generally",     ABLATION,
        [procedure("a1", "2026-11-20", "not-done"), procedure("b2", "2026-11-20")], "", "too-general"),
    ("a tumour whose site is needed and not recorded",    UNSITED_TUMOUR, [condition("n1")], "", "too-general"),
    ("a recorded date after today is no upper bound",     {**TUMOUR, "within": "30 days"},
        [{**condition("t1"), "recordedDate": "2026-11-30"}], "", "imprecise-date"),
    ("an unconfirmed 'no known allergy' is no 'no'",      ALLERGY, [allergy("nka", "unconfirmed")], "", "suspected"),
    ("not done, as far as was retrieved",                 ABLATION,
        [procedure("a1", "2026-11-20", "not-done")], "Procedure", "incomplete"),
    ("a later operation may be among those not retrieved", AFTER,
        [procedure("r1", "2026-10-01"), marker("2026-11-20", "pos")], "Procedure", "incomplete"),
    ("and so may one after this ablation",                LATER_ABLATION,
        [procedure("r1", "2026-10-01"), procedure("a1", "2026-11-20")], "Procedure", "incomplete"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "leaf", "found", "lost", "reason"), ROWS)
def test_what_is_not_known_stays_unknown_and_says_why(
    rule: str, leaf: Json, found: list[Json], lost: str, reason: str
) -> None:
    resources = [{"resourceType": "Patient", "id": PATIENT}, *found]
    finding = reading.finding(leaf, reading.record(resources, {lost}))
    assert Oracle(resources, {lost}).leaf(leaf).answer is None, rule
    assert (finding.truth, finding.reason) == (Truth.UNKNOWN, Reason(reason)), rule


def test_a_result_that_is_older_than_another_is_not_the_latest_beside_one_of_a_vague_date() -> None:
    """March is before May; that a third is only known to be of this year brings March back into no question."""
    found = [inr("2026-03-01", 1.0), inr("2026-05-01", 2.0), inr("2026", 2.0)]
    finding = reading.finding(INR, reading.record([{"resourceType": "Patient", "id": PATIENT}, *found]))
    assert finding.truth is Truth.TRUE


@pytest.mark.parametrize("offset", ["-05:00", "+08:00"])
def test_times_at_the_end_of_time_are_compared(offset: str) -> None:
    """A period without an end, or with the end that systems write for "for ever", meets a time of another zone."""
    start, other = parse_date(f"2026-01-01T00:00:00{offset}"), parse_date("2026-06-01T00:00:00Z")
    ever = parse_date(f"9999-12-31T23:59:59{offset}")
    assert start is not None
    assert other is not None
    for period in (spanning(start, None), spanning(start, ever), spanning(None, start)):
        assert period is not None
        assert (period.before(other), other.before(period)) == (period.last < dt.datetime(2026, 2, 1), False)
