"""What became of cards, counted while the service runs: by service and outcome, without anything of a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hooks.protocol import FeedbackItem


class FeedbackCounts:
    """Feedback of one process, by (service, outcome)."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, service: str, items: Iterable[FeedbackItem]) -> None:
        """Count the items of one batch; a card that was accepted and then overridden counts as both."""
        self.counts.update((service, item.outcome) for item in items)
