"""A date is the interval it spans; what that leaves open is UNKNOWN; months are calendar months."""

from __future__ import annotations

import datetime as dt

import pytest

from mappings.clinical_time import (
    Interval,
    age_on,
    days_between,
    one_is_later,
    parse_date,
    parse_period,
    spanning,
    up_to,
)
from mappings.kinds.base import after, within
from tests.spec.tables import Row, rows, spec


def interval(text: str) -> Interval:
    """Return the interval of a date, or of a Period written `start..end`."""
    if ".." in text:
        start, end = text.split("..")
        found = spanning(parse_date(start) if start else None, parse_date(end) if end else None)
    else:
        found = parse_date(text)
    assert found is not None
    return found


def day(text: str) -> dt.date:
    """Return a day."""
    return dt.date.fromisoformat(text)


@spec(
    """
    date                      | first               | last                | shown
    --------------------------+---------------------+---------------------+-------------------------
    2026                      | 2026-01-01 00:00:00 | 2026-12-31 23:59:59 | 2026
    2026-03                   | 2026-03-01 00:00:00 | 2026-03-31 23:59:59 | 2026-03
    2024-02                   | 2024-02-01 00:00:00 | 2024-02-29 23:59:59 | 2024-02
    2026-02                   | 2026-02-01 00:00:00 | 2026-02-28 23:59:59 | 2026-02
    2026-10-05                | 2026-10-05 00:00:00 | 2026-10-05 23:59:59 | 2026-10-05
    2026-10-05T08:30:00Z      | 2026-10-05 08:30:00 | 2026-10-05 08:30:00 | 2026-10-05
    2026-10-05T08:30:00+08:00 | 2026-10-05 08:30:00 | 2026-10-05 08:30:00 | 2026-10-05
    2026-10-05T08:30:00.125Z  | 2026-10-05 08:30:00 | 2026-10-05 08:30:00 | 2026-10-05
    2026-10-05..2026-10-07    | 2026-10-05 00:00:00 | 2026-10-07 23:59:59 | 2026-10-05 to 2026-10-07
    2026-10-05..2026-10-05    | 2026-10-05 00:00:00 | 2026-10-05 23:59:59 | 2026-10-05
    2026-09..2026-10-05       | 2026-09-01 00:00:00 | 2026-10-05 23:59:59 | 2026-09 to 2026-10-05
    2026-10-07..2026-10-05    | 2026-10-07 00:00:00 | 2026-10-07 00:00:00 | 2026-10-07 to 2026-10-05
    2026-10-05..              | 2026-10-05 00:00:00 | 9999-12-31 23:59:59 | since 2026-10-05
    ..2026-10-05              | 0001-01-01 00:00:00 | 2026-10-05 23:59:59 | until 2026-10-05
    """
)
def test_a_date_is_the_interval_it_spans(row: Row) -> None:
    found = interval(row["date"])
    ends = [end.replace(microsecond=0).isoformat(sep=" ") for end in (found.first, found.last)]
    assert [*ends, str(found)] == [row["first"], row["last"], row["shown"]]


NO_DATES = ["", "26", "0000", "+202", "2026-13", "2026-00", "2026-02-30", "2026-2-3", "20261005", "2026-W40-1"]


@pytest.mark.parametrize("text", [*NO_DATES, "05.10.2026", "yesterday", "2026-10-05T25:00", "2026-10-05T"])
def test_what_is_no_fhir_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@spec(
    """
    sample                    | operation                 | after
    --------------------------+---------------------------+--------
    2026-10-06                | 2026-10-05                | true
    2026-10-05                | 2026-10-05                | unknown
    2026-10-04                | 2026-10-05                | false
    2026-10-05T09:00:00Z      | 2026-10-05T08:59:59Z      | true
    2026-10-05T08:59:59Z      | 2026-10-05T09:00:00Z      | false
    2026-10-05T09:00:00Z      | 2026-10-05T09:00:00Z      | false
    2026-10-05T23:00:00Z      | 2026-10-05                | unknown
    2026-10-06T00:30:00+08:00 | 2026-10-05                | true
    2026-10-05T10:00:00+08:00 | 2026-10-05T03:00:00+00:00 | false
    2026-10-05T12:00:00+08:00 | 2026-10-05T03:00:00+00:00 | true
    2026-10-05T12:00:00       | 2026-10-05T11:00:00+08:00 | true
    2026-10                   | 2026-10-05                | unknown
    2026-11                   | 2026-10-05                | true
    2026-09                   | 2026-10-05                | false
    2026                      | 2026-10-05                | unknown
    2027                      | 2026                      | true
    2026-10-06..2026-10-08    | 2026-10-05                | true
    2026-10-04..2026-10-08    | 2026-10-05                | unknown
    2026-10-08                | 2026-10-05..2026-10-07    | true
    2026-10-06                | 2026-10-05..2026-10-07    | unknown
    2026-10-01..              | 2026-10-05                | unknown
    ..2026-10-04              | 2026-10-05                | false
    """
)
def test_after_is_known_only_when_the_whole_interval_agrees(row: Row) -> None:
    assert after(interval(row["sample"]), interval(row["operation"])).value == row["after"]


@spec(
    """
    times                                                          | one is later
    ---------------------------------------------------------------+-------------
                                                                   | no
    2026-10-05                                                     | no
    2026-10-05; 2026-10-05                                         | no
    2026-10-06; 2026-10-05                                         | yes
    2026-10; 2026-10-05                                            | no
    2026-10; 2026-10-05; 2026-11                                   | yes
    2026-10-05T10:00:00+02:00; 2026-10-05T09:00:00+01:00           | no
    2026-10-05T10:00:00+02:00; 2026-10-05T10:00:00+01:00           | yes
    2026-10-05T23:00:00-05:00; 2026-10-06                          | yes
    2026-10-05T23:00:00-05:00; 2026-10-06T04:00:00Z; 2026          | no
    """
)
def test_whether_any_of_several_times_is_later_than_another(row: Row) -> None:
    times = [interval(text.strip()) for text in row["times"].split(";") if text.strip()]
    assert one_is_later(times) == (row["one is later"] == "yes")
    assert one_is_later(times) == any(one.before(other) for one in times for other in times)


@spec(
    """
    sample                    | after
    --------------------------+--------
    2026-10-24T09:30:00+02:00 | false
    2026-10-24T10:30:00+02:00 | unknown
    2026-10-26T09:30:00+01:00 | unknown
    2026-10-26T10:30:00+01:00 | true
    """
)
def test_a_period_over_the_end_of_summer_time_is_compared_as_it_is_written(row: Row) -> None:
    period = interval("2026-10-24T10:00:00+02:00..2026-10-26T10:00:00+01:00")
    assert after(interval(row["sample"]), period).value == row["after"]


def test_an_undated_sample_may_lie_on_either_side() -> None:
    assert after(None, interval("2026-10-05")).value == "unknown"


@spec(
    """
    day        | period    | begins
    -----------+-----------+-----------
    2026-11-24 | 6 months  | 2026-05-24
    2026-08-31 | 6 months  | 2026-02-28
    2024-08-31 | 6 months  | 2024-02-29
    2026-03-31 | 1 month   | 2026-02-28
    2026-01-15 | 1 month   | 2025-12-15
    2026-01-31 | 2 months  | 2025-11-30
    2024-02-29 | 1 year    | 2023-02-28
    2026-11-24 | 30 days   | 2026-10-25
    2026-03-01 | 30 days   | 2026-01-30
    2026-11-24 | 2 weeks   | 2026-11-10
    2026-11-24 | 24 hours  | 2026-11-23
    2026-11-24 | 48 hours  | 2026-11-22
    2026-11-24 | 0 days    | 2026-11-24
    """
)
def test_a_month_is_a_calendar_month(row: Row) -> None:
    assert parse_period(row["period"]).before(day(row["day"])) == day(row["begins"])


LONGER = ["151 years", "3000 years", "99999999999 years", "1801 months", "60000 days", f"{'9' * 5000} days"]


@pytest.mark.parametrize("text", LONGER, ids=lambda text: text[:20])
def test_what_is_longer_than_a_life_is_refused(text: str) -> None:
    """No calendar reaches back so far; the longest that is taken can be counted back from any day of ours."""
    with pytest.raises(ValueError, match=r"longer than a life|digits"):
        parse_period(text)
    assert parse_period("150 years").before(day("2026-11-24")) == day("1876-11-24")


@pytest.mark.parametrize("text", ["", "30", "days", "1.5 months", "-1 days", "36 hours", "6 Months", "a month"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|whole days"):
        parse_period(text)


WINDOW = """
    onset                  | period   | today      | within
    -----------------------+----------+------------+--------
    2026-05-24             | 6 months | 2026-11-24 | true
    2026-05-25             | 6 months | 2026-11-24 | true
    2026-05-23             | 6 months | 2026-11-24 | false
    2026-11-24             | 6 months | 2026-11-24 | true
    2026-02-28             | 6 months | 2026-08-31 | true
    2026-02-27             | 6 months | 2026-08-31 | false
    2026-05                | 6 months | 2026-11-24 | unknown
    2026-06                | 6 months | 2026-11-24 | true
    2026-04                | 6 months | 2026-11-24 | false
    2026-11                | 6 months | 2026-11-24 | true
    2026                   | 6 months | 2026-11-24 | unknown
    2025                   | 6 months | 2026-11-24 | false
    2026-01-01..2026-06-01 | 6 months | 2026-11-24 | unknown
    2026-01-01..2026-02-01 | 6 months | 2026-11-24 | false
    2026-10-25             | 30 days  | 2026-11-24 | true
    2026-10-24             | 30 days  | 2026-11-24 | false
    2026-11-23             | 24 hours | 2026-11-24 | true
    2026-11-22             | 24 hours | 2026-11-24 | false
"""


@spec(WINDOW)
def test_a_window_includes_both_its_edges(row: Row) -> None:
    found = within(interval(row["onset"]), parse_period(row["period"]), day(row["today"]))
    assert found.value == row["within"]


def test_an_undated_event_may_lie_in_any_window() -> None:
    assert within(None, parse_period("6 months"), day("2026-11-24")).value == "unknown"


@spec(
    """
    recorded   | within
    -----------+--------
    2026-11-01 | unknown
    2026-05-24 | unknown
    2026-05-23 | false
    """
)
def test_a_recorded_date_is_only_an_upper_bound(row: Row) -> None:
    bound = up_to(interval(row["recorded"]))
    assert within(bound, parse_period("6 months"), day("2026-11-24")).value == row["within"]


@spec(
    """
    born       | today      | least | greatest
    -----------+------------+-------+---------
    1960-11-24 | 2026-11-24 | 66    | 66
    1960-11-25 | 2026-11-24 | 65    | 65
    1960-11-23 | 2026-11-24 | 66    | 66
    1960-11    | 2026-11-24 | 65    | 66
    1960-10    | 2026-11-24 | 66    | 66
    1960-12    | 2026-11-24 | 65    | 65
    1960       | 2026-11-24 | 65    | 66
    1960       | 2026-12-31 | 66    | 66
    2008-02-29 | 2026-02-28 | 17    | 17
    2008-02-29 | 2026-03-01 | 18    | 18
    2008-02-29 | 2028-02-29 | 20    | 20
    2026-11-24 | 2026-11-24 | 0     | 0
    """
)
def test_age_is_completed_years_on_the_day(row: Row) -> None:
    assert age_on(interval(row["born"]), day(row["today"])) == (int(row["least"]), int(row["greatest"]))


@spec(
    """
    earlier                | later                | days
    -----------------------+----------------------+-----
    2026-10-05             | 2026-11-02           | 28
    2026-10-05             | 2026-10-05           | 0
    2026-10-05T23:00:00Z   | 2026-10-06T01:00:00Z | 1
    2026-02-28             | 2026-03-01           | 1
    2024-02-28             | 2024-03-01           | 2
    2026-10                | 2026-11-02           |
    2026-10-05..2026-10-07 | 2026-11-02           |
    """
)
def test_days_are_counted_only_between_known_days(row: Row) -> None:
    expected = int(row["days"]) if row["days"] else None
    assert days_between(interval(row["earlier"]), interval(row["later"])) == expected


def test_the_table_of_windows_has_both_edges_of_a_laboratory_result() -> None:
    assert {"2026-10-25", "2026-10-24"} <= {row["onset"] for row in rows(WINDOW)}
