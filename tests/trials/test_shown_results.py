# ruff: noqa: N802  (a test is named by the criterion that it is about)
"""Results shown beside a criterion, or with a trial: the latest of each, with its date; they decide nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hooks import trial_eligibility
from mappings.catalogue import load_catalogue
from mappings.evaluation import Policy
from mappings.verdicts import Verdict
from tests.patients import bases, standing
from tests.patients.codes import Json, coded
from tests.patients.resources import answered, condition, ctdna, observation, patient, procedure
from tests.patients.standing import answer, evaluate, trial_of

S1, TWIN, RFA = "NCT05797077", "NCT05815082", "NCT06609434"
NODULES, HCC = "CTDNA-LUNG-NODULES", "NCT06317896"


def measured(name: str, value: float, unit: str, on: str | None) -> Json:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return observation({**coded(name), "text": name}, on, valueQuantity=quantity)


CREATININE = measured("creatinine", 1.1, "mg/dL", "2026-11-20")
OLDER = measured("creatinine", 9.9, "mg/dL", "2026-10-01")
PLATELETS = measured("platelets", 180, "10*9/L", "2026-11-18")
KARNOFSKY = measured("karnofsky-status", 80, "{score}", "2026-11-02")


def found(changes: Mapping[str, Json | None], id_: str, trial: str = S1) -> Verdict:
    return trial_of(evaluate(standing.record(changes)), trial).verdict(id_)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, ""),
        ({"creatinine": CREATININE}, "serum creatinine: 1.1 mg/dL (2026-11-20)"),
        ({"creatinine": CREATININE, "older": OLDER}, "serum creatinine: 1.1 mg/dL (2026-11-20)"),
        (
            {"creatinine": CREATININE, "platelets": PLATELETS},
            "serum creatinine: 1.1 mg/dL (2026-11-20); platelet count: 180 10*9/L (2026-11-18)",
        ),
        ({"creatinine": measured("creatinine", 1.1, "mg/dL", None)}, "serum creatinine: 1.1 mg/dL (not dated)"),
        (
            {"creatinine": {**CREATININE, "status": "preliminary"}},
            "serum creatinine: 1.1 mg/dL (2026-11-20, preliminary)",
        ),
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
    assert (with_results.finding.truth, with_results.group) == (plain.finding.truth, plain.group)
    names = [name for name in changes if shown and name != "older"]
    assert with_results.evidence == (*plain.evidence, *(f"Observation/{name}" for name in names))


def test_E3_shows_them_beside_what_is_to_be_judged_too() -> None:
    severe = condition("severe-organ-dysfunction")
    shown = found({"failing": severe, "creatinine": CREATININE}, "E3")
    assert answer(shown.finding) == "unknown needs-judgement"
    assert shown.evidence == ("Condition/failing", "Observation/creatinine")
    assert shown.because.index("to be judged") < shown.because.index("Latest results")


def test_I4_shows_a_karnofsky_score_that_does_not_decide() -> None:
    shown = found({"ecog": None, "asa": None, "karnofsky": KARNOFSKY}, "I4")
    assert answer(shown.finding) == "unknown no-data"
    assert "80 {score} (2026-11-02)" in shown.because
    assert shown.evidence == ("Observation/karnofsky",)


def test_I7_of_the_ablation_trial_shows_a_resection_that_was_not_done() -> None:
    refused = procedure("liver-resection", "2026-11-10", "not-done", statusReason={"text": "patient refused"})
    shown = found({"refused": refused}, "I7", RFA)
    assert answer(shown.finding) == "unknown human"
    assert shown.because.startswith("For you to judge; on record: not done: ")
    assert shown.because.endswith("(2026-11-10), reason: patient refused.")
    assert shown.evidence == ("Procedure/refused",)


def test_what_was_done_is_not_shown_as_not_done() -> None:
    shown = found({}, "I7", RFA)
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
    assert "Latest on record, decides nothing: circulating tumour DNA (ctDNA) result: " in shown
    assert "2026-09-01" not in shown
    assert "Latest on record" not in line(bases.LUNG_NODULES, {}, NODULES)


def test_tumour_cells_are_shown_with_the_trial_that_turns_on_them() -> None:
    cells = measured("ctc-count", 3, "{CTCs}/(7.5.mL)", "2026-11-02")
    shown = line(bases.LIVER_SURGERY, {"cells": cells}, HCC)
    assert "(2026-11-02) (Observation/cells)." in shown


def test_the_only_card_speaks_of_no_more_trials() -> None:
    results = evaluate(bases.record(bases.LUNG_NODULES, {}))
    assert [card.summary for card in trial_eligibility.cards(results, results.view, 3)] == [
        "1 trial to look at: CTDNA-LUNG-NODULES"
    ]


def test_a_trial_that_shows_nothing_says_nothing_of_it() -> None:
    text = answered("ctdna-result", "result-positive")
    shown = line(bases.LUNG_SURGERY, {"ctdna": text}, "SBRT-LUNG-NODULES")
    assert "Latest on record" not in shown


def test_a_card_shows_all_the_laboratory_results_however_many() -> None:
    names = ("creatinine", "creatinine-clearance", "egfr", "bilirubin-total", "albumin", "inr", "platelets")
    labs = {name: measured(name, 31, "{any}", "2026-11-20") for name in names}
    results = evaluate(standing.record(labs))
    detail = trial_eligibility.cards(results, results.view, 3)[0].detail or ""
    shown = next(line for line in detail.splitlines() if "**E3**" in line)
    assert shown.count("31 {any}".replace("{", "\\{").replace("}", "\\}")) == len(names)
    assert "…" not in shown


def test_a_lesion_count_is_shown_with_its_organ() -> None:
    counts = {
        organ: {**measured("lesion-count", number, "1", "2026-11-10"), "bodySite": coded(organ)}
        for organ, number in (("lung-structure", 9), ("liver-structure", 3))
    }
    shown = trial_of(evaluate(bases.record(bases.LUNG_SURGERY, counts)), "SBRT-LUNG-NODULES").verdict("D4").because
    assert "liver: 3 (" in shown
    assert "lung: 9 (" in shown


@pytest.mark.parametrize(("trial", "id_"), [(S1, "E9"), (RFA, "E2")])
def test_a_urine_test_is_shown_and_does_not_decide(trial: str, id_: str) -> None:
    woman = patient(gender="female")
    urine = answered("pregnancy-test-urine", "result-positive", "2026-11-20")
    shown = found({"patient": woman, "urine": urine}, id_, trial)
    assert answer(shown.finding) == answer(found({"patient": woman}, id_, trial).finding)
    assert "(2026-11-20)" in shown.because
    assert "Observation/urine" in shown.evidence


def test_lines_without_words_say_what_they_are_about_and_what_is_on_record() -> None:
    pregnant = {"patient": patient(gender="female"), "pregnant": condition("pregnancy")}
    lines = {f"E{number}": found(pregnant, f"E{number}", TWIN) for number in range(7, 11)}
    assert {answer(each.finding) for each in lines.values()} == {"unknown human"}
    assert all("For you to judge: by its place in the list, " in each.because for each in lines.values())
    assert "pregnancy or lactation; on record: " in lines["E9"].because
    assert lines["E9"].evidence == ("Condition/pregnant",)


def test_comfort_care_recorded_as_a_procedure_is_shown() -> None:
    care = procedure("terminal-illness", "2026-11-01")
    for id_ in ("I9", "I14"):
        assert found({"care": care}, id_, RFA).evidence == ("Procedure/care",)


def test_the_upper_limit_of_normal_stands_beside_what_is_compared_with_it() -> None:
    inr = {**measured("inr", 1.7, "{INR}", "2026-11-20"), "referenceRange": [{"high": {"value": 1.1}}]}
    assert found({"inr": inr}, "E5", RFA).because == "inr: 1.7 {INR} (2026-11-20), upper limit of normal 1.1."


@pytest.mark.parametrize("ranges", [[], [{"high": {"value": 1.1}}, {"high": {"value": 9}}], [{"high": {"value": 0}}]])
def test_where_the_limit_of_the_site_decides_it_is_the_one_that_is_shown(ranges: list[Json]) -> None:
    inr = {**measured("inr", 1.7, "{INR}", "2026-11-20"), "referenceRange": ranges}
    at_site = load_catalogue(standing.vocabulary(), Policy(upper_limits={"inr": ("1.2", "{INR}")}))
    record = evaluate(standing.record({"inr": inr})).record
    verdict = trial_of(at_site.evaluate_all(record), RFA).verdict("E5")
    assert answer(verdict.finding) == "false"
    assert verdict.because.endswith("upper limit of normal 1.2 {INR} (of this site).")
