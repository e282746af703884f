"""YAML content with the line of every element, so that an error names file, line and criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mappings.misfits import Path, misfit
from terminology.errors import ContentError
from terminology.resources import Folder

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain data, with the line of each element by its path."""

    file: str
    content: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of an element, or of the nearest one above it that was written."""
        known: Path = ()
        for step in path:
            if (*known, step) in self.lines:
                known = (*known, step)
        return self.lines.get(known, 0)

    def error(self, path: Path, what: str) -> ContentError:
        """Return a ContentError that names file, line and criterion."""
        return ContentError(self.file, self.line(path), self._criterion(path), what)

    def _criterion(self, path: Path) -> str:
        """Return the criterion that a path leads into, a site's rule among them; else the path itself."""
        value = self.content
        for step in path:
            value = _entry(value, step)
            if isinstance(step, int) and isinstance(value, dict) and "id" in value:
                return f"criterion {value['id']}"
        return ".".join(str(step) for step in path)


def _entry(value: Any, step: str | int) -> Any:
    """Return the entry of a list or a mapping; the value itself where a step is only pydantic's."""
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return value.get(step, value) if isinstance(value, dict) else value


def read_yaml(file: Folder) -> Document:
    """Return a YAML file's content. Raises ContentError: not YAML, or a key written twice."""
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError: not UTF-8, or a day that is none
        mark = getattr(error, "problem_mark", None)
        raise ContentError(file.name, mark.line + 1 if mark else 0, "", f"not YAML: {_why(error)}") from error
    lines: dict[Path, int] = {}
    if node is not None:
        _walk(node, (), lines, file.name)
    return Document(file.name, content, lines)


def _why(error: Exception) -> str:
    """Return what is wrong, in one line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return " ".join(str(getattr(error, "problem", None) or error).split())


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, file)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, key.value)
            if inner in lines:
                raise ContentError(file, key.start_mark.line + 1, str(key.value), "written twice")
            _walk(value, inner, lines, file)
            lines[inner] = key.start_mark.line + 1


def validated(document: Document, model: type[M]) -> M:
    """Return the document as a model. Raises ContentError for the first thing that does not fit."""
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        raise document.error(*misfit(error.errors()[0], model)) from error
