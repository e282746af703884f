"""Invented codes and value sets: nothing here is clinical content, so no rule of a real trial can hide a mistake.

`CODES` is what the oracle reads; `VOCABULARY` is the same for the code under test.
"""

from __future__ import annotations

from terminology.codings import Coding
from terminology.valuesets import ValueSet, Vocabulary

SYSTEM = "https://example.org/CodeSystem/invented"
ELSEWHERE = "https://example.org/CodeSystem/elsewhere"
"""A system of which no value set holds a code, though it uses the same code words."""

CODES: dict[str, frozenset[str]] = {
    "tumour": frozenset({"t1", "t2"}),
    "other-tumour": frozenset({"o1", "t2"}),
    "broad-tumour": frozenset({"b1"}),
    "unclear-tumour": frozenset({"u1"}),
    "unsited-tumour": frozenset({"n1"}),
    "resection": frozenset({"r1", "r2"}),
    "ablation": frozenset({"a1"}),
    "unsited-ablation": frozenset({"n2"}),
    "broad-ablation": frozenset({"b2"}),
    "liver": frozenset({"liver"}),
    "lung": frozenset({"lung"}),
    "marker": frozenset({"m1"}),
    "detected": frozenset({"pos"}),
    "not-detected": frozenset({"neg"}),
    "indeterminate": frozenset({"ind"}),
    "platelets": frozenset({"p1", "p2"}),
    "creatinine": frozenset({"c1"}),
    "inr": frozenset({"i1"}),
    "drug": frozenset({"d1", "d2"}),
    "broad-drug": frozenset({"b3"}),
    "related-drug": frozenset({"d3"}),
    "no-known-allergy": frozenset({"nka"}),
}
BROADER = {"tumour": "broad-tumour", "ablation": "broad-ablation", "drug": "broad-drug"}
"""Value set -> the set whose codes are more general."""
PHRASES = {
    "detected": frozenset({"positive", "阳性"}),
    "not-detected": frozenset({"negative", "未检出"}),
    "indeterminate": frozenset({"borderline"}),
}


def _value_set(name: str) -> ValueSet:
    return ValueSet(
        name=name,
        url=f"https://example.org/ValueSet/{name}",
        title=name,
        version="1",
        file=f"{name}.json",
        codes=frozenset(Coding(SYSTEM, code) for code in CODES[name]),
        phrases=PHRASES.get(name, frozenset()),
        more_general=BROADER.get(name),
    )


VOCABULARY = Vocabulary({name: _value_set(name) for name in CODES})
