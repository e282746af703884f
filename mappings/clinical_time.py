"""Clinical time: a recorded date is the interval it spans, and a comparison that the interval leaves open is UNKNOWN.

Times are kept as the wall clock that was written, with its offset when there was one. Two times that both carry an
offset are compared as instants; as soon as one of them is a plain date, the days as written are compared, because a
hospital means its own day by "2026-10-05". Nothing here reads the clock: the evaluation date is an argument.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

DAY_END = dt.time(23, 59, 59, 999999)


class Interval(NamedTuple):
    """The span of a recorded date, both ends included; `text` is the date as shown on a card."""

    first: dt.datetime
    last: dt.datetime
    offset: dt.timedelta | None
    text: str

    def __str__(self) -> str:
        return self.text

    def before(self, other: Interval) -> bool:
        """Whether every moment of this interval lies before every moment of the other."""
        if self.offset is not None and other.offset is not None and self.offset != other.offset:
            return _instant(self.last, self.offset) < _instant(other.first, other.offset)
        return self.last < other.first

    @property
    def begins(self) -> dt.datetime:
        """The first moment, in UTC where the offset is known."""
        return self.first if self.offset is None else _instant(self.first, self.offset)

    def on_clock_of(self, other: Interval) -> Interval:
        """Return this interval by the other's offset, where both have one."""
        if self.offset is None or other.offset is None or self.offset == other.offset:
            return self
        shift = self.offset - other.offset
        return Interval(_instant(self.first, shift), _instant(self.last, shift), other.offset, self.text)

    def same_days(self, other: Interval) -> bool:
        """Whether both span the same days, so that neither can be called the later."""
        return (self.first.date(), self.last.date()) == (other.first.date(), other.last.date())


def one_is_later(times: Iterable[Interval]) -> bool:
    """Whether any of the times lies before another; of those with one offset only the ends are compared."""
    by_offset: defaultdict[dt.timedelta | None, list[Interval]] = defaultdict(list)
    for time in times:
        by_offset[time.offset].append(time)
    earliest = [min(group, key=lambda time: time.last) for group in by_offset.values()]
    latest = [max(group, key=lambda time: time.first) for group in by_offset.values()]
    return any(one.before(other) for one in earliest for other in latest)


def _instant(clock: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    """Return the clock in UTC; the ends of time, by which systems mean "for ever", stay where they are."""
    try:
        return clock - offset
    except OverflowError:
        return clock


class CalendarPeriod(NamedTuple):
    """A length of time in calendar months and days; a month is a month, not 30 days."""

    months: int
    days: int
    text: str

    def __str__(self) -> str:
        return self.text

    @functools.lru_cache(maxsize=256)  # noqa: B019 - a few periods and days, asked again for every patient
    def before(self, day: dt.date) -> dt.date:
        """Return the day that lies this period before `day` (31 August - 6 months = 28 or 29 February)."""
        month = day.year * 12 + day.month - 1 - self.months
        year, index = divmod(month, 12)
        last = calendar.monthrange(year, index + 1)[1]
        return dt.date(year, index + 1, min(day.day, last)) - dt.timedelta(days=self.days)


LONGEST = 150
"""Years that a period may span."""

_PERIOD = re.compile(r"(\d+) (hour|day|week|month|year)s?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ].+)?)?)?", re.ASCII)
"""FHIR's shapes; Python's own reader also takes `20261005` and week dates, in which a slip would pass for a day."""

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def parse_period(text: str) -> CalendarPeriod:
    """Return a period from words such as `6 months`, `30 days`, `24 hours` (whole days only).

    Raises ValueError for anything else, and for what is longer than a life: no calendar reaches back so far.
    """
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not a period such as `30 days` or `6 months`")
    count, unit = int(found[1]), found[2]
    if unit == "hour" and count % 24:
        raise ValueError("hours are counted in whole days: 24 hours, 48 hours")
    days = count // 24 if unit == "hour" else count * _DAYS.get(unit, 0)
    months = count * _MONTHS.get(unit, 0)
    if months + days // 31 > LONGEST * 12:
        raise ValueError(f"'{text}' is longer than a life: {LONGEST} years at most")
    return CalendarPeriod(months, days, text)


@functools.lru_cache(maxsize=8192)
def parse_date(text: str) -> Interval | None:
    """Return the interval of a FHIR date, dateTime or instant (`2026`, `2026-03`, a day, a time), else None."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        if len(text) == 4:
            return _days(dt.date(int(text), 1, 1), dt.date(int(text), 12, 31), text)
        if len(text) == 7:
            year, month = int(text[:4]), int(text[5:])
            return _days(dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1]), text)
        if len(text) == 10:
            day = dt.date.fromisoformat(text)
            return _days(day, day, text)
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, IndexError, OverflowError):
        return None
    clock = moment.replace(tzinfo=None)
    return Interval(clock, clock, moment.utcoffset(), text[:10])


def _days(first: dt.date, last: dt.date, text: str) -> Interval:
    return Interval(dt.datetime.combine(first, dt.time.min), dt.datetime.combine(last, DAY_END), None, text)


def spanning(start: Interval | None, end: Interval | None) -> Interval | None:
    """Return the interval of a FHIR Period; an open side reaches as far as time does."""
    if start is None and end is None:
        return None
    first = start.first if start else dt.datetime.min
    last = end.last if end else dt.datetime.max
    offsets = {side.offset for side in (start, end) if side}
    return Interval(first, max(first, last), offsets.pop() if len(offsets) == 1 else None, _period_text(start, end))


def _period_text(start: Interval | None, end: Interval | None) -> str:
    if start and end:
        return start.text if start.text == end.text else f"{start.text} to {end.text}"
    return f"since {start.text}" if start else f"until {end.text}" if end else ""


def up_to(bound: Interval) -> Interval:
    """Return the interval of an event known only to have been recorded by then."""
    return Interval(dt.datetime.min, bound.last, bound.offset, f"recorded {bound.text}")


def age_on(birth: Interval, day: dt.date) -> tuple[int, int]:
    """Return the least and the greatest number of completed years on `day`, given a birth date that may be partial."""
    return _completed_years(birth.last.date(), day), _completed_years(birth.first.date(), day)


def _completed_years(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def days_between(earlier: Interval, later: Interval) -> int | None:
    """Return the days from one day to another; None unless both are known to the day."""
    if earlier.first.date() != earlier.last.date() or later.first.date() != later.last.date():
        return None
    return (later.first.date() - earlier.first.date()).days
