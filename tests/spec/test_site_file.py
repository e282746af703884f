"""A site's file: what a hospital sets for itself, marked as its own, and refused where it names what does not exist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from cds_service.check import linted, remarks
from cds_service.content import Content, load_content, passed_over
from cds_service.demo import demo_patients
from cds_service.settings import ContentSettings
from hooks.trial_eligibility import cards
from mappings.fhir import Part, decode, read_record
from mappings.report import report_results
from mappings.verdicts import Results
from terminology.errors import ContentError

DAY = dt.date(2026, 11, 24)
RULE = """
trials:
  NCT05797077:
    contact: Trial office <b>ext. 123</b>
    rules:
      - id: S1
        role: exclusion
        source: site
        text: Platelets below 75
        when: {kind: measured, value_set: platelets, below: 75, unit: 10*9/L}
"""


def rule(when: str) -> str:
    """Return a file with one rule."""
    text = f"{{id: S1, role: inclusion, source: site, text: words, when: {when}}}"
    return f"trials:\n  NCT05797077:\n    rules:\n      - {text}\n"


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        file = tmp_path / "site.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


def content(file: Path | None = None) -> Content:
    return load_content(ContentSettings(site_file=file))


def results(loaded: Content, patient: str = "trigger-positive") -> Results:
    body = decode(demo_patients(DAY)[patient])
    return loaded.catalogue.evaluate(read_record([Part(body)], vocabulary=loaded.vocabulary, today=DAY))


def status(found: Results, trial: str) -> str:
    return next(v.status.value for v in found.trials if v.trial.id == trial)


def test_a_site_rule_is_one_more_criterion(write: Write) -> None:
    found = report_results(results(content(write(RULE))))
    trial = next(t for t in found["trials"] if t["trial"] == "NCT05797077")
    rule = trial["criteria"][-1]
    assert (rule["id"], rule["truth"], rule["reason"]) == ("S1", "unknown", "no-data")
    assert trial["status"] == "needs-data"
    assert status(results(content()), "NCT05797077") == "likely-eligible"


def test_a_card_marks_a_site_rule_and_names_the_contact_without_its_markup(write: Write) -> None:
    quiet = RULE.replace("role: exclusion", "role: exclusion\n        advisory: true")
    found = results(content(write(quiet)))
    detail = cards(found, found.view, 5)[0].detail or ""
    assert "**S1** (exclusion) (site rule) (advisory)" in detail
    assert "Open here: Trial office \\<b\\>ext. 123\\</b\\>." in detail


def test_a_recency_window_of_the_site_replaces_ours(write: Write) -> None:
    strict = results(content(write("recency: {ctdna-result: 10 days}")))
    trigger = strict.triggers[0].finding
    assert (trigger.truth.value, trigger.reason) == ("unknown", "stale")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cardcap: 3", "1: cardcap: cardcap: unknown field; known: recency, upper_limits, card_cap, trials, fatigue"),
        ("\nrecency: {ecog: 3 days}", "2: recency.ecog: unknown value set 'ecog'"),
        ("recency: {ctdna-result: 3000 years}", "1: recency.ctdna-result: ctdna-result: '3000 years' is longer than"),
        ("recency: {ctdna-result: 30}", "1: recency.ctdna-result: ctdna-result: a length of time in words is needed"),
        ("card_cap: 3\ntrials: {NCT00000000: {contact: x}}", "2: trials.NCT00000000: is no trial of the catalogue"),
        (RULE.replace("platelets,", "thrombocytes,"), "10: criterion S1: unknown value set 'thrombocytes'"),
        (RULE.replace("source: site", "source: seed"), "8: criterion S1: a site's own criterion has `source: site`"),
        (RULE.replace("S1", "E1"), "6: criterion E1: NCT05797077 has a criterion E1 of its own"),
        (RULE + RULE[RULE.index("      - id") :], "11: criterion S1: criterion S1 is written twice"),
        (RULE.replace("below", "under"), "10: criterion S1: under: unknown field; known: value_set, only_at"),
        (
            "upper_limits:\n  inr: {value: 1.2, unit: bananas}",
            "2: upper_limits.inr.unit: unit: 'bananas' is no unit of",
        ),
        (
            "upper_limits:\n  inr: {value: 1.2, unit: mg/dL}",
            "2: upper_limits.inr.unit: unit: 'mg/dL' is no unit of inr",
        ),
        ("upper_limits: {stroke: {value: 1, unit: mg/dL}}", "1: upper_limits.stroke.unit: unit: 'mg/dL' is no unit of"),
        (rule("{kind: condition}"), "4: criterion S1: when: a part of it names no value set"),
        (rule("{not: {kind: measured, above: 3, unit: g}}"), "4: criterion S1: when: a part of it names no value set"),
        ("fatigue:\n  bored: 3 days", "2: fatigue.bored: 'bored' is not a reason that our cards offer"),
        ("trials: 5", "1: trials: trials: fields are needed, each as `name: value`"),
    ],
)
def test_what_does_not_exist_stops_the_start(write: Write, text: str, says: str) -> None:
    with pytest.raises(ContentError) as caught:
        content(write(text))
    assert str(caught.value).startswith(f"site.yaml:{says}")


@pytest.mark.parametrize("unit", ["'{INR}'", "'1'", "ratio"])
def test_an_upper_limit_has_a_unit_of_its_analyte(write: Write, unit: str) -> None:
    policy = content(write(f"upper_limits: {{inr: {{value: 1.2, unit: {unit}}}}}")).site.policy()
    assert policy.upper_limits["inr"] == ("1.2", unit.strip("'"))


def copied(folder: Path, *names: str, file: str = "NCT05797077.yaml", old: str = "", new: str = "") -> Path:
    """Copy one of our trials into a folder under other file names."""
    text = (files("mappings") / "trials" / file).read_text(encoding="utf-8").replace(old, new)
    for name in names:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_trial_of_the_sites_folder_replaces_ours_of_the_same_id(tmp_path: Path) -> None:
    folder = copied(tmp_path, "other.yaml", old="short_title: ctDNA-guided", new="short_title: Our ctDNA-guided")
    loaded = load_content(ContentSettings(trials_dir=folder))
    assert loaded.catalogue.trials["NCT05797077"].short_title.startswith("Our ")


def test_two_files_of_one_folder_with_the_same_trial_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"^b\.yaml:2: id: NCT05797077 is in the file a\.yaml, too$"):
        load_content(ContentSettings(trials_dir=copied(tmp_path, "a.yaml", "b.yaml")))


PASSED_OVER = [
    "trials/T.yml",
    "trials/more/T.yaml",
    "trials/T.txt",
    "trials/sources/T.yaml",
    "sets/s.yaml",
    "maps/a/m.json",
]
READ = [
    "trials/T.yaml",
    "trials/sources/T.txt",
    "trials/..data/T.yaml",
    "trials/README.md",
    "sets/s.json",
    "maps/m.json",
]


def test_a_file_that_nothing_reads_is_named(tmp_path: Path) -> None:
    for name in (*PASSED_OVER, *READ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    trials, sets, maps = (tmp_path / name for name in ("trials", "sets", "maps"))
    found = passed_over(ContentSettings(trials_dir=trials, valuesets_dir=sets, conceptmaps_dir=maps))
    assert sorted(file.relative_to(tmp_path).as_posix() for file in found) == sorted(PASSED_OVER)


def test_a_folder_within_another_is_read_by_its_own_setting(tmp_path: Path) -> None:
    sets = tmp_path / "sets"
    sets.mkdir()
    (sets / "s.json").touch()
    assert passed_over(ContentSettings(trials_dir=tmp_path, valuesets_dir=sets)) == []


def test_what_something_else_reads_is_not_passed_over(tmp_path: Path) -> None:
    clients = tmp_path / "clients.yaml"
    clients.touch()
    assert passed_over(ContentSettings(valuesets_dir=tmp_path)) == [clients]
    assert passed_over(ContentSettings(valuesets_dir=tmp_path), [tmp_path / "x" / ".." / "clients.yaml"]) == []


def test_check_warns_of_a_file_that_nothing_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "T.yml").touch()
    monkeypatch.setenv("CDS_TRIALS_DIR", str(tmp_path))
    linted.cache_clear()
    assert f"{tmp_path}/T.yml: warning file-not-read: is passed over." in "\n".join(remarks())
    linted.cache_clear()


def test_the_linter_sees_a_rule_that_loosens(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    looser = RULE.replace("NCT05797077", "NCT06609434").replace("below: 75", "below: 20")
    monkeypatch.setenv("CDS_SITE_FILE", str(write(looser)))
    linted.cache_clear()
    assert "loosening-rule" in {problem.code for problem in linted()}
    linted.cache_clear()
