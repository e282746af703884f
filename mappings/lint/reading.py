"""Reads what is to be linted; what cannot be read is a problem of its own, and the rest is linted all the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from mappings.catalogue import yaml_files
from mappings.lint.problems import Problem, Subject, ValueSetFile, Written
from mappings.trials import AtSite, Trigger, load_trial, load_trigger
from mappings.yaml_content import Document
from terminology.errors import ContentError
from terminology.resources import Folder
from terminology.valuesets import Vocabulary, load_value_sets

UNREADABLE = "not-readable"
"""The name of the problem that stands for every ContentError: the service would not start with such content."""

ADVICE = "The service does not start with this; correct the element"


def problem_of(error: ContentError) -> Problem:
    """Return a ContentError as a problem."""
    return Problem(error.file, error.line, error.where, UNREADABLE, error.what, ADVICE)


def read_subject(
    trial_folders: Sequence[Folder] = (),
    trigger_folders: Sequence[Folder] = (),
    value_set_folders: Sequence[Folder] = (),
    source_folders: Sequence[Folder] = (),
    site: AtSite | None = None,
) -> tuple[Subject, list[Problem]]:
    """Return the package's content with a site's own folders added, and a problem for each file that cannot be read.

    When a value set cannot be read nothing else can be judged, and the subject is empty.
    """
    value_set_folders = (files("terminology") / "valuesets", *value_set_folders)
    try:
        vocabulary = Vocabulary(load_value_sets(*value_set_folders))
    except ContentError as error:
        return Subject((), Vocabulary({})), [problem_of(error)]
    problems: list[Problem] = []
    written = {w.trial.id: w for w in read_trials((files("mappings") / "trials", *trial_folders), problems)}
    subject = Subject(
        written=tuple(written.values()),
        vocabulary=vocabulary,
        triggers=tuple(_triggers((files("mappings") / "triggers", *trigger_folders), problems)),
        value_sets=value_set_files(value_set_folders),
        sources=texts((files("mappings") / "sources", *source_folders)),
        site=site,
    )
    return subject, problems


def read_trials(folders: Iterable[Folder], problems: list[Problem]) -> Iterator[Written]:
    """Yield the trials of the folders; a file that cannot be read is added to `problems`."""
    for file in _all_yaml(folders):
        try:
            yield Written(*load_trial(file))
        except ContentError as error:
            problems.append(problem_of(error))


def _triggers(folders: Iterable[Folder], problems: list[Problem]) -> Iterator[tuple[Trigger, Document]]:
    for file in _all_yaml(folders):
        try:
            yield load_trigger(file)
        except ContentError as error:
            problems.append(problem_of(error))


def _all_yaml(folders: Iterable[Folder]) -> Iterator[Folder]:
    for folder in folders:
        yield from yaml_files(folder)


def value_set_files(folders: Iterable[Folder]) -> tuple[ValueSetFile, ...]:
    """Return the value sets of the folders as they are written."""
    return tuple(ValueSetFile(name, text, json.loads(text)) for name, text in texts(folders, ".json").items())


def texts(folders: Iterable[Folder], suffix: str = ".txt") -> dict[str, str]:
    """Return name -> text of the folders' files with this suffix; a later folder's file replaces one of its name."""
    found = [file for folder in folders for file in folder.iterdir() if file.name.endswith(suffix)]
    return {file.name: file.read_text(encoding="utf-8") for file in found}
