"""`cds-service explain`: the JSON that other people's tools rely on, the tables, and what bad input answers."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.demo import WRITTEN_FOR, demo_patients, demo_request

DAY = WRITTEN_FOR.isoformat()
TRIAL = "NCT05797077"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo patients as Bundle files."""
    path = tmp_path_factory.mktemp("records")
    for name, bundle in demo_patients(WRITTEN_FOR).items():
        (path / f"{name}.json").write_bytes(bundle)
    return path


def explain(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["explain", "--on", DAY, *map(str, arguments)])


def as_json(*files: Path) -> list[dict[str, Any]]:
    result = explain("--json", *files)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def trial(answer: dict[str, Any], id_: str = TRIAL) -> dict[str, Any]:
    (found,) = [t for t in answer["trials"] if t["trial"] == id_]
    assert isinstance(found, dict)
    return found


STATUS = [
    ("trigger-positive", "likely-eligible", "true"),
    ("ctdna-negative", "ineligible", "false"),
    ("ecog-missing", "needs-data", "true"),
    ("no-ctdna-yet", "needs-data", "unknown"),
    ("r1-margin", "ineligible", "false"),
    ("unrelated", "not-relevant", "false"),
]


@pytest.mark.parametrize(("patient", "status", "truth"), STATUS)
def test_status_and_trigger(folder: Path, patient: str, status: str, truth: str) -> None:
    (answer,) = as_json(folder / f"{patient}.json")
    assert trial(answer)["status"] == status
    assert [(t["trigger"], t["truth"]) for t in answer["triggers"]] == [("ctdna-maintenance", truth)]


def test_the_members_of_the_json(folder: Path) -> None:
    file = folder / "ecog-missing.json"
    (answer,) = as_json(file)
    assert list(answer) == ["file", "evaluated_on", "patient", "notes", "trials", "triggers"]
    assert (answer["file"], answer["evaluated_on"]) == (str(file), DAY)
    assert answer["patient"].startswith("Patient/")
    members = {"id", "role", "truth", "reason", "strength", "because", "evidence"}
    for criterion in trial(answer)["criteria"]:
        assert criterion.keys() - {"parts"} == members
        assert (criterion["reason"] is not None) == (criterion["truth"] == "unknown")
    (ecog,) = [c for c in trial(answer)["criteria"] if c["id"] == "I4"]
    assert [part["id"] for part in ecog["parts"]] == ["I4.1", "I4.2"]


def test_every_trial_is_reported(folder: Path) -> None:
    (answer,) = as_json(folder / "unrelated.json")
    shipped = [file.name.removesuffix(".yaml") for file in (files("mappings") / "trials").iterdir()]
    assert sorted(each["trial"] for each in answer["trials"]) == sorted(shipped)


def test_one_object_per_file_in_their_order(folder: Path) -> None:
    files = [folder / "unrelated.json", folder / "trigger-positive.json"]
    assert [answer["file"] for answer in as_json(*files)] == [str(file) for file in files]


def test_a_compressed_file_is_read(folder: Path, tmp_path: Path) -> None:
    plain = folder / "trigger-positive.json"
    packed = tmp_path / "record.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert as_json(packed)[0]["trials"] == as_json(plain)[0]["trials"]


def verdicts(answer: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {c["id"]: (c["truth"], c["reason"]) for c in trial(answer)["criteria"]}


@pytest.mark.parametrize("rename", [lambda key: key, lambda key: f"my-{key}"], ids=["our keys", "other keys"])
def test_a_hook_request_is_read_whatever_its_keys_are_called(folder: Path, tmp_path: Path, rename: Any) -> None:
    request = demo_request("trigger-positive", WRITTEN_FOR)
    request["prefetch"] = {rename(key): value for key, value in request["prefetch"].items()}
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    (answer,) = as_json(file)
    assert verdicts(answer)["I3"] == ("true", None)
    assert verdicts(answer)["E2"] == ("false", None)
    assert answer["triggers"][0]["truth"] == "true"


def test_a_hook_request_without_a_key_is_not_complete(tmp_path: Path) -> None:
    request = demo_request("trigger-positive", WRITTEN_FOR)
    del request["prefetch"]["conditions"]
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    (answer,) = as_json(file)
    assert verdicts(answer)["E2"] == ("unknown", "incomplete")
    assert {"reason": "incomplete", "what": "Condition: not sent"} in answer["notes"]


BAD = [
    ("no.json", None, "No such file"),
    ("empty.json", b"", "not JSON"),
    ("text.json", b"hello", "not JSON"),
    ("list.json", b"[1]", "not a FHIR resource"),
    ("bytes.json", b'{"resourceType": "Patient", "id": "\xff"}', "not JSON"),
    ("deep.json", b'{"a":' + b"[" * 100_000, "not JSON"),
    ("object.json", b"{}", "no Patient"),
    ("bundle.json", b'{"resourceType": "Bundle", "type": "collection"}', "no Patient"),
    ("packed.json.gz", b"not gzip", "not a gzip file"),
    ("request.json", b'{"hook": "patient-view", "prefetch": {}}', "no Patient"),
]


@pytest.mark.parametrize(("name", "content", "why"), BAD)
def test_bad_input_is_one_line_and_other_files_are_still_answered(
    folder: Path, tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    result = explain("--json", file, folder / "unrelated.json")
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"cds-service: {file}: ")
    assert why in line


def test_only_one_trial(folder: Path) -> None:
    result = explain("--json", "--trial", TRIAL, folder / "trigger-positive.json")
    assert [t["trial"] for t in json.loads(result.stdout)["trials"]] == [TRIAL]


def test_the_tables_have_the_groups_and_every_criterion(folder: Path) -> None:
    shown = explain(folder / "ecog-missing.json").stdout
    for words in (f"{TRIAL}  ctDNA-guided maintenance", "needs data", "not known (1)", "met (", "for you to confirm ("):
        assert words in shown
    for id_ in verdicts(as_json(folder / "ecog-missing.json")[0]):
        assert f" {id_} " in shown
    assert "\x1b" not in shown


def test_text_of_the_record_is_no_markup_of_the_terminal(folder: Path, tmp_path: Path) -> None:
    bundle = json.loads((folder / "trigger-positive.json").read_text(encoding="utf-8"))
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Condition":
            entry["resource"]["code"]["text"] = "[bold]\x1b[31mred[/bold]"
    file = tmp_path / "record.json"
    file.write_text(json.dumps(bundle), encoding="utf-8")
    shown = explain(file).stdout
    assert "[bold]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(("columns", "whole"), [("80", True), ("130", True), ("200", True), ("30", False)])
def test_a_resource_is_named_whole_where_there_is_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch, columns: str, whole: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = explain(folder / "trigger-positive.json").stdout
    assert ("Condition/trigger-positive-liver-metastases" in shown) is whole


def test_one_resource_is_no_whole_record(tmp_path: Path) -> None:
    file = tmp_path / "patient.json"
    file.write_text('{"resourceType": "Patient", "id": "p", "birthDate": "1960-05-01"}')
    (answer,) = as_json(file)
    assert {criterion["truth"] for criterion in trial(answer)["criteria"] if criterion["id"].startswith("I2")} == {
        "unknown"
    }
    assert {note["what"].partition(": ")[2] for note in answer["notes"]} == {"one resource is no whole record"}
