"""Checks of a trial against its source: every line is encoded, every quotation stands there, nothing is presumed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mappings.kinds.observations import Measured, Observation
from mappings.lint.coverage import one_line, quoting, source_lines
from mappings.lint.problems import Check, Found, Severity, Subject

_REGISTRY_ID = re.compile(r"NCT\d{8}")


def source_files(subject: Subject) -> Iterator[Found]:
    """A trial names a source file that does not exist, or none at all."""
    for written in subject.written:
        if not written.trial.source_text:
            yield written.at(("source_text",), "names no source file")
        for name in written.trial.source_text:
            if name not in subject.sources:
                yield written.at(("source_text",), f"there is no source file '{name}'")


def lines_not_encoded(subject: Subject) -> Iterator[Found]:
    """A criteria line of a source of which some words stand in no criterion of its role."""
    for written in subject.written:
        for line in source_lines(subject, written):
            _, missing = quoting(line, written)
            if missing:
                yield Found(line.file, line.line, written.trial.id, f"no criterion quotes: {' '.join(missing)}")


def quotations_not_found(subject: Subject) -> Iterator[Found]:
    """A criterion's words that its source files do not hold, white space aside."""
    for written in subject.written:
        texts = [one_line(subject.sources.get(name, "")) for name in written.trial.source_text]
        for path, criterion in written.criteria():
            quoted = one_line(criterion.text)
            if criterion.source not in {"inferred", "site"} and not any(quoted in text for text in texts):
                yield written.at((*path, "text"), "its words stand in no source file", where=criterion.id)


def anchors_without_codes(subject: Subject) -> Iterator[Found]:
    """A trial none of whose anchors looks for a code: it would be relevant to every patient, or to none."""
    for written in subject.written:
        if not any(anchor.value_sets() for anchor in written.trial.anchor_statements):
            yield written.at(("anchors",), "no anchor looks for a code")


def registry_records(subject: Subject) -> Iterator[Found]:
    """A trial without registry id or without the day on which its status was read.

    A trial whose status is written as `unknown` says so on its cards: that is a note.
    """
    for written in subject.written:
        registry, id_ = written.trial.registry, written.trial.id
        severity = Severity.NOTE if registry.status == "unknown" else None
        if _REGISTRY_ID.fullmatch(id_) is None and registry.url is None:
            yield written.at(("registry",), "has no registry id", severity=severity)
        if registry.as_of is None:
            yield written.at(("registry", "status"), "the status has no date (`as_of`)", severity=severity)
        if _REGISTRY_ID.fullmatch(id_) and registry.url is not None and id_ not in registry.url:
            yield written.at(("registry", "url"), f"is not the record of {id_}")


def review_only_decides(subject: Subject) -> Iterator[Found]:
    """A trial whose source publishes no criteria, with something that decides as if it did."""
    review_only = {written.trial.id for written in subject.written if written.trial.review_only}
    for written in (one for one in subject.written if one.trial.review_only):
        if written.trial.exclusions_in_source:
            yield written.at(("review_only",), "claims exclusions in its source: `exclusions_in_source` must be false")
        for path, criterion in written.criteria():
            if criterion.source not in {"description", "inferred"}:
                yield written.at(
                    (*path, "source"), f"decides by a criterion of the {criterion.source}", where=criterion.id
                )
    for trigger, document in subject.triggers:
        if trigger.trial in review_only:
            yield Found(document.file, document.line(("trial",)), trigger.id, f"{trigger.trial} is review-only")


def presumed_results(subject: Subject) -> Iterator[Found]:
    """A result that is presumed when there is none: no test on record says nothing about its value."""
    for statement in subject.statements():
        kind = statement.kind
        tested = isinstance(kind, Measured) or (isinstance(kind, Observation) and bool(kind.value_set))
        if tested and isinstance(kind, Measured | Observation) and kind.absence == "presume-absent":
            yield statement.found("presumes a result that is not on record", "absence")


CHECKS = (
    Check("no-source-file", source_files, "Put the source's text, word for word, into `sources/` and name it"),
    Check(
        "line-not-encoded",
        lines_not_encoded,
        "Write a criterion with these words, of kind `human` if no record decides",
    ),
    Check("quotation-not-found", quotations_not_found, "Copy the words from the source; do not improve them"),
    Check("no-coded-anchor", anchors_without_codes, "Name a criterion that looks for the trial's disease or procedure"),
    Check("no-registry-record", registry_records, "Write the registry's url and the day on which it was read"),
    Check("review-only-decides", review_only_decides, "Remove it, or publish the criteria and drop `review_only`"),
    Check("presumes-a-result", presumed_results, "Write `absence: unknown` or `ask`"),
)
"""The checks of this module."""
