"""The one error tree of the project.

Exceptions carry data, never sentences to parse; only floor 3 turns them into exit codes and HTTP statuses.

    CdsError
    ├── ContentError      a trial, trigger, value set or map that cannot be used (the start stops)
    ├── RecordError       a patient record that cannot be evaluated at all (no Patient, not FHIR)
    ├── SandboxError      a FHIR server that `cds-service sandbox` cannot use (cds_service/sandbox_server.py)
    ├── ProtocolError     a CDS Hooks request that cannot be answered (hooks/protocol.py)
    ├── SettingsError     a setting that is missing, contradictory or unsafe (cds_service/settings.py)
    ├── OutputError       an output that cannot be written (cds_service/cli.py)
    ├── LedgerError       a ledger that cannot be reached at the moment (cds_service/ledger.py)
    └── UnknownCard       a card that the ledger does not hold (cds_service/replay.py)
"""

from __future__ import annotations


class CdsError(Exception):
    """The root of every error that this project raises on purpose."""


class ContentError(CdsError):
    """Content that cannot be used; `where` is the criterion or element, `line` counts from 1 (0: not known)."""

    def __init__(self, file: str, line: int, where: str, what: str) -> None:
        super().__init__(file, line, where, what)
        self.file, self.line, self.where, self.what = file, line, where, what

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.where}: {self.what}" if self.where else f"{place}: {self.what}"


class RecordError(CdsError):
    """A patient record that cannot be evaluated; `what` holds no patient datum."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
