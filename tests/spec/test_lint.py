"""Every check of the linter finds its fault, with file, line and criterion, and is silent on the next best content.

An example is the smallest content that has the fault, beside content that differs in nothing else. Value sets of the
same name as an analyte are invented here, like all codes but those of the checks that are about codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mappings.lint import CHECKS, Problem, Severity, Subject, coverage, lint, read_subject
from mappings.lint.content import KEPT
from mappings.lint.coverage import criteria_lines
from mappings.lint.logic import WITHOUT_EFFECT
from mappings.lint.quoted import periods, quoted
from mappings.lint.reading import UNREADABLE, read_trials, texts, value_set_files
from mappings.trials import AtSite, Criterion, SiteTrial, load_trigger
from mappings.yaml_content import read_yaml
from terminology.valuesets import Vocabulary, load_value_sets

BASE = "https://example.org/ValueSet/"
SYSTEM = "urn:example:codes"
SNOMED, LOINC, CM = "http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/icd-10-cm"
PLATELETS = "777-3"
LIVER_METASTASIS = "94381002"

URL = 'url: "https://clinicaltrials.gov/study/NCT00000001", '
TRIAL = f"""\
id: NCT00000001
short_title: a trial
title: A trial
registry: {{name: a registry, {URL}status: recruiting, as_of: 2026-01-01, source: here}}
source_text: trial.txt
anchors: [I1]
"""
EVENTS = """\
events:
  operation: {name: operation, value_set: resection}
"""
CANCER = "I1 | Cancer | {kind: condition, value_set: cancer}"

Json = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """Content to be linted.

    criteria: one line each, `id | text | when | reading`, after an I1 that is never at fault. trial: what replaces the
    trial's head. sets: compose of value sets; those that the criteria name are made up. source: what replaces a source
    that holds just the criteria. as_source: the criteria's `source`. site: rules that a site adds, as `criteria` are;
    settings: what else stands in its file.
    """

    criteria: str = ""
    trial: str = TRIAL
    sets: Mapping[str, Json] = field(default_factory=dict)
    source: str | None = None
    as_source: str = "seed"
    trigger: str | None = None
    site: str = ""
    settings: str = ""


def concepts(system: str, *codes: str) -> Json:
    """Return an element of `include` or `exclude` that lists codes one by one."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def category(code: str) -> Json:
    """Return an element that stands for an ICD-10 category."""
    return {"system": CM, "filter": [{"property": "concept", "op": "is-a", "value": code}]}


def include(*elements: Json, exclude: tuple[Json, ...] = ()) -> Json:
    """Return a compose."""
    return {"include": list(elements), "exclude": list(exclude)}


def mistyped(code: str) -> str:
    """Return the code with another last digit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def criterion_yaml(line: str, source: str) -> str:
    """Return one criterion as YAML."""
    id_, text, when, *readings = (cell.strip() for cell in line.split(" | "))
    role = "inclusion" if id_[0] in "ID" else "exclusion"
    written = f"    text: |-\n      {text}\n" if text != "-" else ""
    read = "".join(f"    readings: ['{reading}']\n" for reading in readings)
    return f"  - id: {id_}\n    role: {role}\n    source: {source}\n{written}{read}    when: {when}\n"


def lines_of(content: Content) -> list[str]:
    """Return the criteria of the content, the first one included."""
    return [line for line in (CANCER, *content.criteria.splitlines()) if line.strip()]


def source_of(content: Content) -> str:
    """Return a source that prints just the criteria."""
    found = []
    for letter, heading in (("I", "Inclusion criteria"), ("E", "Exclusion criteria")):
        own = [line.split(" | ")[1] for line in lines_of(content) if line.strip().startswith(letter)]
        found += [heading, *(f"{number}. {text}" for number, text in enumerate(own, start=1)), ""]
    return "\n".join(found)


def write(folder: Path, content: Content) -> None:
    """Write the content's trial and its source into an empty folder."""
    criteria = "".join(criterion_yaml(line, content.as_source) for line in lines_of(content))
    (folder / "trial.yaml").write_text(f"{content.trial}criteria:\n{criteria}", encoding="utf-8")
    source = source_of(content) if content.source is None else content.source
    (folder / "trial.txt").write_text(source, encoding="utf-8")


def site_file(folder: Path, content: Content) -> AtSite:
    """Write a site's file with the content's rules and settings beside the trial, and return what it says."""
    rules = "".join(criterion_yaml(line, "site") for line in content.site.splitlines())
    indented = "".join(f"    {line}\n" for line in f"rules:\n{rules}".splitlines())
    (folder / "site").write_text(f"{content.settings}\ntrials:\n  NCT00000001:\n{indented}", encoding="utf-8")
    document = read_yaml(folder / "site")
    written = document.content["trials"]["NCT00000001"]["rules"] or []
    recency, limits = (document.content.get(part, {}) for part in ("recency", "upper_limits"))
    return AtSite({"NCT00000001": SiteTrial.model_validate({"rules": written})}, document, recency, limits)


def write_value_sets(folder: Path, content: Content, criteria: Iterable[Criterion]) -> None:
    """Write the content's value sets, and one invented code for each other set that a criterion names."""
    named = {name for criterion in criteria for name in criterion.when.value_sets()}
    composes = {name: include(concepts(SYSTEM, name)) for name in named} | dict(content.sets)
    for name, compose in composes.items():
        resource = {"resourceType": "ValueSet", "url": BASE + name, "compose": compose}
        (folder / f"{name}.json").write_text(json.dumps(resource, indent=1), encoding="utf-8")


def subject_of(folder: Path, content: Content) -> Subject:
    """Return the content, written to files and read again."""
    write(folder, content)
    problems: list[Problem] = []
    written = tuple(read_trials([folder], problems))
    assert not problems, problems
    site = site_file(folder, content)
    sets = folder / "sets"
    sets.mkdir()
    write_value_sets(sets, content, [*written[0].trial.criteria, *site.trials["NCT00000001"].rules])
    (folder / "trigger").write_text(content.trigger or "", encoding="utf-8")
    return Subject(
        written=written,
        vocabulary=Vocabulary(load_value_sets(sets)),
        triggers=(load_trigger(folder / "trigger"),) if content.trigger else (),
        value_sets=value_set_files([sets]),
        sources=texts([folder]),
        site=site,
    )


def measured(value_set: str, limit: str) -> str:
    """Return the statement of one measured limit."""
    return f"{{kind: measured, value_set: {value_set}, {limit}}}"


def in_trial(statement: str, *, text: str = "Text") -> Content:
    """Return a trial with one more inclusion, and with an event that it may name."""
    return Content(f"I2 | {text} | {statement}", trial=TRIAL + EVENTS)


HB8, HB10 = "above: 8, unit: g/dL", "above: 10, unit: g/dL"
COND = "{kind: condition, value_set: metastasis}"
RESECTED = "{kind: procedure, value_set: resection}"
FREE = "answers: {{holds: free}}"
MARGIN = "{{kind: observation, value_set: margin, of: {{event: operation, site: liver, days: {days}}}, " + FREE + "}}"
REVIEW = TRIAL + "review_only: true\nexclusions_in_source: false\n"
TRIGGER = """\
id: a-trigger
title: A trigger
trial: NCT00000001
requires: [I1]
operation: I1
sample: I1
suggests: something
"""
LOW = "E1 | Platelets <50 10*9/L | {kind: measured, value_set: platelets, below: 50, unit: 10*9/L}"
HIGH = "I2 | Platelets >50 10*9/L | {kind: measured, value_set: platelets, above: 50, unit: 10*9/L}"
LIMITED = "I2 | Platelets ≥50 10*9/L | {kind: measured, value_set: platelets, at_least: 50, unit: 10*9/L}"

WINDOW, LIMIT = "recency: {platelets: 3 days}", "upper_limits: {inr: {value: 1.2, unit: '1'}}"
EMPTY, CLASH = ["empty-range"], ["contradiction"]
WORDS = {"above": "more than", "at_least": "at least", "below": "less than", "at_most": "at most"}


def at_site(limit: str, id_: str = "I90") -> str:
    """Return a site's rule about platelets, in words that say the limit."""
    name, number = limit.split(",")[0].split(": ")
    return f"{id_} | {WORDS[name]} {number} | {measured('platelets', limit)}"


EXAMPLES: dict[str, list[tuple[Content, Content]]] = {
    # --- content: (passes, fails) ---
    "empty-value-set": [
        (Content(), Content(sets={"cancer": include()})),
        (
            Content(sets={"cancer": include(category("C78"), exclude=(category("C78.7"),))}),
            Content(sets={"cancer": include(category("C78.7"), exclude=(category("C78"),))}),
        ),
    ],
    "unused-value-set": [
        (in_trial(COND), Content(sets={"metastasis": include(concepts(SYSTEM, "a"))})),
        (
            Content(
                sets={
                    "part": include(concepts(SYSTEM, "a")),
                    "cancer": include({"valueSet": [BASE + "part"]}),
                }
            ),
            Content(sets={"part": include(concepts(SYSTEM, "a")), "cancer": include(concepts(SYSTEM, "a"))}),
        ),
    ],
    "overlapping-value-sets": [
        (
            in_trial("{kind: condition, value_set: metastasis, judge: doubt}"),
            Content(
                "I2 | Text | {kind: condition, value_set: metastasis, judge: doubt}",
                sets={"metastasis": include(concepts(SYSTEM, "a")), "doubt": include(concepts(SYSTEM, "a", "b"))},
            ),
        ),
        (
            Content(
                "I2 | Text | {kind: observation, value_set: test, answers: {holds: yes-set, fails: no-set}}",
                sets={
                    "yes-set": include(category("C78"), exclude=(category("C78.7"),)),
                    "no-set": include(category("C78.7")),
                },
            ),
            Content(
                "I2 | Text | {kind: observation, value_set: test, answers: {holds: yes-set, fails: no-set}}",
                sets={"yes-set": include(category("C78")), "no-set": include(category("C78.7"))},
            ),
        ),
    ],
    "excluded-again": [
        (
            Content(sets={"cancer": include(concepts(SYSTEM, "a"), exclude=(concepts(SYSTEM, "b"),))}),
            Content(sets={"cancer": include(concepts(SYSTEM, "a", "b"), exclude=(concepts(SYSTEM, "b"),))}),
        ),
        (
            Content(sets={"cancer": include(category("C78"), exclude=(category("C78.7"),))}),
            Content(sets={"cancer": include(concepts(CM, "C78.7"), exclude=(category("C78"),))}),
        ),
    ],
    "wrong-check-digit": [
        (
            Content(sets={"cancer": include(concepts(SNOMED, LIVER_METASTASIS))}),
            Content(sets={"cancer": include(concepts(SNOMED, mistyped(LIVER_METASTASIS)))}),
        ),
        (
            Content(sets={"cancer": include(concepts(LOINC, PLATELETS))}),
            Content(sets={"cancer": include(concepts(LOINC, mistyped(PLATELETS)))}),
        ),
    ],
    "unknown-code-system": [
        (
            Content(sets={"cancer": include(concepts(LOINC, PLATELETS))}),
            Content(sets={"cancer": include(concepts(LOINC + "/", PLATELETS))}),
        ),
    ],
    "category-and-subdivision": [
        (
            Content(sets={"cancer": include(category("C78.7"), concepts(CM, "C78.0"))}),
            Content(sets={"cancer": include(category("C78"), concepts(CM, "C78.0"))}),
        ),
        (
            Content(sets={"cancer": include(category("C78.0"), category("C78.7"))}),
            Content(sets={"cancer": include(category("C78"), category("C78.7"))}),
        ),
    ],
    # --- logic ---
    "contradiction": [
        (
            in_trial(
                f"{{all_of: [{measured('haemoglobin', HB8)}, {measured('haemoglobin', 'below: 10, unit: g/dL')}]}}"
            ),
            in_trial(
                f"{{all_of: [{measured('haemoglobin', HB10)}, {measured('haemoglobin', 'below: 80, unit: g/L')}]}}"
            ),
        ),
        (
            in_trial(f"{{all_of: [{COND}, {{not: {{kind: condition, value_set: other}}}}]}}"),
            in_trial(f"{{all_of: [{COND}, {{not: {COND}}}]}}"),
        ),
        (
            Content("I2 | A | {kind: age, at_least: 18}\nI3 | B | {kind: age, at_most: 75}"),
            Content("I2 | A | {kind: age, at_least: 75}\nI3 | B | {kind: age, at_most: 18}"),
        ),
    ],
    "included-and-excluded": [
        (Content(f"I2 | A | {COND}\nE1 | B | {{not: {COND}}}"), Content(f"I2 | A | {COND}\nE1 | B | {COND}")),
        (
            Content(f"I2 | A | {COND}\nE1 | B | {{any_of: [{{kind: human}}, {{kind: sex, is: male}}]}}"),
            Content(f"I2 | A | {COND}\nE1 | B | {{any_of: [{{kind: human}}, {COND}]}}"),
        ),
    ],
    "duplicate-criteria": [
        (
            Content(f"I2 | A | {COND}\nI3 | B | {{kind: condition, value_set: metastasis, judge: doubt}}"),
            Content(f"I2 | A | {COND}\nI3 | B | {{kind: condition, value_set: metastasis, label: the same}}"),
        ),
        (
            Content(f"I2 | A | {COND}\nE1 | B | {{kind: condition, value_set: other}}"),
            Content(f"I2 | A | {{not: {COND}}}\nE1 | B | {COND}"),
        ),
        (in_trial(f"{{any_of: [{COND}, {{kind: human}}]}}"), in_trial(f"{{any_of: [{COND}, {COND}]}}")),
        (
            Content("I2 | A | {kind: human}\nI3 | B | {kind: human}"),
            Content("I2 | A | {kind: sex, is: male}\nI3 | B | {kind: sex, is: male}"),
        ),
    ],
    "never-decides": [
        (in_trial("{kind: condition, judge: doubt, absence: ask}"), in_trial("{kind: condition, absence: ask}")),
        (in_trial("{kind: condition, judge: doubt, absence: ask}"), in_trial("{kind: condition, judge: doubt}")),
        (
            in_trial("{kind: condition, only_at: {metastasis: liver}, not_at: lung}"),
            in_trial("{kind: condition, only_at: {metastasis: liver}, not_at: liver}"),
        ),
        (in_trial(f"{{any_of: [{{kind: human}}, {COND}]}}"), in_trial("{any_of: [{kind: human}, {kind: human}]}")),
    ],
    "always-true": [
        (in_trial("{kind: age, at_least: 18}"), in_trial("{kind: age}")),
        (in_trial("{kind: age, at_least: 0, at_most: 75}"), in_trial("{kind: age, at_least: 0}")),
        (in_trial(measured("haemoglobin", HB8)), in_trial(measured("haemoglobin", "unit: g/dL"))),
        (
            in_trial(f"{{any_of: [{measured('inr', 'above: 2')}, {measured('inr', 'below: 2')}]}}"),
            in_trial(f"{{any_of: [{measured('inr', 'above: 2')}, {measured('inr', 'at_most: 2')}]}}"),
        ),
        (
            in_trial(f"{{any_of: [{COND}, {{not: {{kind: condition, value_set: other}}}}]}}"),
            in_trial(f"{{any_of: [{COND}, {{not: {COND}}}]}}"),
        ),
    ],
    "overlapping-thresholds": [
        (Content(f"{HIGH.replace('50', '75')}\n{LOW}"), Content(f"{HIGH}\n{LOW}")),
        (Content(f"{HIGH.replace('50', '75')}\n{LOW}"), Content(f"{HIGH.replace('50', '25')}\n{LOW}")),
        (Content(LIMITED), Content(f"{LIMITED}\n{LOW}")),
        (
            Content(f"{LOW.replace('50', '25')}\n{HIGH}"),
            Content(f"{HIGH}\nE1 | Platelets <75000 /uL | {measured('platelets', 'below: 75000, unit: /uL')}"),
        ),
    ],
    "at-least-too-many": [
        (
            in_trial(f"{{at_least: 2, of: [{COND}, {{kind: human}}]}}"),
            in_trial(f"{{at_least: 3, of: [{COND}, {{kind: human}}]}}"),
        ),
    ],
    "single-child": [
        (in_trial(f"{{all_of: [{COND}, {{kind: human}}]}}"), in_trial(f"{{all_of: [{COND}]}}")),
        (in_trial(f"{{not: {COND}}}"), in_trial(f"{{not: {{not: {COND}}}}}")),
        (in_trial(f"{{at_least: 1, of: [{COND}, {{kind: human}}]}}"), in_trial(f"{{at_least: 1, of: [{COND}]}}")),
    ],
    "if-without-effect": [
        (in_trial(f"{{if: {COND}, then: {{kind: human}}}}"), in_trial(f"{{if: {COND}, then: {COND}}}")),
        (in_trial(f"{{if: {COND}, then: {{kind: human}}}}"), in_trial(f"{{if: {{kind: human}}, then: {COND}}}")),
        (in_trial(f"{{if: {COND}, then: {{kind: human}}}}"), in_trial(f"{{if: {{kind: age}}, then: {COND}}}")),
        (
            in_trial(f"{{if: {COND}, then: {{not: {{kind: human}}}}}}"),
            in_trial(f"{{if: {COND}, then: {{not: {COND}}}}}"),
        ),
        (
            in_trial("{if: {kind: age, at_least: 18}, then: {kind: age, at_most: 75}}"),
            in_trial("{if: {kind: age, at_least: 75}, then: {kind: age, at_least: 18}}"),
        ),
    ],
    "field-without-effect": [
        (
            in_trial("{kind: medication, value_set: drug, absence: ask}"),
            in_trial("{kind: medication, value_set: drug, judge: doubt}"),
        ),
        (
            in_trial("{kind: allergy, value_set: drug, judge: doubt, too_general: any-drug}"),
            in_trial("{kind: allergy, value_set: drug, conflict: doubt}"),
        ),
        (
            in_trial("{kind: specimen, value_set: tumour, supported_by: resection}"),
            in_trial("{kind: specimen, value_set: tumour, absence: presume-absent}"),
        ),
        (
            in_trial("{not: {kind: condition, value_set: tumour, not_at: liver}}"),
            in_trial("{not: {kind: medication, value_set: drug, not_at: liver}}"),
        ),
    ],
    # --- values and time ---
    "missing-unit": [
        (in_trial(measured("haemoglobin", HB8)), in_trial(measured("haemoglobin", "above: 8"))),
        (in_trial(measured("inr", "above: 2")), in_trial(measured("prothrombin-activity", "above: 50"))),
        (
            in_trial("{kind: lesions, site: liver, value_set: tumour-size, count_at_least: 2}"),
            in_trial("{kind: lesions, site: liver, value_set: tumour-size, below: 50}"),
        ),
    ],
    "wrong-dimension": [
        (in_trial(measured("haemoglobin", HB8)), in_trial(measured("haemoglobin", "above: 8, unit: mmol/L"))),
        (
            in_trial(measured("[bilirubin-total, bilirubin-direct]", "above: 3, unit: mg/dL")),
            in_trial(measured("[bilirubin-total, inr]", "above: 3, unit: mg/dL")),
        ),
    ],
    "not-convertible": [
        (in_trial(measured("haemoglobin", HB8)), in_trial(measured("haemoglobin", "above: 8, unit: spoons"))),
        (in_trial(measured("haemoglobin", HB8)), in_trial(measured("some-marker", "above: 8, unit: g/dL"))),
        (in_trial(measured("asa-class", "below: 4, scale: classes")), in_trial(measured("some-marker", "below: 4"))),
        (
            in_trial(measured("body-temperature", 'above: 101, unit: "[degF]", rounded: {value: 38.3, unit: Cel}')),
            in_trial(measured("body-temperature", 'above: 101, unit: "[degF]", rounded: {value: 38.3, unit: C}')),
        ),
    ],
    "empty-range": [
        (in_trial("{kind: age, at_least: 18, at_most: 18}"), in_trial("{kind: age, at_least: 19, at_most: 18}")),
        (in_trial(measured("inr", "at_least: 2, at_most: 2")), in_trial(measured("inr", "at_least: 2, below: 2"))),
        (
            in_trial("{kind: lesions, site: liver, value_set: tumour-size, above: 1, below: 2, unit: cm}"),
            in_trial("{kind: lesions, site: liver, value_set: tumour-size, above: 2, below: 1, unit: cm}"),
        ),
    ],
    "impossible-window": [
        (
            in_trial("{kind: condition, value_set: stroke, within: 1 day}"),
            in_trial("{kind: condition, value_set: stroke, within: 0 days}"),
        ),
        (
            in_trial("{kind: condition, value_set: stroke, within: 120 years}"),
            in_trial("{kind: condition, value_set: stroke, within: 121 years}"),
        ),
        (
            in_trial(MARGIN.format(days=60)),
            in_trial(MARGIN.format(days=60000)),
        ),
        (
            in_trial("{kind: procedure, value_set: therapy, before: operation}"),
            in_trial("{kind: procedure, value_set: therapy, before: operation, after: operation}"),
        ),
        (
            in_trial("{kind: procedure, value_set: therapy, not_before: operation}"),
            in_trial("{kind: procedure, value_set: therapy, before: operation, not_before: operation}"),
        ),
    ],
    "no-upper-limit": [
        (
            in_trial(measured("inr", "above: 1.5, times_upper_limit: true")),
            in_trial(measured("ecog-status", "above: 1.5, times_upper_limit: true")),
        ),
    ],
    "threshold-unlike-text": [
        (
            in_trial(measured("platelets", "above: 50, unit: 10*9/L"), text="Platelet count >50, 000/mm3"),
            in_trial(measured("platelets", "above: 5, unit: 10*9/L"), text="Platelet count >50, 000/mm3"),
        ),
        (
            in_trial(measured("haemoglobin", "below: 10.0, unit: g/dL"), text="haemoglobin <10 g/dL"),
            in_trial(measured("haemoglobin", "at_most: 10.0, unit: g/dL"), text="haemoglobin <10 g/dL"),
        ),
        (
            in_trial("{kind: age, at_least: 18, at_most: 75}", text="aged 18-75 years"),
            in_trial("{kind: age, at_least: 18, at_most: 80}", text="aged 18-75 years"),
        ),
        (
            in_trial(measured("asa-class", "below: 4, scale: classes"), text="ASA grade < IV"),
            in_trial(measured("asa-class", "at_most: 4, scale: classes"), text="ASA grade < IV"),
        ),
        (
            in_trial(f"{{not: {measured('inr', 'above: 2')}}}", text="INR at most 2"),
            in_trial(f"{{not: {measured('inr', 'at_least: 2')}}}", text="INR at most 2"),
        ),
        (
            in_trial(
                "{kind: lesions, site: liver, value_set: tumour-size, count_at_least: 2}", text="at least two lesions"
            ),
            in_trial("{kind: lesions, site: liver, value_set: tumour-size, count_at_least: 2}", text="several lesions"),
        ),
        (
            in_trial("{kind: condition, value_set: stroke, within: 6 months}", text="in the last six months"),
            in_trial("{kind: condition, value_set: stroke, within: 6 months}", text="in the last 6 weeks"),
        ),
        (
            in_trial(
                measured("body-temperature", 'above: 101, unit: "[degF]", rounded: {value: 38.3, unit: Cel}'),
                text="Body temperature >101°F (38.3°C)",
            ),
            in_trial(
                measured("body-temperature", 'above: 101, unit: "[degF]", rounded: {value: 38.5, unit: Cel}'),
                text="Body temperature >101°F (38.3°C)",
            ),
        ),
    ],
    "duration-left-out": [
        (
            in_trial("{kind: condition, value_set: stroke, within: 6 months}", text="Stroke within the last 6 months"),
            in_trial("{kind: condition, value_set: stroke}", text="Stroke within the last 6 months"),
        ),
        (
            in_trial(f"{{judged: {RESECTED}}}", text="resected within three months"),
            in_trial(RESECTED, text="resected within three months"),
        ),
        (
            in_trial(f"{{all_of: [{RESECTED}, {{kind: human}}]}}", text="resected within one year"),
            in_trial(f"{{all_of: [{RESECTED}, {COND}]}}", text="resected within one year"),
        ),
        (
            in_trial("{kind: age, at_least: 18, at_most: 75}", text="aged 18 years or more, and below 76: 18-75 years"),
            in_trial("{kind: age, at_least: 18, at_most: 75}", text="aged 18-75 years, resected within 75 days"),
        ),
        (in_trial(MARGIN.format(days=14), text="R0, 14 days"), in_trial(MARGIN.format(days=14), text="R0, 21 days")),
        (in_trial(RESECTED, text="2024年4月14日之后手术"), in_trial(RESECTED, text="入组前4周内手术")),
    ],
    # --- source ---
    "no-source-file": [
        (Content(), Content(trial=TRIAL.replace("trial.txt", "other.txt"))),
        (Content(), Content(trial=TRIAL.replace("trial.txt", "[]"))),
    ],
    "line-not-encoded": [
        (
            Content("I2 | Adults | {kind: human}"),
            Content("I2 | Adults | {kind: human}", source="Inclusion criteria\n1. Cancer\n2. Adults\n3. Willing\n"),
        ),
        (
            Content("I2 | Adults | {kind: human}", source="Inclusion criteria: 1. Cancer; 2. Adults\n"),
            Content("I2 | Adults | {kind: human}", source="Inclusion criteria: 1. Cancer; 2. Adults under 75\n"),
        ),
        (
            Content(
                "E1 | Stroke | {kind: human}", source="Inclusion criteria\n1. Cancer\nExclusion criteria\n1. Stroke\n"
            ),
            Content(
                "I2 | Stroke | {kind: human}", source="Inclusion criteria\n1. Cancer\nExclusion criteria\n1. Stroke\n"
            ),
        ),
        (Content(source="\u2043 Cancer;\n"), Content(source="\u2043 Cancer;\n\u2043 Follow-up.\n")),
    ],
    "quotation-not-found": [
        (Content(source="Inclusion criteria\n1.  Cancer\n"), Content(source="Inclusion criteria\n1. cancer\n")),
        (
            Content("I2 | A  text | {kind: human}", source="1. Cancer\nA\ntext"),
            Content("I2 | A text | {kind: human}", source="1. Cancer\nA long text"),
        ),
    ],
    "no-coded-anchor": [
        (
            Content("I2 | Adults | {kind: age, at_least: 18}", trial=TRIAL.replace("[I1]", "[I1, I2]")),
            Content("I2 | Adults | {kind: age, at_least: 18}", trial=TRIAL.replace("[I1]", "[I2]")),
        ),
    ],
    "no-registry-record": [
        (Content(), Content(trial=TRIAL.replace(", as_of: 2026-01-01", ""))),
        (
            Content(trial=TRIAL.replace("id: NCT00000001", "id: A-TRIAL", 1)),
            Content(trial=TRIAL.replace("id: NCT00000001", "id: A-TRIAL", 1).replace(URL, "")),
        ),
        (Content(), Content(trial=TRIAL.replace("study/NCT00000001", "study/NCT00000002"))),
    ],
    "review-only-decides": [
        (Content(trial=REVIEW, as_source="description"), Content(trial=REVIEW)),
        (
            Content(trial=REVIEW, as_source="description"),
            Content(trial=REVIEW.replace("exclusions_in_source: false\n", ""), as_source="description"),
        ),
        (Content(trigger=TRIGGER), Content(trial=REVIEW, as_source="description", trigger=TRIGGER)),
    ],
    "presumes-a-result": [
        (
            in_trial(measured("haemoglobin", HB8 + ", absence: ask")),
            in_trial(measured("haemoglobin", HB8 + ", absence: presume-absent")),
        ),
        (
            in_trial("{kind: observation, self_stating: true, answers: {holds: free}, absence: presume-absent}"),
            in_trial("{kind: observation, value_set: margin, answers: {holds: free}, absence: presume-absent}"),
        ),
    ],
    # --- a site's file ---
    "loosening-rule": [
        (
            Content(HIGH, site=at_site("above: 75, unit: 10*9/L")),
            Content(HIGH, site=at_site("above: 25, unit: 10*9/L")),
        ),
        (
            Content(HIGH, site=at_site("below: 1000, unit: 10*9/L")),
            Content(HIGH, site=at_site("at_least: 50, unit: 10*9/L")),
        ),
        (
            Content(LOW, site=at_site("below: 75, unit: 10*9/L", "E90")),
            Content(LOW, site=at_site("below: 25, unit: 10*9/L", "E90")),
        ),
        (
            Content("I2 | Adults | {kind: age, at_most: 75}", site="I90 | Under 70 | {kind: age, at_most: 70}"),
            Content("I2 | Adults | {kind: age, at_most: 75}", site="I90 | Under 80 | {kind: age, at_most: 80}"),
        ),
    ],
    "setting-without-effect": [
        (Content(HIGH, settings=WINDOW), Content(settings=WINDOW)),
        (Content(HIGH, settings=WINDOW), Content(f"I2 | A | {COND}", settings=WINDOW.replace("platelets", "cancer"))),
        (
            Content(
                "I2 | A | {kind: creatinine-clearance, at_most: 60}", settings=WINDOW.replace("platelets", "creatinine")
            ),
            Content("I2 | A | {kind: human}", settings=WINDOW.replace("platelets", "creatinine")),
        ),
        (
            Content(f"I2 | A | {measured('inr', 'above: 1.5, times_upper_limit: true')}", settings=LIMIT),
            Content(f"I2 | A | {measured('inr', 'above: 1.5')}", settings=LIMIT),
        ),
    ],
}

AGED = "I2 | Adults | {kind: age, at_most: 75}"
SITE_RULES: dict[str, tuple[Content, list[str]]] = {
    "limits that nobody can meet": (Content(site="I90 | 18-75 | {kind: age, at_least: 75, at_most: 18}"), EMPTY),
    "a wrong unit": (Content(site=at_site("below: 50, unit: g/dL", "E90")), ["wrong-dimension"]),
    "what nobody can be by the trial": (Content(AGED, site="I90 | From 80 | {kind: age, at_least: 80}"), CLASH),
    "two rules that contradict": (Content(site=f"I90 | A | {COND}\nI91 | B | {{not: {COND}}}"), CLASH),
    "a number unlike its words": (Content(site="I90 | From 80 | {kind: age, at_least: 18}"), ["threshold-unlike-text"]),
    "a time that is left out": (Content(site=f"E90 | Within 3 months | {COND}"), ["duration-left-out"]),
    "whom the trial asks for": (Content(f"I2 | A | {COND}", site=f"E90 | B | {COND}"), ["included-and-excluded"]),
    "what the trial says already": (Content(f"E1 | A | {COND}", site=f"E90 | B | {COND}"), ["duplicate-criteria"]),
    "a limit within the trial's": (Content(HIGH, site=at_site("above: 75, unit: 10*9/L")), []),
}


@pytest.mark.parametrize(("content", "codes"), SITE_RULES.values(), ids=SITE_RULES)
def test_a_rule_of_a_site_is_linted_as_a_trials_line(content: Content, codes: list[str], tmp_path: Path) -> None:
    found = [problem for problem in lint(subject_of(tmp_path, content)) if problem.file == "site"]
    assert [problem.code for problem in found] == codes
    assert all(problem.line > 2 and problem.where in {"I90", "I91", "E90"} for problem in found)


def cases(side: int) -> list[Any]:
    """Return every passing (0) or failing (1) example with its check's name."""
    return [
        pytest.param(name, pair[side], id=f"{name}-{number}")
        for name, pairs in EXAMPLES.items()
        for number, pair in enumerate(pairs)
    ]


def test_every_check_has_a_passing_and_a_failing_example() -> None:
    assert {check.name for check in CHECKS} == EXAMPLES.keys()
    assert all(passing != failing for pairs in EXAMPLES.values() for passing, failing in pairs)
    assert all(EXAMPLES.values())


def test_no_two_checks_share_a_name_and_each_is_in_kebab_case() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize(("name", "content"), cases(0))
def test_a_check_is_silent_on_sound_content(name: str, content: Content, tmp_path: Path) -> None:
    assert [p for p in lint(subject_of(tmp_path, content)) if p.code == name] == []


@pytest.mark.parametrize(("name", "content"), cases(1))
def test_a_check_finds_its_fault_with_file_line_and_advice(name: str, content: Content, tmp_path: Path) -> None:
    found = [p for p in lint(subject_of(tmp_path, content)) if p.code == name]
    assert found
    for problem in found:
        assert problem.file
        assert problem.line > 0
        assert problem.advice
        assert problem.severity is not Severity.NOTE


# --- places, severities, what cannot be read ---


def found_in(folder: Path, content: Content, name: str) -> list[Problem]:
    """Return what one check finds."""
    return [problem for problem in lint(subject_of(folder, content)) if problem.code == name]


def test_a_problem_names_the_line_of_the_field_and_the_criterion(tmp_path: Path) -> None:
    content = Content("I2 | Adults | {kind: age, at_least: 18}\nE1 | ≥ 9 | {kind: age, at_least: 9, at_most: 8}")
    (problem,) = found_in(tmp_path, content, "empty-range")
    written = (tmp_path / "trial.yaml").read_text(encoding="utf-8").splitlines()
    assert "at_most: 8" in written[problem.line - 1]
    assert (problem.file, problem.where) == ("trial.yaml", "E1")
    assert str(problem) == (
        f"trial.yaml:{problem.line}: E1: error empty-range: no number lies between its limits. "
        "Correct or exchange the limits"
    )


def test_a_code_is_found_on_its_line_of_the_value_set(tmp_path: Path) -> None:
    wrong = mistyped(PLATELETS)
    content = Content(sets={"cancer": include(concepts(LOINC, PLATELETS, wrong))})
    (problem,) = found_in(tmp_path, content, "wrong-check-digit")
    lines = (tmp_path / "sets" / "cancer.json").read_text(encoding="utf-8").splitlines()
    assert wrong in lines[problem.line - 1]
    assert problem.where == wrong


@pytest.mark.parametrize("reading", ["exactly 50 fails although exclusion 1 is not met", "see E1", "beside E1."])
def test_touching_limits_that_a_reading_names_are_a_note(reading: str, tmp_path: Path) -> None:
    (problem,) = found_in(tmp_path, Content(f"{HIGH} | {reading}\n{LOW}"), "overlapping-thresholds")
    assert problem.severity is Severity.NOTE


@pytest.mark.parametrize("reading", ["exactly 50 fails", "see E11", "see exclusion 11"])
def test_a_reading_that_names_something_else_is_no_answer(reading: str, tmp_path: Path) -> None:
    (problem,) = found_in(tmp_path, Content(f"{HIGH} | {reading}\n{LOW}"), "overlapping-thresholds")
    assert problem.severity is Severity.ERROR


def test_touching_limits_say_who_holds_at_the_limit(tmp_path: Path) -> None:
    (problem,) = found_in(tmp_path, Content(f"{HIGH}\n{LOW}"), "overlapping-thresholds")
    assert problem.what == "touches the limit of I2 at 50: exactly there neither I2 nor E1 holds"


def test_a_threshold_that_a_reading_explains_is_a_note(tmp_path: Path) -> None:
    lesions = "{kind: lesions, site: liver, value_set: tumour-size, count_at_least: 2}"
    content = Content(f"I2 | Multiple lesions | {lesions} | Multiple is read as at least two.")
    (problem,) = found_in(tmp_path, content, "threshold-unlike-text")
    assert problem.severity is Severity.NOTE


def test_a_duration_that_a_reading_explains_is_a_note(tmp_path: Path) -> None:
    reading = "The 4 weeks are those of every record here."
    content = in_trial(RESECTED + " | " + reading, text="resected within 4 weeks")
    (problem,) = found_in(tmp_path, content, "duration-left-out")
    assert problem.severity is Severity.NOTE


def test_a_duration_that_is_left_out_may_be_meant(tmp_path: Path) -> None:
    (problem,) = found_in(tmp_path, in_trial(RESECTED, text="resected within 3 months"), "duration-left-out")
    assert problem.severity is Severity.WARNING
    assert problem.what == "the text says 3 months, which nothing in the statement compares"


def test_a_status_that_says_it_is_unknown_needs_no_date(tmp_path: Path) -> None:
    trial = TRIAL.replace(", as_of: 2026-01-01", "").replace("recruiting", "unknown")
    (problem,) = found_in(tmp_path, Content(trial=trial), "no-registry-record")
    assert problem.severity is Severity.NOTE


UNREADABLE_CONTENT = {
    "an event that nothing defines": (
        Content("I2 | A | {kind: procedure, value_set: x, after: operation}"),
        "no event is called 'operation'",
    ),
    "a criterion without words": (Content("I2 | - | {kind: human}"), "text is missing"),
    "a window that is reversed": (
        Content("I2 | A | {kind: condition, value_set: x, within: -3 months}"),
        "not a period",
    ),
    "a trial without anchors": (Content(trial=TRIAL.replace("[I1]", "[]")), "anchors"),
    "a kind that does not exist": (Content("I2 | A | {kind: weather}"), "weather"),
}


@pytest.mark.parametrize(("content", "what"), UNREADABLE_CONTENT.values(), ids=UNREADABLE_CONTENT)
def test_what_cannot_be_read_is_a_problem_with_its_place(content: Content, what: str, tmp_path: Path) -> None:
    write(tmp_path, content)
    problems: list[Problem] = []
    assert list(read_trials([tmp_path], problems)) == []
    (problem,) = problems
    assert (problem.file, problem.code, problem.severity) == ("trial.yaml", UNREADABLE, Severity.ERROR)
    assert problem.line > 0
    assert what in problem.what


def test_an_inferred_criterion_needs_no_words(tmp_path: Path) -> None:
    write(tmp_path, Content("I2 | - | {kind: human}", as_source="inferred"))
    problems: list[Problem] = []
    assert len(list(read_trials([tmp_path], problems))) == 1
    assert problems == []


def test_a_value_set_that_cannot_be_read_is_the_one_problem(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    subject, problems = read_subject(value_set_folders=[tmp_path])
    assert [problem.file for problem in problems] == ["broken.json"]
    assert lint(subject) == []


# --- words and numbers of a source ---

TEXTS = {
    "Age ≥ 18 and ≤80 years": [(">=", "18", "and"), ("<=", "80", "years")],
    "Platelet count >50, 000/mm3": [(">", "50000", "/mm3")],
    "aged 18-75 years": [(None, "18", ""), (None, "75", "years")],
    "less than or equal to 2 cm;": [("<=", "2", "cm")],
    "larger than 1 cm": [(">", "1", "cm")],
    "temperature >101°F (38.3°C)": [(">", "101", "°F"), (None, "38.3", "°C")],
    "at least two": [(">=", "2", "")],
    "no number": [],
}


@pytest.mark.parametrize(("text", "numbers"), TEXTS.items(), ids=TEXTS)
def test_a_text_states_numbers_with_comparison_and_unit(text: str, numbers: list[tuple[str | None, str, str]]) -> None:
    found = [(one.comparison, str(one.number), one.unit) for one in quoted(text)]
    assert found == numbers


def test_roman_numbers_are_read_only_where_classes_are_meant() -> None:
    assert [one.number for one in quoted("class III or IV", roman=True)] == [3, 4]
    assert list(quoted("class III or IV")) == []


PERIODS = {
    "within the last 6 months": ["6 months"],
    "Two weeks or one-year": ["2 weeks", "1 year"],
    "within 24 hours": ["1 day"],
    "1.5 years": [],
    "近6个月内，4周或30天": ["6 months", "4 weeks", "30 days"],
    "2023年4月4日, 5月": [],
    "3年": ["3 years"],
}


@pytest.mark.parametrize(("text", "found"), PERIODS.items(), ids=PERIODS)
def test_a_text_states_lengths_of_time(text: str, found: list[str]) -> None:
    assert [str(period) for period in periods(text)] == found


SOURCES = {
    "numbered lines under headings, prose ends them": (
        "About\n1. no\nInclusion criteria\n\n 1. A\n 2. B\n\nExclusion Criteria:\n1. C\nDesign\n2. no\n",
        [("inclusion", 5, "A"), ("inclusion", 6, "B"), ("exclusion", 9, "C")],
    ),
    "a list in one line": (
        "Inclusion Criteria: 1. A <10.0 g/dL; 2. grade 4. B Exclusion Criteria: 1. C",
        [("inclusion", 1, "A <10.0 g/dL;"), ("inclusion", 1, "grade 4. B"), ("exclusion", 1, "C")],
    ),
    "bullets, and a line that goes on": (
        "\u2043 A 1 \\\n\u2022 2;\n\u2023 B",
        [(None, 1, "A 1 \\ \u2022 2;"), (None, 3, "B")],
    ),
    "prose alone": ("Hepatocellular carcinoma\n2. years\n", []),
}


@pytest.mark.parametrize(("text", "lines"), SOURCES.values(), ids=SOURCES)
def test_the_criteria_lines_of_a_source(text: str, lines: list[tuple[str | None, int, str]]) -> None:
    assert [(one.role, one.line, one.text) for one in criteria_lines("a.txt", text)] == lines


# --- our own content ---


@pytest.fixture(scope="module")
def own() -> Subject:
    subject, problems = read_subject()
    assert problems == []
    return subject


def test_our_own_content_has_no_errors(own: Subject) -> None:
    assert [str(problem) for problem in lint(own) if problem.severity is Severity.ERROR] == []


def test_our_own_content_has_no_warnings(own: Subject) -> None:
    assert [str(problem) for problem in lint(own) if problem.severity is Severity.WARNING] == []


def test_a_value_set_that_is_kept_unread_says_why(own: Subject) -> None:
    unread = {p.where: p.what for p in lint(own) if p.code == "unused-value-set"}
    assert {
        name: f"is read by no criterion and by no other value set, but kept: {why}" for name, why in KEPT.items()
    } == {name: unread.get(name) for name in KEPT}


def test_the_two_platelet_limits_of_the_ablation_trial_are_known_to_touch(own: Subject) -> None:
    found = [(p.where, p.severity) for p in lint(own) if p.code == "overlapping-thresholds"]
    assert found == [("E6", Severity.NOTE)]


def test_our_own_content_leaves_no_duration_out(own: Subject) -> None:
    assert [str(problem) for problem in lint(own) if problem.code == "duration-left-out"] == []


def test_every_line_of_our_sources_is_encoded(own: Subject) -> None:
    rows = coverage(own)
    assert [row for row in rows if not row.complete or not row.source.line] == []
    lines = {trial: sum(row.trial == trial for row in rows) for trial in {row.trial for row in rows}}
    assert lines == {
        "CTDNA-LUNG-NODULES": 10,
        "NCT05797077": 15 + 1,
        "NCT05815082": 11,
        "NCT06317896": 3,
        "NCT06609434": 27 + 1,
        "SBRT-LUNG-NODULES": 4,
    }


def test_coverage_leads_from_a_line_to_criteria_and_tests(tmp_path: Path) -> None:
    content = Content("I2 | Adults | {kind: human}", source="Inclusion criteria\n1. Cancer\n2. Willing Adults\n")
    cancer, adults = coverage(subject_of(tmp_path, content), {"NCT00000001 I1": ["a test"]})
    assert (cancer.criteria, cancer.tests, cancer.complete) == (("I1",), ("a test",), True)
    assert (adults.criteria, adults.tests, adults.complete) == (("I2",), (), False)
    assert adults.missing == ("Willing",)


def test_every_field_without_effect_is_one_of_its_kind() -> None:
    assert all(set(fields) <= kind.model_fields.keys() for kind, fields in WITHOUT_EFFECT.items())
