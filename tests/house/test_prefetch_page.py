"""docs/prefetch.md is what discovery says, and the README's site file is one that can be used."""

import re
from pathlib import Path

from cds_service.content import load_content
from cds_service.prefetch_page import prefetch_page
from cds_service.settings import ContentSettings
from hooks.prefetch import templates
from hooks.services import SERVICES
from terminology.conceptmaps import MEANS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_of_the_prefetch_is_made_from_the_criteria() -> None:
    again = "write it anew: python -m cds_service.prefetch_page > docs/prefetch.md"
    page = (ROOT / "docs" / "prefetch.md").read_text(encoding="utf-8")
    assert page == prefetch_page(load_content(ContentSettings())), again


def test_every_template_stands_on_the_page_as_it_is() -> None:
    content, page = load_content(ContentSettings()), (ROOT / "docs" / "prefetch.md").read_text(encoding="utf-8")
    for service in SERVICES:
        (section,) = re.findall(rf"## {service.id}\n(.*?)(?=\n## |\Z)", page, flags=re.DOTALL)
        for template in templates(service.trials(content.catalogue), content.vocabulary, content.maps).values():
            assert f"`{template.key}`" in section
            assert f"`{template.query}`" in section or f"\n{template.query}\n" in section


def test_the_site_file_of_the_readme_can_be_used(tmp_path: Path) -> None:
    (written,) = re.findall(r"```yaml\n(recency:.*?)```", README, flags=re.DOTALL)
    file = tmp_path / "site.yaml"
    file.write_text(written, encoding="utf-8")
    content = load_content(ContentSettings(site_file=file))
    assert set(content.site.model_fields_set) == {"recency", "upper_limits", "card_cap", "trials"}
    ((id_, trial),) = content.site.trials.items()
    assert trial.contact is not None
    assert {rule.id for rule in trial.rules} <= {criterion.id for criterion in content.catalogue.trials[id_].criteria}


def test_the_readme_names_the_equivalences_that_count() -> None:
    (said,) = re.findall(r"whose `equivalence` is ([^;]+);", README)
    assert set(re.findall(r"`(\w+)`", said)) == MEANS
