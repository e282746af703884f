"""Whose a resource is: this patient's, another's, or nobody's that could be told."""

from __future__ import annotations

from typing import Any, TypeGuard

from mappings.fhir import shapes
from mappings.fhir.gate import Quarantine, Skip

SEARCHED = "Patient?identifier="


class Ownership:
    """Knows one patient by reference and identifier. references: those that were found to name the patient so far."""

    def __init__(self, patient: shapes.Patient, full_url: str | None) -> None:
        self.patient = patient
        self.references = {ref for ref in (f"Patient/{patient.id}" if patient.id else None, full_url) if ref}

    def check(self, reference: shapes.Reference | None) -> None:
        """Raise Skip for another patient's, Quarantine where nothing says whose it is."""
        if reference is None:
            raise Quarantine("it does not say whose it is")
        if reference.reference in self.references:
            return
        if _names_a_resource(reference.reference):
            if not self._is_own(reference.reference):
                raise Skip("other-patient")
        elif not self._has_identifier(_identifier(reference)):
            raise Quarantine("it does not say whose it is")

    def is_of_another(self, resource: Any) -> bool:
        """Whether a resource says that it is another patient's; what others refer to need not say whose it is."""
        try:
            self.check(getattr(resource, "subject", None) or getattr(resource, "patient", None))
        except Skip:
            return True
        except Quarantine:
            return False
        return False

    def _is_own(self, reference: str) -> bool:
        """References with a version, or with a server's address before them, name the same patient."""
        plain, id_ = reference.split("/_history/")[0], self.patient.id
        own = plain in self.references or (bool(id_) and plain.endswith((f"/Patient/{id_}", f"urn:uuid:{id_}")))
        if own:
            self.references.add(reference)
        return own

    def _has_identifier(self, identifier: shapes.Identifier | None) -> bool:
        if identifier is None or not identifier.value:
            return False
        mine = {(i.system, i.value) for i in self.patient.identifier or ()}
        if (identifier.system, identifier.value) in mine:
            return True
        if identifier.system and identifier.system in {system for system, _ in mine}:
            raise Skip("other-patient")
        return False


def _names_a_resource(reference: str | None) -> TypeGuard[str]:
    """Whether a reference is a URL: neither a contained resource, an identifier (`<system>|<value>`) nor a search."""
    return bool(reference and not reference.startswith(("#", SEARCHED)) and "|" not in reference)


def _identifier(reference: shapes.Reference) -> shapes.Identifier | None:
    """Return the identifier of a reference, also when it stands where a URL should.

    So it does in Chinese hospital systems, and in a transaction that refers to whom a search would find.
    """
    written = reference.reference or ""
    text = written.removeprefix(SEARCHED).replace("%7C", "|").replace("%7c", "|")
    system, bar, value = text.rpartition("|")
    if not bar and not written.startswith(SEARCHED):
        return reference.identifier
    return shapes.Identifier(system=system or None, value=value)
