"""Verdicts: how a patient stands against a criterion, a trial and a trigger."""

from __future__ import annotations

import enum

import msgspec

from mappings.evaluation import Evaluation
from mappings.facts import Note, PatientRecord
from mappings.kinds.observations import LatestResult
from mappings.trials import Criterion, Role, Trial, Trigger
from mappings.truth import Finding, Truth


class Status(enum.StrEnum):
    """How a patient stands against a trial."""

    NOT_RELEVANT = "not-relevant"
    INELIGIBLE = "ineligible"
    NEEDS_DATA = "needs-data"
    LIKELY_ELIGIBLE = "likely-eligible"
    REVIEW_ONLY = "review-only"


class Group(enum.StrEnum):
    """The four groups in which a card lists the criteria."""

    NOT_MET = "not met"
    NOT_KNOWN = "not known"
    MET = "met"
    TO_CONFIRM = "for you to confirm"


class Verdict(msgspec.Struct, frozen=True):
    """One criterion, what was found of it, and the group in which a card lists it (`judged`).

    shown: results beside it, which decide nothing. constant: the same for every patient whose record does not touch it.
    """

    criterion: Criterion
    finding: Finding
    group: Group
    shown: tuple[LatestResult, ...] = ()
    constant: bool = False

    @property
    def because(self) -> str:
        """Why, in plain sentences, and the results beside it."""
        if not self.shown:
            return self.finding.because
        return f"{self.finding.because} Latest results: {'; '.join(map(str, self.shown))}."

    @property
    def evidence(self) -> tuple[str, ...]:
        """The resources behind all that is said, each once."""
        return tuple(dict.fromkeys((*self.finding.evidence, *(each.fact.source for each in self.shown))))

    @property
    def fails(self) -> bool:
        """Whether it definitely rules the trial out."""
        return self.group is Group.NOT_MET

    @property
    def blocks(self) -> bool:
        """Whether data are missing that would decide it."""
        return self.group is Group.NOT_KNOWN


def judged(
    criterion: Criterion, finding: Finding, shown: tuple[LatestResult, ...] = (), *, constant: bool = False
) -> Verdict:
    """Return the verdict that a finding gives of a criterion."""
    return Verdict(criterion, finding, _group(criterion, finding), shown, constant)


def _group(criterion: Criterion, finding: Finding) -> Group:
    if finding.truth is Truth.UNKNOWN:
        may_block = not criterion.advisory and not criterion.pre_treatment
        return Group.NOT_KNOWN if may_block and finding.blocks else Group.TO_CONFIRM
    wrong = Truth.FALSE if criterion.role is Role.INCLUSION else Truth.TRUE
    return Group.NOT_MET if finding.truth is wrong and not criterion.advisory else Group.MET


class TrialVerdict(msgspec.Struct, frozen=True):
    """How the patient stands against one trial.

    fails: every criterion that rules it out. open: every criterion for which data are missing. silent: why it gets no
    card although it is relevant.
    """

    trial: Trial
    status: Status
    verdicts: tuple[Verdict, ...]
    fails: tuple[Verdict, ...] = ()
    open: tuple[Verdict, ...] = ()
    silent: str | None = None

    def grouped(self) -> dict[Group, list[Verdict]]:
        """Return the criteria by group, in the source's order."""
        groups: dict[Group, list[Verdict]] = {group: [] for group in Group}
        for verdict in self.verdicts:
            groups[verdict.group].append(verdict)
        return groups

    def listed(self, group: Group) -> tuple[Verdict, ...]:
        """Return the criteria of one group, in the source's order."""
        return tuple(verdict for verdict in self.verdicts if verdict.group is group)

    def verdict(self, id_: str) -> Verdict:
        """Return the verdict of one of the trial's criteria."""
        return next(verdict for verdict in self.verdicts if verdict.criterion.id == id_)


class TriggerVerdict(msgspec.Struct, frozen=True):
    """How the patient stands against a trigger, and the trial's verdict behind it."""

    trigger: Trigger
    trial: TrialVerdict
    finding: Finding

    @property
    def open(self) -> tuple[Verdict, ...]:
        """The required criteria that are not known."""
        required = (self.trial.verdict(id_) for id_ in self.trigger.requires)
        return tuple(verdict for verdict in required if verdict.finding.truth is Truth.UNKNOWN)


class Results(msgspec.Struct, frozen=True):
    """Everything that was decided of one patient. view: the evaluation, for whoever asks it more (a card's dates)."""

    view: Evaluation
    trials: tuple[TrialVerdict, ...]
    triggers: tuple[TriggerVerdict, ...]
    notes: tuple[Note, ...]

    @property
    def record(self) -> PatientRecord:
        """The record that was evaluated."""
        return self.view.record
