# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""Cards as a client sees them, and what a prefetch that is not whole does to them."""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from tests.web.serving import Client

EXTENSION = "io.github.oncology-trial-cds"
SERVICES = ("trial-eligibility", "ctdna-maintenance")
GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "<img src=x onerror=alert(1)> [click](http://evil.example) ![x](http://evil.example/y.png) <script>x</script> "
    "https://evil.example www.evil.example me@evil.example **bold** _it_ `code` ~~no~~ "
    "| # h\n\n# h\n- li\n> q \u202e eligible"
)


def all_cards(client: Client) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, card)
        for name in demo_patients(WRITTEN_FOR)
        for service in SERVICES
        for card in client.cards(demo_request(name, WRITTEN_FOR), service)
    ]


@pytest.fixture(scope="module")
def given(client: Client) -> list[tuple[str, dict[str, Any]]]:
    """Every card of every demo patient."""
    return all_cards(client)


def entries(request: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in request["prefetch"][key]["entry"]]


def without(request: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {**request, "prefetch": {k: v for k, v in request["prefetch"].items() if k not in keys}}


def plain(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**card, "uuid": ""} for card in cards]


# What each patient gets

ON_RECORD = [
    # patient, service, indicator, in the summary
    (
        "trigger-positive",
        "ctdna-maintenance",
        "warning",
        "(2026-11-02, 28 days after surgery): maintenance-therapy trial NCT05797077",
    ),
    ("trigger-positive", "trial-eligibility", "info", "Likely eligible for NCT05797077"),
    ("ctdna-negative", "trial-eligibility", "info", "NCT05815082 needs data: whether chemotherapy was given"),
    ("ecog-missing", "ctdna-maintenance", "warning", "Post-operative ctDNA positive"),
    ("ecog-missing", "trial-eligibility", "info", "NCT05797077 needs data: the ECOG performance status"),
    ("no-ctdna-yet", "trial-eligibility", "info", "most useful: a ctDNA test taken after the operation"),
    ("ctdna-negative-after-chemotherapy", "trial-eligibility", "info", "Likely eligible for NCT05815082"),
]


@pytest.mark.parametrize(("patient", "service", "indicator", "words"), ON_RECORD)
def test_one_card_says_it(client: Client, patient: str, service: str, indicator: str, words: str) -> None:
    (card,) = client.cards(demo_request(patient, WRITTEN_FOR), service)
    assert card["indicator"] == indicator
    assert words in card["summary"]


SILENT = [
    ("unrelated", "trial-eligibility"),
    ("unrelated", "ctdna-maintenance"),
    ("ctdna-negative", "ctdna-maintenance"),
    ("no-ctdna-yet", "ctdna-maintenance"),
    ("ctdna-only-before-surgery", "ctdna-maintenance"),
    ("r1-margin", "ctdna-maintenance"),
    ("r1-margin", "trial-eligibility"),
    ("other-malignancy", "ctdna-maintenance"),
    ("other-malignancy", "trial-eligibility"),
]


@pytest.mark.parametrize(("patient", "service"), SILENT)
def test_C45_nothing_to_say_is_an_empty_list(client: Client, patient: str, service: str) -> None:
    assert client.cards(demo_request(patient, WRITTEN_FOR), service) == []


def test_liver_metastases_of_another_cancer_are_not_relevant(client: Client, positive: dict[str, Any]) -> None:
    """One anchor is on record, the other is not: an answer without cards, not a failure."""
    cancers = positive["prefetch"]["conditions"]["entry"]
    del cancers[
        next(i for i, e in enumerate(cancers) if "sigmoid" in e["resource"]["id"] or "colon" in e["resource"]["id"])
    ]
    assert [client.cards(positive, service) for service in SERVICES] == [[], []]


@pytest.mark.parametrize("patch", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-11-20"}])
def test_the_deceased_get_no_card(client: Client, positive: dict[str, Any], patch: dict[str, Any]) -> None:
    positive["prefetch"]["patient"] |= patch
    assert [client.cards(positive, service) for service in SERVICES] == [[], []]


def test_an_enrolled_patient_gets_no_card_of_that_trial(client: Client, positive: dict[str, Any]) -> None:
    subject = {
        "resourceType": "ResearchSubject",
        "id": "s",
        "status": "on-study",
        "study": {"reference": "ResearchStudy/NCT05797077"},
        "individual": {"reference": f"Patient/{positive['context']['patientId']}"},
    }
    positive["prefetch"]["researchSubjects"]["entry"] = [{"resource": subject}]
    assert [client.cards(positive, service) for service in SERVICES] == [[], []]


# The trigger with something open


def test_an_unknown_margin_gives_an_info_card_that_says_so(client: Client, positive: dict[str, Any]) -> None:
    observations = positive["prefetch"]["observations"]["entry"]
    del observations[next(i for i, e in enumerate(observations) if "margin" in e["resource"]["id"])]
    (card,) = client.cards(positive, "ctdna-maintenance")
    assert card["indicator"] == "info"
    assert "still needs the R status" in card["summary"]
    assert "2026-11-02, 28 days after surgery" in card["summary"]


@pytest.mark.parametrize("lost", ["observations", "procedures", "conditions"])
def test_a_trigger_that_could_not_be_told_is_said(client: Client, positive: dict[str, Any], lost: str) -> None:
    (card,) = client.cards(without(positive, lost, "diagnosticReports"), "ctdna-maintenance")
    assert card["indicator"] == "info"
    assert "not retrieved in full" in card["summary"]
    assert "About the record:" in card["detail"]


def test_reports_that_were_lost_may_hold_a_later_result_than_the_newest_first(
    client: Client, positive: dict[str, Any]
) -> None:
    first_page = [
        {"relation": "self", "url": "https://ehr.example/fhir/Observation?_sort=-date"},
        {"relation": "next", "url": "https://ehr.example/fhir/Observation?page=2"},
    ]
    positive["prefetch"]["observations"]["link"] = first_page
    results = positive["prefetch"]["observations"]["entry"]
    results.sort(key=lambda entry: entry["resource"]["effectiveDateTime"], reverse=True)
    [card] = client.cards(positive, "ctdna-maintenance")
    assert card["indicator"] == "warning"
    [card] = client.cards(without(positive, "diagnosticReports"), "ctdna-maintenance")
    assert (card["indicator"], "not retrieved in full" in card["summary"]) == ("info", True)


def test_two_laboratories_that_contradict_each_other_are_said(client: Client, positive: dict[str, Any]) -> None:
    negative = demo_request("ctdna-negative", WRITTEN_FOR)
    (other,) = [r for r in entries(negative, "observations") if r["id"].endswith("-ctdna-after")]
    (own,) = [r for r in entries(positive, "observations") if r["id"].endswith("-ctdna-after")]
    other |= {"id": "other-laboratory", "subject": own["subject"], "effectiveDateTime": own["effectiveDateTime"]}
    positive["prefetch"]["observations"]["entry"].append({"resource": other})
    (card,) = client.cards(positive, "ctdna-maintenance")
    assert (card["indicator"], "contradict" in card["summary"]) == ("info", True)


# What every card carries


def test_C49_summaries_are_short_and_plain(given: list[tuple[str, dict[str, Any]]]) -> None:
    for _, card in given:
        assert 0 < len(card["summary"]) < 140
        assert "\n" not in card["summary"]


def test_C50_never_critical(given: list[tuple[str, dict[str, Any]]]) -> None:
    assert {card["indicator"] for _, card in given} == {"info", "warning"}


def test_C51_C54_source_and_topic(given: list[tuple[str, dict[str, Any]]]) -> None:
    for _, card in given:
        assert card["source"]["label"]
        assert card["source"]["url"].startswith("https://")
        topic = card["source"]["topic"]
        assert re.fullmatch(r"[A-Za-z0-9]{1,100}", topic["code"])
        assert topic["system"].startswith("https://")


def test_C54_the_topic_is_the_same_for_the_same_trial_and_service(given: list[tuple[str, dict[str, Any]]]) -> None:
    codes = {
        (card["extension"][EXTENSION].get("trial"), card["indicator"] == "warning"): card["source"]["topic"]["code"]
        for _, card in given
    }
    for _, card in given:
        key = (card["extension"][EXTENSION].get("trial"), card["indicator"] == "warning")
        assert card["source"]["topic"]["code"] == codes[key]
    assert len(set(codes.values())) == len(codes)


def test_C56_a_uuid_on_every_card(given: list[tuple[str, dict[str, Any]]]) -> None:
    ids = [uuid.UUID(card["uuid"]) for _, card in given]
    assert len(set(ids)) == len(ids)


def test_C57_C70_neither_suggestions_nor_actions(given: list[tuple[str, dict[str, Any]]]) -> None:
    assert not any({"suggestions", "selectionBehavior", "systemActions"} & card.keys() for _, card in given)


def test_C64_C65_C66_reasons_and_links(given: list[tuple[str, dict[str, Any]]]) -> None:
    for _, card in given:
        assert all(reason.keys() == {"code", "system", "display"} for reason in card["overrideReasons"])
        assert all(link.keys() == {"label", "url", "type"} for link in card["links"])
        assert all(link["type"] == "absolute" and link["url"].startswith("https://") for link in card["links"])


def test_C71_the_same_input_gives_the_same_cards(client: Client, given: list[tuple[str, dict[str, Any]]]) -> None:
    assert plain([card for _, card in all_cards(client)]) == plain([card for _, card in given])


def test_the_extension_carries_the_criteria_as_explain_does(given: list[tuple[str, dict[str, Any]]]) -> None:
    own = [card["extension"][EXTENSION] for _, card in given if "trial" in card["extension"][EXTENSION]]
    for extension in own:
        assert extension.keys() == {"trial", "status", "evaluated_on", "criteria"}
        assert extension["evaluated_on"] == "2026-11-24"
        for criterion in extension["criteria"]:
            assert criterion["truth"] in {"true", "false", "unknown"}
            assert ("reason" in criterion) == (criterion["truth"] == "unknown")
    assert own


def test_a_trial_card_has_four_groups_in_order(given: list[tuple[str, dict[str, Any]]]) -> None:
    for _, card in given:
        if "trial" in card["extension"][EXTENSION]:
            titles = re.findall(r"^\*\*(Not met|Not known|Met|For you to confirm)\b", card["detail"], re.MULTILINE)
            assert titles == ["Not met", "Not known", "Met", "For you to confirm"]


def test_every_line_shows_the_protocols_words(given: list[tuple[str, dict[str, Any]]]) -> None:
    card = next(c for name, c in given if name == "trigger-positive")
    for line in (
        "**I3** “Postoperative ctDNA-positive patients;”",
        "**E4** (exclusion, does not apply) “Patients who are allergic",
    ):
        assert line in card["detail"]
    assert "(2026-11-02)" in card["detail"]
    assert "Observation/trigger-positive-ctdna" in card["detail"]
    assert "presumed: no record found, please confirm" in card["detail"]


def test_the_warning_names_dates_results_and_arms(client: Client, positive: dict[str, Any]) -> None:
    (card,) = client.cards(positive, "ctdna-maintenance")
    for words in (
        "Operation: 2026-10-05; sample: 2026-11-02 (28 days between)",
        "ctDNA results on record:",
        "Arms of the trial: Adjuvant chemotherapy combined with maintenance therapy (capecitabine)",
        "status as of 2023-04-04",
        "Consider",
    ):
        assert words in card["detail"]


def texts(card: dict[str, Any]) -> str:
    return " ".join([card["summary"], card["detail"], card["source"]["label"], card["source"]["topic"]["display"]])


def test_never_eligible_without_likely(given: list[tuple[str, dict[str, Any]]]) -> None:
    for _, card in given:
        assert not re.search(r"(?<!likely )eligible", texts(card), re.IGNORECASE)
    assert any("likely eligible" in texts(card) for _, card in given)


def test_no_birth_date_and_no_name(client: Client, positive: dict[str, Any]) -> None:
    patient = positive["prefetch"]["patient"]
    for service in SERVICES:
        for card in client.cards(positive, service):
            assert patient["birthDate"] not in str(card)
            assert patient["name"][0]["family"] not in texts(card)


def test_C55_text_of_the_record_never_becomes_markup(client: Client, positive: dict[str, Any]) -> None:
    expected = GFM.render(client.cards(positive)[0]["detail"])
    for key in ("conditions", "procedures", "observations"):
        for resource in entries(positive, key):
            resource["code"]["text"] = HOSTILE
    for service in SERVICES:
        (card,) = client.cards(positive, service)
        tags = set(re.findall(r"</?([a-z0-9]+)", GFM.render(card["detail"])))
        assert tags <= set(re.findall(r"</?([a-z0-9]+)", expected)) | {"em", "strong", "p", "ul", "li"}
        assert not re.search(r"://|www\.|\w@\w", card["detail"])  # what renderers of GFM make links of by themselves
        assert "evil" in card["detail"]
        assert not re.search(r"(?<!likely )eligible|\u202e", texts(card), re.IGNORECASE)


# A prefetch that is not whole

KEYS = list(demo_request("trigger-positive", WRITTEN_FOR)["prefetch"])
OPTIONAL = {"researchSubjects", "consents", "specimens", "carePlans", "serviceRequests"} | {
    key for key in KEYS if key.startswith("medication")
}


@pytest.mark.parametrize("key", [key for key in KEYS if key != "patient"])
@pytest.mark.parametrize("how", ["left out", "null", "error outcome"])
def test_C20_C27_C28_a_lost_key_never_proves_absence(
    client: Client, positive: dict[str, Any], key: str, how: str
) -> None:
    """The trial stays likely eligible only where no criterion that blocks needed the key."""
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    request = without(positive, key)
    if how != "left out":
        request["prefetch"][key] = None if how == "null" else error
    cards = client.cards(request)
    likely = {c["extension"][EXTENSION].get("trial") for c in cards if c["summary"].startswith("Likely eligible")}
    assert ("NCT05797077" in likely) == (key in OPTIONAL)
    assert cards


def test_C27_only_the_patient_is_answered_and_said(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"] = {"patient": positive["prefetch"]["patient"]}
    (card,) = client.cards(positive)
    assert "not retrieved in full" in card["detail"]
    assert "Likely eligible" not in card["summary"]


def test_C28_an_empty_search_as_epic_sends_it_is_empty(client: Client, positive: dict[str, Any]) -> None:
    nothing = {"severity": "warning", "code": "informational", "details": {"coding": [{"code": "4101"}]}}
    entry = {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": [nothing]}}
    expected = client.cards(positive)
    positive["prefetch"]["researchSubjects"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
        "entry": [entry],
    }
    assert plain(client.cards(positive)) == plain(expected)


def test_C29_a_read_and_a_collection_are_as_good_as_a_searchset(client: Client, positive: dict[str, Any]) -> None:
    expected = client.cards(positive)
    (operation,) = [r for r in entries(positive, "procedures") if "liver" in r["id"]]
    alone = copy.deepcopy(positive)
    alone["prefetch"]["patient"] = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": positive["prefetch"]["patient"]}],
    }
    assert plain(client.cards(alone)) == plain(expected)
    alone["prefetch"]["procedures"] = operation
    assert client.cards(alone)[0]["summary"].startswith("Likely eligible for NCT05797077")


def test_C30_a_page_that_was_not_followed_leaves_the_key_incomplete(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["conditions"]["link"] = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]
    (card,) = client.cards(positive)
    assert not card["summary"].startswith("Likely eligible")
    assert "not retrieved in full: Condition" in card["detail"]


def test_something_else_under_a_key_proves_nothing(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["conditions"] = {"resourceType": "Practitioner", "id": "1"}
    (card,) = client.cards(positive)
    assert "not retrieved in full: Condition" in card["detail"]


def test_unknown_keys_are_read_but_complete_nothing(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["problems"] = positive["prefetch"].pop("conditions")
    (card,) = client.cards(positive)
    assert not card["summary"].startswith("Likely eligible")
    assert "trigger-positive-liver-metastases" in str(client.cards(positive, "ctdna-maintenance"))


def test_one_broken_resource_is_a_note_and_not_a_failure(client: Client, positive: dict[str, Any]) -> None:
    positive["prefetch"]["observations"]["entry"].append(
        {"resource": {"resourceType": "Observation", "id": "bad", "code": 5}}
    )
    for service in SERVICES:
        (card,) = client.cards(positive, service)
        assert "Observation/bad could not be read" in card["detail"]
        assert "could not be read:" not in card["detail"]


@pytest.mark.parametrize(("number", "further"), [(3, ""), (4, "and 1 further note"), (5, "and 2 further notes")])
def test_three_notes_are_said_in_full_and_of_more_how_many(
    client: Client, positive: dict[str, Any], number: int, further: str
) -> None:
    broken = [{"resourceType": "Observation", "id": f"bad-{n}", "code": 5} for n in range(number)]
    positive["prefetch"]["observations"]["entry"] += [{"resource": each} for each in broken]
    [card] = client.cards(positive)
    assert [n for n in range(number) if f"Observation/bad-{n} could not be read" in card["detail"]] == [0, 1, 2]
    assert re.findall(r"and \d+ further notes?", card["detail"]) == ([further] if further else [])


@pytest.mark.parametrize("shape", [{"clinicalStatus": "active"}, {"code": "C18"}, {"subject": "Patient/1"}])
def test_C35_other_fhir_versions_are_a_note(client: Client, positive: dict[str, Any], shape: dict[str, Any]) -> None:
    entries(positive, "conditions")[0].update(shape)
    (card,) = client.cards(positive)
    assert "could not be read" in card["detail"]


@pytest.mark.parametrize("value", [5, "x", [], [1], True, {"a": 1}])
def test_a_key_that_holds_no_resource_is_a_gap(client: Client, positive: dict[str, Any], value: Any) -> None:
    positive["prefetch"]["conditions"] = value
    (card,) = client.cards(positive)
    assert "not retrieved in full: Condition" in card["detail"]
