"""docs/readings.md is what the trials' own files say."""

from importlib.resources import files
from pathlib import Path

from mappings.readings import readings_page
from mappings.trials import load_trial

PAGE = Path(__file__).parents[2] / "docs" / "readings.md"


def test_the_page_of_readings_is_made_from_the_trials() -> None:
    folder = files("mappings") / "trials"
    paths = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    trials = [load_trial(file)[0] for file in paths]
    assert PAGE.read_text(encoding="utf-8") == readings_page(trials)
