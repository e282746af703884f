"""The FHIR server of `cds-service sandbox`, and the demo patients under ids of their own.

What is written has a prefix and a tag of its own; nothing else is ever changed or deleted.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import requests

from cds_service.demo import demo_patients
from cds_service.fetching import HEADERS
from cds_service.outbound import address_of, under
from hooks.wording import plain
from mappings.fhir import ID
from terminology.errors import CdsError

PUBLIC = "https://hapi.fhir.org/baseR4"
"""An open R4 server that anybody may write to, for trying things out."""

PREFIX = "otcds-"
TAG = {"system": "https://oncology-trial-cds.github.io/fhir/CodeSystem/sandbox", "code": "demo-patient"}
"""The ids and the tag of what is put on a server; only what has both is deleted."""

SECONDS = 60.0
MAX_PAGES = 100
READ_ONLY = frozenset({401, 403, 404, 405, 501})

Json = dict[str, Any]


class SandboxError(CdsError):
    """A FHIR server, or a patient of it, that cannot be used."""


class Server:
    """An open FHIR R4 server. Raises SandboxError where it cannot be used as it should."""

    def __init__(self, base: str) -> None:
        if address_of(base) is None or "?" in base:
            raise SandboxError(f"'{plain(base)}' is not the base URL of a FHIR server")
        self.base = base.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update(HEADERS)

    def check(self) -> None:
        """Refuse a server that is none, is closed, or speaks another version of FHIR."""
        answer = self._ask("GET", "metadata")
        if answer.status_code in {401, 403}:
            raise SandboxError(f"{self.base} asks for authorization; only an open server can be used")
        found = _json(answer)
        if answer.status_code != 200 or found.get("resourceType") != "CapabilityStatement":
            raise SandboxError(f"{self.base} does not answer as a FHIR server")
        if not str(version := found.get("fhirVersion", "")).startswith("4.0"):
            raise SandboxError(f"{self.base} speaks FHIR {plain(str(version))}, not R4 (4.0)")

    def get(self, query: str) -> bytes | None:
        """Return the body of an answer; None when there is none to be had."""
        answer = self._ask("GET", query)
        return answer.content if answer.status_code == 200 else None

    def check_patient(self, patient: str) -> None:
        """Refuse an id of which there is no patient."""
        if not ID.fullmatch(patient) or self.get(f"Patient/{patient}") is None:
            raise SandboxError(f"{self.base} has no Patient/{plain(patient)}")

    def put(self, resources: Iterable[Json]) -> None:
        """Write resources under their own ids, all or none."""
        self._transaction({"resource": r, "request": {"method": "PUT", "url": _name(r)}} for r in resources)

    def remove(self, types: Iterable[str]) -> int:
        """Delete what was put here and return how many resources that were."""
        mine = [resource for type_ in types for resource in self._tagged(type_)]
        if mine:
            self._transaction({"request": {"method": "DELETE", "url": _name(r)}} for r in mine)
        return len(mine)

    def _tagged(self, type_: str) -> Iterator[Json]:
        """Yield what was put here; a server may pass over the tag in a search, and answer with everything."""
        url: str | None = f"{type_}?_tag={TAG['system']}|{TAG['code']}&_count=200"
        for _ in range(MAX_PAGES):
            if url is None:
                return
            page = self._page(url)
            yield from (entry["resource"] for entry in page.get("entry", ()) if _is_mine(entry.get("resource", {})))
            url = next((link["url"] for link in page.get("link", ()) if link.get("relation") == "next"), None)

    def _page(self, url: str) -> Json:
        answer = self._ask("GET", url)
        if answer.status_code != 200:
            raise SandboxError(f"{self.base} did not say what it holds of the demo patients ({answer.status_code})")
        return _json(answer)

    def _transaction(self, entries: Iterable[Json]) -> None:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        answer = self._ask("POST", "", bundle)
        if answer.status_code in READ_ONLY:
            raise SandboxError(
                f"{self.base} refuses to be written to ({answer.status_code}): name a patient of its own (--patient)"
            )
        if answer.status_code not in {200, 201}:
            raise SandboxError(f"{self.base} did not take the demo patients ({answer.status_code}){_because(answer)}")

    def _ask(self, method: str, relative: str, body: Json | None = None) -> requests.Response:
        url = self._under(relative)
        kind = {"Content-Type": "application/fhir+json"} if body is not None else None
        encoded = json.dumps(body).encode() if body is not None else None
        try:
            return self._session.request(
                method, url, data=encoded, headers=kind, timeout=SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            raise SandboxError(f"{self.base} cannot be reached") from None

    def _under(self, relative: str) -> str:
        url = under(self.base, relative) if relative else self.base
        if url is None:
            raise SandboxError(f"a link of {self.base} leads elsewhere")
        return url


def _json(answer: requests.Response) -> Json:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _because(answer: requests.Response) -> str:
    """What the server says of a refusal; the patients are invented, so nobody's words are shown."""
    issues = _json(answer).get("issue") or [{}]
    return f": {plain(str(said))[:200]}" if (said := issues[0].get("diagnostics")) else ""


def _name(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _is_mine(resource: Json) -> bool:
    tags = resource.get("meta", {}).get("tag", ())
    tagged = any({key: tag.get(key) for key in TAG} == TAG for tag in tags)
    return tagged and str(resource.get("id", "")).startswith(PREFIX)


# The demo patients under ids of their own


def charts_of_demo(today: dt.date) -> dict[str, list[Json]]:
    """Return the resources of every demo patient by the patient's id, as they are put on a server."""
    found = {}
    for bundle in demo_patients(today).values():
        resources = [entry["resource"] for entry in json.loads(bundle)["entry"]]
        ids = {_name(r): f"{r['resourceType']}/{PREFIX}{r['id']}" for r in resources}
        own = [{**_renamed(r, ids), "id": f"{PREFIX}{r['id']}", "meta": {"tag": [TAG]}} for r in resources]
        found[next(r["id"] for r in own if r["resourceType"] == "Patient")] = own
    return found


def types_of(charts: Mapping[str, Sequence[Json]]) -> list[str]:
    """Return the FHIR types of what is put on a server."""
    return sorted({resource["resourceType"] for chart in charts.values() for resource in chart})


def _renamed(element: Any, ids: Mapping[str, str]) -> Any:
    """Return an element with its references to these resources rewritten."""
    if isinstance(element, dict):
        return {k: ids.get(v, v) if k == "reference" else _renamed(v, ids) for k, v in element.items()}
    return [_renamed(item, ids) for item in element] if isinstance(element, list) else element
