"""Whatever is sent, in defined time: a refusal that says why, or an answer that takes nothing unreadable for absent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from tests.web.serving import Client, serve

Json = dict[str, Any]
PATH = "/cds-services/trial-eligibility"
PLAIN = json.dumps(demo_request("trigger-positive", WRITTEN_FOR))
"""A good request, as text."""

DEEP, DEEPER = 300, 100_000
SECONDS = 10
"""For what takes about one on a machine with nothing else to do."""


@pytest.fixture(scope="module")
def roomy() -> Iterator[Client]:
    """The service with the default limit of bodies."""
    for base in serve(Settings(auth="off")):
        with httpx2.Client(base_url=base, trust_env=False, timeout=60) as http:
            yield Client(http)


def put(text: str, before: str, within: str = PLAIN) -> str:
    """Return a request with some text put before the first place where another stands."""
    assert before in within
    return within.replace(before, text + before, 1)


def member(value: str) -> str:
    """Return a request that has a member which nobody reads."""
    return put(f'"other": {value}, ', '"hook"')


def in_condition(text: str) -> str:
    """Return a request with members put into its first Condition."""
    return put(f"{text}, ", '"resourceType": "Condition"')


def keyed(value: str, key: str = "conditions") -> str:
    """Return a request in which a prefetch key (once more) has this value."""
    return f'{PLAIN[:-2]}, "{key}": {value}}}}}'


def nested(depth: int, opening: str = "[", closing: str = "]", inner: str = "") -> str:
    return opening * depth + inner + closing * depth


def bundles(depth: int) -> str:
    return nested(depth, '{"resourceType":"Bundle","entry":[{"resource":', "}]}", '{"resourceType":"Condition"}')


# What is refused

REFUSED: dict[str, str | bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-32": PLAIN.encode("utf-32"),
    "Latin-1": member('"é"').encode("latin-1"),
    "an overlong character": member('"@"').encode().replace(b"@", b"\xc0\xaf"),
    "a surrogate as bytes": member('"@"').encode().replace(b"@", b"\xed\xa0\x80"),
    "a lone surrogate": member(r'"\ud800"'),
    "the second half of a pair": member(r'"\udc00"'),
    "a lone surrogate in a name": put(r'"\ud800": 1, ', '"hook"'),
    "a lone surrogate in a resource": in_condition(r'"language": "\ud800"'),
    "a NUL in a string": member('"\0"'),
    "a NUL after the end": PLAIN + "\0",
    "a line break in a string": member('"a\nb"'),
    "NaN": member("NaN"),
    "Infinity": member("Infinity"),
    "-Infinity": member("-Infinity"),
    "NaN in a resource": in_condition('"onsetAge": {"value": NaN}'),
    "Infinity in a resource": in_condition('"onsetAge": {"value": Infinity}'),
    "a number with a leading zero": member("01"),
    "a hexadecimal number": member("0x10"),
    "something after the end": PLAIN + " x",
    "a second object": PLAIN + PLAIN,
    "a comma after the end": PLAIN + ",",
    "a comma after the last member": PLAIN[:-1] + ",}",
    "a comment": "/* hello */" + PLAIN,
    "single quotes": "{'hook': 'patient-view'}",
    "a string": '"patient-view"',
    "null": "null",
    "true": "true",
    "blanks": "  \n ",
    "brackets": nested(DEEPER),
    "brackets that do not close": "[" * DEEPER,
    "brackets in a member": member(nested(DEEPER)),
    "brackets in a resource": in_condition(f'"other": {nested(DEEPER)}'),
    "brackets in an element that is read": in_condition(f'"bodySite": {nested(DEEPER)}'),
    "brackets in place of a resource": keyed(nested(DEEPER)),
    "braces in place of a resource": keyed(nested(DEEPER, '{"a":', "}", "1")),
    "Bundles in Bundles": keyed(bundles(10_000 // 4)),
    "resources in resources": keyed(nested(DEEPER // 10, '{"resource":', "}", "1")),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_400(roomy: Client, body: str | bytes) -> None:
    answer = roomy.send(PATH, body if isinstance(body, bytes) else body.encode())
    assert answer.status_code == 400, answer.text
    outcome = answer.json()
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", "structure")


@pytest.mark.parametrize("sent", ['{"expires_in": 1e400}', '{"x": 1e400}', "[]", '"x"', "false", "null"])
def test_an_authorization_of_any_shape_refuses_no_complete_prefetch(roomy: Client, sent: str) -> None:
    body = put(f'"fhirServer": "https://x.example", "fhirAuthorization": {sent}, ', '"hook"')
    assert len(roomy.send(PATH, body.encode()).json()["cards"]) == 1


@pytest.mark.parametrize("value", ["5", "true", "[]", '["x"]', '{"id": "x"}'])
@pytest.mark.parametrize("name", ["patientId", "userId"])
def test_an_id_that_is_no_text_is_400_at_its_place(client: Client, name: str, value: str) -> None:
    context = demo_request("trigger-positive", WRITTEN_FOR)["context"]
    body = PLAIN.replace(f'"{name}": "{context[name]}"', f'"{name}": {value}')
    answer = client.send(PATH, body.encode())
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [f"context.{name}"]


def test_a_number_as_text_is_no_id_of_this_patient(client: Client) -> None:
    answer = client.send(PATH, PLAIN.replace('"patientId": "demo-trigger-positive"', '"patientId": "5"').encode())
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["prefetch.patient"])


# What changes nothing

CHANGES_NOTHING: dict[str, str] = {
    "blanks around": f"\n\t {PLAIN}\r\n  ",
    "a character beyond the first plane": member('"\U0001f600"'),
    "a pair of surrogates": member(r'"\ud83d\ude00"'),
    "an escaped NUL": in_condition(r'"language": "\u0000"'),
    "a number beyond floats": member("1e400"),
    "a number beyond floats in a resource": in_condition('"other": 1e400'),
    "an integer of 5000 digits": member("9" * 5000),
    "an integer of 5000 digits in a resource": in_condition(f'"other": {"9" * 5000}'),
    "a long text": in_condition(f'"language": "{"x" * 1_000_000}"'),
    "a long name": put(f'"{"x" * 1_000_000}": 1, ', '"hook"'),
    "brackets in a member": member(nested(DEEP)),
    "brackets in a resource": in_condition(f'"other": {nested(DEEP)}'),
    "an earlier hook": put('"hook": "order-select", ', '"hook"'),
    "an earlier context": put('"context": {"patientId": "another"}, ', '"hook"'),
    "an earlier patientId": put('"patientId": "another", ', '"patientId"'),
    "an earlier prefetch": put('"prefetch": {}, ', '"hook"'),
    "an earlier key": put('"patient": null, "conditions": 5, ', '"patient":'),
    "an earlier element of a resource": in_condition('"code": {"text": "something else"}, "subject": {}'),
}
"""Of two members of one name the last counts, as in JavaScript, Python and Java."""


@pytest.mark.parametrize("body", CHANGES_NOTHING.values(), ids=CHANGES_NOTHING)
def test_what_changes_nothing(roomy: Client, body: str) -> None:
    answers = [roomy.send(PATH, each.encode()) for each in (PLAIN, body)]
    assert [answer.status_code for answer in answers] == [200, 200]
    plain, got = ([{**card, "uuid": ""} for card in answer.json()["cards"]] for answer in answers)
    assert plain
    assert got == plain


# What is not taken for absent

NOT_ABSENT: dict[str, tuple[str, str]] = {
    "a list": ("Condition", keyed("[]")),
    "a text": ("Condition", keyed('"none"')),
    "a number": ("Condition", keyed("0")),
    "false": ("Condition", keyed("false")),
    "an empty object": ("Condition", keyed("{}")),
    "a Bundle whose entries are none": ("Condition", keyed('{"resourceType":"Bundle","entry":0}')),
    "a Bundle with a total beyond floats": ("Condition", keyed('{"resourceType":"Bundle","total":1e400}')),
    "a Bundle with an entry that is none": ("Condition", keyed('{"resourceType":"Bundle","entry":[[]]}')),
    "brackets": ("Condition", keyed(nested(DEEP))),
    "braces": ("Condition", keyed(nested(DEEP, '{"a":', "}", "1"))),
    "Bundles in Bundles": ("Condition", keyed(bundles(DEEP))),
    "Bundles in Bundles under another key": ("Condition", keyed(bundles(DEEP), "other")),
    "resources in resources": ("Condition", keyed(nested(DEEP, '{"resource":', "}", "1"))),
    "a list under another key": ("Condition", keyed("[]", "other")),
    "an id that is a number": ("Condition", PLAIN.replace('"id": "trigger-positive-sigmoid-cancer"', '"id": 5')),
    "a code that is a number": ("Condition", in_condition('"stage": 5')),
    "an age that is a truth": ("Condition", in_condition('"onsetAge": {"value": true}')),
    "an exponent beyond decimals": ("Condition", in_condition(f'"onsetAge": {{"value": 1e{"9" * 30}}}')),
    "an integer beyond integers": (
        "Observation",
        put(f'"valueInteger": {"9" * 5000}, ', '"resourceType": "Observation"'),
    ),
}


@pytest.mark.parametrize(("type_", "body"), NOT_ABSENT.values(), ids=NOT_ABSENT)
def test_what_is_unreadable_is_not_taken_for_absent(roomy: Client, type_: str, body: str) -> None:
    answer = roomy.send(PATH, body.encode())
    assert answer.status_code == 200, answer.text
    cards = answer.json()["cards"]
    assert cards
    for card in cards:
        assert type_ in card["detail"].partition("not retrieved in full:")[2]
        assert not card["summary"].startswith("Likely")


# Numbers that no hospital sends

NUMBERS = ["1e400", "-1e400", "1e-400", "1e999999999", "-1e999999999", "9" * 20_000, f"0.{'0' * 20_000}1"]
NUMBERS += ['"NaN"', '"sNaN"', '"Infinity"', '"1e999999999"', '""', "-2026"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
def test_a_number_that_no_hospital_sends_costs_no_time(roomy: Client, number: str) -> None:
    quantity = f'{{"value": {number}, "unit": "a", "code": "a"}}'
    body = PLAIN.replace('"onsetDateTime"', f'"onsetAge": {quantity}, "was"')
    body = body.replace(
        '"resourceType": "Observation"',
        f'"resourceType": "Observation", "valueQuantity": {quantity}, "referenceRange": [{{"high": {quantity}}}]',
    )
    started = time.monotonic()
    for service in ("trial-eligibility", "ctdna-maintenance"):
        assert roomy.send(f"/cds-services/{service}", body.encode()).status_code == 200
    assert time.monotonic() - started < SECONDS


# Much that is good


def much(type_: str, size: int) -> bytes:
    """Return a good request in which one of its resources of a type comes over and over, each with an id of its own."""
    request = demo_request("trigger-positive", WRITTEN_FOR)
    entries = request["prefetch"][{"Condition": "conditions", "Observation": "observations"}[type_]]["entry"]
    one = json.dumps(entries[0])
    wanted = [json.loads(one.replace('"id": "', f'"id": "{i}-', 1)) for i in range(size // len(one))]
    request["prefetch"][f"{type_.lower()}s"]["entry"] = entries + wanted
    return json.dumps(request).encode()


@pytest.mark.parametrize("type_", ["Condition", "Observation"])
def test_ten_megabytes_of_what_counts_are_answered_in_time(roomy: Client, type_: str) -> None:
    body = much(type_, 10_000_000)
    started = time.monotonic()
    answer = roomy.send(PATH, body)
    assert time.monotonic() - started < SECONDS
    assert [card["summary"][:25] for card in answer.json()["cards"]] == ["Likely eligible for NCT05"]


def test_more_than_the_default_limit_is_413(roomy: Client) -> None:
    answer = roomy.send(PATH, b" " * 20 * 2**20 + PLAIN.encode())
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")
