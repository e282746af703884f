"""Reading one FHIR JSON resource of content (ValueSet, ConceptMap) from a folder or a package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from terminology.errors import ContentError

Folder = Traversable | Path


def read_folder(folder: Folder, resource_type: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, resource) of every `*.json` in a folder, by name.

    Raises ContentError: a file that is not JSON, or not a resource of this type.
    """
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            yield file.name, _read(file, resource_type)


def _read(file: Folder, resource_type: str) -> dict[str, Any]:
    try:
        resource = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ContentError(file.name, getattr(error, "lineno", 0), "", f"not JSON: {error}") from error
    if not isinstance(resource, dict) or resource.get("resourceType") != resource_type:
        raise ContentError(file.name, 1, "resourceType", f"not a FHIR {resource_type}")
    return resource
