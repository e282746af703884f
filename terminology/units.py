"""Exact units: what a hospital wrote beside a number, and that number in the unit a criterion speaks.

A spelling has a meaning only within the dimension of its analyte. `K/uL` beside a platelet count is thousands
per microlitre (UCUM: kelvin), `C` beside a body temperature is degrees Celsius (UCUM: coulomb). Beside other
things both mean nothing. So each dimension has its own table, and each analyte names its dimensions. A
spelling in no table is refused: it makes a criterion unknown, it is never guessed.

All arithmetic is done in `Fraction`: 50,000 /mm3 is exactly 50 x10*9/L. This module knows no patient, no FHIR
and no threshold, and it raises nothing for what a hospital sends.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

_MOST_PLACES = 50
"""Decimal places, before or after the point, of a number that is still read; results have fewer than ten."""

_LONGEST_SPELLING = 100
"""Characters; what is longer is no unit, and a hostile one of megabytes would cost seconds to tidy."""


@dataclass(frozen=True)
class Unit:
    """A unit within its dimension: a reading r of it is (r - zero) * factor of the dimension's base unit."""

    code: str
    """The UCUM code that is meant, whatever was written."""
    dimension: str
    factor: Fraction
    zero: Fraction = Fraction(0)
    """The reading at the base unit's zero: 32 for degrees Fahrenheit over degrees Celsius, else 0."""

    def to_base(self, reading: Fraction) -> Fraction:
        """Return a reading of this unit in the base unit of its dimension."""
        return (reading - self.zero) * self.factor

    def from_base(self, amount: Fraction) -> Fraction:
        """Return an amount of the base unit as a reading of this unit."""
        return amount / self.factor + self.zero


@dataclass(frozen=True)
class Dimension:
    """What a group of units measures, with every spelling that is read there."""

    name: str
    any_case: Mapping[str, Unit]
    """Case-folded spellings. No two units share one, so that case carries no meaning here."""
    exact_case: Mapping[str, Unit]
    """Spellings that hold only as they are written: `G/L` is giga per litre, `g/L` is gram per litre."""

    def read(self, spelling: str) -> Unit | None:
        """Return the unit that a tidy spelling means in this dimension; None when it means none."""
        return self.exact_case.get(spelling) or self.any_case.get(spelling.casefold())


@dataclass(frozen=True)
class Analyte:
    """Something that is measured, and the units that its results may carry."""

    value_set: str
    """The id of the value set whose codes name it."""
    dimensions: tuple[Dimension, ...]
    molar_mass: Fraction | None = None
    """g/mol, where mass may become substance; None refuses that."""
    assumed: Unit | None = None
    """The unit of a result without one; None where a unit must be sent."""

    def read(self, unit: str | None) -> Unit | None:
        """Return the unit that a hospital's spelling means for this analyte; None when unknown or missing."""
        if unit is None or not unit.strip():
            return self.assumed
        spelling = _tidy(unit)
        return next((found for each in self.dimensions if (found := each.read(spelling))), None)


def convert(value: Decimal, unit: str | None, *, analyte: str, to: str) -> Fraction | None:
    """Return `value`, measured in `unit` as hospitals spell it, exactly in the unit `to`.

    analyte: the id of a value set, a key of ANALYTES. to: any spelling known for that analyte.
    Returns None when the unit is missing (where one is needed), unknown or of another dimension, when the
    analyte has no table, and when the value is not finite or absurdly long; the criterion is then UNKNOWN.
    """
    sent, wanted = _read(unit, analyte), _read(to, analyte)
    number = _fraction(value)
    if sent is None or wanted is None or number is None:
        return None
    if sent is wanted:
        return number
    amount = _cross(sent.to_base(number), sent, wanted, ANALYTES[analyte].molar_mass)
    return None if amount is None else wanted.from_base(amount)


def dimension(unit: str | None, *, analyte: str) -> str | None:
    """Return the name of the dimension that a spelling has for an analyte; None when it fits none."""
    found = _read(unit, analyte)
    return found.dimension if found else None


def canonical(unit: str | None, *, analyte: str) -> str | None:
    """Return the UCUM code that a spelling means for an analyte (K/uL of platelets: 10*3/uL), else None."""
    found = _read(unit, analyte)
    return found.code if found else None


def _read(unit: str | None, analyte: str) -> Unit | None:
    """Return the unit that a spelling means for an analyte; None when none or the analyte has no table."""
    # Refused here, not further in: the cache must never hold a text that somebody sent in place of a unit.
    if unit is not None and len(unit) > _LONGEST_SPELLING:
        return None
    return _look_up(unit, analyte)


@functools.lru_cache(maxsize=4096)
def _look_up(unit: str | None, analyte: str) -> Unit | None:
    """Return what `_read` does, of a spelling of bounded length; a page of results repeats a few of them."""
    known = ANALYTES.get(analyte)
    return known.read(unit) if known else None


def _fraction(value: Decimal) -> Fraction | None:
    """Return a decimal as a fraction; None for what is not finite or has places no measurement has.

    A JSON number may be 1e999999999. Written out as a fraction it would fill the memory.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES or value.adjusted() > _MOST_PLACES:
        return None
    return Fraction(value)


def _cross(amount: Fraction, sent: Unit, wanted: Unit, molar_mass: Fraction | None) -> Fraction | None:
    """Return an amount of sent's base unit in wanted's base unit; None when no road leads there.

    The one road between dimensions is the molar mass: g/L = mol/L * g/mol.
    """
    if sent.dimension == wanted.dimension:
        return amount
    if molar_mass is None:
        return None
    return amount * molar_mass if sent.dimension == _SUBSTANCE.name else amount / molar_mass


# --- Spellings ---

_LOOKALIKES = str.maketrans({"×": "x", "º": "°", "˚": "°"})
"""× is written for x; the masculine ordinal and the ring are typed for the degree sign."""


def _tidy(unit: str) -> str:
    """Return a spelling without what carries no meaning: blanks, width, superscripts, the two micro signs.

    "× 10⁹/L" becomes "x10^9/L", "µmol/L" becomes "umol/L", "㎎/㎗" becomes "mg/dl". Case stays.
    """
    if unit.isascii():
        return "".join(unit.split())
    raised = re.sub("[⁰¹²³⁴-⁹]+", r"^\g<0>", unit.translate(_LOOKALIKES))
    return "".join(unicodedata.normalize("NFKC", raised).split()).replace("μ", "u")


@dataclass(frozen=True)
class _Row:
    """A line of a dimension's table: a unit, its size in base units, its spellings beside the UCUM code."""

    code: str
    factor: Fraction
    spellings: Iterable[str] = ()
    exact_case: tuple[str, ...] = ()
    zero: Fraction = Fraction(0)


def _dimension(name: str, rows: Iterable[_Row]) -> Dimension:
    """Return the dimension that a table describes; ValueError when a spelling has two meanings in it."""
    any_case: dict[str, Unit] = {}
    exact_case: dict[str, Unit] = {}
    for row in rows:
        unit = Unit(row.code, name, row.factor, row.zero)
        exact_case.update(dict.fromkeys(row.exact_case, unit))
        for spelling in (row.code, *row.spellings):
            if any_case.setdefault(spelling.casefold(), unit) is not unit:
                raise ValueError(name, spelling)
    return Dimension(name, MappingProxyType(any_case), MappingProxyType(exact_case))


def _per(amounts: Iterable[str], volumes: Iterable[str]) -> tuple[str, ...]:
    """Return every amount over every volume, with a stroke and with "per" (blanks are gone by then)."""
    per = tuple(f"{stroke}{volume}" for stroke in ("/", "per") for volume in volumes)
    return tuple(f"{amount}{volume}" for amount in amounts for volume in per)


# --- Numbers of cells ---

_LITRE = ("L", "liter", "litre")
_MILLILITRE = ("mL", "milliliter", "millilitre")
_MICROLITRE = ("uL", "mcL", "microliter", "microlitre")
_NANOLITRE = ("nL", "nanoliter", "nanolitre")
_CUBIC_MILLIMETRE = ("mm3", "mm^3", "mm*3", "cumm", "cu.mm", "cmm")

_CELLS = ("", "cells", "cell", "{cells}", "{cell}", "#", "{#}")
_THOUSANDS = ("K", "Th", "thou", "thousand", "thousands", "Tsd", "Tsd.")


def _tens(power: int) -> tuple[str, ...]:
    """Return how ten to a power is written: 10*9, 10^9, x10E9, *10**9, 10(9), with or without "cells"."""
    marks = (f"*{power}", f"^{power}", f"**{power}", f"E{power}", f"({power})")
    return tuple(f"{times}10{mark}{cells}" for times in ("", "x", "*") for mark in marks for cells in _CELLS)


_NUMBER = _dimension(
    "number-concentration",  # base unit: 10*9/L
    (
        # G/L (giga per litre) keeps its case: a platelet count in g/L is a wrong unit, not a count.
        _Row("10*9/L", Fraction(1), _per((*_tens(9), "GPT"), _LITRE), exact_case=("G/L", "G/l")),
        _Row("10*12/L", Fraction(1000), _per(_tens(12), _LITRE)),
        _Row("10*6/L", Fraction(1, 1000), _per(_tens(6), _LITRE)),
        _Row("10*6/mL", Fraction(1), _per(_tens(6), _MILLILITRE)),
        _Row("10*6/uL", Fraction(1000), _per(_tens(6), _MICROLITRE)),
        _Row("10*3/uL", Fraction(1), _per((*_tens(3), *_THOUSANDS), _MICROLITRE)),
        _Row("10*3/mm3", Fraction(1), _per((*_tens(3), *_THOUSANDS), _CUBIC_MILLIMETRE)),
        _Row("/nL", Fraction(1), _per(_CELLS, _NANOLITRE)),
        _Row("/uL", Fraction(1, 1000), _per(_CELLS, _MICROLITRE)),
        _Row("/mm3", Fraction(1, 1000), _per(_CELLS, _CUBIC_MILLIMETRE)),
        _Row("/mL", Fraction(1, 10**6), _per(_CELLS, _MILLILITRE)),
        _Row("/L", Fraction(1, 10**9), _per(_CELLS, _LITRE)),
    ),
)

# --- Mass and substance in a volume ---

_VOLUMES = {
    "L": (Fraction(1), _LITRE),
    "dL": (Fraction(1, 10), ("dL", "100mL", "deciliter", "decilitre")),
    "mL": (Fraction(1, 1000), _MILLILITRE),
}
_MASSES = {
    "g": (Fraction(1), ("g", "gm", "gram", "grams")),
    "mg": (Fraction(1, 10**3), ("mg", "milligram", "milligrams")),
    "ug": (Fraction(1, 10**6), ("ug", "mcg", "microgram", "micrograms")),
    "ng": (Fraction(1, 10**9), ("ng", "nanogram", "nanograms")),
}
_MOLES = {
    "mol": (Fraction(1), ("mol", "mole", "moles")),
    "mmol": (Fraction(1, 10**3), ("mmol", "millimole", "millimoles")),
    "umol": (Fraction(1, 10**6), ("umol", "mcmol", "micromol", "micromole", "micromoles")),
    "nmol": (Fraction(1, 10**9), ("nmol", "nanomole", "nanomoles")),
}
_PERCENT_FOR_DECILITRE = {"mg/dL": ("mg%",), "g/dL": ("g%", "gm%")}
"""The old "milligram percent": per 100 mL, not a hundredth of a milligram as UCUM has it."""


def _concentrations(amounts: Mapping[str, tuple[Fraction, tuple[str, ...]]]) -> tuple[_Row, ...]:
    """Return a row for each amount in each volume, sized in the amounts' unit of size 1 over a litre."""
    return tuple(
        _Row(
            f"{amount}/{volume}",
            size / litres,
            (*_per(names, spelt), *_PERCENT_FOR_DECILITRE.get(f"{amount}/{volume}", ())),
        )
        for amount, (size, names) in amounts.items()
        for volume, (litres, spelt) in _VOLUMES.items()
    )


_MASS = _dimension("mass-concentration", _concentrations(_MASSES))  # base unit: g/L
_SUBSTANCE = _dimension("substance-concentration", _concentrations(_MOLES))  # base unit: mol/L

# --- Clearance ---

_MILLILITRE_PER_MINUTE = _per(("mL", "cc", "milliliter", "millilitre"), ("min", "minute"))
_BODY_SURFACE = ("{1.73_m2}", "{1.73m2}", "1.73_m2", "1.73m2", "1.73m^2", "1.73m*2", "1.73sqm", "1.73")

_FLOW = _dimension(
    "volume-flow",
    (
        _Row("mL/min", Fraction(1), _MILLILITRE_PER_MINUTE),
        _Row("mL/s", Fraction(60), _per(("mL",), ("sec", "second"))),
        _Row("L/min", Fraction(1000)),
        _Row("L/h", Fraction(1000, 60)),
    ),
)
_FLOW_PER_SURFACE = _dimension(
    # A GFR per 1.73 m2 of body surface is not the flow of this body; only height and weight would lead over.
    "volume-flow-per-body-surface",
    (_Row("mL/min/{1.73_m2}", Fraction(1), _per(_MILLILITRE_PER_MINUTE, _BODY_SURFACE)),),
)

# --- Bodies, clocks, shares ---

_TEMPERATURE = _dimension(
    "temperature",
    (
        _Row("Cel", Fraction(1), ("C", "°C", "degC", "degreeC", "degreesC", "Celsius", "degreesCelsius")),
        _Row(
            "[degF]",
            Fraction(5, 9),
            ("F", "°F", "degF", "degreeF", "degreesF", "Fahrenheit", "degreesFahrenheit"),
            zero=Fraction(32),
        ),
    ),
)
_POUND = Fraction("0.45359237")
"""kg. Source: UCUM, [lb_av] = 7000 [gr] of 64.79891 mg."""

_WEIGHT = _dimension(
    "mass",
    (
        _Row("kg", Fraction(1), ("kgs", "kilo", "kilogram", "kilograms")),
        _Row("g", Fraction(1, 1000), ("gm", "gram", "grams")),
        _Row("[lb_av]", _POUND, ("lb", "lbs", "lb_av", "pound", "pounds")),
        _Row("[oz_av]", _POUND / 16, ("oz", "oz_av", "ounce", "ounces")),
    ),
)
_LENGTH = _dimension(
    "length",
    (
        _Row("mm", Fraction(1), ("millimeter", "millimeters", "millimetre", "millimetres")),
        _Row("cm", Fraction(10), ("cms", "centimeter", "centimeters", "centimetre", "centimetres")),
        _Row("m", Fraction(1000), ("meter", "meters", "metre", "metres")),
        _Row("[in_i]", Fraction("25.4"), ("in", "in_i", "inch", "inches")),
        _Row("[ft_i]", 12 * Fraction("25.4"), ("ft", "ft_i", "foot", "feet")),
    ),
)
_TIME = _dimension("time", (_Row("s", Fraction(1), ("sec", "secs", "second", "seconds")),))
_SHARE = _dimension(
    "share",
    (
        _Row("%", Fraction(1), ("percent", "pct", "%activity", "%{activity}", "%ofnormal")),
        _Row("1", Fraction(100)),
    ),
)

# --- Bare numbers ---

_INR = _dimension("ratio", (_Row("{INR}", Fraction(1), ("1", "INR", "{ratio}", "ratio")),))
_GRADE_WORDS = ("{#}", "{grade}", "grade", "{class}", "class", "{points}", "points")
_SCORE = _dimension("score", (_Row("{score}", Fraction(1), ("1", "score", *_GRADE_WORDS)),))
_KARNOFSKY = _dimension(
    # Written "80", "80 %" or "80 {score}", always of 100: here % is a name of the point.
    "karnofsky-score",
    (_Row("{score}", Fraction(1), ("1", "score", "{points}", "points", "%", "percent")),),
)
_NUMBER_OF_THINGS = _dimension(
    "number",
    (
        _Row(
            "{#}",
            Fraction(1),
            ("1", "#", "{count}", "count", "{lesions}", "lesions", "{tumors}", "{nodules}"),
        ),
    ),
)

# --- Units that stand for themselves alone ---

_TUMOUR_MOLECULES = _dimension("tumour-molecules-per-volume", (_Row("{MTM}/mL", Fraction(1), ("MTM/mL",)),))
_COPIES = _dimension("copies-per-volume", (_Row("{copies}/mL", Fraction(1), ("copies/mL",)),))
_TUMOUR_CELLS = _dimension(
    # UCUM reads 7.5.mL as 7 times 5 mL; a tube of 7.5 mL is meant. So nothing is converted here.
    "tumour-cells-per-tube",
    (
        _Row(
            "{CTCs}/(7.5.mL)",
            Fraction(1),
            _per(
                ("", "CTC", "CTCs", "{CTC}", "{CTCs}", "cells", "{cells}"),
                ("7.5mL", "7.5.mL", "(7.5.mL)", "(7.5mL)"),
            ),
        ),
    ),
)


def _assumed(value_set: str, only: Dimension) -> Analyte:
    """Return an analyte that is a bare number: it needs no unit, but a unit that is sent must fit."""
    return Analyte(value_set, (only,), assumed=next(iter(only.any_case.values())))


ANALYTES: Mapping[str, Analyte] = MappingProxyType(
    {
        analyte.value_set: analyte
        for analyte in (
            Analyte("platelets", (_NUMBER,)),
            Analyte("neutrophils", (_NUMBER,)),
            # mmol/L is refused: of the monomer it is 1.61145 g/dL, of the tetramer 6.4458; nobody says which.
            Analyte("haemoglobin", (_MASS,)),
            Analyte("prothrombin-activity", (_SHARE,)),
            Analyte("prothrombin-time", (_TIME,)),
            _assumed("inr", _INR),
            Analyte("creatinine", (_MASS, _SUBSTANCE), molar_mass=Fraction("113.12")),
            Analyte("creatinine-clearance", (_FLOW,)),
            Analyte("egfr", (_FLOW_PER_SURFACE,)),
            Analyte("bilirubin-total", (_MASS, _SUBSTANCE), molar_mass=Fraction("584.66")),
            Analyte("bilirubin-direct", (_MASS, _SUBSTANCE), molar_mass=Fraction("584.66")),
            Analyte("albumin", (_MASS, _SUBSTANCE), molar_mass=Fraction(66000)),
            Analyte("body-temperature", (_TEMPERATURE,)),
            Analyte("body-weight", (_WEIGHT,)),
            Analyte("body-height", (_LENGTH,)),
            Analyte("tumour-size", (_LENGTH,)),
            Analyte("tumour-size-max-dimension", (_LENGTH,)),
            _assumed("ecog-status", _SCORE),
            _assumed("asa-class", _SCORE),
            _assumed("nyha-class", _SCORE),
            _assumed("karnofsky-status", _KARNOFSKY),
            _assumed("lesion-count", _NUMBER_OF_THINGS),
            Analyte("ctdna-result", (_SHARE, _TUMOUR_MOLECULES, _COPIES)),
            Analyte("ctc-count", (_TUMOUR_CELLS,)),
        )
    }
)
"""Every analyte with a table of units, by the id of its value set. Molar masses in g/mol: creatinine C4H7N3O,
bilirubin C33H36N4O6, albumin as in NLM's equivalence classes of LOINC.
"""
