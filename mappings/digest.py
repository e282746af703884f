"""A digest of everything by which a trial is decided, so that a card can be traced to the rules that gave it.

Two digests are the same when the trial, its triggers, every value set it asks for, the site's own limits and the local
codes mapped to those value sets are the same, whichever process, machine or day made them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from mappings.catalogue import Catalogue
from mappings.trials import Trial
from terminology.valuesets import ValueSet

_encode = msgspec.json.Encoder(order="sorted").encode


class Rules(NamedTuple):
    """What a trial is decided by. digest: SHA-256 in hexadecimal. releases: value set -> version."""

    trial: str
    digest: str
    releases: Mapping[str, str]


def rules_of(trial: Trial, catalogue: Catalogue) -> Rules:
    """Return the digest of a trial of the catalogue and the versions of its value sets."""
    value_sets = _value_sets(trial, catalogue)
    content = {
        "trial": trial.model_dump(mode="json"),
        "triggers": [t.model_dump(mode="json") for t in catalogue.triggers if t.trial == trial.id],
        "value sets": {name: _written(value_set) for name, value_set in value_sets.items()},
        "policy": _policy(value_sets, catalogue),
        "maps": _maps(value_sets.keys(), catalogue),
    }
    digest = hashlib.sha256(_encode(content)).hexdigest()
    return Rules(trial.id, digest, {name: value_set.version for name, value_set in value_sets.items()})


def _value_sets(trial: Trial, catalogue: Catalogue) -> dict[str, ValueSet]:
    """The value sets that the criteria ask for and those with broader codes, in alphabetical order."""
    known = catalogue.vocabulary.value_sets
    asked = trial.value_sets
    broader = {name for each in asked if (name := known[each].more_general)}
    return {name: known[name] for name in sorted(asked | broader)}


def _written(value_set: ValueSet) -> dict[str, Any]:
    """A value set with everything but the file it came from; sets and dictionaries are sorted when encoded."""
    return {
        "name": value_set.name,
        "url": value_set.url,
        "title": value_set.title,
        "version": value_set.version,
        "codes": value_set.codes,
        "categories": value_set.categories,
        "excluded": value_set.excluded,
        "excluded categories": value_set.excluded_categories,
        "narrowed": [_written(part) for part in value_set.narrowed],
        "spared": [_written(part) for part in value_set.spared],
        "phrases": value_set.phrases,
        "ordinals": _pairs(value_set.ordinals),
        "displays": _pairs(value_set.displays),
        "more general": value_set.more_general,
    }


def _pairs(mapping: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return sorted((str(key), str(value)) for key, value in mapping.items())


def _policy(names: Iterable[str], catalogue: Catalogue) -> dict[str, Any]:
    recency, limits = catalogue.policy.recency, catalogue.policy.upper_limits
    return {name: (str(recency.get(name)), limits.get(name)) for name in names}


def _maps(names: Iterable[str], catalogue: Catalogue) -> list[Any]:
    """The local codes that stand for a code of these value sets, with the codes they stand for."""
    vocabulary, wanted = catalogue.vocabulary, frozenset(names)
    found = vocabulary.maps.items()
    return sorted((local, targets) for local, targets in found if not wanted.isdisjoint(vocabulary.sets_of(*local)))
