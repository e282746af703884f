"""The numbers that a protocol's words state, with the comparison and the unit that stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from mappings.clinical_time import CalendarPeriod, parse_period

COMPARISONS = {
    ">=": ("≥", ">=", "at least", "greater than or equal to", "not less than", "no less than"),
    "<=": ("≤", "<=", "at most", "less than or equal to", "not more than", "no more than", "up to"),
    ">": (">", "larger than", "greater than", "more than", "above", "over"),
    "<": ("<", "smaller than", "less than", "below", "under"),
}
"""How a text says a comparison; a longer phrase is recognised before one that it contains."""

WORDS = {
    word: number
    for number, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2)
}
ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
"""Grades and classes are often written so; "I" may be a pronoun, so Roman numbers are read only where asked for."""

_PHRASES = sorted(
    ((phrase, sign) for sign, phrases in COMPARISONS.items() for phrase in phrases), key=lambda p: -len(p[0])
)
_SIGN = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase, _ in _PHRASES)
_NUMBER = rf"\d{{1,3}}(?:,\s?\d{{3}})+|\d+(?:\.\d+)?|\b(?:{'|'.join(WORDS)})\b"
_ROMAN = r"|\b(?:IV|I{1,3}|V)\b"
_UNIT = r"(?:\s*(?P<unit>[^\s,;()\d-][^\s,;()]*))?"
CHINESE = {"小时": "hour", "天": "day", "日": "day", "周": "week", "个月": "month", "年": "year"}
"""Units of time as Chinese texts write them; 月 alone is a month of the calendar."""

_PERIOD = re.compile(rf"(?P<number>{_NUMBER}|\bone\b)[\s-]*(?P<unit>hour|day|week|month|year)s?", re.IGNORECASE)
_CHINESE_DATE = r"\d{4}\s*年|\d+\s*月\s*\d+\s*日"
_CHINESE_PERIOD = re.compile(rf"{_CHINESE_DATE}|(?P<number>\d+)\s*(?P<unit>{'|'.join(CHINESE)})")


class Quoted(NamedTuple):
    """A number of a text. comparison: `>`, `>=`, `<`, `<=`, or None where only the number stands."""

    comparison: str | None
    number: Decimal
    unit: str


def quoted(text: str, *, roman: bool = False) -> Iterator[Quoted]:
    """Yield the numbers of a text in its order; `roman`: also I to V, as classes and grades are written."""
    numbers = _NUMBER + (_ROMAN if roman else "")
    for match in re.finditer(rf"(?P<sign>{_SIGN})?\s*(?P<number>{numbers}){_UNIT}", text):
        yield Quoted(_comparison(match["sign"]), _number(match["number"]), (match["unit"] or "").rstrip(".:"))


def periods(text: str) -> Iterator[CalendarPeriod]:
    """Yield the lengths of time that a text states, in English or Chinese."""
    for match in _PERIOD.finditer(text):
        number = Decimal(1) if match["number"].lower() == "one" else _number(match["number"].lower())
        if number == number.to_integral_value():
            yield _period(int(number), match["unit"].lower())
    for match in _CHINESE_PERIOD.finditer(text):
        if match["number"]:
            yield _period(int(match["number"]), CHINESE[match["unit"]])


def _period(number: int, unit: str) -> CalendarPeriod:
    """Return a length of time as the vocabulary counts it; hours that are no whole days as the days they reach into."""
    count, word = (-(-number // 24), "day") if unit == "hour" else (number, unit)
    return parse_period(f"{count} {word}{'' if count == 1 else 's'}")


def _comparison(sign: str | None) -> str | None:
    if sign is None:
        return None
    phrase = " ".join(sign.split())
    return next(found for known, found in _PHRASES if known == phrase)


def _number(written: str) -> Decimal:
    if written in ROMAN:
        return Decimal(ROMAN[written])
    return Decimal(WORDS[written]) if written in WORDS else Decimal(re.sub(r"[,\s]", "", written))
