"""From random JSON to what the code under test says of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mappings.clinical_time import parse_period
from mappings.evaluation import Evaluation, Policy
from mappings.facts import PatientRecord
from mappings.fhir import Part, decode, read_record
from mappings.truth import Finding
from terminology.valuesets import Vocabulary
from tests.generative.criteria import parse
from tests.generative.invented import VOCABULARY
from tests.generative.oracle import RECENCY
from tests.generative.records import TODAY, TYPES, Json

POLICY = Policy(recency={name: parse_period(f"{days} days") for name, days in RECENCY.items()})


def bundle(resources: Sequence[Json], type_: str = "collection") -> Json:
    """Return the resources as a Bundle."""
    return {"resourceType": "Bundle", "type": type_, "entry": [{"resource": resource} for resource in resources]}


def part(content: Json, **how: Any) -> Part:
    """Return what was retrieved, read from its bytes."""
    return Part(decode(json.dumps(content).encode()), **how)


def read(parts: Sequence[Part], vocabulary: Vocabulary = VOCABULARY) -> PatientRecord:
    """Return the patient's record."""
    return read_record(parts, vocabulary=vocabulary, today=TODAY)


def record(
    resources: Sequence[Json], incomplete: Iterable[str] = (), vocabulary: Vocabulary = VOCABULARY
) -> PatientRecord:
    """Return the record of resources that came as a hook's prefetch does, one part for each type."""
    parts = [part(bundle(resources[:1]), types=frozenset({"Patient"}))]
    for type_ in TYPES:
        of_type = [resource for resource in resources if resource["resourceType"] == type_]
        missing = "the page was lost" if type_ in incomplete else None
        parts.append(part(bundle(of_type), types=frozenset({type_}), missing=missing))
    return read(parts, vocabulary)


def finding(tree: Json, of: PatientRecord) -> Finding:
    """Return what the code under test finds."""
    return Evaluation(of, VOCABULARY, POLICY).finding(parse(tree))
