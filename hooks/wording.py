"""Words on a card: plain summaries, and GitHub-flavoured Markdown made safe from whatever the record holds.

Every text of a record or a protocol passes `escaped` before it stands in a detail. The result renders as the same
words, never as markup, a link or HTML.
"""

from __future__ import annotations

import functools
import re
import unicodedata

SUMMARY_LENGTH = 139
"""CDS Hooks asks for fewer than 140 characters."""

MARKUP = "\\`*_{}[]<>#|~&"

_INVISIBLE = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F, 0xFEFF))
"""Characters that reorder or hide text: they could make a card read otherwise than it is."""

_CONTROL = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")
_PLAIN = str.maketrans({**_CONTROL, **_INVISIBLE})
_ESCAPE = str.maketrans({**_CONTROL, **_INVISIBLE, **{ord(c): "\\" + c for c in MARKUP}})

_ADDRESS = re.compile(r":(?=//)|(?<=www)\.|(?<=[\w.+-])(?=@[\w-])|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
"""Where an address is broken, so that no renderer makes a link of it: `http: //`, `www .`, `name @host`."""

_BARE_ELIGIBLE = re.compile(r"(?<!likely )\b(?:in)?eligible\b", re.IGNORECASE)


def escaped(text: str) -> str:
    """Return text as Markdown that renders as the same words on one line.

    Parentheses mean something only behind a square bracket, which is escaped; there they are escaped as well, and
    elsewhere they are left, since every date stands in a pair of them.
    """
    lower = text.lower()
    if "eligible" in lower:
        text = careful(text)
    if "//" in lower or "@" in lower or "www" in lower or "mailto:" in lower or "xmpp:" in lower:
        text = _ADDRESS.sub(_broken, text)
    return text.translate(_ESCAPE).replace("\\](", "\\]\\(")


def _broken(found: re.Match[str]) -> str:
    return {":": ": ", ".": " ."}.get(found[0], " ")


def plain(text: str) -> str:
    """Return text as one line without control characters or direction marks, for where there is no Markdown."""
    return " ".join(text.translate(_PLAIN).split())


def cut(text: str, length: int) -> str:
    """Return at most `length` characters, cut between words where there are any, with an ellipsis."""
    if len(text) <= length:
        return text
    room = text[: length - 1]
    space = room.rfind(" ")
    if space < length // 2 and not text[length - 1].isspace():
        return _whole_characters(text, length - 1) + "…"
    return (room if text[length - 1].isspace() else room[:space]).rstrip(" ,;:") + "…"


def _whole_characters(text: str, length: int) -> str:
    """Return at most `length` characters, none of them parted from its combining marks."""
    while length and unicodedata.combining(text[length]):
        length -= 1
    return text[:length]


def summary(text: str) -> str:
    """Return a card's summary."""
    return cut(plain(text), SUMMARY_LENGTH)


@functools.lru_cache(maxsize=4096)
def quoted(text: str, length: int) -> str:
    """Return a protocol's words in quotation marks, on one line, shortened where they are long."""
    return f"“{escaped(cut(plain(text), length))}”"


def careful(text: str) -> str:
    """Return a card's text in which "eligible" never stands without "likely": a bare one of a source is elided."""
    return _BARE_ELIGIBLE.sub("…", text)


def counted(number: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def topic_code(*words: str) -> str:
    """Return a topic's code: letters and digits only, at most 100, the same for the same words."""
    return re.sub(r"[^A-Za-z0-9]", "", "".join(words))[:100]
