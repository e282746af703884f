"""Combinators: all, any, agreeing, not, judged, at_least, if/then. What they mean stands in `mappings/truth.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from mappings import truth
from mappings.evaluation import Evaluation
from mappings.kinds.base import Kind
from mappings.truth import Finding

if TYPE_CHECKING:
    from mappings.kinds import When
else:
    When = "When"


class Combinator(Kind):
    """A criterion made of others: every one that stands in its fields is a part."""

    def parts(self) -> tuple[Kind, ...]:
        return tuple(part for part in self.inside() if isinstance(part, Kind))


class AllOf(Combinator):
    """TRUE when every part is."""

    all_of: tuple[When, ...] = Field(min_length=1)

    def decide(self, view: Evaluation) -> Finding:
        return truth.all_of([view.finding(part) for part in self.all_of])


class AnyOf(Combinator):
    """TRUE when at least one part is."""

    any_of: tuple[When, ...] = Field(min_length=1)

    def decide(self, view: Evaluation) -> Finding:
        return truth.any_of([view.finding(part) for part in self.any_of])


class Agreeing(Combinator):
    """What several places say of one thing (a diagnosis's morphology, a pathology report): they must not differ."""

    agreeing: tuple[When, ...] = Field(min_length=2)

    def decide(self, view: Evaluation) -> Finding:
        return truth.agreed([view.finding(part) for part in self.agreeing])


class Not(Combinator):
    """TRUE when its part is FALSE."""

    not_: When = Field(alias="not")

    def decide(self, view: Evaluation) -> Finding:
        return truth.negate(view.finding(self.not_))


class Judged(Combinator):
    """What its part finds never decides: when it is TRUE, a person must weigh it."""

    judged: When

    def decide(self, view: Evaluation) -> Finding:
        return truth.to_be_judged(view.finding(self.judged))


class AtLeast(Combinator):
    """TRUE when at least `at_least` of the parts are."""

    at_least: int = Field(ge=1)
    of: tuple[When, ...] = Field(min_length=1)

    def decide(self, view: Evaluation) -> Finding:
        return truth.at_least(self.at_least, [view.finding(part) for part in self.of])


class IfThen(Combinator):
    """TRUE when `if` is FALSE or `then` is TRUE."""

    if_: When = Field(alias="if")
    then: When

    def decide(self, view: Evaluation) -> Finding:
        return truth.if_then(view.finding(self.if_), view.finding(self.then))


COMBINATORS: dict[str, type[Kind]] = {
    "all_of": AllOf,
    "any_of": AnyOf,
    "agreeing": Agreeing,
    "not": Not,
    "judged": Judged,
    "of": AtLeast,
    "if": IfThen,
}
"""The key by which each combinator is known in YAML."""
