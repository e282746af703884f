"""Checks of a site's file: its rules only ever narrow what a protocol says, and what it sets is read.

All else of its rules is linted as a trial's lines are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mappings.kinds import Kind
from mappings.kinds.clearance import CreatinineClearance
from mappings.kinds.lesions import Lesions
from mappings.kinds.observations import Measured, ResultKind
from mappings.lint.logic import demanded
from mappings.lint.problems import Check, Found, Severity, Subject
from mappings.lint.ranges import Key, Range, range_of
from mappings.trials import Criterion, Trial


def loosening_rules(subject: Subject) -> Iterator[Found]:
    """A site's rule that allows what the protocol does not."""
    for written in subject.at_site:
        for path, rule in written.criteria():
            if id_ := _loosened(rule, subject.trial(written.trial.id).trial):
                yield written.at(path, f"allows what {id_} of {written.trial.id} does not", where=rule.id)


def settings_without_effect(subject: Subject) -> Iterator[Found]:
    """A window or an upper limit that a site sets of results of which no criterion asks that."""
    if (site := subject.site) is None:
        return
    kinds = [statement.kind for statement in subject.statements()]
    read = {
        "recency": (site.recency, {name for kind in kinds for name in _dated(kind)}),
        "upper_limits": (site.upper_limits, {name for kind in kinds for name in _limited(kind)}),
    }
    for part, (names, asked) in read.items():
        for name in sorted(set(names) - asked):
            line = site.document.line((part, name))
            yield Found(site.document.file, line, f"{part}.{name}", "is read by no criterion")


def _dated(kind: Kind) -> Iterable[str]:
    """Return the value sets of whose results a statement asks how old they are."""
    if isinstance(kind, CreatinineClearance):
        return kind.value_sets()
    return kind.value_set if isinstance(kind, ResultKind | Lesions) else ()


def _limited(kind: Kind) -> Iterable[str]:
    """Return the value set of whose results a statement asks the upper limit of normal."""
    return kind.value_set[:1] if isinstance(kind, Measured) and kind.times_upper_limit else ()


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
    Check(
        "setting-without-effect",
        settings_without_effect,
        "Correct the name of the value set, or remove the line",
        Severity.WARNING,
    ),
)
"""The checks of this module."""
