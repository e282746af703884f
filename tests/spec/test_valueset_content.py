"""A value set holds what its name says, in well-formed codes, and no code answers one question in two ways.

What the loader makes of the files is asked of the loader itself, for all editions of ICD-10 that it reads.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from terminology.checkdigits import loinc_ok, snomed_ok
from terminology.codings import ICD10, ICD10_CM, ICD10_CN, ICD10_DIALECTS, ICD10_GM, LOINC, SNOMED, Coding
from terminology.valuesets import ORDINAL_VALUE, Vocabulary, load_value_sets, normal_phrase

BASE = "https://oncology-trial-cds.github.io/fhir/ValueSet/"
FOLDER = files("terminology") / "valuesets"
TEXTS = {
    f.name.removesuffix(".json"): f.read_text(encoding="utf-8") for f in FOLDER.iterdir() if f.name.endswith(".json")
}
RESOURCES: dict[str, dict[str, Any]] = {name: json.loads(TEXTS[name]) for name in sorted(TEXTS)}
ICD_CODE = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")

every_set = pytest.mark.parametrize("name", RESOURCES)


@functools.cache
def vocabulary() -> Vocabulary:
    return Vocabulary(load_value_sets(FOLDER))


def elements(name: str, *lists: str) -> list[dict[str, Any]]:
    """Return the elements of `compose.include`, `compose.exclude` or both."""
    compose = RESOURCES[name]["compose"]
    return [element for which in lists for element in compose.get(which, [])]


def concepts(name: str, *lists: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (system, concept) of every concept that is listed one by one."""
    for element in elements(name, *lists):
        for concept in element.get("concept", []):
            yield element["system"], concept


def categories(name: str, *lists: str) -> Iterator[tuple[str, str]]:
    """Yield (system, category) of every filter."""
    for element in elements(name, *lists):
        for rule in element.get("filter", []):
            yield element["system"], rule["value"]


# --- each file ---------------------------------------------------------------------------------------------


@every_set
def test_file_name_id_name_and_url_agree(name: str) -> None:
    resource = RESOURCES[name]
    assert resource["resourceType"] == "ValueSet"
    assert (resource["id"], resource["name"], resource["url"]) == (name, name, BASE + name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)


@every_set
def test_a_set_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    resource = RESOURCES[name]
    assert (resource["status"], resource["experimental"], resource["version"]) == ("active", False, "1.0.0")
    assert all(resource[text].strip() for text in ("title", "description", "copyright"))
    assert not resource["title"].endswith(".")


@every_set
def test_a_file_is_written_the_one_way(name: str) -> None:
    assert TEXTS[name] == json.dumps(RESOURCES[name], ensure_ascii=False, indent=1) + "\n"


@every_set
def test_every_listed_code_has_a_display_and_is_listed_once(name: str) -> None:
    listed = [(system, concept["code"]) for system, concept in concepts(name, "include")]
    assert [pair for pair, times in Counter(listed).items() if times > 1] == []
    assert [concept["code"] for _, concept in concepts(name, "include", "exclude") if not concept.get("display")] == []


@every_set
def test_concepts_of_a_system_are_sorted_by_code(name: str) -> None:
    for element in elements(name, "include", "exclude"):
        codes = [concept["code"] for concept in element.get("concept", [])]
        assert codes == sorted(codes)


@every_set
def test_check_digits_and_shapes_of_codes_are_right(name: str) -> None:
    listed = [(system, concept["code"]) for system, concept in concepts(name, "include", "exclude")]
    assert [code for system, code in listed if system == SNOMED and not snomed_ok(code)] == []
    assert [code for system, code in listed if system == LOINC and not loinc_ok(code)] == []
    icd = [code for system, code in (*listed, *categories(name, "include", "exclude")) if system in ICD10_DIALECTS]
    assert [code for code in icd if not ICD_CODE.fullmatch(code)] == []


@every_set
def test_one_include_holds_one_thing(name: str) -> None:
    """Two filters, or two sets, in one element mean both at once in FHIR; a union needs an element each."""
    for element in elements(name, "include", "exclude"):
        assert len(element.keys() & {"concept", "filter", "valueSet"}) == 1
        assert len(element.get("filter", [0])) == len(element.get("valueSet", [0])) == 1


@every_set
def test_no_category_is_listed_with_its_own_subdivision(name: str) -> None:
    included = sorted({*categories(name, "include")})
    inside = [(a, b) for a in included for b in included if a != b and a[0] == b[0] and b[1].startswith(a[1])]
    assert inside == []
    listed = {(system, concept["code"]) for system, concept in concepts(name, "include")}
    assert [c for c in listed for k in included if c[0] == k[0] and c[1].startswith(k[1])] == []


@every_set
def test_an_exclude_takes_out_part_of_an_included_category(name: str) -> None:
    included = [category for _, category in categories(name, "include")]
    listed = [concept["code"] for _, concept in concepts(name, "exclude")]
    for code in (*listed, *(category for _, category in categories(name, "exclude"))):
        assert any(code.startswith(category) for category in included), code


@every_set
def test_phrases_are_listed_once(name: str) -> None:
    said = [d["value"] for _, concept in concepts(name, "include") for d in concept.get("designation", [])]
    assert [phrase for phrase, times in Counter(map(normal_phrase, said)).items() if times > 1] == []


# --- no code in two sets that exclude each other -----------------------------------------------------------

EXCLUSIVE = """
colorectal-cancer         liver-primary  lung-cancer  liver-metastasis  metastasis-outside-liver
colorectal-cancer         other-malignancy
colorectal-cancer         colorectal-cancer-general  colorectal-cancer-unclear
liver-metastasis          liver-primary  metastasis-outside-liver  metastasis-site-unstated  other-malignancy
liver-metastasis          liver-metastasis-unclear  liver-lesion  metastasis-site-unstated
lung-metastasis           lung-cancer  metastasis-outside-lung
other-malignancy          lung-metastasis  metastasis-outside-lung
lung-metastasis           lung-metastasis-unclear  pulmonary-nodule  metastasis-site-unstated
metastasis-outside-liver  metastasis-outside-liver-general  metastasis-outside-liver-unclear
metastasis-outside-lung   metastasis-outside-lung-general  metastasis-outside-lung-unclear
distant-node-metastasis   node-metastasis-unclear
metastasis-outside-liver  liver-primary  other-malignancy
other-malignancy          other-malignancy-general  other-malignancy-unclear
other-malignancy          liver-primary
hepatocellular-carcinoma  liver-primary-general
lung-cancer               lung-cancer-unclear  pulmonary-nodule
adenocarcinoma-morphology  other-histology-morphology
severe-organ-dysfunction  organ-dysfunction-unclear
severe-mental-illness     mental-illness-unclear
pregnancy                 not-pregnant  pregnancy-unclear
lactation                 lactation-unclear
heart-failure             myocardial-infarction  stroke  life-threatening-arrhythmia  cardiac-history-unclear
contrast-allergy          contrast-allergy-unclear  no-known-allergy
trial-drug-allergy-crlm   platinum-allergy-other  drug-allergy-unspecified  no-known-allergy
result-positive           result-negative  result-indeterminate
pregnancy-test-positive   pregnancy-test-negative
pregnancy-test-serum      pregnancy-test-urine
ctdna-result              ctdna-related
ecog-status               karnofsky-status  asa-class  nyha-class
creatinine-clearance      egfr  creatinine
bilirubin-total           bilirubin-direct
residual-tumour-r0        residual-tumour-r1-r2  residual-tumour-rx
disease-status-improved   disease-status-stable  disease-status-worsened  disease-status-undetermined
liver-structure           lung-structure
liver-resection           liver-ablation  chemoembolisation-liver  liver-transplant
tumour-procedure-site-needed  liver-resection  liver-ablation
lung-resection            lung-ablation
"""
TOGETHER = [line.split() for line in EXCLUSIVE.strip().splitlines()]
PAIRS = sorted({(a, b) for line in TOGETHER for i, a in enumerate(line) for b in line[i + 1 :]})


@functools.cache
def holdings() -> dict[Coding, frozenset[str]]:
    """Return, for every code that any file mentions (ICD-10: in every edition), the sets that hold it."""
    mentioned: set[Coding] = set()
    for name in RESOURCES:
        pairs = [(s, c["code"]) for s, c in concepts(name, "include", "exclude")]
        for system, code in (*pairs, *categories(name, "include", "exclude")):
            editions = ICD10_DIALECTS if system in ICD10_DIALECTS else (system,)
            mentioned |= {Coding(edition, code) for edition in editions}
    return {coding: frozenset(vocabulary().sets_of(*coding)) for coding in mentioned}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_code_is_in_two_sets_that_exclude_each_other(one: str, other: str) -> None:
    assert {one, other} <= RESOURCES.keys()
    assert [coding for coding, names in holdings().items() if {one, other} <= names] == []


def test_no_phrase_says_two_things_that_exclude_each_other() -> None:
    phrases = {name: value_set.phrases for name, value_set in vocabulary().value_sets.items()}
    spoken = [(one, other) for one, other in PAIRS if phrases[one] and phrases[other]]
    assert ("result-negative", "result-positive") in {tuple(sorted(pair)) for pair in spoken}
    assert [(one, other) for one, other in spoken if phrases[one] & phrases[other]] == []


def test_every_set_holds_something() -> None:
    held = frozenset().union(*holdings().values())
    assert sorted(RESOURCES.keys() - held) == []


# --- the traps ---------------------------------------------------------------------------------------------

SYSTEMS = {"sct": SNOMED, "loinc": LOINC, "cm": ICD10_CM, "who": ICD10, "gm": ICD10_GM, "cn": ICD10_CN}

# A named set holds the code, one with "-" before it does not; others may. The line above says why.
TRAPS = """
# primary cancer of the colon
sct   93761005  colorectal-cancer -other-malignancy
# a set that includes another
sct   408645001 colorectal-cancer colorectal-adenocarcinoma
# metastasis TO the colon is no colon cancer
sct   94260004  metastasis-outside-liver-unclear -colorectal-cancer -other-malignancy
# metastasis FROM the colon names no site
sct   314998002 metastasis-from-colorectum colorectal-cancer-unclear -liver-metastasis
# metastasis FROM liver is no liver metastasis
sct   315000005 other-malignancy-unclear -liver-metastasis -liver-primary
# Lynch syndrome is no tumour
sct   315058005 -colorectal-cancer -colorectal-cancer-unclear -other-malignancy
# "neoplasm" asserts no malignancy
sct   126838000 colorectal-cancer-general -colorectal-cancer
# liver is outside the lung
sct   94381002  liver-metastasis metastasis-outside-lung -metastasis-outside-liver
# liver cancer is a conflict, not another cancer
sct   93870000  liver-primary liver-primary-general -liver-metastasis -other-malignancy
# a metastasis without a site
sct   128462008 metastasis-site-unstated metastasis-outside-liver-general -liver-metastasis
# a node may be regional
sct   94392001  metastasis-outside-liver-general -metastasis-outside-liver
# a node of the neck is distant
sct   94397007  metastasis-outside-liver metastasis-outside-lung
# kidney metastasis
sct   94360002  metastasis-outside-liver metastasis-outside-lung
# a nodule is an imaging finding
sct   427359005 pulmonary-nodule -lung-metastasis -lung-cancer
# breast cancer
sct   254837009 other-malignancy
# basal cell carcinoma: no waiver is stated
sct   254701007 other-malignancy
# Hodgkin's disease does not say malignant
sct   118599009 other-malignancy
# history of prostate cancer
sct   428262008 other-malignancy
# history of colon cancer is the index disease
sct   429699009 colorectal-cancer-unclear -other-malignancy
# malignant tumor of ovary may be a metastasis
sct   363443007 other-malignancy-unclear -other-malignancy
# cancer of no stated site
sct   363346000 other-malignancy-general -other-malignancy
# family history never counts
sct   429740004 -other-malignancy -other-malignancy-unclear -other-malignancy-general
# mucinous adenocarcinoma is adenocarcinoma
sct   72495009  adenocarcinoma-morphology
# signet ring cell carcinoma decides nothing
sct   87737001  -adenocarcinoma-morphology -other-histology-morphology
# alcoholism in remission
sct   191813001 -substance-dependence
# disorder of liver also holds metastasis
sct   235856003 organ-dysfunction-unclear -severe-organ-dysfunction
# old infarction
sct   1755008   cardiac-history-unclear -myocardial-infarction
# bland or tumour thrombus
sct   17920008  portal-vein-thrombosis tumour-thrombus-unclear
# suppressed lactation
sct   30506002  lactation-unclear -lactation
# destruction of liver metastasis
sct   307626009 liver-ablation -liver-resection
# ablation without an organ
sct   879916008 tumour-procedure-site-needed -liver-ablation
# chemoembolisation is no ablation
sct   314617008 chemoembolisation-liver -liver-ablation
# leucovorin is no therapy by itself
sct   396065004 trial-drug-allergy-crlm -systemic-therapy-crc
# cfDNA cancer screening is no residual disease test
loinc 105603-5  -ctdna-result -ctdna-related
# a variant report is no ctDNA call
loinc 69548-6   ctdna-related -ctdna-result
# the coded ECOG answer
loinc 89262-0   ecog-status
# platelets in plasma
loinc 13056-7   -platelets
# neutrophils as a fraction
loinc 26511-6   -neutrophils
# direct bilirubin
loinc 1968-7    bilirubin-direct -bilirubin-total
# eGFR is no clearance
loinc 33914-3   egfr -creatinine-clearance
# factor II activity
loinc 3289-6    -prothrombin-activity
# urine is not serum
loinc 2106-3    pregnancy-test-urine -pregnancy-test-serum
# sigmoid colon
cm    C18.7     colorectal-cancer -other-malignancy
# the same in WHO's edition
who   C18.7     colorectal-cancer
# the same in the German edition
gm    C18.7     colorectal-cancer
# the same in the Chinese edition
cn    C18.700   colorectal-cancer
# appendix
cm    C18.1     colorectal-cancer-unclear -colorectal-cancer
# secondary, not primary
cm    C78.7     liver-metastasis metastasis-outside-lung -liver-primary
# primary, not secondary
cm    C22.9     liver-primary liver-primary-general -liver-metastasis
# cholangiocarcinoma is not hepatocellular
cm    C22.1     liver-primary -liver-primary-general -hepatocellular-carcinoma
# often meant for the primary
cm    C78.5     metastasis-outside-liver-unclear -metastasis-outside-liver -colorectal-cancer
# the bare category names no organ
cm    C78       metastasis-site-unstated -metastasis-outside-liver
# may be lung, is not liver
cm    C78.30    metastasis-outside-liver metastasis-outside-lung-unclear -metastasis-outside-lung
# where pelvic metastases are coded
cm    C79.89    metastasis-outside-liver metastasis-outside-lung
# no site
cm    C79.9     metastasis-site-unstated -metastasis-outside-liver
# intrathoracic nodes
cm    C77.1     metastasis-outside-liver -node-metastasis-unclear
# intra-abdominal nodes
cm    C77.2     node-metastasis-unclear -metastasis-outside-liver
# secondary carcinoid of the liver
cm    C7B.02    liver-metastasis-unclear -metastasis-outside-liver-unclear
# secondary carcinoid of bone
cm    C7B.03    metastasis-outside-liver-unclear other-malignancy-unclear -other-malignancy
# carcinoid of the rectum
cm    C7A.026   other-malignancy-unclear -other-malignancy
# carcinoid of the stomach
cm    C7A.092   other-malignancy
# anal canal
cm    C21.1     other-malignancy
# overlap of rectum and anus
cm    C21.8     other-malignancy-unclear colorectal-cancer-unclear -other-malignancy
# intestine, part unspecified
cm    C26.0     other-malignancy-general colorectal-cancer-general -other-malignancy
# basal cell carcinoma of nose
cm    C44.311   other-malignancy
# breast
cm    C50.911   other-malignancy
# in situ
cm    D05.10    -other-malignancy
# history of breast cancer
cm    Z85.3     other-malignancy
# history of bowel cancer
cm    Z85.038   colorectal-cancer-unclear -other-malignancy
# history of rectal cancer
cm    Z85.048   colorectal-cancer-unclear -other-malignancy
# digestive organs, the bowel among them
gm    Z85.0     other-malignancy-general -other-malignancy
# other organs: may be a former metastasis
who   Z85.8     other-malignancy-general -other-malignancy
# septic shock
cm    R65.21    severe-infection
# severe sepsis in the US edition only
cm    R65.2     severe-infection
# non-infectious inflammation elsewhere
who   R65.2     -severe-infection
# the same in the German edition
gm    R65.2     -severe-infection
# the same in the Chinese edition
cn    R65.200   -severe-infection
# alcohol dependence
cm    F10.20    substance-dependence
# the same in the German edition
gm    F10.2     substance-dependence
# in remission
cm    F10.21    -substance-dependence
# use, unspecified
cm    F11.90    -substance-dependence
# acute intoxication
who   F10.0     -substance-dependence
# tobacco
cm    F17.210   -substance-dependence
# hypomania
who   F30.0     -severe-mental-illness
# kidney disease stage 4
cm    N18.4     severe-organ-dysfunction
# kidney disease stage 3b
cm    N18.32    organ-dysfunction-unclear -severe-organ-dysfunction
# thrombophilia
cm    D68.51    organ-dysfunction-unclear -severe-organ-dysfunction
# a German subdivision of I11.0
gm    I11.00    heart-failure
# old infarction
gm    I25.20    cardiac-history-unclear -myocardial-infarction
"""


def traps() -> dict[str, tuple[Coding, list[str], list[str]]]:
    """Return, by system, code and reason: the coding, the sets that hold it, the sets that must not."""
    found, why = {}, ""
    for line in TRAPS.strip().splitlines():
        if line.startswith("# "):
            why = line.removeprefix("# ")
            continue
        system, code, *names = line.split()
        holding = [name for name in names if not name.startswith("-")]
        others = [name.removeprefix("-") for name in names if name.startswith("-")]
        found[f"{system} {code}: {why}"] = (Coding(SYSTEMS[system], code), holding, others)
    return found


@pytest.mark.parametrize(("coding", "holding", "others"), traps().values(), ids=traps())
def test_a_code_is_where_it_belongs(coding: Coding, holding: list[str], others: list[str]) -> None:
    assert {*holding, *others} <= RESOURCES.keys()
    held = vocabulary().sets_of(*coding)
    assert [name for name in holding if name not in held] == []
    assert [name for name in others if name in held] == []


# --- answers in words and numbers --------------------------------------------------------------------------

PHRASES = """
ctDNA positive     | result-positive
Detected           | result-positive
阳性               | result-positive
检出               | result-positive
阳性(+)            | result-positive
陽性               | result-positive
ctDNA陽性          | result-positive
檢出               | result-positive
nachgewiesen       | result-positive
ctDNA not detected | result-negative
Undetected         | result-negative
阴性               | result-negative
未检出             | result-negative
陰性               | result-negative
陰性（-）          | result-negative
未檢出             | result-negative
nicht nachweisbar  | result-negative
inconclusive       | result-indeterminate
不确定             | result-indeterminate
nicht eindeutig    | result-indeterminate
R0 resection       | residual-tumour-r0
complete ablation  | residual-tumour-r0
R1                 | residual-tumour-r1-r2
RX                 | residual-tumour-rx
positive for RAS   |
not positive       |
complete response to chemotherapy |
未检测             |
未檢測             |
弱陽性             |
-                  |
"""
RESULTS = ("result-", "residual-tumour-r")


@pytest.mark.parametrize("line", PHRASES.strip().splitlines())
def test_a_text_says_a_result_only_as_a_whole_listed_phrase(line: str) -> None:
    text, expected = (cell.strip() for cell in line.split("|"))
    found = [name for name in vocabulary().sets_of_phrase(text) if name.startswith(RESULTS)]
    assert found == expected.split()


NUMBERS = """
ecog-grades  | 0   | LA9622-7  425389002 | 0; ECOG 0; ECOG PS 0; grade 0; ECOG-Status 0; ECOG 0分; 0分
ecog-grades  | 2   | LA9624-3  422894000 | 2; ecog ps 2; Grad 2; 2分
ecog-grades  | 5   | LA9627-6            | 5
asa-classes  | 1   | 413495001           | I; ASA I; ASA 1; ASA class I; ASA Ⅰ级; 1
asa-classes  | 3   | 413497009           | III; ASA III; ASA Ⅲ级; asa 3
asa-classes  | 6   | 413500003           | VI; ASA VI
nyha-classes | 1   | LA28404-4 420300004 | I; NYHA I; class1; Class I; 心功能Ⅰ级
nyha-classes | 4   | LA28407-7 422293003 | IV; NYHA IV; NYHA-Klasse IV
ecog-grades  |     | 1-2; ECOG 1-2; 0-1; 6; ECOG
asa-classes  |     | VII; 0; IIIE; ASA
nyha-classes |     | II-III; V; 5
"""


@pytest.mark.parametrize("line", NUMBERS.strip().splitlines())
def test_a_grade_has_its_number(line: str) -> None:
    name, number, *cells = (cell.strip() for cell in line.split("|"))
    codes = cells[0].split() if len(cells) == 2 else []
    asked: list[Coding | str] = [Coding(LOINC if c.startswith("LA") else SNOMED, c) for c in codes]
    asked += [phrase.strip() for phrase in cells[-1].split(";")]
    expected = Decimal(number) if number else None
    assert [vocabulary().ordinal(name, a) for a in asked] == [expected] * len(asked)


@pytest.mark.parametrize("name", ["ecog-grades", "asa-classes", "nyha-classes"])
def test_every_concept_of_a_scale_has_one_whole_number(name: str) -> None:
    for _, concept in concepts(name, "include"):
        numbers = [e["valueDecimal"] for e in concept["extension"] if e["url"] == ORDINAL_VALUE]
        assert len(numbers) == 1
        assert isinstance(numbers[0], int)


GENERAL = """
colorectal-cancer         colorectal-cancer-general
liver-metastasis          metastasis-site-unstated
lung-metastasis           metastasis-site-unstated
metastasis-outside-liver  metastasis-outside-liver-general
metastasis-outside-lung   metastasis-outside-lung-general
other-malignancy          other-malignancy-general
hepatocellular-carcinoma  liver-primary-general
"""


def test_the_broader_sets_are_these() -> None:
    found = {s.name: s.more_general for s in vocabulary().value_sets.values() if s.more_general}
    assert found == dict(line.split() for line in GENERAL.strip().splitlines())
