"""The house: imports go down, and only floor 3 touches network, environment, clock and storage."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("terminology", "mappings", "hooks", "cds_service")
SETTINGS = "cds_service/settings.py"

NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "requests",
    "httpx",
    "httpx2",
    "aiohttp",
    "fastapi",
    "starlette",
    "uvicorn",
}
MACHINE = {
    "sqlalchemy",
    "alembic",
    "psycopg",
    "sqlite3",
    "asyncio",
    "threading",
    "subprocess",
    "time",
    "zoneinfo",
    "os",
}
WORLD = NETWORK | MACHINE
"""Modules by which a program touches the world; floors below the third do not import them."""

CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def modules(*floors: str) -> Iterator[tuple[str, ast.Module]]:
    for floor in floors:
        for file in sorted((ROOT / floor).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of everything imported, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            module = node.module or ""
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def reads_clock(tree: ast.Module) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(f, ast.Attribute) and (_last(f.value), f.attr) in CLOCK for f in calls)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_go_down(floor: str) -> None:
    higher = FLOORS[FLOORS.index(floor) + 1 :]
    found = [(f, name) for f, tree in modules(floor) for name in imported(tree) if name.split(".")[0] in higher]
    assert found == []


def test_only_floor_3_touches_the_world() -> None:
    below = modules(*FLOORS[:3])
    found = [(f, name) for f, tree in below for name in imported(tree) if name.split(".")[0] in WORLD]
    assert found == []


def test_only_floor_3_reads_the_clock() -> None:
    assert [file for file, tree in modules(*FLOORS[:3]) if reads_clock(tree)] == []


def test_nothing_below_floor_3_is_async() -> None:
    kinds = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    found = [f for f, tree in modules(*FLOORS[:3]) if any(isinstance(node, kinds) for node in ast.walk(tree))]
    assert found == []


def test_only_settings_read_the_environment() -> None:
    """pydantic-settings reads it as well, so it too is imported there only."""
    found = {
        file
        for file, tree in modules(*FLOORS)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
        or (isinstance(node, ast.ImportFrom) and node.module == "pydantic_settings")
    }
    assert found == {SETTINGS}


def test_clinical_shapes_are_known_to_one_folder() -> None:
    found = [
        f
        for f, tree in modules(*FLOORS)
        if "mappings.fhir.shapes" in imported(tree) and not f.startswith("mappings/fhir/")
    ]
    assert found == []


def test_the_walk_sees_what_it_looks_for() -> None:
    tree = ast.parse("import os\nfrom hooks import x\nimport datetime as dt\ndt.date.today()\ndt.datetime.now()")
    assert list(imported(tree)) == ["os", "hooks", "hooks.x", "datetime"]
    assert reads_clock(tree)
    assert not reads_clock(ast.parse("parser.today()"))
