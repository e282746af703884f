"""CTDNA-LUNG-NODULES: every answer each criterion can give, with both sides of every number of its source.

The source has no exclusion criteria, so that no patient stands better than `needs-data`.
"""

from __future__ import annotations

from typing import Any

import pytest

from mappings.verdicts import Status
from terminology.codings import ICD10_CN, ICD10_GM
from tests.patients.bases import LUNG_NODULES, record, told_both_ways
from tests.patients.codes import Json, category, coded, enumerated, graded
from tests.patients.recurrence import lesion as liver_lesion
from tests.patients.resources import (
    Concept,
    answered,
    condition,
    consent,
    ctdna,
    ecog,
    observation,
    patient,
    procedure,
    report,
    resource,
    study,
    study_subject,
)
from tests.patients.standing import Row, answer, evaluate, trial_of

TRIAL = "CTDNA-LUNG-NODULES"
ND, NO, NR = Status.NEEDS_DATA.value, Status.INELIGIBLE.value, Status.NOT_RELEVANT.value

LIVER, LUNG = [coded("liver-structure")], [coded("lung-structure")]
CANCER = coded("colorectal-cancer", "Malignant")

BASE_ANSWERS = {
    "I1": "true",
    "I2": "true",
    "I3": "true presumed",
    "I4": "true",
    "I5": "true",
    "I6": "true",
    "I7": "unknown human",
    "I8": "unknown human",
    "I9": "unknown human",
    "I10": "unknown human",
}


def test_of_the_base_patient_every_criterion_is_answered() -> None:
    verdict = trial_of(evaluate(record(LUNG_NODULES, {})), TRIAL)
    assert verdict.status.value == ND
    assert {each.criterion.id: answer(each.finding) for each in verdict.verdicts} == BASE_ANSWERS


def cancer(concept: Concept = CANCER, **elements: Any) -> dict[str, Json | None]:
    """Return the primary under another code; the first does not say its histology."""
    return {"cancer": condition(concept, onsetDateTime="2024-02-01", **elements)}


def histology(value_set: str) -> list[Json]:
    """Return mCODE's extension of a Condition that says its histology."""
    return [{"url": "histology-morphology-behavior", "valueCodeableConcept": coded(value_set)}]


def nodules(concept: Concept = "lung-metastasis", *status: str | None, **elements: Any) -> dict[str, Json | None]:
    return {"nodules": condition(concept, *status, **elements)}


def lesion(size: float | str, unit: str | None = "mm", on: str | None = "2026-11-10", **elements: Any) -> Json:
    """Return one lesion of the lung by its largest diameter."""
    return liver_lesion(size, unit, on, "lung-structure", **elements)


def one(size: float | str, unit: str | None = "mm", on: str | None = "2026-11-10", **elements: Any) -> dict[str, Json]:
    return {"lesion": lesion(size, unit, on, **elements)}


def in_focus(structure: str) -> dict[str, Any]:
    return {"focus": [{"reference": f"BodyStructure/{structure}"}]}


def order(concept: Concept, status: str = "active", **elements: Any) -> Json:
    """Return a ServiceRequest for a treatment."""
    said = {"subject": {"reference": "Patient/golden"}, "intent": "order", "status": status}
    return resource("ServiceRequest", code=coded(concept) if isinstance(concept, str) else concept, **said, **elements)


def plan(concept: str, status: str = "active", activity: str = "scheduled") -> Json:
    """Return a CarePlan with a treatment as its activity."""
    detail = {"status": activity, "code": coded(concept)}
    said = {"subject": {"reference": "Patient/golden"}, "intent": "plan", "status": status}
    return resource("CarePlan", activity=[{"detail": detail}], **said)


def specimen(status: str | None, concept: str = "specimen-tumour") -> Json:
    return resource("Specimen", type=coded(concept), status=status, subject={"reference": "Patient/golden"})


AGE = [
    # 18 to 80 completed years: true until the day before the 81st birthday
    Row("18 today", {"patient": patient("2008-11-24")}, "I1 true", ND),
    Row("18 tomorrow", {"patient": patient("2008-11-25")}, "I1 false", NO),
    Row("81 tomorrow", {"patient": patient("1945-11-25")}, "I1 true", ND),
    Row("81 today", {"patient": patient("1945-11-24")}, "I1 false", NO),
    Row("80 and a woman", {"patient": patient("1946-11-24", "female")}, "I1 true", ND),
    Row("born in the month of 80 or 81", {"patient": patient("1945-11")}, "I1 unknown imprecise-date", ND),
    Row("born in the year of 80 or 81", {"patient": patient("1945")}, "I1 unknown imprecise-date", ND),
    Row("born in the year of 17 or 18", {"patient": patient("2008")}, "I1 unknown imprecise-date", ND),
    Row("born in a year within", {"patient": patient("1946")}, "I1 true", ND),
    Row("no birth date", {"patient": patient(None)}, "I1 unknown no-data", ND),
]

ADENOCARCINOMA = [
    Row("resolved", {"cancer": condition("colorectal-adenocarcinoma", "resolved")}, "I2 true", ND),
    Row("code without histology", cancer(), "I2 unknown no-data", ND),
    Row("ICD-10-CM", cancer(category("colorectal-cancer")), "I2.1 true; I2 unknown no-data", ND),
    Row("ICD-10-GM", cancer(category("colorectal-cancer", 2, ICD10_GM)), "I2.1 true; I2 unknown no-data", ND),
    Row("Chinese ICD-10", cancer(category("colorectal-cancer", 0, ICD10_CN)), "I2.1 true; I2 unknown no-data", ND),
    Row("histology beside the code", cancer(extension=histology("adenocarcinoma-morphology")), "I2 true", ND),
    Row("histology as evidence", cancer(evidence=[{"code": [coded("adenocarcinoma-morphology")]}]), "I2 true", ND),
    Row(
        "histology by report",
        {**cancer(), "report": report("ctdna-result", "adenocarcinoma-morphology")},
        "I2 true",
        ND,
    ),
    Row(
        "histology by its own code",
        {**cancer(), "seen": answered("adenocarcinoma-morphology", "result-positive")},
        "I2 true",
        ND,
    ),
    Row(
        "report not final",
        {**cancer(), "report": report("ctdna-result", "adenocarcinoma-morphology", status="preliminary")},
        "I2 unknown no-data; I2.2 unknown no-data",
        ND,
    ),
    Row("another histology", cancer(extension=histology("other-histology-morphology")), "I2 false", NO),
    Row(
        "another histology by report",
        {**cancer(), "report": report("ctdna-result", "other-histology-morphology")},
        "I2 false",
        NO,
    ),
    Row(
        "another histology in tissue of the lung",
        {
            **cancer(),
            "seen": answered("other-histology-morphology", "result-positive", bodySite=coded("lung-structure")),
        },
        "I2 unknown no-data",
        ND,
    ),
    Row(
        "another histology by report, adenocarcinoma by the diagnosis",
        {"report": report("ctdna-result", "other-histology-morphology")},
        "I2 unknown conflict",
        ND,
    ),
    Row(
        "another histology by the diagnosis, adenocarcinoma by report",
        {
            **cancer(extension=histology("other-histology-morphology")),
            "report": report("ctdna-result", "adenocarcinoma-morphology"),
        },
        "I2 unknown conflict",
        ND,
    ),
    Row(
        "both histologies by reports of one day",
        {
            **cancer(extension=histology("other-histology-morphology")),
            "report": report("ctdna-result", "adenocarcinoma-morphology"),
            "other": report("ctdna-result", "other-histology-morphology"),
        },
        "I2 unknown conflict",
        ND,
    ),
    Row("provisional", cancer("colorectal-adenocarcinoma", verification="provisional"), "I2 unknown suspected", ND),
    Row("differential", cancer("colorectal-adenocarcinoma", verification="differential"), "I2 unknown suspected", ND),
    Row("refuted", cancer("colorectal-adenocarcinoma", verification="refuted"), "I2.1 false presumed", NR),
    Row("only suggested", cancer(coded("colorectal-cancer-unclear", "recurrence")), "I2 unknown needs-judgement", ND),
    Row("coded too generally", cancer("colorectal-cancer-general"), "I2 unknown too-general", ND),
    Row("not on record", {"cancer": None}, "I2.1 false presumed; I2 false presumed", NR),
    Row("not on record, not complete", {"cancer": None}, "I2 unknown incomplete", ND, "", "Condition"),
    Row("no metastasis: not advanced", {"nodules": None}, "I2.3 unknown no-data; I3 false presumed", NR),
    Row("advanced by a suspected metastasis", nodules("lung-metastasis", "active", "provisional"), "I2 true", ND),
]

ONLY_IN_THE_LUNG = [
    # suspected metastases are what the trial is about; a differential diagnosis or a bare nodule asks for imaging
    Row("provisional", nodules("lung-metastasis", "active", "provisional"), "I3 true presumed", ND),
    Row("unconfirmed", nodules("lung-metastasis", "active", "unconfirmed"), "I3 true presumed", ND),
    Row("differential", nodules("lung-metastasis", "active", "differential"), "I3 unknown suspected", ND),
    Row("refuted", nodules("lung-metastasis", "active", "refuted"), "I3 false presumed", NR),
    Row("entered in error", nodules("lung-metastasis", None, "entered-in-error"), "I3 false presumed", NR),
    Row("resolved", nodules("lung-metastasis", "resolved"), "I3 unknown needs-judgement", ND),
    Row("ICD-10-CM", nodules(category("lung-metastasis")), "I3 true presumed", ND),
    Row("ICD-10-GM", nodules(category("lung-metastasis", 0, ICD10_GM)), "I3 true presumed", ND),
    Row("bare nodule", nodules("pulmonary-nodule"), "I3 unknown needs-judgement", ND),
    Row("bare nodule in ICD-10-CM", nodules(category("pulmonary-nodule")), "I3 unknown needs-judgement", ND),
    Row("several, in ICD-10-CM", nodules(enumerated("lung-metastasis-unclear", 2)), "I3 unknown needs-judgement", ND),
    Row("a nodule and a metastasis", {"nodule": condition("pulmonary-nodule")}, "I3 true presumed", ND),
    Row("a primary of the lung", nodules("lung-cancer"), "I3 false presumed", NR),
    Row("no nodule at all", {"nodules": None}, "I3 false presumed", NR),
    Row("not complete", {}, "I3 unknown incomplete", ND, "", "Condition"),
    Row("site by bodySite", nodules("metastasis-site-unstated", bodySite=LUNG), "I3 true presumed", ND),
    Row("site not stated", nodules("metastasis-site-unstated"), "I3 unknown too-general", ND),
    Row("site is the liver", nodules("metastasis-site-unstated", bodySite=LIVER), "I3.1 false presumed; I3 false", NR),
    Row("liver too", {"liver": condition("liver-metastasis")}, "I3 false; I3.2 false", NO),
    Row(
        "liver too, site by bodySite", {"liver": condition("metastasis-site-unstated", bodySite=LIVER)}, "I3 false", NO
    ),
    Row("liver too, relapsed", {"liver": condition("liver-metastasis", "relapse")}, "I3 false", NO),
    Row("liver, resolved", {"liver": condition("liver-metastasis", "resolved")}, "I3 unknown needs-judgement", ND),
    Row("liver, in remission", {"liver": condition("liver-metastasis", "remission")}, "I3 unknown needs-judgement", ND),
    Row(
        "liver, suspected",
        {"liver": condition("liver-metastasis", "active", "provisional")},
        "I3 unknown suspected",
        ND,
    ),
    Row("liver, refuted", {"liver": condition("liver-metastasis", "active", "refuted")}, "I3 true presumed", ND),
    Row("peritoneum too", {"other": condition("peritoneal-metastasis")}, "I3 false", NO),
    Row("brain too", {"other": condition("brain-metastasis")}, "I3 false", NO),
    Row("pleura too", {"other": condition("pleural-metastasis")}, "I3 false", NO),
    Row("a distant node too", {"other": condition("distant-node-metastasis")}, "I3 false", NO),
    Row("a node somewhere", {"other": condition("node-metastasis-unclear")}, "I3 unknown too-general", ND),
    Row(
        "elsewhere, only suggested",
        {"other": condition("metastasis-outside-lung-unclear")},
        "I3 unknown needs-judgement",
        ND,
    ),
]

AT_MOST_2_CM = [
    Row("20 mm", one(20), "I4 true", ND),
    Row("20.1 mm", one(20.1), "I4 false", NO),
    Row("21 mm", one(21), "I4 false", NO),
    Row("2.0 cm", one("2.0", "cm"), "I4 true", ND),
    Row("2.1 cm", one(2.1, "cm"), "I4 false", NO),
    Row(
        "2 cm by its UCUM code",
        one(2, None, valueQuantity={"value": 2, "unit": "Zentimeter", "code": "cm"}),
        "I4 true",
        ND,
    ),
    Row("several, the largest 20 mm", {"b": lesion(20), "c": lesion(15)}, "I4 true", ND),
    Row("several, the largest 21 mm", {"b": lesion(21), "c": lesion(15)}, "I4 false", NO),
    Row("never their sum", {"b": lesion(9), "c": lesion(9)}, "I4 true", ND),
    Row("more in the liver", {"b": liver_lesion(60)}, "I4 true", ND),
    Row("at most 2 cm", one(2, "cm", comparator="<="), "I4 true", ND),
    Row("more than 2 cm", one(2, "cm", comparator=">"), "I4 false", NO),
    Row("less than 3 cm", one(3, "cm", comparator="<"), "I4 unknown needs-judgement", ND),
    Row("more than 1 cm", one(1, "cm", comparator=">"), "I4 unknown needs-judgement; I5 unknown no-data", ND),
    Row("without a unit", one(9, None), "I4 unknown unit; I5 unknown unit", ND),
    Row("a unit that does not fit", one(9, "kg"), "I4 unknown unit", ND),
    Row("nought", one(0), "I4 unknown implausible", ND),
    Row(
        "in words",
        {"lesion": observation("tumour-size", valueString="small", bodySite=LUNG[0])},
        "I4 unknown unreadable",
        ND,
    ),
    Row("status that FHIR does not know", one(9, status="done"), "I4 unknown unreadable", ND),
    Row("organ not stated", one(9, bodySite=None), "I4 unknown too-general", ND),
    Row("preliminary", one(9, status="preliminary"), "I4 unknown preliminary", ND),
    Row("one is preliminary, one is too large", {**one(9, status="preliminary"), "b": lesion(21)}, "I4 false", NO),
    Row("90 days old", one(9, on="2026-08-26"), "I4 true", ND),
    Row("91 days old", one(9, on="2026-08-25"), "I4 unknown stale; I5 unknown stale", ND),
    Row("by the month", one(9, on="2026-08"), "I4 unknown imprecise-date", ND),
    Row("not dated", one(9, on=None), "I4 unknown imprecise-date", ND),
    Row("after today", one(9, on="2026-11-25"), "I4 unknown no-data", ND),
    Row(
        "of one structure 9 and 21 mm",
        {**one(9, **in_focus("s")), "b": lesion(21, **in_focus("s"))},
        "I4 unknown conflict",
        ND,
    ),
    Row("21 mm before", {"before": lesion(21, on="2026-10-01")}, "I4 true", ND),
    Row(
        "21 mm before, and another",
        {"b": lesion(21, on="2026-10-01"), "c": lesion(22, on="2026-10-01")},
        "I4 false",
        NO,
    ),
    Row(
        "21 or 9 mm before",
        {"b": lesion(21, on="2026-10-01"), "c": lesion(9, on="2026-10-01")},
        "I4 unknown needs-judgement",
        ND,
    ),
    Row("not on record", {"lesion": None}, "I4 unknown no-data; I5 unknown no-data", ND),
    Row(
        "not complete", {}, "I4 unknown incomplete; I5 unknown incomplete; I6 unknown incomplete", ND, "", "Observation"
    ),
]

LARGE = one(11)
LOCAL_TREATMENT = [
    Row("10 mm: not asked", one(10), "I5 true", ND),
    Row("1.0 cm: not asked", one("1.0", "cm"), "I5 true", ND),
    Row("10.1 mm", one(10.1), "I5 unknown no-data", ND),
    Row("1.1 cm", one(1.1, "cm"), "I5 unknown no-data", ND),
    Row("operation being prepared", {**LARGE, "next": procedure("lung-resection", None, "preparation")}, "I5 true", ND),
    Row("operation under way", {**LARGE, "next": procedure("lung-resection", None, "in-progress")}, "I5 true", ND),
    Row("operation ordered", {**LARGE, "next": order("lung-resection")}, "I5 true", ND),
    Row("order on hold", {**LARGE, "next": order("lung-resection", "on-hold")}, "I5 true", ND),
    Row("order revoked", {**LARGE, "next": order("lung-resection", "revoked")}, "I5 unknown no-data", ND),
    Row(
        "ordered not to be done",
        {**LARGE, "next": order("lung-resection", doNotPerform=True)},
        "I5 unknown no-data",
        ND,
    ),
    Row("ablation ordered", {**LARGE, "next": order("lung-ablation")}, "I5 true", ND),
    Row("cryotherapy ordered", {**LARGE, "next": order(coded("lung-ablation", "cryo"))}, "I5 true", ND),
    Row("ablation in a care plan", {**LARGE, "next": plan("lung-ablation")}, "I5 true", ND),
    Row("in a plan that is revoked", {**LARGE, "next": plan("lung-ablation", "revoked")}, "I5 unknown no-data", ND),
    Row(
        "in a plan, cancelled", {**LARGE, "next": plan("lung-ablation", activity="cancelled")}, "I5 unknown no-data", ND
    ),
    Row(
        "radiofrequency ablation of the lung",
        {**LARGE, "next": order(coded("tumour-procedure-site-needed", "Radiofrequency"), bodySite=LUNG)},
        "I5 true",
        ND,
    ),
    Row("radiotherapy of the lung", {**LARGE, "next": order("radiotherapy", bodySite=LUNG)}, "I5 true", ND),
    Row(
        "radiotherapy of the liver", {**LARGE, "next": order("radiotherapy", bodySite=LIVER)}, "I5 unknown no-data", ND
    ),
    Row("radiotherapy of what", {**LARGE, "next": order("radiotherapy")}, "I5 unknown too-general", ND),
    Row(
        "done before, none planned",
        {**LARGE, "before": procedure("lung-resection", "2026-01-10")},
        "I5 unknown no-data",
        ND,
    ),
    Row(
        "recorded as not done, which says nothing of another plan",
        {**LARGE, "not": procedure("lung-resection", status="not-done")},
        "I5 unknown no-data",
        ND,
    ),
    Row(
        "one not done, another ordered",
        {**LARGE, "not": procedure("lung-resection", status="not-done"), "next": order("lung-ablation")},
        "I5 true",
        ND,
    ),
    Row(
        "recorded as not done, orders not complete",
        {**LARGE, "not": procedure("lung-resection", status="not-done")},
        "I5 unknown incomplete",
        ND,
        "",
        "ServiceRequest",
    ),
    Row("orders not complete", LARGE, "I5 unknown incomplete", ND, "", "ServiceRequest"),
    Row("care plans not complete", LARGE, "I5 unknown incomplete", ND, "", "CarePlan"),
]

FITNESS = [
    # the source says "1 \ • 2": 1 and 2 are met, 3 to 5 are not, 0 can be read both ways
    Row("ECOG 0", {"ecog": ecog(0)}, "I6 unknown ambiguous-source", ND),
    Row("ECOG 2", {"ecog": ecog(2)}, "I6 true", ND),
    Row("ECOG 3", {"ecog": ecog(3)}, "I6 false", NO),
    Row("ECOG 5", {"ecog": ecog(5)}, "I6 false", NO),
    Row(
        "ECOG 0 by its answer code",
        {"ecog": answered("ecog-status", graded("ecog-grades", 0))},
        "I6 unknown ambiguous-source",
        ND,
    ),
    Row("ECOG 2 by its answer code", {"ecog": answered("ecog-status", graded("ecog-grades", 2))}, "I6 true", ND),
    Row("ECOG 90 days old", {"ecog": ecog(1, "2026-08-26")}, "I6 true", ND),
    Row("ECOG 91 days old", {"ecog": ecog(1, "2026-08-25")}, "I6 unknown stale", ND),
    Row("ECOG by the month", {"ecog": ecog(1, "2026-08")}, "I6 unknown imprecise-date", ND),
    Row("ECOG 1 and 3 of one day", {"again": ecog(3)}, "I6 unknown conflict", ND),
    Row("ECOG 1 and 2 of one day", {"again": ecog(2)}, "I6 true", ND),
    Row("ECOG 3 after 1", {"again": ecog(3, "2026-11-20")}, "I6 false", NO),
    Row("ECOG preliminary", {"ecog": ecog(1, status="preliminary")}, "I6 unknown preliminary", ND),
    Row(
        "ECOG in words not listed",
        {"ecog": observation("ecog-status", valueString="1 to 2")},
        "I6 unknown unreadable",
        ND,
    ),
    Row(
        "ECOG with a unit",
        {"ecog": observation("ecog-status", valueQuantity={"value": 1, "unit": "kg"})},
        "I6 unknown unit",
        ND,
    ),
    Row("ECOG below nought", {"ecog": ecog(-1)}, "I6 unknown implausible", ND),
    Row("ECOG status that FHIR does not know", {"ecog": ecog(1, status="done")}, "I6 unknown unreadable", ND),
    Row("ECOG not dated", {"ecog": ecog(1, None)}, "I6 unknown imprecise-date", ND),
    Row("ECOG not on record", {"ecog": None}, "I6 unknown no-data", ND),
    Row(
        "Karnofsky does not decide",
        {"ecog": observation("karnofsky-status", valueInteger=90)},
        "I6 unknown no-data",
        ND,
    ),
]

FOR_A_PERSON = [
    Row("consent to this study", {"consent": consent(TRIAL)}, "I7 true", ND),
    Row("consent to another", {"consent": consent("NCT05797077")}, "I7 unknown human", ND),
    Row("consent withdrawn", {"consent": consent(TRIAL, "inactive")}, "I7 unknown human", ND),
    Row(
        "consent by taking part",
        {"study": study(TRIAL), "part": study_subject("study", "withdrawn", consent={"reference": "Consent/paper"})},
        "I7 true",
        ND,
    ),
    Row("tumour tissue available", {"tissue": specimen("available")}, "I8 true", ND),
    Row("tumour tissue used up", {"tissue": specimen("unavailable")}, "I8 unknown human", ND),
    Row("tumour tissue, no status", {"tissue": specimen(None)}, "I8 unknown human", ND),
    Row("tumour tissue entered in error", {"tissue": specimen("entered-in-error")}, "I8 unknown human", ND),
    Row("an operation may have yielded some", {"op": procedure("colorectal-resection")}, "I8 unknown human", ND),
    Row("blood and follow-up", {}, "I9 unknown human; I10 unknown human", ND),
    Row("the ctDNA result is no criterion", {"ctdna": ctdna("result-negative")}, "I2 true; I6 true", ND),
]

TABLES = AGE + ADENOCARCINOMA + ONLY_IN_THE_LUNG + AT_MOST_2_CM + LOCAL_TREATMENT + FITNESS + FOR_A_PERSON


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row.answers.split(' ')[0]}-{row.what}")
def test_a_line_answers_as_the_table_says(row: Row) -> None:
    assert told_both_ways(LUNG_NODULES, TRIAL, row) == [row.told, row.told]


def test_an_operation_that_may_have_yielded_tissue_is_shown_with_the_question() -> None:
    verdict = trial_of(evaluate(record(LUNG_NODULES, {"op": procedure("colorectal-resection")})), TRIAL)
    assert [fact.source for fact in verdict.verdict("I8").finding.facts] == ["Procedure/op"]


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({"patient": patient(deceasedBoolean=True)}, "deceased"),
        ({"study": study(TRIAL), "part": study_subject("study")}, "enrolled"),
        ({"patient": patient(deceasedBoolean=False)}, None),
    ],
    ids=["deceased", "enrolled", "alive"],
)
def test_no_card_for_the_deceased_or_enrolled(changes: dict[str, Json], silent: str | None) -> None:
    assert trial_of(evaluate(record(LUNG_NODULES, changes)), TRIAL).silent == silent
