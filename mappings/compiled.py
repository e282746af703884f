"""Trials made ready at the start: the answer to most criteria is known before a patient is read.

A criterion whose value sets the record does not touch says the same of every patient with a complete record: what it
says of an empty one. So each is decided once, of an empty record, at the start; a patient's evaluation decides only the
criteria that the record touches, or whose FHIR types did not come in full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from mappings.evaluation import Evaluation
from mappings.facts import PatientRecord, Tally
from mappings.kinds.base import Kind
from mappings.kinds.observations import latest_results
from mappings.trials import Criterion, Trial
from mappings.truth import Finding, Truth
from mappings.verdicts import Verdict, judged
from terminology.valuesets import Vocabulary

EMPTY = PatientRecord(
    patient="Patient",
    today=dt.date.min,
    facts={},
    take_notes=tuple,
    count=lambda: Tally(0, 0, {}, {}),
)
"""The complete record of a patient of whom nothing is known."""


class Statement(NamedTuple):
    """A statement and what may change it. touched_by: value sets, types of facts. untouched: what it says without."""

    kind: Kind
    touched_by: frozenset[str]
    types: frozenset[str]
    untouched: Finding

    def is_touched(self, view: Evaluation) -> bool:
        """Whether the patient in view may be decided otherwise than an empty record is."""
        if not self.touched_by.isdisjoint(view.touched):
            return True
        incomplete = view.record.incomplete
        return bool(incomplete) and not self.types.isdisjoint(incomplete)

    def finding(self, view: Evaluation) -> Finding:
        """Return what it says of the patient in view."""
        return view.finding(self.kind) if self.is_touched(view) else self.untouched


class Line(NamedTuple):
    """A criterion, its statement, and the verdict of a patient whose record does not touch it."""

    criterion: Criterion
    statement: Statement
    untouched: Verdict

    def verdict(self, view: Evaluation) -> Verdict:
        """Return the verdict of the patient in view."""
        if self.statement.is_touched(view):
            shown = latest_results(view, self.criterion.shown_results)
            return judged(self.criterion, view.finding(self.statement.kind), shown)
        return self.untouched


class CompiledTrial(NamedTuple):
    """A trial, its anchors, and its criteria in order."""

    trial: Trial
    anchors: tuple[Statement, ...]
    lines: tuple[Line, ...]

    def touched_by(self) -> frozenset[str]:
        """Return the value sets without any of which, on a complete record, the trial is not relevant."""
        return frozenset().union(*(anchor.touched_by for anchor in self.anchors))

    def is_always_relevant(self) -> bool:
        """Whether no anchor is FALSE of an empty record, so that nothing need touch it."""
        return all(anchor.untouched.truth is not Truth.FALSE for anchor in self.anchors)

    def anchor_types(self) -> frozenset[str]:
        """Return the FHIR types that must be complete before the trial can be called not relevant."""
        return frozenset().union(*(anchor.types for anchor in self.anchors))


def compile_trial(trial: Trial, empty: Evaluation) -> CompiledTrial:
    """Return the trial made ready. empty: an evaluation of the `EMPTY` record."""
    anchors = tuple(_statement(kind, empty) for kind in trial.anchor_statements)
    return CompiledTrial(trial, anchors, tuple(_line(criterion, empty) for criterion in trial.criteria))


def _line(criterion: Criterion, empty: Evaluation) -> Line:
    statement = _statement(criterion.when, empty, criterion.shown_results)
    return Line(criterion, statement, judged(criterion, statement.untouched, constant=True))


def _statement(kind: Kind, empty: Evaluation, shown: Iterable[str] = ()) -> Statement:
    names = touched_by(kind, empty.vocabulary).union(shown)
    return Statement(kind, names, kind.needed_types(), empty.finding(kind))


def touched_by(kind: Kind, vocabulary: Vocabulary) -> frozenset[str]:
    """Return the names by one of which a record must be touched to change what a kind says."""
    names = kind.value_sets()
    broader = (vocabulary.value_sets[name].more_general for name in names)
    return names | {name for name in broader if name} | frozenset().union(*(leaf.reads for leaf in kind.leaves()))
