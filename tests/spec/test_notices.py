"""NOTICE on a page: each name with its own words, wherever its lines end and however wide the screen is."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from cds_service.notices import notices_html

NOTICE = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
FULL = "a line that is as long as lines of a text are and goes on, with its sentence, in the one below it"

SHAPES = [
    ("a section", "CODE SYSTEMS", "<h3>CODE SYSTEMS</h3>"),
    ("short lines", "name\nCopyright", "<p>name<br>Copyright</p>"),
    ("a text", f"{FULL}\nand ends.", f"<p>{FULL} and ends.</p>"),
    (
        "an owner",
        f"LOINC\n  {FULL}\n  & ends.\n  Source: x",
        f"<dl><dt>LOINC</dt><dd>{FULL} &amp; ends.<br>Source: x</dd></dl>",
    ),
    (
        "a list",
        f"Read:\n  A-1    {FULL}\n         and ends\n  B-222  b",
        f"<p>Read:</p><dl><dt>A-1</dt><dd>{FULL} and ends</dd><dt>B-222</dt><dd>b</dd></dl>",
    ),
    ("two blocks", "a\n\n\n  \nb", "<p>a</p>\n<p>b</p>"),
]


@pytest.mark.parametrize(("text", "shown"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_a_shape_of_notice_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert notices_html(text) == shown


def test_every_trial_of_ours_is_a_name_of_its_own() -> None:
    trials = re.findall(r"^  ([A-Z0-9-]{9,})  ", NOTICE, re.MULTILINE)
    assert len(trials) >= 6
    for trial in trials:
        assert f"<dt>{trial}</dt>" in notices_html(NOTICE)


def test_no_word_is_lost() -> None:
    marked = re.sub("</?code>", "`", re.sub("</?time>", "", notices_html(NOTICE)))
    words = re.sub(r"<[^>]+>", " ", marked)
    assert html.unescape(words).split() == NOTICE.split()
