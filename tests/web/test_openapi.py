"""The OpenAPI document: complete, with examples that work, shown as a page, and a service that stands its attack."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from starlette.routing import Route

from cds_service.app import create_app
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from tests.web.schemas import assert_described, document, operation_of, validator
from tests.web.serving import Client

NOT_DESCRIBED = {"/", "/demo/{name}", "/cds-services/"}
"""The demo, and a second spelling."""

CALL = "/cds-services/{id}"

SEARCH = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def described(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.http.get("/openapi.json").json()
    return found


def examples(content: dict[str, Any]) -> dict[str, Any]:
    """Return the examples of a request's or an answer's body by name."""
    return {name: example["value"] for name, example in content["content"]["application/json"]["examples"].items()}


def test_every_route_is_described_and_nothing_else() -> None:
    app = create_app(Settings(auth="off", demo=True))
    routes = {(r.path, m) for r in app.routes if isinstance(r, Route) for m in (r.methods or ()) if m != "HEAD"}
    found = {(path, m.upper()) for path, item in document()["paths"].items() for m in item if m != "parameters"}
    assert {(path, method) for path, method in routes if path not in NOT_DESCRIBED} == found


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', httpx2.Response(200, json=described).text):
        place: Any = described
        for step in reference.split("/"):
            place = place[step]
        assert "description" in place or "name" in place, reference


def test_the_example_is_the_demo_patients_own_request_and_its_answer_is_what_is_answered(
    client: Client, described: dict[str, Any]
) -> None:
    call = described["paths"][CALL]["post"]
    (request,) = examples(call["requestBody"]).values()
    of_the_demo = demo_request("trigger-positive", WRITTEN_FOR)["prefetch"]
    assert request["prefetch"] == {key: of_the_demo[key] for key in request["prefetch"]}
    validator("HookRequest").validate(request)
    for service, answer in examples(call["responses"]["200"]).items():
        cards = client.cards(request, service)
        assert [{**card, "uuid": ""} for card in cards] == [{**card, "uuid": ""} for card in answer["cards"]]


def test_the_example_of_feedback_is_taken(client: Client, described: dict[str, Any]) -> None:
    (feedback,) = examples(described["paths"][f"{CALL}/feedback"]["post"]["requestBody"]).values()
    assert client.post("/cds-services/ctdna-maintenance/feedback", feedback).status_code == 200


def test_the_page_shows_every_operation_and_schema_and_needs_nothing_from_elsewhere(
    client: Client, described: dict[str, Any]
) -> None:
    page = client.http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path, item in described["paths"].items():
        assert f"{path}</code>" in page.text
        for operation in (each for each in item.values() if isinstance(each, dict)):
            assert f'id="{operation["operationId"]}"' in page.text
    for name in described["components"]["schemas"]:
        assert f'<section id="{name}">' in page.text
    assert (
        re.findall(r"<(?:script|img|link|iframe)\b|\b(?:src|href)=\"(?!#|openapi\.json|trials|docs|about)", page.text)
        == []
    )


def test_every_member_on_the_page_has_its_meaning(client: Client) -> None:
    assert re.findall(r"<td[^>]*></td>", client.http.get("/docs").text) == []


def answered(status: int, body: Any, path: str = "/cds-services", method: str = "GET") -> httpx2.Response:
    return httpx2.Response(status, json=body, request=httpx2.Request(method, f"http://cds.example{path}"))


NOT_OURS = [
    ("a status that is not named", answered(418, {}), KeyError),
    ("a member that is not named", answered(200, {"services": [], "more": 1}), jsonschema.ValidationError),
    ("another route's answer", answered(200, {"cards": []}), jsonschema.ValidationError),
    ("an error that is no outcome", answered(404, {"detail": "Not Found"}, "/none"), jsonschema.ValidationError),
    ("the wrong method", answered(405, {}, "/cds-services", "POST"), jsonschema.ValidationError),
]


@pytest.mark.parametrize(("answer", "error"), [row[1:] for row in NOT_OURS], ids=[row[0] for row in NOT_OURS])
def test_the_suite_sees_an_answer_that_is_not_described(answer: httpx2.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        assert_described(answer)


def test_a_path_is_told_from_a_longer_one() -> None:
    assert operation_of("/cds-services/x", "POST") == document()["paths"][CALL]["post"]
    assert operation_of("/cds-services/x/y", "POST") is None


# The attack

ATTACKS = [
    (path, method, mode)
    for path, item in document()["paths"].items()
    for method in sorted(item.keys() - {"parameters"})
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or method == "post"
]

NO_PATIENT = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "412"]}}}
"""A body that fits its schema is taken, except that there is no trial of an invented id, and no Patient to be had."""


@pytest.fixture(scope="module")
def attacked(base: str) -> Any:
    return schemathesis.openapi.from_url(f"{base}/openapi.json", config=schemathesis.Config.from_dict(NO_PATIENT))


@pytest.mark.parametrize(("path", "method", "mode"), ATTACKS)
def test_whatever_is_sent_the_answer_is_one_of_those_described(
    attacked: Any, path: str, method: str, mode: GenerationMode
) -> None:
    """No 5xx, only documented statuses, types and bodies; what fits its schema is taken, what does not is refused."""

    @settings(SEARCH, max_examples=30 if method == "post" else 5)
    @given(attacked[path][method.upper()].as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        case.call_and_validate()

    attack()
