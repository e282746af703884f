"""Trials and triggers as content: what a coordinator writes in `trials/*.yaml` and `triggers/*.yaml`.

The protocol's own words stay beside the statement that was made of them. A name of an event under `events` may be
used wherever a criterion says `after`, `before`, `not_before` or `of.event`.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator

from mappings.kinds import Kind, When
from mappings.kinds.base import Names, Part
from mappings.misfits import PlacedError
from mappings.yaml_content import Document, read_yaml, validated
from terminology.resources import Folder

MOMENTS = ("after", "before", "not_before", "event")


class Role(enum.StrEnum):
    """An inclusion is met when TRUE, an exclusion when FALSE."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class Registry(Part):
    """What the registry says of the trial, and on which day it said so. source: where that was read."""

    name: str
    url: str | None = None
    status: Literal[
        "not-yet-recruiting",
        "recruiting",
        "enrolling-by-invitation",
        "active-not-recruiting",
        "suspended",
        "completed",
        "terminated",
        "withdrawn",
        "unknown",
    ]
    as_of: dt.date | None = None
    source: str

    @property
    def ended(self) -> bool:
        """Whether the trial takes no one any more: it gets no card."""
        return self.status in {"completed", "terminated", "withdrawn"}


class Criterion(Part):
    """One line of the protocol, or one statement of a line that was split.

    text: the source's words, verbatim; empty only when `source` is `inferred`. advisory: shown, never decides.
    pre_treatment: checked immediately before treatment; decides only when TRUE. ask: what would decide it, in a
    coordinator's words. readings: how an ambiguous text was read, and why. shown_results: value sets of results whose
    latest is shown beside what was found; they decide nothing.
    """

    id: str = Field(pattern=r"^[A-Z]+\d+[a-z]?$")
    role: Role
    source: Literal["seed", "registry", "description", "inferred", "site"]
    text: str = ""
    when: When
    advisory: bool = False
    pre_treatment: bool = False
    ask: str | None = None
    readings: tuple[str, ...] = ()
    shown_results: Names = ()

    @functools.cached_property
    def value_sets(self) -> frozenset[str]:
        """The names of every value set that it reads or shows."""
        return self.when.value_sets().union(self.shown_results)

    @model_validator(mode="after")
    def _has_its_words(self) -> Criterion:
        if not self.text and self.source != "inferred":
            raise PlacedError(("text",), "text is missing: only a line with `source: inferred` has no words of its own")
        return self


def _check_once(field: str, criteria: Sequence[Criterion]) -> None:
    """Raise PlacedError at the second of two criteria with one id. field: under which they are written."""
    ids = [criterion.id for criterion in criteria]
    for index, id_ in enumerate(ids):
        if id_ in ids[:index]:
            raise PlacedError((field, index, "id"), f"criterion {id_} is written twice")


class SiteTrial(Part):
    """What a site says of a trial that is open there.

    contact: whom to ask, as a card shows it. rules: criteria that the site adds, with `source: site` and ids of their
    own (`S1`); a card marks each as a site rule.
    """

    contact: str | None = Field(default=None, max_length=200)
    rules: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _rules_are_marked(self) -> SiteTrial:
        for index, rule in enumerate(self.rules):
            if rule.source != "site":
                raise PlacedError(("rules", index, "source"), "a site's own criterion has `source: site`")
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> SiteTrial:
        _check_once("rules", self.rules)
        return self


class AtSite(NamedTuple):
    """What a site's file says of trials, by their ids, and the document it was read from.

    recency, upper_limits: the value sets of whose results it sets how long they count, or the upper limit of normal.
    """

    trials: Mapping[str, SiteTrial]
    document: Document
    recency: Collection[str] = ()
    upper_limits: Collection[str] = ()


class Trial(Part):
    """A trial and its criteria in the source's order.

    source_text: the files in `sources/` that hold the source word for word. exclusions_in_source: False caps the
    status at needs-data. review_only: the source publishes no criteria; at best a patient resembles its population.
    contact: whom to ask here, set by a site's file. anchors: criteria, or parts of one (`I3.1` is the first of I3),
    without which the trial is not relevant. shown_results: value sets of results whose latest is shown with the trial,
    since the protocol turns on them without asking for any of their answers.
    """

    id: str = Field(pattern=r"^[A-Z0-9-]+$")
    short_title: str = Field(max_length=60)
    title: str
    registry: Registry
    sponsor: str | None = None
    phase: str | None = None
    arms: tuple[str, ...] = ()
    source_text: Names
    exclusions_in_source: bool = True
    review_only: bool = False
    next_step: str | None = None
    contact: str | None = None
    shown_results: Names = ()
    anchors: tuple[str, ...] = Field(min_length=1)
    criteria: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Trial:
        _check_once("criteria", self.criteria)
        return self

    @model_validator(mode="after")
    def _anchors_are_known(self) -> Trial:
        for index, anchor in enumerate(self.anchors):
            try:
                self.statement(anchor)
            except LookupError:
                raise PlacedError(("anchors", index), f"there is no criterion {anchor}") from None
        return self

    def at_site(self, site: SiteTrial) -> Trial:
        """Return the trial with a site's contact and rules. Raises PlacedError when a rule's id is taken."""
        taken = {criterion.id for criterion in self.criteria}
        for index, rule in enumerate(site.rules):
            if rule.id in taken:
                raise PlacedError(("rules", index, "id"), f"{self.id} has a criterion {rule.id} of its own")
        return self.with_criteria((*self.criteria, *site.rules), contact=site.contact)

    def with_criteria(self, criteria: tuple[Criterion, ...], *, contact: str | None = None) -> Trial:
        """Return the trial with these criteria instead of its own, and with whom to ask."""
        return type(self).model_construct(**{**dict(self), "contact": contact, "criteria": criteria})

    @functools.cached_property
    def anchor_statements(self) -> tuple[Kind, ...]:
        """The statements of the anchors."""
        return tuple(self.statement(id_) for id_ in self.anchors)

    @functools.cached_property
    def value_sets(self) -> frozenset[str]:
        """The names of every value set that it reads or shows."""
        return frozenset(self.shown_results).union(*(criterion.value_sets for criterion in self.criteria))

    @functools.cached_property
    def results_by_code(self) -> frozenset[str]:
        """The value sets by whose codes Observations are found."""
        shown = (*self.shown_results, *(name for criterion in self.criteria for name in criterion.shown_results))
        return frozenset(shown).union(*(criterion.when.result_sets() for criterion in self.criteria))

    @functools.cached_property
    def needed_types(self) -> frozenset[str]:
        """The FHIR types from which its criteria are decided."""
        return frozenset().union(*(criterion.when.needed_types() for criterion in self.criteria))

    def statement(self, id_: str) -> Kind:
        """Return the statement of a criterion (`I3`) or of a part (`I3.1`); LookupError when there is none."""
        first, *steps = id_.split(".")
        statement = self.criterion(first).when
        for step in steps:
            numbered = {str(number): part for number, part in enumerate(statement.parts(), start=1)}
            statement = numbered[step]
        return statement

    def criterion(self, id_: str) -> Criterion:
        """Return the criterion of this id; KeyError when there is none."""
        return {criterion.id: criterion for criterion in self.criteria}[id_]


class Trigger(Part):
    """What makes a card of its own: criteria of one trial that must all be met.

    may_be_open: those that may be unknown; the card then says so. sample, operation: the criteria whose evidence gives
    the dates on the card.
    """

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    title: str
    trial: str
    requires: tuple[str, ...] = Field(min_length=1)
    may_be_open: tuple[str, ...] = ()
    operation: str
    sample: str
    suggests: str


def load_trial(file: Folder) -> tuple[Trial, Document]:
    """Return a trial and the document it was read from. Raises ContentError with file, line and criterion."""
    document = read_yaml(file)
    if not isinstance(document.content, dict):
        raise document.error((), "a trial is a mapping with id, title, registry, criteria")
    content = dict(document.content)
    events = content.pop("events", None) or {}
    if not isinstance(events, dict) or not all(isinstance(event, dict) for event in events.values()):
        raise document.error(("events",), "events: each is a name with its fields below it")
    content["criteria"] = _with_events(document, content.get("criteria") or [], ("criteria",), events)
    return validated(Document(document.file, content, document.lines), Trial), document


def load_trigger(file: Folder) -> tuple[Trigger, Document]:
    """Return a trigger and the document it was read from. Raises ContentError with file and line."""
    document = read_yaml(file)
    return validated(document, Trigger), document


def _with_events(document: Document, value: Any, path: tuple[str | int, ...], events: dict[str, Any]) -> Any:
    """Put an event's definition in the place of its name."""
    if isinstance(value, list):
        return [_with_events(document, item, (*path, index), events) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, item in value.items():
        if key in MOMENTS and isinstance(item, str):
            if item not in events:
                raise document.error(
                    (*path, key), f"{key}: no event is called '{item}'; known: {', '.join(events) or 'none'}"
                )
            found[key] = {"name": item.replace("-", " "), **events[item]}
        else:
            found[key] = _with_events(document, item, (*path, key), events)
    return found
