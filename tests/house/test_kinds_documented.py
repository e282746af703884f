"""To add a kind is one class and one spec table: every kind says what it means and has its table."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mappings.kinds import COMBINATORS, LEAVES, Kind
from mappings.schema import trial_schema
from tests.spec.tables import criterion

SPEC = Path(__file__).parents[1] / "spec"
ALL: dict[str, type[Kind]] = {**LEAVES, **COMBINATORS}


@pytest.mark.parametrize("word", ALL)
def test_a_kind_says_what_it_means(word: str) -> None:
    own = ALL[word].__doc__
    assert own is not None
    assert "." in inspect.cleandoc(own).split("\n\n")[0]


@pytest.mark.parametrize("word", ALL)
def test_a_kinds_options_are_told(word: str) -> None:
    """A field is explained in the class that brings it, or its name says it all."""
    told = " ".join(base.__doc__ or "" for base in ALL[word].__mro__ if issubclass(base, Kind))
    plain = {"kind", "unit", "absence", "label", "study", "site", *ALL}
    fields = {(field.alias or name) for name, field in ALL[word].model_fields.items()} - plain
    told += " ".join(SPECIAL.get(word, ()))
    assert sorted(name for name in fields if not re.search(rf"\b{name}\b", told)) == []


SPECIAL = {"sex": ["is"], "age": ["at_least"], "creatinine-clearance": ["at_most"]}
"""What the first line of the docstring says in other words."""


@pytest.mark.parametrize("word", LEAVES)
def test_a_kind_has_its_spec_table(word: str) -> None:
    table = SPEC / f"test_kind_{word.replace('-', '_')}.py"
    assert table.is_file()
    assert f'"kind": "{word}"' in (text := table.read_text(encoding="utf-8")) or f'kind="{word}"' in text


@pytest.mark.parametrize("word", COMBINATORS)
def test_a_combinator_is_in_the_table_of_combinators(word: str) -> None:
    assert f'"{word}":' in (SPEC / "test_kind_combinators.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", LEAVES)
def test_a_kinds_word_is_the_one_that_names_it(word: str) -> None:
    kind = trial_schema()["$defs"][LEAVES[word].__name__]["properties"]["kind"]
    assert kind["const"] == word
    with pytest.raises(ValueError, match=word.replace("-", ".")):
        criterion({"kind": word, "no such option": 1})
