"""What would decide: the data that are missing, in words a clinician can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mappings.evaluation import Evaluation
from mappings.kinds import Kind
from mappings.truth import Finding, Reason
from mappings.verdicts import TrialVerdict, Verdict

_LEFT_OPEN = {
    Reason.STALE: "a newer result: {}",
    Reason.PRELIMINARY: "the final result: {}",
    Reason.CONFLICT: "which of the contradicting records is right: {}",
    Reason.NEEDS_JUDGEMENT: "your judgement: {}",
    Reason.SUSPECTED: "confirmation: {}",
    Reason.UNIT: "the unit: {}",
    Reason.NO_RANGE: "the upper limit of normal: {}",
    Reason.IMPRECISE_DATE: "the exact date: {}",
    Reason.TOO_GENERAL: "a more exact diagnosis: {}",
    Reason.UNREADABLE: "a readable record: {}",
}


def asks(verdict: Verdict, view: Evaluation) -> tuple[str, ...]:
    """Return what would decide a criterion: the trial's own words, else those of its open leaves, each once."""
    incomplete = sorted(verdict.criterion.when.needed_types() & view.record.incomplete.keys())
    if verdict.finding.reason is Reason.INCOMPLETE and incomplete:
        return (f"all {' and '.join(incomplete)} records",)
    if verdict.criterion.ask:
        return (verdict.criterion.ask,)
    leaves = open_leaves(verdict.criterion.when, verdict.finding)
    return tuple(dict.fromkeys(_asked(kind, finding, view) for kind, finding in leaves))


def open_leaves(kind: Kind, finding: Finding) -> Iterator[tuple[Kind, Finding]]:
    """Yield the leaves of a criterion that keep it from being known."""
    parts = kind.parts()
    if not parts or len(parts) != len(finding.parts):
        if finding.blocks:
            yield kind, finding
        return
    for part, found in zip(parts, finding.parts, strict=True):
        if found.blocks:
            yield from open_leaves(part, found)


def _asked(kind: Kind, finding: Finding, view: Evaluation) -> str:
    label = getattr(kind, "label", None) or _title(kind, view)
    if label is None:
        return finding.because.split(". ")[0].rstrip(".")
    return _LEFT_OPEN.get(finding.reason or Reason.NO_DATA, "{}").format(label)


def _title(kind: Kind, view: Evaluation) -> str | None:
    names = getattr(kind, "value_set", ())
    return view.title(names) if names else None


def ranked(trials: Iterable[TrialVerdict], view: Evaluation) -> list[tuple[str, int]]:
    """Return what is missing with the number of trials it would help to settle, the most useful first.

    Between equals, what is the only thing missing of a trial comes first, then the trials' own order.
    """
    wanted: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for trial in trials:
        missing = dict.fromkeys(ask for verdict in trial.open for ask in asks(verdict, view))
        wanted.update(missing.keys())
        if len(missing) == 1:
            alone.update(missing.keys())
    order = {ask: place for place, ask in enumerate(wanted)}
    return sorted(wanted.items(), key=lambda item: (-item[1], -alone[item[0]], order[item[0]]))
