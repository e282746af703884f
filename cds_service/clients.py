"""The clients file (`CDS_CLIENTS`, YAML): who may call, which keys are theirs, and what their tokens may say.

Nothing unknown is accepted in it, and nothing that would weaken verification: a symmetric algorithm or `none` is no
value of any field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, RootModel

from cds_service.jwks import KeysError, from_file
from cds_service.outbound import Outbound, address_of
from cds_service.settings import LOOPBACK, Settings
from mappings.kinds.base import Part
from mappings.yaml_content import Document, read_yaml, validated

Algorithm = Literal["ES384", "RS384", "ES256", "ES512", "RS256", "RS512", "PS256", "PS384", "PS512"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
DEFAULT_ALGORITHMS: tuple[Algorithm, ...] = ("ES384", "RS384")


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1)]
Listed = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One, or a list; what is written is never empty."""

Algorithms = Annotated[tuple[Algorithm, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class Client(Part):
    """A CDS client.

    iss: what its tokens name as issuer. jku: where its keys are fetched; a token that names another place is refused.
    jwks_file: its keys, in a file; then nothing is fetched, and `jku` only says what a token may name. audiences: what
    `aud` may hold beside the URL that is called. tenants: the values of `tenant`; without, it is not looked at.
    algorithms: by which its tokens may be signed. profile: which product it is; verification does not differ by it.
    fhir_servers: of `CDS_FHIR_SERVERS`, those that its requests may name; without, all.
    """

    iss: Text
    jku: Listed = ()
    jwks_file: Path | None = None
    audiences: Listed = ()
    tenants: Listed = ()
    algorithms: Algorithms = DEFAULT_ALGORITHMS
    profile: Literal["spec", "epic", "oracle"] = "spec"
    fhir_servers: Listed = ()


class Clients(RootModel[tuple[Client, ...]]):
    """The file as a whole."""


def load_clients(settings: Settings) -> tuple[Client, ...]:
    """Return the clients that the settings name; none when they name no file. Paths are those of the file's folder.

    Raises ContentError with file, line and field: not YAML, no client, something unknown, unsafe or contradictory.
    """
    if settings.clients is None:
        return ()
    document = read_yaml(settings.clients)
    if not document.content:
        raise document.error((), "there is no client in it")
    clients = validated(document, Clients).root
    found = tuple(_found(client, settings.clients.parent) for client in clients)
    for index, client in enumerate(found):
        if client.iss in {other.iss for other in found[:index]}:
            raise document.error((index, "iss"), "another client has this iss")
        _check_keys(document, index, client)
        _check_addresses(document, index, client, settings)
    return found


def _found(client: Client, folder: Path) -> Client:
    if client.jwks_file is None:
        return client
    return client.model_copy(update={"jwks_file": folder / client.jwks_file})


def _check_keys(document: Document, index: int, client: Client) -> None:
    if client.jwks_file is None:
        if not client.jku:
            raise document.error((index,), "jku or jwks_file is needed")
        return
    try:
        usable = from_file(client.jwks_file, client.algorithms)
    except KeysError as error:
        raise document.error((index, "jwks_file"), f"jwks_file: {error.what}") from error
    if not usable:
        raise document.error((index, "jwks_file"), "jwks_file: no public key for the client's algorithms")


def _check_addresses(document: Document, index: int, client: Client, settings: Settings) -> None:
    for url in client.jku:
        address = address_of(url)
        if address is None:
            raise document.error((index, "jku"), f"jku: '{url}' is not a plain http(s) URL")
        if address.scheme == "http" and (settings.auth == "required" or address.host not in LOOPBACK):
            what = "is plain http; that is allowed on loopback and without CDS_AUTH=required only"
            raise document.error((index, "jku"), f"jku: {url} {what}")
    allowed = Outbound(settings.fhir_servers)
    for server in client.fhir_servers:
        if allowed.server(server) is None:
            raise document.error((index, "fhir_servers"), f"fhir_servers: {server} is not under CDS_FHIR_SERVERS")
