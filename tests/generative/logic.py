"""Two slow ways to say what a tree of criteria is worth, written from the rules and not from the code.

`kleene` counts with 0, 1/2 and 1: all = minimum, any = maximum, not = 1 - x, at least n = the n-th largest.
`supervaluation` knows only true and false: it fills every unknown leaf both ways and looks whether the answer varies.

A tree is written as criteria are: {"all_of": [...]}, {"any_of": [...]}, {"not": ...}, {"at_least": n, "of": [...]},
{"if": ..., "then": ...}; everything else is a leaf.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from mappings.truth import Truth

Json = dict[str, Any]
Answer = bool | None
"""True, False, or None: not known."""

UNKNOWN = Fraction(1, 2)
ANSWERS: dict[Truth, Answer] = {Truth.TRUE: True, Truth.FALSE: False, Truth.UNKNOWN: None}


def parts(tree: Json) -> list[Json]:
    """Return the parts of a compound; none of a leaf."""
    if "if" in tree:
        return [tree["if"], tree["then"]]
    if "not" in tree:
        return [tree["not"]]
    found: list[Json] = tree.get("all_of") or tree.get("any_of") or tree.get("of") or []
    return found


def leaves(tree: Json) -> Iterator[Json]:
    """Yield the leaves, from left to right, a repeated one each time."""
    if not parts(tree):
        yield tree
    for part in parts(tree):
        yield from leaves(part)


def kleene(tree: Json, leaf: Callable[[Json], Answer]) -> Answer:
    """Return the tree's answer in strong Kleene logic."""
    return {Fraction(0): False, UNKNOWN: None, Fraction(1): True}[_worth(tree, leaf)]


def _worth(tree: Json, leaf: Callable[[Json], Answer]) -> Fraction:
    worths = [_worth(part, leaf) for part in parts(tree)]
    if not worths:
        answer = leaf(tree)
        return UNKNOWN if answer is None else Fraction(answer)
    return _combined(tree, worths)


def _combined(tree: Json, worths: Sequence[Fraction]) -> Fraction:
    if "all_of" in tree:
        return min(worths)
    if "any_of" in tree:
        return max(worths)
    if "not" in tree:
        return 1 - worths[0]
    if "if" in tree:
        return max(1 - worths[0], worths[1])
    count: int = tree["at_least"]
    return sorted(worths, reverse=True)[count - 1] if count <= len(worths) else Fraction(0)


def supervaluation(tree: Json, known: dict[str, Answer]) -> Answer:
    """Return what the tree is in every way to fill its unknown leaves ({"leaf": name}); None when they differ."""
    open_ = [name for name, answer in known.items() if answer is None]
    seen = set()
    for filling in itertools.product((False, True), repeat=len(open_)):
        world = known | dict(zip(open_, filling, strict=True))
        seen.add(kleene(tree, lambda leaf, world=world: world[leaf["leaf"]]))  # type: ignore[misc]
    return seen.pop() if len(seen) == 1 else None
