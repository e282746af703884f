"""docs/readings.md is what the trials' own files say."""

from pathlib import Path

from mappings.readings import page_of_our_trials

PAGE = Path(__file__).parents[2] / "docs" / "readings.md"


def test_the_page_of_readings_is_made_from_the_trials() -> None:
    again = "write it anew: python -m mappings.readings > docs/readings.md"
    assert PAGE.read_text(encoding="utf-8") == page_of_our_trials(), again
