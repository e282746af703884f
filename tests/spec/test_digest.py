"""The digest of a trial's rules: another one exactly when something by which the trial is decided is another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from cds_service.content import Content, load_content
from cds_service.settings import ContentSettings
from mappings.digest import rules_of
from terminology.codings import Coding
from terminology.valuesets import ValueSet, Vocabulary
from tests.spec import tables

NAMED = {
    "NCT05797077",
    "NCT05815082",
    "NCT06609434",
    "NCT06317896",
    "CTDNA-LUNG-NODULES",
    "SBRT-LUNG-NODULES",
}
"""The trials of which the changes below are told; a trial that is added to the catalogue changes nothing here."""

OTHER_PROCESS = """
from cds_service.content import load_content
from cds_service.settings import ContentSettings
from tests.spec.test_digest import digests
import json
print(json.dumps(digests(load_content(ContentSettings()))))
"""


def digests(content: Content) -> dict[str, str]:
    catalogue = content.catalogue
    return {id_: rules_of(trial, catalogue).digest for id_, trial in catalogue.trials.items()}


def changed(ours: Mapping[str, str], theirs: Mapping[str, str]) -> set[str]:
    """Return the named trials whose digest is another."""
    return {id_ for id_ in NAMED if theirs[id_] != ours[id_]}


@pytest.fixture(scope="module")
def ours() -> Mapping[str, str]:
    return digests(load_content(ContentSettings()))


def test_every_trial_has_its_own(ours: Mapping[str, str]) -> None:
    assert ours.keys() >= NAMED
    assert len(set(ours.values())) == len(ours)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_says_the_same(ours: Mapping[str, str], seed: str) -> None:
    """Sets have another order in every process."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", OTHER_PROCESS]
    run = subprocess.run(command, cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == ours


def test_the_releases_are_the_versions_of_the_value_sets() -> None:
    content = load_content(ContentSettings())
    catalogue = content.catalogue
    releases = rules_of(catalogue.trials["NCT05797077"], catalogue).releases
    assert releases["ctdna-result"] == catalogue.vocabulary.value_sets["ctdna-result"].version
    assert "hepatocellular-carcinoma" not in releases
    assert all(releases.values())


def site(text: str) -> Callable[[Path], ContentSettings]:
    def written(folder: Path) -> ContentSettings:
        file = folder / "site.yaml"
        file.write_text(text, encoding="utf-8")
        return ContentSettings(site_file=file)

    return written


def value_set(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], ContentSettings]:
    def written(folder: Path) -> ContentSettings:
        resource = json.loads((files("terminology") / "valuesets" / f"{name}.json").read_text(encoding="utf-8"))
        change(resource)
        (folder / f"{name}.json").write_text(json.dumps(resource), encoding="utf-8")
        return ContentSettings(valuesets_dir=folder)

    return written


def local_code(standard: str) -> Callable[[Path], ContentSettings]:
    def written(folder: Path) -> ContentSettings:
        target = {"code": standard, "equivalence": "equivalent"}
        group = {
            "source": "urn:example:hospital",
            "target": "http://snomed.info/sct",
            "element": [{"code": "x", "target": [target]}],
        }
        resource = {"resourceType": "ConceptMap", "group": [group]}
        (folder / "map.json").write_text(json.dumps(resource), encoding="utf-8")
        return ContentSettings(conceptmaps_dir=folder)

    return written


def another_version(resource: dict[str, Any]) -> None:
    resource["version"] = "another"


def one_code_less(resource: dict[str, Any]) -> None:
    resource["compose"]["include"][0]["concept"].pop()


def nothing(resource: dict[str, Any]) -> None:
    del resource


RULE = """
trials:
  NCT05797077:
    rules:
      - {id: S1, role: exclusion, source: site, text: Platelets below 75,
         when: {kind: measured, value_set: platelets, below: 75, unit: 10*9/L}}
"""
ANOTHER = Coding("urn:example:another", "another")
CTDNA = {"NCT05797077", "NCT05815082"}
HCC = {"NCT06317896"}

CHANGES = [
    # what is another, the settings that make it so, the trials that are decided, or show results, otherwise
    ("nothing", site("{}"), set[str]()),
    ("a value set that is written again", value_set("hepatocellular-carcinoma", nothing), set[str]()),
    ("the version of a value set", value_set("hepatocellular-carcinoma", another_version), HCC),
    ("a code of a value set", value_set("hepatocellular-carcinoma", one_code_less), HCC),
    ("a recency window", site("recency: {ctdna-result: 10 days}"), CTDNA | {"CTDNA-LUNG-NODULES"}),
    ("an upper limit of normal", site("upper_limits: {inr: {value: 1.2, unit: '{INR}'}}"), CTDNA | {"NCT06609434"}),
    ("a rule of the site", site(RULE), {"NCT05797077"}),
    ("a local code of a value set", local_code("109841003"), HCC | CTDNA),
    ("a local code of none", local_code("404684003"), set[str]()),
]


@pytest.mark.parametrize(("settings", "otherwise"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_what_changes_a_digest(
    ours: Mapping[str, str], tmp_path: Path, settings: Callable[[Path], ContentSettings], otherwise: set[str]
) -> None:
    assert changed(ours, digests(load_content(settings(tmp_path)))) == otherwise


MEMBERS: Mapping[str, Any] = {
    # a member of a value set, and what it is instead
    "name": "another",
    "url": "urn:example:another",
    "title": "another",
    "version": "another",
    "codes": frozenset({ANOTHER}),
    "categories": frozenset({ANOTHER}),
    "excluded": frozenset({ANOTHER}),
    "excluded_categories": frozenset({ANOTHER}),
    "narrowed": (tables.value_set("another"),),
    "spared": (tables.value_set("another"),),
    "phrases": frozenset({"another"}),
    "ordinals": {"another": Decimal(1)},
    "displays": {ANOTHER: "another"},
    "more_general": "ctdna-result",
}


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_of_a_value_set_changes_the_digests_of_the_trials_that_ask_for_it(
    ours: Mapping[str, str], member: str
) -> None:
    """They ask for the broader set as well, so that it alone is no other set of theirs."""
    content, name = load_content(ContentSettings()), "residual-tumour-status"
    catalogue, value_sets = content.catalogue, content.catalogue.vocabulary.value_sets
    asking = {id_ for id_ in NAMED if {name, "ctdna-result"} <= catalogue.trials[id_].value_sets}
    another = replace(value_sets[name], **{member: MEMBERS[member]})
    catalogue.vocabulary = Vocabulary({**value_sets, name: another}, catalogue.vocabulary.maps)
    assert changed(ours, digests(content)) >= asking > set()


def test_a_value_set_has_no_other_members_but_its_file() -> None:
    assert {field.name for field in fields(ValueSet)} == {*MEMBERS, "file"}


def test_another_trigger_is_another_rule_of_its_trial(ours: Mapping[str, str]) -> None:
    content = load_content(ContentSettings())
    content.catalogue.triggers = ()
    assert changed(ours, digests(replace(content))) == {"NCT05797077"}
