"""The command `cds-service`: serve, explain, check, replay, sandbox."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import socket
import ssl
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from cds_service import check as checks
from cds_service import explain as explaining
from cds_service import logs
from cds_service.content import Content, load_content
from cds_service.sandbox_server import PUBLIC, Server, charts_of_demo, types_of
from cds_service.settings import (
    LOOPBACK,
    ContentSettings,
    Settings,
    SettingsError,
    load_content_settings,
    load_ledger_settings,
    load_settings,
    unknown_variables,
)
from hooks.prefetch import templates
from mappings.lint import CoverageRow
from terminology.errors import CdsError, RecordError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

OTHER_PORT = "Another port is named by `make run PORT=8081` or `--port 8081`."
OF_THE_PORT = frozenset({errno.EADDRINUSE, errno.EACCES})
"""What the system says where another port may help."""

PIPED_WIDTH = 110
BAD_INPUT = 2

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the system says of a place where output cannot go; nothing but output is written to a file by hand here."""


def main() -> None:
    """Run the command; a setting or content that cannot be used is one line on stderr and exit 2."""
    try:
        with _printing():
            app()
    except CdsError as error:
        _complain(str(error))
        sys.exit(BAD_INPUT)


class OutputError(CdsError):
    """Standard output cannot be written. why: as the system says it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"the output cannot be written: {self.why}"


@contextmanager
def _printing() -> Iterator[None]:
    """Let everything that is printed be written out. Raises OutputError."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # it may be closed
                sys.stdout.flush()
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails once more at its end
        raise OutputError(str(error.strerror)) from error


def _complain(what: str) -> None:
    print(f"cds-service: {what}", file=sys.stderr)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="Processes; as many as cores.")] = 1,
    ssl_certfile: Annotated[Path | None, typer.Option(help="Certificate for HTTPS.")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="Its private key.")] = None,
) -> None:
    """Run the service, set by the environment variables CDS_*."""
    # here: the other commands start without server and database
    from cds_service.app import create_app, patience
    from cds_service.connections import CONNECTIONS

    _check_certificate(ssl_certfile, ssl_keyfile)
    settings = load_settings()
    _check_free(host, port)
    logs.configure()
    _warn_of_unknown_variables()
    one = create_app(settings)
    _tell(settings, host, port, secure=ssl_certfile is not None)
    uvicorn.run(
        one if workers == 1 else "cds_service.app:from_environment",
        factory=workers > 1,
        host=host,
        port=port,
        workers=workers,
        ssl_certfile=ssl_certfile,
        ssl_keyfile=ssl_keyfile,
        timeout_graceful_shutdown=patience(settings),
        log_config=None,  # what uvicorn logs takes the way of all others' lines (`cds_service/logs.py`)
        log_level="warning",
        **CONNECTIONS,
    )


def _warn_of_unknown_variables() -> None:
    for name, nearest in unknown_variables().items():
        logs.tell(logs.EventLine(event="unknown-setting", setting=name, nearest=nearest))


def _check_free(host: str, port: int) -> None:
    """Raise SettingsError where nothing can listen: the server itself notices only after `_tell` named the address."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno in OF_THE_PORT:
            raise SettingsError("serve", f"{error.strerror}. {OTHER_PORT}") from error
        raise SettingsError("--host", f"'{host}' is not an address of this machine") from error


def _check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Raise SettingsError unless both can be used, or none is named: uvicorn would end in a traceback."""
    if certificate is None and key is not None:
        raise SettingsError("--ssl-keyfile", "needs --ssl-certfile beside it")
    if certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except OSError as error:
            why = "not PEM, or not a pair" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingsError("--ssl-certfile", f"{certificate}, or its key, cannot be used: {why}") from error


def _tell(settings: Settings, host: str, port: int, *, secure: bool) -> None:
    base = f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"Open {base}/{'' if settings.demo else 'cds-services'}", file=sys.stderr)
    if settings.auth == "off" and host not in LOOPBACK:
        _complain(f"CDS_AUTH=off: everyone who reaches {host}:{port} may ask.")


@app.command()
def explain(
    files: Annotated[list[Path], typer.Argument(help="Bundles, Patients or hook requests: .json or .json.gz.")],
    on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of evaluation.")] = None,
    trial: Annotated[str | None, typer.Option(help="Only this trial.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file, one per line.")] = False,
) -> None:
    """Show how the patient in each file stands against every trial."""
    settings = load_content_settings()
    today = _day(on) if on else _today(settings)
    content = load_content(settings)
    if trial is not None and trial not in content.catalogue.trials:
        raise RecordError(f"unknown trial '{trial}'; known: {', '.join(content.catalogue.trials)}")
    answered = [_explain(file, content, today, trial, as_json=as_json) for file in files]
    if not all(answered):
        raise typer.Exit(BAD_INPUT)


def _today(settings: ContentSettings) -> dt.date:
    return dt.datetime.now(zoneinfo.ZoneInfo(settings.time_zone)).date()


def _day(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RecordError(f"--on: '{text}' is not a day such as 2026-11-22") from None


def _explain(file: Path, content: Content, today: dt.date, trial: str | None, *, as_json: bool) -> bool:
    """Print one file's answer and return whether there is one."""
    known = templates(content.catalogue.trials.values(), content.vocabulary, content.maps)
    try:
        results = explaining.evaluate_file(file, content=content, known=known, today=today, trial=trial)
    except RecordError as error:
        _complain(f"{file}: {error}")
        return False
    if as_json:
        print(explaining.json_line(str(file), results))
    else:
        explaining.show(str(file), results, _console())
    return True


def _console() -> Console:
    width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
    return Console(width=width, highlight=False, markup=False, emoji=False)


@app.command()
def replay(card: Annotated[str, typer.Argument(help="The card's uuid.")]) -> None:
    """Show which rules gave a card, when, and whether the present ones are the same."""
    from cds_service import replay as replaying
    from cds_service.database import find_database

    settings = load_ledger_settings()
    kept = replaying.find_card(find_database(settings), card)
    for line in replaying.told(kept, load_content(settings)):
        print(line)


@app.command()
def check(
    coverage: Annotated[bool, typer.Option("--coverage", help="Show source line -> criterion -> tests.")] = False,
    tests: Annotated[Path, typer.Option(help="Folder of tests, for --coverage.")] = Path("tests/trials"),
) -> None:
    """Check trials, triggers, value sets, settings and installed names; exit 1 when something is wrong."""
    found = checks.problems()
    for line in (*found, *([] if found else checks.remarks())):
        print(line)
    if coverage and not found:
        _show_coverage(checks.coverage_rows(tests))
    if found:
        raise typer.Exit(1)
    print("All is well.")


def _show_coverage(rows: list[CoverageRow]) -> None:
    for row in rows:
        line, named = " ".join(row.source.text.split()), ", ".join(row.tests) or "no test"
        text = f"{line[:60]}{'…' if len(line) > 60 else ''}"
        print(f"{row.trial:20} {', '.join(row.criteria) or 'NOT ENCODED':28} {text:62} {named}")
    encoded = sum(row.complete for row in rows)
    tested = sum(bool(row.tests) for row in rows)
    print(f"{encoded} of {len(rows)} lines encoded, {tested} of {len(rows)} with a test.")


@app.command()
def sandbox(
    url: Annotated[str, typer.Argument(help="Base URL of an open FHIR R4 server.")] = PUBLIC,
    patient: Annotated[str | None, typer.Option(metavar="ID", help="A patient of that server; writes nothing.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Only delete the demo patients from there.")] = False,
) -> None:
    """Put the demo patients on a FHIR server and compare their cards by prefetch and by fetching; exit 1: different."""
    from cds_service import sandbox as sandboxes  # here: see serve

    today = _today(load_content_settings())
    server, charts = Server(url), charts_of_demo(today)
    server.check()
    if remove:
        print(f"Deleted from {server.base}: {server.remove(types_of(charts))} resources.")
        return
    if patient is None:
        for chart in charts.values():
            server.put(chart)
    else:
        server.check_patient(patient)
    if not sandboxes.compare_all(server, [patient] if patient else charts, today, _console()):
        raise typer.Exit(1)
