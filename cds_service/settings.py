"""Settings: everything that is read from the environment, with the prefix `CDS_`. No other module reads it.

A setting that is missing, contradictory or unsafe stops the start with one clear line.
"""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cds_service.outbound import Address, address_of
from terminology.errors import CdsError

PREFIX = "CDS_"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY = "*"


class SettingsError(CdsError):
    """A setting that stops the start. name: the environment variable. what: why."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what)
        self.name, self.what = name, what

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list."""


class ContentSettings(BaseSettings):
    """Where content is, and when "today" is: all that is needed to evaluate a record."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    trials_dir: Path | None = None
    valuesets_dir: Path | None = None
    conceptmaps_dir: Path | None = None
    site_file: Path | None = None
    time_zone: str = "UTC"

    @field_validator("trials_dir", "valuesets_dir", "conceptmaps_dir")
    @classmethod
    def _is_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"there is no folder {value}")
        return value

    @field_validator("site_file")
    @classmethod
    def _is_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{value}' is not a time zone such as Europe/Berlin or Asia/Shanghai") from None
        return value


class LedgerSettings(ContentSettings):
    """Where the ledger is, beside content: all that is needed to look up a card."""

    database_url: SecretStr | None = None
    data_dir: Path = Path("data")


class Settings(LedgerSettings):
    """Everything that the service is told by its environment."""

    auth: Literal["required", "optional", "off"] = "required"
    clients: Path | None = None
    public_url: str | None = None
    fhir_servers: Listed = ()
    cors_origins: Listed = ()
    deadline_seconds: float = Field(default=4, gt=0, le=60)
    max_body_bytes: int = Field(default=20 * 2**20, ge=1024)
    demo: bool = False

    @field_validator("clients")
    @classmethod
    def _clients_exist(cls, value: Path | None) -> Path | None:
        return cls._is_file(value)

    @field_validator("public_url")
    @classmethod
    def _public_url_is_url(cls, value: str | None) -> str | None:
        return None if value is None else _base_url(value)

    @field_validator("fhir_servers")
    @classmethod
    def _servers_are_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(server if server == ANY else _base_url(server) for server in value)

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != ANY and (_url(origin).path or origin.endswith("/")):
                raise ValueError(f"'{origin}' is not an origin such as https://ehr.hospital.example")
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Settings:
        if self.auth == "required":
            self._has_what_authentication_needs()
        if ANY in self.fhir_servers and self.auth != "off":
            raise ValueError("CDS_FHIR_SERVERS: '*' is allowed only together with CDS_AUTH=off")
        if ANY in self.cors_origins and self.auth != "off":
            raise ValueError("CDS_CORS_ORIGINS: '*' is allowed only together with CDS_AUTH=off")
        for server in self.fhir_servers:
            self._check_plain_http("CDS_FHIR_SERVERS", server, ("off",))
        if self.public_url is not None:
            self._check_plain_http("CDS_PUBLIC_URL", self.public_url, ("off", "optional"))
        return self

    def _check_plain_http(self, name: str, text: str, allowed: Sequence[str]) -> None:
        """Plain http carries patient data in the clear: only to this machine, and only where nothing must be proven."""
        if text == ANY or not text.startswith("http://"):
            return
        if self.auth not in allowed or urlsplit(text).hostname not in LOOPBACK:
            words = " or ".join(f"CDS_AUTH={auth}" for auth in allowed)
            raise ValueError(f"{name}: {text} is plain http; that is allowed on loopback with {words} only")

    def _has_what_authentication_needs(self) -> None:
        for name, value in (("CDS_PUBLIC_URL", self.public_url), ("CDS_CLIENTS", self.clients)):
            if value is None:
                raise ValueError(f"{name}: needed while CDS_AUTH is 'required' (its default)")


def _url(text: str) -> Address:
    """Return what a URL names, read as the addresses of requests are: one that is not certain could never match."""
    address = address_of(text)
    if address is None or "?" in text:
        without = "user, query, fragment, blank, percent sign, semicolon, dot segment or letter beyond ASCII"
        raise ValueError(f"{text!r} is not an http(s) URL with a host, and a port or none, without {without}")
    return address


def _base_url(text: str) -> str:
    _url(text)
    return text.rstrip("/")


S = TypeVar("S", bound=ContentSettings)


def load_settings(**given: Any) -> Settings:
    """Return the service's settings. given: what does not come from the environment. Raises SettingsError."""
    return _load(Settings, **given)


def load_ledger_settings() -> LedgerSettings:
    """Return the settings of content and ledger. Raises SettingsError."""
    return _load(LedgerSettings)


def load_content_settings() -> ContentSettings:
    """Return the settings of content alone. Raises SettingsError."""
    return _load(ContentSettings)


def clients_file() -> Path | None:
    """Return the file of the clients, as the environment names it, whatever else stands there."""
    named = os.environ.get(f"{PREFIX}CLIENTS")
    return Path(named) if named else None


OF_A_CLUSTER = re.compile(r"_SERVICE_(HOST|PORT)(_|$)|_PORT(_\d+_(TCP|UDP)(_|$)|$)")
"""Variables that Kubernetes sets for a service that is called `cds` or begins so; they are no misspelt settings."""

LIKE = 0.8
"""How like a setting a name must be to be taken for it, from 0 to 1."""


def serving_is_set() -> bool:
    """Whether any setting that concerns the service alone stands in the environment."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields.keys() - LedgerSettings.model_fields.keys()}
    return not known.isdisjoint(os.environ)


def unknown_variables() -> dict[str, str]:
    """Return each variable with our prefix that is no setting, with the setting that it is most like, or nothing."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    ours = [name for name in os.environ if name.upper().startswith(PREFIX) and OF_A_CLUSTER.search(name) is None]
    unknown = sorted(name for name in ours if name.upper() not in known)
    return {name: next(iter(get_close_matches(name.upper(), known, n=1, cutoff=LIKE)), "") for name in unknown}


def _load(model: type[S], **given: Any) -> S:
    try:
        return model(**given)
    except ValidationError as error:
        raise _first(error.errors()) from error


def _first(errors: Iterable[Any]) -> SettingsError:
    first = next(iter(errors))
    what = str(first["msg"]).removeprefix("Value error, ")
    if first["loc"]:
        return SettingsError(f"{PREFIX}{str(first['loc'][0]).upper()}", what)
    name, _, rest = what.partition(": ")
    return SettingsError(name, rest)
