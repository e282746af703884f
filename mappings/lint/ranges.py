"""The numbers that a statement allows, as a range, so that two statements on one quantity can be compared.

Measured limits are converted to one unit per analyte; what cannot be converted is compared in its own unit only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from mappings.clinical_time import CalendarPeriod
from mappings.kinds import Kind
from mappings.kinds.clearance import REPORTED, CreatinineClearance
from mappings.kinds.demographics import Age
from mappings.kinds.lesions import Lesions
from mappings.kinds.observations import Measured
from terminology import units

Key = tuple[object, ...]
"""What is measured, and of what: two ranges are comparable when their keys are equal."""


class Range(NamedTuple):
    """Numbers from `low` to `high`; None: without limit. An open end is not itself in the range."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def unlimited(self) -> bool:
        """Whether it has no limit at all."""
        return self.low is None and self.high is None

    @property
    def empty(self) -> bool:
        """Whether no number is in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def holds(self, number: Fraction) -> bool:
        """Whether a number is in it."""
        over = self.low is None or number > self.low or (number == self.low and not self.low_open)
        under = self.high is None or number < self.high or (number == self.high and not self.high_open)
        return over and under

    def meet(self, other: Range) -> Range:
        """Return the numbers in both."""
        low, low_open = _tighter([(self.low, self.low_open), (other.low, other.low_open)], lowest=True)
        high, high_open = _tighter([(self.high, self.high_open), (other.high, other.high_open)], lowest=False)
        return Range(low, high, low_open, high_open)

    def touching(self, other: Range) -> Fraction | None:
        """Return the number at which one range ends and the other begins, if they share no more than it."""
        ends = [n for n in (self.low, self.high) if n is not None and n in {other.low, other.high}]
        return ends[0] if ends and self.meet(other).empty else None

    def covers_all_with(self, other: Range) -> bool:
        """Whether every number is in this range or in the other."""
        if self.unlimited or other.unlimited:
            return True
        lower, upper = (self, other) if self.low is None else (other, self)
        if lower.low is not None or upper.high is not None or lower.high is None or upper.low is None:
            return False
        return upper.low < lower.high or (upper.low == lower.high and not (upper.low_open and lower.high_open))


def _tighter(ends: list[tuple[Fraction | None, bool]], *, lowest: bool) -> tuple[Fraction | None, bool]:
    known = [(end, is_open) for end, is_open in ends if end is not None]
    if not known:
        return None, False
    tightest = max(end for end, _ in known) if lowest else min(end for end, _ in known)
    return tightest, any(is_open for end, is_open in known if end == tightest)


class Limit(NamedTuple):
    """One limit as it is written: the field's name and its number."""

    name: str
    number: Decimal


LIMITS = ("above", "at_least", "below", "at_most")
"""The fields by which every kind states a limit; a count of lesions is not among them."""


def limits_of(kind: Kind) -> tuple[Limit, ...]:
    """Return the limits of a statement that compares a number; a combinator's `at_least` counts its parts."""
    fields = ((name, getattr(kind, name, None)) for name in LIMITS if not kind.parts())
    return tuple(Limit(name, Decimal(number)) for name, number in fields if isinstance(number, int | Decimal))


def periods_of(kind: Kind) -> Iterator[tuple[str, CalendarPeriod]]:
    """Yield the lengths of time that a statement names, each with its field."""
    for name in type(kind).model_fields:
        if isinstance(period := getattr(kind, name), CalendarPeriod):
            yield name, period


def unit_of(kind: Kind) -> tuple[str, str] | None:
    """Return the analyte and the unit in which a statement is measured; None when it has none."""
    match kind:
        case Measured() if kind.value_set:
            return kind.value_set[0], kind.unit
        case Lesions() if kind.value_set:
            return kind.value_set[0], kind.unit
        case CreatinineClearance():
            return REPORTED, "mL/min"
        case _:
            return None


def range_of(kind: Kind) -> tuple[Key, Range] | None:
    """Return what a statement measures and the numbers it allows; None when it compares no number."""
    if not isinstance(kind, Age | CreatinineClearance | Measured | Lesions):
        return None
    if isinstance(kind, Lesions) and kind.count_at_least is not None:
        return None
    measured = unit_of(kind)
    reference = _reference(*measured) if measured else None
    return (*_asked(kind), reference), _range(limits_of(kind), measured, reference)


def _asked(kind: Kind) -> Key:
    match kind:
        case Measured():
            return (type(kind), kind.value_set, kind.times_upper_limit, kind.after, kind.of, kind.focus_on)
        case Lesions():
            return (type(kind), kind.site, kind.value_set, kind.after)
        case _:
            return (type(kind),)


def _reference(analyte: str, unit: str) -> str:
    """Return the unit in which limits of an analyte are compared: the first of its table, else the one written."""
    known = units.ANALYTES.get(analyte)
    if known is None or known.read(unit) is None:
        return unit
    return next(iter(known.dimensions[0].any_case.values())).code


def _range(limits: Iterable[Limit], measured: tuple[str, str] | None, reference: str | None) -> Range:
    whole = Range()
    for name, number in limits:
        end = Fraction(number)
        if measured and reference:
            converted = units.convert(number, measured[1], analyte=measured[0], to=reference)
            end = end if converted is None else converted
        whole = whole.meet(_half(name, end))
    return whole


def _half(name: str, end: Fraction) -> Range:
    if name in {"above", "at_least"}:
        return Range(low=end, low_open=name == "above")
    return Range(high=end, high_open=name == "below")
