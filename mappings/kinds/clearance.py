"""Creatinine clearance: reported, or after Cockcroft and Gault. A GFR per 1.73 m2 is not it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from mappings.clinical_time import age_on
from mappings.evaluation import Evaluation
from mappings.facts import ObservationFact, Quantity
from mappings.kinds.base import Kind, latest, within
from mappings.kinds.observations import ListedResults, Measured, implausible, unreadable
from mappings.truth import Finding, Reason, Truth, decided, unknown
from terminology import units

REPORTED, CREATININE, WEIGHT = "creatinine-clearance", "creatinine", "body-weight"
SEX_FACTOR = {"male": Fraction(1), "female": Fraction(85, 100)}

CONTRADICTING = frozenset({Reason.CONFLICT, Reason.UNREADABLE})
"""Why a reported value is not known, but may still contradict the calculated one."""


def cockcroft_gault(age: int, weight: Fraction, creatinine: Fraction, factor: Fraction) -> Fraction:
    """Return the creatinine clearance in mL/min: (140 - age) x weight / (72 x creatinine) x factor.

    age: completed years. weight: kg. creatinine: mg/dL. factor: 1 for men, 0.85 for women.
    Source: Cockcroft and Gault, Nephron 1976; used by NCT06609434 exclusion 7.
    """
    return Fraction(140 - age) * weight / (72 * creatinine) * factor


class Input(NamedTuple):
    """The latest results of one input, and their numbers."""

    facts: Sequence[ObservationFact]
    numbers: Sequence[Fraction]


class CreatinineClearance(Kind):
    """Creatinine clearance at or below a limit in mL/min.

    The latest reported value and our own Cockcroft-Gault count alike; on different sides of the limit they are a
    conflict. With the sex, the age or one of several results of the same time open, our own decides only when all that
    is possible gives the same answer.
    """

    kind: Literal["creatinine-clearance"]
    at_most: Decimal = Field(gt=0)
    types: ClassVar[tuple[str, ...]] = ("Observation", "Patient")

    def value_sets(self) -> frozenset[str]:
        return frozenset({REPORTED, CREATININE, WEIGHT})

    def result_sets(self) -> frozenset[str]:
        return self.value_sets()

    def decide(self, view: Evaluation) -> Finding:
        reported, own = self._reported.decide(view), self._own(view)
        if Truth.UNKNOWN not in {reported.truth, own.truth} and reported.truth is not own.truth:
            says = "The reported and the calculated creatinine clearance lie on different sides of the limit: {} {}"
            return unknown(Reason.CONFLICT, (*reported.facts, *own.facts), says, reported.because, own.because)
        if reported.reason in CONTRADICTING:
            return reported
        if reported.truth is not Truth.UNKNOWN or own.reason is Reason.NO_DATA != reported.reason:
            return reported
        return own

    @functools.cached_property
    def _reported(self) -> Measured:
        return Measured(kind="measured", value_set=(REPORTED,), at_most=self.at_most, unit="mL/min")

    def _own(self, view: Evaluation) -> Finding:
        creatinine, weight = self._input(view, CREATININE, "mg/dL"), self._input(view, WEIGHT, "kg")
        if isinstance(creatinine, Finding):
            return creatinine
        if isinstance(weight, Finding):
            return weight
        if view.record.birth is None:
            return unknown(Reason.NO_DATA, (), "The date of birth is not on record, so no clearance can be calculated.")
        facts = (*creatinine.facts, *weight.facts)
        pairs = [self._possible(view, kg, mg) for kg in weight.numbers for mg in creatinine.numbers]
        answers = {value <= Fraction(self.at_most) for values in pairs for value in values}
        if len(answers) > 1:
            return self._open(view, facts, pairs)
        says = "Creatinine clearance after Cockcroft-Gault {} mL/min, from {}."
        return decided(answers.pop(), facts, says, Tenth(pairs[0][0]), ListedResults(facts))

    def _possible(self, view: Evaluation, weight: Fraction, creatinine: Fraction) -> list[Fraction]:
        """The clearance for every age and sex that the patient may have."""
        ages = age_on(view.record.birth, view.today) if view.record.birth else ()
        sex = view.record.sex
        factors = [SEX_FACTOR[sex]] if sex in SEX_FACTOR else list(SEX_FACTOR.values())
        return [cockcroft_gault(age, weight, creatinine, factor) for age in ages for factor in factors]

    def _open(self, view: Evaluation, facts: Sequence[ObservationFact], pairs: Sequence[Sequence[Fraction]]) -> Finding:
        """Why the clearance may lie on either side of the limit."""
        if all(len({value <= Fraction(self.at_most) for value in values}) == 1 for values in pairs):
            return unknown(Reason.CONFLICT, facts, "Results of the same time differ: {}.", ListedResults(facts))
        if view.record.sex not in SEX_FACTOR:
            return unknown(Reason.NO_DATA, facts, "The sex is not recorded, and the clearance depends on it.")
        return unknown(Reason.IMPRECISE_DATE, facts, "The age is not known well enough to calculate the clearance.")

    def _input(self, view: Evaluation, name: str, unit: str) -> Finding | Input:
        """The latest values of an input, or why they cannot be used."""
        last = latest(view.facts(ObservationFact, (name,)))
        title = view.title((name,))
        if (lost := unreadable(view, (name,))) is not None:
            return lost
        if view.unfinished(("Observation",)):
            return unknown(Reason.INCOMPLETE, last, "Not known: Observation records were not retrieved in full.")
        if not last:
            return unknown(Reason.NO_DATA, (), "No {} on record, so no clearance can be calculated.", title)
        read = [_number(fact, name, unit) for fact in last]
        numbers = [number for number in read if isinstance(number, Fraction)]
        if len(numbers) < len(read):
            reasons = {number for number in read if isinstance(number, Reason)}
            reason = reasons.pop() if len(reasons) == 1 and not numbers else Reason.CONFLICT
            return unknown(reason, last, "No clearance can be calculated from {}.", ListedResults(last))
        return next((old for fact in last if (old := self._fresh(view, fact, name))), Input(last, numbers))

    def _fresh(self, view: Evaluation, fact: ObservationFact, name: str) -> Finding | None:
        period = view.recency((name,))
        fresh = within(fact.time, period, view.today) if period else Truth.TRUE
        if fresh is Truth.TRUE:
            return None
        reason = Reason.STALE if fresh is Truth.FALSE else Reason.IMPRECISE_DATE
        says = "Too old, or not dated well enough, to calculate from: {}."
        return unknown(reason, (fact,), says, ListedResults((fact,)))


def _number(fact: ObservationFact, name: str, unit: str) -> Fraction | Reason:
    if fact.preliminary:
        return Reason.PRELIMINARY
    quantity = next((value for value in fact.values if isinstance(value, Quantity)), None)
    if quantity is None or quantity.comparator is not None:
        return Reason.UNREADABLE
    number = units.convert(quantity.value, quantity.unit, analyte=name, to=unit)
    if number is None:
        return Reason.UNIT
    return Reason.IMPLAUSIBLE if implausible(number, name) else number


class Tenth:
    """A number as a sentence shows it, to one decimal."""

    __slots__ = ("number",)

    def __init__(self, number: Fraction) -> None:
        self.number = number

    def __str__(self) -> str:
        tenths = round(self.number * 10)
        return f"{tenths // 10}.{tenths % 10}"
