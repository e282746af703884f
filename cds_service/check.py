"""`cds-service check`: everything that would stop the start, and names that another package has taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from cds_service.content import load_content
from cds_service.settings import SettingsError, load_content_settings, load_settings, serving_is_set
from terminology.errors import ContentError

DISTRIBUTION = "oncology-trial-cds"
NAMES = ("terminology", "mappings", "hooks", "cds_service")


def problems() -> list[str]:
    """Return one line `file:line: where: what` for each problem; none when all is well.

    The settings of the service itself are judged only where one of them is set: content can be checked anywhere.
    """
    return [*_settings_problems(), *_content_problems(), *name_problems(metadata.packages_distributions())]


def _settings_problems() -> Iterator[str]:
    if serving_is_set():
        try:
            load_settings()
        except SettingsError as error:
            yield f"environment: {error}"


def _content_problems() -> Iterator[str]:
    try:
        load_content(load_content_settings())
    except SettingsError as error:
        yield f"environment: {error}"
    except ContentError as error:
        yield str(error)


def name_problems(owners: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each of our package names that another distribution owns as well. owners: name -> distributions."""
    for name in NAMES:
        for owner in sorted(set(owners.get(name, ())) - {DISTRIBUTION}):
            yield f"installed packages: {name}: also belongs to {owner}; install this application alone"
