"""What would decide a criterion: the trial's words where nothing is on record, else what the record lacks."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from hooks.needs import asks, ranked
from tests.patients import bases, standing
from tests.patients.codes import Json, coded
from tests.patients.recurrence import lesion
from tests.patients.resources import asa, ctdna, ecog, margin, observation, patient, procedure
from tests.patients.standing import evaluate, trial_of

S1, RFA, NODULES = "NCT05797077", "NCT06609434", "CTDNA-LUNG-NODULES"
CTDNA = "circulating tumour DNA (ctDNA) result"
CONTRADICTING = {"ctdna": ctdna(), "again": ctdna("result-negative")}
UNIT = "http://unitsofmeasure.org"
PLATELETS = observation(
    "platelets", "2026-11-20", valueQuantity={"value": 180, "unit": "10*9/L", "system": UNIT, "code": "10*9/L"}
)
CREATININE = observation(
    "creatinine", "2026-11-20", valueQuantity={"value": 1.1, "unit": "mg/dL", "system": UNIT, "code": "mg/dL"}
)
SMALL, LATER = lesion(9, "mm", "2026-11-10"), lesion(8, "mm", "2026-11-10")

LATER_ABLATION: Mapping[str, Json | None] = {
    "ablation": procedure(coded("tumour-procedure-site-needed", "Radiofrequency"), "2026-11-10")
}

ROWS: list[tuple[str, str, Mapping[str, Json | None], str, tuple[str, ...]]] = [
    (S1, "I4", {"ecog": None, "asa": None}, "nothing", ("the ECOG performance status",)),
    (S1, "I4", {"ecog": ecog(3), "asa": None}, "the ECOG does not suffice", ("ASA class",)),
    (S1, "I4", {"ecog": None, "asa": asa(4)}, "the ASA class does not suffice", ("ECOG performance status",)),
    (S1, "I3", {"ctdna": None}, "no ctDNA", ("a ctDNA test taken after the operation",)),
    (S1, "I3", {"ctdna": ctdna(on="2026-08-01")}, "only before", ("a ctDNA test taken after the operation",)),
    (S1, "I3", {"ctdna": ctdna(status="preliminary")}, "preliminary", (f"the final result: {CTDNA}",)),
    (S1, "I3", CONTRADICTING, "contradicting", (f"which of the contradicting records is right: {CTDNA}",)),
    (S1, "I3", {"ctdna": ctdna("result-indeterminate")}, "indeterminate", (f"your judgement: {CTDNA}",)),
    (S1, "I3", {"ctdna": ctdna(on=standing.OPERATION)}, "the same day", (f"the exact date or time of {CTDNA}",)),
    (
        S1,
        "I2d",
        {"margin": None},
        "none",
        ("the R status in the pathology report (after ablation, the ablation result)",),
    ),
    (
        S1,
        "I2d",
        {"margin": margin("residual-tumour-rx")},
        "RX",
        ("your judgement: residual tumour classification (R status)",),
    ),
    (S1, "I3", {"ctdna": ctdna(status="done")}, "unreadable", (f"a readable record: {CTDNA}",)),
    (S1, "I3", LATER_ABLATION, "a later ablation of what", ("a more exact record: operation",)),
    (S1, "I2d", LATER_ABLATION, "a later ablation of what", ("a more exact record: liver operation",)),
    (S1, "I1", {"patient": patient(birth=None)}, "no birth date", ("the date of birth",)),
    (S1, "E9", {"patient": patient(gender=None)}, "no sex", ("the sex", "pregnancy status or serum pregnancy test")),
    (RFA, "I12", {}, "neither", ("platelets and prothrombin activity",)),
    (RFA, "I12", {"platelets": PLATELETS}, "one of two", ("prothrombin activity",)),
    (RFA, "E6", {"platelets": PLATELETS}, "one of three", ("neutrophil count", "haemoglobin")),
    (RFA, "E7", {"creatinine": CREATININE}, "no weight", ("creatinine and body weight",)),
    (
        NODULES,
        "I6",
        {"ecog": ecog(0)},
        "garbled",
        ("what the protocol means, whose words are not clear: ECOG performance status",),
    ),
]


@pytest.mark.parametrize(
    ("trial", "id_", "changes", "asked"),
    [(trial, id_, changes, asked) for trial, id_, changes, _, asked in ROWS],
    ids=[f"{id_}: {what}" for _, id_, _, what, _ in ROWS],
)
def test_what_would_decide(trial: str, id_: str, changes: Mapping[str, Json | None], asked: tuple[str, ...]) -> None:
    resources = bases.record(bases.LUNG_NODULES, changes) if trial == NODULES else standing.record(changes)
    results = evaluate(resources)
    assert asks(trial_of(results, trial).verdict(id_), results.view) == asked


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ecog": ecog(3), "asa": None}, ": 3 (2026-11-02)."),
        ({"ecog": None, "asa": asa(4)}, "class 4 (finding) (2026-10-01)."),
    ],
)
def test_what_is_known_of_an_open_criterion_is_said_as_well(changes: Mapping[str, Json | None], said: str) -> None:
    found = trial_of(evaluate(standing.record(changes)), S1).verdict("I4").finding
    assert said in found.because
    assert "on record." in found.because
    assert len(found.evidence) == 1


RANKED = [
    # what each of some trials lacks, what is the most useful of it and for how many
    ("as the trials stand", ["I2d", "I3"], "I2d 1, I3 1"),
    ("as the trials stand, the other way", ["I3", "I2d"], "I3 1, I2d 1"),
    ("for two trials", ["I2d", "I3", "I3"], "I3 2, I2d 1"),
    ("what alone is missing", ["I2d I4", "I3"], "I3 1, I2d 1, I4 1"),
    ("for two trials, before what alone is missing", ["I2d I4", "I3", "I4 I2d"], "I2d 2, I4 2, I3 1"),
    ("for two trials, of one alone", ["I2d I4", "I4", "I2d I3"], "I4 2, I2d 2, I3 1"),
]


@pytest.mark.parametrize(("trials", "expected"), [row[1:] for row in RANKED], ids=[row[0] for row in RANKED])
def test_what_helps_most_trials_comes_first_and_between_equals_what_alone_is_missing(
    trials: list[str], expected: str
) -> None:
    results = evaluate(standing.record({"margin": None, "ctdna": None, "ecog": None, "asa": None}))
    verdict = trial_of(results, S1)
    names = {asks(each, results.view)[0]: each.criterion.id for each in verdict.open}
    lacking = [[verdict.verdict(id_) for id_ in ids.split()] for ids in trials]
    found = ranked([msgspec.structs.replace(verdict, open=tuple(each)) for each in lacking], results.view)
    assert ", ".join(f"{names[ask]} {number}" for ask, number in found) == expected
