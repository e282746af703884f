"""`cds-service explain`: how the patient of a file stands against every trial, as JSON or as tables to read."""

from __future__ import annotations

import codecs
import datetime as dt
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds_service.content import Content
from hooks import protocol
from hooks.prefetch import Templates, parts_of_file
from hooks.wording import plain
from mappings.evaluation import Evaluation
from mappings.fhir import Bundle, Part, decode, read_record
from mappings.kinds.observations import latest_results
from mappings.report import report_results
from mappings.truth import Strength
from mappings.verdicts import Group, Results, Status, TrialVerdict, Verdict
from terminology.errors import RecordError

ALONE = "one resource is no whole record"

STATUS_WORDS = {status: status.value.replace("-", " ") for status in Status}


class _Peek(msgspec.Struct, rename="camel"):
    """What tells a hook request from a resource."""

    hook: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    prefetch: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def evaluate_file(file: Path, *, content: Content, known: Templates, today: dt.date, trial: str | None) -> Results:
    """Return the verdicts of one file. trial: only this one.

    Raises RecordError: no such file, not JSON, no Patient.
    """
    parts, patient = _parts(_read(file), known)
    record = read_record(parts, vocabulary=content.vocabulary, today=today, patient_id=patient)
    results = content.catalogue.evaluate_all(record)
    if trial is None:
        return results
    return msgspec.structs.replace(
        results,
        trials=tuple(v for v in results.trials if v.trial.id == trial),
        triggers=tuple(v for v in results.triggers if v.trigger.trial == trial),
    )


def _read(file: Path) -> bytes:
    try:
        raw = file.read_bytes()
        return (gzip.decompress(raw) if file.suffix == ".gz" else raw).removeprefix(codecs.BOM_UTF8)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordError(getattr(error, "strerror", None) or "not a gzip file") from error


def _parts(raw: bytes, known: Templates) -> tuple[Sequence[Part], str | None]:
    """A file is the whole record; a hook request is what its prefetch brought, and names its patient."""
    try:
        peek = msgspec.json.decode(raw, type=_Peek)
    except msgspec.MsgspecError:
        peek = _Peek()
    except (UnicodeDecodeError, RecursionError) as error:
        raise RecordError("not JSON") from error
    if peek.hook is msgspec.UNSET and peek.prefetch is msgspec.UNSET:
        if _is_one_object_per_line(raw):
            raise RecordError("one JSON object per line: give it one resource or Bundle per file")
        body = decode(raw)
        return [Part(body, missing=None if isinstance(body, Bundle) else ALONE)], None
    try:
        envelope = protocol.decode_envelope(raw)
    except protocol.ProtocolError as error:
        raise RecordError(error.what) from error
    patient = envelope.context.patientId if envelope.context else None
    return parts_of_file(envelope.prefetch or {}, known), patient.removeprefix("Patient/") if patient else None


def _is_one_object_per_line(raw: bytes) -> bool:
    """Whether a file is NDJSON, as bulk exports are: its first two lines are each an object."""
    lines = raw.strip().split(b"\n", 2)[:2]
    try:
        return len([msgspec.json.decode(line, type=dict[str, msgspec.Raw]) for line in lines]) == 2
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def json_line(file: str, results: Results) -> str:
    """Return the verdicts as one JSON object on one line, with every member present."""
    return msgspec.json.encode({"file": file, **report_results(results)}).decode()


# For people


def show(file: str, results: Results, console: Console) -> None:
    """Print the verdicts as tables, readable without colour."""
    console.print(Text(f"{plain(file)}: {plain(results.record.patient)} on {results.record.today}", style="bold"))
    for note in results.notes:
        console.print(Text(f"  note ({note.reason}): {plain(note.what)}"))
    for trigger in results.triggers:
        says = f"  trigger {trigger.trigger.id}: {trigger.finding.truth.value}. {plain(trigger.finding.because)}"
        console.print(Text(says))
    for verdict in results.trials:
        _show_trial(verdict, results.view, console)
    console.print()


def _show_trial(verdict: TrialVerdict, view: Evaluation, console: Console) -> None:
    silent = f" (no card: {verdict.silent})" if verdict.silent else ""
    title = f"{verdict.trial.id}  {verdict.trial.short_title}: {STATUS_WORDS[verdict.status]}{silent}"
    console.print()
    console.print(Text(title, style="bold"))
    if verdict.status is Status.NOT_RELEVANT:
        return
    if shown := latest_results(view, verdict.trial.shown_results):
        console.print(Text(f"  latest on record, decides nothing: {plain('; '.join(map(str, shown)))}"))
    for group in Group:
        if listed := verdict.listed(group):
            console.print(Text(f"  {group.value} ({len(listed)})"))
            console.print(_table(listed))


def _table(verdicts: Sequence[Verdict]) -> Table:
    """Return a group's lines, the resources below the sentence: in a column of their own their names would be cut."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    table.add_column(width=4)
    table.add_column(width=5, no_wrap=True)
    table.add_column(width=7, no_wrap=True)
    table.add_column(overflow="fold")
    for verdict in verdicts:
        table.add_row(*(Text(cell) for cell in _cells(verdict)))
    return table


def _cells(verdict: Verdict) -> Iterator[str]:
    finding = verdict.finding
    yield ""
    yield verdict.criterion.id
    yield finding.truth.value
    presumed = " (presumed)" if finding.strength is Strength.PRESUMED else ""
    reason = f" ({finding.reason.value})" if finding.reason else ""
    yield "\n".join([f"{plain(verdict.because)}{presumed}{reason}", *map(plain, verdict.evidence)])
