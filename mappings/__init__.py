"""Floor 1: decisions. From FHIR to a record, from a record to findings, verdicts and their reasons."""
