"""What the linter looks at (`Subject`), what it finds (`Problem`), and what one check is (`Check`).

A check yields `Found`: a place and what is wrong there. Its name, its usual severity and its advice stand once, where
the check is registered.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mappings.kinds import Kind
from mappings.kinds.base import Part
from mappings.kinds.events import Event
from mappings.misfits import Path
from mappings.trials import AtSite, Criterion, Trial, Trigger
from mappings.yaml_content import Document
from terminology.valuesets import Vocabulary


class Severity(enum.StrEnum):
    """An error stops a release; a warning may be meant; a note was seen and answered by the content itself."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


ANSWERED = "Nothing to do: the content itself says so"
"""The advice of every note."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of content. line: from 1, or 0 when not known. where: criterion id or element. code: the check's name."""

    file: str
    line: int
    where: str
    code: str
    what: str
    advice: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line or "") if part)
        named = f"{place}: {self.where}" if self.where else place
        return f"{named}: {self.severity} {self.code}: {self.what}. {self.advice}"


@dataclass(frozen=True, slots=True)
class ValueSetFile:
    """A ValueSet as it was written: `Vocabulary` no longer tells what a file itself lists."""

    file: str
    text: str
    resource: Mapping[str, Any]

    def line_of(self, code: str) -> int:
        """Return the first line on which a code or url stands between quotation marks; 0 when on none."""
        lines = enumerate(self.text.splitlines(), start=1)
        return next((number for number, line in lines if f'"{code}"' in line), 0)


class Written(NamedTuple):
    """A trial and the file it was read from; or a site's rules as a trial of their own, and the site's file.

    listed: the path of the criteria in the file.
    """

    trial: Trial
    document: Document
    listed: Path = ("criteria",)

    @property
    def file(self) -> str:
        """The file's name."""
        return self.document.file

    def criteria(self) -> Iterator[tuple[Path, Criterion]]:
        """Yield every criterion with its path."""
        for index, criterion in enumerate(self.trial.criteria):
            yield (*self.listed, index), criterion

    def path_of(self, criterion: Criterion) -> Path:
        """Return the path of a criterion of this trial."""
        return next(path for path, own in self.criteria() if own.id == criterion.id)

    def statements(self) -> Iterator[Statement]:
        """Yield every statement of every criterion, compounds before their parts."""
        for path, criterion in self.criteria():
            for inner, kind in _walk(criterion.when, (*path, "when")):
                yield Statement(self, criterion, inner, kind)

    def at(self, path: Path, what: str, *, where: str = "", severity: Severity | None = None) -> Found:
        """Return what was found at an element of the file."""
        return Found(self.file, self.document.line(path), where, what, severity)


class Statement(NamedTuple):
    """One statement (a leaf or a compound) of a criterion, with its place."""

    written: Written
    criterion: Criterion
    path: Path
    kind: Kind

    def found(self, what: str, *below: str | int, severity: Severity | None = None) -> Found:
        """Return what was found at this statement, or at one of its fields."""
        return self.written.at((*self.path, *below), what, where=self.criterion.id, severity=severity)

    def field(self, name: str) -> Any:
        """Return a field as it was written; None when it was not."""
        value = self.written.document.content
        for step in self.path:
            value = value[step]
        return value.get(name) if isinstance(value, Mapping) else None


class Found(NamedTuple):
    """A place and what is wrong there; `severity` only where it is not the check's usual one."""

    file: str
    line: int
    where: str
    what: str
    severity: Severity | None = None


@dataclass(frozen=True)
class Subject:
    """All that is linted at once. sources: file name -> text of `sources/`. site: what a site's file says."""

    written: tuple[Written, ...]
    vocabulary: Vocabulary
    triggers: tuple[tuple[Trigger, Document], ...] = ()
    value_sets: tuple[ValueSetFile, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    site: AtSite | None = None

    @functools.cached_property
    def at_site(self) -> tuple[Written, ...]:
        """The rules that a site adds to trials, as trials that have no other criteria."""
        if self.site is None:
            return ()
        ruled = [self.trial(id_) for id_, site in self.site.trials.items() if site.rules]
        return tuple(
            Written(
                written.trial.with_criteria(self.site.trials[written.trial.id].rules),
                self.site.document,
                ("trials", written.trial.id, "rules"),
            )
            for written in ruled
        )

    @property
    def all_written(self) -> tuple[Written, ...]:
        """Everything that holds criteria: trials, and a site's rules for them."""
        return (*self.written, *self.at_site)

    def trial(self, id_: str) -> Written:
        """Return a trial as it is written, without the rules of a site."""
        return next(written for written in self.written if written.trial.id == id_)

    def statements(self) -> Iterator[Statement]:
        """Yield every statement of every trial and of every rule of a site."""
        for written in self.all_written:
            yield from written.statements()


class Check(NamedTuple):
    """One check. find: yields what it found. advice: what to do about it."""

    name: str
    find: Callable[[Subject], Iterable[Found]]
    advice: str
    severity: Severity = Severity.ERROR

    def problems(self, subject: Subject) -> Iterator[Problem]:
        """Yield the check's findings as problems."""
        for found in self.find(subject):
            severity = found.severity or self.severity
            advice = ANSWERED if severity is Severity.NOTE else self.advice
            yield Problem(found.file, found.line, found.where, self.name, found.what, advice, severity)


def _walk(kind: Kind, path: Path) -> Iterator[tuple[Path, Kind]]:
    yield path, kind
    for step, part in _steps(kind):
        yield from _walk(part, (*path, *step))


def _steps(part: Part) -> Iterator[tuple[Path, Kind]]:
    """Yield the statements inside a part, each with the keys under which it is written."""
    for name, info in type(part).model_fields.items():
        value, path = getattr(part, name), (info.alias or name,)
        if isinstance(value, Kind) and not isinstance(value, Event):
            yield path, value
        elif isinstance(value, tuple):
            yield from (((*path, index), each) for index, each in enumerate(value) if isinstance(each, Kind))
