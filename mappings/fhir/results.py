"""Results that are read from their resources when a criterion first asks for them.

A record holds hundreds of results, and the trials that may be relevant ask for a few. So an Observation is set aside
under the value sets that its codes touch, and becomes facts when one of these is looked up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mappings.clinical_time import Interval
from mappings.facts import Fact, ProcedureFact, ProcedureStatus
from mappings.fhir.account import Account
from mappings.fhir.building import Reader
from mappings.fhir.gate import Quarantine, Skip
from mappings.fhir.shapes import Observation


class Results(Mapping[str, tuple[Fact, ...]]):
    """Value set -> results by time; each Observation is read at most once, on or before the day of evaluation."""

    def __init__(self, reader: Reader, account: Account, today: dt.date) -> None:
        self._reader, self._account, self._today = reader, account, today
        self._waiting: dict[str, list[tuple[Observation, str]]] = {}
        self._facts: dict[str, tuple[Fact, ...]] = {}
        self._by_resource: dict[int, list[Fact]] = {}

    def set_aside(self, names: Iterable[str], resource: Observation, source: str) -> None:
        """Keep an Observation until one of the value sets is looked up."""
        for name in names:
            self._waiting.setdefault(name, []).append((resource, source))

    def add(self, facts: Mapping[str, Sequence[Fact]]) -> None:
        """Add results that were already read (a report's conclusion, a contained result)."""
        for name, more in facts.items():
            self._facts[name] = ordered(more)

    def __getitem__(self, name: str) -> tuple[Fact, ...]:
        if (waiting := self._waiting.pop(name, None)) is not None:
            read = [fact for resource, source in waiting for fact in self._facts_of(resource, source)]
            mine = [fact for fact in read if name in fact.sets]
            self._facts[name] = ordered([*self._facts.get(name, ()), *mine])
        return self._facts[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the results under a value set, or the default; most criteria find none."""
        return self[name] if name in self._waiting or name in self._facts else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._waiting.keys() | self._facts.keys())

    def __len__(self) -> int:
        return len(self._waiting.keys() | self._facts.keys())

    def read_all(self) -> None:
        """Read everything that is still set aside."""
        for name in list(self._waiting):
            self[name]

    def _facts_of(self, resource: Observation, source: str) -> list[Fact]:
        found = self._by_resource.get(id(resource))
        if found is None:
            found = self._by_resource[id(resource)] = self._read(resource, source)
        return found

    def _read(self, resource: Observation, source: str) -> list[Fact]:
        """Return the facts of a result that was set aside; none when it is skipped or cannot be read."""
        try:
            return [dated(fact, self._today) for fact in self._reader.observation(resource, source)]
        except Skip as skip:
            self._account.skip(skip.rule, source)
        except Quarantine as quarantine:
            self._account.quarantine(source, quarantine.what)
            self._account.unreadable |= dict.fromkeys(self._reader.observation_sets(resource), source)
        self._account.read -= 1
        return []


def dated(fact: Fact, today: dt.date) -> Fact:
    """Return the fact; what is dated after the day of evaluation does not count, unless it is planned."""
    planned = type(fact) is ProcedureFact and fact.status is ProcedureStatus.PLANNED
    if fact.time and not planned and _lies_after(fact.time, today):
        raise Skip("future")
    return fact


def _lies_after(time: Interval, today: dt.date) -> bool:
    """Whether a time lies after today by the day that was written, and, with an offset, by UTC as well."""
    if time.first.date() <= today:
        return False
    return time.offset is None or time.begins.date() > today


def ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return facts by time, then by source, so that the order of entries never matters."""
    return tuple(sorted(facts, key=lambda f: (f.time.last if f.time else dt.datetime.min, f.source)))
