# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""A real FHIR server instead of a scripted one: the same patient by every way, and what HAPI FHIR does that may bite.

Each test of the second kind first shows that HAPI does it, so that a HAPI that has changed is noticed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request
from cds_service.fetching import Access, Budget, Fetched, Fetcher, Query
from cds_service.outbound import address_of
from mappings.fhir.bodies import resources
from tests.live.ehr import FRESH, Hapi, Json, named, new_chart, next_links, prefetched, request
from tests.web.serving import Client, incomplete, same, statuses

ELIGIBILITY, MAINTENANCE = "trial-eligibility", "ctdna-maintenance"
SERVICES = (ELIGIBILITY, MAINTENANCE)
POSITIVE, UNTESTED = "trigger-positive", "no-ctdna-yet"
CTDNA = "ctdna-after"
Templates = dict[str, Json]


# The same patient by every way


@pytest.mark.parametrize("name", sorted(demo_patients(WRITTEN_FOR)))
@pytest.mark.parametrize("id_", SERVICES)
def test_C36_by_prefetch_by_one_page_by_many_and_by_a_mix(
    hapi: Hapi, service: Client, templates: Templates, name: str, id_: str
) -> None:
    expected = same(service.cards(demo_request(name, WRITTEN_FOR), id_))
    patient = f"demo-{name}"
    sent = prefetched(hapi, templates[id_], patient)
    ways: dict[str, Json] = {
        "prefetch": {"prefetch": sent},
        "one page": {"fhirServer": hapi.base()},
        "many pages": {"fhirServer": hapi.base("small")},
        "a mix": {"fhirServer": hapi.base("small"), "prefetch": dict(list(sent.items())[::2])},
        "first pages": {
            "fhirServer": hapi.base("small"),
            "prefetch": prefetched(hapi, templates[id_], patient, "small"),
        },
    }
    got = {way: same(service.cards(request(patient, **members), id_)) for way, members in ways.items()}
    assert got == dict.fromkeys(ways, expected)


def decisive_last(hapi: Hapi) -> str:
    """Put a patient whose two newest Observations do not decide, and return his id."""
    found = new_chart(POSITIVE)
    named(found, "-ecog")["effectiveDateTime"] = "2026-11-12"
    named(found, "-asa")["effectiveDateTime"] = "2026-11-10"
    hapi.put(*found)
    return str(found[0]["id"])


def test_C36_the_decisive_value_is_on_the_second_page(hapi: Hapi, service: Client, templates: Templates) -> None:
    patient = decisive_last(hapi)
    first = prefetched(hapi, templates[MAINTENANCE], patient, "small")
    observations = [entry["resource"]["id"] for entry in first["observations"]["entry"]]
    assert len(observations) == 2
    assert not any(id_.endswith(CTDNA) for id_ in observations)
    alone = service.cards(request(patient, prefetch=first), MAINTENANCE)
    assert all("not retrieved in full: " in card["detail"] for card in alone)
    whole = service.cards(request(patient, prefetch=first, fhirServer=hapi.base("small")), MAINTENANCE)
    assert "Post-operative ctDNA positive (2026-11-02" in whole[0]["summary"]
    assert same(whole) == same(service.cards(request(patient, fhirServer=hapi.base()), MAINTENANCE))


# What bites


def page(hapi: Hapi, type_: str = "Observation", server: str = "small", name: str = POSITIVE) -> Json:
    return hapi.get(f"{type_}?patient=demo-{name}&_sort=-date&_count=500", server)


def test_a_page_is_smaller_than_was_asked_for_and_does_not_say_so(hapi: Hapi) -> None:
    assert len(page(hapi)["entry"]) == 2
    assert not any(entry["resource"]["resourceType"] == "OperationOutcome" for entry in page(hapi)["entry"])


def test_a_next_link_is_the_base_without_a_slash(hapi: Hapi) -> None:
    """That it is followed is seen above, in many pages."""
    (link,) = next_links(page(hapi))
    assert link.startswith(f"{hapi.base('small')}?_getpages=")


def test_a_total_that_is_absent_decides_nothing(hapi: Hapi, service: Client) -> None:
    """Of more than HAPI counts at once; the decisive value is the oldest of all."""
    found = new_chart(POSITIVE)
    asa = named(found, "-asa")
    found += [{**asa, "id": f"{asa['id']}-{n}", "effectiveDateTime": f"2026-11-{n:02}"} for n in range(3, 24)]
    hapi.put(*found)
    patient = found[0]["id"]
    first = hapi.get(f"Observation?patient={patient}&_sort=-date&_count=500", "small")
    assert "total" not in first
    by_small, by_strict = (
        same(service.cards(request(patient, fhirServer=hapi.base(server)), MAINTENANCE))
        for server in ("small", "strict")
    )
    assert by_small == by_strict
    assert "Post-operative ctDNA positive" in by_small[0]["summary"]


def test_a_resource_added_between_two_calls_is_seen(hapi: Hapi, service: Client) -> None:
    """HAPI answers an identical search from its cache for a minute, to whoever does not forbid it."""
    found = new_chart(UNTESTED)
    hapi.put(*found)
    patient = found[0]["id"]
    search = f"Observation?patient={patient}"
    assert service.cards(request(patient, fhirServer=hapi.base()), MAINTENANCE) == []
    before = hapi.get(search, accept="*/*")
    ctdna = {**named(new_chart(POSITIVE), CTDNA), "subject": {"reference": f"Patient/{patient}"}}
    hapi.put(ctdna)
    assert hapi.get(search, accept="*/*")["total"] == before["total"] == hapi.get(search)["total"] - 1
    (card,) = service.cards(request(patient, fhirServer=hapi.base()), MAINTENANCE)
    assert "Post-operative ctDNA positive" in card["summary"]


def test_a_next_link_that_has_expired_makes_its_type_incomplete(
    hapi: Hapi, service: Client, templates: Templates
) -> None:
    gone = f"{hapi.base('small')}?_getpages=00000000-0000-4000-8000-000000000000&_getpagesoffset=2&_count=2"
    assert hapi.http.get(gone).status_code == 410
    sent = prefetched(hapi, templates[ELIGIBILITY], f"demo-{POSITIVE}", "small")
    sent["conditions"]["link"] = [{"relation": "next", "url": gone}]
    cards = service.cards(request(f"demo-{POSITIVE}", prefetch=sent, fhirServer=hapi.base("small")))
    assert "not retrieved in full: Condition" in incomplete(cards)
    assert "likely-eligible" not in statuses(cards)


@pytest.mark.parametrize(
    ("patient", "status", "words"), [("never-was", 404, "does not know it"), ("x", 410, "is gone")]
)
def test_C41_a_patient_who_is_not_there(hapi: Hapi, service: Client, patient: str, status: int, words: str) -> None:
    if status == 410:
        hapi.put({"resourceType": "Patient", "id": patient, "gender": "male"})
        assert hapi.http.delete(f"/strict/Patient/{patient}").status_code == 200
    assert hapi.http.get(f"/strict/Patient/{patient}").status_code == status
    answer = service.post(f"/cds-services/{ELIGIBILITY}", request(patient, fhirServer=hapi.base()))
    assert answer.status_code == 412
    assert words in answer.json()["issue"][0]["details"]["text"]


def fetched(base: str, query: str) -> Fetched:
    """Return what comes of one query, as the service fetches it."""
    address = address_of(base)
    assert address is not None
    access = Access(base, address, None, time.monotonic() + 30, Budget(10**7))
    fetcher = Fetcher()
    found = asyncio.run(fetcher.fetch(access, {"q": Query(query)}))["q"]
    fetcher.close()
    return found


@pytest.mark.parametrize("server", ["strict", "small"])
def test_a_query_too_long_for_a_url_is_sent_as_a_form(hapi: Hapi, server: str) -> None:
    codes = ",".join(f"urn:example:codes|code-{n}" for n in range(1000))
    query = f"Observation?patient=demo-{POSITIVE}&code={codes},{codes_of(hapi)}"
    answer = hapi.http.get(f"/{server}/{query}")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (414, "text/html")
    came = fetched(hapi.base(server), query)
    assert came.missing is None
    assert len(list(resources(came.body))) == 4


def codes_of(hapi: Hapi) -> str:
    found = [entry["resource"]["code"]["coding"][0] for entry in page(hapi, server="strict")["entry"]]
    return ",".join(f"{coding['system']}|{coding['code']}" for coding in found)


@pytest.mark.parametrize("patient", ["", "demo-trigger-positive,demo-unrelated", "{{context.patientId}}"])
def test_C32_a_patient_id_that_would_bring_others_is_refused(hapi: Hapi, service: Client, patient: str) -> None:
    """`patient=` brings everybody's Conditions, `patient=A,B` two patients'."""
    subjects = {e["resource"]["subject"]["reference"] for e in hapi.get("Condition?patient=&_count=500")["entry"]}
    assert len(subjects) > 10
    answer = service.post(f"/cds-services/{ELIGIBILITY}", request(patient, fhirServer=hapi.base()))
    assert answer.status_code == 400


@pytest.mark.parametrize("name", [POSITIVE, "unrelated"])
def test_C33_records_of_others_stay_out_where_a_lenient_server_drops_the_parameter(
    hapi: Hapi, service: Client, templates: Templates, name: str
) -> None:
    patient = f"demo-{name}"
    expected = service.cards(demo_request(name, WRITTEN_FOR))
    sent = prefetched(hapi, templates[ELIGIBILITY], patient, "lenient")
    for key in ("conditions", "procedures", "observations", "allergies"):
        query = templates[ELIGIBILITY][key].replace("?patient={{context.patientId}}", f"?pateint={patient}")
        sent[key] = hapi.get(query, "lenient")
        assert len({(r.get("subject") or r["patient"])["reference"] for r in held(sent[key])}) > 10
    got = service.cards(request(patient, prefetch=sent))
    assert [card["summary"] for card in got] == [card["summary"] for card in expected]
    assert criteria(got) == criteria(expected)


def held(bundle: Json) -> list[Json]:
    return [entry["resource"] for entry in bundle["entry"]]


def criteria(cards: list[Json]) -> list[Any]:
    """Return every criterion of every card, with its truth and evidence."""
    return [card["extension"]["io.github.oncology-trial-cds"] for card in cards]


@pytest.mark.parametrize("parameter", ["_summary=true", "_elements=id,subject,code"])
def test_a_resource_that_was_cut_down_is_not_read(
    hapi: Hapi, service: Client, templates: Templates, parameter: str
) -> None:
    patient = f"demo-{POSITIVE}"
    sent = prefetched(hapi, templates[MAINTENANCE], patient)
    sent["observations"] = hapi.get(f"Observation?patient={patient}&{parameter}")
    assert {tag["code"] for r in held(sent["observations"]) for tag in r["meta"]["tag"]} == {"SUBSETTED"}
    cards = service.cards(request(patient, prefetch=sent), MAINTENANCE)
    assert not any("Post-operative ctDNA positive (" in card["summary"] for card in cards)
    assert not any("Observation/" in str(criteria([card])) for card in cards)
    eligibility = service.cards(request(patient, prefetch=sent))
    assert "likely-eligible" not in statuses(eligibility)


def test_C42_a_link_that_the_caller_chose_by_his_host_header_is_not_followed(
    hapi: Hapi, service: Client, templates: Templates
) -> None:
    patient = f"demo-{POSITIVE}"
    sent = prefetched(hapi, templates[ELIGIBILITY], patient, "small")
    search = f"Observation?patient={patient}&_sort=-date"
    sent["observations"] = hapi.get(search, "small", Host="evil.example", **FRESH)
    assert next_links(sent["observations"])[0].startswith("http://evil.example/")
    cards = service.cards(request(patient, prefetch=sent, fhirServer=hapi.base("small")))
    assert "not retrieved in full: Observation" in incomplete(cards)


def test_links_follow_the_name_by_which_the_server_is_called(hapi: Hapi, service: Client) -> None:
    patient = f"demo-{POSITIVE}"
    local = hapi.base("small").replace("127.0.0.1", "localhost")
    expected = same(service.cards(demo_request(POSITIVE, WRITTEN_FOR)))
    assert same(service.cards(request(patient, fhirServer=local))) == expected
