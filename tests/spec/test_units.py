"""A result is compared in the criterion's unit, converted exactly; an unknown unit is never guessed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from terminology import units
from terminology.units import ANALYTES, canonical, convert, dimension

# Exact conversions: value, unit as sent, analyte, unit of the criterion, the exact result.
EXACT = [
    # 50,000 /mm3 is 50, not 49.99999999999999: the criteria say "> 50,000" and "< 50,000".
    ("50000", "/mm3", "platelets", "10*9/L", "50"),
    ("50000", "/uL", "platelets", "10*9/L", "50"),
    ("50", "10*3/uL", "platelets", "10*9/L", "50"),
    ("50", "10*3/mm3", "platelets", "10*9/L", "50"),
    ("49.999", "10*3/uL", "platelets", "/mm3", "49999"),
    ("0.05", "10*12/L", "platelets", "10*9/L", "50"),
    ("50000", "10*6/L", "platelets", "10*9/L", "50"),
    ("50000000000", "/L", "platelets", "10*9/L", "50"),
    ("50000000", "/mL", "platelets", "10*9/L", "50"),
    ("50", "10*6/mL", "platelets", "10*9/L", "50"),
    ("0.05", "10*6/uL", "platelets", "10*9/L", "50"),
    ("50", "/nL", "platelets", "10*9/L", "50"),
    ("1500", "/mm3", "neutrophils", "10*9/L", "3/2"),
    ("1.5", "10*3/uL", "neutrophils", "10*9/L", "3/2"),
    ("1", "/uL", "neutrophils", "10*9/L", "1/1000"),
    ("10", "g/dL", "haemoglobin", "g/L", "100"),
    ("99", "g/L", "haemoglobin", "g/dL", "99/10"),
    ("0.5", "1", "prothrombin-activity", "%", "50"),
    ("50", "%", "prothrombin-activity", "%", "50"),
    ("12.5", "s", "prothrombin-time", "s", "25/2"),
    ("1.7", "1", "inr", "{INR}", "17/10"),
    # 1 umol/L of creatinine is 113.12 / 10000 mg/dL, of bilirubin 584.66 / 10000.
    ("221", "umol/L", "creatinine", "mg/dL", "249995.2/100000"),
    ("0.221", "mmol/L", "creatinine", "mg/dL", "249995.2/100000"),
    ("10000", "umol/L", "creatinine", "mg/dL", "113.12"),
    ("113.12", "mg/dL", "creatinine", "umol/L", "10000"),
    ("2.5", "mg/dL", "creatinine", "umol/L", "2500000/11312"),
    ("25", "mg/L", "creatinine", "mg/dL", "5/2"),
    ("25", "ug/mL", "creatinine", "mg/dL", "5/2"),
    ("10000", "umol/L", "bilirubin-total", "mg/dL", "584.66"),
    ("584.66", "mg/dL", "bilirubin-total", "umol/L", "10000"),
    ("3", "mg/dL", "bilirubin-total", "umol/L", "3000000/58466"),
    ("10000", "umol/L", "bilirubin-direct", "mg/dL", "584.66"),
    ("28", "g/L", "albumin", "g/dL", "14/5"),
    ("28", "mg/mL", "albumin", "g/dL", "14/5"),
    ("421", "umol/L", "albumin", "g/dL", "2.7786"),
    ("25", "mL/s", "creatinine-clearance", "mL/min", "1500"),
    ("1.5", "L/h", "creatinine-clearance", "mL/min", "25"),
    ("0.025", "L/min", "creatinine-clearance", "mL/min", "25"),
    # 101 degrees Fahrenheit governs over the rounded 38.3: it is 38 and a third.
    ("101", "[degF]", "body-temperature", "Cel", "115/3"),
    ("38.3", "Cel", "body-temperature", "[degF]", "100.94"),
    ("32", "[degF]", "body-temperature", "Cel", "0"),
    ("-40", "[degF]", "body-temperature", "Cel", "-40"),
    ("154", "[lb_av]", "body-weight", "kg", "69.85322498"),
    ("16", "[oz_av]", "body-weight", "kg", "0.45359237"),
    ("70000", "g", "body-weight", "kg", "70"),
    ("1.7", "m", "body-height", "cm", "170"),
    ("70", "[in_i]", "body-height", "cm", "177.8"),
    ("6", "[ft_i]", "body-height", "cm", "182.88"),
    ("5", "cm", "tumour-size", "mm", "50"),
    ("20", "mm", "tumour-size", "cm", "2"),
    ("49", "mm", "tumour-size-max-dimension", "cm", "49/10"),
    ("80", "%", "karnofsky-status", "{score}", "80"),
    ("3", "{CTCs}/(7.5.mL)", "ctc-count", "{CTCs}/(7.5.mL)", "3"),
    ("0.2", "{MTM}/mL", "ctdna-result", "{MTM}/mL", "1/5"),
    ("0.01", "1", "ctdna-result", "%", "1"),
]

# The same arithmetic as computed by a UCUM library (@lhncbc/ucum-lhc 7.1.9), to the digits it printed.
LIBRARY = [
    ("50000", "/mm3", "platelets", "10*9/L", "50.0"),
    ("50000", "/uL", "platelets", "10*9/L", "50.0"),
    ("50", "10*3/uL", "platelets", "10*9/L", "50.0"),
    ("50", "10*3/mm3", "platelets", "10*9/L", "50.0"),
    ("1500", "/mm3", "neutrophils", "10*9/L", "1.5"),
    ("1.5", "10*3/uL", "neutrophils", "10*9/L", "1.5"),
    ("10", "g/dL", "haemoglobin", "g/L", "100"),
    ("28", "g/L", "albumin", "g/dL", "2.8"),
    ("421", "umol/L", "albumin", "g/dL", "2.7786"),
    ("0.41666667", "mL/s", "creatinine-clearance", "mL/min", "25.0"),
    ("101", "[degF]", "body-temperature", "Cel", "38.333333"),
    ("38.3", "Cel", "body-temperature", "[degF]", "100.94"),
    ("5", "cm", "tumour-size", "mm", "50"),
    ("20", "mm", "tumour-size", "cm", "2"),
    ("154", "[lb_av]", "body-weight", "kg", "69.853225"),
    ("0.5", "1", "prothrombin-activity", "%", "50"),
]

# The library's molar masses are 113.1179 and 584.6621, ours 113.12 and 584.66: the first four digits agree.
LIBRARY_WITH_ITS_OWN_MOLAR_MASS = [
    ("221", "umol/L", "creatinine", "mg/dL", "2.499906"),
    ("2.5", "mg/dL", "creatinine", "umol/L", "221.008346"),
    ("51.3", "umol/L", "bilirubin-total", "mg/dL", "2.999317"),
    ("3", "mg/dL", "bilirubin-total", "umol/L", "51.311689"),
]

# What hospitals write (a UCUM parser refuses it or reads something else), and the UCUM code that they mean.
TRAPS = [
    ("K/uL", "platelets", "10*3/uL"),  # to UCUM kelvin per microlitre
    ("G/l", "platelets", "10*9/L"),  # to UCUM gauss per litre
    ("C", "body-temperature", "Cel"),  # to UCUM coulomb
    ("F", "body-temperature", "[degF]"),  # to UCUM farad
    ("10^9/L", "platelets", "10*9/L"),
    ("x10E9/L", "platelets", "10*9/L"),
    ("cells/uL", "neutrophils", "/uL"),
    ("µmol/L", "creatinine", "umol/L"),
    ("mcmol/L", "creatinine", "umol/L"),
    ("gm/dL", "haemoglobin", "g/dL"),
    ("mg/100mL", "bilirubin-total", "mg/dL"),
    ("mg%", "bilirubin-total", "mg/dL"),  # to UCUM a hundredth of a milligram
    ("degC", "body-temperature", "Cel"),
    ("°C", "body-temperature", "Cel"),
    ("sec", "prothrombin-time", "s"),
    ("/7.5.mL", "ctc-count", "{CTCs}/(7.5.mL)"),  # to UCUM 1/7 times 5 mL
]

SPELLINGS = {
    ("platelets", "10*9/L"): (
        "10*9/L 10*9/l 10^9/L x10^9/L x10E9/L X10E9/L 10E9/L 10e9/l 10**9/L 10(9)/L x10*9/L *10^9/L ×10^9/L "
        "10⁹/L ×10⁹/L 10*9{cells}/L G/L G/l GPT/L Gpt/l １０＾９／Ｌ"
    ),
    ("platelets", "10*12/L"): "10*12/L 10^12/L 10¹²/L x10E12/L x10*12/L",
    ("platelets", "10*6/L"): "10*6/L 10^6/L x10E6/L 10⁶/L",
    ("platelets", "10*3/uL"): (
        "10*3/uL 10*3/ul 10*3/µL 10*3/μL 10*3/mcL 10^3/uL 10³/µL x10E3/uL x10^3/uL K/uL K/UL k/ul K/µL K/μL "
        "Th/uL thou/uL thousand/uL Thousands/mcL Tsd/µl Tsd./µl TSD/UL 10*3{cells}/uL"
    ),
    ("platelets", "10*3/mm3"): "10*3/mm3 10^3/mm3 10³/mm³ x10E3/mm3 K/mm3 K/cumm",
    ("platelets", "10*6/uL"): "10*6/uL 10^6/µL",
    ("platelets", "10*6/mL"): "10*6/mL 10^6/ml",
    ("neutrophils", "/uL"): "/uL /ul /µL /μL /mcL cells/uL cells/mcL {cells}/uL cells/µl #/uL {#}/uL",
    ("neutrophils", "/mm3"): "/mm3 /mm³ cells/mm3 {cells}/mm3 cells/mm^3 cells/cumm",
    ("neutrophils", "/L"): "/L /l cells/L",
    ("platelets", "/nL"): "/nL /nl /nanoliter",
    ("creatinine", "mg/dL"): "mg/dL mg/dl MG/DL mg/100mL mg/100ml mg% ㎎/㎗",
    (
        "creatinine",
        "umol/L",
    ): "umol/L umol/l UMOL/L µmol/L μmol/L µmol/l mcmol/L micromol/L",
    ("creatinine", "mmol/L"): "mmol/L mmol/l MMOL/L",
    ("creatinine", "nmol/L"): "nmol/L nmol/l",
    ("haemoglobin", "g/dL"): "g/dL g/dl G/DL gm/dL gm/dl g/100mL g% gm%",
    ("haemoglobin", "g/L"): "g/L g/l gm/L",
    ("body-weight", "kg"): "kg Kg KG kgs kilogram ㎏",
    ("body-weight", "g"): "g gm gram G",
    ("body-weight", "[lb_av]"): "[lb_av] lb lbs LB LBS pound pounds",
    ("body-height", "cm"): "cm CM centimeter ㎝",
    ("body-height", "m"): "m M meter metre",
    ("body-height", "[in_i]"): "[in_i] in IN inch inches",
    ("tumour-size", "mm"): "mm MM millimeter ㎜",
    ("body-temperature", "Cel"): "Cel cel C °C ºC ˚C ℃ degC celsius",
    ("body-temperature", "[degF]"): "[degF] degF F °F ºF ℉ fahrenheit",
    ("creatinine-clearance", "mL/min"): "mL/min ml/min ML/MIN cc/min ㎖/min",
    ("creatinine-clearance", "mL/s"): "mL/s ml/s mL/sec",
    ("prothrombin-activity", "%"): "% percent ％",
    ("prothrombin-activity", "1"): "1",
    ("inr", "{INR}"): "{INR} {inr} INR 1 {ratio} ratio",
    ("ecog-status", "{score}"): "{score} score 1 {grade} {#}",
    ("asa-class", "{score}"): "{score} 1 {class} class",
    ("nyha-class", "{score}"): "{score} 1 {class} class",
    ("karnofsky-status", "{score}"): "{score} 1 %",
    ("lesion-count", "{#}"): "{#} # 1 {lesions} {count}",
}

SPELLINGS_WITH_BLANKS = [
    ("x 10^9 / L", "platelets", "10*9/L"),
    (" K/uL ", "platelets", "10*3/uL"),
    ("cells / mm3", "neutrophils", "/mm3"),
    ("cells per microliter", "neutrophils", "/uL"),
    ("gram per deciliter", "haemoglobin", "g/dL"),
    ("mg / 100 mL", "creatinine", "mg/dL"),
    ("degrees C", "body-temperature", "Cel"),
    ("deg F", "body-temperature", "[degF]"),
    ("% activity", "prothrombin-activity", "%"),
]

# Units of another dimension, arbitrary units and rubbish: analyte, unit.
REFUSED = [
    ("platelets", "g/L"),  # gram, not giga: case decides here
    ("platelets", "g/l"),
    ("platelets", "mmol/l"),
    ("platelets", "%"),
    ("platelets", "fL"),
    ("platelets", "1"),
    ("platelets", "10*9"),
    ("platelets", "109/L"),  # a superscript lost on the way
    ("platelets", "10 9/L"),
    ("platelets", "C"),
    ("neutrophils", "%"),  # the share of leucocytes
    ("neutrophils", "mm3"),
    ("haemoglobin", "mmol/L"),  # monomer or tetramer: not known
    ("haemoglobin", "umol/L"),
    ("haemoglobin", "10*3/uL"),
    ("creatinine", "K/uL"),
    ("creatinine", "mg/g"),
    ("creatinine", "U/L"),
    ("creatinine", "mg"),
    ("bilirubin-total", "mL/min"),
    ("albumin", "%"),  # the share of an electrophoresis
    ("prothrombin-activity", "s"),
    ("prothrombin-activity", "sec"),
    ("prothrombin-activity", "{INR}"),
    ("prothrombin-activity", "{ratio}"),  # patient over normal runs the other way
    ("prothrombin-time", "%"),
    ("inr", "%"),
    ("inr", "s"),
    ("inr", "{score}"),
    ("ecog-status", "%"),
    ("ecog-status", "{INR}"),
    ("ecog-status", "kg"),
    ("lesion-count", "mm"),
    ("body-temperature", "K"),
    ("body-temperature", "%"),
    ("body-weight", "cm"),
    ("body-weight", "kg/m2"),
    ("body-height", "kg"),
    ("tumour-size", "mm2"),
    ("tumour-size", "cm3"),
    ("ctc-count", "/mL"),
    ("ctdna-result", "/mL"),
    ("ctdna-result", "ng/mL"),
    ("creatinine", "258814008"),  # a code of another system
    ("creatinine", "unknown"),
    ("creatinine", "mg/dL mg/dL"),
    ("creatinine", "mg/dL{a}"),
]

# A filtration rate related to 1.73 m2 of body surface is not a clearance in mL/min.
PER_BODY_SURFACE = [
    "mL/min/{1.73_m2}",
    "mL/min/{1.73m2}",
    "mL/min/1.73m2",
    "ml/min/1.73m2",
    "mL/min/1.73 m2",
    "mL/min/1.73m²",
    "ml/min/1.73 m^2",
    "mL/min/1.73m*2",
    "mL/min/1.73_m2",
    "mL/min/1.73 sq m",
    "mL/min/1.73",
    "ML/MIN/1.73M2",
]
NEITHER_FLOW_NOR_PER_BODY_SURFACE = ["mL/min/m2", "mL/min{1.73_m2}", "mL/min/kg", "mL/(min.1.73_m2)"]

UNIT_MAY_BE_MISSING = {"inr", "ecog-status", "asa-class", "nyha-class", "karnofsky-status", "lesion-count"}


def spellings() -> Iterator[tuple[str, str, str]]:
    """Yield (spelling, analyte, UCUM code) of the table above."""
    for (analyte, code), row in SPELLINGS.items():
        for spelling in row.split():
            yield spelling, analyte, code


def quotient(written: str) -> Fraction:
    """Return the fraction that a cell of the table says, "2500000/11312" or "69.85"."""
    over, _, under = written.partition("/")
    return Fraction(over) / Fraction(under or 1)


def slope(ends: list[Fraction | None]) -> Fraction:
    """Return by how much a conversion moves from the reading 0 to the reading 1."""
    first, second = ends
    assert first is not None
    assert second is not None
    return second - first


def places(written: str) -> int:
    """Return the decimal places of a number as it is printed."""
    return len(written.partition(".")[2])


@pytest.mark.parametrize(("value", "unit", "analyte", "to", "expected"), EXACT)
def test_conversion_is_exact(value: str, unit: str, analyte: str, to: str, expected: str) -> None:
    converted = convert(Decimal(value), unit, analyte=analyte, to=to)
    assert converted == quotient(expected)
    assert isinstance(converted, Fraction)


@pytest.mark.parametrize(("unit", "analyte", "to"), sorted({(row[1], row[2], row[3]) for row in EXACT}))
def test_the_way_back_is_the_inverse(unit: str, analyte: str, to: str) -> None:
    there = [convert(Decimal(value), unit, analyte=analyte, to=to) for value in (0, 1)]
    back = [convert(Decimal(value), to, analyte=analyte, to=unit) for value in (0, 1)]
    assert slope(there) * slope(back) == 1


@pytest.mark.parametrize(("value", "unit", "analyte", "to", "printed"), LIBRARY)
def test_conversion_agrees_with_a_ucum_library(value: str, unit: str, analyte: str, to: str, printed: str) -> None:
    converted = convert(Decimal(value), unit, analyte=analyte, to=to)
    assert converted is not None
    assert round(converted, places(printed)) == Fraction(printed)


@pytest.mark.parametrize(("value", "unit", "analyte", "to", "printed"), LIBRARY_WITH_ITS_OWN_MOLAR_MASS)
def test_conversion_differs_from_a_ucum_library_by_the_molar_mass_alone(
    value: str, unit: str, analyte: str, to: str, printed: str
) -> None:
    converted = convert(Decimal(value), unit, analyte=analyte, to=to)
    assert converted is not None
    assert abs(converted / Fraction(printed) - 1) < Fraction(1, 40_000)


@pytest.mark.parametrize(("spelling", "analyte", "code"), TRAPS)
def test_a_trap_means_what_hospitals_mean(spelling: str, analyte: str, code: str) -> None:
    assert canonical(spelling, analyte=analyte) == code


@pytest.mark.parametrize(("spelling", "analyte", "code"), [*spellings(), *SPELLINGS_WITH_BLANKS])
def test_a_spelling_is_its_ucum_unit(spelling: str, analyte: str, code: str) -> None:
    assert canonical(spelling, analyte=analyte) == code
    assert dimension(spelling, analyte=analyte) == dimension(code, analyte=analyte)
    assert convert(Decimal("1.25"), spelling, analyte=analyte, to=code) == Fraction(5, 4)


@pytest.mark.parametrize(
    ("spelling", "meanings"),
    [
        ("K/uL", {"number-concentration": "10*3/uL"}),
        # In capitals: gram per litre of haemoglobin, giga per litre of platelets.
        ("G/L", {"number-concentration": "10*9/L", "mass-concentration": "g/L"}),
        ("C", {"temperature": "Cel"}),
        ("F", {"temperature": "[degF]"}),
        ("M", {"length": "m"}),
        ("mg%", {"mass-concentration": "mg/dL"}),
        ("%", {"share": "%", "karnofsky-score": "{score}"}),
        ("{INR}", {"ratio": "{INR}"}),
    ],
)
def test_a_spelling_has_its_meaning_in_its_dimension_alone(spelling: str, meanings: dict[str, str]) -> None:
    found = {
        name: canonical(spelling, analyte=analyte)
        for analyte in ANALYTES
        if (name := dimension(spelling, analyte=analyte)) is not None
    }
    assert found == meanings


@pytest.mark.parametrize(("analyte", "unit"), REFUSED)
def test_a_unit_that_does_not_fit_is_refused(analyte: str, unit: str) -> None:
    to = next(iter(ANALYTES[analyte].dimensions[0].any_case))
    assert convert(Decimal(1), unit, analyte=analyte, to=to) is None
    assert convert(Decimal(1), to, analyte=analyte, to=unit) is None
    assert canonical(unit, analyte=analyte) is None
    assert dimension(unit, analyte=analyte) is None


@pytest.mark.parametrize("unit", PER_BODY_SURFACE)
def test_a_rate_per_body_surface_is_an_egfr_and_no_clearance(unit: str) -> None:
    assert canonical(unit, analyte="egfr") == "mL/min/{1.73_m2}"
    assert convert(Decimal(60), unit, analyte="creatinine-clearance", to="mL/min") is None


@pytest.mark.parametrize("unit", NEITHER_FLOW_NOR_PER_BODY_SURFACE)
def test_a_rate_per_something_else_is_neither(unit: str) -> None:
    assert canonical(unit, analyte="egfr") is None
    assert canonical(unit, analyte="creatinine-clearance") is None


def test_a_plain_flow_is_no_egfr() -> None:
    assert convert(Decimal(60), "mL/min", analyte="egfr", to="mL/min/{1.73_m2}") is None


@pytest.mark.parametrize("missing", [None, "", "  "])
@pytest.mark.parametrize("analyte", sorted(ANALYTES))
def test_a_missing_unit_is_taken_only_for_bare_numbers(analyte: str, missing: str | None) -> None:
    to = next(iter(ANALYTES[analyte].dimensions[0].any_case))
    expected = Fraction(2) if analyte in UNIT_MAY_BE_MISSING else None
    assert convert(Decimal(2), missing, analyte=analyte, to=to) == expected


def test_kinds_of_ctdna_numbers_never_become_each_other() -> None:
    codes = ("%", "{MTM}/mL", "{copies}/mL")
    roads = {
        (sent, to)
        for sent in codes
        for to in codes
        if convert(Decimal(1), sent, analyte="ctdna-result", to=to) is not None
    }
    assert roads == {(code, code) for code in codes}


def test_an_analyte_without_a_table_is_refused() -> None:
    assert convert(Decimal(1), "mg/dL", analyte="potassium", to="mg/dL") is None
    assert canonical("mg/dL", analyte="potassium") is None
    assert dimension("mg/dL", analyte="potassium") is None


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999999", "1e-999999999", "0e999999999"]
)
def test_a_number_that_no_result_can_be_is_refused_at_once(value: str) -> None:
    assert convert(Decimal(value), "mg/dL", analyte="creatinine", to="mg/dL") is None


def test_a_text_in_place_of_a_unit_is_refused_and_not_kept() -> None:
    before = units._look_up.cache_info().currsize
    assert canonical("mg/dL" + " " * 1000, analyte="creatinine") is None
    assert units._look_up.cache_info().currsize == before


def test_a_long_but_real_number_is_read() -> None:
    assert convert(Decimal("1.0000000000000000001"), "mg/dL", analyte="creatinine", to="mg/dL") == Fraction(
        10**19 + 1, 10**19
    )


@pytest.mark.parametrize("analyte", sorted(ANALYTES))
def test_no_two_units_of_an_analyte_share_a_spelling(analyte: str) -> None:
    meanings: dict[str, set[str]] = {}
    for each in ANALYTES[analyte].dimensions:
        for spelling, unit in each.any_case.items():
            meanings.setdefault(spelling, set()).add(unit.code)
    assert {spelling: codes for spelling, codes in meanings.items() if len(codes) > 1} == {}


def test_a_table_in_which_a_spelling_has_two_meanings_cannot_be_built() -> None:
    rows = (units._Row("mg", Fraction(1)), units._Row("Mg", Fraction(10**9)))
    with pytest.raises(ValueError, match="Mg"):
        units._dimension("mass", rows)


@pytest.mark.parametrize("analyte", [a for a in ANALYTES.values() if a.molar_mass], ids=lambda a: a.value_set)
def test_a_molar_mass_joins_mass_and_substance_and_nothing_else(analyte: units.Analyte) -> None:
    assert [each.name for each in analyte.dimensions] == ["mass-concentration", "substance-concentration"]


ROOT = Path(__file__).parents[2]
FLOATS = {"mappings/fhir/references.py", "mappings/lint/logic.py"}
"""Modules with a float that is no clinical number: when a version was stored, and how the linter shows a limit."""


def test_there_is_no_float_where_clinical_numbers_are() -> None:
    found = set()
    for file in sorted(each for floor in ("terminology", "mappings") for each in (ROOT / floor).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        written = any(isinstance(node, ast.Constant) and isinstance(node.value, float) for node in nodes)
        if written or any(isinstance(node, ast.Name) and node.id == "float" for node in nodes):
            found.add(file.relative_to(ROOT).as_posix())
    assert found == FLOATS


def test_no_factor_is_a_float() -> None:
    factors = {
        type(number)
        for analyte in ANALYTES.values()
        for each in analyte.dimensions
        for unit in (*each.any_case.values(), *each.exact_case.values())
        for number in (unit.factor, unit.zero)
    }
    assert factors == {Fraction}
