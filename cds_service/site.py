"""The site file: what a hospital sets for itself (`CDS_SITE_FILE`, YAML). Nothing unknown is accepted in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import Field, field_validator

from hooks.cards import OVERRIDE_REASONS
from mappings.clinical_time import CalendarPeriod
from mappings.evaluation import Policy
from mappings.kinds.base import Part, Period
from mappings.lint import SiteRule, SiteRules
from mappings.recency import DEFAULT_RECENCY
from mappings.trials import SiteTrial
from mappings.yaml_content import Document, read_yaml, validated
from terminology.errors import ContentError
from terminology.valuesets import Vocabulary

CARDS = 5

REASONS = tuple(reason.code for reason in OVERRIDE_REASONS)


class UpperLimit(Part):
    """The upper limit of normal of a site's own laboratory, for results that come without a reference range."""

    value: Decimal = Field(gt=0)
    unit: str


class Site(Part):
    """A site's settings.

    recency: value set -> how long a result counts (`30 days`). upper_limits: value set -> upper limit of normal.
    card_cap: how many likely eligible trials have a card of their own. trials: trial id -> what is said of it here.
    fatigue: override reason -> how long a card that a user overrode with it is not shown to him again.
    """

    recency: Mapping[str, Period] = Field(default_factory=dict)
    upper_limits: Mapping[str, UpperLimit] = Field(default_factory=dict)
    card_cap: int = Field(default=CARDS, ge=0, le=50)
    trials: Mapping[str, SiteTrial] = Field(default_factory=dict)
    fatigue: Mapping[str, Period] = Field(default_factory=dict)

    @field_validator("fatigue")
    @classmethod
    def _reasons_are_ours(cls, value: Mapping[str, CalendarPeriod]) -> Mapping[str, CalendarPeriod]:
        for code in value:
            if code not in REASONS:
                raise ValueError(f"'{code}' is not a reason that our cards offer: {', '.join(REASONS)}")
        return value

    def policy(self) -> Policy:
        """Return what the evaluation needs to know of it."""
        limits = {name: (str(limit.value), limit.unit) for name, limit in self.upper_limits.items()}
        return Policy(recency={**DEFAULT_RECENCY, **self.recency}, upper_limits=limits)


def load_site(file: Path | None, vocabulary: Vocabulary) -> Site:
    """Return the site's settings; the defaults when there is no file. A trial's own names are checked with the trials.

    Raises ContentError with file and line: not YAML, something unknown, a value set that does not exist.
    """
    if file is None:
        return Site()
    document = read_yaml(file)
    if document.content is None:
        return Site()
    site = validated(document, Site)
    for part in ("recency", "upper_limits"):
        for name in getattr(site, part):
            if name not in vocabulary.value_sets:
                raise _unknown(document, part, name)
    for id_, trial in site.trials.items():
        for name in sorted(frozenset().union(*(rule.value_sets for rule in trial.rules))):
            if name not in vocabulary.value_sets:
                raise _unknown(document, f"trials.{id_}", name)
    return site


def _unknown(document: Document, part: str, name: str) -> ContentError:
    return document.error((part, name), f"unknown value set '{name}'")


def site_rules(file: Path | None) -> SiteRules | None:
    """Return what the linter reads of a site's file; None when there is none. Raises ContentError."""
    if file is None:
        return None
    document = read_yaml(file)
    content = document.content if isinstance(document.content, dict) else {}
    trials = content.get("trials") or {}
    site = validated(document, Site) if content else Site()
    return SiteRules(
        file.name,
        known_settings=frozenset(Site.model_fields),
        settings={name: document.line((name,)) for name in content},
        trials={name: document.line(("trials", name)) for name in trials},
        rules=tuple(
            SiteRule(id_, rule.role, rule.when, line=document.line(("trials", id_, "rules", index)))
            for id_, trial in site.trials.items()
            for index, rule in enumerate(trial.rules)
        ),
    )
