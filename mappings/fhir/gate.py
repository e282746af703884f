"""The status gate: which resources count, decided once at the door for every path by which they come.

Each function returns how a resource counts, or raises `Skip` (it does not count, by a named rule) or `Quarantine`
(it cannot be read; the type is then incomplete).
"""

from __future__ import annotations

import msgspec

from mappings.facts import Certainty, ProcedureStatus
from mappings.fhir.shapes import META, MISFIT, NULL, CodeableConcept, DiagnosticReport, Observation, OfPatient


class Skip(Exception):
    """The resource does not count; `rule` is the named rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Quarantine(Exception):
    """The resource cannot be read; `what` says why, without any value of the record."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


UNKNOWN_STATUS = "its status is not one of FHIR's"

FINAL = frozenset({"final", "amended", "corrected", "appended"})
PRELIMINARY = frozenset({"preliminary", "partial"})
NO_RESULT = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})

NO_RESULT_WORDS = frozenset(
    {
        "qns",
        "quantity not sufficient",
        "quantity insufficient",
        "insufficient quantity",
        "insufficient sample",
        "insufficient specimen",
        "specimen insufficient",
        "clotted",
        "specimen clotted",
        "not performed",
        "test not performed",
        "blank",
    }
)
"""Texts that stand where a result should, and say that there is none."""

IN_ERROR = frozenset({"entered-in-error", "refuted"})

NOT_ORDERED = frozenset({"proposal", "plan", "option"})
"""Intents of a request that nobody has ordered yet."""

SUBJECT_STATUS = frozenset(
    {
        "candidate",
        "eligible",
        "follow-up",
        "ineligible",
        "not-registered",
        "off-study",
        "on-study",
        "on-study-intervention",
        "on-study-observation",
        "pending-on-study",
        "potential-candidate",
        "screening",
        "withdrawn",
    }
)

SUBSETTED = "SUBSETTED"
"""The tag by which a server says that it left elements out (`_summary`, `_elements`)."""

PROCEDURE = {
    "completed": ProcedureStatus.COMPLETED,
    "preparation": ProcedureStatus.PLANNED,
    "in-progress": ProcedureStatus.PLANNED,
    "not-done": ProcedureStatus.NOT_DONE,
}
PROCEDURE_IGNORED = frozenset({"on-hold", "stopped", "entered-in-error", "unknown"})

REQUESTED = frozenset({"active", "on-hold", "completed", "stopped"})
TAKEN = frozenset({"active", "completed", "in-progress", "stopped", "on-hold"})
NEVER_TAKEN = frozenset({"cancelled", "draft", "entered-in-error", "intended", "not-done", "not-taken", "unknown"})

NOT_CURRENT = frozenset({"inactive", "remission", "resolved"})
SUSPECTED = frozenset({"unconfirmed", "provisional", "presumed"})


def check_whole(meta: msgspec.Raw) -> None:
    """Refuse a resource of which the server sent only a part: what it lacks may be what decides."""
    if meta is NULL or SUBSETTED.encode() not in bytes(meta):
        return
    try:
        read = META.decode(meta)
    except MISFIT:
        raise Quarantine("it cannot be told whether the server sent all of it") from None
    if read is not None and any(tag.code == SUBSETTED for tag in read.tag or ()):
        raise Quarantine("the server sent only a part of it")


def is_preliminary(status: str | None) -> bool:
    """Whether a result is preliminary; a result without status, or cancelled, registered or unknown, is no result."""
    if status in FINAL:
        return False
    if status in PRELIMINARY:
        return True
    if status is None or status in NO_RESULT:
        raise Skip("status")
    raise Quarantine(UNKNOWN_STATUS)


def check_subject(status: str | None) -> str:
    """Return the status of a ResearchSubject."""
    if status is not None and status not in SUBJECT_STATUS:
        raise Quarantine(UNKNOWN_STATUS)
    return status or ""


def status_within(owner: OfPatient, inner: Observation) -> str | None:
    """Return the status of a contained result: within what is preliminary, a final one is so, too."""
    held_back = isinstance(owner, Observation | DiagnosticReport) and owner.status in PRELIMINARY
    return "preliminary" if held_back and inner.status in FINAL else inner.status


def vouches(owner: OfPatient) -> bool:
    """Whether a resource stands, so that what it contains does."""
    status = getattr(owner, "status", None)
    if isinstance(owner, Observation | DiagnosticReport):
        return status in FINAL | PRELIMINARY
    words = _words(getattr(owner, "verification_status", None))
    return status not in IN_ERROR and words.isdisjoint(IN_ERROR)


def is_result(text: str | None) -> bool:
    """Whether a text is a result at all, and not a word for why there is none."""
    return bool(text and text.strip()) and " ".join((text or "").casefold().split()).rstrip(".") not in NO_RESULT_WORDS


def procedure_status(status: str | None) -> ProcedureStatus:
    """Return how a Procedure counts."""
    if status in PROCEDURE:
        return PROCEDURE[status]
    if status is None or status in PROCEDURE_IGNORED:
        raise Skip("status")
    raise Quarantine(UNKNOWN_STATUS)


def is_taken(status: str | None, *, request: bool) -> bool:
    """Whether a drug was taken: statements and administrations say so, a request only when it is completed."""
    if status is None or status in NEVER_TAKEN:
        raise Skip("status")
    if status not in (REQUESTED if request else TAKEN):
        raise Quarantine(UNKNOWN_STATUS)
    return status == "completed" if request else True


def certainty(verification: CodeableConcept | None) -> Certainty:
    """Return how sure a diagnosis or an allergy is: absent counts as confirmed, an unknown word as suspected."""
    words = _words(verification)
    if wrong := words & IN_ERROR:
        raise Skip(min(wrong))
    if "differential" in words:
        return Certainty.DIFFERENTIAL
    if words & SUSPECTED:
        return Certainty.SUSPECTED
    return Certainty.CONFIRMED if not words or "confirmed" in words else Certainty.SUSPECTED


def is_current(clinical: CodeableConcept | None) -> bool:
    """Whether a clinicalStatus is active, recurrence or relapse; absent is not inactive."""
    return not _words(clinical) & NOT_CURRENT


def _words(concept: CodeableConcept | None) -> set[str]:
    if concept is None:
        return set()
    codes = {coding.code.casefold() for coding in concept.coding or [] if coding.code}
    return codes or ({concept.text.casefold()} if concept.text else set())
