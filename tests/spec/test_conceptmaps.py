"""A local code stands for a standard code only when the map says that the standard code means no more than it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from terminology.codings import ICD10, ICD10_CM, ICD10_GM, SNOMED, Coding
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


def test_a_mapped_code_of_an_edition_leaves_the_other_codes_of_snomed_known(tmp_path: Path) -> None:
    own = value_set("own", codes=frozenset({Coding(SNOMED, "s1")}))
    edition = f"{SNOMED}/2061000004102"
    write(tmp_path, "map", group(("L1", "equal", "c1"), source=edition))
    words = load(tmp_path, CANCER, own)
    for system in (SNOMED, edition):
        assert [words.sets_of(system, code) for code in ("L1", "s1", "x9")] == [("cancer",), ("own",), ()]


@spec(
    """
    source | local | asked | sets
    -------+-------+-------+-----------
    gm     | QQ1.2 | QQ1.2 | cancer icd
    gm     | QQ12  | QQ1.2 | cancer icd
    gm     | QQ3   | QQ3   | cancer
    gm     | QQ3   | QQ3+  | cancer
    gm     | QQ3   | QQ3.1 |
    dimdi  | QQ3   | QQ3   | cancer
    who    | QQ3   | QQ3   |
    """
)
def test_a_code_of_an_icd10_edition_may_be_mapped_that_code_alone(tmp_path: Path, row: Row) -> None:
    source = {"gm": ICD10_GM, "dimdi": "http://fhir.de/CodeSystem/dimdi/icd-10-gm", "who": ICD10}[row["source"]]
    write(tmp_path, "map", group((row["local"], "equal", "c1"), source=source))
    words = load(tmp_path, CANCER, ICD)
    assert " ".join(words.sets_of(ICD10_GM, row["asked"])) == row["sets"]
    assert not row["sets"] or words.may_ask(ICD10_GM, row["asked"])


def test_what_a_code_is_mapped_to_is_not_mapped_on_in_any_order(tmp_path: Path) -> None:
    chain = group(("L1", "equal", "QQ3"), target=ICD10_GM), group(("QQ3", "equal", "c1"), source=ICD10_GM)
    for number, groups in enumerate((chain, reversed(chain))):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, "map", *groups)
        words = load(folder, CANCER, ICD)
        assert (words.sets_of(LOCAL, "L1"), words.sets_of(ICD10_GM, "QQ3")) == ((), ("cancer",))


MISSHAPEN = [
    ('"group": {}', "map.json:2: group: must be a list"),
    ('"group": [5]', "map.json:2: group.0: must be an object"),
    ('"group": [{"source": ["a"], "target": "b"}]', "map.json:2: group.0.source: must be a text"),
    ('"group": [{"source": "a", "target": "b",\n "element": 5}]', "map.json:3: group.0.element: must be a list"),
    (
        '"group": [{"source": "a", "target": "b", "element": [\n{"code": "L"},\n{"code": 5}]}]',
        "map.json:4: group.0.element.1.code: must be a text",
    ),
    (
        '"group": [{"source": "a", "target": "b", "element": [{"code": "L", "target": {"code": "c"}}]}]',
        "map.json:2: group.0.element.0.target: must be a list",
    ),
]


@pytest.mark.parametrize(("members", "says"), MISSHAPEN, ids=[row[1] for row in MISSHAPEN])
def test_a_map_that_is_misshapen_is_an_error_with_line_and_place(tmp_path: Path, members: str, says: str) -> None:
    (tmp_path / "map.json").write_text(f'{{"resourceType": "ConceptMap",\n{members}}}', encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load(tmp_path, CANCER)
    assert str(caught.value) == says


def test_the_first_look_sees_a_mapped_code(tmp_path: Path) -> None:
    write(tmp_path, "map", group(("L1", "equal", "c1")))
    assert load(tmp_path, CANCER).may_ask(LOCAL, "L1")


@pytest.mark.parametrize("missing", ["source", "target"])
def test_a_group_without_a_system_is_an_error_that_names_the_file(tmp_path: Path, missing: str) -> None:
    incomplete = {key: value for key, value in group(("L1", "equal", "c1")).items() if key != missing}
    write(tmp_path, "map", incomplete)
    with pytest.raises(ContentError, match=r"map\.json:1: group\.0: needs both source and target"):
        load(tmp_path, CANCER)


@pytest.mark.parametrize("text", ["{", '{"resourceType": "ValueSet"}', "[]"])
def test_a_file_that_is_no_concept_map_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=r"map\.json:1"):
        load(tmp_path, CANCER)
