"""Taking part in studies: this one (with its consent) and others."""

from __future__ import annotations

from typing import ClassVar, Literal

from mappings.evaluation import Evaluation
from mappings.facts import ConditionFact, ProcedureFact, ProcedureStatus, StudyFact
from mappings.kinds.base import Kind, Listed, Names
from mappings.truth import Finding, Reason, true, unknown

ENROLLED = frozenset(
    {
        "candidate",
        "eligible",
        "follow-up",
        "on-study",
        "on-study-intervention",
        "on-study-observation",
        "pending-on-study",
        "screening",
    }
)
"""ResearchSubject.status from candidate to on-study: the patient is already in the study's care."""

ON_STUDY = frozenset({"on-study", "on-study-intervention", "on-study-observation"})
TOOK_PART = ON_STUDY | {"follow-up", "off-study", "withdrawn"}


def of_study(names: frozenset[str], study: str) -> bool:
    """Whether any of the names by which a record knows a study is, or holds, its registry id."""
    return any(study.casefold() in name.casefold() for name in names)


class OtherStudy(Kind):
    """Taking part in another study than this one; `current`: only now, else at any time.

    TRUE when that study is known to give a drug; otherwise a person must weigh it. Nothing on record is asked of a
    person, since hospitals seldom record it.
    """

    kind: Literal["other-study"]
    study: str
    current: bool = False
    types: ClassVar[tuple[str, ...]] = ("ResearchSubject",)
    reads: ClassVar[frozenset[str]] = frozenset({"ResearchSubject"})

    def decide(self, view: Evaluation) -> Finding:
        part = [f for f in view.record.studies if self._counts(f)]
        if giving := [f for f in part if f.gives_drug]:
            return true(giving, "In a study that gives a drug: {}.", Listed(giving))
        if part:
            return unknown(
                Reason.NEEDS_JUDGEMENT,
                part,
                "In another study; whether it gives a drug is not known: {}.",
                Listed(part),
            )
        return unknown(Reason.HUMAN, (), "No other study on record; please confirm.")

    def _counts(self, fact: StudyFact) -> bool:
        statuses = ON_STUDY if self.current else TOOK_PART
        return fact.status in statuses and not of_study(fact.studies, self.study)


class Consent(Kind):
    """Consent to this study: an active research Consent that names it, or a ResearchSubject with consent."""

    kind: Literal["consent"]
    study: str
    types: ClassVar[tuple[str, ...]] = ("Consent", "ResearchSubject")
    reads: ClassVar[frozenset[str]] = frozenset({"Consent", "ResearchSubject"})

    def decide(self, view: Evaluation) -> Finding:
        given = [c for c in view.record.consents if of_study(c.studies, self.study)]
        subjects = [s for s in view.record.studies if s.consented and of_study(s.studies, self.study)]
        if given or subjects:
            return true([*given, *subjects], "Consent to this study is on record.")
        return unknown(Reason.HUMAN, (), "No consent to this study on record; please confirm.")

    def value_sets(self) -> frozenset[str]:
        return frozenset({"consent-research"})


class Human(Kind):
    """What no record can decide.

    shows: value sets of conditions worth showing. not_done: those of procedures that are recorded as not done.
    """

    kind: Literal["human"]
    shows: Names = ()
    not_done: Names = ()

    def decide(self, view: Evaluation) -> Finding:
        conditions, not_done = view.facts(ConditionFact, self.shows), self._not_done(view)
        said = [f"{word}{Listed(facts)}" for word, facts in (("", conditions), ("not done: ", not_done)) if facts]
        if not said:
            return unknown(Reason.HUMAN, (), "For you to judge.")
        return unknown(Reason.HUMAN, (*conditions, *not_done), "For you to judge; on record: {}.", "; ".join(said))

    def _not_done(self, view: Evaluation) -> list[ProcedureFact]:
        facts = view.facts(ProcedureFact, self.not_done)
        return [fact for fact in facts if fact.status is ProcedureStatus.NOT_DONE]

    def value_sets(self) -> frozenset[str]:
        return frozenset((*self.shows, *self.not_done))
