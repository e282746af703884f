"""`cds-service check`: what would stop the start, what the linter finds, and names that another package has taken.

With `--coverage`: each line of each source, the criteria that encode it, and the tests that name these criteria.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from cds_service import DISTRIBUTION
from cds_service.clients import load_clients
from cds_service.content import SOURCES, given, load_content, passed_over
from cds_service.settings import SettingsError, clients_file, load_content_settings, load_settings, serving_is_set
from cds_service.site import load_at_site
from mappings.lint import CoverageRow, Problem, Severity, Subject, coverage, lint, read_subject
from terminology.errors import ContentError

_CRITERION = re.compile(r"\b[IED]\d{1,2}[a-z]?\b")
NAMES = ("terminology", "mappings", "hooks", "cds_service")


def problems() -> list[str]:
    """Return one line `file:line: where: what` for each fault; none when all is well.

    The settings of the service itself are judged only where one of them is set: content can be checked anywhere.
    """
    faults = [*_settings_problems(), *_content_problems(), *name_problems(metadata.packages_distributions())]
    return faults or [str(problem) for problem in linted() if problem.severity is Severity.ERROR]


def remarks() -> list[str]:
    """Return one line for each thing the linter finds that is no fault: warnings and notes."""
    return [str(problem) for problem in linted() if problem.severity is not Severity.ERROR]


@functools.cache
def linted() -> tuple[Problem, ...]:
    """Return everything the linter finds."""
    subject, unread = _subject()
    return (*unread, *_not_read(), *lint(subject))


def _not_read() -> Iterator[Problem]:
    """Yield a warning for each file of a site's folders that nothing reads."""
    advice = "Trials are `*.yaml`, value sets and maps `*.json`, directly in their folder; sources `sources/*.txt`"
    for file in passed_over(load_content_settings(), given(clients_file())):
        yield Problem(str(file), 0, "", "file-not-read", "is passed over", advice, Severity.WARNING)


def _subject() -> tuple[Subject, list[Problem]]:
    settings = load_content_settings()
    trials, value_sets = given(settings.trials_dir), given(settings.valuesets_dir)
    sources = [folder / SOURCES for folder in trials if (folder / SOURCES).is_dir()]
    return read_subject(trials, (), value_sets, sources, load_at_site(settings.site_file))


def coverage_rows(tests: Path) -> list[CoverageRow]:
    """Return a row for each criteria line of each source. tests: the folder of tests to look for criteria in."""
    subject, _ = _subject()
    trials = [written.trial.id for written in subject.written]
    return coverage(subject, tests_by_criterion(tests, trials))


def tests_by_criterion(folder: Path, trials: Sequence[str]) -> dict[str, list[str]]:
    """Return "TRIAL CRITERION" -> the test files that name both, for every `test_*.py` below a folder."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        for name in {f"{trial} {id_}" for trial in trials if trial in text for id_ in _CRITERION.findall(text)}:
            found.setdefault(name, []).append(file.name)
    return found


def _settings_problems() -> Iterator[str]:
    if serving_is_set():
        try:
            load_clients(load_settings())
        except SettingsError as error:
            yield f"environment: {error}"
        except ContentError as error:
            yield str(error)


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
