"""Value sets: FHIR R4 ValueSet JSON, expanded before any patient is read.

Read from a ValueSet: `compose.include` and `compose.exclude` with `concept` (exactly that code), `valueSet`
(the union of other sets) and, for ICD-10, `filter` `concept is-a X` (the category X with all its longer codes);
`designation` (phrases by which a text says the concept); the extension ordinalValue (a concept's number on a
scale) and `MORE_GENERAL` (the set of codes broader than this one). Everything else in the resource is for people.

At run time the question "which value sets hold this code?" is one or two dictionary look-ups (`Vocabulary.sets_of`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from terminology.codings import (
    ALIASES,
    ICD10_CM,
    ICD10_DIALECTS,
    Coding,
    canonical_system,
    normal_icd10,
)
from terminology.errors import ContentError
from terminology.resources import Folder, Needed, Place, Resource, read_folder

MORE_GENERAL = "https://oncology-trial-cds.github.io/fhir/StructureDefinition/more-general"
ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
CONCEPT = {
    "code": Needed(str),
    "display": str,
    "designation": [{"value": Needed(str)}],
    "extension": [{"url": str, "valueDecimal": Decimal}],
}
ELEMENT = {
    "system": str,
    "valueSet": [str],
    "concept": [CONCEPT],
    "filter": [{"property": str, "op": str, "value": Needed(str)}],
}
SHAPE = {
    "url": str,
    "title": str,
    "version": str,
    "compose": {"include": [ELEMENT], "exclude": [ELEMENT]},
    "extension": [{"url": str, "valueCanonical": str}],
}
"""What is read of a ValueSet."""

WHO_LEVEL = 4
"""ICD-10 editions agree on codes of at most this many characters (without the dot)."""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One clinical thing as a set of codes.

    name: the file's name without `.json`, as criteria cite it. codes: enumerated, ICD-10 included in its dotless form.
    categories: ICD-10 categories (dotless) that stand for every longer code too; `excluded*` are taken out at the end.
    narrowed, spared: sets taken in, or taken out, that exclude something themselves: they are asked as they are.
    phrases: case-folded texts that say it. ordinals: a concept's number on a scale, by code and by phrase.
    more_general: name of the set with broader codes.
    """

    name: str
    url: str
    title: str
    version: str
    file: str
    codes: frozenset[Coding]
    categories: frozenset[Coding] = frozenset()
    excluded: frozenset[Coding] = frozenset()
    excluded_categories: frozenset[Coding] = frozenset()
    narrowed: tuple[ValueSet, ...] = ()
    spared: tuple[ValueSet, ...] = ()
    phrases: frozenset[str] = frozenset()
    ordinals: Mapping[Coding | str, Decimal] = field(default_factory=dict)
    displays: Mapping[Coding, str] = field(default_factory=dict)
    more_general: str | None = None

    def holds_icd10(self, dialect: str, code: str) -> bool:
        """Whether the set holds this dotless ICD-10 code of this edition."""
        inside = _stands_for(code, dialect, self.codes, self.categories)
        if not inside and not any(each.holds_icd10(dialect, code) for each in self.narrowed):
            return False
        outside = _stands_for(code, dialect, self.excluded, self.excluded_categories)
        return not outside and not any(each.holds_icd10(dialect, code) for each in self.spared)

    @property
    def named(self) -> frozenset[Coding]:
        """Every code and category that it, or a set in it, takes in before anything is taken out."""
        return (self.codes | self.categories).union(*(each.named for each in self.narrowed))

    @property
    def excludes(self) -> bool:
        """Whether something is taken out of it, so that its parts alone do not say what it holds."""
        return bool(self.excluded or self.excluded_categories or self.narrowed or self.spared)


def _stands_for(code: str, dialect: str, exact: frozenset[Coding], categories: frozenset[Coding]) -> bool:
    if Coding(dialect, code) in exact or (len(code) <= WHO_LEVEL and Coding(ICD10_CM, code) in exact):
        return True
    for length in range(3, len(code) + 1):
        prefix = code[:length]
        if Coding(dialect, prefix) in categories:
            return True
        if length <= WHO_LEVEL and Coding(ICD10_CM, prefix) in categories:
            return True
    return False


class Icd10Codes:
    """Which value sets hold an ICD-10 code of one edition; answers are remembered (a bounded number of them)."""

    def __init__(self, dialect: str, value_sets: tuple[ValueSet, ...]) -> None:
        self._dialect, self._value_sets = dialect, value_sets
        self._mapped: dict[str, frozenset[str]] = {}
        self.get = functools.lru_cache(maxsize=8192)(self._find)

    def add(self, code: str, names: Iterable[str]) -> None:
        """Let a code, that code alone, be in more value sets (a site's ConceptMaps)."""
        normal = normal_icd10(code)
        self._mapped[normal] = self._mapped.get(normal, frozenset()).union(names)
        self.get.cache_clear()

    def _find(self, code: str) -> tuple[str, ...]:
        normal = normal_icd10(code)
        held = tuple(s.name for s in self._value_sets if s.holds_icd10(self._dialect, normal))
        return tuple(sorted({*held, *mapped})) if (mapped := self._mapped.get(normal)) else held


class Vocabulary:
    """All value sets, indexed once: code -> names of the value sets that hold it."""

    def __init__(self, value_sets: Mapping[str, ValueSet], maps: Mapping[Coding, tuple[Coding, ...]] | None = None):
        self.value_sets, self.maps = value_sets, maps or {}
        self._by_system: dict[str, dict[str, tuple[str, ...]] | Icd10Codes] = {}
        self._index_codes()
        self._index_icd10()
        self._index_aliases()
        self._index_maps(self.maps)
        plain = [codes for codes in self._by_system.values() if isinstance(codes, dict)]
        self._codes = frozenset(code for codes in plain for code in codes)
        self._open_systems = frozenset(s for s, codes in self._by_system.items() if isinstance(codes, Icd10Codes))
        self._by_phrase = _by_phrase(value_sets.values())
        self._more_general: dict[tuple[str, ...], frozenset[str]] = {}

    def narrowed(self, names: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of these value sets and those more general: what nobody asks for is not looked up."""
        wanted = set(names)
        wanted |= {broader for name in wanted if (broader := self.value_sets[name].more_general)}
        return Vocabulary({name: s for name, s in self.value_sets.items() if name in wanted}, self.maps)

    def sets_of(self, system: str | None, code: str | None) -> tuple[str, ...]:
        """Return the names of the value sets that hold this code; none when either part is missing."""
        if not system or not code:
            return ()
        codes = self._by_system.get(system)
        if codes is None and (canonical := canonical_system(system)) != system:
            codes = self._by_system.get(canonical)
        return (codes.get(code) or ()) if codes is not None else ()

    def may_ask(self, system: str | None, code: str | None) -> bool:
        """Whether a code may be in some value set: a cheap first look that never misses one."""
        return code in self._codes or (system in self._open_systems and bool(code))

    def knows(self, system: str | None) -> bool:
        """Whether some value set holds codes of this system."""
        return system is not None and (system in self._by_system or canonical_system(system) in self._by_system)

    def display(self, system: str | None, code: str | None) -> str | None:
        """Return what a value set that holds this code calls it."""
        coding = Coding(canonical_system(system or ""), code or "")
        names = (self.value_sets[name].displays.get(coding) for name in self.sets_of(system, code))
        return next((name for name in names if name), None)

    def sets_of_phrase(self, text: str) -> tuple[str, ...]:
        """Return the names of the value sets one of whose listed phrases is the whole of this text."""
        return self._by_phrase.get(normal_phrase(text), ())

    def ordinal(self, name: str, value: Coding | str) -> Decimal | None:
        """Return a concept's number on the scale `name`, given its code or a phrase; None when it is not on it."""
        key = normal_phrase(value) if isinstance(value, str) else Coding(canonical_system(value.system), value.code)
        return self.value_sets[name].ordinals.get(key)

    def more_general(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the value sets whose codes are broader than those of `names`."""
        found = self._more_general.get(names)
        if found is None:
            broader = (self.value_sets[name].more_general for name in names)
            found = self._more_general[names] = frozenset(name for name in broader if name)
        return found

    def title(self, name: str) -> str:
        """Return what a value set is called on a card."""
        return self.value_sets[name].title

    def _index_codes(self) -> None:
        found: dict[str, dict[str, list[str]]] = {}
        for value_set in self.value_sets.values():
            for system, code in value_set.codes - value_set.excluded:
                if system not in ICD10_DIALECTS:
                    found.setdefault(system, {}).setdefault(code, []).append(value_set.name)
        for system, codes in found.items():
            self._by_system[system] = {code: tuple(sorted(names)) for code, names in codes.items()}

    def _index_icd10(self) -> None:
        used = tuple(sorted((s for s in self.value_sets.values() if _uses_icd10(s)), key=lambda s: s.name))
        for dialect in ICD10_DIALECTS:
            self._by_system[dialect] = Icd10Codes(dialect, used)

    def _index_aliases(self) -> None:
        for alias, system in ALIASES.items():
            if system in self._by_system:
                self._by_system[alias] = self._by_system[system]

    def _index_maps(self, maps: Mapping[Coding, tuple[Coding, ...]]) -> None:
        """Let a local code stand for the codes it is mapped to (a site's ConceptMaps), not for what these map to."""
        stands_for = {local: {n for each in targets for n in self.sets_of(*each)} for local, targets in maps.items()}
        for local, names in stands_for.items():
            codes = self._by_system.setdefault(local.system, {})
            if isinstance(codes, dict):
                codes[local.code] = tuple(sorted({*codes.get(local.code, ()), *names}))
            else:
                codes.add(local.code, names)


def _uses_icd10(value_set: ValueSet) -> bool:
    return any(system in ICD10_DIALECTS for system, _ in value_set.named)


def normal_phrase(text: str) -> str:
    """Return a text as phrases are compared: case-folded, single spaces, no closing full stop."""
    return " ".join(text.casefold().split()).rstrip(".。")


def _by_phrase(value_sets: Iterable[ValueSet]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for value_set in value_sets:
        for phrase in value_set.phrases:
            found.setdefault(phrase, []).append(value_set.name)
    return {phrase: tuple(sorted(names)) for phrase, names in found.items()}


def load_value_sets(*folders: Folder) -> dict[str, ValueSet]:
    """Read every `*.json` of the folders; a later folder's set replaces one of the same url, and is called the same.

    Raises ContentError: not JSON, not a ValueSet or not of its shape, an unknown or circular `valueSet`, a filter that
    is not `is-a`, two files of one folder with one url.
    """
    drafts: dict[str, _Draft] = {}
    for folder in folders:
        drafts |= _drafts(folder, drafts)
    return {s.name: s for s in (_expand(drafts, url, ()) for url in drafts)}


def _drafts(folder: Folder, before: Mapping[str, _Draft]) -> dict[str, _Draft]:
    """Return a folder's ValueSets by url. before: those of the folders before it, which they may replace."""
    found: dict[str, _Draft] = {}
    for resource in read_folder(folder, "ValueSet", SHAPE):
        draft = _Draft(resource)
        if draft.url in found:
            raise draft.fail(("url",), f"{found[draft.url].file} has the same url")
        if draft.url in before and before[draft.url].name != draft.name:
            name = before[draft.url].name
            raise draft.fail(("url",), f"the file replaces {name}, whose url it has, and must be called {name}.json")
        found[draft.url] = draft
    return found


class _Draft:
    """A ValueSet resource as read, before other sets are filled in."""

    def __init__(self, source: Resource) -> None:
        self.source, self.file, self.resource = source, source.file, source.content
        self.url: str = self.resource.get("url") or f"urn:file:{self.file}"
        self.name = self.file.removesuffix(".json")

    def fail(self, place: Place, what: str) -> ContentError:
        return self.source.error(place, what)


@dataclass(slots=True)
class _Parts:
    """What one `include` or `exclude` list adds up to."""

    codes: set[Coding] = field(default_factory=set)
    categories: set[Coding] = field(default_factory=set)
    narrowed: list[ValueSet] = field(default_factory=list)
    phrases: set[str] = field(default_factory=set)
    ordinals: dict[Coding | str, Decimal] = field(default_factory=dict)
    displays: dict[Coding, str] = field(default_factory=dict)


def _expand(drafts: Mapping[str, _Draft], url: str, path: tuple[str, ...]) -> ValueSet:
    draft = drafts[url]
    if url in path:
        raise draft.fail(("compose",), "includes itself through " + " > ".join(path))
    compose = draft.resource.get("compose") or {}
    included, excluded = _Parts(), _Parts()
    for parts, name in ((included, "include"), (excluded, "exclude")):
        for index, element in enumerate(compose.get(name) or []):
            _add(parts, element, draft, ("compose", name, index), drafts, (*path, url))
    return ValueSet(
        name=draft.name,
        url=url,
        title=draft.resource.get("title") or draft.name,
        version=draft.resource.get("version") or "",
        file=draft.file,
        codes=frozenset(included.codes),
        categories=frozenset(included.categories),
        excluded=frozenset(excluded.codes),
        excluded_categories=frozenset(excluded.categories),
        narrowed=tuple(included.narrowed),
        spared=tuple(excluded.narrowed),
        phrases=frozenset(included.phrases),
        ordinals=included.ordinals,
        displays=included.displays,
        more_general=_more_general(draft, drafts),
    )


def _add(
    parts: _Parts,
    element: dict[str, Any],
    draft: _Draft,
    place: Place,
    drafts: Mapping[str, _Draft],
    path: tuple[str, ...],
) -> None:
    for url in element.get("valueSet") or []:
        if url.split("|")[0] not in drafts:
            raise draft.fail((*place, "valueSet"), f"includes the unknown value set {url}")
        _add_set(parts, _expand(drafts, url.split("|")[0], path))
    system = canonical_system(element.get("system") or "")
    for index, concept in enumerate(element.get("concept") or []):
        if (ordinal := _extension(concept, ORDINAL_VALUE)) is not None and ordinal.get("valueDecimal") is None:
            raise draft.fail((*place, "concept", index, "extension"), "ordinalValue needs `valueDecimal`")
        _add_concept(parts, system, concept)
    for index, rule in enumerate(element.get("filter") or []):
        if system not in ICD10_DIALECTS or rule.get("op") != "is-a" or rule.get("property") != "concept":
            raise draft.fail((*place, "filter", index), "only `concept is-a` of ICD-10 can be expanded here")
        parts.categories.add(Coding(system, normal_icd10(rule["value"])))
    if not element.keys() & {"valueSet", "concept", "filter"}:
        raise draft.fail(place, f"an include of the whole of {system or 'nothing'} cannot be expanded here")


def _add_set(parts: _Parts, value_set: ValueSet) -> None:
    if value_set.excludes:
        plain = (c for c in value_set.codes - value_set.excluded if c.system not in ICD10_DIALECTS)
        parts.codes |= set(plain)
        parts.narrowed.append(value_set)
    else:
        parts.codes |= value_set.codes
        parts.categories |= value_set.categories
    parts.phrases |= value_set.phrases
    parts.ordinals |= value_set.ordinals
    parts.displays |= value_set.displays


def _add_concept(parts: _Parts, system: str, concept: dict[str, Any]) -> None:
    code = normal_icd10(concept["code"]) if system in ICD10_DIALECTS else concept["code"]
    coding = Coding(system, code)
    phrases = {normal_phrase(d["value"]) for d in concept.get("designation") or []}
    parts.codes.add(coding)
    parts.phrases |= phrases
    parts.displays[coding] = concept.get("display") or ""
    ordinal = _extension(concept, ORDINAL_VALUE)
    if ordinal is not None:
        number = Decimal(ordinal["valueDecimal"])
        parts.ordinals |= dict.fromkeys((coding, *phrases), number)


def _extension(element: dict[str, Any], url: str) -> dict[str, Any] | None:
    return next((e for e in element.get("extension") or [] if e.get("url") == url), None)


def _more_general(draft: _Draft, drafts: Mapping[str, _Draft]) -> str | None:
    extension = _extension(draft.resource, MORE_GENERAL)
    if extension is None:
        return None
    url = extension.get("valueCanonical", "")
    if url not in drafts:
        raise draft.fail(("extension",), f"more-general names the unknown value set {url}")
    return drafts[url].name
