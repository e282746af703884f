"""Kind `other-study`: part in another study than this one; TRUE when it is known to give a drug."""

from __future__ import annotations

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, vocabulary

WORDS = vocabulary()
EVER: Json = {"kind": "other-study", "study": "NCT-1"}
NOW: Json = {**EVER, "current": True}


@spec(
    """
    record                                                       | ever                    | now
    -------------------------------------------------------------+-------------------------+------------------------
                                                                 | unknown human           | unknown human
    ResearchSubject study=s; ResearchStudy NCT-2 id=s phase=phase-2 | true                 | true
    ResearchSubject study=s; ResearchStudy NCT-2 id=s phase=phase-1-phase-2 | true         | true
    ResearchSubject study=s; ResearchStudy NCT-2 id=s phase=early-phase-1 | true           | true
    ResearchSubject study=s; ResearchStudy NCT-2 id=s phase=phase-4 | unknown needs-judgement | unknown needs-judgement
    ResearchSubject study=s; ResearchStudy NCT-2 id=s phase=n-a  | unknown needs-judgement | unknown needs-judgement
    ResearchSubject study=s; ResearchStudy NCT-2 id=s            | unknown needs-judgement | unknown needs-judgement
    ResearchSubject NCT-2                                        | unknown needs-judgement | unknown needs-judgement
    ResearchSubject NCT-2 status=off-study                       | unknown needs-judgement | unknown human
    ResearchSubject NCT-2 status=withdrawn                       | unknown needs-judgement | unknown human
    ResearchSubject NCT-2 status=screening                       | unknown human           | unknown human
    ResearchSubject NCT-1                                        | unknown human           | unknown human
    ResearchSubject nct-1                                        | unknown human           | unknown human
    ResearchSubject study=s; ResearchStudy NCT-1 id=s phase=phase-3 | unknown human        | unknown human
    ResearchSubject NCT-1; ResearchSubject NCT-2                 | unknown needs-judgement | unknown needs-judgement
    """
)
def test_part_in_another_study(row: Row) -> None:
    record = read(resources(row["record"]), WORDS)
    assert [answer(decide(statement, record, WORDS)) for statement in (EVER, NOW)] == [row["ever"], row["now"]]


def test_an_ehr_that_serves_no_research_subjects_leaves_it_to_a_person() -> None:
    assert answer(decide(EVER, read([], WORDS, incomplete="ResearchSubject"), WORDS)) == "unknown human"
