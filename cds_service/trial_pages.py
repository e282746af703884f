"""The catalogue as it is shown: every trial with its own words, as JSON or as a page. No patient is known here.

What a site says of a trial for its clinicians' cards only (whom to ask) is not shown: these routes need no token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cds_service.pages import as_asked, dated, escape, link, page, prefers_html, table, terms
from hooks.protocol import ProtocolError
from mappings.catalogue import Catalogue
from mappings.digest import Rules
from mappings.kinds import Kind
from mappings.trials import Criterion, Registry, Role, Trial
from terminology.valuesets import Vocabulary

HUMAN = "human"

WHOSE_WORDS = {
    "seed": "words of the source page",
    "registry": "words of the registry",
    "description": "words of the description",
    "inferred": "inferred: no words seen",
    "site": "site rule",
}
"""Where a criterion's words come from, as a page says it."""


NO_SUCH_TRIAL = page(
    "No such trial",
    "<p>There is no trial of this id here. The list of trials names all that there are.</p>",
    root="../",
)


class RegistryReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the registry said of a trial. source: where that was read, and when."""

    name: str
    status: str
    source: str
    url: str | None = None
    as_of: str | None = None


class TrialSummary(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A trial in the list. digest: of everything by which it is decided. criteria: how many."""

    id: str
    short_title: str
    title: str
    registry: RegistryReport
    digest: str
    criteria: int
    sponsor: str | None = None
    phase: str | None = None


class TrialList(msgspec.Struct, frozen=True):
    """The catalogue."""

    trials: tuple[TrialSummary, ...]


class CriterionReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One criterion. text: verbatim; none where the source's words are not to be had.

    source: whose words they are. asks: what decides it, in words. statement: the same as the rules have it. human: no
    record decides it. shown_results: results that are shown beside it, in words.
    """

    id: str
    role: str
    source: str
    text: str | None = None
    asks: tuple[str, ...]
    statement: dict[str, Any]
    human: bool
    advisory: bool = False
    pre_treatment: bool = False
    readings: tuple[str, ...] = ()
    shown_results: tuple[str, ...] = ()


class ValueSetRelease(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value set by which a trial is decided; a site's own may have no version."""

    name: str
    title: str
    version: str = ""


class TrialReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A trial in full."""

    id: str
    short_title: str
    title: str
    registry: RegistryReport
    sponsor: str | None = None
    phase: str | None = None
    arms: tuple[str, ...] = ()
    source_text: tuple[str, ...]
    exclusions_in_source: bool
    review_only: bool
    next_step: str | None = None
    shown_results: tuple[str, ...] = ()
    anchors: tuple[str, ...]
    digest: str
    value_sets: tuple[ValueSetRelease, ...]
    criteria: tuple[CriterionReport, ...]


RulesOf = Callable[[str], Rules]
"""Gives the rules of a trial by its id; worked out when first asked for (0.03 s a trial), in a thread."""


class TrialPages:
    """Answers `/trials` and `/trials/{id}`."""

    def __init__(self, catalogue: Catalogue, rules: RulesOf) -> None:
        self.trials, self.vocabulary, self.rules = catalogue.trials, catalogue.vocabulary, rules

    def routes(self) -> list[tuple[str, Callable[[Request], Any], str]]:
        """Return (path, endpoint, method)."""
        return [("/trials", self.catalogue, "GET"), ("/trials/{id}", self.trial, "GET")]

    async def catalogue(self, request: Request) -> Response:
        """Answer all trials, briefly."""
        listed = await run_in_threadpool(self._listed)
        return as_asked(request, msgspec.json.encode(listed), lambda: list_page(listed))

    def _listed(self) -> TrialList:
        return TrialList(tuple(summary(trial, self.rules(id_).digest) for id_, trial in self.trials.items()))

    async def trial(self, request: Request) -> Response:
        """Answer one trial with all its criteria. Raises ProtocolError 404."""
        trial = self.trials.get(request.path_params["id"])
        if trial is None and prefers_html(request.headers.get("accept", "")):
            return HTMLResponse(NO_SUCH_TRIAL, status_code=404, headers={"Vary": "Accept"})
        if trial is None:
            raise ProtocolError(404, "not-found", "There is no trial of this id.")
        rules = await run_in_threadpool(self.rules, trial.id)
        report = report_trial(trial, rules, self.vocabulary)
        return as_asked(request, msgspec.json.encode(report), lambda: trial_page(report))


def summary(trial: Trial, digest: str) -> TrialSummary:
    """Return a trial as the list has it."""
    return TrialSummary(
        id=trial.id,
        short_title=trial.short_title,
        title=trial.title,
        registry=_registry(trial.registry),
        digest=digest,
        criteria=len(trial.criteria),
        sponsor=trial.sponsor,
        phase=trial.phase,
    )


def report_trial(trial: Trial, rules: Rules, vocabulary: Vocabulary) -> TrialReport:
    """Return a trial in full."""
    return TrialReport(
        id=trial.id,
        short_title=trial.short_title,
        title=trial.title,
        registry=_registry(trial.registry),
        sponsor=trial.sponsor,
        phase=trial.phase,
        arms=trial.arms,
        source_text=trial.source_text,
        exclusions_in_source=trial.exclusions_in_source,
        review_only=trial.review_only,
        next_step=trial.next_step,
        shown_results=_titles(trial.shown_results, vocabulary),
        anchors=trial.anchors,
        digest=rules.digest,
        value_sets=tuple(ValueSetRelease(n, vocabulary.value_sets[n].title, v) for n, v in rules.releases.items()),
        criteria=tuple(_criterion(criterion, vocabulary) for criterion in trial.criteria),
    )


def _registry(registry: Registry) -> RegistryReport:
    as_of = registry.as_of.isoformat() if registry.as_of else None
    return RegistryReport(registry.name, registry.status, registry.source, registry.url, as_of)


def _criterion(criterion: Criterion, vocabulary: Vocabulary) -> CriterionReport:
    leaves = tuple(criterion.when.leaves())
    return CriterionReport(
        id=criterion.id,
        role=criterion.role.value,
        source=criterion.source,
        text=criterion.text or None,
        asks=(criterion.ask,) if criterion.ask else tuple(dict.fromkeys(_asked(leaf, vocabulary) for leaf in leaves)),
        statement=criterion.when.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        human=all(_word(leaf) == HUMAN for leaf in leaves),
        advisory=criterion.advisory,
        pre_treatment=criterion.pre_treatment,
        readings=tuple(" ".join(reading.split()) for reading in criterion.readings),
        shown_results=_titles(criterion.shown_results, vocabulary),
    )


def _titles(names: Iterable[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(vocabulary.title(name) for name in names)


def _asked(leaf: Kind, vocabulary: Vocabulary) -> str:
    names = getattr(leaf, "value_set", ())
    if label := getattr(leaf, "label", None):
        return str(label)
    if names:
        return " or ".join(dict.fromkeys(vocabulary.title(name) for name in names))
    return "a person's confirmation" if _word(leaf) == HUMAN else _word(leaf).replace("-", " ")


def _word(leaf: Kind) -> str:
    return str(getattr(leaf, "kind", ""))


# For people


def list_page(listed: TrialList) -> str:
    """Return the page of the catalogue."""
    rows = (
        (
            f'<a href="trials/{escape(trial.id)}">{escape(trial.id)}</a>',
            escape(trial.short_title),
            dated(_status(trial.registry)),
            str(trial.criteria),
        )
        for trial in listed.trials
    )
    lead = "<p>The trials against which a patient's record is compared, each with its source's own words.</p>"
    return page("Trials", lead + table(("Trial", "What", "Recruitment", "Criteria"), rows))


def _status(registry: RegistryReport) -> str:
    return f"{registry.status.replace('-', ' ')}{f', as of {registry.as_of}' if registry.as_of else ''}"


def trial_page(trial: TrialReport) -> str:
    """Return the page of one trial."""
    source = link(trial.registry.url, trial.registry.name) if trial.registry.url else escape(trial.registry.name)
    parts = [
        f"<p>{escape(trial.title)}</p>",
        f"<p>{source}: {dated(_status(trial.registry))} ({dated(trial.registry.source)})</p>",
        _cautions(trial),
        terms(
            (
                ("Sponsor", trial.sponsor),
                ("Phase", trial.phase),
                ("Arms", "; ".join(trial.arms)),
                ("Next step", trial.next_step),
                ("Shows the latest", ", ".join(trial.shown_results)),
            )
        ),
        f"<p>Relevant to patients who meet {_references(trial.anchors)}.</p>",
        *(_group(role, trial) for role in Role),
        "<h2>Rules</h2>",
        terms((("Digest", trial.digest), ("Source's text", ", ".join(trial.source_text)))),
        "<details><summary>Value sets</summary>",
        table(("Value set", "What", "Version"), (map(escape, (v.name, v.title, v.version)) for v in trial.value_sets)),
        "</details>",
    ]
    return page(f"{trial.id}: {trial.short_title}", "\n".join(parts), root="../")


def _references(ids: Iterable[str]) -> str:
    """Return links to criteria; a part (`I3.1`) is found at its criterion."""
    return " and ".join(f'<a href="#{escape(id_.partition(".")[0])}">{escape(id_)}</a>' for id_ in ids)


def _cautions(trial: TrialReport) -> str:
    said = []
    if trial.review_only:
        said.append("The source publishes no criteria: for review only.")
    if not trial.exclusions_in_source:
        said.append("The source states no exclusion criteria: no patient can be rated better than “needs data”.")
    return "".join(f"<p><strong>{escape(sentence)}</strong></p>" for sentence in said)


def _group(role: Role, trial: TrialReport) -> str:
    shown = "\n".join(_criterion_section(criterion) for criterion in trial.criteria if criterion.role == role.value)
    unstated = role is Role.EXCLUSION and not trial.exclusions_in_source
    none = "<p>None in the source.</p>" if unstated else "<p>None.</p>"
    return f"<h2>{escape(role.value.capitalize())} criteria</h2>\n{shown or none}"


def _criterion_section(criterion: CriterionReport) -> str:
    marks = "".join(f' <span class="mark">{escape(mark)}</span>' for mark in _marks(criterion))
    words = f"<blockquote>{escape(criterion.text)}</blockquote>" if criterion.text else ""
    readings = "".join(f"<li>{dated(reading)}</li>" for reading in criterion.readings)
    results = escape(", ".join(criterion.shown_results))
    shown = f"<p>Shows the latest, which decides nothing: {results}</p>" if results else ""
    statement = escape(as_yaml(criterion.statement))
    return (
        f'<section id="{escape(criterion.id)}"><h3>{escape(criterion.id)}{marks}</h3>{words}'
        f"<p>Asks for: {escape('; '.join(criterion.asks))}</p>{shown}"
        f"{f'<p>Read as:</p><ul>{readings}</ul>' if readings else ''}"
        f"<details><summary>Statement</summary><pre>{statement}</pre></details></section>"
    )


def _marks(criterion: CriterionReport) -> Iterable[str]:
    yield WHOSE_WORDS[criterion.source]
    if criterion.human:
        yield "for a person to confirm"
    if criterion.advisory:
        yield "advisory: never decides"
    if criterion.pre_treatment:
        yield "checked immediately before treatment"


def as_yaml(statement: Mapping[str, Any]) -> str:
    """Return a statement as a coordinator would write it."""
    return yaml.safe_dump(json.loads(json.dumps(statement)), sort_keys=False, allow_unicode=True, width=90).rstrip()
