# ruff: noqa: N802  (a test is named by its number in the CDS Hooks checklist)
"""C81 to C89: a good token lets in; every other one gets the same 401, which says nothing; why is in the log alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import httpx2
import jwt
import pytest

from cds_service.authentication import Authentication
from cds_service.demo import WRITTEN_FOR, demo_request
from cds_service.settings import Settings
from cds_service.used_tokens import FILE
from tests.web.serving import serve
from tests.web.tokens import (
    CALL,
    ISS,
    JKU,
    PUBLIC,
    REFUSAL,
    At,
    Json,
    Key,
    KeyServer,
    clients_file,
    key,
    key_server,
    key_set,
    segment,
    token,
)

EC, RSA = key("ec"), key("rsa", "RS384")
P256, RS256 = key("p256", "ES256"), key("rsa", "RS256")
ATTACKER = key("ec", owner="attacker")
OTHER = key("ec", owner="other-ehr")
TRAP = "{trap}"
"""Stands for the address of a server that nobody may call."""

KEYS: list[Any] = [
    EC.jwk(),
    RSA.jwk(),
    P256.jwk(),
    key("pinned", "RS384").jwk(alg="RS256"),
    key("weak", "RS384", 1024).jwk(),
    key("encryption").jwk(use="enc"),
    key("signing").jwk(key_ops=["sign"]),
    key("twice").jwk(),
    key("twice", owner="again").jwk(),
    {"kty": "oct", "kid": "oct", "k": segment(b"0" * 48)},
    {
        **jwt.get_algorithm_by_name("ES384").to_jwk(key("private").private, as_dict=True),
        "kid": "private",
        "key_ops": ["verify"],
    },
    {"kty": "EC", "kid": "broken", "crv": "P-384", "x": "AA", "y": "AA"},
    {"kty": "unheard-of", "kid": "strange"},
    "no key at all",
]

CLIENTS: list[Json] = [
    {"iss": ISS, "jku": [JKU], "jwks_file": "ehr.json", "tenants": ["ours", "yours"]},
    {"iss": "https://other.example", "jwks_file": "other.json"},
    {"iss": "epic-client", "jwks_file": "ehr.json", "audiences": ["site-audience"], "profile": "epic"},
    {"iss": "https://cds-hooks.cerner.example", "jku": JKU, "jwks_file": "ehr.json", "profile": "oracle"},
    {"iss": "https://sandbox.example", "jku": JKU, "jwks_file": "ehr.json", "algorithms": ["ES256", "ES384"]},
]
TENANT = {"tenant": "ours"}


@pytest.fixture(scope="module")
def trap() -> Iterator[KeyServer]:
    with key_server(key_set([ATTACKER.jwk()])) as server:
        yield server


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Iterator[httpx2.Client]:
    """The service as it is by default, with clients."""
    folder = tmp_path_factory.mktemp("clients")
    clients = clients_file(folder, CLIENTS, ehr=key_set(KEYS), other=key_set([OTHER.jwk()]))
    for base in serve(Settings(clients=clients, public_url=PUBLIC, data_dir=data_dir)):
        with httpx2.Client(base_url=base, trust_env=False) as client:
            yield client


REQUEST = json.dumps(demo_request("trigger-positive", WRITTEN_FOR)).encode()


def call(http: httpx2.Client, *authorizations: str, path: str = CALL) -> httpx2.Response:
    headers = [("content-type", "application/json"), *(("authorization", sent) for sent in authorizations)]
    return http.post(path, content=REQUEST, headers=headers)


def refused(caplog: pytest.LogCaptureFixture, lines: int = 1) -> str:
    """Return the word of the last log line, once it is there: it is written after the answer has left."""
    patience = time.monotonic() + 5
    while len(found := logged(caplog)) < lines and time.monotonic() < patience:
        time.sleep(0.005)
    return str(json.loads(found[-1]).get("refused", ""))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "cds_service"]


def hmac_of(secret: bytes, digest: str) -> Callable[[bytes], bytes]:
    return lambda message: hmac.new(secret, message, getattr(hashlib, digest)).digest()


def tampered(text: str) -> str:
    """Return a token whose claims were changed after it was signed."""
    head, claims, signature = text.split(".")
    changed = json.loads(base64.urlsafe_b64decode(f"{claims}==")) | {"tenant": "yours"}
    return f"{head}.{segment(json.dumps(changed).encode())}.{signature}"


class Row(NamedTuple):
    """A token that must not let in. sent: the headers that are made of it."""

    name: str
    reason: str
    header: Mapping[str, Any] = MappingProxyType({})
    claims: Mapping[str, Any] = MappingProxyType({})
    key: Key = EC
    sign: Callable[[bytes], bytes] | None = None
    sent: Callable[[str], list[str]] = lambda text: [f"Bearer {text}"]


def as_sent(name: str, reason: str, sent: Callable[[str], list[str]]) -> Row:
    return Row(name, reason, sent=sent)


def nothing(message: bytes) -> bytes:
    return b""


ALGORITHMS = [
    Row("none, unsigned", "not-a-bearer-token", {"alg": "none"}, sign=nothing),
    Row("none, with a signature", "algorithm", {"alg": "none"}),
    Row("None", "algorithm", {"alg": "None"}),
    Row("nOnE", "algorithm", {"alg": "nOnE"}),
    Row("no alg", "algorithm", {"alg": ...}),
    Row("alg is null", "algorithm", {"alg": None}),
    Row("alg is a list", "algorithm", {"alg": ["ES384"]}),
    Row("HS256, the public key is the secret", "algorithm", {"alg": "HS256"}, sign=hmac_of(RSA.pem, "sha256")),
    Row("HS384, the public key is the secret", "algorithm", {"alg": "HS384"}, sign=hmac_of(EC.pem, "sha384")),
    Row("HS512, the public key is the secret", "algorithm", {"alg": "HS512"}, sign=hmac_of(EC.pem, "sha512")),
    Row("HS384, the set's own secret", "algorithm", {"alg": "HS384", "kid": "oct"}, sign=hmac_of(b"0" * 48, "sha384")),
    Row("RS256 is not listed", "algorithm", key=RS256),
    Row("ES256 is not listed", "algorithm", key=P256),
    Row("ES384 on a curve of ES256", "key", {"alg": "ES384"}, key=P256),
    Row("ES384 with an RSA key", "key", {"alg": "ES384"}, key=RSA),
    Row("RS384 with an EC key", "key", {"alg": "RS384"}),
    Row("ES384 with a secret", "key", {"kid": "oct"}, sign=hmac_of(b"0" * 48, "sha384")),
    Row("lower case", "algorithm", {"alg": "es384"}),
]

KINDS = [
    Row("no typ", "type", {"typ": ...}),
    Row("another typ", "type", {"typ": "at+jwt"}),
    Row("typ is a list", "type", {"typ": ["JWT"]}),
    Row("an unknown critical header", "malformed", {"crit": ["exp"], "exp": 1}),
    Row("a known critical header", "malformed", {"crit": ["b64"], "b64": False}),
    Row("an empty list of critical headers", "malformed", {"crit": []}),
]

KEY_IDS = [
    Row("no kid", "key", {"kid": ...}),
    Row("kid is empty", "key", {"kid": ""}),
    Row("kid is a number", "malformed", {"kid": 1}),
    Row("kid is a path", "key", {"kid": "../../../../dev/null"}),
    Row("kid is SQL", "key", {"kid": "ec' OR '1'='1"}),
    Row("kid is a URL", "key", {"kid": TRAP}, key=ATTACKER),
    Row("kid is unknown", "key", {"kid": "ec2"}),
    Row("kid is a surrogate", "key", {"kid": "\ud800"}),
    Row("kid of two keys", "key", key=key("twice")),
    Row("kid of another key", "signature", {"kid": "ec"}, key=key("signing")),
    Row("a key for encryption", "key", key=key("encryption")),
    Row("a key that does not verify", "key", key=key("signing")),
    Row("a key for another algorithm", "key", key=key("pinned", "RS384")),
    Row("a key that is too short", "key", key=key("weak", "RS384", 1024)),
    Row("a private key in the set", "key", key=key("private")),
    Row("a key that cannot be read", "key", {"kid": "broken"}),
    Row("a key of an unknown type", "key", {"kid": "strange"}),
]

PLACES = [
    Row("jku elsewhere", "jku", {"jku": TRAP}, key=ATTACKER),
    Row("jku begins like a listed one", "jku", {"jku": f"{JKU}.evil.example/"}, key=ATTACKER),
    Row("jku with a listed one as user", "jku", {"jku": f"https://ehr.example@{TRAP}"}, key=ATTACKER),
    Row("jku ends like a listed one", "jku", {"jku": f"{TRAP}?u={JKU}"}, key=ATTACKER),
    Row("jku with a query", "jku", {"jku": f"{JKU}?"}),
    Row("jku with a fragment", "jku", {"jku": f"{JKU}#x"}),
    Row("jku in capitals", "jku", {"jku": JKU.upper()}),
    Row("jku of a file", "jku", {"jku": "file:///etc/passwd"}),
    Row("jku is a list", "jku", {"jku": [JKU]}),
    Row("jku is null", "jku", {"jku": None}),
    Row("the key itself", "signature", {"jwk": ATTACKER.jwk()}, key=ATTACKER),
    Row("a certificate", "signature", {"x5c": [segment(ATTACKER.pem)]}, key=ATTACKER),
    Row("the address of a certificate", "signature", {"x5u": TRAP, "jku": ...}, key=ATTACKER),
]

SIGNATURES = [
    Row("another's key of the same name", "signature", key=OTHER),
    Row("no signature", "not-a-bearer-token", sign=nothing),
    Row("a signature of zeros", "signature", sign=lambda message: bytes(96)),
    Row("a signature that is too short", "signature", sign=lambda message: b"0"),
    as_sent("claims were changed", "signature", lambda text: [f"Bearer {tampered(text)}"]),
    as_sent("the dot and the signature are gone", "not-a-bearer-token", lambda t: [f"Bearer {t.rpartition('.')[0]}"]),
]

ISSUERS = [
    Row("no iss", "issuer", claims={"iss": ...}),
    Row("another iss", "issuer", claims={"iss": "https://evil.example"}),
    Row("iss with a slash", "issuer", claims={"iss": f"{ISS}/"}),
    Row("iss is a list", "issuer", claims={"iss": [ISS]}),
    Row("iss is null", "issuer", claims={"iss": None}),
    Row("the iss of another client", "signature", {"jku": ...}, {"iss": "https://other.example"}),
    Row("a tenant that is not served", "tenant", claims={"tenant": "theirs"}),
    Row("no tenant", "tenant", claims={"tenant": ...}),
    Row("tenant is a list", "tenant", claims={"tenant": ["ours"]}),
]

AUDIENCES = [
    Row("no aud", "claims", claims={"aud": ...}),
    Row("aud is empty", "claims", claims={"aud": ""}),
    Row("aud is an empty list", "claims", claims={"aud": []}),
    Row("another service of ours", "audience", claims={"aud": f"{PUBLIC}/cds-services/ctdna-maintenance"}),
    Row("our discovery", "audience", claims={"aud": f"{PUBLIC}/cds-services"}),
    Row("our feedback", "audience", claims={"aud": f"{PUBLIC}{CALL}/feedback"}),
    Row("the base alone", "audience", claims={"aud": PUBLIC}),
    Row("a trailing slash", "audience", claims={"aud": f"{PUBLIC}{CALL}/"}),
    Row("http for https", "audience", claims={"aud": f"http{PUBLIC.removeprefix('https')}{CALL}"}),
    Row("the address inside the proxy", "audience", claims={"aud": f"http://127.0.0.1{CALL}"}),
    Row("in capitals", "audience", claims={"aud": f"{PUBLIC}{CALL}".upper()}),
    Row("a list of others", "audience", claims={"aud": ["https://a.example", PUBLIC]}),
    Row("a list with a number", "audience", claims={"aud": [f"{PUBLIC}{CALL}", 1]}),
    Row("an object", "audience", claims={"aud": {f"{PUBLIC}{CALL}": 1}}),
    Row("what another client may say", "audience", claims={"aud": "site-audience"}),
]

TIMES = [
    Row("no exp", "claims", claims={"exp": ...}),
    Row("no iat", "claims", claims={"iat": ...}),
    Row("expired", "expired", claims={"iat": At(-700), "exp": At(-400)}),
    Row("expired, just beyond the leeway", "expired", claims={"iat": At(-300), "exp": At(-62)}),
    Row("issued in the far future", "not-yet-valid", claims={"iat": At(4000), "exp": At(4300)}),
    Row("issued just beyond the leeway", "not-yet-valid", claims={"iat": At(70)}),
    Row("not yet valid", "not-yet-valid", claims={"nbf": At(120)}),
    Row("nbf is text", "claims", claims={"nbf": "0"}),
    Row("exp is text", "claims", claims={"exp": "99999999999"}),
    Row("exp is no number", "claims", claims={"exp": "soon"}),
    Row("exp has a fraction", "claims", claims={"exp": time.time() + 300.5}),
    Row("exp is true", "expired", claims={"exp": True}),
    Row("exp is null", "claims", claims={"exp": None}),
    Row("exp is infinite", "claims", claims={"exp": float("inf")}),
    Row("exp is huge", "lifetime", claims={"exp": 10**300}),
    Row("iat is text", "claims", claims={"iat": "0"}),
    Row("lives for more than an hour", "lifetime", claims={"exp": At(3665)}),
    Row("lives for a day", "lifetime", claims={"exp": At(86_400)}),
    Row("issued long ago, not expired", "lifetime", claims={"iat": At(-86_400)}),
    Row("expires before it is issued", "lifetime", claims={"iat": At(30), "exp": At(10)}),
    Row("expires when it is issued", "lifetime", claims={"iat": At(30), "exp": At(30)}),
    Row("lives for an hour and the leeway, and a second", "lifetime", claims={"iat": At(-30), "exp": At(3631)}),
]

IDS = [
    Row("no jti", "claims", claims={"jti": ...}),
    Row("jti is empty", "claims", claims={"jti": ""}),
    Row("jti is a number", "claims", claims={"jti": 7}),
    Row("jti is null", "claims", claims={"jti": None}),
]

HEADERS = [
    as_sent("no header", "no-token", lambda text: []),
    as_sent("an empty header", "not-a-bearer-token", lambda text: [""]),
    as_sent("two headers, both good", "not-a-bearer-token", lambda text: [f"Bearer {text}"] * 2),
    as_sent("two headers, one good", "not-a-bearer-token", lambda text: ["Basic eDp5", f"Bearer {text}"]),
    as_sent("two tokens", "not-a-bearer-token", lambda text: [f"Bearer {text}, Bearer {text}"]),
    as_sent("another scheme", "not-a-bearer-token", lambda text: [f"Basic {text}"]),
    as_sent("no scheme", "not-a-bearer-token", lambda text: [text]),
    as_sent("a scheme alone", "not-a-bearer-token", lambda text: ["Bearer"]),
    as_sent("a colon after the scheme", "not-a-bearer-token", lambda text: [f"Bearer: {text}"]),
    as_sent("a word", "not-a-bearer-token", lambda text: ["Bearer token"]),
    as_sent("dots", "not-a-bearer-token", lambda text: ["Bearer .."]),
    as_sent("three words", "malformed", lambda text: ["Bearer a.b.c"]),
    as_sent("four parts", "not-a-bearer-token", lambda text: [f"Bearer {text}.x"]),
    as_sent("five parts, as encrypted ones have", "not-a-bearer-token", lambda text: [f"Bearer {text}.x.y"]),
    as_sent("padding", "not-a-bearer-token", lambda text: [f"Bearer {text}="]),
    as_sent("100 kB", "not-a-bearer-token", lambda text: [f"Bearer {text}{'A' * 100_000}"]),
    as_sent("a header that is a list", "malformed", lambda t: [f"Bearer {segment(b'[]')}.{t.partition('.')[2]}"]),
    as_sent("nested lists", "malformed", lambda t: [f"Bearer {segment(b'[' * 5000)}.{t.partition('.')[2]}"]),
    as_sent("claims that are a list", "malformed", lambda t: [f"Bearer {t.split('.')[0]}.{segment(b'[]')}.AAAA"]),
    as_sent("claims that are no JSON", "malformed", lambda t: [f"Bearer {t.split('.')[0]}.{segment(b'{')}.AAAA"]),
    as_sent("long numbers", "malformed", lambda t: [f"Bearer {segment(b'9' * 5000)}.{t.partition('.')[2]}"]),
]

MATRIX = [*ALGORITHMS, *KINDS, *KEY_IDS, *PLACES, *SIGNATURES, *ISSUERS, *AUDIENCES, *TIMES, *IDS, *HEADERS]


def with_trap(element: Any, address: str) -> Any:
    if isinstance(element, Mapping):
        return {name: with_trap(value, address) for name, value in element.items()}
    return element.replace(TRAP, address) if isinstance(element, str) else element


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_C89_what_is_not_right_gets_the_same_refusal(
    http: httpx2.Client, trap: KeyServer, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    text = token(row.key, with_trap(row.header, trap.url), {**TENANT, **row.claims}, row.sign)
    answer = call(http, *row.sent(text))
    assert (answer.status_code, answer.content) == (401, REFUSAL)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"
    assert refused(caplog) == row.reason
    assert trap.calls == []


def test_the_matrix_is_told_apart_by_names_and_long_enough() -> None:
    assert len({row.name for row in MATRIX}) == len(MATRIX) >= 40


def epic(audience: str) -> str:
    claims = {"iss": "epic-client", "sub": "epic-client", "aud": audience, "nbf": At(-300)}
    return token(RSA, {"jku": ...}, claims)


GOOD = [
    ("ES384", CALL, lambda: token(EC, claims=TENANT)),
    ("RS384", CALL, lambda: token(RSA, claims=TENANT)),
    ("the other tenant", CALL, lambda: token(EC, claims={"tenant": "yours"})),
    ("without jku", CALL, lambda: token(EC, {"jku": ...}, TENANT)),
    ("a list of audiences, one is ours", CALL, lambda: token(EC, claims={**TENANT, "aud": ["x", f"{PUBLIC}{CALL}"]})),
    ("for an hour", CALL, lambda: token(EC, claims={**TENANT, "exp": At(3600)})),
    ("for an hour and the leeway", CALL, lambda: token(EC, claims={**TENANT, "iat": At(-30), "exp": At(3630)})),
    ("for a second", CALL, lambda: token(EC, claims={**TENANT, "iat": At(30), "exp": At(31)})),
    ("a clock that is slow", CALL, lambda: token(EC, claims={**TENANT, "iat": At(-350), "exp": At(-50)})),
    ("a clock that is fast", CALL, lambda: token(EC, claims={**TENANT, "iat": At(50), "exp": At(350)})),
    ("unknown headers and claims", CALL, lambda: token(EC, {"x": [1]}, {**TENANT, "y": {"z": None}})),
    ("C84 Epic: RS384, the site's audience, nbf before iat", CALL, lambda: epic("site-audience")),
    ("C84 Epic: the URL as audience", CALL, lambda: epic(f"{PUBLIC}{CALL}")),
    (
        "Oracle Health: issuer, jku of a list, tenant that is not asked for",
        CALL,
        lambda: token(RSA, claims={"iss": "https://cds-hooks.cerner.example", "tenant": "ec2458f2"}),
    ),
    ("C85 the sandbox: iat half a second ahead", CALL, lambda: token(EC, claims={**TENANT, "iat": At(1)})),
    ("C83 the sandbox of another version: ES256", CALL, lambda: token(P256, claims={"iss": "https://sandbox.example"})),
    ("another service", "/cds-services/ctdna-maintenance", None),
]


@pytest.mark.parametrize(("name", "path", "made"), GOOD, ids=[row[0] for row in GOOD])
def test_C84_a_good_token_lets_in(http: httpx2.Client, name: str, path: str, made: Callable[[], str] | None) -> None:
    text = made() if made else token(EC, claims={**TENANT, "aud": f"{PUBLIC}{path}"})
    answer = call(http, f"Bearer {text}", path=path)
    assert (answer.status_code, list(answer.json())) == (200, ["cards"])


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_as_http_does(http: httpx2.Client, scheme: str) -> None:
    assert call(http, f"{scheme} {token(EC, claims=TENANT)}").status_code == 200


FEEDBACK = b"""{"feedback": [{"card": "1", "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z",
"overrideReason": {"userComment": "x"}}]}"""

ENDPOINTS = [
    ("GET", "/cds-services", b""),
    ("GET", "/cds-services/", b""),
    ("POST", CALL, REQUEST),
    ("POST", f"{CALL}/feedback", FEEDBACK),
    ("GET", "/stats", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_C81_every_call_needs_a_token_of_its_own(http: httpx2.Client, method: str, path: str, body: bytes) -> None:
    def sent(**headers: str) -> httpx2.Response:
        return http.request(method, path, content=body, headers={"content-type": "application/json", **headers})

    good = {**TENANT, "aud": f"{PUBLIC}{path}"}
    elsewhere = {**TENANT, "aud": f"{PUBLIC}/elsewhere"}
    assert sent().content == REFUSAL
    assert sent(authorization=f"Bearer {token(EC, claims=elsewhere)}").content == REFUSAL
    assert sent(authorization=f"Bearer {token(EC, claims=good)}").status_code == 200


def test_a_service_that_does_not_exist_is_not_told_to_strangers(http: httpx2.Client) -> None:
    assert call(http, path="/cds-services/none").content == REFUSAL
    text = token(EC, claims={**TENANT, "aud": f"{PUBLIC}/cds-services/none"})
    assert call(http, f"Bearer {text}", path="/cds-services/none").status_code == 404


def test_a_body_that_is_wrong_is_not_told_to_strangers(http: httpx2.Client) -> None:
    assert http.post(CALL, content=b"{").content == REFUSAL


def test_C87_a_token_is_good_once(http: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    text = token(EC, claims=TENANT)
    assert call(http, f"Bearer {text}").status_code == 200
    assert call(http, f"Bearer {text}").content == REFUSAL
    assert refused(caplog, 2) == "replay"


def test_C87_the_id_counts_whatever_else_is_in_the_token(http: httpx2.Client) -> None:
    again = {**TENANT, "jti": "the same"}
    assert call(http, f"Bearer {token(EC, claims=again)}").status_code == 200
    assert call(http, f"Bearer {token(RSA, claims={**again, 'exp': At(200)})}").status_code == 401


def test_C87_ids_of_two_clients_are_two(http: httpx2.Client) -> None:
    claims = {"jti": "of both", "iss": "https://other.example"}
    assert call(http, f"Bearer {token(OTHER, {'jku': ...}, claims)}").status_code == 200
    assert call(http, f"Bearer {token(EC, claims={**TENANT, 'jti': 'of both'})}").status_code == 200


def test_C87_a_refused_token_uses_up_no_id(http: httpx2.Client) -> None:
    claims = {**TENANT, "jti": "kept"}
    assert call(http, f"Bearer {token(ATTACKER, claims=claims)}").status_code == 401
    assert call(http, f"Bearer {token(EC, claims={**claims, 'aud': 'x'})}").status_code == 401
    assert call(http, f"Bearer {token(EC, claims=claims)}").status_code == 200


def test_C87_when_use_cannot_be_noted_no_one_is_let_in(
    http: httpx2.Client, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    holding = sqlite3.connect(data_dir / FILE, isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    text = token(EC, claims=TENANT)
    assert call(http, f"Bearer {text}").content == REFUSAL
    assert refused(caplog) == "replay-store"
    holding.execute("ROLLBACK")
    assert call(http, f"Bearer {text}").status_code == 200


def test_nothing_of_a_token_is_logged_answered_or_kept(
    http: httpx2.Client, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A canary stands in every claim and header that can hold one, in a token that is good and in ones that are not."""
    caplog.set_level(logging.DEBUG)
    canary = {"sub": "canary-sub", "jti": "canary-jti", "tenant": "ours", "user": "canary-user"}
    good = token(EC, {"x": "canary-header"}, canary)
    wrong = [
        token(EC, claims={**canary, "tenant": "canary-tenant"}),
        token(EC, claims={**canary, "iss": "https://canary.example"}),
        token(EC, claims={**canary, "aud": "https://canary.example"}),
        token(EC, {"kid": "canary-kid"}, canary),
        token(EC, {"jku": "https://canary.example"}, canary),
        token(EC, {"crit": ["canary"]}, canary),
        "canary.canary.canary",
    ]
    answers = [call(http, f"Bearer {text}") for text in (good, *wrong)]
    assert [answer.status_code for answer in answers] == [200, *[401] * len(wrong)]
    refused(caplog, len(answers))
    kept = b"".join(file.read_bytes() for file in data_dir.iterdir())
    assert hashlib.sha256(json.dumps([ISS, "canary-jti"]).encode()).digest() in kept
    lines = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    for said in (lines, *(f"{answer.text}{answer.headers}" for answer in answers), kept.decode("latin-1")):
        assert "canary" not in said.casefold()
        assert ISS not in said
        assert not any(part in said for text in (good, *wrong[:-1]) for part in text.split("."))


# Other modes


def test_optional_lets_in_without_a_token_but_not_with_a_bad_one(tmp_path: Path) -> None:
    clients = clients_file(tmp_path, [{"iss": ISS, "jku": JKU, "jwks_file": "ehr.json"}], ehr=key_set(KEYS))
    settings = Settings(auth="optional", clients=clients, public_url=PUBLIC, data_dir=tmp_path / "data")
    for base in serve(settings):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            assert call(http).status_code == 200
            assert call(http, f"Bearer {token(EC)}").status_code == 200
            assert call(http, f"Bearer {token(ATTACKER)}").content == REFUSAL
            assert call(http, "Basic eDp5").content == REFUSAL


def test_without_a_public_url_the_audience_is_what_was_called(tmp_path: Path) -> None:
    clients = clients_file(tmp_path, [{"iss": ISS, "jku": JKU, "jwks_file": "ehr.json"}], ehr=key_set(KEYS))
    for base in serve(Settings(auth="optional", clients=clients, data_dir=tmp_path / "data")):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            assert call(http, f"Bearer {token(EC, claims={'aud': f'{base}{CALL}'})}").status_code == 200
            assert call(http, f"Bearer {token(EC)}").status_code == 401


@pytest.mark.parametrize(
    ("mode", "url", "told"), [("optional", None, True), ("optional", PUBLIC, False), ("off", None, False)]
)
def test_without_a_public_url_the_start_warns_that_the_host_header_decides(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: Literal["optional", "off"], url: str | None, told: bool
) -> None:
    clients = clients_file(tmp_path, [{"iss": ISS, "jwks_file": "ehr.json"}], ehr=key_set(KEYS))
    Authentication(Settings(auth=mode, clients=clients, public_url=url, data_dir=tmp_path / "data")).close()
    lines = [json.loads(message) for message in caplog.messages]
    told_of = [(line["event"], line["level"], line["setting"]) for line in lines]
    assert told_of == ([("audience-from-host-header", "warning", "CDS_PUBLIC_URL")] if told else [])


def test_off_reads_no_clients_and_keeps_no_file(tmp_path: Path) -> None:
    clients = clients_file(tmp_path, [])
    for base in serve(Settings(auth="off", clients=clients, data_dir=tmp_path / "data")):
        with httpx2.Client(base_url=base, trust_env=False) as http:
            assert call(http, "Bearer x", "Basic y").status_code == 200
    assert not (tmp_path / "data" / FILE).exists()
