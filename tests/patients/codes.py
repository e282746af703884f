"""Codes by the name of their value set: no test types a code.

`coded("liver-resection")` is the first concept of that set, `coded("other-malignancy", "breast")` the first whose
display says so, `graded("asa-classes", 3)` the one with that number on the scale, `category("liver-metastasis")` its
first ICD-10 category.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from terminology.codings import ICD10_CM
from terminology.valuesets import ORDINAL_VALUE

Json = dict[str, Any]


@functools.cache
def _includes(value_set: str) -> list[Json]:
    text = (files("terminology") / "valuesets" / f"{value_set}.json").read_text(encoding="utf-8")
    includes: list[Json] = json.loads(text)["compose"]["include"]
    return includes


def _concepts(value_set: str) -> Iterator[tuple[str, Json]]:
    for include in _includes(value_set):
        for concept in include.get("concept", ()):
            yield include["system"], concept
        for url in include.get("valueSet", ()):
            yield from _concepts(url.rsplit("/", 1)[-1])


def _concept(system: str, concept: Json) -> Json:
    return {"coding": [{"system": system, "code": concept["code"], "display": concept["display"]}]}


def coded(value_set: str, word: str = "", system: str = "") -> Json:
    """Return the first concept of a value set whose display holds the word, of that system when one is named."""
    return next(
        _concept(found, concept)
        for found, concept in _concepts(value_set)
        if word.casefold() in concept["display"].casefold() and system in found
    )


def graded(scale: str, number: int) -> Json:
    """Return the concept that has this number on a scale."""
    return next(_concept(system, concept) for system, concept in _concepts(scale) if _ordinal(concept) == number)


def _ordinal(concept: Json) -> float | None:
    found = (e["valueDecimal"] for e in concept.get("extension", ()) if e["url"] == ORDINAL_VALUE)
    return next(found, None)


def category(value_set: str, number: int = 0, system: str = ICD10_CM) -> Json:
    """Return the first, or the numbered, ICD-10 category of a value set under the URL of an edition of ICD-10."""
    codes = [f["value"] for i in _includes(value_set) for f in i.get("filter", ()) if f["op"] == "is-a"]
    return {"coding": [{"system": system, "code": codes[number]}]}


def enumerated(value_set: str, number: int = 0, system: str = ICD10_CM) -> Json:
    """Return one of the ICD-10 codes that a value set lists one by one."""
    codes = [concept["code"] for found, concept in _concepts(value_set) if found == ICD10_CM]
    return {"coding": [{"system": system, "code": codes[number]}]}
