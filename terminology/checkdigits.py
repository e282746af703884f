"""Check digits of SNOMED CT identifiers and LOINC codes: a mistyped code is found before it decides.

A right check digit says that a code is well formed, not that it exists.
"""

from __future__ import annotations

import re

_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
"""Multiplication in the dihedral group of order 10."""

_PERMUTATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
"""What a digit becomes at its place, counted from the right, modulo 8."""

_SNOMED_ID = re.compile("[1-9][0-9]{5,17}")
_LOINC_CODE = re.compile("((?:LA)?[0-9]{1,7})-([0-9])")


def snomed_ok(code: str) -> bool:
    """Return whether a code is 6 to 18 digits, the first not 0, the last Verhoeff's check digit.

    Source: SNOMED CT Release File Specification 6.3 (constraints) and 6.4.2 (check-digit computation).
    """
    if not _SNOMED_ID.fullmatch(code):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = _PRODUCT[check][_PERMUTATION[place % 8][int(digit)]]
    return check == 0


def loinc_ok(code: str) -> bool:
    """Return whether a LOINC number or answer (`LA...`) has the right mod 10 digit after its hyphen.

    False also for 14 deprecated numbers, which LOINC itself lists with a wrong digit. Source: LOINC Users'
    Guide, "Calculating Mod 10 Check Digits"; for answers the variant that it points to (OpenMRS), in which a
    letter counts as its distance from "0" in ASCII.
    """
    match = _LOINC_CODE.fullmatch(code)
    if match is None:
        return False
    distances = [ord(character) - ord("0") for character in reversed(match[1])]
    # Every second one, from the right, is doubled and the digits of the double are added: 7 gives 14 gives 5.
    doubled = sum(2 * distance - 9 * (distance // 5) for distance in distances[::2])
    return (doubled + sum(distances[1::2]) + int(match[2])) % 10 == 0
