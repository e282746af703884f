"""Facts: what a patient's record says, in the words that criteria ask about, each with its source.

A Fact exists only for a resource that passed the status gate (`mappings/fhir/`) and whose codes some value set
holds. `sets` are the names of those value sets; `label` is what the record calls the thing (untrusted text: a card
escapes it). Times are clinical times; None means "not recorded".
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from mappings.clinical_time import Interval
from terminology.codings import Coding


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the record says. `source` is a reference such as `Observation/123`."""

    source: str
    sets: frozenset[str] = frozenset()
    label: str = ""
    time: Interval | None = None


class Certainty(enum.StrEnum):
    """How sure the record is of a diagnosis or an allergy (verificationStatus; absent counts as confirmed)."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    DIFFERENTIAL = "differential"


class ConditionFact(Fact, frozen=True, kw_only=True):
    """A Condition. current: clinicalStatus active, recurrence, relapse or absent. recorded: an upper bound of onset.

    sites, findings: value sets of its body sites, and of its stage, evidence and histology codes.
    """

    certainty: Certainty = Certainty.CONFIRMED
    current: bool = True
    recorded: Interval | None = None
    sites: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()


class ProcedureStatus(enum.StrEnum):
    """Whether a procedure happened."""

    COMPLETED = "completed"
    PLANNED = "planned"
    NOT_DONE = "not-done"


class ProcedureFact(Fact, frozen=True, kw_only=True):
    """A Procedure, or a planned one from a ServiceRequest or CarePlan.

    reasons: the resources for which it was done. status_reason: why it was not done, or not finished, in words.
    """

    status: ProcedureStatus = ProcedureStatus.COMPLETED
    sites: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    status_reason: str = ""


class Quantity(msgspec.Struct, frozen=True):
    """A number as recorded; `unit` is the UCUM code when there is one, else the unit's text."""

    value: Decimal
    unit: str | None = None
    comparator: str | None = None

    def __str__(self) -> str:
        number = f"{self.comparator or ''}{self.value}"
        return f"{number} {self.unit}" if self.unit and self.unit != "1" else number


class Coded(msgspec.Struct, frozen=True):
    """A coded or textual answer: its codes, its text as shown, and the value sets that either touches.

    words: its text without any display, since a display never decides.
    """

    codes: tuple[Coding, ...] = ()
    text: str = ""
    sets: frozenset[str] = frozenset()
    words: str = ""

    def __str__(self) -> str:
        return self.text


class ReferenceRange(msgspec.Struct, frozen=True):
    """A reference range; `plain` when its type is absent or `normal`."""

    low: Quantity | None
    high: Quantity | None
    plain: bool


Value = Quantity | Coded


class ObservationFact(Fact, frozen=True, kw_only=True):
    """An Observation's result, one of its components, or a DiagnosticReport's conclusion.

    values: every carrier of the answer (value[x], interpretation); they may contradict each other.
    sites: of the body site, of what it is about, and of its specimen. part_of, focus: references. group: the report or
    study it was measured in. concluded: it is a report's conclusion.
    """

    values: tuple[Value, ...] = ()
    preliminary: bool = False
    ranges: tuple[ReferenceRange, ...] = ()
    sites: frozenset[str] = frozenset()
    part_of: frozenset[str] = frozenset()
    group: str | None = None
    focus: str | None = None
    concluded: bool = False

    @property
    def shown(self) -> str:
        """The answer as the record gives it."""
        return ", ".join(dict.fromkeys(str(value) for value in self.values if str(value))) or "no value"


class MedicationFact(Fact, frozen=True, kw_only=True):
    """A drug given, taken or prescribed.

    taken: the record says it was given or taken, not merely ordered. routes: value sets of how, of every dosage.
    """

    taken: bool = True
    routes: frozenset[str] = frozenset()


class AllergyFact(Fact, frozen=True, kw_only=True):
    """An AllergyIntolerance that is active. intolerance: recorded as `type: intolerance`."""

    certainty: Certainty = Certainty.CONFIRMED
    intolerance: bool = False


class StudyFact(Fact, frozen=True, kw_only=True):
    """A ResearchSubject.

    studies: every identifier by which its study is known. gives_drug: the study is known to give one.
    """

    studies: frozenset[str] = frozenset()
    status: str = ""
    consented: bool = False
    gives_drug: bool = False


class ConsentFact(Fact, frozen=True, kw_only=True):
    """An active Consent for research. studies: identifiers of the study it names."""

    studies: frozenset[str] = frozenset()


class SpecimenFact(Fact, frozen=True, kw_only=True):
    """A Specimen; `sets` are those of its type. available: status `available` (absent: not known)."""

    available: bool | None = None


class Note(msgspec.Struct, frozen=True):
    """Something about the record that its reader should know; `what` holds no patient datum."""

    reason: str
    what: str


class Tally(msgspec.Struct, frozen=True):
    """How many resources were read, skipped (by named rule) and quarantined (by reason); they add up to `total`."""

    total: int
    read: int
    skipped: Mapping[str, int]
    quarantined: Mapping[str, int]


class PatientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one patient on `today`.

    facts: by kind of fact, then by value set. incomplete: FHIR type -> why it was not retrieved in full (a type that
    is not named here came complete). unreadable: value set -> a result with its code that could not be read. sex:
    FHIR's administrative gender, None when not recorded.

    Results are read from their resources when a criterion first asks for them (most are never asked for), so `notes`,
    `unreadable` and `tally` speak of what was read so far; `tally` reads the rest first.
    """

    patient: str
    today: dt.date
    sex: str | None = None
    birth: Interval | None = None
    deceased: bool = False
    facts: Mapping[type[Fact], Mapping[str, tuple[Fact, ...]]]
    studies: tuple[StudyFact, ...] = ()
    consents: tuple[ConsentFact, ...] = ()
    incomplete: Mapping[str, str] = {}
    unreadable: Mapping[str, str] = {}
    newest_first: frozenset[str] = frozenset()
    take_notes: Callable[[], tuple[Note, ...]]
    count: Callable[[], Tally]

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the reader of a card should know about the record."""
        return self.take_notes()

    @property
    def tally(self) -> Tally:
        """How many resources were read, skipped and quarantined."""
        return self.count()

    @property
    def touched(self) -> frozenset[str]:
        """The value sets that some fact touches, and the types of what is known beside: the Patient, studies."""
        names = {name for by_set in self.facts.values() for name in by_set}
        studies = {"ResearchSubject"} if self.studies else set()
        return frozenset({*names, "Patient", *studies, *({"Consent"} if self.consents else ())})
