"""The index finds what the plain scan finds: a trial it leaves out is not relevant, and nothing else differs."""

from __future__ import annotations

from hypothesis import given, settings

from mappings.catalogue import Catalogue
from mappings.evaluation import Evaluation
from tests.generative import records
from tests.generative.catalogues import catalogues, outcome
from tests.generative.criteria import Json
from tests.generative.invented import VOCABULARY
from tests.generative.reading import POLICY, record

NOT_RELEVANT = "not-relevant"


@settings(max_examples=40)
@given(catalogues(), records.resources(exact=False), records.incomplete_types)
def test_a_trial_that_the_index_leaves_out_is_not_relevant_and_the_others_are_equal(
    catalogue: Catalogue, resources: list[Json], incomplete: frozenset[str]
) -> None:
    read = record(resources, incomplete, catalogue.vocabulary)
    indexed, scanned = outcome(catalogue.evaluate(read)), outcome(catalogue.evaluate_all(read))
    assert len(scanned) == len(catalogue.trials)
    assert {id_: found for id_, found in scanned.items() if id_ in indexed} == indexed
    assert {scanned[id_][0] for id_ in scanned.keys() - indexed.keys()} <= {NOT_RELEVANT}


@settings(max_examples=40)
@given(catalogues(), records.resources(exact=False), records.incomplete_types)
def test_criteria_shared_over_the_catalogue_say_what_each_says_alone(
    catalogue: Catalogue, resources: list[Json], incomplete: frozenset[str]
) -> None:
    read, whole = record(resources, incomplete, catalogue.vocabulary), record(resources, incomplete)
    for verdict in catalogue.evaluate_all(read).trials[:5]:
        for criterion in verdict.verdicts:
            alone = Evaluation(whole, VOCABULARY, POLICY).finding(criterion.criterion.when)
            assert (criterion.finding.truth, criterion.finding.evidence) == (alone.truth, alone.evidence)


@settings(max_examples=40)
@given(catalogues(), records.resources(exact=False), records.incomplete_types)
def test_what_is_only_shown_in_part_has_the_status_of_the_whole(
    catalogue: Catalogue, resources: list[Json], incomplete: frozenset[str]
) -> None:
    """A look that stops where a trial is ruled out gives each trial the status that the full look gives it."""
    read = record(resources, incomplete)
    whole = {id_: status for id_, (status, _) in outcome(catalogue.evaluate_all(read)).items()}
    assert {(v.trial.id, v.status) for v in catalogue.evaluate(read, shown_only=True).trials} <= whole.items()
