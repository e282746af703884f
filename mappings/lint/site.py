"""Checks of a site's file: its rules only ever narrow what a protocol says; else they are linted as a trial's lines."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.kinds import Kind
from mappings.lint.logic import demanded
from mappings.lint.problems import Check, Found, Subject
from mappings.lint.ranges import Key, Range, range_of
from mappings.trials import Criterion, Trial


def loosening_rules(subject: Subject) -> Iterator[Found]:
    """A site's rule that allows what the protocol does not."""
    for written in subject.at_site:
        for path, rule in written.criteria():
            if id_ := _loosened(rule, subject.trial(written.trial.id).trial):
                yield written.at(path, f"allows what {id_} of {written.trial.id} does not", where=rule.id)


def _loosened(rule: Criterion, trial: Trial) -> str | None:
    """Return the id of a criterion that a rule is weaker than."""
    own = [allowed for one in demanded(rule) if (allowed := _allowed(*one))]
    for criterion in trial.criteria:
        for key, limits in filter(None, (_allowed(*one) for one in demanded(criterion))):
            if any(key == own_key and _weaker(own_limits, limits) for own_key, own_limits in own):
                return criterion.id
    return None


def _allowed(kind: Kind, holds: bool) -> tuple[Key, Range] | None:
    """Return the numbers that a demand allows; None when it limits none, or when what is left is no single range."""
    limited = range_of(kind)
    if limited is None or holds:
        return limited
    key, (low, high, low_open, high_open) = limited
    if low is not None and high is None:
        return key, Range(high=low, high_open=not low_open)
    return (key, Range(low=high, low_open=not high_open)) if high is not None and low is None else None


def _weaker(rule: Range, protocol: Range) -> bool:
    """Whether a rule has an end on a side where the protocol's end lies further in."""
    return _beneath(rule, protocol) or _beneath(_mirrored(rule), _mirrored(protocol))


def _beneath(rule: Range, protocol: Range) -> bool:
    """Whether the rule's lower end allows a number that the protocol's lower end does not."""
    if rule.low is None or protocol.low is None:
        return False
    return rule.low < protocol.low or (rule.low == protocol.low and protocol.low_open and not rule.low_open)


def _mirrored(limits: Range) -> Range:
    """Return the range on the other side of nought, so that its upper end is the lower."""
    low = None if limits.high is None else -limits.high
    high = None if limits.low is None else -limits.low
    return Range(low, high, limits.high_open, limits.low_open)


CHECKS = (
    Check(
        "loosening-rule", loosening_rules, "A site may only narrow: raise the minimum, lower the maximum, or remove it"
    ),
)
"""The checks of this module."""
