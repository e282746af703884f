"""CDS service `trial-eligibility`: the trials that nothing on record rules out, and those that need data.

One card for each likely eligible trial up to a limit, one more that names the others: trials that need data (with what
would decide most), trials without published criteria, and those beyond the limit. Nothing for any other trial.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from hooks import needs
from hooks.cards import latest_results_of, registry_lines, roll_up_card, trial_card, trial_title
from hooks.cards import notes as notes_on
from hooks.protocol import Card, RollUpExtension, TrialStatus
from hooks.wording import counted, escaped, summary
from mappings.catalogue import Catalogue
from mappings.evaluation import Evaluation
from mappings.trials import Trial
from mappings.verdicts import Group, Results, Status, TrialVerdict

ID = "trial-eligibility"
HOOK = "patient-view"
TITLE = "Oncology trials for this patient"
DESCRIPTION = (
    "Compares the patient's record with each trial's criteria, line by line, and names the trials that nothing on "
    "record rules out and the data that are missing."
)

NAMED = 3
"""Missing data that a trial's line on the roll-up names; of more it says how many."""


def trials(catalogue: Catalogue) -> Iterable[Trial]:
    """Return the trials whose criteria decide what must be asked for: all of them."""
    return catalogue.trials.values()


def cards(results: Results, view: Evaluation, limit: int) -> list[Card]:
    """Return the cards, in the catalogue's order. limit: how many trials get a card of their own."""
    shown = [v for v in results.trials if v.silent is None]
    likely = [v for v in shown if v.status is Status.LIKELY_ELIGIBLE]
    found = [_likely_card(verdict, view) for verdict in likely[:limit]]
    rest = [*likely[limit:], *(v for v in shown if v.status in {Status.NEEDS_DATA, Status.REVIEW_ONLY})]
    return [*found, _roll_up(rest, view, alone=not found)] if rest else found


def _likely_card(verdict: TrialVerdict, view: Evaluation) -> Card:
    groups, trial = verdict.grouped(), verdict.trial
    met, ask = len(groups[Group.MET]), len(groups[Group.TO_CONFIRM])
    says = f"Likely eligible for {trial.id}, {trial.short_title}: {met} met, {ask} to confirm"
    opening = [
        view.once(("title", trial.id), partial(trial_title, trial)),
        "",
        f"Nothing on record rules this trial out: likely eligible, with {counted(ask, 'point')} for you to confirm.",
    ]
    return trial_card(verdict, view, service=ID, summary=summary(says), opening=opening)


def _roll_up(rest: Sequence[TrialVerdict], view: Evaluation, *, alone: bool) -> Card:
    """Return the card that names these trials. alone: no trial has a card of its own."""
    ranking = needs.ranked((v for v in rest if v.status is Status.NEEDS_DATA), view)
    statuses = tuple(TrialStatus(v.trial.id, v.status.value) for v in rest)
    return roll_up_card(
        service=ID,
        summary=summary(_says(rest, ranking, alone=alone)),
        lines=[*_most(ranking), *(_trial_line(v, view) for v in rest), *notes_on(view, rest)],
        trials=[v.trial for v in rest],
        extension=RollUpExtension(view.today.isoformat(), statuses),
    )


def _says(rest: Sequence[TrialVerdict], ranking: Sequence[tuple[str, int]], *, alone: bool) -> str:
    """One sentence: how many trials, what would decide most, which trials as far as there is room."""
    ids = ", ".join(v.trial.id for v in rest)
    if not ranking:
        return f"{counted(len(rest), 'trial' if alone else 'more trial')} to look at: {ids}"
    first = ranking[0][0]
    if len(rest) == 1:
        return f"Trial {ids} needs data: {first}"
    return f"{len(rest)} trials not ruled out need data ({ids}); most useful: {first}"


def _most(ranking: Sequence[tuple[str, int]]) -> list[str]:
    if not ranking:
        return []
    best = [f"{escaped(ask)} ({counted(number, 'trial')})" for ask, number in ranking[:NAMED]]
    return [f"**Would decide most:** {'; '.join(best)}.", ""]


def _trial_line(verdict: TrialVerdict, view: Evaluation) -> str:
    trial = verdict.trial
    said = [_reason(verdict, view), *latest_results_of(trial, view), *registry_lines(trial)]
    return f"- {trial_title(trial)}: {' '.join(said)}"


def _reason(verdict: TrialVerdict, view: Evaluation) -> str:
    """Why a trial stands on the roll-up."""
    if verdict.status is Status.LIKELY_ELIGIBLE:
        return "likely eligible; nothing on record rules it out."
    if verdict.status is Status.REVIEW_ONLY:
        return f"for review only, since its source publishes no criteria; {_resembles(verdict)}."
    missing = list(dict.fromkeys(ask for v in verdict.open for ask in needs.asks(v, view)))
    said = [f"needs data: {escaped('; '.join(missing[:NAMED]))}"] if missing else []
    if len(missing) > NAMED:
        said.append(f"and {len(missing) - NAMED} more")
    if not verdict.trial.exclusions_in_source:
        said.append("its source names no exclusion criteria, so it stays at “needs data”")
    groups = verdict.grouped()
    known = f"{len(groups[Group.MET])} met, {len(groups[Group.TO_CONFIRM])} to confirm"
    return f"{', '.join(said)} ({known})."


def _resembles(verdict: TrialVerdict) -> str:
    known = len(verdict.listed(Group.MET))
    return f"the patient resembles those it studies in {known} of {len(verdict.verdicts)} points"
