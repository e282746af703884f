"""Loading what the service decides by: the package's own content with a hospital's folders added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cds_service.settings import ContentSettings
from cds_service.site import Site, load_at_site, load_site
from mappings.catalogue import Catalogue, load_catalogue
from terminology.codings import Coding
from terminology.conceptmaps import load_concept_maps
from terminology.valuesets import Vocabulary, load_value_sets

SOURCES = "sources"
"""Where a site's own trials keep their sources: a folder beside the files."""


@dataclass(frozen=True, slots=True)
class Content:
    """Trials, triggers, value sets and the site's own settings. maps: local code -> standard codes."""

    catalogue: Catalogue
    maps: Mapping[Coding, tuple[Coding, ...]]
    site: Site

    @property
    def vocabulary(self) -> Vocabulary:
        """The value sets by which records are read."""
        return self.catalogue.vocabulary


def load_content(settings: ContentSettings) -> Content:
    """Return all content. Raises ContentError with file, line and place for what cannot be used."""
    value_sets = load_value_sets(files("terminology") / "valuesets", *given(settings.valuesets_dir))
    maps = load_concept_maps(*given(settings.conceptmaps_dir))
    vocabulary = Vocabulary(value_sets, maps)
    site = load_site(settings.site_file, vocabulary)
    at_site = load_at_site(settings.site_file)
    catalogue = load_catalogue(vocabulary, site.policy(), given(settings.trials_dir), at_site=at_site)
    return Content(catalogue, maps, site)


CONTENT_SUFFIXES = frozenset({".json", ".txt", ".yaml", ".yml"})
"""Of files that may be meant as content; a README.md beside it is none."""


def passed_over(settings: ContentSettings, also: Iterable[Path] = ()) -> list[Path]:
    """Return the files of a hospital's own folders that look like content, and that nothing reads.

    also: files that something else reads.
    What is hidden is not looked at: a ConfigMap's folder holds every file a second time under `..data`.
    """
    folders = {folder for folder in (settings.trials_dir, settings.valuesets_dir, settings.conceptmaps_dir) if folder}
    there = {file for folder in folders for file in folder.rglob("*") if _may_be_content(file, folder)}
    read = {file.resolve() for file in (*_read(settings), *also)}
    return sorted(file for file in there if file.resolve() not in read)


def _read(settings: ContentSettings) -> Iterator[Path]:
    for folder in given(settings.trials_dir):
        yield from (*folder.glob("*.yaml"), *(folder / SOURCES).glob("*.txt"))
    for folder in (*given(settings.valuesets_dir), *given(settings.conceptmaps_dir)):
        yield from folder.glob("*.json")
    yield from given(settings.site_file)


def _may_be_content(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and file.suffix.lower() in CONTENT_SUFFIXES and file.is_file()


def given(folder: Path | None) -> tuple[Path, ...]:
    """Return a folder that the settings may name, as none or one."""
    return () if folder is None else (folder,)
