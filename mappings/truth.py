"""Truth: what a criterion may say of a patient, in strong Kleene logic, with reason and strength.

    Truth     FALSE < UNKNOWN < TRUE; a Truth is never a bool (`bool()` raises), so no third value is forgotten.
    Reason    why something is UNKNOWN; HUMAN alone does not block.
    Strength  `confirmed` (a resource says so) or `presumed` (nothing on a completely retrieved record).
    Finding   a truth with its reason or strength, a sentence why, and the facts that are its evidence.

The combinators are the only place where truths are combined. `all` and `any` are `at_least` n of n and 1 of n.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NoReturn

import msgspec

from mappings.facts import Fact


class Truth(enum.Enum):
    """FALSE, UNKNOWN or TRUE. Compare with `is`."""

    FALSE = "false"
    UNKNOWN = "unknown"
    TRUE = "true"

    def __bool__(self) -> NoReturn:
        raise TypeError("a Truth is not a bool: compare it with `is Truth.TRUE`")


OPPOSITE = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


class Reason(enum.StrEnum):
    """Why a finding is UNKNOWN."""

    NO_DATA = "no-data"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    UNIT = "unit"
    NO_RANGE = "no-range"
    IMPRECISE_DATE = "imprecise-date"
    PRELIMINARY = "preliminary"
    SUSPECTED = "suspected"
    CONFLICT = "conflict"
    TOO_GENERAL = "too-general"
    AMBIGUOUS_SOURCE = "ambiguous-source"
    UNREADABLE = "unreadable"
    IMPLAUSIBLE = "implausible"
    NEEDS_JUDGEMENT = "needs-judgement"
    HUMAN = "human"


class Strength(enum.StrEnum):
    """How a TRUE or FALSE is known."""

    CONFIRMED = "confirmed"
    PRESUMED = "presumed"


class Finding(msgspec.Struct, frozen=True, dict=True):
    """What one criterion says of one patient.

    says: a format string and its arguments; the sentence is made only when it is shown (`because`).
    facts: the evidence of a leaf; a compound's evidence is that of the parts that it tells.
    """

    truth: Truth
    says: tuple[Any, ...] = ()
    facts: tuple[Fact, ...] = ()
    reason: Reason | None = None
    strength: Strength | None = None
    parts: tuple[Finding, ...] = ()

    @cached_property
    def because(self) -> str:
        """One plain sentence (a compound: those of the parts that it tells) without any identifier."""
        if self.says:
            return str(self.says[0]).format(*self.says[1:])
        return " ".join(dict.fromkeys(part.because for part in self.told))

    @cached_property
    def told(self) -> tuple[Finding, ...]:
        """The parts that made a compound what it is; where that is UNKNOWN, also what the record says of the others."""
        open_ = self.truth is Truth.UNKNOWN
        return tuple(part for part in self.parts if part.truth is self.truth or (open_ and part.evidence))

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """The resources behind the finding (`Observation/123`), each once."""
        if not self.parts:
            return tuple(dict.fromkeys(fact.source for fact in self.facts))
        return tuple(dict.fromkeys(source for part in self.told for source in part.evidence))

    @property
    def blocks(self) -> bool:
        """Whether an UNKNOWN keeps a trial from being likely eligible: all do but those only a person decides."""
        return self.truth is Truth.UNKNOWN and self.reason is not Reason.HUMAN


def true(facts: Sequence[Fact], *says: Any, strength: Strength = Strength.CONFIRMED) -> Finding:
    """Return TRUE; `says` is a format string with its arguments."""
    return Finding(Truth.TRUE, says, tuple(facts), None, strength)


def false(facts: Sequence[Fact], *says: Any, strength: Strength = Strength.CONFIRMED) -> Finding:
    """Return FALSE; `says` is a format string with its arguments."""
    return Finding(Truth.FALSE, says, tuple(facts), None, strength)


def unknown(reason: Reason, facts: Sequence[Fact], *says: Any) -> Finding:
    """Return UNKNOWN for this reason; `says` is a format string with its arguments."""
    return Finding(Truth.UNKNOWN, says, tuple(facts), reason)


def decided(truth: bool, facts: Sequence[Fact], *says: Any) -> Finding:
    """Return TRUE or FALSE, confirmed."""
    return true(facts, *says) if truth else false(facts, *says)


def negate(part: Finding) -> Finding:
    """Return `not part`: TRUE and FALSE change places, everything else stays."""
    return msgspec.structs.replace(part, truth=OPPOSITE[part.truth], parts=tuple(negate(p) for p in part.parts))


def to_be_judged(part: Finding) -> Finding:
    """Return `needs-judgement` where the part is TRUE, else the part."""
    if part.truth is not Truth.TRUE:
        return part
    return unknown(Reason.NEEDS_JUDGEMENT, part.facts, "On record, to be judged: {}", part.because)


def all_of(parts: Sequence[Finding]) -> Finding:
    """Return the minimum of the parts."""
    return at_least(len(parts), parts)


def any_of(parts: Sequence[Finding]) -> Finding:
    """Return the maximum of the parts."""
    return at_least(1, parts)


def at_least(count: int, parts: Sequence[Finding]) -> Finding:
    """Return whether at least `count` parts are TRUE, as strong as the weakest part that was needed."""
    trues = [part for part in parts if part.truth is Truth.TRUE]
    if len(trues) >= count:
        return Finding(Truth.TRUE, parts=tuple(parts), strength=_weakest_needed(trues, count))
    falses = [part for part in parts if part.truth is Truth.FALSE]
    if len(parts) - len(falses) < count:
        needed = len(parts) - count + 1
        return Finding(Truth.FALSE, parts=tuple(parts), strength=_weakest_needed(falses, needed))
    return Finding(Truth.UNKNOWN, parts=tuple(parts), reason=_first_reason(parts))


def if_then(condition: Finding, consequence: Finding) -> Finding:
    """Return `not condition or consequence`."""
    return any_of((negate(condition), consequence))


def agreed(parts: Sequence[Finding]) -> Finding:
    """Return what the records of one thing say, kept in several places: CONFLICT where they contradict each other.

    So it is where one place contradicts itself. A presumed answer and a place without data say nothing; any other open
    place may still make a TRUE of a FALSE.
    """
    said = {part.truth for part in parts if part.strength is Strength.CONFIRMED}
    if len(said) > 1 or any(part.reason is Reason.CONFLICT for part in parts):
        return Finding(Truth.UNKNOWN, parts=tuple(parts), reason=Reason.CONFLICT)
    open_ = any(part.truth is Truth.UNKNOWN and part.reason is not Reason.NO_DATA for part in parts)
    if said == {Truth.FALSE} and not open_:
        return Finding(Truth.FALSE, parts=tuple(parts), strength=Strength.CONFIRMED)
    return any_of(parts)


def _weakest_needed(parts: Sequence[Finding], needed: int) -> Strength:
    """Confirmed when enough confirmed parts decide alone."""
    confirmed = sum(part.strength is Strength.CONFIRMED for part in parts)
    return Strength.CONFIRMED if confirmed >= needed else Strength.PRESUMED


def _first_reason(parts: Sequence[Finding]) -> Reason:
    """The reason of the first blocking UNKNOWN part; `human` only when nothing else is open."""
    return next((part.reason for part in parts if part.blocks and part.reason), Reason.HUMAN)
