"""Verdicts as plain data: the form in which `explain --json` and a card's extension carry them."""

from __future__ import annotations

from typing import Any

import msgspec

from mappings.truth import Finding
from mappings.verdicts import Results, TrialVerdict, TriggerVerdict, Verdict


class FindingReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """One criterion, or one part of a compound, as it is reported."""

    id: str
    role: str
    truth: str
    because: str
    reason: str | None = None
    strength: str | None = None
    evidence: tuple[str, ...] = ()
    parts: tuple[FindingReport, ...] = ()


def report_verdict(verdict: Verdict) -> FindingReport:
    """Return a criterion's report; a compound's parts are numbered under its id (`I4.1`)."""
    found = _report(verdict.finding, verdict.criterion.id, verdict.criterion.role.value)
    if not verdict.shown:
        return found
    return msgspec.structs.replace(found, because=verdict.because, evidence=verdict.evidence)


def _report(finding: Finding, id_: str, role: str) -> FindingReport:
    return FindingReport(
        id=id_,
        role=role,
        truth=finding.truth.value,
        because=finding.because,
        reason=finding.reason.value if finding.reason else None,
        strength=finding.strength.value if finding.strength else None,
        evidence=finding.evidence,
        parts=tuple(_report(part, f"{id_}.{number}", role) for number, part in enumerate(finding.parts, 1)),
    )


def report_results(results: Results) -> dict[str, Any]:
    """Return everything of one patient with every member present (`null` where there is nothing)."""
    return {
        "evaluated_on": results.record.today.isoformat(),
        "patient": results.record.patient,
        "notes": [{"reason": note.reason, "what": note.what} for note in results.notes],
        "trials": [_report_trial(verdict) for verdict in results.trials],
        "triggers": [_report_trigger(verdict) for verdict in results.triggers],
    }


def _report_trial(verdict: TrialVerdict) -> dict[str, Any]:
    criteria = [_full(report_verdict(v)) for v in verdict.verdicts]
    return {"trial": verdict.trial.id, "status": verdict.status.value, "criteria": criteria}


def _report_trigger(verdict: TriggerVerdict) -> dict[str, Any]:
    finding = verdict.finding
    return {
        "trigger": verdict.trigger.id,
        "truth": finding.truth.value,
        "reason": finding.reason.value if finding.reason else None,
        "because": finding.because,
        "evidence": list(finding.evidence),
    }


def _full(report: FindingReport) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": report.id,
        "role": report.role,
        "truth": report.truth,
        "reason": report.reason,
        "strength": report.strength,
        "because": report.because,
        "evidence": list(report.evidence),
    }
    return {**found, "parts": [_full(part) for part in report.parts]} if report.parts else found
