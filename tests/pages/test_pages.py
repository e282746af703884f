"""Every page in a real browser: drawn, readable on a telephone, its links alive, nothing loaded, nothing run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser

from cds_service.settings import Settings
from tests.pages.browser import NARROW, WIDE, Visit, started, visit
from tests.web import hostile
from tests.web.serving import serve

PAGES = ["/", "/trials", "/trials/NCT05797077", "/trials/NCT06609434", "/trials/HOSTILE", "/about", "/docs"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from started()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    trials, site_file = hostile.write(tmp_path_factory.mktemp("site"))
    yield from serve(Settings(auth="off", demo=True, trials_dir=trials, site_file=site_file))


@pytest.fixture
def opened(browser: Browser, base: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page of this path and width."""
    path, width = request.param
    found = visit(browser, base + path, width=width)
    yield found
    found.page.close()


def ask(opened: Visit, script: str) -> Any:
    return opened.page.evaluate(script)


@pytest.mark.parametrize("opened", [(path, WIDE) for path in PAGES], indirect=True, ids=PAGES)
def test_nothing_is_refused_loaded_or_run(opened: Visit) -> None:
    assert opened.said == []
    assert len(opened.asked) == 1
    assert ask(opened, "document.querySelectorAll('script, img, iframe, object, link, form').length") == 0
    assert ask(opened, "typeof stolen") == "undefined"


@pytest.mark.parametrize("opened", [(path, WIDE) for path in PAGES], indirect=True, ids=PAGES)
def test_the_page_has_its_style_one_heading_a_language_and_no_id_twice(opened: Visit) -> None:
    assert ask(opened, "getComputedStyle(document.body).maxWidth") == "736px"
    assert ask(opened, "document.querySelectorAll('h1').length") == 1
    assert ask(opened, "document.documentElement.lang") == "en"
    ids = ask(opened, "[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("opened", [(path, NARROW) for path in PAGES], indirect=True, ids=PAGES)
def test_a_telephone_needs_no_sideways_scrolling(opened: Visit) -> None:
    ask(opened, "document.querySelectorAll('details').forEach(each => each.open = true)")
    assert ask(opened, "document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("opened", [(path, NARROW) for path in PAGES], indirect=True, ids=PAGES)
def test_no_day_and_no_mark_is_broken_and_no_head_stands_before_nothing(opened: Visit) -> None:
    broken = "[...document.querySelectorAll('time, .mark')].filter(e => e.getClientRects().length > 1)"
    assert ask(opened, f"{broken}.map(e => e.textContent)") == []
    heads = "[...document.querySelectorAll('td[data-head]')].filter(e => !e.textContent)"
    assert ask(opened, f"{heads}.map(e => e.dataset.head)") == []


@pytest.mark.parametrize("opened", [(path, WIDE) for path in PAGES], indirect=True, ids=PAGES)
def test_every_link_within_the_service_leads_somewhere(opened: Visit, base: str) -> None:
    links = {link for link in ask(opened, "[...document.links].map(a => a.href)") if link.startswith(base)}
    assert links
    for link in links:
        path, _, fragment = link.partition("#")
        assert httpx2.get(path, headers={"accept": "text/html"}, trust_env=False).status_code == 200, link
        if fragment:
            assert ask(opened, f"document.getElementById({json.dumps(fragment)}) !== null"), link


@pytest.mark.parametrize("opened", [("/trials/HOSTILE", WIDE)], indirect=True)
def test_a_text_that_would_be_markup_is_read_as_it_is_written(opened: Visit) -> None:
    assert opened.page.inner_text("#I1 blockquote") == hostile.MARKUP
    assert opened.page.inner_text("h1") == 'HOSTILE: <b>bold</b> & "quoted"'
    assert ask(opened, "[...document.links].every(a => a.protocol.startsWith('http'))")


@pytest.mark.parametrize("opened", [("/docs", WIDE)], indirect=True)
def test_an_example_can_be_opened_and_sent(opened: Visit, base: str) -> None:
    opened.page.click("#call summary >> nth=0")
    shown = opened.page.inner_text("#call pre >> nth=0")
    answer = httpx2.post(f"{base}/cds-services/ctdna-maintenance", json=json.loads(shown), trust_env=False)
    assert answer.json()["cards"][0]["indicator"] == "warning"


@pytest.mark.parametrize("opened", [("/trials", WIDE)], indirect=True)
def test_the_way_from_the_list_to_a_criterion(opened: Visit) -> None:
    opened.page.click("text=NCT05797077")
    assert "Postoperative ctDNA-positive patients;" in opened.page.inner_text("#I3")
    opened.page.click("#I3 summary")
    assert "value_set:" in opened.page.inner_text("#I3 pre")
    opened.page.click("nav >> text=About")
    assert opened.page.inner_text("h1") == "About this service"
