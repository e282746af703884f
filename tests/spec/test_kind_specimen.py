"""A specimen decides only when it is recorded as available; anything else is shown with the question."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.spec.tables import Json, Row, answer, criterion, decide, read, resources, spec, value_set, vocabulary

WORDS = vocabulary(value_set("tumour", "tumour", "metastasis"), "blood", "resection", "biopsy")
TUMOUR: Json = {"kind": "specimen", "value_set": "tumour", "supported_by": ["resection", "biopsy"]}


@spec("""
record                                                                            | answer        | on record
----------------------------------------------------------------------------------+---------------+----------
Specimen tumour status=available                                                  | true          | r1
Specimen metastasis status=available                                              | true          | r1
Specimen tumour status=available on=2019-01-01                                    | true          | r1
Specimen tumour status=available; Specimen tumour status=unavailable              | true          | r1
Specimen tumour status=available; Procedure resection on=2026-01-01               | true          | r1
Specimen tumour status=unavailable                                                | unknown human | r1
Specimen tumour status=unsatisfactory                                             | unknown human | r1
Specimen tumour                                                                   | unknown human | r1
Specimen tumour status=entered-in-error                                           | unknown human |
Specimen tumour status=available on=2026-12-01                                    | unknown human |
Specimen blood status=available                                                   | unknown human |
Specimen other status=available                                                   | unknown human |
Procedure resection on=2026-01-01                                                 | unknown human | r1
Procedure resection; Procedure biopsy on=2025-01-01                               | unknown human | r1 r2
Procedure resection on=2026-01-01; Specimen tumour status=unavailable             | unknown human | r1 r2
Procedure resection on=2026-01-01 status=preparation                              | unknown human |
Procedure resection on=2026-01-01 status=not-done                                 | unknown human |
                                                                                  | unknown human |
""")
def test_only_an_available_specimen_decides(row: Row) -> None:
    found = resources(row["record"])
    for each in (found, found[::-1]):
        finding = decide(TUMOUR, read(each, WORDS), WORDS)
        assert answer(finding) == row["answer"]
        assert {fact.source.rsplit("/", 1)[-1] for fact in finding.facts} == set(row["on record"].split())


@spec("""
record                                         | incomplete         | answer
-----------------------------------------------+--------------------+--------------
Specimen tumour status=available               | Specimen           | true
Specimen tumour status=unavailable             | Specimen           | unknown human
                                               | Specimen Procedure | unknown human
""")
def test_a_person_is_asked_whether_the_record_is_complete_or_not(row: Row) -> None:
    record = read(resources(row["record"]), WORDS, incomplete=row["incomplete"])
    assert answer(decide(TUMOUR, record, WORDS)) == row["answer"]


def test_without_supporting_procedures_only_specimens_are_looked_for() -> None:
    record = read(resources("Procedure resection on=2026-01-01"), WORDS)
    finding = decide({"kind": "specimen", "value_set": "tumour"}, record, WORDS)
    assert (answer(finding), finding.facts) == ("unknown human", ())


def test_what_is_retrieved_for_it() -> None:
    kind = criterion(TUMOUR)
    assert kind.value_sets() == {"tumour", "resection", "biopsy"}
    assert "Specimen" in kind.needed_types()


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValidationError):
        criterion({**TUMOUR, "available": True})
