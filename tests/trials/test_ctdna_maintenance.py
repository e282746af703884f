"""The trigger ctdna-maintenance: TRUE when all that it requires is TRUE, FALSE when its trial is ruled out by anything.

Other open lines of the trial do not hold it back; an unknown margin leaves it UNKNOWN, and nothing else open.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.patients.codes import Json, coded
from tests.patients.resources import allergy, asa, condition, ctdna, ecog, margin, patient, procedure
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
