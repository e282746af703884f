"""Cards: how a verdict is put before a clinician, and what every card of ours carries.

A card suggests and never orders; each of its lines can be checked: the protocol's words, what the record says, from
which resource, on which date.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from hooks import needs
from hooks.protocol import (
    Card,
    Link,
    OverrideReason,
    RollUpExtension,
    Source,
    Topic,
    TrialExtension,
    TrialStatus,
)
from hooks.wording import careful, counted, cut, escaped, quoted, topic_code
from mappings.evaluation import Evaluation
from mappings.facts import Note
from mappings.kinds.observations import LatestResult, latest_results
from mappings.report import report_verdict
from mappings.trials import Criterion, Role, Trial
from mappings.truth import Strength
from mappings.verdicts import Group, TrialVerdict, Verdict

T = TypeVar("T")

OURS = "https://oncology-trial-cds.github.io/fhir/CodeSystem"
TOPIC_SYSTEM = f"{OURS}/card-topic"
OVERRIDE_SYSTEM = f"{OURS}/override-reason"
EXTENSION = "io.github.oncology-trial-cds"
PUBLIC_URL = "https://oncology-trial-cds.github.io"

OVERRIDE_REASONS = tuple(
    OverrideReason(code, OVERRIDE_SYSTEM, display)
    for code, display in (
        ("already-considered", "The trial was already considered"),
        ("patient-declines", "The patient declines"),
        ("not-appropriate", "Not appropriate for this patient"),
        ("enrolled-elsewhere", "Enrolled in another study"),
        ("data-wrong", "The data shown are wrong"),
    )
)

QUOTE = 160
QUOTE_TO_CONFIRM = 400
"""Characters of a protocol's line: a person who is to confirm it needs more of it."""

FINDING = 400
"""Characters of what the record says in one line; free texts of a record may be very long."""

SHOWN = 120
"""Characters of one result that is shown beside a line."""

SAID_OF_EXCLUSIONS = {Group.MET: ", does not apply", Group.NOT_MET: ", applies"}

NOTES = 3
"""Notes about the record that a card says in full; of more it says how many."""


def topic(service: str, subject: str, display: str) -> Topic:
    """Return what a card is about; clients remember overrides by it."""
    return Topic(topic_code(service, subject), TOPIC_SYSTEM, careful(display))


def source_of(trial: Trial, service: str) -> Source:
    """Return the registry's record of a trial as the source of a card."""
    label = f"{trial.registry.name}: {trial.id}" if trial.registry.url else f"Trial description: {trial.id}"
    return Source(careful(label), trial.registry.url, topic(service, trial.id, trial.short_title))


def links_of(trials: Iterable[Trial]) -> tuple[Link, ...]:
    """Return links to the registry's records."""
    return tuple(
        Link(f"{trial.id} at {trial.registry.name}", trial.registry.url) for trial in trials if trial.registry.url
    )


def trial_card(
    verdict: TrialVerdict, view: Evaluation, *, service: str, summary: str, opening: Sequence[str], warns: bool = False
) -> Card:
    """Return the card of one trial: opening lines, what the registry says, the four groups, notes on the record."""
    trial = verdict.trial
    lines = [*opening, "", *view.once(("registry", trial.id), partial(registry_lines, trial))]
    lines += [*latest_results_of(trial, view), *_groups(verdict, view)]
    if trial.next_step:
        lines += ["", f"**Next step:** {escaped(trial.next_step)}"]
    lines += notes(view, [verdict])
    return Card(
        uuid=str(uuid.uuid4()),
        summary=careful(summary),
        indicator="warning" if warns else "info",
        source=view.once(("source", service, trial.id), partial(source_of, trial, service)),
        detail="\n".join(lines),
        overrideReasons=OVERRIDE_REASONS,
        links=view.once(("links", trial.id), partial(links_of, [trial])),
        extension={EXTENSION: _extension(verdict, view)},
    )


def roll_up_card(
    *, service: str, summary: str, lines: Sequence[str], trials: Sequence[Trial], extension: RollUpExtension
) -> Card:
    """Return the card that names several trials at once."""
    return Card(
        uuid=str(uuid.uuid4()),
        summary=careful(summary),
        indicator="info",
        source=Source("Trial catalogue of this service", PUBLIC_URL, topic(service, "rollup", "Trials that need data")),
        detail="\n".join(lines),
        overrideReasons=OVERRIDE_REASONS,
        links=links_of(trials),
        extension={EXTENSION: extension},
    )


def _extension(verdict: TrialVerdict, view: Evaluation) -> TrialExtension:
    return TrialExtension(
        trial=verdict.trial.id,
        status=verdict.status.value,
        evaluated_on=view.today.isoformat(),
        criteria=tuple(_once(v, view, "report", partial(report_verdict, v)) for v in verdict.verdicts),
    )


def _once(verdict: Verdict, view: Evaluation, what: str, make: Callable[[], T]) -> T:
    """Return what a verdict gives on a card; of one that is the same for many patients it is made once."""
    return view.once((what, id(verdict)), make) if verdict.constant else make()


def subject_of(card: Card) -> tuple[str, Sequence[TrialStatus]]:
    """Return the day for which a card was made and the trials it speaks of, with their statuses."""
    said = (card.extension or {})[EXTENSION]
    if isinstance(said, RollUpExtension):
        return said.evaluated_on, said.trials
    return said.evaluated_on, (TrialStatus(said.trial, said.status),)


def trial_title(trial: Trial) -> str:
    """Return a trial's title with its id, phase and sponsor."""
    words = [trial.id, f"phase {trial.phase}" if trial.phase else None, trial.sponsor]
    return f"**{escaped(trial.short_title)}** ({', '.join(escaped(word) for word in words if word)})"


def registry_line(trial: Trial) -> str:
    """Return what the registry says of recruitment, and on which day it said so."""
    registry = trial.registry
    status = "recruitment status not known" if registry.status == "unknown" else registry.status.replace("-", " ")
    as_of = f"status as of {registry.as_of.isoformat()}" if registry.as_of else "date of the status not known"
    name = registry.name[:1].upper() + registry.name[1:]
    return f"{escaped(name)}: {status}, {as_of}."


def registry_lines(trial: Trial) -> list[str]:
    """Return what the registry says, and whom to ask about the trial at this site."""
    contact = [f"Open here: {escaped(trial.contact)}."] if trial.contact else []
    return [registry_line(trial), *contact]


def latest_results_of(trial: Trial, view: Evaluation) -> list[str]:
    """Return one sentence on the latest of the results that a trial shows without asking for them; none without any."""
    results = latest_results(view, trial.shown_results)
    if not results:
        return []
    sources = ", ".join(dict.fromkeys(each.fact.source for each in results))
    return [escaped(f"Latest on record, decides nothing: {_listed(results)} ({sources}).")]


def _listed(results: Iterable[LatestResult]) -> str:
    return "; ".join(cut(str(each), SHOWN) for each in results)


def _groups(verdict: TrialVerdict, view: Evaluation) -> list[str]:
    lines = []
    groups = verdict.grouped()
    for group in Group:
        listed = groups[group]
        title = group.value.capitalize()
        if not listed:
            lines += ["", f"**{title}:** none"]
            continue
        lines += ["", f"**{title} ({len(listed)})**", ""]
        lines += [_once(v, view, "line", partial(_line, v, group, view)) for v in listed]
    return lines


def _line(verdict: Verdict, group: Group, view: Evaluation) -> str:
    """One criterion: its id, the protocol's words, what the record says, what would decide it, from which resources."""
    criterion, finding = verdict.criterion, verdict.finding
    words = [f"- **{criterion.id}**", *(f"({mark})" for mark in _marks(criterion, group))]
    if criterion.text:
        words.append(quoted(criterion.text, QUOTE_TO_CONFIRM if group is Group.TO_CONFIRM else QUOTE))
    words.append(escaped(cut(finding.because, FINDING)))
    if verdict.shown:
        words.append(f"Latest results: {escaped(_listed(verdict.shown))}.")
    if finding.strength is Strength.PRESUMED:
        words.append("*(presumed: no record found, please confirm)*")
    if group is Group.NOT_KNOWN:
        words.append(f"*Would decide it:* {escaped('; '.join(needs.asks(verdict, view)))}.")
    if evidence := verdict.evidence:
        words.append(escaped(f"({', '.join(evidence)})"))
    return " ".join(words)


def _marks(criterion: Criterion, group: Group) -> Iterator[str]:
    """What must be known of a line to read it rightly: an exclusion under "met" is one that does not apply."""
    if criterion.role is Role.EXCLUSION:
        yield f"exclusion{SAID_OF_EXCLUSIONS.get(group, '')}"
    if criterion.source == "site":
        yield "site rule"
    if criterion.source == "description":
        yield "from the description"
    if criterion.advisory:
        yield "advisory"


def _noted(note: Note) -> str:
    """What a note says to a clinician; how a resource's shape was wrong is for `cds-service explain` to tell."""
    return note.what.partition(": ")[0] if note.reason == "unreadable" else note.what.rstrip(".")


def notes(view: Evaluation, verdicts: Sequence[TrialVerdict]) -> list[str]:
    """Return one line on what of the record was missing, unreadable or left out, as far as these trials need it."""
    needed = frozenset[str]().union(*(v.trial.needed_types for v in verdicts))
    missing = sorted(needed & view.record.incomplete.keys())
    said = [f"not retrieved in full: {', '.join(missing)}"] if missing else []
    other = [_noted(note) for note in view.record.notes if note.reason != "incomplete"]
    said += other[:NOTES]
    if len(other) > NOTES:
        said.append(f"and {counted(len(other) - NOTES, 'further note')}")
    return ["", f"*About the record:* {escaped(cut('; '.join(said), 2 * FINDING))}."] if said else []
