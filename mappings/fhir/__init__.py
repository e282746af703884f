"""FHIR R4 in, PatientRecord out. No other part of the house knows a clinical resource's JSON shape."""

from mappings.fhir.decoding import Body, decode, limit_nesting
from mappings.fhir.record import DECIDING, READ, Part, read_record
from mappings.fhir.shapes import ID, AnyBody, Bundle, OperationOutcome, Patient, Unreadable

__all__ = [
    "DECIDING",
    "ID",
    "READ",
    "AnyBody",
    "Body",
    "Bundle",
    "OperationOutcome",
    "Part",
    "Patient",
    "Unreadable",
    "decode",
    "limit_nesting",
    "read_record",
]
