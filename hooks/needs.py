"""What would decide: the data that are missing, in words a clinician can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from mappings.evaluation import Evaluation
from mappings.kinds import Kind
from mappings.kinds.demographics import Age, Sex
from mappings.kinds.observations import ResultKind
from mappings.truth import Finding, Reason
from mappings.verdicts import TrialVerdict, Verdict

_LEFT_OPEN = {
    Reason.STALE: "a newer result: {}",
    Reason.PRELIMINARY: "the final result: {}",
    Reason.CONFLICT: "which of the contradicting records is right: {}",
    Reason.NEEDS_JUDGEMENT: "your judgement: {}",
    Reason.SUSPECTED: "confirmation of {}",
    Reason.UNIT: "the unit of {}",
    Reason.NO_RANGE: "the upper limit of normal of {}",
    Reason.IMPRECISE_DATE: "the exact date or time of {}",
    Reason.TOO_GENERAL: "a more exact record: {}",
    Reason.UNREADABLE: "a readable record: {}",
    Reason.IMPLAUSIBLE: "a possible value: {}",
    Reason.AMBIGUOUS_SOURCE: "what the protocol means, whose words are not clear: {}",
}


OF_THE_PATIENT: Mapping[type[Kind], str] = {Age: "the date of birth", Sex: "the sex"}


def asks(verdict: Verdict, view: Evaluation) -> tuple[str, ...]:
    """Return what would decide a criterion, each once: the trial's own words, else those of its open leaves.

    The trial's words name what to ask for when there is nothing. Where results are on record it is said of each open
    leaf what it lacks: a final result of a preliminary one, the ASA class of one whose ECOG does not suffice.
    """
    incomplete = sorted(verdict.criterion.when.needed_types() & view.record.incomplete.keys())
    if verdict.finding.reason is Reason.INCOMPLETE and incomplete:
        return (f"all {' and '.join(incomplete)} records",)
    if verdict.criterion.ask and verdict.finding.reason is not Reason.UNREADABLE and not _has_results(verdict):
        return (verdict.criterion.ask,)
    leaves = open_leaves(verdict.criterion.when, verdict.finding)
    return tuple(dict.fromkeys(_asked(kind, finding, view, verdict.criterion.ask) for kind, finding in leaves))


def _has_results(verdict: Verdict) -> bool:
    """Whether some result that the criterion asks for is on record, so that more can be said than what it asks for."""
    found = leaves(verdict.criterion.when, verdict.finding)
    return any(isinstance(kind, ResultKind) and finding.facts for kind, finding in found)


def open_leaves(kind: Kind, finding: Finding) -> Iterator[tuple[Kind, Finding]]:
    """Yield the leaves of a criterion that keep it from being known; a compound whose parts contradict each other."""
    found = list(leaves(kind, finding, lambda part: part.blocks))
    yield from found or ([(kind, finding)] if finding.blocks else ())


def leaves(
    kind: Kind, finding: Finding, where: Callable[[Finding], bool] = lambda _: True
) -> Iterator[tuple[Kind, Finding]]:
    """Yield the leaves of a criterion with what was found of each. where: what is looked at, compounds and leaves."""
    parts = kind.parts()
    if not where(finding):
        return
    if not parts or len(parts) != len(finding.parts):
        yield kind, finding
        return
    for part, found in zip(parts, finding.parts, strict=True):
        yield from leaves(part, found, where)


def _asked(kind: Kind, finding: Finding, view: Evaluation, otherwise: str | None) -> str:
    """Return what an open leaf lacks. otherwise: the trial's words, for a leaf that has no name of its own."""
    label = (
        _operation(kind, finding, view)
        or getattr(kind, "label", None)
        or _title(kind, view)
        or OF_THE_PATIENT.get(type(kind))
        or otherwise
    )
    if label is None:
        return finding.because.split(". ")[0].rstrip(".")
    return _LEFT_OPEN.get(finding.reason or Reason.NO_DATA, "{}").format(label)


def _operation(kind: Kind, finding: Finding, view: Evaluation) -> str | None:
    """Return the operation that is in doubt, where it is that and not the result that is recorded too generally."""
    if not isinstance(kind, ResultKind) or finding.reason is not Reason.TOO_GENERAL:
        return None
    events = [event for event in (kind.after, kind.of and kind.of.event) if event]
    return next((event.name for event in events if view.moment(event).unsettled is finding.reason), None)


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
