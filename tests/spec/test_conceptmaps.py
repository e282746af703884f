"""A local code stands for a standard code only when the map says that the standard code means no more than it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from terminology.codings import ICD10_CM, Coding
from terminology.conceptmaps import load_concept_maps
from terminology.errors import ContentError
from terminology.valuesets import ValueSet, Vocabulary
from tests.spec.tables import SYSTEM, Json, Row, spec, value_set

LOCAL = "urn:example:hospital"
CANCER, TUMOUR = value_set("cancer", "c1"), value_set("tumour", "t1")
ICD = value_set("icd", codes=frozenset({Coding(ICD10_CM, "QQ12")}))


def group(*pairs: tuple[str, str, str], source: str = LOCAL, target: str = SYSTEM) -> Json:
    """Return a group of (local code, equivalence, standard code)."""
    elements = [{"code": local, "target": [{"code": code, "equivalence": how}]} for local, how, code in pairs]
    return {"source": source, "target": target, "element": elements}


def write(folder: Path, name: str, *groups: Json) -> None:
    """Write a ConceptMap into a folder."""
    resource = {"resourceType": "ConceptMap", "group": list(groups)}
    (folder / f"{name}.json").write_text(json.dumps(resource), encoding="utf-8")


def load(folder: Path, *sets: ValueSet) -> Vocabulary:
    """Return the vocabulary of these sets with the folder's maps."""
    return Vocabulary({each.name: each for each in sets}, load_concept_maps(folder))


@spec(
    """
    equivalence | counts
    ------------+-------
    equal       | yes
    equivalent  | yes
    wider       | yes
    subsumes    | yes
    narrower    | no
    specializes | no
    inexact     | no
    relatedto   | no
    disjoint    | no
    unmatched   | no
    """
)
def test_a_local_code_counts_as_what_means_no_more_than_it(tmp_path: Path, row: Row) -> None:
    write(tmp_path, "map", group(("L1", row["equivalence"], "c1")))
    assert load(tmp_path, CANCER).sets_of(LOCAL, "L1") == (("cancer",) if row["counts"] == "yes" else ())


def test_a_local_code_stands_for_all_its_targets_over_all_files(tmp_path: Path) -> None:
    write(tmp_path, "one", group(("L1", "equal", "c1")))
    write(tmp_path, "two", group(("L1", "wider", "t1"), ("L2", "equal", "t1")))
    words = load(tmp_path, CANCER, TUMOUR)
    assert (words.sets_of(LOCAL, "L1"), words.sets_of(LOCAL, "L2")) == (("cancer", "tumour"), ("tumour",))


def test_a_local_code_that_a_set_lists_keeps_its_place(tmp_path: Path) -> None:
    own = value_set("own", codes=frozenset({Coding(LOCAL, "L1")}))
    write(tmp_path, "map", group(("L1", "equal", "c1")))
    assert load(tmp_path, CANCER, own).sets_of(LOCAL, "L1") == ("cancer", "own")


def test_a_target_may_be_named_by_another_url_and_spelling(tmp_path: Path) -> None:
    write(tmp_path, "map", group(("L1", "equal", "QQ1.2"), target="urn:oid:2.16.840.1.113883.6.90"))
    assert load(tmp_path, ICD).sets_of(LOCAL, "L1") == ("icd",)


def test_a_target_that_no_set_holds_gives_nothing(tmp_path: Path) -> None:
    write(tmp_path, "map", group(("L1", "equal", "x9")))
    assert load(tmp_path, CANCER).sets_of(LOCAL, "L1") == ()


def test_the_first_look_sees_a_mapped_code(tmp_path: Path) -> None:
    write(tmp_path, "map", group(("L1", "equal", "c1")))
    assert load(tmp_path, CANCER).may_ask(LOCAL, "L1")


@pytest.mark.parametrize("missing", ["source", "target"])
def test_a_group_without_a_system_is_an_error_that_names_the_file(tmp_path: Path, missing: str) -> None:
    incomplete = {key: value for key, value in group(("L1", "equal", "c1")).items() if key != missing}
    write(tmp_path, "map", incomplete)
    with pytest.raises(ContentError, match=r"map\.json: group: needs both source and target"):
        load(tmp_path, CANCER)


@pytest.mark.parametrize("text", ["{", '{"resourceType": "ValueSet"}', "[]"])
def test_a_file_that_is_no_concept_map_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=r"map\.json:1"):
        load(tmp_path, CANCER)
