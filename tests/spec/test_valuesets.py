"""A value set is exactly what its ValueSet resource adds up to; a code is held by system and code, never by display."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from terminology.codings import ICD10, ICD10_CM, ICD10_CN, ICD10_GM, LOINC, RXNORM, SNOMED, Coding
from terminology.errors import ContentError
from terminology.valuesets import MORE_GENERAL, ORDINAL_VALUE, Vocabulary, load_value_sets
from tests.spec.tables import SYSTEM, Json, Row, spec

EDITIONS = {"cm": ICD10_CM, "who": ICD10, "gm": ICD10_GM, "cn": ICD10_CN}


def url(name: str) -> str:
    """Return the canonical url of an invented set."""
    return f"urn:example:valueset:{name}"


def listed(*codes: str, system: str = SYSTEM) -> Json:
    """Return an include (or exclude) of these codes."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def union(*names: str) -> Json:
    """Return an include of other sets."""
    return {"valueSet": [url(name) for name in names]}


def write(folder: Path, name: str, *include: Json, exclude: tuple[Json, ...] = (), **members: object) -> None:
    """Write the ValueSet `name` into a folder."""
    compose = {"include": list(include), "exclude": list(exclude)}
    resource = {"resourceType": "ValueSet", "url": url(name), "title": f"the {name}", "compose": compose, **members}
    (folder / f"{name}.json").write_text(json.dumps(resource), encoding="utf-8")


def load(*folders: Path) -> Vocabulary:
    """Return the vocabulary of these folders."""
    return Vocabulary(load_value_sets(*folders))


# --- codes, one by one ---


def test_an_enumerated_code_is_held_and_its_neighbours_are_not(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1", "c2"))
    words = load(tmp_path)
    asked = {code: words.sets_of(SYSTEM, code) for code in ("c1", "c2", "c", "c11", "C1", "")}
    assert asked == {"c1": ("cancer",), "c2": ("cancer",), "c": (), "c11": (), "C1": (), "": ()}


@pytest.mark.parametrize(("system", "code"), [(None, "c1"), ("", "c1"), (SYSTEM, None), ("urn:example:other", "c1")])
def test_a_code_without_its_system_is_no_code(tmp_path: Path, system: str | None, code: str | None) -> None:
    write(tmp_path, "cancer", listed("c1"))
    assert load(tmp_path).sets_of(system, code) == ()


def test_a_code_may_be_in_several_sets(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1"))
    write(tmp_path, "bowel", listed("c1", "b1"))
    assert load(tmp_path).sets_of(SYSTEM, "c1") == ("bowel", "cancer")


def test_an_excluded_code_is_taken_out(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1", "c2"), exclude=(listed("c2"),))
    words = load(tmp_path)
    assert (words.sets_of(SYSTEM, "c1"), words.sets_of(SYSTEM, "c2")) == (("cancer",), ())


@pytest.mark.parametrize(
    ("alias", "system"),
    [
        (f"{SNOMED}/edition", SNOMED),
        (f"{SNOMED}/2061000004102/version/20260101", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("urn:oid:2.16.840.1.113883.6.88", RXNORM),
        ("urn:oid:2.16.840.1.113883.6.90", ICD10_CM),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2014-tw", ICD10_CM),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2021-tw", ICD10_CM),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", ICD10_CM),
        ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", ICD10),
        ("urn:oid:2.16.840.1.113883.6.3", ICD10),
        ("http://hl7.org/fhir/sid/icd-10-who", ICD10),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", ICD10_GM),
        ("urn:oid:1.2.276.0.76.5.311", ICD10_GM),
        ("urn:oid:2.16.156.10011.2.3.3.10", ICD10_CN),
    ],
)
def test_other_urls_of_a_system_name_the_same_system(tmp_path: Path, alias: str, system: str) -> None:
    write(tmp_path, "by-system", listed("QQ1.2", system=system))
    write(tmp_path, "by-alias", listed("QQ1.3", system=alias))
    words = load(tmp_path)
    assert words.sets_of(alias, "QQ1.2") == ("by-system",)
    assert words.sets_of(system, "QQ1.3") == ("by-alias",)


# --- sets of sets ---


def test_a_set_of_sets_is_their_union(tmp_path: Path) -> None:
    write(tmp_path, "liver", listed("l1"))
    write(tmp_path, "lung", listed("p1"))
    write(tmp_path, "metastasis", union("liver", "lung"), listed("m1"))
    write(tmp_path, "anything", union("metastasis"))
    words = load(tmp_path)
    assert [words.sets_of(SYSTEM, code) for code in ("l1", "p1", "m1", "x1")] == [
        ("anything", "liver", "metastasis"),
        ("anything", "lung", "metastasis"),
        ("anything", "metastasis"),
        (),
    ]


def test_what_a_set_excludes_stays_in_the_sets_that_it_was_taken_from(tmp_path: Path) -> None:
    write(tmp_path, "liver", listed("l1", "l2"))
    write(tmp_path, "part", union("liver"), exclude=(listed("l2"),))
    assert load(tmp_path).sets_of(SYSTEM, "l2") == ("liver",)


def test_a_whole_set_may_be_excluded(tmp_path: Path) -> None:
    write(tmp_path, "benign", listed("b1"), {"system": ICD10_CM, "filter": [is_a("QQ1.2")]})
    icd = {"system": ICD10_CM, "filter": [is_a("QQ1")]}
    write(tmp_path, "tumour", listed("b1", "c1"), icd, exclude=(union("benign"),))
    words = load(tmp_path)
    asked = [words.sets_of(SYSTEM, "b1"), words.sets_of(SYSTEM, "c1")]
    asked += [words.sets_of(ICD10_CM, "QQ1.29"), words.sets_of(ICD10_CM, "QQ1.3")]
    assert asked == [("benign",), ("tumour",), ("benign",), ("tumour",)]


def test_an_included_sets_own_exclusion_does_not_reach_what_is_listed_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "some", listed("c1", "c2"), exclude=(listed("c2"),))
    write(tmp_path, "more", union("some"), listed("c2"))
    assert load(tmp_path).sets_of(SYSTEM, "c2") == ("more",)


def test_an_included_sets_own_exclusion_does_not_reach_a_category_beside_it(tmp_path: Path) -> None:
    icd = {"system": ICD10_CM, "filter": [is_a("QQ1")]}
    write(tmp_path, "some", icd, exclude=(listed("QQ1.2", system=ICD10_CM),))
    write(tmp_path, "more", union("some"), listed("QQ1.2", system=ICD10_CM))
    assert load(tmp_path).sets_of(ICD10_CM, "QQ1.2") == ("more",)


def test_excluding_a_set_leaves_what_that_set_does_not_hold(tmp_path: Path) -> None:
    write(tmp_path, "benign", listed("b1", "c1"), exclude=(listed("c1"),))
    write(tmp_path, "tumour", listed("b1", "c1"), exclude=(union("benign"),))
    words = load(tmp_path)
    assert (words.sets_of(SYSTEM, "b1"), words.sets_of(SYSTEM, "c1")) == (("benign",), ("tumour",))


# --- ICD-10 ---


def is_a(category: str) -> Json:
    """Return the filter for a category with every longer code."""
    return {"property": "concept", "op": "is-a", "value": category}


def icd_element(item: str) -> Json:
    """Return an element of a compose: `QQ1.2` is that code, `<QQ1` the category; `@gm` names an edition, else CM."""
    code, _, edition = item.partition("@")
    system = EDITIONS[edition or "cm"]
    return {"system": system, "filter": [is_a(code[1:])]} if code.startswith("<") else listed(code, system=system)


@spec(
    """
    include  | exclude  | edition | asked   | held
    ---------+----------+---------+---------+-----
    QQ1.2    |          | cm      | QQ1.2   | yes
    QQ1.2    |          | who     | QQ1.2   | yes
    QQ1.2    |          | gm      | QQ1.2   | yes
    QQ1.2    |          | cn      | QQ1.2   | yes
    QQ1.2    |          | cm      | QQ1.23  | no
    QQ1.2    |          | gm      | QQ1.23  | no
    QQ1.2    |          | cm      | QQ1     | no
    QQ1.2    |          | cm      | QQ1.3   | no
    QQ1.23   |          | cm      | QQ1.23  | yes
    QQ1.23   |          | who     | QQ1.23  | no
    QQ1.23   |          | gm      | QQ1.23  | no
    QQ1.23   |          | cn      | QQ1.23  | no
    QQ1.23@gm|          | gm      | QQ1.23  | yes
    QQ1.23@gm|          | cm      | QQ1.23  | no
    QQ1.2@gm |          | gm      | QQ1.2   | yes
    QQ1.2@gm |          | cm      | QQ1.2   | no
    QQ1.2@gm |          | who     | QQ1.2   | no
    <QQ1     |          | cm      | QQ1     | yes
    <QQ1     |          | cm      | QQ1.2   | yes
    <QQ1     |          | cm      | QQ1.234 | yes
    <QQ1     |          | who     | QQ1.2   | yes
    <QQ1     |          | gm      | QQ1.29  | yes
    <QQ1     |          | cn      | QQ1.200 | yes
    <QQ1     |          | cm      | QQ2     | no
    <QQ1     |          | cm      | QQ      | no
    <QQ1.2   |          | cm      | QQ1.29  | yes
    <QQ1.2   |          | gm      | QQ1.29  | yes
    <QQ1.2   |          | cm      | QQ1     | no
    <QQ1.2   |          | cm      | QQ1.3   | no
    <QQ1.23  |          | cm      | QQ1.234 | yes
    <QQ1.23  |          | who     | QQ1.234 | no
    <QQ1.23  |          | gm      | QQ1.23  | no
    <QQ1@gm  |          | gm      | QQ1.2   | yes
    <QQ1@gm  |          | cm      | QQ1.2   | no
    <QQ1     | QQ1.2    | cm      | QQ1.2   | no
    <QQ1     | QQ1.2    | gm      | QQ1.2   | no
    <QQ1     | QQ1.2    | cm      | QQ1.23  | yes
    <QQ1     | <QQ1.2   | cm      | QQ1.23  | no
    <QQ1     | <QQ1.2   | gm      | QQ1.23  | no
    <QQ1     | <QQ1.2   | cm      | QQ1.3   | yes
    <QQ1     | QQ1.2@gm | gm      | QQ1.2   | no
    <QQ1     | QQ1.2@gm | cm      | QQ1.2   | yes
    <QQ1     | <QQ1.2@gm| gm      | QQ1.29  | no
    <QQ1     | <QQ1.2@gm| who     | QQ1.2   | yes
    """
)
def test_icd10_editions_agree_on_the_who_level_alone(tmp_path: Path, row: Row) -> None:
    exclude = tuple(icd_element(item) for item in row["exclude"].split())
    write(tmp_path, "cancer", icd_element(row["include"]), exclude=exclude)
    held = load(tmp_path).sets_of(EDITIONS[row["edition"]], row["asked"]) == ("cancer",)
    assert held is (row["held"] == "yes")


SPELLINGS = ["QQ1.2", "QQ12", "qq1.2", " QQ1.2 ", "QQ1.2+", "QQ1.2*", "QQ1.2!", "QQ1.2†", "QQ1.2-"]


@pytest.mark.parametrize("sent", SPELLINGS)
def test_marks_dots_and_case_of_an_icd10_code_carry_no_meaning(tmp_path: Path, sent: str) -> None:
    write(tmp_path, "cancer", listed("QQ1.2", system=ICD10_CM))
    assert load(tmp_path).sets_of(ICD10_GM, sent) == ("cancer",)


def test_the_first_look_never_misses_a_code(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1"), {"system": ICD10_CM, "filter": [is_a("QQ1")]})
    words = load(tmp_path)
    asked = [(SYSTEM, "c1"), (ICD10_GM, "QQ1.29+"), (f"{ICD10_CM}", "qq12")]
    assert all(words.may_ask(*code) for code in asked if words.sets_of(*code))
    assert all(words.sets_of(*code) for code in asked)


# --- phrases, numbers, broader sets ---


def phrased(code: str, *phrases: str, number: str | None = None) -> Json:
    """Return an include of one code with its phrases, and its number on a scale."""
    concept: Json = {"code": code, "designation": [{"language": "en", "value": phrase} for phrase in phrases]}
    if number is not None:
        concept["extension"] = [{"url": ORDINAL_VALUE, "valueDecimal": json.loads(number)}]
    return {"system": SYSTEM, "concept": [concept]}


@spec(
    """
    text                 | says
    ---------------------+--------
    detected             | positive
    Detected             | positive
    DETECTED.            | positive
    ctDNA   detected     | positive
    阳性                 | positive
    阳性。               | positive
    not detected         | negative
    ctDNA detected in 3  |
    undetected           |
    detected?            |
    """
)
def test_a_text_says_a_concept_only_as_a_whole(tmp_path: Path, row: Row) -> None:
    write(tmp_path, "positive", phrased("pos", "detected", "ctDNA detected", "阳性"))
    write(tmp_path, "negative", phrased("neg", "not detected"))
    assert load(tmp_path).sets_of_phrase(row["text"]) == ((row["says"],) if row["says"] else ())


def test_an_empty_text_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, "positive", phrased("pos", "detected"))
    assert load(tmp_path).sets_of_phrase("") == ()


def test_a_concept_has_its_number_on_the_scale_by_code_and_by_phrase(tmp_path: Path) -> None:
    write(tmp_path, "half-grades", phrased("g2", "grade 2", number="2"), phrased("g25", number="2.5"), listed("gx"))
    write(tmp_path, "grades", union("half-grades"))
    words = load(tmp_path)
    asked: Mapping[str, Coding | str] = {
        "code": Coding(SYSTEM, "g2"),
        "phrase": "Grade 2",
        "half": Coding(SYSTEM, "g25"),
        "not on it": Coding(SYSTEM, "gx"),
        "other system": Coding("urn:example:other", "g2"),
        "other text": "grade",
    }
    numbers = {name: words.ordinal("grades", value) for name, value in asked.items()}
    assert numbers == {
        "code": Decimal(2),
        "phrase": Decimal(2),
        "half": Decimal("2.5"),
        "not on it": None,
        "other system": None,
        "other text": None,
    }


def test_a_set_names_the_set_of_broader_codes(tmp_path: Path) -> None:
    broader = [{"url": MORE_GENERAL, "valueCanonical": url("tumour")}]
    write(tmp_path, "cancer", listed("c1"), extension=broader)
    write(tmp_path, "tumour", listed("t1"))
    words = load(tmp_path)
    assert (words.more_general(("cancer",)), words.more_general(("tumour",))) == (frozenset({"tumour"}), frozenset())
    assert words.sets_of(SYSTEM, "t1") == ("tumour",)


def test_a_set_is_called_by_its_title_else_by_its_file(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1"))
    write(tmp_path, "tumour", listed("t1"), title="")
    words = load(tmp_path)
    assert (words.title("cancer"), words.title("tumour")) == ("the cancer", "tumour")


# --- a hospital's own sets ---


def test_a_sites_set_of_the_same_url_replaces_ours_wherever_it_is_included(tmp_path: Path) -> None:
    ours, site = tmp_path / "ours", tmp_path / "site"
    ours.mkdir()
    site.mkdir()
    write(ours, "cancer", listed("c1"))
    write(ours, "anything", union("cancer"))
    write(site, "cancer", listed("s1"))
    words = load(ours, site)
    assert (words.sets_of(SYSTEM, "c1"), words.sets_of(SYSTEM, "s1")) == ((), ("anything", "cancer"))


def test_a_sites_new_set_is_added(tmp_path: Path) -> None:
    ours, site = tmp_path / "ours", tmp_path / "site"
    ours.mkdir()
    site.mkdir()
    write(ours, "cancer", listed("c1"))
    write(site, "local", listed("s1"), union("cancer"))
    words = load(ours, site)
    assert (words.sets_of(SYSTEM, "c1"), words.sets_of(SYSTEM, "s1")) == (("cancer", "local"), ("local",))


def test_a_sites_set_that_replaces_ours_under_another_name_is_told_its_name(tmp_path: Path) -> None:
    ours, site = tmp_path / "ours", tmp_path / "site"
    ours.mkdir()
    site.mkdir()
    write(ours, "cancer", listed("c1"))
    (site / "our-cancer.json").write_text((ours / "cancer.json").read_text(encoding="utf-8"), encoding="utf-8")
    says = r"our-cancer\.json:1: url: the file replaces cancer, whose url it has, and must be called cancer\.json"
    with pytest.raises(ContentError, match=says):
        load(ours, site)


def test_two_files_of_one_folder_with_the_same_url_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1"))
    write(tmp_path, "tumour", listed("t1"), url=url("cancer"))
    with pytest.raises(ContentError, match=r"tumour\.json:1: url: cancer\.json has the same url"):
        load(tmp_path)


# --- what cannot be used stops the start, and names its file ---


def test_an_unknown_set_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    write(tmp_path, "cancer", union("nowhere"))
    with pytest.raises(
        ContentError, match=r"cancer\.json:1: compose\.include\.0\.valueSet: .*unknown value set .*:nowhere"
    ):
        load(tmp_path)


@pytest.mark.parametrize("circle", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_set_that_includes_itself_is_an_error(tmp_path: Path, circle: list[str]) -> None:
    for name, following in zip(circle, [*circle[1:], circle[0]], strict=True):
        write(tmp_path, name, union(following))
    with pytest.raises(ContentError, match=r"a\.json:1: compose: includes itself"):
        load(tmp_path)


@pytest.mark.parametrize(
    "element",
    [
        {"system": SYSTEM, "filter": [is_a("c1")]},
        {"system": ICD10_CM, "filter": [{"property": "concept", "op": "descendent-of", "value": "QQ1"}]},
        {"system": ICD10_CM, "filter": [{"property": "chapter", "op": "is-a", "value": "QQ1"}]},
        {"system": SYSTEM},
        {},
    ],
)
def test_what_cannot_be_expanded_is_an_error(tmp_path: Path, element: Json) -> None:
    write(tmp_path, "cancer", element)
    with pytest.raises(
        ContentError, match=r"cancer\.json:1: compose.include.0.*(cannot be expanded|only `concept is-a`)"
    ):
        load(tmp_path)


def test_a_broader_set_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "cancer", listed("c1"), extension=[{"url": MORE_GENERAL, "valueCanonical": url("nowhere")}])
    with pytest.raises(ContentError, match=r"cancer\.json:1: extension: more-general names the unknown value set"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"resourceType": "ValueSet",\n "url": }', r"broken\.json:2: not JSON"),
        ('{"resourceType": "CodeSystem"}', r"broken\.json:1: resourceType: not a FHIR ValueSet"),
        ("[]", r"broken\.json:1: resourceType: not a FHIR ValueSet"),
    ],
)
def test_a_file_that_is_no_value_set_is_an_error_with_its_line(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "broken.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=place):
        load(tmp_path)


def misshapen(include: object, **members: object) -> Json:
    """Return a ValueSet with this list of includes."""
    return {"resourceType": "ValueSet", "url": url("x"), "compose": {"include": include}, **members}


NO_NUMBER = {"code": "g2", "extension": [{"url": ORDINAL_VALUE, "valueDecimal": float("nan")}]}
UNNUMBERED = {"code": "g2", "extension": [{"url": ORDINAL_VALUE}]}
MISSHAPEN: list[tuple[Json, str]] = [
    (misshapen([], compose=[]), "compose: must be an object"),
    (misshapen({}), "compose.include: must be a list"),
    (misshapen([5]), "compose.include.0: must be an object"),
    (misshapen([{"system": 5}]), "compose.include.0.system: must be a text"),
    (misshapen([{"system": "s", "concept": [{"code": 5}]}]), "compose.include.0.concept.0.code: must be a text"),
    (misshapen([{"system": "s", "concept": [{}]}]), "compose.include.0.concept.0: needs `code`"),
    (misshapen([{"system": "s", "concept": "c1"}]), "compose.include.0.concept: must be a list"),
    (misshapen([{"valueSet": "urn:x"}]), "compose.include.0.valueSet: must be a list"),
    (misshapen([{"system": ICD10_CM, "filter": [{"value": 5}]}]), "compose.include.0.filter.0.value: must be a text"),
    (
        misshapen([{"system": "s", "concept": [UNNUMBERED]}]),
        "compose.include.0.concept.0.extension: ordinalValue needs",
    ),
    (misshapen([{"concept": [{"code": "c", "designation": 5}]}]), "compose.include.0.concept.0.designation: must be"),
    (misshapen([{"concept": [NO_NUMBER]}]), "compose.include.0.concept.0.extension.0.valueDecimal: must be a number"),
    (misshapen([], url=["u"]), "url: must be a text"),
    (misshapen([], extension={}), "extension: must be a list"),
]


@pytest.mark.parametrize(("resource", "says"), MISSHAPEN, ids=[row[1] for row in MISSHAPEN])
def test_a_misshapen_set_is_an_error_with_line_and_place(tmp_path: Path, resource: Json, says: str) -> None:
    text = json.dumps(resource, indent=1)
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"x.json:{caught.value.line}: {says}")
    *_, member = (step for step in says.partition(":")[0].split(".") if not step.isdigit())
    near = text.splitlines()[max(0, caught.value.line - 2) : caught.value.line]
    assert any(f'"{member}"' in line for line in near)


def test_the_line_of_a_code_is_its_own(tmp_path: Path) -> None:
    text = '{"resourceType": "ValueSet", "title": "a \\"{[,:\\" b",\n"compose": {"include": [\n'
    text += '{"system": "s", "concept": [{"code": "a"},\n{"code": "b"},\n\n{"code":\n 5}]}]}}'
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=r"^x\.json:6: compose\.include\.0\.concept\.2\.code: must be a text$"):
        load(tmp_path)


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1" * 5000])
def test_a_number_beyond_all_bounds_is_no_traceback(tmp_path: Path, number: str) -> None:
    (tmp_path / "x.json").write_text(f'{{"resourceType": "ValueSet", "name": {number}}}')
    with pytest.raises(ContentError, match=r"x\.json"):
        load_value_sets(tmp_path)


def test_a_file_that_is_nested_too_deeply_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ContentError, match=r"x\.json: not JSON: it is nested too deeply"):
        load(tmp_path)
