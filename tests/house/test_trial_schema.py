"""The JSON Schema of a trial, committed for editors, is that of the code, and says of YAML what the code says."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from mappings.kinds import COMBINATORS, LEAVES
from mappings.schema import schema_text, trial_schema
from mappings.trials import load_trial
from terminology.errors import ContentError

COMMITTED = Path(__file__).parents[2] / "docs" / "schemas" / "trial.schema.json"
TRIALS = sorted((f for f in (files("mappings") / "trials").iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
SCHEMA = trial_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EVENT = {"value_set": "operation"}
MINIMAL: dict[str, Any] = {
    "id": "T-1",
    "short_title": "A trial",
    "title": "A trial",
    "registry": {"name": "R", "status": "recruiting", "source": "here"},
    "source_text": "T-1.txt",
    "anchors": ["I1"],
    "criteria": [{"id": "I1", "role": "inclusion", "source": "seed", "text": "words", "when": {"kind": "human"}}],
}


def plain(text: str) -> Any:
    """Return YAML as JSON has it: days as text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def asking(when: Any) -> dict[str, Any]:
    """Return the smallest trial with this statement."""
    return {**MINIMAL, "criteria": [{**MINIMAL["criteria"][0], "when": when}]}


def fits_schema(trial: Any) -> bool:
    """Whether the schema accepts a trial."""
    return bool(VALIDATOR.is_valid(trial))


def fits_code(trial: Any, folder: Path) -> bool:
    """Whether the code reads a trial."""
    file = folder / "trial.yaml"
    file.write_text(yaml.safe_dump(trial), encoding="utf-8")
    try:
        load_trial(file)
    except ContentError:
        return False
    return True


def test_the_committed_schema_is_that_of_the_code() -> None:
    again = "write it anew: python -m mappings.schema > docs/schemas/trial.schema.json"
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), again


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_every_kind() -> None:
    assert {kind.__name__ for kind in (*LEAVES.values(), *COMBINATORS.values())} <= SCHEMA["$defs"].keys()


@pytest.mark.parametrize("file", TRIALS, ids=lambda file: file.name)
def test_every_trial_fits_the_schema(file: Any) -> None:
    trial = plain(file.read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(trial)] == []


AFTER = asking({"kind": "procedure", "value_set": "x", "after": "operation"})
GOOD = [
    MINIMAL,
    {**MINIMAL, "events": {"operation": EVENT}},
    {**AFTER, "events": {"operation": EVENT}},
    asking({"kind": "procedure", "value_set": "x", "after": {"name": "operation", **EVENT}}),
    asking({"any_of": [{"not": {"kind": "sex", "is": "male"}}, {"kind": "age", "at_least": 18}]}),
    asking({"kind": "measured", "value_set": "platelets", "below": 50, "unit": "10*9/L"}),
    asking({"kind": "condition", "value_set": ["a", "b"], "within": "6 months"}),
]
BAD = [
    {},
    {**MINIMAL, "criteria": []},
    {**MINIMAL, "colour": "blue"},
    {**AFTER, "events": {"operation": {**EVENT, "colour": "blue"}}},
    {**MINIMAL, "registry": {**MINIMAL["registry"], "status": "open"}},
    asking({"kind": "horoscope"}),
    asking({"all_of": []}),
    asking({"kind": "age", "at_least": "old"}),
    asking({"kind": "condition", "value_set": "a", "colour": "blue"}),
    asking({"kind": "condition", "value_set": "a", "within": "a while"}),
]


@pytest.mark.parametrize("trial", GOOD)
def test_what_the_code_reads_fits_the_schema(trial: dict[str, Any], tmp_path: Path) -> None:
    assert (fits_code(trial, tmp_path), fits_schema(trial)) == (True, True)


@pytest.mark.parametrize("trial", BAD)
def test_what_the_code_refuses_does_not_fit_the_schema(trial: dict[str, Any], tmp_path: Path) -> None:
    assert (fits_code(trial, tmp_path), fits_schema(trial)) == (False, False)
