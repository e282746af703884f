"""Keys, tokens and key sets for tests: made here, for one run; what is wrong in a token is said by its row."""

from __future__ import annotations

import base64
import functools
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.web.fhir_server import running

Json = dict[str, Any]

PUBLIC = "https://cds.example/base"
ISS = "https://ehr.example"
JKU = "https://ehr.example/jwks.json"
CALL = "/cds-services/trial-eligibility"
REFUSAL = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",'
    b'"details":{"text":"Not authenticated."}}]}'
)

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


class At(NamedTuple):
    """A time: so many seconds from now."""

    seconds: float


class Key(NamedTuple):
    """A private key, and the name and algorithm by which it signs."""

    kid: str
    algorithm: str
    private: Any

    def jwk(self, **more: Any) -> Json:
        """Return its public half as a JSON Web Key."""
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        public: Json = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return {**public, "kid": self.kid, **more}

    @property
    def pem(self) -> bytes:
        """Return its public half as text."""
        public: bytes = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public

    def sign(self, message: bytes) -> bytes:
        return jwt.get_algorithm_by_name(self.algorithm).sign(message, self.private)


@functools.cache
def key(kid: str, algorithm: str = "ES384", size: int = 2048, owner: str = "ehr") -> Key:
    """Return a key: always the same for the same arguments, as long as the tests run."""
    del owner
    curve = CURVES.get(algorithm)
    private = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, size)
    return Key(kid, algorithm, private)


def key_set(keys: Iterable[Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def written(parts: Mapping[str, Any], changes: Mapping[str, Any]) -> bytes:
    """Return parts of a token as JSON: with the changes; one that is `...` is left out, and an `At` is a time."""
    now = int(time.time())
    changed = {name: value for name, value in {**parts, **changes}.items() if value is not ...}
    return json.dumps(
        {name: now + value.seconds if isinstance(value, At) else value for name, value in changed.items()}
    ).encode()


def token(
    signer: Key,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """Return a good token of the EHR for a call, but for what is changed."""
    head = written({"alg": signer.algorithm, "kid": signer.kid, "typ": "JWT", "jku": JKU}, header or {})
    good = {"iss": ISS, "aud": f"{PUBLIC}{CALL}", "exp": At(300), "iat": At(0), "jti": str(uuid.uuid4())}
    message = f"{segment(head)}.{segment(written(good, claims or {}))}"
    return f"{message}.{segment((sign or signer.sign)(message.encode()))}"


def clients_file(folder: Path, clients: Iterable[Json], **key_sets: bytes) -> Path:
    """Write a clients file, and key sets beside it, `NAME.json` each."""
    for name, content in key_sets.items():
        (folder / f"{name}.json").write_bytes(content)
    file = folder / "clients.yaml"
    file.write_text(yaml.safe_dump(list(clients)), encoding="utf-8")
    return file


class KeyServer(ThreadingHTTPServer):
    """Serves one body at every path. calls: the paths that were asked.

    status, headers: how it answers. pause: seconds before it does. trickle: seconds between two bytes.
    """

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.body, self.status, self.pause, self.trickle = body, 200, 0.0, 0.0
        self.headers: dict[str, str] = {}
        self.calls: list[str] = []
        self.asked_with: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/jwks.json"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error here."""


class _Answering(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.calls.append(self.path)
        self.server.asked_with.append({name.lower(): value for name, value in self.headers.items()})
        time.sleep(self.server.pause)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if self.server.trickle else len(self.server.body) or 1
        for start in range(0, len(self.server.body), step):
            self.wfile.write(self.server.body[start : start + step])
            time.sleep(self.server.trickle)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@contextmanager
def key_server(body: bytes) -> Iterator[KeyServer]:
    """Run a key server."""
    with running(KeyServer(body)) as server:
        yield server
