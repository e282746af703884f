"""Checks of numbers, units and times: each can be compared, is possible, and is the one that the source states."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from mappings.clinical_time import CalendarPeriod
from mappings.kinds import Kind
from mappings.kinds.combinators import Judged, Not
from mappings.kinds.demographics import Age
from mappings.kinds.lesions import Lesions
from mappings.kinds.observations import Measured, ResultKind
from mappings.kinds.procedures import Procedure
from mappings.kinds.studies import Human
from mappings.lint.problems import Check, Found, Severity, Statement, Subject
from mappings.lint.quoted import Quoted, periods, quoted
from mappings.lint.ranges import Limit, limits_of, periods_of, range_of, unit_of
from terminology import units

LIFE = 120
"""Years; nothing in a record is older than its patient."""

HAS_UPPER_LIMIT = frozenset(
    {
        "albumin",
        "bilirubin-direct",
        "bilirubin-total",
        "creatinine",
        "haemoglobin",
        "inr",
        "neutrophils",
        "platelets",
        "prothrombin-time",
    }
)
"""Analytes whose results come with a reference range that has an upper limit of normal.

Not among them: what only falls with disease (clearance, prothrombin activity), scores, sizes, weight and height.
"""

SIGNS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
ROUNDED = "rounded"
"""The field of a limit that the source states a second time, in another unit: only its digits are compared."""


def missing_units(subject: Subject) -> Iterator[Found]:
    """A number without a unit, of a quantity that is not a bare number."""
    for statement in _measuring(subject):
        analyte, _ = unit_of(statement.kind) or ("", "")
        known = units.ANALYTES.get(analyte)
        if statement.field("unit") is None and known is not None and known.assumed is None:
            yield statement.found(f"limits {analyte} without a unit")


def wrong_dimensions(subject: Subject) -> Iterator[Found]:
    """A unit that measures something else than the analyte."""
    for statement, analyte, unit in _written_units(subject):
        if analyte in units.ANALYTES and not _known(analyte, unit) and _known_elsewhere(unit):
            yield statement.found(f"'{unit}' is a unit, but none of {analyte}", "unit")


def not_convertible(subject: Subject) -> Iterator[Found]:
    """A unit or an analyte that the tables of units do not know: every result would be unknown."""
    for statement, analyte, unit in _written_units(subject):
        if analyte not in units.ANALYTES:
            yield statement.found(f"no units are known for {analyte}", "value_set")
        elif not _known(analyte, unit) and not _known_elsewhere(unit):
            yield statement.found(f"no unit is called '{unit}'", "unit")
    for statement in _measuring(subject):
        rounded = statement.kind.rounded if isinstance(statement.kind, Measured) else None
        if rounded and units.canonical(rounded.unit, analyte=(unit_of(statement.kind) or ("",))[0]) != rounded.unit:
            yield statement.found(f"'{rounded.unit}' is not the UCUM code of a unit of it", ROUNDED)


def _measuring(subject: Subject) -> Iterator[Statement]:
    """Yield the statements that compare a measured value and whose unit is written in the file."""
    for statement in subject.statements():
        counts = isinstance(statement.kind, Lesions) and statement.kind.count_at_least is not None
        if isinstance(statement.kind, Measured | Lesions) and statement.kind.value_set and not counts:
            yield statement


def _written_units(subject: Subject) -> Iterator[tuple[Statement, str, str]]:
    """Yield each statement with each analyte that it reads and the unit in which it compares.

    A missing unit of a known analyte is `missing-unit` and nothing else; a scale needs no unit.
    """
    for statement in _measuring(subject):
        kind, written = statement.kind, statement.field("unit") is not None
        if isinstance(kind, Lesions) or (isinstance(kind, Measured) and kind.scale is None):
            for analyte in kind.value_set:
                if written or analyte not in units.ANALYTES:
                    yield statement, analyte, kind.unit


def _known(analyte: str, unit: str) -> bool:
    return units.dimension(unit, analyte=analyte) is not None


def _known_elsewhere(unit: str) -> bool:
    return any(_known(analyte, unit) for analyte in units.ANALYTES)


def empty_ranges(subject: Subject) -> Iterator[Found]:
    """Limits between which no number lies."""
    for statement in subject.statements():
        limited = range_of(statement.kind)
        if limited is not None and limited[1].empty:
            yield statement.found("no number lies between its limits")


def impossible_windows(subject: Subject) -> Iterator[Found]:
    """A window of time that is empty, reversed or longer than a life."""
    for statement in subject.statements():
        for field, what in _windows(statement.kind):
            yield statement.found(what, field)


def _windows(kind: Kind) -> Iterator[tuple[str, str]]:
    for field, period in periods_of(kind):
        if why := _impossible(period):
            yield field, f"the window of {period} is {why}"
    if isinstance(kind, ResultKind) and kind.of is not None and kind.of.days > LIFE * 365:
        yield "of", f"the window of {kind.of.days} days is longer than a life"
    if isinstance(kind, Procedure) and kind.before is not None and kind.before in (kind.after, kind.not_before):
        yield "before", f"the window is reversed: before and after the {kind.before.name}"
    elif isinstance(kind, Procedure) and kind.before is not None and kind.after is not None:
        yield "before", "the window is not read: where `after` is written, `before` is not looked at"


def _impossible(period: CalendarPeriod) -> str | None:
    if period.months == 0 and period.days == 0:
        return "empty"
    return "longer than a life" if period.months > LIFE * 12 or period.days > LIFE * 365 else None


def no_upper_limit(subject: Subject) -> Iterator[Found]:
    """A multiple of the upper limit of normal, of something that has none."""
    for statement in subject.statements():
        kind = statement.kind
        if isinstance(kind, Measured) and kind.times_upper_limit and not HAS_UPPER_LIMIT.issuperset(kind.value_set):
            yield statement.found(
                f"{', '.join(kind.value_set)} has no upper limit of normal in its results", "times_upper_limit"
            )


class Stated(NamedTuple):
    """A limit that the source must state, in the place where it is written. sign: None where digits alone count."""

    statement: Statement
    limit: Limit
    sign: str | None

    def found(self, what: str, severity: Severity | None = None) -> Found:
        """Return what was found at this limit."""
        return self.statement.found(what, self.limit.name, severity=severity)


def thresholds_unlike_text(subject: Subject) -> Iterator[Found]:
    """A limit whose digits or comparison are not those of the criterion's words; a reading may explain it."""
    for statement in subject.statements():
        for stated in _stated(statement):
            if why := _unlike(stated, statement.criterion.text):
                explained = not _unlike(stated, "\n".join(statement.criterion.readings))
                yield stated.found(why, _weight(statement, explained=explained))
        for field, period in periods_of(statement.kind):
            if not _same_period(period, statement.criterion.text):
                severity = _weight(statement)
                yield statement.found(f"the window of {period} stands nowhere in the text", field, severity=severity)


def _weight(statement: Statement, *, explained: bool = False) -> Severity | None:
    """Return how grave it is that words do not state a number: those of a site are its own, in any language."""
    if explained:
        return Severity.NOTE
    return Severity.WARNING if statement.criterion.source == "site" else None


def _stated(statement: Statement) -> Iterator[Stated]:
    negated = _is_negated(statement)
    for limit in _limits(statement.kind):
        sign = SIGNS.get(limit.name, ">=" if limit.name != ROUNDED else None)
        yield Stated(statement, limit, NEGATED[sign] if sign and negated else sign)


def _limits(kind: Kind) -> Iterator[Limit]:
    yield from limits_of(kind)
    # One lesion is no threshold: "a lesion" is how any text says that there is one.
    if isinstance(kind, Lesions) and (kind.count_at_least or 0) > 1:
        yield Limit("count_at_least", Decimal(kind.count_at_least or 0))
    if isinstance(kind, Measured) and kind.rounded is not None:
        yield Limit(ROUNDED, kind.rounded.value)


def _is_negated(statement: Statement) -> bool:
    """Whether an odd number of `not` stands above a statement, so that the text says the opposite comparison."""
    above = statement.written.statements()
    nots = [
        one
        for one in above
        if isinstance(one.kind, Not) and one.path != statement.path and statement.path[: len(one.path)] == one.path
    ]
    return len(nots) % 2 == 1


def _unlike(stated: Stated, text: str) -> str | None:
    kind = stated.statement.kind
    roman = isinstance(kind, Measured) and kind.scale is not None
    same = [one for one in quoted(text, roman=roman) if _same_number(stated, one)]
    if not same:
        return f"`{stated.limit.name}: {stated.limit.number}` stands nowhere in the text"
    if any(_same_comparison(stated.sign, one.comparison) for one in same):
        return None
    says = " and ".join(sorted({one.comparison or "no comparison" for one in same}))
    return f"`{stated.limit.name}: {stated.limit.number}`, but the text says {says} beside that number"


def _same_number(stated: Stated, one: Quoted) -> bool:
    """Whether a text's number is the limit, after conversion where its unit is one of the analyte's."""
    measured = unit_of(stated.statement.kind)
    if measured is not None and stated.limit.name != ROUNDED and _known(measured[0], one.unit) and one.unit:
        wanted = units.convert(one.number, one.unit, analyte=measured[0], to=measured[1])
        return wanted == Fraction(stated.limit.number)
    return one.number == stated.limit.number


def _same_comparison(sign: str | None, written: str | None) -> bool:
    """Whether a text's comparison is the limit's; a bare number (18-75, III or IV) stands for an inclusive one."""
    return sign is None or written == sign or (written is None and sign in {">=", "<="})


def _same_period(window: CalendarPeriod, text: str) -> bool:
    return any(_length(window) == _length(one) for one in periods(text))


def _length(period: CalendarPeriod) -> tuple[int, int]:
    return period.months, period.days


def durations_left_out(subject: Subject) -> Iterator[Found]:
    """A length of time in a criterion's words that no field of its statement has; a reading may explain it.

    Where a person confirms or judges a part of the criterion, he reads its words, the length of time among them.
    """
    for written in subject.all_written:
        for _, group in groupby(written.statements(), key=lambda statement: statement.criterion.id):
            first, *parts = group
            kinds = [statement.kind for statement in (first, *parts)]
            if not any(isinstance(kind, Human | Judged) for kind in kinds):
                yield from _left_out(first, {length for kind in kinds for length in _lengths(kind)})


def _left_out(statement: Statement, used: set[tuple[int, int]]) -> Iterator[Found]:
    for period in periods(statement.criterion.text):
        if _length(period) not in used:
            explained = _same_period(period, "\n".join(statement.criterion.readings))
            what = f"the text says {period}, which nothing in the statement compares"
            yield statement.found(what, severity=Severity.NOTE if explained else None)


def _lengths(kind: Kind) -> Iterator[tuple[int, int]]:
    """Yield the lengths of time that a statement has, as months and days; an age is one in years."""
    yield from (_length(period) for _, period in periods_of(kind))
    if isinstance(kind, Age):
        yield from ((12 * int(limit.number), 0) for limit in limits_of(kind))
    if isinstance(kind, ResultKind) and kind.of is not None:
        yield 0, kind.of.days


CHECKS = (
    Check("missing-unit", missing_units, "Write the unit of the source"),
    Check("wrong-dimension", wrong_dimensions, "Correct the unit or the value set"),
    Check("not-convertible", not_convertible, "Write a UCUM code that `terminology/units.py` has for the analyte"),
    Check("empty-range", empty_ranges, "Correct or exchange the limits"),
    Check("impossible-window", impossible_windows, "Correct the length or the events of the window"),
    Check("no-upper-limit", no_upper_limit, "State the threshold in a unit"),
    Check(
        "threshold-unlike-text",
        thresholds_unlike_text,
        "Correct the number or the comparison; where the text does not state it, say in a reading how it was read",
    ),
    Check(
        "duration-left-out",
        durations_left_out,
        "Write it into the statement; what the vocabulary cannot say is left to a person: `judged:` or kind `human`",
        Severity.WARNING,
    ),
)
"""The checks of this module."""
