"""NOTICE as a page shows it: sections, owners with what they say, trials with where their texts come from.

It knows how NOTICE is written: blocks between empty lines; what is said of a name stands indented below it; a list has
two columns (`  NAME   words`), and its words go on in lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cds_service.pages import code, terms

FULL_LINE = 90
"""Characters of a line that goes on in the next; after a shorter one something new begins."""

_SECTION = re.compile(r"[A-Z]{2,} [A-Z]{2,}\b.*")
_ENTRY = re.compile(r" +(?P<name>\S+) {2,}(?P<words>\S.*)")


def notices_html(text: str) -> str:
    """Return the text of NOTICE as HTML."""
    return "\n".join(_block(block.splitlines()) for block in re.split(r"\n\s*\n", text.strip()))


def _block(lines: list[str]) -> str:
    lead = _broken(line for line in lines if not line.startswith(" "))
    below = [line for line in lines if line.startswith(" ")]
    if len(lines) == 1 and _SECTION.fullmatch(lines[0]):
        return f"<h3>{lead}</h3>"
    if not below:
        return f"<p>{lead}</p>"
    if _ENTRY.fullmatch(below[0]):
        return f"<p>{lead}</p>{terms(_entries(below))}"
    return f"<dl><dt>{lead}</dt><dd>{_broken(below)}</dd></dl>"


def _broken(lines: Iterable[str]) -> str:
    """Return lines as HTML, broken only after those that are not full."""
    shown = "".join(f"{code(line.strip())}{' ' if len(line) > FULL_LINE else '<br>'}" for line in lines)
    return shown.removesuffix("<br>").rstrip()


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name of a list with its words."""
    entries: list[tuple[str, list[str]]] = []
    for line in lines:
        if entry := _ENTRY.fullmatch(line):
            entries.append((entry["name"], [entry["words"]]))
        else:
            entries[-1][1].append(line.strip())
    return ((name, " ".join(words)) for name, words in entries)
