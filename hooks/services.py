"""The CDS services. To add one: a module with these six names, and its name in `SERVICES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from hooks import ctdna_maintenance, trial_eligibility
from hooks.protocol import Card
from mappings.catalogue import Catalogue
from mappings.evaluation import Evaluation
from mappings.trials import Trial
from mappings.verdicts import Results


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service.

    trials: those whose criteria decide what the prefetch asks for. cards: what it says of an evaluation; its third
    argument is how many trials may have a card of their own.
    """

    id: str
    hook: str
    title: str
    description: str
    trials: Callable[[Catalogue], Iterable[Trial]]
    cards: Callable[[Results, Evaluation, int], list[Card]]


def _service(module: ModuleType) -> Service:
    return Service(
        id=module.ID,
        hook=module.HOOK,
        title=module.TITLE,
        description=module.DESCRIPTION,
        trials=module.trials,
        cards=module.cards,
    )


SERVICES = tuple(_service(module) for module in (trial_eligibility, ctdna_maintenance))
