"""The page of readings: every place where a text could be read in more than one way, how it was read, and why.

The page is committed as `docs/readings.md`. Write it anew after a change of `readings:` in a trial with
`python -m mappings.readings > docs/readings.md`; a test fails while the two differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.resources import files

from mappings.trials import Criterion, Trial, load_trial


def page_of_our_trials() -> str:
    """Return the page as the committed file holds it: of the trials in `mappings/trials/`, by file name."""
    found = (file for file in (files("mappings") / "trials").iterdir() if file.name.endswith(".yaml"))
    return readings_page(load_trial(file)[0] for file in sorted(found, key=lambda file: file.name))


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


if __name__ == "__main__":
    sys.stdout.write(page_of_our_trials())
