"""The repository's frame: what a fresh clone needs in order to run, test and ship exactly what was tested."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("terminology", "mappings", "hooks", "cds_service")
LOCKS = ("build", "run", "postgres", "dev")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OWNERS = (
    "SNOMED International",
    "Regenstrief Institute",
    "World Health",
    "National Center for Health",
    "UCUM",
    "RxNorm",
)

OLD_PYTHON = f"""#!/bin/sh
[ "$1" = -V ] && {{ echo Python 3.10.14; exit 0; }}
exec "{sys.executable}" -c 'import sys; sys.version_info = (3, 10, 14); exec(sys.argv[1])' "$2"
"""
"""This Python, but for its version."""


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a terminal, not as a part of the `make test` that may be running these tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**inherited, **environment})


def lock(name: str) -> list[str]:
    """Return one logical line per package: requirement, marker and hashes."""
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, str]:
    """Return the version of each package, by normal name."""
    found = (re.match(r"([A-Za-z0-9._-]+)==([^\s;]+) ", line) for line in lock(name))
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def imported(package: str) -> set[str]:
    """Return the top-level names that the package's modules import absolutely."""
    names: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.partition(".")[0])
    return names


TARGETS = ["run", "test", "test-data", "hapi", "check", "fix", "bench", "fuzz", "soak", "lock"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
class TestMake:
    """`make` as someone meets it who has only Python and make."""

    def test_alone_lists_every_target_with_one_line(self) -> None:
        listed = re.findall(r"^make ([a-z-]+) +(\S.*)$", make().stdout, flags=re.MULTILINE)
        assert [name for name, _ in listed] == TARGETS

    @pytest.mark.parametrize("target", [target for target in TARGETS if target != "lock"])
    def test_the_targets_exist(self, target: str) -> None:
        assert make("--dry-run", target, "DATA=folder").returncode == 0

    def test_an_older_python_is_refused_in_one_clear_sentence(self, tmp_path: Path) -> None:
        old = tmp_path / "python3"
        old.write_text(OLD_PYTHON, encoding="utf-8")
        old.chmod(0o755)
        answer = make("run", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
        assert answer.returncode != 0
        assert f"Python 3.11 or newer is needed, and {old} is Python 3.10.14." in answer.stderr
        assert not (tmp_path / "venv").exists()

    def test_a_missing_python_is_named(self, tmp_path: Path) -> None:
        answer = make("run", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}")
        assert answer.returncode != 0
        assert "there is no no-such-python here" in answer.stderr

    def test_test_data_asks_for_its_folder(self, tmp_path: Path) -> None:
        for stamp in ("bin/python", "run.stamp", "dev.stamp"):
            (tmp_path / stamp).parent.mkdir(exist_ok=True)
            (tmp_path / stamp).touch()
        answer = make("test-data", f"VENV={tmp_path}")
        assert answer.returncode != 0
        assert "make test-data DATA=folder" in answer.stderr

    def test_the_service_is_bound_to_loopback_whatever_the_shell_calls_HOST(self) -> None:  # noqa: N802
        shown = make("--dry-run", "run", HOST="0.0.0.0")
        assert '--host "127.0.0.1"' in shown.stdout


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_an_exact_version_with_a_hash(name: str) -> None:
    lines = lock(name)
    assert len(pins(name)) == len(lines) > 0
    assert [line for line in lines if "--hash=sha256:" not in line] == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("run", PROJECT["dependencies"]),
        ("postgres", [*PROJECT["dependencies"], *EXTRAS["postgres"]]),
        ("dev", [*PROJECT["dependencies"], *EXTRAS["dev"], *EXTRAS["bench"], *EXTRAS["postgres"]]),
        ("build", ["hatchling>=1.27"]),
    ],
)
def test_a_lock_holds_what_pyproject_asks_for(name: str, wanted: list[str]) -> None:
    pinned = pins(name)
    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in locks/{name}.txt: make lock"
        assert version in requirement.specifier, f"{requirement} is not what locks/{name}.txt has: make lock"


def test_the_locks_agree_with_each_other() -> None:
    run, postgres, dev, build = pins("run"), pins("postgres"), pins("dev"), pins("build")
    assert run.items() <= postgres.items() <= dev.items()
    assert {name: dev[name] for name in build.keys() & dev.keys()} == {n: build[n] for n in build.keys() & dev.keys()}


def test_dependencies_have_lower_bounds_only() -> None:
    wanted = [*PROJECT["dependencies"], *EXTRAS["dev"], *EXTRAS["bench"], *EXTRAS["postgres"]]
    operators = {name: [s.operator for s in Requirement(name).specifier] for name in wanted}
    assert {name: found for name, found in operators.items() if found != [">="]} == {}


def test_whatever_the_packages_import_is_declared() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    owners = packages_distributions()
    foreign = set().union(*map(imported, PACKAGES)) - set(sys.stdlib_module_names) - set(PACKAGES)
    undeclared = {
        name for name in foreign if not declared & {canonicalize_name(owner) for owner in owners.get(name, ())}
    }
    assert undeclared == set()


def test_the_licence_is_the_whole_of_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "9. Accepting Warranty or Additional Liability." in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("owner", OWNERS)
def test_the_notice_names_who_owns_the_codes(owner: str) -> None:
    assert owner in (ROOT / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("trial", sorted(path.stem for path in (ROOT / "mappings" / "trials").glob("*.yaml")))
def test_notice_and_changelog_name_every_trial(trial: str) -> None:
    """NOTICE says where its text comes from, CHANGELOG what was added or changed of it."""
    for name in ("NOTICE", "CHANGELOG.md"):
        assert re.search(rf"\b{trial}\b", (ROOT / name).read_text(encoding="utf-8")), name


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_typed_and_says_what_it_is(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")))


def test_continuous_integration_runs_what_the_readme_says() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    lines = run.read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert any(line.startswith("make test ") for line in lines)
    assert "make check" in lines
    assert "export REQUIRE_POSTGRES=1 KILLS=200" in lines


def test_the_image_is_unprivileged_and_built_from_the_locks() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = text[text.rindex("\nFROM ") :]
    assert "--require-hashes -r locks/postgres.txt" in text
    assert re.search(r"^USER [1-9][0-9]*:", final, flags=re.MULTILINE)
    assert "/health/ready" in final
    assert "CDS_AUTH" not in final
