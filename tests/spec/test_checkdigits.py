"""A SNOMED CT identifier or LOINC code is well formed when its check digit is right; one slip is found."""

from __future__ import annotations

import pytest

from terminology.checkdigits import loinc_ok, snomed_ok

# The shortest and the longest identifier in use here, and two between.
SNOMED_IDS = ("199004", "2667000", "363510005", "15956181000119102")

LOINC_CODES = ("718-7", "2160-0", "21907-1", "107453-3")

ANSWERS = ("LA9633-4", "LA6576-8", "LA11883-8", "LA28404-4")


def with_one_other_digit(code: str) -> list[str]:
    """Return every code that differs from this one in a single digit."""
    return [
        code[:place] + digit + code[place + 1 :]
        for place, old in enumerate(code)
        for digit in "0123456789"
        if old.isdigit() and digit != old
    ]


def with_two_neighbours_swapped(code: str) -> list[str]:
    """Return every code made by swapping two neighbouring, different digits."""
    return [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(len(code) - 1)
        if code[place] != code[place + 1] and code[place : place + 2].isdigit()
    ]


@pytest.mark.parametrize("code", SNOMED_IDS)
def test_a_snomed_id_with_its_check_digit_is_well_formed(code: str) -> None:
    assert snomed_ok(code)


@pytest.mark.parametrize("code", SNOMED_IDS)
def test_any_one_wrong_digit_of_a_snomed_id_is_found(code: str) -> None:
    assert [wrong for wrong in with_one_other_digit(code) if snomed_ok(wrong)] == []


@pytest.mark.parametrize("code", SNOMED_IDS)
def test_any_two_swapped_digits_of_a_snomed_id_are_found(code: str) -> None:
    assert [wrong for wrong in with_two_neighbours_swapped(code) if snomed_ok(wrong)] == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "nothing"),
        # The check digits of these three are right.
        ("0100201", "a leading zero"),
        ("10205", "too short"),
        ("1234567890123456781", "too long"),
        ("363510005 ", "a blank"),
        ("363510005\n", "a line end"),
        ("36351000S", "a letter"),
        ("３６３５１０００５", "digits that are not ASCII"),
        ("-363510005", "a sign"),
    ],
)
def test_what_is_no_snomed_id_is_refused(code: str, why: str) -> None:
    assert not snomed_ok(code), why


@pytest.mark.parametrize("code", LOINC_CODES + ANSWERS)
def test_a_loinc_code_with_its_check_digit_is_well_formed(code: str) -> None:
    assert loinc_ok(code)


@pytest.mark.parametrize("code", LOINC_CODES + ANSWERS)
def test_any_one_wrong_digit_of_a_loinc_code_is_found(code: str) -> None:
    assert [wrong for wrong in with_one_other_digit(code) if loinc_ok(wrong)] == []


@pytest.mark.parametrize("code", ["11491-6", "11501-6", "5895-7", "6649-9"])
def test_deprecated_numbers_that_were_issued_with_a_wrong_digit_are_refused(code: str) -> None:
    assert not loinc_ok(code)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "nothing"),
        ("-0", "no number"),
        ("7187", "no hyphen"),
        ("718-7 ", "a blank"),
        ("718-7\n", "a line end"),
        ("718-77", "two check digits"),
        ("７１８-７", "digits that are not ASCII"),
        ("la9633-4", "small letters"),
        ("X9633-4", "a local code"),
    ],
)
def test_what_is_no_loinc_code_is_refused(code: str, why: str) -> None:
    assert not loinc_ok(code), why
