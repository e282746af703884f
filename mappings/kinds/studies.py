"""Taking part in studies: this one (with its consent) and others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from mappings.evaluation import Evaluation
from mappings.facts import ConditionFact, Fact, ProcedureFact, ProcedureStatus, StudyFact
from mappings.kinds.base import Kind, Listed, Names, Shown
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
LEFT = frozenset({"ineligible", "not-registered", "off-study", "withdrawn"})
"""Those of one who was in the study's care, or was turned away."""

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
        return _please_confirm(view, self.types, "No other study on record; please confirm.")

    def _counts(self, fact: StudyFact) -> bool:
        statuses = ON_STUDY if self.current else TOOK_PART
        return fact.status in statuses and not of_study(fact.studies, self.study)


class Consent(Kind):
    """Consent to this study: an active research Consent that names it, or a ResearchSubject with consent.

    Of one who left the study, or was turned away, that is said beside it.
    """

    kind: Literal["consent"]
    study: str
    types: ClassVar[tuple[str, ...]] = ("Consent", "ResearchSubject")
    reads: ClassVar[frozenset[str]] = frozenset({"Consent", "ResearchSubject"})

    def decide(self, view: Evaluation) -> Finding:
        own = [s for s in view.record.studies if of_study(s.studies, self.study)]
        left = [s for s in own if s.status in LEFT]
        status = f" Recorded in this study as {', '.join(dict.fromkeys(s.status for s in left))}." if left else ""
        given = [c for c in view.record.consents if of_study(c.studies, self.study)]
        subjects = [s for s in own if s.consented]
        if given or subjects:
            return true([*given, *own], "Consent to this study is on record.{}", status)
        if left:
            return unknown(Reason.HUMAN, left, "No consent to this study on record; please confirm.{}", status)
        return _please_confirm(view, self.types, "No consent to this study on record; please confirm.")

    def value_sets(self) -> frozenset[str]:
        return frozenset({"consent-research"})


class Human(Kind):
    """What no record can decide.

    label: what it is about, where no words of the source say so. shows: value sets of conditions and procedures worth
    showing. not_done: those of procedures that are worth showing when they are recorded as not done.
    """

    kind: Literal["human"]
    label: str | None = None
    shows: Names = ()
    not_done: Names = ()

    def decide(self, view: Evaluation) -> Finding:
        about = f": {self.label}" if self.label else ""
        shown, not_done = self._shown(view), self._not_done(view)
        if not shown and not not_done:
            return unknown(Reason.HUMAN, (), "For you to judge{}.", about)
        said = [str(Listed(shown))] if shown else []
        said += [f"not done: {_with_reason(fact)}" for fact in not_done]
        return unknown(Reason.HUMAN, (*shown, *not_done), "For you to judge{}; on record: {}.", about, "; ".join(said))

    def _shown(self, view: Evaluation) -> list[Fact]:
        done = (f for f in view.facts(ProcedureFact, self.shows) if f.status is not ProcedureStatus.NOT_DONE)
        return [*view.facts(ConditionFact, self.shows), *done]

    def _not_done(self, view: Evaluation) -> list[ProcedureFact]:
        facts = view.facts(ProcedureFact, self.not_done)
        return [fact for fact in facts if fact.status is ProcedureStatus.NOT_DONE]

    def value_sets(self) -> frozenset[str]:
        return frozenset((*self.shows, *self.not_done))


def _with_reason(fact: ProcedureFact) -> str:
    return f"{Shown(fact)}, reason: {fact.status_reason}" if fact.status_reason else str(Shown(fact))


def _please_confirm(view: Evaluation, types: Iterable[str], otherwise: str) -> Finding:
    """Return that a person is asked, since nothing is on record or not all came; it never blocks."""
    if (missing := view.missing(types)) is not None:
        return unknown(Reason.HUMAN, (), "Not known: {} records were not retrieved in full; please confirm.", missing)
    return unknown(Reason.HUMAN, (), otherwise)
