"""The lesions of an organ on the latest imaging: which set counts, how large the largest is, how many there are.

Invented codes: `size` and `long-axis` are sizes, `count` a number of lesions, `liver` and `lung` organs. A cell holds
lesions as a radiologist would jot them down: `20mm`, or `long-axis 2.1cm lung 2026-10-01`. Left out, it is a size of
2026-11-10, by its bodySite in the liver; `nowhere` and `undated` leave those out. `#a` is the structure in focus (`a`
and `b` lie in the liver, `x` in the lung), `report r1,r2` a report of the first two of the row,
`operated` an operation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from tests.spec.tables import (
    SUBJECT,
    Json,
    Row,
    answer,
    concept,
    criterion,
    decide,
    read,
    recency,
    resources,
    spec,
    value_set,
    vocabulary,
)

WORDS = vocabulary(
    value_set("tumour-size", "size"),
    value_set("tumour-size-max-dimension", "long-axis"),
    value_set("lesion-count", "count"),
    "liver",
    "lung",
    "operation",
)
CODES = {"size", "long-axis", "count", "width"}
DATE = re.compile(r"\d{4}-\d\d(-\d\d(T[0-9:]+Z)?)?")
SIZE = re.compile(r"([<>=]*\d[\d.]*)([a-z]*)")
POLICY = recency(tumour_size="90 days", lesion_count="90 days")
SIZES = ["tumour-size", "tumour-size-max-dimension"]
OPERATION = {"name": "operation", "value_set": "operation"}
UP_TO_2_CM: Json = {"kind": "lesions", "site": "liver", "value_set": SIZES, "at_most": 2, "unit": "cm"}
OVER_1_CM: Json = {"kind": "lesions", "site": "liver", "value_set": SIZES, "above": 1, "unit": "cm"}
BELOW_5_CM: Json = {"kind": "lesions", "site": "liver", "value_set": SIZES, "below": 5, "unit": "cm"}
TWO: Json = {"kind": "lesions", "site": "liver", "value_set": SIZES, "count": "lesion-count", "count_at_least": 2}

STRUCTURES = [
    {"resourceType": "BodyStructure", "id": id_, "patient": SUBJECT, "location": concept(organ)}
    for id_, organ in (("a", "liver"), ("b", "liver"), ("x", "lung"))
]


def spelled(item: str) -> str:
    """Return an item of a cell as `tests.spec.tables` writes a resource."""
    words = item.split()
    if words[0] == "operated":
        return " ".join(["Procedure operation", *(f"on={day}" for day in words[1:])])
    if words[0] == "report":
        return f"DiagnosticReport imaging results={words[1]}"
    made = [word for word in words if word in CODES or (word[0].isalpha() and "=" in word)]
    rest = [word for word in words if word not in made]
    if all(word not in CODES for word in made):
        made.insert(0, "size")
    if "nowhere" not in rest and not any(word.startswith("#") for word in rest):
        made.append(f"site={'lung' if 'lung' in rest else 'liver'}")
    if not any(DATE.fullmatch(word) for word in [*rest, *made]) and "undated" not in rest:
        made.append("on=2026-11-10")
    return " ".join([*made, *(_element(word) for word in rest)])


def _element(word: str) -> str:
    if word.startswith("#"):
        return f"focus=BodyStructure/{word[1:]}"
    if DATE.fullmatch(word):
        return f"on={word}"
    number = SIZE.fullmatch(word)
    if number is None:
        return "" if word != "liver" else "site=liver"
    return f"value={number[1]}" + (f" unit={number[2]}" if number[2] else "")


def on_record(row: Row) -> list[Json]:
    """Return the resources of a row; `from=` names the imaging study that an Observation is derived from."""
    items = [spelled(item) for item in row["record"].split(";")]
    found = resources(";".join(items), "Observation")
    for each, item in zip(found, items, strict=True):
        if study := next((word[5:] for word in item.split() if word.startswith("from=")), None):
            each["derivedFrom"] = [{"reference": f"ImagingStudy/{study}"}]
    return [*STRUCTURES, *found]


def answers(statement: Json, row: Row) -> set[str]:
    """Return what a statement says of a record, with the entries in order and the other way round."""
    found = on_record(row)
    missing, newest = row.get("incomplete", ""), row.get("newest", "")
    records = [read(each, WORDS, incomplete=missing, newest_first=newest) for each in (found, found[::-1])]
    return {answer(decide(statement, record, WORDS, POLICY)) for record in records}


@spec("""
at most 2 cm      | record                                                     | answer
------------------+------------------------------------------------------------+------------------------
mm, at the limit  | 20mm                                                       | true
mm, above it      | 21mm                                                       | false
mm, by a tenth    | 20.1mm                                                     | false
cm, at the limit  | 2.0cm                                                      | true
cm, above it      | 2.1cm                                                      | false
the other code    | long-axis 21mm                                             | false
two units         | 15mm; 2.1cm                                                | false
the largest       | 20mm; 3mm                                                  | true
never the sum     | 20mm; 19mm                                                 | true
component         | 20mm in=lesion                                             | true
component, larger | 21mm in=lesion                                             | false
below, compared   | <2cm                                                       | true
above, compared   | >2cm                                                       | false
above 1, compared | >1cm                                                       | unknown needs-judgement
below 3, compared | <3cm                                                       | unknown needs-judgement
no unit           | 20                                                         | unknown unit
two of one lesion | 20mm #a; 21mm #a                                           | unknown conflict
two, both small   | 20mm #a; 19mm #a                                           | true
the later of one  | 21mm #a 2026-11-10T08:00:00Z; 20mm #a 2026-11-10T15:00:00Z | true
cannot be read    | 20mm; 30mm status=done                                     | unknown unreadable
a unit of mass    | 20mg                                                       | unknown unit
nought            | 0mm                                                        | unknown implausible
in words          | text=small                                                 | unknown unreadable
no value          | size                                                       | unknown no-data
preliminary       | 20mm status=preliminary                                    | unknown preliminary
cancelled         | 20mm status=cancelled                                      | unknown no-data
in error          | 20mm status=entered-in-error                               | unknown no-data
one has no unit   | 20mm; 3                                                    | unknown unit
one is too large  | 21mm; 3                                                    | false
another code      | width 21mm                                                 | unknown no-data
only a number     | count 2                                                    | unknown no-data
""")
def test_the_largest_diameter(row: Row) -> None:
    assert answers(UP_TO_2_CM, row) == {row["answer"]}


@spec("""
limit   | record  | answer
--------+---------+-------------
below 5 | 49mm    | true
below 5 | 5.0cm   | false
below 5 | 50mm    | false
below 5 | 49.9mm  | true
above 1 | 10mm    | false
above 1 | 1.0cm   | false
above 1 | 11mm    | true
above 1 | 10.1mm  | true
above 1 | 11mm; 3 | true
above 1 | 10mm; 3 | unknown unit
""")
def test_each_side_of_a_limit(row: Row) -> None:
    assert answers({"below 5": BELOW_5_CM, "above 1": OVER_1_CM}[row["limit"]], row) == {row["answer"]}


@spec("""
the organ                    | record            | answer
-----------------------------+-------------------+--------------------
by bodySite                  | 20mm              | true
by the structure in focus    | 20mm #a           | true
another bodySite             | 21mm lung         | unknown no-data
another structure            | 21mm #x           | unknown no-data
another beside it            | 20mm; 90mm lung   | true
not stated                   | 20mm nowhere      | unknown too-general
a structure not on record    | 20mm #gone        | unknown too-general
a focus that is no structure | 20mm #Condition/c | unknown too-general
focus, and bodySite          | 20mm #gone liver  | true
""")
def test_the_organ_is_the_body_site_or_the_structure_in_focus(row: Row) -> None:
    assert answers(UP_TO_2_CM, row) == {row["answer"]}


@spec("""
the latest set          | record                                               | answer
------------------------+------------------------------------------------------+-----------------------
the later day           | 30mm 2026-10-01; 20mm                                | true
the later day, larger   | 20mm 2026-10-01; 30mm                                | false
one day, two hours      | 30mm 2026-11-10T08:00:00Z; 20mm 2026-11-10T15:00:00Z | false
one report, two days    | 30mm 2026-11-09; 20mm; report r1,r2                  | false
two reports, two days   | 30mm 2026-11-09; 20mm; report r1; report r2          | true
two reports, one day    | 30mm; 20mm; report r1; report r2                     | unknown conflict
two that agree          | 19mm; 20mm; report r1; report r2                     | true
a report, and beside it | 30mm; 20mm; report r2                                | false
a day, or its month     | 30mm; 20mm 2026-11                                   | unknown imprecise-date
it is known to be older | 30mm 2026-11-05; 20mm 2026-11; 20mm                  | true
one study, two days     | 30mm 2026-11-09 from=ct; 20mm from=ct                | false
two studies, two days   | 30mm 2026-11-09 from=ct; 20mm from=mr                | true
90 days old             | 20mm 2026-08-26                                      | true
91 days old             | 20mm 2026-08-25                                      | unknown stale
by the month            | 20mm 2026-08                                         | unknown imprecise-date
not dated               | 20mm undated                                         | unknown imprecise-date
one of two not dated    | 20mm undated; 20mm                                   | unknown imprecise-date
after today             | 30mm 2026-11-25; 20mm                                | true
""")
def test_the_latest_imaging_is_one_report_or_study_else_one_day(row: Row) -> None:
    assert answers(UP_TO_2_CM, row) == {row["answer"]}


@spec("""
not seen again       | record                                                   | answer
---------------------+----------------------------------------------------------+------------------------
the large one        | 30mm #a 2026-09-10; 15mm #b 2026-09-10; 15mm #b          | false
the small one        | 30mm #a 2026-09-10; 15mm #b 2026-09-10; 19mm #a          | true
all measured again   | 30mm #a 2026-09-10; 15mm #b 2026-09-10; 19mm #a; 19mm #b | true
not recorded which   | 30mm 2026-09-10; 15mm 2026-09-10; 15mm                   | unknown needs-judgement
whichever, all small | 19mm 2026-09-10; 15mm 2026-09-10; 15mm                   | true
whichever, all large | 30mm 2026-09-10; 31mm 2026-09-10; 15mm                   | false
the one seen, large  | 30mm 2026-09-10; 15mm 2026-09-10; 30mm                   | false
cm before, mm now    | 3.0cm 2026-09-10; 3.1cm 2026-09-10; 15mm                 | false
one of two axes      | 30mm #a 2026-09-10; 15mm #a 2026-09-10; 14mm 2026-09-10; 16mm 2026-09-10; 15mm; 15mm | unknown needs-judgement
90 days before       | 30mm #a 2026-08-12; 15mm #b 2026-08-12; 15mm #b          | false
91 days before       | 30mm #a 2026-08-11; 15mm #b 2026-08-11; 15mm #b          | true
in that month        | 30mm #a 2026-08; 15mm #b 2026-08; 15mm #b                | unknown imprecise-date
in it, all small     | 19mm #a 2026-08; 15mm #b 2026-08; 15mm #b                | true
in it, seen large    | 30mm #a 2026-08; 15mm #b 2026-08; 30mm #b                | false
as many are seen     | 30mm #a 2026-09-10; 15mm #b                              | true
""")
def test_a_lesion_not_measured_again_keeps_its_last_size_for_90_days(row: Row) -> None:
    assert answers(UP_TO_2_CM, row) == {row["answer"]}


@spec("""
two or more                 | record                                         | answer
----------------------------+------------------------------------------------+--------------------
two                         | 9mm; 9mm                                       | true
one                         | 9mm                                            | false
one of two elsewhere        | 9mm; 9mm lung                                  | false
one, by two codes           | 9mm #a; long-axis 9mm #a                       | false
two structures              | 9mm #a; 9mm #b                                 | true
one is preliminary          | 9mm; 9mm status=preliminary                    | unknown preliminary
one report each             | 9mm; 9mm; report r1; report r2                 | unknown conflict
one report each of one      | 9mm #a; 9mm #a; report r1; report r2           | false
two in one, two in another  | 9mm; 9mm; 9mm; 9mm; report r1,r2; report r3,r4 | true
one report each, one beside | 9mm; 9mm; 9mm; report r1; report r2            | unknown conflict
two reports, one beside     | 9mm; 9mm; 9mm; 9mm; 9mm; report r1,r2; report r3,r4 | unknown conflict
one each on two days        | 9mm 2026-10-10; 9mm                            | false
one of two seen again       | 9mm 2026-10-10; 9mm 2026-10-10; 9mm            | true
the number says two         | count 2                                        | true
the number says one         | count 1                                        | false
two at least                | count >=2                                      | true
less than two               | count <2                                       | false
the later number            | 9mm 2026-10-10; count 3                        | true
the later sizes             | count 3 2026-10-10; 9mm                        | false
a number of another organ   | count 3 lung; 9mm                              | false
a later one of another      | count 1 2026-11-09; count 3 lung               | false
an earlier one of another   | count 2; count 1 lung                          | true
the number, and as many     | count 2; 9mm; 9mm                              | true
not all were measured       | count 3; 9mm                                   | true
the number says fewer       | count 1; 9mm; 9mm                              | unknown conflict
two numbers, one day        | count 1; count 2                               | unknown conflict
two of which one is carried | 9mm #a 2026-10-10; 9mm #b 2026-10-10; 9mm #b   | true
carried no longer           | 9mm 2026-08-11; 9mm 2026-08-11; 9mm            | false
it may be carried           | 9mm 2026-08; 9mm 2026-08; 9mm                  | unknown imprecise-date
one cannot be read          | 9mm; 9mm status=done                           | unknown unreadable
a number of no organ        | count 3 nowhere                                | unknown too-general
91 days old                 | 9mm 2026-08-25; 9mm 2026-08-25                 | unknown stale
a number, 91 days old       | count 2 2026-08-25                             | unknown stale
nothing                     | 9mm lung                                       | unknown no-data
""")
def test_their_number(row: Row) -> None:
    assert answers(TWO, row) == {row["answer"]}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("9mm; 9mm", "2 measured lesion(s) on the imaging of 2026-11-10."),
        (
            "9mm #a 2026-10-10; 9mm #b 2026-10-10; 9mm #b",
            "2 measured lesion(s) on the imaging of 2026-11-10, 1 of them not measured again.",
        ),
    ],
)
def test_a_number_says_how_many_were_not_measured_again(record: str, says: str) -> None:
    assert decide(TWO, read(on_record({"record": record}), WORDS), WORDS, POLICY).because == says


@spec("""
after the operation | record                                                | incomplete | answer
--------------------+-------------------------------------------------------+------------+-----------------------
the day after       | operated 2026-10-05; 20mm 2026-10-06                  |            | true
the day before      | operated 2026-10-05; 20mm 2026-10-04                  |            | unknown no-data
the same day        | operated 2026-10-05; 20mm 2026-10-05                  |            | unknown imprecise-date
both sides of it    | operated 2026-10-05; 90mm 2026-10-04; 20mm 2026-10-06 |            | true
no operation        | 20mm 2026-10-06                                       |            | unknown no-data
an undated one      | operated; 20mm 2026-10-06                             |            | unknown imprecise-date
it may have moved   | operated 2026-10-05; 20mm 2026-10-06                  | Procedure  | unknown incomplete
there may be one    | 20mm 2026-10-06                                       | Procedure  | unknown incomplete
""")
def test_after_an_event(row: Row) -> None:
    assert answers({**UP_TO_2_CM, "after": OPERATION}, row) == {row["answer"]}


@spec("""
record    | incomplete  | newest      | answer
----------+-------------+-------------+-------------------
20mm      | Observation |             | unknown incomplete
21mm      | Observation |             | unknown incomplete
20mm      | Observation | Observation | true
20mm      | Condition   |             | true
20mm lung | Observation |             | unknown incomplete
""")
def test_of_an_incomplete_record_the_latest_is_not_known(row: Row) -> None:
    assert answers(UP_TO_2_CM, row) == {row["answer"]}


@pytest.mark.parametrize(
    ("absence", "expected"),
    [("unknown", "unknown no-data"), ("presume-absent", "false presumed"), ("ask", "unknown human")],
)
def test_no_lesion_on_record(absence: str, expected: str) -> None:
    assert answers({**UP_TO_2_CM, "absence": absence}, {"record": "width 1mm"}) == {expected}


@pytest.mark.parametrize("axes", [(30, 20), (20, 30), (20, 19)], ids=str)
def test_of_the_axes_of_one_observation_the_largest_is_the_size(axes: tuple[int, int]) -> None:
    parts = [{"code": concept("size"), "valueQuantity": {"value": axis, "unit": "mm"}} for axis in axes]
    [lesion] = resources("lesion site=liver on=2026-11-10", "Observation")
    record = read([{**lesion, "component": parts}], WORDS)
    assert answer(decide(UP_TO_2_CM, record, WORDS, POLICY)) == ("true" if max(axes) <= 20 else "false")
    assert answer(decide(TWO, record, WORDS, POLICY)) == "false"


@pytest.mark.parametrize("asked", [{}, {"above": 1, "count_at_least": 2}], ids=["nothing", "size and number"])
def test_it_asks_for_a_size_or_for_a_number(asked: Mapping[str, int]) -> None:
    with pytest.raises(ValidationError):
        criterion({"kind": "lesions", "site": "liver", "value_set": SIZES, **asked})


def test_lesions_without_an_id_are_as_many_as_there_are() -> None:
    entries = [{**each, "id": None} for each in on_record({"record": "20mm 2026-11-02; 30mm 2026-11-02"})]
    nameless = [{key: value for key, value in each.items() if value is not None} for each in entries]
    finding = decide(TWO, read(nameless, WORDS), WORDS, POLICY)
    assert (answer(finding), finding.evidence) == ("true", ("Observation without id", "Observation without id (2)"))


def test_two_lesions_that_name_one_diagnosis_are_two() -> None:
    found = on_record({"record": "20mm nowhere; 30mm nowhere"})
    diagnosis = resources("Condition metastasis id=c site=liver")
    about = [
        {**each, "focus": [{"reference": "Condition/c"}]} for each in found if each["resourceType"] == "Observation"
    ]
    assert answer(decide(TWO, read([*diagnosis, *about], WORDS), WORDS, POLICY)) == "true"
