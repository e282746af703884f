"""NCT05797077, I2d and I3: the margin is the liver operation's, and the ctDNA that counts is the latest after T0.

T0 is the latest completed curative operation. The base patient was operated on 2026-10-05; the day is 2026-11-24.
"""

from __future__ import annotations

import pytest

from mappings.verdicts import Status
from tests.patients.codes import Json, coded
from tests.patients.resources import (
    answered,
    ctdna,
    ctdna_said,
    ecog,
    margin,
    observation,
    procedure,
    report,
    resource,
)
from tests.patients.standing import OPERATION, Row, told_both_ways

LE, ND, NO = Status.LIKELY_ELIGIBLE.value, Status.NEEDS_DATA.value, Status.INELIGIBLE.value
POSITIVE, NEGATIVE = "result-positive", "result-negative"
R0, R1 = "residual-tumour-r0", "residual-tumour-r1-r2"


def part_of(operation: str) -> list[Json]:
    return [{"reference": f"Procedure/{operation}"}]


def others(observation_: Json) -> Json:
    """Return the resource as one of another patient."""
    return {**observation_, "subject": {"reference": "Patient/mother"}}


def specimen(collected: str, site: Json | None = None) -> Json:
    collection = {"collectedDateTime": collected, "bodySite": site} if site else {"collectedDateTime": collected}
    return resource("Specimen", subject={"reference": "Patient/golden"}, collection=collection)


BOWEL = procedure("colorectal-resection", OPERATION)
OF_SPECIMEN: Json = {"reference": "Specimen/specimen"}
UNLINKED = {"resection": procedure("liver-resection", "2026-08-03"), "ctdna": ctdna()}
TIMED = procedure("liver-resection", "2026-10-05T09:00:00+08:00")
LASTING = procedure(
    "liver-resection",
    None,
    performedPeriod={"start": "2026-10-05T09:00:00+08:00", "end": "2026-10-05T13:00:00+08:00"},
)

MARGIN = [
    Row("R0", {}, "I2d true", LE, "true"),
    Row("R1", {"margin": margin(R1)}, "I2d false", NO, "false"),
    Row("R2", {"margin": margin(coded(R1, "stage R2"))}, "I2d false", NO, "false"),
    Row("RX", {"margin": margin("residual-tumour-rx")}, "I2d unknown needs-judgement", ND, "unknown"),
    Row("not on record", {"margin": None}, "I2d unknown no-data", ND, "unknown"),
    Row("not on record, not complete", {"margin": None}, "I2d unknown incomplete", ND, "unknown", "Observation"),
    Row("preliminary", {"margin": margin(status="preliminary")}, "I2d unknown preliminary", ND, "unknown"),
    Row("entered in error", {"margin": margin(status="entered-in-error")}, "I2d unknown no-data", ND, "unknown"),
    Row("amended", {"margin": margin(R1, status="amended")}, "I2d false", NO, "false"),
    Row("R0 and R1 of one day", {"again": margin(R1)}, "I2d unknown conflict", ND, "unknown"),
    Row("R1, later R0", {"margin": margin(R1), "again": margin(R0, "2026-10-12")}, "I2d true", LE, "true"),
    Row("not dated, not linked", {"margin": margin(on=None)}, "I2d unknown needs-judgement", ND, "unknown"),
    Row("60 days after", {**UNLINKED, "margin": margin(on="2026-10-02")}, "I2d true", LE, "true"),
    Row("61 days after", {**UNLINKED, "margin": margin(on="2026-10-03")}, "I2d unknown no-data", ND, "unknown"),
    Row(
        "61 days after, part of it",
        {**UNLINKED, "margin": margin(on="2026-10-03", partOf=part_of("resection"))},
        "I2d true",
        LE,
        "true",
    ),
    Row("on the day", {"margin": margin(on=OPERATION)}, "I2d true", LE, "true"),
    Row("the day before", {"margin": margin(R1, "2026-10-04")}, "I2d unknown no-data", ND, "unknown"),
    Row(
        "in the month of the operation", {"margin": margin(on="2026-10")}, "I2d unknown needs-judgement", ND, "unknown"
    ),
    Row("in the month after", {"margin": margin(on="2026-11")}, "I2d true", LE, "true"),
    Row("the mother's", {"margin": others(margin())}, "I2d unknown no-data", ND, "unknown"),
    # by what it says it belongs to
    Row(
        "of the bowel operation",
        {"bowel": procedure("colorectal-resection", "2026-02-03"), "margin": margin(R1, partOf=part_of("bowel"))},
        "I2d unknown no-data",
        ND,
        "unknown",
    ),
    Row("both on one day, not linked", {"bowel": BOWEL}, "I2d unknown needs-judgement", ND, "unknown"),
    Row(
        "both on one day, each margin linked",
        {"bowel": BOWEL, "margin": margin(partOf=part_of("resection")), "other": margin(R1, partOf=part_of("bowel"))},
        "I2d true; I3 true",
        LE,
        "true",
    ),
    Row(
        "both on one day, from a specimen of the liver",
        {
            "bowel": BOWEL,
            "specimen": specimen(OPERATION, coded("liver-structure")),
            "margin": margin(R1, specimen=OF_SPECIMEN),
        },
        "I2d false",
        NO,
        "false",
    ),
    Row(
        "two liver operations, the margin of the first",
        {"first": procedure("liver-resection", "2026-09-28"), "margin": margin(partOf=part_of("first"))},
        "I2d unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "a bowel resection between",
        {
            "bowel": procedure("colorectal-resection", "2026-10-20"),
            "margin": margin(R1, "2026-10-25"),
            "ctdna": ctdna(on="2026-11-10"),
        },
        "I2d unknown no-data; I3 true",
        ND,
        "unknown",
    ),
    # after an ablation
    Row("R0 after an ablation", {"resection": procedure("liver-ablation")}, "I2d true", LE, "true"),
    Row(
        "R1 after an ablation",
        {"resection": procedure("liver-ablation"), "margin": margin(R1)},
        "I2d false",
        NO,
        "false",
    ),
    Row(
        "complete ablation, in words",
        {
            "resection": procedure("liver-ablation"),
            "margin": observation("residual-tumour-status", "2026-10-20", valueString="Complete ablation."),
        },
        "I2d true",
        LE,
        "true",
    ),
    Row(
        "an ablation without result",
        {"resection": procedure("liver-ablation"), "margin": None},
        "I2d unknown no-data",
        ND,
    ),
    # in what form it is written
    Row(
        "in Chinese",
        {"margin": observation("residual-tumour-status", "2026-10-08", valueString="R0切除")},
        "I2d true",
        LE,
    ),
    Row(
        "in German",
        {"margin": observation("residual-tumour-status", "2026-10-08", valueString="R1-Resektion")},
        "I2d false",
        NO,
    ),
    Row(
        "in the German code system",
        {"margin": margin(coded(R0, system="medizininformatik"))},
        "I2d true",
        LE,
    ),
    Row(
        "in words that are not listed",
        {"margin": observation("residual-tumour-status", "2026-10-08", valueString="free, I think")},
        "I2d unknown unreadable",
        ND,
    ),
    Row(
        "as the conclusion of a pathology report",
        {"margin": report({"text": "Pathology report"}, R0, "2026-10-08")},
        "I2d true",
        LE,
    ),
]

PLACE = [
    # before, on and after the day of the operation
    Row("after", {}, "I3 true", LE, "true"),
    Row("the day after", {"ctdna": ctdna(on="2026-10-06")}, "I3 true", LE, "true"),
    Row("on the day", {"ctdna": ctdna(on=OPERATION)}, "I3 unknown imprecise-date", ND, "unknown"),
    Row("the day before", {"ctdna": ctdna(on="2026-10-04")}, "I3 unknown no-data", ND, "unknown"),
    Row(
        "both with times, after",
        {"resection": TIMED, "ctdna": ctdna(on="2026-10-05T18:00:00+08:00")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "both with times, before",
        {"resection": TIMED, "ctdna": ctdna(on="2026-10-05T08:00:00+08:00")},
        "I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "times in two zones, before",
        {"resection": TIMED, "ctdna": ctdna(on="2026-10-05T00:30:00Z")},
        "I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "times in two zones, after",
        {"resection": TIMED, "ctdna": ctdna(on="2026-10-05T01:30:00Z")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "only the operation has a time",
        {"resection": TIMED, "ctdna": ctdna(on=OPERATION)},
        "I3 unknown imprecise-date",
        ND,
        "unknown",
    ),
    Row(
        "after the end of the operation",
        {"resection": LASTING, "ctdna": ctdna(on="2026-10-05T13:30:00+08:00")},
        "I3 true",
        LE,
        "true",
    ),
    # issued versus collected
    Row(
        "collected before, issued after",
        {"ctdna": ctdna(on="2026-10-01", issued="2026-10-20T09:00:00Z")},
        "I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "issued after, not known when collected",
        {"ctdna": ctdna(on=None, issued="2026-11-02T09:00:00Z")},
        "I3 unknown imprecise-date",
        ND,
        "unknown",
    ),
    Row(
        "the specimen was collected after",
        {"ctdna": ctdna(on=None, specimen=OF_SPECIMEN), "specimen": specimen("2026-11-02")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "the specimen was collected before",
        {"ctdna": ctdna(on=None, specimen=OF_SPECIMEN), "specimen": specimen("2026-10-01")},
        "I3 unknown no-data",
        ND,
        "unknown",
    ),
    # partial dates
    Row(
        "this month: the days to come cannot be meant",
        {"ctdna": ctdna(on="2026-11")},
        "I3 true",
        LE,
        "true",
    ),
    Row("in the month of the operation", {"ctdna": ctdna(on="2026-10")}, "I3 unknown imprecise-date", ND, "unknown"),
    Row("in the year", {"ctdna": ctdna(on="2026")}, "I3 unknown imprecise-date", ND, "unknown"),
    Row("in the year before", {"ctdna": ctdna(on="2025")}, "I3 unknown no-data", ND, "unknown"),
    Row("dated tomorrow", {"ctdna": ctdna(on="2026-11-25")}, "I3 unknown no-data", ND, "unknown"),
    # age of the sample
    Row(
        "90 days old",
        {
            "resection": procedure("liver-resection", "2026-07-06"),
            "margin": margin(on="2026-07-10"),
            "ctdna": ctdna(on="2026-08-26"),
        },
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "91 days old",
        {
            "resection": procedure("liver-resection", "2026-07-06"),
            "margin": margin(on="2026-07-10"),
            "ctdna": ctdna(on="2026-08-25"),
        },
        "I3 unknown stale",
        ND,
        "unknown",
    ),
    # more than one operation
    Row(
        "a new resection voids the older sample",
        {"first": procedure("liver-resection", "2026-06-01"), "ctdna": ctdna(on="2026-09-15")},
        "I2c true; I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "a later bowel resection moves T0",
        {"bowel": procedure("colorectal-resection", "2026-11-10")},
        "I2d true; I3 unknown no-data",
        ND,
        "unknown",
    ),
    Row(
        "a sample after both",
        {"bowel": procedure("colorectal-resection", "2026-11-10"), "ctdna": ctdna(on="2026-11-18")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "an earlier bowel resection", {"bowel": procedure("colorectal-resection", "2026-02-03")}, "I3 true", LE, "true"
    ),
    Row(
        "a planned second resection",
        {"second": procedure("liver-resection", "2026-12-10", "preparation")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "a second resection that was not done",
        {"second": procedure("liver-resection", "2026-11-10", "not-done")},
        "I3 true",
        LE,
        "true",
    ),
    Row(
        "operations not complete: a later one may be missing",
        {},
        "I2c true; I3 unknown incomplete",
        ND,
        "unknown",
        "Procedure",
    ),
    Row("results not complete: a later one may be missing", {}, "I3 unknown incomplete", ND, "unknown", "Observation"),
    Row(
        "reports not complete: a later one may be missing",
        {},
        "I3 unknown incomplete",
        ND,
        "unknown",
        "DiagnosticReport",
    ),
]

LATEST = [
    Row("negative", {"ctdna": ctdna(NEGATIVE)}, "I3 false", NO, "false"),
    Row("not tested", {"ctdna": None}, "I3 unknown no-data", ND, "unknown"),
    Row("positive, then negative", {"next": ctdna(NEGATIVE, "2026-11-16")}, "I3 false", NO, "false"),
    Row("negative, then positive", {"first": ctdna(NEGATIVE, "2026-10-20")}, "I3 true", LE, "true"),
    Row(
        "positive before and negative after",
        {"first": ctdna(on="2026-09-01"), "ctdna": ctdna(NEGATIVE)},
        "I3 false",
        NO,
    ),
    Row("preliminary", {"ctdna": ctdna(status="preliminary")}, "I3 unknown preliminary", ND, "unknown"),
    Row(
        "positive, then preliminary negative",
        {"next": ctdna(NEGATIVE, "2026-11-16", status="preliminary")},
        "I3 unknown preliminary",
        ND,
        "unknown",
    ),
    Row("amended", {"ctdna": ctdna(status="amended")}, "I3 true", LE, "true"),
    Row("corrected", {"ctdna": ctdna(NEGATIVE, status="corrected")}, "I3 false", NO, "false"),
    Row("entered in error", {"ctdna": ctdna(status="entered-in-error")}, "I3 unknown no-data", ND, "unknown"),
    Row(
        "positive, then a negative entered in error",
        {"next": ctdna(NEGATIVE, "2026-11-16", status="entered-in-error")},
        "I3 true",
        LE,
        "true",
    ),
    Row("positive, then cancelled", {"next": ctdna(NEGATIVE, "2026-11-16", status="cancelled")}, "I3 true", LE, "true"),
    Row(
        "positive, then registered", {"next": ctdna(NEGATIVE, "2026-11-16", status="registered")}, "I3 true", LE, "true"
    ),
    Row(
        "positive, then a sample that was not enough",
        {"next": observation("ctdna-result", "2026-11-16", dataAbsentReason={"text": "quantity not sufficient"})},
        "I3 true",
        LE,
        "true",
    ),
    Row("indeterminate", {"ctdna": ctdna("result-indeterminate")}, "I3 unknown needs-judgement", ND, "unknown"),
    Row(
        "positive, then indeterminate",
        {"next": ctdna("result-indeterminate", "2026-11-16")},
        "I3 unknown needs-judgement",
        ND,
        "unknown",
    ),
    Row("two laboratories on one day", {"other": ctdna(NEGATIVE)}, "I3 unknown conflict", ND, "unknown"),
    Row("two laboratories that agree", {"other": ctdna(coded(POSITIVE, "Positive"))}, "I3 true", LE, "true"),
    Row(
        "two laboratories on one day, with times",
        {"ctdna": ctdna(on="2026-11-02T08:00:00Z"), "other": ctdna(NEGATIVE, "2026-11-02T15:00:00Z")},
        "I3 false",
        NO,
        "false",
    ),
    Row("the mother's", {"ctdna": others(ctdna())}, "I3 unknown no-data", ND, "unknown"),
]

FORM = [
    Row(
        "interpretation alone",
        {"ctdna": observation("ctdna-result", interpretation=[coded(POSITIVE, "Positive", "v3-Obs")])},
        "I3 true",
        LE,
    ),
    Row(
        "interpretation against the value",
        {"ctdna": ctdna(NEGATIVE, interpretation=[coded(POSITIVE, "Positive", "v3-Obs")])},
        "I3 unknown conflict",
        ND,
    ),
    Row(
        "a number with an interpretation",
        {
            "ctdna": observation(
                "ctdna-result",
                valueQuantity={"value": 0.04, "unit": "%"},
                interpretation=[coded(NEGATIVE, "Negative", "v3-Obs")],
            )
        },
        "I3 false",
        NO,
    ),
    Row(
        "a number alone",
        {"ctdna": observation("ctdna-result", valueQuantity={"value": 0.04, "unit": "%"})},
        "I3 unknown needs-judgement",
        ND,
    ),
    Row(
        "in a component",
        {
            "ctdna": observation(
                {"text": "Liquid biopsy panel"},
                component=[{"code": coded("ctdna-result"), "valueCodeableConcept": coded(POSITIVE)}],
            )
        },
        "I3 true",
        LE,
    ),
    Row("words: detected", {"ctdna": ctdna_said("Detected")}, "I3 true", LE),
    Row("words: Not  detected.", {"ctdna": ctdna_said("Not  detected.")}, "I3 false", NO),
    Row("words: 阳性", {"ctdna": ctdna_said("阳性")}, "I3 true", LE),
    Row("words: 阴性", {"ctdna": ctdna_said("阴性")}, "I3 false", NO),
    Row("words: 检出", {"ctdna": ctdna_said("检出")}, "I3 true", LE),
    Row("words: 未检出", {"ctdna": ctdna_said("未检出")}, "I3 false", NO),
    Row("words: positiv", {"ctdna": ctdna_said("positiv")}, "I3 true", LE),
    Row("words: nicht nachweisbar", {"ctdna": ctdna_said("nicht nachweisbar")}, "I3 false", NO),
    Row("words: nicht beurteilbar", {"ctdna": ctdna_said("nicht beurteilbar")}, "I3 unknown needs-judgement", ND),
    Row("words not listed", {"ctdna": ctdna_said("no longer positive")}, "I3 unknown unreadable", ND),
    Row("words: 未检测 (not tested) are no negative", {"ctdna": ctdna_said("未检测")}, "I3 unknown unreadable", ND),
    Row(
        "a genomic report is not the result itself",
        {"ctdna": answered("ctdna-related", POSITIVE)},
        "I3 unknown no-data",
        ND,
    ),
    Row("the conclusion of a ctDNA report", {"ctdna": report("ctdna-result", POSITIVE)}, "I3 true", LE),
    Row(
        "a preliminary ctDNA report",
        {"ctdna": report("ctdna-result", POSITIVE, status="preliminary")},
        "I3 unknown preliminary",
        ND,
    ),
    Row(
        "a report against its own result",
        {"report": report("ctdna-result", NEGATIVE, result=[{"reference": "Observation/ctdna"}])},
        "I3 unknown conflict",
        ND,
    ),
    Row(
        "contained in a report",
        {"ctdna": report({"text": "Molecular report"}, {"text": "see result"}, contained=[{"id": "r", **ctdna()}])},
        "I3 true",
        LE,
    ),
    Row(
        "contained in a report, entered in error",
        {
            "ctdna": report(
                {"text": "Molecular report"},
                {"text": "see result"},
                contained=[{"id": "r", **ctdna(status="entered-in-error")}],
            )
        },
        "I3 unknown no-data",
        ND,
    ),
    Row(
        "contained in a report, but the mother's",
        {
            "ctdna": report(
                {"text": "Molecular report"}, {"text": "see result"}, contained=[{"id": "r", **others(ctdna())}]
            )
        },
        "I3 unknown no-data",
        ND,
    ),
    Row(
        "a status that FHIR does not know",
        {"ctdna": ctdna(status="completed")},
        "I3 unknown unreadable",
        ND,
    ),
    Row("an unreadable ECOG leaves the ctDNA as it is", {"ecog": ecog(1, "yesterday")}, "I3 true; I4 true", LE),
]


@pytest.mark.parametrize("row", MARGIN + PLACE + LATEST + FORM, ids=str)
def test_margin_and_ctdna_answer_as_the_table_says(row: Row) -> None:
    assert told_both_ways("NCT05797077", row) == [row.told, row.told]
