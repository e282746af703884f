"""What the service says of its trials and of itself: every line with its words, to programs and to people."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from pydantic import TypeAdapter

from cds_service.content import load_content
from cds_service.settings import ContentSettings, Settings
from mappings.kinds import When
from mappings.trials import Trial
from tests.web import hostile
from tests.web.serving import Client, serve
from tests.web.tokens import clients_file

TRIALS = load_content(ContentSettings()).catalogue.trials
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The service of a hospital with a trial of its own."""
    trials, site_file = hostile.write(tmp_path_factory.mktemp("site"))
    for base in serve(Settings(auth="off", trials_dir=trials, site_file=site_file)):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            yield Client(http)


def test_the_list_has_every_trial(client: Client) -> None:
    listed = client.get("/trials").json()["trials"]
    assert [(t["id"], t["criteria"]) for t in listed] == [(id_, len(t.criteria)) for id_, t in TRIALS.items()]
    assert {t["id"]: t["registry"].get("as_of") for t in listed}["NCT05797077"] == "2023-04-04"


@pytest.mark.parametrize("id_", TRIALS)
def test_a_trial_has_every_line_with_its_words_as_they_are_written(client: Client, id_: str) -> None:
    raw = yaml.safe_load((files("mappings") / "trials" / f"{id_}.yaml").read_text(encoding="utf-8"))
    shown = client.get(f"/trials/{id_}").json()
    assert [(c["id"], c["role"], c["source"], c.get("text")) for c in shown["criteria"]] == [
        (c["id"], c["role"], c["source"], c.get("text")) for c in raw["criteria"]
    ]
    assert [len(c.get("readings", ())) for c in shown["criteria"]] == [
        len(c.get("readings", ())) for c in raw["criteria"]
    ]


def test_a_trial_says_which_results_it_shows(client: Client) -> None:
    of_lines = {
        c["id"]: c["shown_results"]
        for c in client.get("/trials/NCT05797077").json()["criteria"]
        if "shown_results" in c
    }
    assert list(of_lines) == ["I4", "E3", "E9"]
    assert "serum creatinine" in of_lines["E3"]
    assert client.get("/trials/CTDNA-LUNG-NODULES").json()["shown_results"] == ["circulating tumour DNA (ctDNA) result"]


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_a_statement_is_all_that_decides(client: Client, trial: Trial) -> None:
    shown = client.get(f"/trials/{trial.id}").json()["criteria"]
    again: list[Any] = [TypeAdapter(When).validate_python(criterion["statement"]) for criterion in shown]
    assert again == [criterion.when for criterion in trial.criteria]


ASKED = [
    ("NCT05797077", "I3", ["a ctDNA test taken after the operation"], False),
    ("NCT05797077", "I2a", ["colorectal cancer"], False),
    ("NCT05797077", "E10", ["a person's confirmation"], True),
    ("NCT05797077", "I5", ["consent"], False),
    ("NCT06609434", "I5", ["venous invasion by the tumour", "a person's confirmation"], False),
]


@pytest.mark.parametrize(("trial", "criterion", "asks", "human"), ASKED)
def test_a_criterion_says_what_decides_it_and_whether_a_person_does(
    client: Client, trial: str, criterion: str, asks: list[str], human: bool
) -> None:
    (shown,) = [c for c in client.get(f"/trials/{trial}").json()["criteria"] if c["id"] == criterion]
    assert (shown["asks"], shown["human"]) == (asks, human)


UNKNOWN = ["/trials/NCT00000000", "/trials/nct05797077", "/trials/%3Cscript%3E"]


@pytest.mark.parametrize("path", [*UNKNOWN, "/trials/"])
def test_an_unknown_trial_is_404_and_is_not_repeated(client: Client, path: str) -> None:
    answer = client.get(path, accept="application/json")
    assert answer.status_code == 404
    assert answer.json()["issue"][0]["code"] == "not-found"
    assert "script" not in answer.text


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_trial_is_a_page_to_a_browser(client: Client, path: str) -> None:
    answer = client.http.get(path, headers={"accept": BROWSER})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no trial of this id here." in answer.text
    assert '<a href="../trials">' in answer.text
    assert "script" not in answer.text


@pytest.mark.parametrize("path", ["/about", "/docs", "/trials"])
def test_a_page_shows_no_mark_of_plain_text(client: Client, path: str) -> None:
    assert "`" not in client.http.get(path, headers={"accept": BROWSER}).text


ACCEPTS = [
    ("", "application/json"),
    ("*/*", "application/json"),
    ("application/json", "application/json"),
    (BROWSER, "text/html; charset=utf-8"),
    ("TEXT/HTML", "text/html; charset=utf-8"),
    ("text/html;q=0", "application/json"),
    ("text/html;q=0.5, application/json", "application/json"),
    ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
    ("text/html;q=x", "application/json"),
    (",;,=", "application/json"),
]


@pytest.mark.parametrize("path", ["/trials", "/trials/NCT05797077", "/about"])
@pytest.mark.parametrize(("accept", "media_type"), ACCEPTS)
def test_a_page_is_for_who_asks_for_html(client: Client, path: str, accept: str, media_type: str) -> None:
    answer = client.http.get(path, headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "Accept" in answer.headers["vary"]


def test_a_page_says_every_line_of_the_trial(client: Client) -> None:
    page = client.http.get("/trials/NCT06609434", headers={"accept": BROWSER}).text
    for criterion in TRIALS["NCT06609434"].criteria:
        assert f'<section id="{criterion.id}">' in page
        assert html.escape(criterion.text) in page


@pytest.mark.parametrize(("id_", "unstated"), [("CTDNA-LUNG-NODULES", True), ("NCT05797077", False)])
def test_a_page_says_that_the_source_states_no_exclusions(client: Client, id_: str, unstated: bool) -> None:
    page = client.http.get(f"/trials/{id_}", headers={"accept": BROWSER}).text
    assert ("<p>None in the source.</p>" in page) is unstated
    assert ("no patient can be rated better than “needs data”" in page) is unstated


def test_a_day_on_a_page_is_not_broken_at_its_hyphens(client: Client) -> None:
    for path in ("/trials", "/trials/NCT05797077", "/about"):
        page = client.http.get(path, headers={"accept": BROWSER}).text
        assert "<time>2023-04-04</time>" in page
        assert re.findall(r"(?<!<time>)2023-04-04", page) == []


def test_the_attributes_say_who_made_it_what_for_and_by_which_rules(client: Client) -> None:
    about = client.get("/about").json()
    assert (about["version"], about["licence"]) == (version("oncology-trial-cds"), "Apache-2.0")
    assert "validated" in about["limits"][0]
    for owner in ("SNOMED", "LOINC", "ICD-10", "UCUM", "RxNorm", "HL7"):
        assert owner in about["notices"]
    assert {t["id"]: t["digest"] for t in about["rules"]["trials"]} == {
        t["id"]: t["digest"] for t in client.get("/trials").json()["trials"]
    }
    known = load_content(ContentSettings()).vocabulary.value_sets
    assert {v["name"]: v["version"] for v in about["rules"]["value_sets"]} == {
        name: s.version for name, s in known.items()
    }


def test_a_site_trial_changes_the_digest_of_all_rules_and_of_no_other_trial(client: Client, site: Client) -> None:
    ours, theirs = (each.get("/about").json()["rules"] for each in (client, site))
    assert ours["digest"] != theirs["digest"]
    assert {t["id"]: t["digest"] for t in theirs["trials"]}.items() > {
        t["id"]: t["digest"] for t in ours["trials"]
    }.items()


def test_texts_stay_texts_and_the_contact_is_for_cards_alone(site: Client) -> None:
    shown = site.get("/trials/HOSTILE")
    assert shown.json()["criteria"][0]["text"] == hostile.MARKUP
    assert [c["id"] for c in shown.json()["criteria"]] == ["I1", "S1"]
    for path in ("/trials", "/trials/HOSTILE", "/about"):
        page = site.http.get(path, headers={"accept": BROWSER}).text
        assert html.escape(hostile.MARKUP) in page or path != "/trials/HOSTILE"
        for markup in ("<script", "<img", "<b>", "<i>", "<u>", "<s>", "<em>", "<q>", "<label>", 'href="javascript'):
            assert markup not in page
        assert hostile.CONTACT not in page + site.get(path).text


def test_no_token_is_needed(tmp_path: Path) -> None:
    clients = clients_file(tmp_path, [{"iss": "https://ehr.example", "jku": "https://ehr.example/jwks.json"}])
    for base in serve(Settings(clients=clients, public_url="https://cds.example", data_dir=tmp_path)):
        for path in ("/trials", "/trials/NCT05797077", "/about", "/docs", "/openapi.json"):
            assert httpx2.get(f"{base}{path}", trust_env=False).status_code == 200
