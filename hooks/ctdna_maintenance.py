"""CDS service `ctdna-maintenance`: the patient whose post-operative ctDNA is positive meets a trial's trigger.

A `warning` when the trigger is TRUE. An `info` when only what may be open is open, and when nothing speaks against it
but records could not be had, read or reconciled. Nothing otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hooks import needs
from hooks.cards import trial_card, trial_title
from hooks.protocol import Card
from hooks.wording import cut, escaped, summary
from mappings.catalogue import Catalogue
from mappings.clinical_time import Interval, days_between
from mappings.evaluation import Evaluation
from mappings.facts import ObservationFact
from mappings.kinds.observations import ListedResults, ResultKind
from mappings.trials import Criterion, Trial
from mappings.truth import Reason, Truth
from mappings.verdicts import Results, TriggerVerdict

ID = "ctdna-maintenance"
HOOK = "patient-view"
TITLE = "Maintenance therapy trial after positive ctDNA"
DESCRIPTION = (
    "Tells when the latest ctDNA result after resection or ablation of colorectal liver metastases is positive and the "
    "patient may fit the maintenance-therapy trial."
)

NOT_HAD = {
    Reason.INCOMPLETE: "records were not retrieved in full",
    Reason.UNREADABLE: "a record could not be read",
    Reason.CONFLICT: "records contradict each other",
}
"""Why data could not be had, read or reconciled; such gaps are said, since silence would read as a no."""


def trials(catalogue: Catalogue) -> Iterable[Trial]:
    """Return the trials whose criteria decide what must be asked for: those behind a trigger."""
    return [catalogue.trials[id_] for id_ in dict.fromkeys(trigger.trial for trigger in catalogue.triggers)]


def cards(results: Results, view: Evaluation, limit: int) -> list[Card]:
    """Return one card for each trigger that is met or may be. limit: not used, a trigger's card is never held back."""
    del limit
    found = (_card(trigger, view) for trigger in results.triggers if trigger.trial.silent is None)
    return [card for card in found if card is not None]


def _card(verdict: TriggerVerdict, view: Evaluation) -> Card | None:
    if verdict.finding.truth is Truth.TRUE:
        return _met(verdict, view)
    if verdict.finding.truth is Truth.FALSE:
        return None
    if {v.criterion.id for v in verdict.open} <= set(verdict.trigger.may_be_open):
        return _open(verdict, view)
    return _not_had(verdict, view) if _reasons(verdict) <= NOT_HAD.keys() else None


def _reasons(verdict: TriggerVerdict) -> set[Reason]:
    leaves = (leaf for v in verdict.open for leaf in needs.open_leaves(v.criterion.when, v.finding))
    return {finding.reason or Reason.HUMAN for _, finding in leaves} or {Reason.HUMAN}


def _met(verdict: TriggerVerdict, view: Evaluation) -> Card:
    trigger = verdict.trigger
    says = f"{trigger.title} ({_when(verdict, view)}): {trigger.suggests} {trigger.trial}"
    opening = [
        f"Meets the trigger of {escaped(trigger.trial)}: the latest ctDNA result after the operation is positive.",
        f"Consider discussing the {escaped(trigger.suggests)} with the patient and the study team.",
    ]
    return _made(verdict, view, says, opening, warns=True)


def _open(verdict: TriggerVerdict, view: Evaluation) -> Card:
    trigger = verdict.trigger
    asked = "; ".join(ask for v in verdict.open for ask in needs.asks(v, view))
    says = f"{trigger.title} ({_when(verdict, view)}), {trigger.suggests} {trigger.trial}; still needs {asked}"
    opening = [
        f"Would meet the trigger of {escaped(trigger.trial)}: the latest ctDNA result after the operation is positive.",
        f"Not known yet: {escaped(asked)}. Consider asking for it.",
    ]
    return _made(verdict, view, says, opening)


def _not_had(verdict: TriggerVerdict, view: Evaluation) -> Card:
    trigger = verdict.trigger
    why = ", ".join(words for reason, words in NOT_HAD.items() if reason in _reasons(verdict))
    says = f"{trigger.title}? It could not be told whether the patient fits trial {trigger.trial}: {why}"
    opening = [
        f"Whether the patient meets the trigger of {escaped(trigger.trial)} could not be told: {why}.",
        f"Consider looking at: {escaped('; '.join(v.criterion.id for v in verdict.open))} below.",
    ]
    return _made(verdict, view, says, opening)


def _made(verdict: TriggerVerdict, view: Evaluation, says: str, opening: list[str], *, warns: bool = False) -> Card:
    facts = [*_dates(verdict, view), *_results(verdict, view), *_arms(verdict.trial.trial)]
    trial = verdict.trial.trial
    lines = [view.once(("title", trial.id), partial(trial_title, trial)), "", *opening, "", *facts]
    return trial_card(verdict.trial, view, service=ID, summary=summary(says), opening=lines, warns=warns)


# The dates


def _sample(verdict: TriggerVerdict) -> Criterion:
    return verdict.trial.trial.criterion(verdict.trigger.sample)


def _operation_time(verdict: TriggerVerdict, view: Evaluation) -> Interval | None:
    """The operation after which the sample must have been taken; a later bowel resection moves it."""
    when = _sample(verdict).when
    if isinstance(when, ResultKind) and when.after is not None:
        return view.moment(when.after).time
    return None


def _sample_time(verdict: TriggerVerdict) -> Interval | None:
    facts = verdict.trial.verdict(verdict.trigger.sample).finding.facts
    times = [fact.time for fact in facts if isinstance(fact, ObservationFact) and fact.time]
    return max(times, key=lambda time: time.last, default=None)


def _when(verdict: TriggerVerdict, view: Evaluation) -> str:
    """The sample's date and, where both are known to the day, the days since the operation."""
    sample, operation = _sample_time(verdict), _operation_time(verdict, view)
    if sample is None:
        return "date not known"
    days = days_between(operation, sample) if operation else None
    return f"{sample}, {days} days after surgery" if days is not None else f"{sample}"


def _dates(verdict: TriggerVerdict, view: Evaluation) -> list[str]:
    operation, sample = _operation_time(verdict, view), _sample_time(verdict)
    days = days_between(operation, sample) if operation and sample else None
    between = f" ({days} days between)" if days is not None else ""
    return [f"- Operation: {operation or 'date not known'}; sample: {sample or _no_sample(verdict)}{between}"]


def _no_sample(verdict: TriggerVerdict) -> str:
    """Why there is no date of a sample: there is none only where that is what was found."""
    reason = verdict.trial.verdict(verdict.trigger.sample).finding.reason
    return "none after it" if reason is Reason.NO_DATA else "not known"


def _results(verdict: TriggerVerdict, view: Evaluation) -> list[str]:
    """Every ctDNA result on record, the newest first; the one that decides is among them."""
    when = _sample(verdict).when
    if not isinstance(when, ResultKind):
        return []
    facts = sorted(
        view.facts(ObservationFact, when.value_set),
        key=lambda fact: (fact.time is not None, fact.time.last if fact.time else None, fact.source),
        reverse=True,
    )
    shown = [f"{ListedResults([fact])} {fact.source}" for fact in facts]
    return [f"- ctDNA results on record: {escaped(cut('; '.join(shown), 800))}"] if shown else []


def _arms(trial: Trial) -> list[str]:
    return [f"- Arms of the trial: {escaped('; '.join(trial.arms))}"] if trial.arms else []
