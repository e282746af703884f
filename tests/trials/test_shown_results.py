# ruff: noqa: N802  (a test is named by the criterion that it is about)
"""Results shown beside a criterion, or with a trial: the latest of each, with its date; they decide nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hooks import trial_eligibility
from mappings.truth import Finding
from tests.patients import bases, standing
from tests.patients.codes import Json, coded
from tests.patients.resources import answered, condition, ctdna, observation, procedure
from tests.patients.standing import answer, evaluate, trial_of

S1, RFA, NODULES, HCC = "NCT05797077", "NCT06609434", "CTDNA-LUNG-NODULES", "NCT06317896"


def measured(name: str, value: float, unit: str, on: str | None) -> Json:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return observation({**coded(name), "text": name}, on, valueQuantity=quantity)


CREATININE = measured("creatinine", 1.1, "mg/dL", "2026-11-20")
OLDER = measured("creatinine", 9.9, "mg/dL", "2026-10-01")
PLATELETS = measured("platelets", 180, "10*9/L", "2026-11-18")
KARNOFSKY = measured("karnofsky-status", 80, "{score}", "2026-11-02")


def found(changes: Mapping[str, Json | None], id_: str) -> Finding:
    return trial_of(evaluate(standing.record(changes)), S1).verdict(id_).finding


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, ""),
        ({"creatinine": CREATININE}, "creatinine: 1.1 mg/dL (2026-11-20)"),
        ({"creatinine": CREATININE, "older": OLDER}, "creatinine: 1.1 mg/dL (2026-11-20)"),
        (
            {"creatinine": CREATININE, "platelets": PLATELETS},
            "creatinine: 1.1 mg/dL (2026-11-20); platelets: 180 10*9/L (2026-11-18)",
        ),
        ({"creatinine": measured("creatinine", 1.1, "mg/dL", None)}, "creatinine: 1.1 mg/dL (not dated)"),
        ({"creatinine": {**CREATININE, "status": "preliminary"}}, "creatinine: 1.1 mg/dL (2026-11-20, preliminary)"),
        ({"creatinine": {**CREATININE, "status": "entered-in-error"}}, ""),
        ({"creatinine": measured("creatinine", 1.1, "mg/dL", "2026-11-25")}, ""),  # tomorrow's
    ],
)
def test_E3_shows_the_latest_laboratory_results_and_is_decided_as_without_them(
    changes: Mapping[str, Json | None], shown: str
) -> None:
    plain, with_results = found({}, "E3"), found(changes, "E3")
    said = with_results.because.removeprefix(plain.because)
    assert said == (f" Latest results: {shown}." if shown else "")
    assert (answer(with_results), with_results.parts) == (answer(plain), plain.parts)
    names = [name for name in changes if shown and name != "older"]
    assert with_results.evidence == (*plain.evidence, *(f"Observation/{name}" for name in names))


def test_E3_shows_them_beside_what_is_to_be_judged_too() -> None:
    severe = condition("severe-organ-dysfunction")
    shown = found({"failing": severe, "creatinine": CREATININE}, "E3")
    assert answer(shown) == "unknown needs-judgement"
    assert shown.evidence == ("Condition/failing", "Observation/creatinine")
    assert shown.because.index("to be judged") < shown.because.index("Latest results")


def test_I4_shows_a_karnofsky_score_that_does_not_decide() -> None:
    shown = found({"ecog": None, "asa": None, "karnofsky": KARNOFSKY}, "I4")
    assert answer(shown) == "unknown no-data"
    assert "80 {score} (2026-11-02)" in shown.because
    assert shown.evidence == ("Observation/karnofsky",)


def test_I7_of_the_ablation_trial_shows_a_resection_that_was_not_done() -> None:
    refused = procedure("liver-resection", "2026-11-10", "not-done")
    shown = trial_of(evaluate(standing.record({"refused": refused})), RFA).verdict("I7").finding
    assert answer(shown) == "unknown human"
    assert shown.because.startswith("For you to judge; on record: not done: ")
    assert shown.evidence == ("Procedure/refused",)


def test_what_was_done_is_not_shown_as_not_done() -> None:
    shown = trial_of(evaluate(standing.record({})), RFA).verdict("I7").finding
    assert (shown.because, shown.evidence) == ("For you to judge.", ())


def line(base: Mapping[str, Json], changes: Mapping[str, Json | None], trial: str) -> str:
    """Return the line of a trial on the roll-up card."""
    results = evaluate(bases.record(base, changes))
    cards = trial_eligibility.cards(results, results.view, 3)
    lines = [line for line in (cards[-1].detail or "").splitlines() if trial in line]
    assert len(lines) == 1
    return lines[0]


def test_the_ctdna_of_a_patient_with_lung_nodules_is_shown_and_decides_nothing() -> None:
    older, latest = ctdna(on="2026-09-01"), ctdna("result-negative", "2026-11-02")
    shown = line(bases.LUNG_NODULES, {"older": older, "latest": latest}, NODULES)
    assert "(2026-11-02) (Observation/latest)." in shown
    assert "Latest on record, decides nothing: Circulating tumor DNA" in shown
    assert "2026-09-01" not in shown
    assert "Latest on record" not in line(bases.LUNG_NODULES, {}, NODULES)


def test_tumour_cells_are_shown_with_the_trial_that_turns_on_them() -> None:
    cells = measured("ctc-count", 3, "{CTCs}/(7.5.mL)", "2026-11-02")
    shown = line(bases.LIVER_SURGERY, {"cells": cells}, HCC)
    assert "(2026-11-02) (Observation/cells)." in shown


def test_a_trial_that_shows_nothing_says_nothing_of_it() -> None:
    text = answered("ctdna-result", "result-positive")
    shown = line(bases.LUNG_SURGERY, {"ctdna": text}, "SBRT-LUNG-NODULES")
    assert "Latest on record" not in shown
