"""Random catalogues: fifty trials, most of them with anchors that only some patients touch."""

from __future__ import annotations

from hypothesis import strategies as st

from mappings.catalogue import Catalogue
from mappings.kinds import Kind
from mappings.trials import Trial
from mappings.verdicts import Results
from tests.generative import criteria
from tests.generative.invented import VOCABULARY
from tests.generative.reading import POLICY

REGISTRY = {"name": "invented", "status": "recruiting", "source": "invented"}


def trial(number: int, statements: list[Kind], *, anchors: list[str]) -> Trial:
    """Return a trial of these statements, by turns an inclusion and an exclusion."""
    lines = [
        {
            "id": f"{'IE'[index % 2]}{index}",
            "role": ("inclusion", "exclusion")[index % 2],
            "source": "inferred",
            "when": statement,
        }
        for index, statement in enumerate(statements)
    ]
    words = {"id": f"T{number}", "short_title": "invented", "title": "invented", "source_text": "invented.txt"}
    return Trial.model_validate({**words, "registry": REGISTRY, "anchors": anchors, "criteria": lines})


@st.composite
def catalogues(draw: st.DrawFn, *, trials: int = 50) -> Catalogue:
    """Return a catalogue whose trials share some of their criteria, as those of one disease do."""
    written = st.one_of(criteria.condition(), criteria.procedure(), criteria.trees)
    anchors = [criteria.parse(each) for each in draw(st.lists(written, min_size=3, max_size=6))]
    others = [criteria.parse(each) for each in draw(st.lists(criteria.trees, min_size=3, max_size=6))]
    chance = draw(st.randoms(use_true_random=False))
    made = []
    for number in range(trials):
        statements = [chance.choice(anchors), *(chance.choice(others) for _ in range(3))]
        made.append(trial(number, statements, anchors=["I0", "I2"] if number % 5 == 0 else ["I0"]))
    return Catalogue(made, (), VOCABULARY, POLICY)


def outcome(results: Results) -> dict[str, tuple[str, list[tuple[str, str, str | None, str | None]]]]:
    """Return, by trial, its status and each criterion's id, truth, reason and strength."""
    return {
        verdict.trial.id: (
            verdict.status.value,
            [(v.criterion.id, v.finding.truth.value, v.finding.reason, v.finding.strength) for v in verdict.verdicts],
        )
        for verdict in results.trials
    }
