"""The page of readings: every place where a text could be read in more than one way, how it was read, and why."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from mappings.trials import Criterion, Trial


def readings_page(trials: Iterable[Trial]) -> str:
    """Return the page in Markdown."""
    parts = [(files("mappings") / "readings-for-every-trial.md").read_text(encoding="utf-8")]
    for trial in trials:
        read = [criterion for criterion in trial.criteria if criterion.readings]
        if read:
            parts.append(f"## {trial.id}: {trial.short_title}\n")
            parts += [_entry(criterion) for criterion in read]
    return "\n".join(parts)


def _entry(criterion: Criterion) -> str:
    quote = f"> {' '.join(criterion.text.split())}\n\n" if criterion.text else ""
    lines = "\n".join(f"- {reading}" for reading in criterion.readings)
    return f"### {criterion.id}\n\n{quote}{lines}\n"
