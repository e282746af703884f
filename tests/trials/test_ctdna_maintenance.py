"""The trigger ctdna-maintenance: TRUE when all that it requires is TRUE, FALSE when its trial is ruled out by anything.

Other open lines of the trial do not hold it back; an unknown margin leaves it UNKNOWN, and nothing else open.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from hooks.ctdna_maintenance import cards
from mappings.verdicts import Results
from tests.patients.codes import Json, coded
from tests.patients.resources import SUBJECT, allergy, asa, condition, ctdna, ecog, margin, patient, procedure, resource
from tests.patients.standing import Changes, answer, evaluate, record

NEGATIVE = "result-negative"


class Case(NamedTuple):
    """changes to the base patient; the trigger's answer; what it requires that is open; missing: types not complete."""

    what: str
    changes: Changes
    answer: str
    open: tuple[str, ...] = ()
    missing: str = ""


ECOG_AND_ASA: dict[str, Json | None] = {"ecog": None, "asa": None}

CASES = [
    Case("all known", {}, "true"),
    Case("ECOG and ASA missing", ECOG_AND_ASA, "true"),
    Case("other malignancy suspected", {"o": condition("other-malignancy", verification="provisional")}, "true"),
    Case("a woman without a pregnancy test", {"patient": patient(gender="female")}, "true"),
    Case("allergies missing", {"no-allergy": None}, "true", (), "AllergyIntolerance"),
    Case("after an ablation", {"resection": procedure("liver-ablation")}, "true"),
    # what it requires, open
    Case("margin missing", {"margin": None}, "unknown no-data", ("I2d",)),
    Case("margin not assessable", {"margin": margin("residual-tumour-rx")}, "unknown needs-judgement", ("I2d",)),
    Case("no birth date", {"patient": patient(None)}, "unknown no-data", ("I1",)),
    Case("no ctDNA", {"ctdna": None}, "unknown no-data", ("I3",)),
    Case("ctDNA only before the operation", {"ctdna": ctdna(on="2026-09-28")}, "unknown no-data", ("I3",)),
    Case("ctDNA of the day of the operation", {"ctdna": ctdna(on="2026-10-05")}, "unknown imprecise-date", ("I3",)),
    Case("ctDNA preliminary", {"ctdna": ctdna(status="preliminary")}, "unknown preliminary", ("I3",)),
    Case("two laboratories differ", {"other": ctdna(NEGATIVE)}, "unknown conflict", ("I3",)),
    Case("no operation on record", {"resection": None}, "unknown no-data", ("I2c", "I2d", "I3")),
    Case("results not complete", {}, "unknown incomplete", ("I2d", "I3"), "Observation"),
    # the trial is ruled out
    Case("ctDNA negative", {"ctdna": ctdna(NEGATIVE)}, "false"),
    Case("R1", {"margin": margin("residual-tumour-r1-r2")}, "false"),
    Case("76 today", {"patient": patient("1950-11-24")}, "false"),
    Case("other malignancy", {"o": condition(coded("other-malignancy", "breast"), "resolved")}, "false"),
    Case("metastasis elsewhere", {"o": condition("peritoneal-metastasis")}, "false"),
    Case("ECOG 3 and ASA 4", {"ecog": ecog(3), "asa": asa(4)}, "false"),
    Case("allergic to oxaliplatin", {"a": allergy(coded("trial-drug-allergy-crlm", "Oxaliplatin"))}, "false"),
    Case("no ctDNA and ruled out", {"ctdna": None, "o": condition("lung-metastasis")}, "false"),
    Case("not the cancer", {"cancer": None}, "false presumed"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_the_trigger_answers_as_the_table_says(case: Case) -> None:
    (trigger,) = evaluate(record(case.changes), case.missing).triggers
    said = answer(trigger.finding)
    assert said == case.answer
    required_open = tuple(v.criterion.id for v in trigger.open) if said.startswith("unknown") else ()
    assert required_open == case.open


class Said(NamedTuple):
    """A case: changes to the base patient; the card's indicator, empty without a card; its line of dates; missing."""

    what: str
    changes: Changes
    indicator: str
    dates: str = ""
    missing: str = ""


COLLECTED_BEFORE = resource("Specimen", subject=SUBJECT, collection={"collectedDateTime": "2026-10-01"})
OF_SPECIMEN: Json = {"reference": "Specimen/specimen"}
NOT_READ = ctdna(NEGATIVE, "2026-11-16", status="done")

SAID = [
    Said("all known", {}, "warning", "sample: 2026-11-02 (28 days between)"),
    Said("two that agree, one by its month", {"other": ctdna(on="2026-11")}, "warning", "sample: 2026-11"),
    Said("margin missing", {"margin": None}, "info", "sample: 2026-11-02 (28 days between)"),
    Said("two laboratories differ", {"other": ctdna(NEGATIVE)}, "info", "sample: 2026-11-02 (28 days between)"),
    Said("two laboratories differ, and no birth date", {"other": ctdna(NEGATIVE), "patient": patient(None)}, ""),
    Said("a later one that cannot be read", {"next": NOT_READ}, "info", "sample: not known"),
    Said("operations not complete", {"resection": None}, "info", "sample: not known", "Procedure"),
    Said("no ctDNA", {"ctdna": None}, ""),
    Said(
        "dated after the operation, but the sample was taken before",
        {"ctdna": ctdna(specimen=OF_SPECIMEN), "specimen": COLLECTED_BEFORE},
        "",
    ),
]


def said(results: Results) -> tuple[str, str]:
    """Return the indicator of the one card, and of its line of dates what it says of the sample."""
    found = cards(results, results.view, 9)
    lines = [line for card in found for line in (card.detail or "").splitlines() if line.startswith("- Operation:")]
    return "".join(card.indicator for card in found), "".join(line.partition("; ")[2] for line in lines)


@pytest.mark.parametrize("case", SAID, ids=[case.what for case in SAID])
def test_the_card_says_when_the_sample_was_taken(case: Said) -> None:
    assert said(evaluate(record(case.changes), case.missing)) == (case.indicator, case.dates)


@pytest.mark.parametrize(
    ("changes", "dates"),
    [({"ctdna": None}, "sample: none after it"), ({"next": NOT_READ}, "sample: not known")],
    ids=["no ctDNA", "one that cannot be read"],
)
def test_where_the_sample_may_be_open_none_is_said_only_of_none(changes: Changes, dates: str) -> None:
    results = evaluate(record(changes))
    [verdict] = results.triggers
    trigger = verdict.trigger.model_copy(update={"may_be_open": ("I3",)})
    open_ = msgspec.structs.replace(results, triggers=(msgspec.structs.replace(verdict, trigger=trigger),))
    assert said(open_) == ("info", dates)
