"""Loading what the service decides by: the package's own content with a hospital's folders added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cds_service.settings import ContentSettings
from cds_service.site import Site, load_at_site, load_site
from mappings.catalogue import Catalogue, load_catalogue
from terminology.codings import Coding
from terminology.conceptmaps import load_concept_maps
from terminology.valuesets import Vocabulary, load_value_sets


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


def given(folder: Path | None) -> tuple[Path, ...]:
    """Return a folder that the settings may name, as none or one."""
    return () if folder is None else (folder,)
