"""The site file: what a hospital sets for itself (`CDS_SITE_FILE`, YAML). Nothing unknown is accepted in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import Field, field_validator

from hooks.cards import OVERRIDE_REASONS
from mappings.clinical_time import CalendarPeriod
from mappings.evaluation import Policy
from mappings.kinds.base import Part, Period
from mappings.misfits import Path as Place
from mappings.misfits import PlacedError
from mappings.recency import DEFAULT_RECENCY
from mappings.trials import AtSite, SiteTrial
from mappings.yaml_content import Document, read_yaml, validated
from terminology import units
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
                raise PlacedError((code,), f"'{code}' is not a reason that our cards offer: {', '.join(REASONS)}")
        return value

    def policy(self) -> Policy:
        """Return what the evaluation needs to know of it."""
        limits = {name: (str(limit.value), limit.unit) for name, limit in self.upper_limits.items()}
        return Policy(recency={**DEFAULT_RECENCY, **self.recency}, upper_limits=limits)


def load_site(file: Path | None, vocabulary: Vocabulary) -> Site:
    """Return the site's settings; the defaults when there is no file. A trial's own names are checked with the trials.

    Raises ContentError with file and line: not YAML, something unknown, a value set that does not exist, a unit that
    does not measure it.
    """
    document, site = _read(file)
    if document is None:
        return site
    for place, name in _named(site):
        if name not in vocabulary.value_sets:
            raise document.error(place, f"unknown value set '{name}'")
    for name, limit in site.upper_limits.items():
        if units.dimension(limit.unit, analyte=name) is None:
            raise document.error(("upper_limits", name, "unit"), f"unit: '{limit.unit}' is no unit of {name}")
    return site


def load_at_site(file: Path | None) -> AtSite | None:
    """Return what a site's file says of trials; None when there is none. Raises ContentError as `load_site` does."""
    document, site = _read(file)
    return None if document is None else AtSite(site.trials, document, site.recency.keys(), site.upper_limits.keys())


def _read(file: Path | None) -> tuple[Document | None, Site]:
    """Return a site's file and its settings; no document where nothing is set."""
    document = read_yaml(file) if file is not None else None
    if document is None or document.content is None:
        return None, Site()
    return document, validated(document, Site)


def _named(site: Site) -> Iterator[tuple[Place, str]]:
    """Yield every value set that a site names, with its place in the file."""
    yield from ((("recency", name), name) for name in site.recency)
    yield from ((("upper_limits", name), name) for name in site.upper_limits)
    for id_, trial in site.trials.items():
        for index, rule in enumerate(trial.rules):
            yield from ((("trials", id_, "rules", index, "when"), name) for name in sorted(rule.value_sets))
