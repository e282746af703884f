"""ConceptMaps: a hospital's local codes and the standard codes they stand for (FHIR R4 ConceptMap JSON)."""

from __future__ import annotations

from collections.abc import Iterator

from terminology.codings import Coding, canonical_system
from terminology.resources import Folder, Resource, read_folder

MEANS = frozenset({"equal", "equivalent", "wider", "subsumes"})
"""Equivalences by which a local code may count as its target: the target says no more than the local code.

A target that is narrower than the local code, or only related, would claim more than was recorded.
"""

MAPPED = {"code": str, "equivalence": str}
SHAPE = {"group": [{"source": str, "target": str, "element": [{"code": str, "target": [MAPPED]}]}]}
"""What is read of a ConceptMap."""


def load_concept_maps(*folders: Folder) -> dict[Coding, tuple[Coding, ...]]:
    """Return local code -> standard codes from every `*.json` of the folders.

    Raises ContentError: not JSON, not a ConceptMap or not of its shape, a group without source or target system.
    """
    found: dict[Coding, tuple[Coding, ...]] = {}
    for folder in folders:
        for resource in read_folder(folder, "ConceptMap", SHAPE):
            for local, target in _pairs(resource):
                found[local] = (*found.get(local, ()), target)
    return found


def _pairs(resource: Resource) -> Iterator[tuple[Coding, Coding]]:
    for index, group in enumerate(resource.content.get("group") or []):
        source, target = group.get("source"), group.get("target")
        if not source or not target:
            raise resource.error(("group", index), "needs both source and target (code system URLs)")
        for element in group.get("element") or []:
            for mapped in element.get("target") or []:
                if mapped.get("equivalence") in MEANS and element.get("code") and mapped.get("code"):
                    yield (
                        Coding(canonical_system(source), element["code"]),
                        Coding(canonical_system(target), mapped["code"]),
                    )
