"""Metrics for Prometheus: counts in this process's memory. A label is a word of a closed list and never a datum.

With several workers each has counts of its own, and a scrape meets one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from cds_service.ledger import Ledger
from cds_service.logs import RequestLine
from mappings.fhir import DECIDING
from mappings.truth import Truth
from mappings.verdicts import Results

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the latency's buckets; one more holds what took longer."""

ELSEWHERE = "other"
"""The route of a path that is not ours; what was sent may hold anything."""


class Latency:
    """How long the answers on one route took."""

    def __init__(self) -> None:
        self.buckets, self.sum = [0] * (len(SECONDS) + 1), 0.0

    def add(self, seconds: float) -> None:
        """Count one answer."""
        self.buckets[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Return (upper bound, answers that took no longer)."""
        total, found = 0, []
        for bound, number in zip([*map(str, SECONDS), "+Inf"], self.buckets, strict=True):
            total += number
            found.append((bound, float(total)))
        return found


class Metrics(Collector):
    """What is counted of this process's requests, and of what its ledger lost."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.requests: Counter[tuple[str, ...]] = Counter()
        self.cards: Counter[tuple[str, ...]] = Counter()
        self.trials: Counter[tuple[str, ...]] = Counter()
        self.unknown: Counter[tuple[str, ...]] = Counter()
        self.incomplete: Counter[tuple[str, ...]] = Counter()
        self.faults: Counter[tuple[str, ...]] = Counter()
        self.unreadable: Counter[tuple[str, ...]] = Counter({(): 0})
        self.latency: dict[str, Latency] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def add_request(self, line: RequestLine) -> None:
        """Count a request that was answered, as its log line says."""
        route = line.route or ELSEWHERE
        self.requests[route, line.service, str(line.status)] += 1
        self.latency.setdefault(route, Latency()).add(line.duration_ms / 1000)
        if line.cards is not None:
            self.cards[line.service,] += line.cards
        for fault in line.faults:
            self.faults[fault,] += 1

    def add_results(self, service: str, results: Results, *, asked: Set[str]) -> None:
        """Count what was decided of one patient. asked: FHIR types of the service's prefetch."""
        for trial in results.trials:
            if trial.silent is None:
                self.trials[service, trial.trial.id, trial.status.value] += 1
            for verdict in trial.verdicts:
                if verdict.finding.truth is Truth.UNKNOWN and verdict.finding.reason:
                    self.unknown[trial.trial.id, verdict.finding.reason.value] += 1
        for type_ in DECIDING & asked & results.record.incomplete.keys():
            self.incomplete[type_,] += 1
        self.unreadable[()] += sum(note.reason == "unreadable" for note in results.notes)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing is registered twice: no description is needed beforehand."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the counts as Prometheus's client writes them."""
        yield _counter("cds_requests", "Requests answered.", self.requests, "route", "service", "status")
        yield self._latency()
        yield _counter("cds_cards", "Cards given.", self.cards, "service")
        yield _counter("cds_trials", "Verdicts on trials.", self.trials, "service", "trial", "status")
        yield _counter("cds_unknown_criteria", "Criteria not known.", self.unknown, "trial", "reason")
        yield _counter("cds_incomplete_types", "FHIR types not retrieved in full.", self.incomplete, "type")
        yield _counter("cds_fetch_faults", "Requests in which fetching failed, by why.", self.faults, "why")
        yield _counter("cds_unreadable_resources", "Resources that could not be read.", self.unreadable)
        yield _counter("cds_unrecorded_answers", "Answers that the ledger lost.", {(): self._ledger.lost})

    def _latency(self) -> Metric:
        family = HistogramMetricFamily("cds_request_seconds", "Wall time of an answer.", labels=["route"])
        for route, latency in sorted(self.latency.items()):
            family.add_metric([route], latency.cumulative(), latency.sum)
        return family


def _counter(name: str, what: str, counts: Mapping[tuple[str, ...], int], *labels: str) -> Metric:
    family = CounterMetricFamily(name, what, labels=labels)
    for values, number in sorted(counts.items()):
        family.add_metric(list(values), number)
    return family
