"""How a golden patient stands: the base patient with changes, read and evaluated as a hospital's record is.

The base patient is a man of 62 whose liver metastases of colorectal cancer were resected R0 on 2026-10-05 and whose
ctDNA was positive on 2026-11-02; on `TODAY` nothing known rules out NCT05797077. A change names resources of the record
and what they are instead; None takes one away, a new name adds one.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from mappings.catalogue import Catalogue, load_catalogue
from mappings.evaluation import Policy
from mappings.fhir import Part, decode, read_record
from mappings.recency import DEFAULT_RECENCY
from mappings.truth import Finding, Truth
from mappings.verdicts import Results, TrialVerdict
from terminology.valuesets import Vocabulary, load_value_sets
from tests.patients.codes import Json
from tests.patients.resources import PATIENT_ID, allergy, asa, condition, ctdna, ecog, margin, patient, procedure

TODAY = dt.date(2026, 11, 24)
OPERATION = "2026-10-05"

Changes = Mapping[str, Json | None]

BASE: Mapping[str, Json] = {
    "patient": patient(),
    "cancer": condition("colorectal-cancer", "resolved"),
    "metastasis": condition("liver-metastasis"),
    "resection": procedure("liver-resection", OPERATION),
    "margin": margin(),
    "ctdna": ctdna(),
    "ecog": ecog(1),
    "asa": asa(2),
    "no-allergy": allergy("no-known-allergy"),
}


class Told(NamedTuple):
    """What is said of a patient: the answers asked for, the trial's status, the trigger's truth when asked for."""

    answers: str
    status: str
    trigger: str


class Row(NamedTuple):
    """One line of a table: a patient, and how he or she stands.

    what: the case in words. changes: how it differs from the base patient. answers: criterion id and its answer,
    divided by `;` (`I3 unknown stale; I4.2 true`). status: of the trial. trigger: its truth. missing: types that did
    not come in full, divided by blanks.
    """

    what: str
    changes: Changes
    answers: str
    status: str
    trigger: str = ""
    missing: str = ""

    def __str__(self) -> str:
        return self.what

    @property
    def told(self) -> Told:
        """What is to be told of this patient."""
        return Told(self.answers, self.status, self.trigger)


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the package's own value sets."""
    return Vocabulary(load_value_sets(files("terminology") / "valuesets"))


@functools.cache
def catalogue() -> Catalogue:
    """Return the package's own catalogue with the default recency."""
    return load_catalogue(vocabulary(), Policy(recency=DEFAULT_RECENCY))


def record(changes: Changes) -> list[Json]:
    """Return the resources of the base patient with the changes, each with its name as its id."""
    found = {**BASE, **changes}
    return [{"id": name, **resource} for name, resource in found.items() if resource is not None]


def evaluate(resources: Iterable[Json], missing: str = "") -> Results:
    """Return how the catalogue judges a Bundle of these resources. missing: types that did not come in full."""
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    parts = [Part(decode(json.dumps(bundle).encode()))]
    parts += [Part(None, frozenset({type_}), "it did not come") for type_ in missing.split()]
    return judged(parts, PATIENT_ID)


def judged(parts: Sequence[Part], patient_id: str | None = None, today: dt.date = TODAY) -> Results:
    """Return how the catalogue judges what was retrieved of a patient."""
    found = read_record(parts, vocabulary=vocabulary(), today=today, patient_id=patient_id)
    return catalogue().evaluate_all(found)


def trial_of(results: Results, id_: str) -> TrialVerdict:
    """Return the verdict of one trial."""
    return next(verdict for verdict in results.trials if verdict.trial.id == id_)


def answer(finding: Finding) -> str:
    """Return a finding as tables write it: `true`, `false presumed`, `unknown stale`; confirmed goes without saying."""
    if finding.truth is Truth.UNKNOWN:
        return f"unknown {finding.reason}"
    weak = finding.strength is not None and finding.strength.value == "presumed"
    return f"{finding.truth.value} presumed" if weak else finding.truth.value


def _finding(verdict: TrialVerdict, id_: str) -> Finding:
    """Return the finding of a criterion (`I4`), or of a part of a compound (`I4.2`)."""
    criterion, _, part = id_.partition(".")
    finding = verdict.verdict(criterion).finding
    return finding.parts[int(part) - 1] if part else finding


def told(results: Results, trial: str, row: Row) -> Told:
    """Return the answers that a row asks for, the trial's status and, when the row names it, the trigger's truth."""
    verdict = trial_of(results, trial)
    asked = [part.split()[0] for part in row.answers.split(";") if part.strip()]
    answers = "; ".join(f"{id_} {answer(_finding(verdict, id_))}" for id_ in asked)
    trigger = results.triggers[0].finding.truth.value if row.trigger else ""
    return Told(answers, verdict.status.value, trigger)


def told_both_ways(trial: str, row: Row) -> list[Told]:
    """Return what is told of the patient of a row with the entries in order, and with the last entry first."""
    resources = record(row.changes)
    return [told(evaluate(each, row.missing), trial, row) for each in (resources, resources[::-1])]
