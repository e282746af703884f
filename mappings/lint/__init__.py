"""The linter of content behind `cds-service check`: trials, triggers, value sets, sources and a site's file.

`read_subject` reads what is to be linted and reports what cannot be read; `lint` runs every check. To add a check: one
function that yields `Found`, its line in `CHECKS` of its module, a passing and a failing example in its spec table.
"""

from __future__ import annotations

from mappings.lint import content, logic, site, source, values
from mappings.lint.coverage import CoverageRow, coverage
from mappings.lint.problems import Check, Problem, Severity, Subject
from mappings.lint.reading import read_subject

CHECKS: tuple[Check, ...] = (*content.CHECKS, *logic.CHECKS, *values.CHECKS, *source.CHECKS, *site.CHECKS)
"""Every check, by module."""


def lint(subject: Subject) -> list[Problem]:
    """Return everything that is wrong, by file and line; only problems of severity `error` are faults."""
    found = [problem for check in CHECKS for problem in check.problems(subject)]
    return sorted(found, key=lambda p: (p.file, p.line, p.where, p.code))


__all__ = [
    "CHECKS",
    "Check",
    "CoverageRow",
    "Problem",
    "Severity",
    "Subject",
    "coverage",
    "lint",
    "read_subject",
]
