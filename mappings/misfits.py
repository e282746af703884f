"""What does not fit a model, in the words of those who write YAML: what is unknown, what is missing, what is known.

pydantic's own words name Python's types. All that is read from YAML is refused here, so that it is said one way.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ForwardRef, Union, get_args, get_origin

from pydantic import BaseModel, RootModel

from mappings.clinical_time import CalendarPeriod
from mappings.kinds import COMBINATORS, LEAVES, Kind, When

Path = tuple[str | int, ...]


class PlacedError(ValueError):
    """What is wrong further down than where it was noticed, as a whole sentence. below: the path from there."""

    def __init__(self, below: Path, what: str) -> None:
        super().__init__(what)
        self.below = below


KINDS: Mapping[str, type[Kind]] = {**LEAVES, **COMBINATORS}
"""The kinds of statements by the word that chooses each; pydantic names it in the place of an error."""

PERIOD = "a length of time in words is needed, such as `30 days` or `6 months`"
LIST = "a list is needed (one entry per line, each with a dash)"
MAPPING = "fields are needed, each as `name: value`"

WORDS = {
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "date_from_datetime_parsing": "a day is needed, such as 2026-01-31",
    "date_parsing": "a day is needed, such as 2026-01-31",
    "date_type": "a day is needed, such as 2026-01-31",
    "decimal_parsing": "a number is needed",
    "decimal_type": "a number is needed",
    "dict_type": MAPPING,
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "list_type": LIST,
    "mapping_type": MAPPING,
    "missing": "is missing",
    "model_attributes_type": MAPPING,
    "model_type": MAPPING,
    "named_tuple_type": PERIOD,
    "string_type": "text is needed; a number, or a word such as `no`, between quotation marks",
    "tuple_type": LIST,
}
"""pydantic's types of errors, in our words."""

COUNTED = {
    "too_short": "at least {min_length} must be written",
    "too_long": "at most {max_length} may be written",
    "string_too_short": "is too short: at least {min_length} characters",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_pattern_mismatch": "is not formed as it must be: {pattern}",
    "literal_error": "is not one of {expected}",
    "enum": "is not one of {expected}",
    "union_tag_invalid": "unknown kind '{tag}'",
}
"""Those whose words need what pydantic knows of them."""


def misfit(error: Mapping[str, Any], model: type[BaseModel]) -> tuple[Path, str]:
    """Return the path of what does not fit, and what is wrong there. error: one of pydantic's, of this model."""
    path, cause = tuple(error["loc"]), error.get("ctx", {}).get("error")
    if isinstance(cause, PlacedError):
        return (*path, *cause.below), str(cause)
    what = str(cause) if isinstance(cause, ValueError) else _said(error, model)
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return path, f"{name}: {what}" if name else what


def _said(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    above = _at(model, error["loc"][:-1])
    if kind == "extra_forbidden":
        return "unknown field" + _known(name for part in above for name in _fields(part))
    if CalendarPeriod in above:
        return PERIOD
    if kind == "union_tag_not_found":
        return "names no kind" + _known(KINDS)
    if kind in COUNTED:
        return COUNTED[kind].format_map(context) + (_known(KINDS) if kind == "union_tag_invalid" else "")
    return WORDS.get(kind) or str(error["msg"]).replace("Input should be", "must be")


def _known(names: Iterable[str]) -> str:
    known = ", ".join(names)
    return f"; known: {known}" if known else ""


def _fields(type_: Any) -> list[str]:
    return [info.alias or name for name, info in type_.model_fields.items()] if _is_model(type_) else []


def _at(type_: Any, path: Path) -> list[Any]:
    """Return the types that may stand where a path leads from a type."""
    found = _parts(type_)
    for step in path:
        chosen = KINDS.get(str(step))
        found = [chosen] if len(found) > 1 and chosen in found else [i for part in found for i in _below(part, step)]
    return found


def _below(type_: Any, step: str | int) -> list[Any]:
    """Return what a type has at a step: a field, an entry of a list or of a mapping."""
    if _is_model(type_):
        fields = type_.model_fields.items()
        return [part for name, info in fields if step in (info.alias, name) for part in _parts(info.annotation)]
    return [] if get_origin(type_) is None else _parts(get_args(type_)[-1 if isinstance(step, str) else 0])


def _parts(type_: Any) -> list[Any]:
    """Return the types that a type stands for: those of a union, what is annotated, else itself."""
    if isinstance(type_, ForwardRef):
        return _parts(When)
    if _is_model(type_) and issubclass(type_, RootModel):
        return _parts(type_.model_fields["root"].annotation)
    if get_origin(type_) is Annotated:
        return _parts(get_args(type_)[0])
    if get_origin(type_) in {Union, types.UnionType}:
        return [inner for part in get_args(type_) for inner in _parts(part)]
    return [type_]


def _is_model(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, BaseModel)
