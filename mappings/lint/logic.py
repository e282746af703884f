"""Checks of what statements say together: contradictions, what is always true, what never decides, what is said twice.

They compare what is written, not every consequence of it: a finding is certain, silence is no proof.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations, product
from typing import Any, NamedTuple

from mappings.kinds import Kind
from mappings.kinds.base import Coded
from mappings.kinds.combinators import AllOf, AnyOf, AtLeast, IfThen, Not
from mappings.kinds.demographics import Age
from mappings.kinds.medications import Allergy, Medication
from mappings.kinds.observations import Measured, Observation
from mappings.kinds.specimens import Specimen
from mappings.kinds.studies import Consent, Human
from mappings.lint.problems import Check, Found, Severity, Subject, Written
from mappings.lint.ranges import Range, range_of
from mappings.trials import Criterion, Role


class Demand(NamedTuple):
    """A statement that must hold, or must not, for a whole to be met."""

    kind: Kind
    holds: bool


def demands(kind: Kind, *, holds: bool = True) -> Iterator[Demand]:
    """Yield the statements that must all hold, or fail, for `kind` to hold (or fail)."""
    if isinstance(kind, Not):
        yield from demands(kind.not_, holds=not holds)
    elif (isinstance(kind, AllOf) and holds) or (isinstance(kind, AnyOf) and not holds):
        for part in kind.parts():
            yield from demands(part, holds=holds)
    else:
        yield Demand(kind, holds)


def alternatives(kind: Kind) -> list[Demand]:
    """Return the statements of which one must hold, or fail, for `kind` to hold."""
    return [Demand(one.kind, not one.holds) for one in demands(kind, holds=False)]


def demanded(criterion: Criterion) -> list[Demand]:
    """Return what a patient must be, or must not be, by this criterion."""
    return list(demands(criterion.when, holds=criterion.role is Role.INCLUSION))


def said(kind: Kind) -> str:
    """Return what a statement says, labels left out: equal texts say the same."""
    return json.dumps(_without_labels(kind.model_dump(mode="json", by_alias=True)), sort_keys=True)


def _without_labels(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_labels(item) for key, item in value.items() if key != "label"}
    return [_without_labels(item) for item in value] if isinstance(value, list) else value


def disjoint(first: Kind, second: Kind) -> bool:
    """Whether both limit the same quantity, and no number satisfies both."""
    one, other = range_of(first), range_of(second)
    return one is not None and other is not None and one[0] == other[0] and one[1].meet(other[1]).empty


Pair = tuple[Written, Criterion, Criterion]
"""Two criteria of a trial, and the file of the second."""


def _pairs(subject: Subject) -> Iterator[Pair]:
    """Yield every two criteria of one file that take part in a trial's decision."""
    for written in subject.all_written:
        for first, second in combinations(_deciding(written), 2):
            yield written, first, second


def _pairs_with_site(subject: Subject) -> Iterator[Pair]:
    """Yield `_pairs`, and every criterion of a trial with every rule that a site adds to it."""
    yield from _pairs(subject)
    for written in subject.at_site:
        for first, second in product(_deciding(subject.trial(written.trial.id)), _deciding(written)):
            yield written, first, second


def _deciding(written: Written) -> list[Criterion]:
    return [criterion for criterion in written.trial.criteria if not criterion.advisory]


def acknowledged(first: Criterion, second: Criterion) -> bool:
    """Whether a reading of one criterion names the other, as `E6` or as `exclusion 6`: the authors saw it."""
    return _names(first, second) or _names(second, first)


def _names(criterion: Criterion, other: Criterion) -> bool:
    words = rf"\b(?:{other.id}|{other.role} {other.id[1:]})\b"
    return any(re.search(words, reading) for reading in criterion.readings)


def _pair_found(written: Written, first: Criterion, second: Criterion, what: str) -> Found:
    severity = Severity.NOTE if acknowledged(first, second) else None
    return written.at(written.path_of(second), what, where=second.id, severity=severity)


def contradictions(subject: Subject) -> Iterator[Found]:
    """Statements that must hold together and cannot: disjoint ranges, a statement and its negation."""
    for statement in subject.statements():
        if isinstance(statement.kind, AllOf) and (why := _clash(list(demands(statement.kind)))):
            yield statement.found(f"can never be true: {why}")
    for written, first, second in _pairs_with_site(subject):
        if first.role is second.role and (why := _clash_between(first, second)):
            yield _pair_found(written, first, second, f"contradicts {first.id}: {why}")


def _clash(found: list[Demand]) -> str | None:
    return next((why for one, other in combinations(found, 2) if (why := _clash_of(one, other))), None)


def _clash_between(first: Criterion, second: Criterion) -> str | None:
    pairs = ((one, other) for one in demanded(first) for other in demanded(second))
    return next((why for one, other in pairs if (why := _clash_of(one, other))), None)


def _clash_of(one: Demand, other: Demand) -> str | None:
    if one.holds and other.holds and disjoint(one.kind, other.kind):
        return "no number lies in both ranges"
    # Two lines that a person decides are written alike and mean different things.
    people = isinstance(one.kind, Human)
    if one.holds is not other.holds and not people and said(one.kind) == said(other.kind):
        return "it asks for a statement and for its negation"
    return None


def included_and_excluded(subject: Subject) -> Iterator[Found]:
    """An inclusion and an exclusion state the same in the same sense, so that nobody can enter."""
    for written, first, second in _pairs_with_site(subject):
        if first.role is second.role:
            continue
        asked = {said(one.kind): one.holds for one in demanded(first) if not isinstance(one.kind, Human)}
        if any(asked.get(said(one.kind), one.holds) is not one.holds for one in demanded(second)):
            yield _pair_found(written, first, second, f"excludes whom {first.id} asks for: both state the same")


def duplicates(subject: Subject) -> Iterator[Found]:
    """Two criteria demand the same, or a compound lists a part twice."""
    for written, first, second in _pairs_with_site(subject):
        if _decides(first.when) and _demanded_text(first) == _demanded_text(second):
            yield _pair_found(written, first, second, f"demands the same as {first.id}")
    for statement in subject.statements():
        texts = [said(part) for part in statement.kind.parts()]
        if not isinstance(statement.kind, IfThen) and len(set(texts)) < len(texts):
            yield statement.found("lists the same part twice")


def _decides(kind: Kind) -> bool:
    """Whether a record can decide it; lines that a person decides may well be written alike."""
    return not all(isinstance(leaf, Human | Consent) for leaf in kind.leaves())


def _demanded_text(criterion: Criterion) -> frozenset[tuple[str, bool]]:
    return frozenset((said(one.kind), one.holds) for one in demanded(criterion))


def never_decides(subject: Subject) -> Iterator[Found]:
    """A branch that can only ever be unknown, though it is not written as `human`."""
    for statement in subject.statements():
        if why := _undecidable(statement.kind):
            yield statement.found(why)


def _undecidable(kind: Kind) -> str | None:
    if kind.parts():
        people_only = all(isinstance(leaf, Human) for leaf in kind.leaves())
        return "combines only what a person decides: no record changes it" if people_only else None
    if not isinstance(kind, Coded):
        return None
    if _finds(kind):
        return None
    if not (kind.judge or kind.too_general or kind.conflict):
        return "looks for nothing: no value set decides it"
    open_ = kind.absence == "unknown"
    return "can only be unknown: no value set decides it, and absence is unknown" if open_ else None


def _finds(kind: Coded) -> bool:
    """Whether some code on record can decide it."""
    at_sites = [name for name, site in kind.only_at.items() if site != kind.not_at]
    return bool(kind.value_set or at_sites) or (isinstance(kind, Observation) and kind.self_stating)


def always_true(subject: Subject) -> Iterator[Found]:
    """A statement that every patient satisfies once its facts are known."""
    for statement in subject.statements():
        if why := _tautology(statement.kind):
            yield statement.found(why)


def _tautology(kind: Kind) -> str | None:
    if isinstance(kind, Age | Measured):
        limits = range_of(kind)
        from_birth = isinstance(kind, Age) and kind.at_most is None and (kind.at_least or 0) <= 0
        return "has no limit, so it is always true" if from_birth or (limits and limits[1].unlimited) else None
    if not isinstance(kind, AnyOf):
        return None
    pairs = combinations(alternatives(kind), 2)
    return "is always true: its parts leave no case out" if any(_cover(one, other) for one, other in pairs) else None


def _cover(one: Demand, other: Demand) -> bool:
    if one.holds is not other.holds:
        return said(one.kind) == said(other.kind)
    first, second = range_of(one.kind), range_of(other.kind)
    if first is None or second is None or first[0] != second[0] or not one.holds:
        return False
    return first[1].covers_all_with(second[1])


def overlapping_thresholds(subject: Subject) -> Iterator[Found]:
    """Two criteria limit one quantity, and their ranges overlap or touch."""
    for written, first, second in _pairs(subject):
        for one in demanded(first):
            for other in demanded(second):
                if said(one.kind) != said(other.kind) and (why := _meeting(first, one.kind, second, other.kind)):
                    yield _pair_found(written, first, second, why)


def _meeting(first: Criterion, one: Kind, second: Criterion, other: Kind) -> str | None:
    left, right = range_of(one), range_of(other)
    if left is None or right is None or left[0] != right[0]:
        return None
    number = left[1].touching(right[1])
    if number is not None:
        return f"touches the limit of {first.id} at {_shown(number)}: {_at(number, first, left[1], second, right[1])}"
    return None if left[1].meet(right[1]).empty else f"limits the same quantity as {first.id}, and the ranges overlap"


def _at(number: Fraction, first: Criterion, left: Range, second: Criterion, right: Range) -> str:
    holding = [criterion.id for criterion, limits in ((first, left), (second, right)) if limits.holds(number)]
    return (
        f"exactly there only {holding[0]} holds"
        if holding
        else f"exactly there neither {first.id} nor {second.id} holds"
    )


def _shown(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):g}"


def at_least_too_many(subject: Subject) -> Iterator[Found]:
    """`at_least` asks for more parts than are listed."""
    for statement in subject.statements():
        kind = statement.kind
        if isinstance(kind, AtLeast) and kind.at_least > len(kind.of):
            yield statement.found(f"asks for {kind.at_least} of {len(kind.of)} parts", "at_least")


def single_child(subject: Subject) -> Iterator[Found]:
    """A combinator around one part, or a negation of a negation: it says what the part says."""
    for statement in subject.statements():
        kind = statement.kind
        if isinstance(kind, AllOf | AnyOf | AtLeast) and len(kind.parts()) == 1:
            yield statement.found("combines a single part")
        if isinstance(kind, Not) and isinstance(kind.not_, Not):
            yield statement.found("negates a negation")


def if_without_effect(subject: Subject) -> Iterator[Found]:
    """An `if` that changes nothing: it is never, always or just when its `then` is."""
    for statement in subject.statements():
        if isinstance(statement.kind, IfThen) and (why := _no_effect(statement.kind)):
            yield statement.found(why, "if")


def _no_effect(kind: IfThen) -> str | None:
    if said(kind.if_) == said(kind.then):
        return "`if` and `then` say the same, so it is always true"
    if _tautology(kind.if_) or _tautology(kind.then):
        return "`if` or `then` is always true"
    if isinstance(kind.if_, Human):
        return "`if` is never known, so only `then` decides"
    if isinstance(kind.then, Not) and said(kind.then.not_) == said(kind.if_):
        return "`then` is the negation of `if`: that negation alone says it"
    first, second = range_of(kind.if_), range_of(kind.then)
    if first and second and first[0] == second[0] and first[1].meet(second[1]) == first[1]:
        return "whatever satisfies `if` satisfies `then`, so it is always true"
    return None


_PLACED = ("conflict", "only_at", "not_at")
WITHOUT_EFFECT: Mapping[type[Kind], tuple[str, ...]] = {
    Allergy: _PLACED,
    Medication: ("judge", "too_general", *_PLACED),
    Specimen: ("judge", "too_general", *_PLACED, "absence"),
}
"""What a kind lets be written, since every `Coded` does, and does not look at when it decides."""


def fields_without_effect(subject: Subject) -> Iterator[Found]:
    """A field that its kind never reads: a patient of whom it speaks is decided as if it were not there."""
    for statement in subject.statements():
        for name in WITHOUT_EFFECT.get(type(statement.kind), ()):
            if statement.field(name) is not None:
                yield statement.found(f"`{name}` is not read by the kind {statement.field('kind')}", name)


_READ_IT = "If the source says so, add a reading that names the other criterion; else correct one of them"

CHECKS = (
    Check("contradiction", contradictions, "Correct a limit or a `not`: as written nobody can satisfy it"),
    Check("included-and-excluded", included_and_excluded, "Turn one of them round, or remove it"),
    Check("duplicate-criteria", duplicates, _READ_IT),
    Check("never-decides", never_decides, "Name a value set, set `absence: ask`, or write `kind: human`"),
    Check("always-true", always_true, "State the limit, or remove the statement"),
    Check("overlapping-thresholds", overlapping_thresholds, _READ_IT),
    Check("at-least-too-many", at_least_too_many, "Lower `at_least`, or list the missing parts"),
    Check("single-child", single_child, "Write the part without the combinator"),
    Check("if-without-effect", if_without_effect, "Write `then` alone, or correct `if`"),
    Check(
        "field-without-effect", fields_without_effect, "Remove it; what it should say is left to a person (`judged:`)"
    ),
)
"""The checks of this module."""
