"""One patient's evaluation: what the criteria see of the record, and what was already decided.

Criteria that say the same are one object over the whole catalogue (`mappings/catalogue.py`), so each is decided at
most once per patient. Everything here is a pure function of (record, vocabulary, policy).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from mappings.clinical_time import CalendarPeriod, Interval
from mappings.facts import Fact, PatientRecord
from mappings.truth import Finding, Reason
from terminology.valuesets import Vocabulary

F = TypeVar("F", bound=Fact)
T = TypeVar("T")


class Policy(msgspec.Struct, frozen=True):
    """What a site may set: how long a result counts (value set -> period), and its own upper limits of normal."""

    recency: Mapping[str, CalendarPeriod] = {}
    upper_limits: Mapping[str, tuple[str, str]] = {}


class Decidable(Protocol):
    """Anything that can be decided of a patient."""

    def decide(self, view: Evaluation) -> Finding:
        """Return the finding; called at most once per evaluation."""


class Moment(NamedTuple):
    """When an event was; `time` is None for the `reason` given. facts: what is the event, or may be.

    unsettled: why it may have been at another time than is seen; `time` then spans all that are possible.
    """

    time: Interval | None
    facts: tuple[Fact, ...]
    reason: Reason = Reason.NO_DATA
    unsettled: Reason | None = None


class Datable(Protocol):
    """Anything that happened at some moment."""

    def moment(self, view: Evaluation) -> Moment:
        """Return when it was; called at most once per evaluation."""


class Evaluation:
    """What a criterion sees of one patient.

    known: what was worked out once and no patient changes, by its identity; a catalogue keeps it for all patients.
    """

    __slots__ = ("_findings", "_moments", "known", "policy", "record", "touched", "vocabulary")

    def __init__(
        self,
        record: PatientRecord,
        vocabulary: Vocabulary,
        policy: Policy,
        known: dict[object, Any] | None = None,
    ) -> None:
        self.record, self.vocabulary, self.policy = record, vocabulary, policy
        self.touched = record.touched
        self.known: dict[object, Any] = {} if known is None else known
        self._findings: dict[int, Finding] = {}
        self._moments: dict[int, Moment] = {}

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Return what no patient changes; it is made the first time that anybody asks."""
        if key not in self.known:
            self.known[key] = make()
        made: T = self.known[key]
        return made

    @property
    def today(self) -> dt.date:
        """The day of evaluation."""
        return self.record.today

    def finding(self, criterion: Decidable) -> Finding:
        """Return what the criterion says of this patient."""
        found = self._findings.get(id(criterion))
        if found is None:
            found = self._findings[id(criterion)] = criterion.decide(self)
        return found

    def moment(self, event: Datable) -> Moment:
        """Return when an event was."""
        found = self._moments.get(id(event))
        if found is None:
            found = self._moments[id(event)] = event.moment(self)
        return found

    def recency(self, names: Iterable[str]) -> CalendarPeriod | None:
        """Return how long a result of these value sets counts; None: for ever."""
        return next((period for name in names if (period := self.policy.recency.get(name))), None)

    def facts(self, kind: type[F], names: Iterable[str]) -> list[F]:
        """Return the facts of this kind that touch any of the value sets, each once; those of one set by time."""
        by_set = self.record.facts.get(kind)
        if by_set is None:
            return []
        touched = [facts for name in names if (facts := by_set.get(name))]
        found = touched[0] if len(touched) == 1 else {id(f): f for facts in touched for f in facts}.values()
        return list(found)  # type: ignore[arg-type]

    def missing(self, types: Iterable[str]) -> str | None:
        """Return the first of the FHIR types that was not retrieved in full."""
        incomplete = self.record.incomplete
        return next((name for name in types if name in incomplete), None) if incomplete else None

    def unfinished(self, types: Iterable[str]) -> str | None:
        """Return the first of the FHIR types of which a later one may be missing: not in full, nor newest first."""
        record = self.record
        return next((name for name in types if name in record.incomplete and name not in record.newest_first), None)

    def title(self, names: Iterable[str]) -> str:
        """Return what the first of the value sets is called on a card."""
        return self.vocabulary.title(next(iter(names)))
