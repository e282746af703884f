"""Checks of value sets: each is used, not empty, and says one thing in well-formed codes of known systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from mappings.kinds.base import Coded
from mappings.kinds.conditions import Condition
from mappings.kinds.medications import Allergy
from mappings.kinds.observations import Observation
from mappings.lint.problems import Check, Found, Severity, Subject, ValueSetFile
from mappings.recency import DEFAULT_RECENCY
from terminology.checkdigits import loinc_ok, snomed_ok
from terminology.codings import ICD10_DIALECTS, LOINC, RXNORM, SNOMED, Coding, canonical_system, normal_icd10
from terminology.units import ANALYTES
from terminology.valuesets import ValueSet

KNOWN_SYSTEMS = frozenset(
    {
        SNOMED,
        LOINC,
        RXNORM,
        *ICD10_DIALECTS,
        "http://terminology.hl7.org/CodeSystem/consentscope",
        "http://terminology.hl7.org/CodeSystem/v2-0487",
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "https://oncology-trial-cds.github.io/fhir/CodeSystem/concepts",
        "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-residualstatus",
    }
)
"""Code systems that a value set may use: a mistyped URL would match no patient, and nobody would notice."""

CHECK_DIGITS = {SNOMED: snomed_ok, LOINC: loinc_ok}


_LOOK_ALIKE = "its units or its recency tell it from what looks like it"
KEPT = {
    "cardiac-history-unclear": "what stands beside infarction, stroke and arrhythmia, and is in none of them",
    "chemoembolisation-liver": "what stands beside ablation and resection of the liver, and is neither",
    "ctdna-related": "what stands beside a ctDNA result, and is none",
    "liver-lesion": "what stands beside a metastasis of the liver, and is no proof of one",
}
"""Value sets that nothing reads, and why they are kept: their neighbours are held apart from them by a test."""


class Listed(NamedTuple):
    """A code or an ICD-10 category that a file itself lists, with its system as written and as known."""

    file: ValueSetFile
    written_system: str
    coding: Coding
    written_code: str
    category: bool

    def found(self, what: str) -> Found:
        """Return what was found at this code."""
        return Found(self.file.file, self.file.line_of(self.written_code), self.written_code, what)


def listed(file: ValueSetFile, *list_names: str) -> Iterator[Listed]:
    """Yield every concept and category of `include`, `exclude` or both, as the file lists them."""
    compose = file.resource.get("compose") or {}
    for list_name in list_names:
        for element in compose.get(list_name) or []:
            codes = [(concept["code"], False) for concept in element.get("concept") or []]
            codes += [(rule["value"], True) for rule in element.get("filter") or []]
            written = element.get("system") or ""
            system = canonical_system(written)
            for code, category in codes:
                normal = normal_icd10(code) if system in ICD10_DIALECTS else code
                yield Listed(file, written, Coding(system, normal), code, category)


def _all_listed(subject: Subject) -> Iterator[Listed]:
    for file in subject.value_sets:
        yield from listed(file, "include", "exclude")


def holds(value_set: ValueSet, coding: Coding) -> bool:
    """Whether a set holds a code, exclusions taken out."""
    if coding.system in ICD10_DIALECTS:
        return value_set.holds_icd10(coding.system, coding.code)
    return coding in value_set.codes and coding not in value_set.excluded


def shared_codes(first: ValueSet, second: ValueSet) -> list[Coding]:
    """Return the listed codes and categories that both sets hold."""
    candidates = first.named | second.named
    return sorted(coding for coding in candidates if holds(first, coding) and holds(second, coding))


def empty_value_sets(subject: Subject) -> Iterator[Found]:
    """A value set that holds no code once its exclusions are taken out, so that it never matches."""
    for value_set in subject.vocabulary.value_sets.values():
        if not any(holds(value_set, coding) for coding in value_set.named):
            yield Found(value_set.file, 1, value_set.name, "holds no code")


def unused_value_sets(subject: Subject) -> Iterator[Found]:
    """A value set that no criterion reads, no other set includes and no other set names as more general.

    One that has units or a recency of its own is known as a look-alike (an eGFR is no clearance): that is a note, and
    so is one of `KEPT`.
    """
    used = used_value_sets(subject)
    for value_set in subject.vocabulary.value_sets.values():
        if (name := value_set.name) not in used:
            why = KEPT.get(name) or (_LOOK_ALIKE if name in ANALYTES or name in DEFAULT_RECENCY else "")
            what = "is read by no criterion and by no other value set" + (f", but kept: {why}" if why else "")
            yield Found(value_set.file, 1, name, what, Severity.NOTE if why else None)


def used_value_sets(subject: Subject) -> frozenset[str]:
    """Return the names of the value sets that something reads."""
    sets = subject.vocabulary.value_sets
    by_url = {value_set.url: value_set.name for value_set in sets.values()}
    read = frozenset[str]().union(*(written.trial.value_sets for written in subject.all_written))
    general = {value_set.more_general for value_set in sets.values() if value_set.more_general}
    included = {by_url[url] for file in subject.value_sets for url in _included_urls(file) if url in by_url}
    return read | general | included


def _included_urls(file: ValueSetFile) -> Iterator[str]:
    compose = file.resource.get("compose") or {}
    for element in (*(compose.get("include") or []), *(compose.get("exclude") or [])):
        yield from (url.split("|")[0] for url in element.get("valueSet") or [])


def overlapping_value_sets(subject: Subject) -> Iterator[Found]:
    """Two value sets between which one statement must choose hold the same code."""
    sets = subject.vocabulary.value_sets
    for statement in subject.statements():
        for names in _choices(statement.kind):
            known = sorted(set(names) & sets.keys())
            for first, second in combinations(known, 2):
                if both := shared_codes(sets[first], sets[second]):
                    yield statement.found(f"'{first}' and '{second}' both hold {_shown(both)}")


def _choices(kind: object) -> Iterator[Iterable[str]]:
    """Yield the groups of value sets of a leaf in which a code should have one place only."""
    if isinstance(kind, Coded):
        none_known = kind.none_known if isinstance(kind, Allergy) else ()
        yield (*kind.value_set, *kind.only_at, *kind.too_general, *kind.judge, *kind.conflict, *none_known)
    if isinstance(kind, Observation):
        yield (*kind.answers.holds, *kind.answers.fails, *kind.answers.open)
    if isinstance(kind, Condition):
        yield (*kind.with_finding, *kind.against_finding)


def _shown(codings: list[Coding]) -> str:
    more = f" and {len(codings) - 3} more" if len(codings) > 3 else ""
    return ", ".join(coding.code for coding in codings[:3]) + more


def excluded_again(subject: Subject) -> Iterator[Found]:
    """A file lists a code that its own `exclude` takes out again."""
    by_file = {value_set.file: value_set for value_set in subject.vocabulary.value_sets.values()}
    for file in subject.value_sets:
        for one in listed(file, "include"):
            if file.file in by_file and not holds(by_file[file.file], one.coding):
                yield one.found("is listed and taken out again by `exclude`")


def wrong_check_digits(subject: Subject) -> Iterator[Found]:
    """A SNOMED CT or LOINC code whose check digit is wrong: it was mistyped."""
    for one in _all_listed(subject):
        well_formed = CHECK_DIGITS.get(one.coding.system)
        if well_formed is not None and not well_formed(one.coding.code):
            yield one.found("has a wrong check digit")


def unknown_code_systems(subject: Subject) -> Iterator[Found]:
    """A code of a system that nothing here knows."""
    for file in subject.value_sets:
        systems = {one.written_system for one in listed(file, "include", "exclude")}
        for system in sorted(s for s in systems if canonical_system(s) not in KNOWN_SYSTEMS):
            yield Found(file.file, file.line_of(system), system, "is no code system that is known here")


def category_and_subdivision(subject: Subject) -> Iterator[Found]:
    """A file lists an ICD-10 category and a subdivision that the category stands for already."""
    for file in subject.value_sets:
        for list_name in ("include", "exclude"):
            entries = [one for one in listed(file, list_name) if one.coding.system in ICD10_DIALECTS]
            categories = [one.coding for one in entries if one.category]
            for one in entries:
                if above := next((c for c in categories if _stands_for(c, one)), None):
                    yield one.found(f"is listed beside its category {above.code}, which stands for it already")


def _stands_for(category: Coding, one: Listed) -> bool:
    system, code = one.coding
    longer = code != category.code or not one.category
    return system == category.system and code.startswith(category.code) and longer


CHECKS = (
    Check("empty-value-set", empty_value_sets, "Add codes, or remove the value set and what names it"),
    Check(
        "unused-value-set",
        unused_value_sets,
        "Use it in a criterion, or remove the file",
        Severity.WARNING,
    ),
    Check(
        "overlapping-value-sets",
        overlapping_value_sets,
        "Let each code stand in one of them: exclude the one set from the other",
    ),
    Check("excluded-again", excluded_again, "Remove the code from `include` or from `exclude`"),
    Check("wrong-check-digit", wrong_check_digits, "Look the code up again; do not correct the digit by hand"),
    Check("unknown-code-system", unknown_code_systems, "Correct the URL, or add the system to KNOWN_SYSTEMS"),
    Check("category-and-subdivision", category_and_subdivision, "Remove the subdivision, or the category"),
)
"""The checks of this module."""
