"""The account of a reading: what was read, skipped by which rule, quarantined for which reason, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mappings.facts import Note, Tally

UNREADABLE = "unreadable"


class Account:
    """What became of the resources of one record.

    not_compared: FHIR type -> how many have no code of a system that is known. incomplete: FHIR type -> why it did not
    come in full. unreadable: value set -> a result that could not be read.
    """

    def __init__(self) -> None:
        self.read = 0
        self.skipped: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.not_compared: Counter[str] = Counter()
        self.incomplete: dict[str, str] = {}
        self.unreadable: dict[str, str] = {}
        self._notes: list[Note] = []

    def skip(self, rule: str, source: str) -> None:
        """Take down that a resource does not count, by a named rule."""
        self.skipped[rule] += 1
        if rule == "no-value":
            self._notes.append(Note("no-value", f"{source} has no result in it and was passed over."))
        elif rule == "future":
            self._notes.append(Note("future", f"{source} is dated after the day of evaluation and does not count."))

    def quarantine(self, source: str, why: str) -> None:
        """Take down that a resource could not be read."""
        self.quarantined[UNREADABLE] += 1
        self.note_unreadable(source, why)

    def note_unreadable(self, source: str, why: str) -> None:
        """Say that something could not be read."""
        self._notes.append(Note(UNREADABLE, f"{source} could not be read: {why}"))

    def lack(self, types: Iterable[str], why: str) -> None:
        """Take down that these types did not come in full; what could not be read may be anything, also the newest."""
        for name in types:
            if why == UNREADABLE or name not in self.incomplete:
                self.incomplete[name] = why

    def notes(self) -> tuple[Note, ...]:
        """Return what the reader of a card should know about the record."""
        incomplete = [Note("incomplete", f"{name}: {why}") for name, why in sorted(self.incomplete.items())]
        return (*incomplete, *self._notes, *self._left_out())

    def _left_out(self) -> Iterator[Note]:
        if self.not_compared:
            of = " and ".join(f"{number} {name}" for name, number in sorted(self.not_compared.items()))
            what = "without a code that can be compared (in words, or in code systems not known here)"
            yield Note("not-compared", f"{of} {what}.")
        if others := self.skipped["other-patient"]:
            yield Note("other-patient", f"{others} resource(s) of another patient were left out.")

    def tally(self, total: int) -> Tally:
        """Return how many resources were read, skipped and quarantined."""
        skipped = {rule: number for rule, number in self.skipped.items() if number}
        return Tally(total, self.read, skipped, dict(self.quarantined))
