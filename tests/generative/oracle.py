"""A second, slow evaluator of criteria, over the FHIR JSON itself, written from the rules and not from the code.

It has no facts, no index and no intervals. Where a date leaves something open, it lists the moments at which the thing
may have happened, decides the criterion in each of the possible worlds, and looks whether the answer varies.
Criteria are read as they are written (`tests/generative/criteria.py`).
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.generative import logic
from tests.generative.invented import BROADER, CODES, PHRASES, SYSTEM
from tests.generative.logic import Answer
from tests.generative.records import PATIENT, TODAY, Json

Span = tuple[dt.datetime, dt.datetime]
"""First and last moment at which something may have happened."""

ALWAYS: Span = (dt.datetime.min, dt.datetime.combine(TODAY, dt.time.max))
TICK = dt.timedelta(microseconds=1)
RECENCY = {"marker": 60, "platelets": 30}
"""Value set -> days for which a result of it counts."""

FACTORS: dict[str, dict[str | None, Fraction]] = {
    "platelets": {
        **dict.fromkeys(["10*9/L", "10^9/L", "x10E9/L", "K/uL", "10*3/uL"], Fraction(10**9)),
        "/mm3": Fraction(10**6),
    },
    "creatinine": {
        "mg/dL": Fraction(1, 100) / Fraction("113.12"),
        **dict.fromkeys(["umol/L", "µmol/L"], Fraction(1, 10**6)),
    },
    "inr": {None: Fraction(1), "{INR}": Fraction(1), "1": Fraction(1)},
}
"""Analyte -> unit as written -> its size: cells per litre, mol per litre, nothing."""


class Known(NamedTuple):
    """What is known of a criterion; `presumed` when only because nothing is on record."""

    answer: Answer
    presumed: bool = False


class Oracle:
    """Decides criteria of one patient, given the resources and the types that did not come in full."""

    def __init__(self, resources: Sequence[Json], incomplete: Iterable[str] = ()) -> None:
        self.patient = resources[0]
        self.resources = [r for r in resources[1:] if _is_own(r)]
        self.incomplete = frozenset(incomplete)

    def decide(self, tree: Json) -> Answer:
        """Return the answer of a criterion or of a tree of them."""
        return logic.kleene(tree, lambda leaf: self.leaf(leaf).answer)

    def leaf(self, leaf: Json) -> Known:
        """Return what is known of one leaf."""
        kinds: dict[str, Callable[[Json], Known]] = {
            "age": self.age,
            "condition": self.condition,
            "procedure": self.procedure,
            "observation": self.result,
            "measured": self.result,
            "allergy": self.allergy,
            "human": lambda _: Known(None),
        }
        return kinds[leaf["kind"]](leaf)

    def of_type(self, type_: str) -> list[Json]:
        return [r for r in self.resources if r["resourceType"] == type_]

    def absent(self, type_: str, leaf: Json) -> Known:
        """Nothing on record: a "no" only where that is declared, and only from a complete record."""
        presumed = leaf.get("absence") == "presume-absent" and type_ not in self.incomplete
        return Known(False, presumed=True) if presumed else Known(None)

    # Age

    def age(self, leaf: Json) -> Known:
        """Every day on which the patient may have been born gives an answer."""
        birth = self.patient.get("birthDate")
        if birth is None:
            return Known(None)
        first, last = _span_of_text(birth)
        days = (first.date() + dt.timedelta(days=n) for n in range((last - first).days + 1))
        return Known(_common({leaf.get("at_least", 0) <= _age(day) <= leaf.get("at_most", 999) for day in days}))

    # Conditions

    def condition(self, leaf: Json) -> Known:
        answers = [self._one_condition(leaf, r) for r in self.of_type("Condition")]
        answer = _any(answers)
        return self.absent("Condition", leaf) if answer is False else Known(answer)

    def _one_condition(self, leaf: Json, resource: Json) -> Answer:
        status, verified = _word(resource, "clinicalStatus"), _word(resource, "verificationStatus")
        if verified in {"refuted", "entered-in-error"} or _is_future(resource, "onset"):
            return False
        resolved = status in {"resolved", "remission", "inactive"}
        if resolved and leaf.get("when_resolved") == "ignored":
            return False
        suspected = verified in {"unconfirmed", "provisional"} and not leaf.get("suspected_counts")
        doubtful = suspected or verified == "differential" or (resolved and leaf.get("when_resolved") == "judged")
        return _all([_by_code(leaf, resource), self._had_onset_within(leaf, resource), None if doubtful else True])

    def _had_onset_within(self, leaf: Json, resource: Json) -> Answer:
        if "within" not in leaf:
            return True
        earliest = _window(leaf["within"])
        first, last = _span(resource, "onset") or ALWAYS
        if "recordedDate" in resource:
            last = min(last, _span_of_text(resource["recordedDate"])[1])
        return _common({moment.date() >= earliest for moment in (first, max(first, last))})

    # Procedures

    def procedure(self, leaf: Json) -> Known:
        """A not-done procedure, with nothing else on record, is evidence against."""
        mine = [r for r in self.of_type("Procedure") if _by_code(leaf, r) is not False and not self._is_dropped(r)]
        wanted = [r for r in mine if _has_status(leaf, r)]
        answer = _any([_all([_by_code(leaf, r), self._in_time(leaf, r)]) for r in wanted])
        if answer is not False:
            return Known(answer)
        not_done = [r for r in mine if r["status"] == "not-done" and _by_code(leaf, r)]
        if not_done and not [r for r in wanted if _by_code(leaf, r)]:
            return Known(None if "Procedure" in self.incomplete else False)
        return self.absent("Procedure", leaf)

    def _is_dropped(self, resource: Json) -> bool:
        return _is_future(resource, "performed") and resource["status"] not in {"preparation", "in-progress"}

    def _in_time(self, leaf: Json, resource: Json) -> Answer:
        time = _span(resource, "performed")
        if leaf.get("dated") and time is None:
            return None
        if "after" not in leaf:
            return True
        events = self._events(leaf["after"])
        if not events:
            return None
        worlds = _worlds([time or ALWAYS, *events])
        return _common({own > max(others) for own, *others in worlds})

    def _events(self, event: Json) -> list[Span]:
        """When such an event was; on an incomplete record there may have been another at any time."""
        done = [r for r in self.of_type("Procedure") if r["status"] == "completed" and not self._is_dropped(r)]
        seen = [_span(r, "performed") or ALWAYS for r in done if _touches(r["code"], _names(event["value_set"]))]
        return [*seen, ALWAYS] if seen and "Procedure" in self.incomplete else seen

    # Results

    def result(self, leaf: Json) -> Known:
        """The latest result after the event, in every world that the dates allow."""
        results = [r for r in self.of_type("Observation") if _touches(r["code"], _names(leaf["value_set"]))]
        results = [r for r in results if _is_result(r) and not _is_future(r, "effective")]
        event = leaf.get("after")
        events = self._events(event) if event else []
        if event and not events:
            return Known(None)
        answers = [_answer(leaf, r) for r in results]
        spans = [_span(r, "effective") or ALWAYS for r in results]
        found = {self._latest(leaf, answers, world, len(events)) for world in _worlds([*events, *spans])}
        if found == {"nothing"}:
            return self.absent("Observation", leaf)
        if "Observation" in self.incomplete or "nothing" in found:
            return Known(None)
        return Known(_common({answer for answer in found if answer != "nothing"}))

    def _latest(self, leaf: Json, answers: Sequence[Answer], world: Sequence[dt.datetime], events: int) -> Answer | str:
        """In a world where everything has its moment: the answer of the latest, or "nothing"."""
        operation = max(world[:events], default=None)
        taken = [(t, a) for t, a in zip(world[events:], answers, strict=True) if operation is None or t > operation]
        if not taken:
            return "nothing"
        last = max(time for time, _ in taken)
        days = RECENCY.get(_names(leaf["value_set"])[0])
        if days is not None and last.date() < TODAY - dt.timedelta(days=days):
            return None
        return _common({answer for time, answer in taken if time == last})

    # Allergies

    def allergy(self, leaf: Json) -> Known:
        answer = _any([_one_allergy(leaf, r) for r in self.of_type("AllergyIntolerance")])
        if answer is not False:
            return Known(answer)
        denied = {
            _word(r, "verificationStatus")
            for r in self.of_type("AllergyIntolerance")
            if _is_active_allergy(r) and "none_known" in leaf and _touches(r["code"], [leaf["none_known"]])
        }
        if denied and "AllergyIntolerance" in self.incomplete:
            return Known(None)
        if denied & {None, "confirmed"}:
            return Known(False)
        return Known(None) if denied else self.absent("AllergyIntolerance", leaf)


# Answers


def _any(answers: Sequence[Answer]) -> Answer:
    return True if True in answers else None if None in answers else False


def _all(answers: Sequence[Answer]) -> Answer:
    return False if False in answers else None if None in answers else True


def _common(answers: Iterable[Answer | str]) -> Answer:
    """The one answer that all give; None when they differ."""
    found = set(answers)
    only = found.pop() if len(found) == 1 else None
    return only if isinstance(only, bool) else None


# Whose, what, how


def _is_own(resource: Json) -> bool:
    owner = (resource.get("subject") or resource["patient"])["reference"].split("/_history/")[0]
    return bool(owner.endswith(f"Patient/{PATIENT}"))


def _names(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _touches(concept: Json, names: Iterable[str]) -> bool:
    codes = {coding["code"] for coding in concept["coding"] if coding["system"] == SYSTEM}
    return any(codes & CODES[name] for name in names)


def _word(resource: Json, element: str) -> str | None:
    word: str | None = resource[element]["coding"][0]["code"] if element in resource else None
    return word


def _by_code(leaf: Json, resource: Json) -> Answer:
    """Whether code and body site are what is asked for; None where they are too general or need a person."""
    sites = [s for s in ("liver", "lung") if any(_touches(b, [s]) for b in resource.get("bodySite", []))]
    if leaf.get("not_at") in sites:
        return False
    code, names = resource["code"], _names(leaf["value_set"])
    sited = {name: site for name, site in leaf.get("only_at", {}).items() if _touches(code, [name])}
    if _touches(code, names) or any(site in sites for site in sited.values()):
        return True
    if _touches(code, _names(leaf.get("judge", []))) or (sited and not sites):
        return None
    too_general = _touches(code, [BROADER[name] for name in names if name in BROADER])
    return None if too_general and not sited else False


def _has_status(leaf: Json, resource: Json) -> bool:
    status, wanted = resource["status"], leaf.get("status", "completed")
    planned = status in {"preparation", "in-progress"}
    return (status == "completed" and wanted != "planned") or (planned and wanted != "completed")


def _is_active_allergy(resource: Json) -> bool:
    dropped = _word(resource, "verificationStatus") in {"refuted", "entered-in-error"}
    return not dropped and _word(resource, "clinicalStatus") not in {"inactive", "resolved"}


def _one_allergy(leaf: Json, resource: Json) -> Answer:
    if not _is_active_allergy(resource):
        return False
    sure = _word(resource, "verificationStatus") in {None, "confirmed"} and resource.get("type") != "intolerance"
    return _all([_by_code(leaf, resource), True if sure else None])


# What a result says


def _is_result(resource: Json) -> bool:
    counts = resource["status"] in {"final", "amended", "corrected", "preliminary"}
    return counts and bool(resource.keys() & {"valueCodeableConcept", "valueString", "valueQuantity", "interpretation"})


def _answer(leaf: Json, resource: Json) -> Answer:
    if resource["status"] == "preliminary":
        return None
    if leaf["kind"] == "measured":
        return _measured(leaf, resource["valueQuantity"]) if "valueQuantity" in resource else None
    return _common(set(_said(leaf["answers"], resource)))


def _said(answers: Json, resource: Json) -> Iterator[Answer]:
    """What each carrier of the answer says; one that says nothing to the question is passed over."""
    means: list[tuple[str, Answer]] = [(answers["holds"], True), (answers["fails"], False), (answers["open"], None)]
    for concept in [resource.get("valueCodeableConcept"), *resource.get("interpretation", [])]:
        yield from (answer for name, answer in means if concept and _touches(concept, [name]))
    text = resource.get("valueString", "").strip().rstrip(".").casefold()
    yield from (answer for name, answer in means if text in PHRASES[name])


def _measured(leaf: Json, quantity: Json) -> Answer:
    """Try values of the interval that the comparator makes: those near both ends, and those near the threshold."""
    factors = FACTORS[leaf["value_set"]]
    factor = factors.get(quantity.get("code") or quantity.get("unit"))
    value = Fraction(str(quantity["value"]))
    if factor is None or value <= 0:
        return None
    sent = value * factor
    side, threshold = next((s, Fraction(leaf[s]) * factors[leaf["unit"]]) for s in SIDES if s in leaf)
    near = {sent, threshold, sent / 2, threshold / 2, sent * 2, threshold * 2, min(sent, threshold) / 2}
    near |= {(sent + threshold) / 2, max(sent, threshold) * 2}
    possible = [n for n in near if HOLDS[quantity.get("comparator")](n, sent)]
    return _common({HOLDS[SIDES[side]](n, threshold) for n in possible})


SIDES = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
HOLDS: dict[str | None, Callable[[Fraction, Fraction], bool]] = {
    None: lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}

# Time


def _span_of_text(text: str) -> Span:
    if len(text) > 10:
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=None)
        return moment, moment
    year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
    first = dt.date(year, month or 1, day or 1)
    last_month = month or 12
    last = dt.date(year, last_month, day or calendar.monthrange(year, last_month)[1])
    return dt.datetime.combine(first, dt.time.min), dt.datetime.combine(last, dt.time.max)


def _span(resource: Json, element: str) -> Span | None:
    """When it may have happened; not after today, since it is on record."""
    if f"{element}DateTime" in resource:
        first, last = _span_of_text(resource[f"{element}DateTime"])
    elif f"{element}Period" in resource:
        period = resource[f"{element}Period"]
        first, last = _span_of_text(period["start"])[0], _span_of_text(period["end"])[1]
    else:
        return None
    return first, max(first, min(last, ALWAYS[1]))


def _is_future(resource: Json, element: str) -> bool:
    span = _span(resource, element)
    return span is not None and span[0].date() > TODAY


def _window(period: str) -> dt.date:
    """The first day of the calendar period up to today."""
    count, unit = re.fullmatch(r"(\d+) (day|month)s?", period).groups()  # type: ignore[union-attr]
    if unit == "day":
        return TODAY - dt.timedelta(days=int(count))
    year, month = divmod(TODAY.year * 12 + TODAY.month - 1 - int(count), 12)
    return dt.date(year, month + 1, min(TODAY.day, calendar.monthrange(year, month + 1)[1]))


def _age(born: dt.date) -> int:
    """Count the birthdays."""
    return TODAY.year - born.year - 1 + ((born.month, born.day) <= (TODAY.month, TODAY.day))


def _worlds(spans: Sequence[Span]) -> Iterator[tuple[dt.datetime, ...]]:
    """Yield every way to give each thing a moment, as far as their order and the windows' edges can tell."""
    edges = {edge for span in spans for edge in span if edge not in ALWAYS}
    edges |= {dt.datetime.combine(TODAY - dt.timedelta(days=days), dt.time.min) for days in RECENCY.values()}
    near = sorted({e for edge in edges for e in (edge - TICK, edge, edge + TICK)} | set(ALWAYS))
    yield from itertools.product(*([m for m in near if first <= m <= last] for first, last in spans))
