"""What the service says of itself: the source attributes that a decision support tool owes its user."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from importlib.metadata import distribution
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from cds_service import DISTRIBUTION
from cds_service.notices import notices_html
from cds_service.pages import as_asked, dated, escape, page, table, terms
from cds_service.trial_pages import RulesOf, ValueSetRelease
from mappings.catalogue import Catalogue
from mappings.digest import Rules

INTENDED_USE = (
    "Supports healthcare professionals who can check every line of a card against the record: it names oncology trials "
    "that nothing on record rules out, and what would decide the others. It does not diagnose, order or enrol."
)

USERS = "Clinicians, trial coordinators and study teams. Cards are not given to patients or their relations."

OUTPUT = (
    "Cards, each criterion with the source's words, what the record says, from which resource and on which date. What "
    "the record does not say is shown as not known, never as absent. No score, no machine learning: written rules."
)

LIMITS = (
    "It is not a medical device and has not been validated for clinical use.",
    "It compares what is coded: narrative notes and images are not read.",
    "Registry statuses are as old as the date beside them.",
    "Readings of ambiguous criteria are ours; each stands with its criterion under /trials.",
    "The trials' sponsors and registries have not reviewed it and do not endorse it.",
)

FUNDING = "Its authors name no funder."


class TrialRelease(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The rules of one trial. as_of: the day of its registry record. digest: SHA-256 of all that decides it."""

    id: str
    short_title: str
    source: str
    as_of: str | None = None
    digest: str


class RulesRelease(msgspec.Struct, frozen=True):
    """The rules in use. digest: SHA-256 over the trials' digests, in the order of their ids."""

    digest: str
    trials: tuple[TrialRelease, ...]
    value_sets: tuple[ValueSetRelease, ...]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    name: str
    version: str
    description: str
    made_by: str
    funding: str
    licence: str
    cds_hooks: str
    fhir: str
    intended_use: str
    users: str
    output: str
    limits: tuple[str, ...]
    rules: RulesRelease
    notices: str


class AboutPages:
    """Answers `/about`."""

    def __init__(self, catalogue: Catalogue, rules: RulesOf) -> None:
        self.about = functools.cache(lambda: about(catalogue, rules))

    def routes(self) -> list[tuple[str, Any, str]]:
        """Return (path, endpoint, method)."""
        return [("/about", self.answer, "GET")]

    async def answer(self, request: Request) -> Response:
        """Answer as JSON or, to a browser, as a page."""
        found = await run_in_threadpool(self.about)
        return as_asked(request, msgspec.json.encode(found), lambda: about_page(found))


def about(catalogue: Catalogue, rules: RulesOf) -> About:
    """Return what the service says of itself with this catalogue."""
    package = distribution(DISTRIBUTION).metadata
    return About(
        name=DISTRIBUTION,
        version=package["Version"],
        description=package["Summary"],
        made_by=f"the {DISTRIBUTION} authors",
        funding=FUNDING,
        licence=package["License-Expression"],
        cds_hooks="2.0.1",
        fhir="4.0.1",
        intended_use=INTENDED_USE,
        users=USERS,
        output=OUTPUT,
        limits=LIMITS,
        rules=_release([rules(id_) for id_ in sorted(catalogue.trials)], catalogue),
        notices=notices(),
    )


@functools.cache
def notices() -> str:
    """Return the notices of the owners of codes and texts, as the package's NOTICE has them."""
    return (
        distribution(DISTRIBUTION).read_text("licenses/NOTICE") or "See the file NOTICE of the distribution."
    ).strip()


def _release(rules: Sequence[Rules], catalogue: Catalogue) -> RulesRelease:
    versions = dict(sorted(item for each in rules for item in each.releases.items()))
    titles = catalogue.vocabulary.title
    return RulesRelease(
        digest=hashlib.sha256("".join(each.digest for each in rules).encode()).hexdigest(),
        trials=tuple(_trial(each, catalogue) for each in rules),
        value_sets=tuple(ValueSetRelease(name, titles(name), version) for name, version in versions.items()),
    )


def _trial(rules: Rules, catalogue: Catalogue) -> TrialRelease:
    trial = catalogue.trials[rules.trial]
    as_of = trial.registry.as_of.isoformat() if trial.registry.as_of else None
    source = trial.registry.source
    return TrialRelease(id=trial.id, short_title=trial.short_title, source=source, as_of=as_of, digest=rules.digest)


# For people


def about_page(about: About) -> str:
    """Return the page."""
    trials = (
        (
            f'<a href="trials/{escape(trial.id)}">{escape(trial.id)}</a>',
            dated(trial.as_of or "not known"),
            dated(trial.source),
            f"<code>{escape(trial.digest[:16])}</code>",
        )
        for trial in about.rules.trials
    )
    value_sets = (map(escape, (v.name, v.title, v.version)) for v in about.rules.value_sets)
    parts = [
        f"<p>{escape(about.description)}.</p>",
        terms(
            (
                ("Version", f"{about.version}; CDS Hooks {about.cds_hooks}, FHIR {about.fhir}"),
                ("Made by", about.made_by),
                ("Funding", about.funding),
                ("Licence", about.licence),
                ("Intended use", about.intended_use),
                ("Users", about.users),
                ("Output", about.output),
            )
        ),
        f"<h2>Limits</h2><ul>{''.join(f'<li>{escape(limit)}</li>' for limit in about.limits)}</ul>",
        "<h2>Rules in use</h2>",
        terms((("Digest of all", about.rules.digest),)),
        table(("Trial", "Record of", "Read from", "Digest"), trials),
        "<details><summary>Value sets and their versions</summary>",
        table(("Value set", "What", "Version"), value_sets),
        "</details>",
        f"<h2>Notices</h2>{notices_html(about.notices)}",
    ]
    return page("About this service", "\n".join(parts))
