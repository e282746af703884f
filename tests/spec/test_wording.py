"""Words on a card: text of a record renders as the same words and never as markup; summaries are short."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hooks.wording import MARKUP, careful, counted, cut, escaped, plain, quoted, summary, topic_code

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

ESCAPED = [
    # text of the record, as it stands in the Markdown
    ("Liver excision (2026-10-05)", "Liver excision (2026-10-05)"),
    ("<script>", r"\<script\>"),
    ("[x](http://e.example)", r"\[x\]\(http: //e.example)"),
    ("a|b", r"a\|b"),
    ("# h", r"\# h"),
    ("line\nnext\r\n\tlast", "line next   last"),
    ("**b** _i_ `c` ~~s~~", r"\*\*b\*\* \_i\_ \`c\` \~\~s\~\~"),
    ("&lt;", r"\&lt;"),
    ("back\\slash", r"back\\slash"),
    ("HTTPS://E.example", "HTTPS: //E.example"),
    ("www.e.example", "www .e.example"),
    ("a@e.example", "a @e.example"),
    ("ECOG: 1", "ECOG: 1"),
    ("阳性，检出", "阳性，检出"),
    ("\u202etxt\u200b", "txt"),
]


@pytest.mark.parametrize(("text", "markdown"), ESCAPED)
def test_escaped(text: str, markdown: str) -> None:
    assert escaped(text) == markdown


@given(st.text(alphabet=st.sampled_from(MARKUP + "()!-+=.:/@ \n\tab1www阳\u202e"), max_size=40))
def test_any_text_renders_as_words_only(text: str) -> None:
    html = GFM.render(f"- **I1** {escaped(text)}")
    assert set(re.findall(r"<(/?[a-z]+)", html)) <= {"ul", "/ul", "li", "/li", "strong", "/strong", "p", "/p"}
    assert not re.search(r"://|www\.|\w@\w", escaped(text))


CUT = [
    # text, length, what is left
    ("short", 10, "short"),
    ("exactly ten", 11, "exactly ten"),
    ("one two three", 8, "one two…"),
    ("one two three", 9, "one two…"),
    ("one, two", 5, "one…"),
    ("one; two", 5, "one…"),
    ("one: two", 5, "one…"),
    ("half this-is-long", 8, "half…"),
    ("not that-is-long", 8, "not tha…"),
    ("abcdefghijkl", 6, "abcde…"),
    ("阳性阳性阳性阳性", 5, "阳性阳性…"),
    ("cafe\u0301 latte", 5, "caf…"),
    ("cafe\u0301\u0323latte", 6, "caf…"),
    ("\u0301\u0301\u0301", 2, "…"),
]


@pytest.mark.parametrize(("text", "length", "left"), CUT)
def test_cut_between_words(text: str, length: int, left: str) -> None:
    assert cut(text, length) == left


@given(st.text(max_size=300), st.integers(min_value=2, max_value=200))
def test_cut_is_never_longer(text: str, length: int) -> None:
    assert len(cut(text, length)) <= length


@given(st.text(max_size=400))
def test_a_summary_is_one_short_line(text: str) -> None:
    assert len(summary(text)) < 140
    assert not re.search(r"[\n\r\t\u2028\u2029]", summary(text))


ELIDED = [
    ("likely eligible", "likely eligible"),
    ("Likely eligible", "Likely eligible"),
    ("Both genders are eligible; aged", "Both genders are …; aged"),
    ("Ineligible for surgery", "… for surgery"),
    ("eligibility criteria", "eligibility criteria"),
]


@pytest.mark.parametrize(("text", "left"), ELIDED)
def test_eligible_never_stands_without_likely(text: str, left: str) -> None:
    assert careful(text) == left
    assert escaped(text) == left


def test_quoted_is_shortened_and_escaped() -> None:
    assert quoted("ASA grade < IV\nand more", 100) == r"“ASA grade \< IV and more”"
    assert quoted("one two three", 8) == "“one two…”"


def test_plain_is_one_line() -> None:
    assert plain(" a\n b\u0000\u202e c ") == "a b c"


def test_counted() -> None:
    assert (counted(1, "trial"), counted(2, "trial"), counted(0, "trial")) == ("1 trial", "2 trials", "0 trials")


def test_topic_codes_are_alphanumeric_and_short() -> None:
    assert topic_code("ctdna-maintenance", "NCT05797077") == "ctdnamaintenanceNCT05797077"
    assert len(topic_code("x" * 200)) == 100
