"""Kind `consent`: an active research Consent that names the study, or a ResearchSubject of it with consent."""

from __future__ import annotations

import pytest

from tests.spec.tables import Json, Row, answer, decide, read, resources, spec, vocabulary

WORDS = vocabulary("consent-research", "treatment")
STATEMENT: Json = {"kind": "consent", "study": "NCT-1"}


@spec(
    """
    record                                                     | answer
    -----------------------------------------------------------+--------------
                                                               | unknown human
    Consent NCT-1                                              | true
    Consent nct-1                                              | true
    Consent urn:example:NCT-1                                  | true
    Consent NCT-2                                              | unknown human
    Consent NCT-1 scope=treatment                              | unknown human
    Consent NCT-1 provision=permit                             | true
    Consent NCT-1 provision=deny                               | unknown human
    Consent NCT-1 status=inactive                              | unknown human
    Consent NCT-1 status=inactive; Consent NCT-1               | true
    ResearchSubject NCT-1 consented=yes                        | true
    ResearchSubject NCT-1                                      | unknown human
    ResearchSubject NCT-2 consented=yes                        | unknown human
    ResearchSubject NCT-1 status=withdrawn                     | unknown human
    ResearchSubject NCT-1 consented=yes; Consent NCT-1 id=c    | true
    ResearchSubject NCT-1 consented=yes; Consent x id=c        | true
    ResearchSubject NCT-1 consented=yes; Consent x id=c status=rejected | unknown human
    ResearchSubject NCT-1 consented=yes; Consent x id=c status=entered-in-error | unknown human
    ResearchSubject NCT-1 consented=yes; Consent x id=c provision=deny | unknown human
    ResearchSubject study=s consented=yes; ResearchStudy NCT-1 id=s | true
    """
)
def test_consent_to_this_study(row: Row) -> None:
    assert answer(decide(STATEMENT, read(resources(row["record"]), WORDS), WORDS)) == row["answer"]


def test_a_consent_may_name_its_study_in_its_provision() -> None:
    [consent, study] = resources("Consent x; ResearchStudy NCT-1 id=s")
    provision = {"type": "permit", "data": [{"meaning": "instance", "reference": {"reference": "ResearchStudy/s"}}]}
    record = read([{**consent, "provision": provision}, study], WORDS)
    assert answer(decide(STATEMENT, record, WORDS)) == "true"


def test_an_ehr_that_serves_no_consents_leaves_it_to_a_person() -> None:
    assert answer(decide(STATEMENT, read([], WORDS, incomplete="Consent ResearchSubject"), WORDS)) == "unknown human"


@pytest.mark.parametrize(("consented", "truth"), [("consented=yes", "true"), ("", "unknown human")])
def test_that_a_patient_left_the_study_is_said(consented: str, truth: str) -> None:
    finding = decide(STATEMENT, read(resources(f"ResearchSubject NCT-1 status=withdrawn {consented}"), WORDS), WORDS)
    assert (answer(finding), finding.evidence) == (truth, ("ResearchSubject/r1",))
    assert finding.because.endswith(" Recorded in this study as withdrawn.")
