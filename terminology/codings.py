"""Codes and the systems they belong to. Nothing here knows a patient.

A code is the pair (system, code); the display never decides. Several URLs name the same system (an OID, a
national edition): `canonical_system` brings them to one.
"""

from __future__ import annotations

from typing import NamedTuple

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICD10_CN = "urn:oid:2.16.156.10011.2.3.3.11"

ICD10_DIALECTS = (ICD10_CM, ICD10, ICD10_GM, ICD10_CN)
"""ICD-10 editions that agree on the WHO level (a letter and up to three more characters)."""

ALIASES = {
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.90": ICD10_CM,
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2014-tw": ICD10_CM,
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2021-tw": ICD10_CM,
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw": ICD10_CM,
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
    "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full": ICD10,
    "http://hl7.org/fhir/sid/icd-10-who": ICD10,
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm": ICD10_GM,
    "urn:oid:1.2.276.0.76.5.311": ICD10_GM,
    "urn:oid:2.16.156.10011.2.3.3.10": ICD10_CN,
}
"""Other URLs of the same systems, as real servers send them."""


class Coding(NamedTuple):
    """A code of a system; equal when both are equal."""

    system: str
    code: str


def canonical_system(url: str) -> str:
    """Return the one URL of a code system; an edition of SNOMED CT (`.../sct/...`) is SNOMED CT."""
    if url.startswith(SNOMED + "/"):
        return SNOMED
    return ALIASES.get(url, url)


def normal_icd10(code: str) -> str:
    """Return an ICD-10 code without its dot and without the marks that ICD-10-GM adds (`+`, `*`, `!`, `†`)."""
    return code.strip().rstrip("+*!†-").replace(".", "").upper()
