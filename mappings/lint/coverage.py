"""From a source's lines to the criteria that encode them, and on to the tests that name those criteria."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mappings.lint.problems import Subject, Written
from mappings.trials import Criterion, Role

_HEADING = re.compile(r"\b(inclusion|exclusion)\s+criteria\b:?", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|(?<=\s))(\d{1,2})\.\s+")
_BULLET = re.compile(r"\s*[\u2043\u2023\u2022]\s+")
_WORD = re.compile(r"\w+")


class SourceLine(NamedTuple):
    """A criterion as a source prints it. line: of the file, from 1. role: of its heading, None where there is none."""

    file: str
    line: int
    role: Role | None
    text: str


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A source line, the criteria that quote it, the words that none quotes, and the tests that name them."""

    trial: str
    source: SourceLine
    criteria: tuple[str, ...]
    missing: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every word of the line is in a criterion."""
        return bool(self.criteria) and not self.missing


def criteria_lines(file: str, text: str) -> Iterator[SourceLine]:
    """Yield the criteria lines of a source: numbered under a heading, or bulleted; one printed line at most each.

    A line that ends with a backslash goes on in the next one. What is neither numbered nor bulleted is prose.
    """
    role: Role | None = None
    for number, line in _joined(text):
        if _BULLET.match(line):
            yield SourceLine(file, number, role, _BULLET.sub("", line, count=1).strip())
            continue
        before, *sections = _HEADING.split(line)
        items = list(_numbered(file, number, role, before))
        yield from items
        if before.strip() and not items:
            role = None  # prose ends a list
        for name, section in zip(sections[::2], sections[1::2], strict=True):
            role = Role(name.lower())
            yield from _numbered(file, number, role, section)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    first, kept = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        first, kept = (first, f"{kept} {line}") if kept else (number, line)
        if kept.endswith("\\"):
            continue
        yield first, kept
        kept = ""
    if kept:
        yield first, kept


def _numbered(file: str, line: int, role: Role | None, text: str) -> Iterator[SourceLine]:
    """Yield the items `1. ... 2. ...` of one printed line; numbers outside a list of criteria are not items."""
    if role is None:
        return
    marks = _in_sequence(list(_NUMBERED.finditer(text)))
    ends = (*(mark.start() for mark in marks[1:]), len(text))
    for mark, end in zip(marks, ends, strict=False):
        yield SourceLine(file, line, role, text[mark.end() : end].strip())


def _in_sequence(marks: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """Keep the marks that count up by one from the first: `of grade 4. The` within an item is no mark."""
    kept: list[re.Match[str]] = []
    for mark in marks:
        if not kept or int(mark[1]) == int(kept[-1][1]) + 1:
            kept.append(mark)
    return kept


def coverage(subject: Subject, tests: Mapping[str, Sequence[str]] | None = None) -> list[CoverageRow]:
    """Return a row for each criteria line of each trial's sources, and for each quotation from elsewhere in them.

    tests: "TRIAL CRITERION" -> the tests that name it.
    """
    return [row for written in subject.written for row in _rows(subject, written, tests or {})]


def _rows(subject: Subject, written: Written, tests: Mapping[str, Sequence[str]]) -> Iterator[CoverageRow]:
    covered: set[str] = set()
    for line in source_lines(subject, written):
        ids, missing = quoting(line, written)
        covered |= set(ids)
        yield _row(written, line, ids, missing, tests)
    for criterion in written.trial.criteria:
        if criterion.text and criterion.id not in covered:
            place = _place(subject, written, criterion)
            yield _row(written, place, (criterion.id,), (), tests)


def _row(
    written: Written,
    line: SourceLine,
    ids: tuple[str, ...],
    missing: tuple[str, ...],
    tests: Mapping[str, Sequence[str]],
) -> CoverageRow:
    named = [test for id_ in ids for test in tests.get(f"{written.trial.id} {id_}", ())]
    return CoverageRow(written.trial.id, line, ids, missing, tuple(dict.fromkeys(named)))


def source_lines(subject: Subject, written: Written) -> Iterator[SourceLine]:
    """Yield the criteria lines of the source files of a trial."""
    for file in written.trial.source_text:
        yield from criteria_lines(file, subject.sources.get(file, ""))


def quoting(line: SourceLine, written: Written) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the criteria of the line's role that quote it, and its words that none of them quotes."""
    words = _WORD.findall(line.text)
    open_ = set(range(len(words)))
    ids = []
    for criterion in written.trial.criteria:
        if line.role in {None, criterion.role} and (places := _places(_WORD.findall(criterion.text), words)):
            ids.append(criterion.id)
            open_ -= places
    return tuple(ids), tuple(words[index] for index in sorted(open_))


def _places(quote: Sequence[str], words: Sequence[str]) -> set[int]:
    """Return the indices of the words at which a quotation stands; none when it does not."""
    length = len(quote)
    starts = range(len(words) - length + 1) if length else ()
    return {
        index for start in starts if words[start : start + length] == quote for index in range(start, start + length)
    }


def _place(subject: Subject, written: Written, criterion: Criterion) -> SourceLine:
    """Return the printed line in which a quotation that is no criteria line stands; line 0 when in none."""
    for file in written.trial.source_text:
        for number, line in _joined(subject.sources.get(file, "")):
            if one_line(criterion.text) in one_line(line):
                return SourceLine(file, number, criterion.role, one_line(criterion.text))
    return SourceLine(written.trial.source_text[0], 0, criterion.role, one_line(criterion.text))


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space: how quotations are compared."""
    return " ".join(text.split())
