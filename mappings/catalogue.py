"""The catalogue: all trials and triggers, compiled once at the start, and how a patient stands against them.

Criteria that say the same become one object over all trials, so a patient's evaluation decides each once. A trial is
looked at only when the patient's codes touch its anchors, or could: `evaluate` uses the index, `evaluate_all` does not;
what they say of a trial is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, TypeVar

from mappings import truth
from mappings.compiled import EMPTY, CompiledTrial, compile_trial
from mappings.evaluation import Evaluation, Policy
from mappings.facts import Note, PatientRecord
from mappings.kinds.base import Coded, Part, Phrase
from mappings.kinds.events import Event
from mappings.kinds.studies import ENROLLED, of_study
from mappings.misfits import Path, PlacedError
from mappings.trials import AtSite, Criterion, SiteTrial, Trial, Trigger, load_trial, load_trigger
from mappings.truth import Finding, Truth
from mappings.verdicts import Results, Status, TrialVerdict, TriggerVerdict, Verdict
from mappings.yaml_content import Document
from terminology.resources import Folder
from terminology.valuesets import Vocabulary

P = TypeVar("P", bound=Part)


class Catalogue:
    """Trials and triggers, ready to be asked.

    vocabulary: the value sets that some criterion asks for.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        triggers: Sequence[Trigger],
        vocabulary: Vocabulary,
        policy: Policy,
    ) -> None:
        asked = {name for trial in trials for name in trial.value_sets}
        self.vocabulary, self.policy = vocabulary.narrowed(asked), policy
        shared: dict[Any, Any] = {}
        self.trials = {trial.id: _sharing(trial, shared) for trial in trials}
        self.triggers = tuple(triggers)
        self._known: dict[object, Any] = {}
        empty = Evaluation(EMPTY, self.vocabulary, policy, self._known)
        self._compiled = {trial.id: compile_trial(trial, empty) for trial in self.trials.values()}
        self._by_anchor = _anchor_index(self._compiled.values())
        self._always = {id_ for id_, compiled in self._compiled.items() if compiled.is_always_relevant()}
        self._types = {id_: compiled.anchor_types() for id_, compiled in self._compiled.items()}

    def evaluate(self, record: PatientRecord, *, shown_only: bool = False) -> Results:
        """Return the verdicts of the trials that may be relevant, and of their triggers.

        shown_only: a trial that is ruled out is not looked at further, since nothing of it is shown.
        """
        return self._results(record, self.candidates(record), shown_only=shown_only)

    def evaluate_all(self, record: PatientRecord) -> Results:
        """Return the verdicts of every trial and trigger."""
        return self._results(record, self.trials.values())

    def candidates(self, record: PatientRecord) -> list[Trial]:
        """Return the trials whose anchors the record touches, or could touch since it is not complete."""
        names = {id_ for set_ in record.touched for id_ in self._by_anchor.get(set_, ())} | self._always
        if record.incomplete:
            names |= {id_ for id_, types in self._types.items() if not types.isdisjoint(record.incomplete)}
        return [trial for id_, trial in self.trials.items() if id_ in names]

    def _results(self, record: PatientRecord, trials: Iterable[Trial], *, shown_only: bool = False) -> Results:
        view = Evaluation(record, self.vocabulary, self.policy, self._known)
        verdicts = {trial.id: evaluate_trial(self._compiled[trial.id], view, shown_only=shown_only) for trial in trials}
        triggers = [t for t in self.triggers if t.trial in verdicts]
        if shown_only:  # a trial that is not relevant was not looked at, and its trigger is FALSE
            triggers = [t for t in triggers if verdicts[t.trial].status is not Status.NOT_RELEVANT]
        return Results(
            view,
            tuple(verdicts.values()),
            tuple(evaluate_trigger(trigger, verdicts[trigger.trial]) for trigger in triggers),
            (*record.notes, *_silences(verdicts.values())),
        )


def evaluate_trial(compiled: CompiledTrial, view: Evaluation, *, shown_only: bool = False) -> TrialVerdict:
    """Return how the patient in view stands against a trial; `shown_only` stops where it is ruled out."""
    trial = compiled.trial
    relevant = all(anchor.finding(view).truth is not Truth.FALSE for anchor in compiled.anchors)
    verdicts: list[Verdict] = []
    fails: list[Verdict] = []
    open_: list[Verdict] = []
    for line in compiled.lines if relevant or not shown_only else ():
        verdict = line.verdict(view)
        verdicts.append(verdict)
        if verdict.blocks:
            open_.append(verdict)
        elif verdict.fails:
            fails.append(verdict)
            if shown_only:
                break
    status = _status(trial, failed=bool(fails), open_=bool(open_)) if relevant else Status.NOT_RELEVANT
    return TrialVerdict(trial, status, tuple(verdicts), tuple(fails), tuple(open_), _silence(trial, view.record))


def _status(trial: Trial, *, failed: bool, open_: bool) -> Status:
    if failed:
        return Status.INELIGIBLE
    if trial.review_only:
        return Status.REVIEW_ONLY
    return Status.NEEDS_DATA if open_ or not trial.exclusions_in_source else Status.LIKELY_ELIGIBLE


def _silence(trial: Trial, record: PatientRecord) -> str | None:
    if record.deceased:
        return "deceased"
    if any(s.status in ENROLLED and of_study(s.studies, trial.id) for s in record.studies):
        return "enrolled"
    return f"the trial is {trial.registry.status}" if trial.registry.ended else None


def _silences(verdicts: Iterable[TrialVerdict]) -> tuple[Note, ...]:
    relevant = [v for v in verdicts if v.silent and v.status is not Status.NOT_RELEVANT]
    if any(v.silent == "deceased" for v in relevant):
        return (Note("deceased", "The patient is recorded as deceased: no card is given."),)
    return tuple(
        Note("enrolled", f"Already in {v.trial.id}: no card is given.")
        if v.silent == "enrolled"
        else Note("trial-ended", f"{v.trial.id}: {v.silent}, no card is given.")
        for v in relevant
    )


def evaluate_trigger(trigger: Trigger, verdict: TrialVerdict) -> TriggerVerdict:
    """Return whether the trigger's criteria are met; any definite fail of its trial makes it FALSE."""
    if verdict.fails:
        failed = verdict.fails[0]
        says = (
            "{} {} rules the trial out: {}",
            verdict.trial.id,
            failed.criterion.id,
            failed.finding.because,
        )
        found = Finding(Truth.FALSE, says, failed.finding.facts, None, failed.finding.strength, failed.finding.parts)
    else:
        found = truth.all_of([verdict.verdict(id_).finding for id_ in trigger.requires])
    return TriggerVerdict(trigger, verdict, found)


def _sharing(trial: Trial, shared: dict[Any, Any]) -> Trial:
    """Return the trial with every criterion that was seen before replaced by the one object that says it."""
    criteria = tuple(c.model_copy(update={"when": _share(c.when, shared)}) for c in trial.criteria)
    return trial.model_copy(update={"criteria": criteria})


def _share(part: P, shared: dict[Any, Any]) -> P:
    """Return the part with every part of it that was seen before replaced by the one object that says it."""
    fields = {name: _shared(getattr(part, name), shared) for name in type(part).model_fields}
    same: P = shared.setdefault(part, type(part).model_construct(**fields))
    return same


def _shared(value: Any, shared: dict[Any, Any]) -> Any:
    if isinstance(value, Part):
        return _share(value, shared)
    if isinstance(value, tuple) and any(isinstance(item, Part) for item in value):
        return tuple(_share(item, shared) for item in value)
    return value


def _anchor_index(trials: Iterable[CompiledTrial]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for compiled in trials:
        for name in compiled.touched_by():
            found.setdefault(name, []).append(compiled.trial.id)
    return found


def load_catalogue(
    vocabulary: Vocabulary,
    policy: Policy,
    trial_folders: Sequence[Folder] = (),
    trigger_folders: Sequence[Folder] = (),
    at_site: AtSite | None = None,
) -> Catalogue:
    """Return the catalogue of the package, with a site's own folders added; a trial of the same id is replaced.

    at_site: the contacts and the rules that a site adds to trials.
    Raises ContentError with file, line and criterion for content that cannot be used.
    """
    trials: dict[str, Trial] = {}
    for folder in (files("mappings") / "trials", *trial_folders):
        trials |= _trials(folder, vocabulary)
    triggers: dict[str, Trigger] = {}
    for folder in (files("mappings") / "triggers", *trigger_folders):
        triggers |= _triggers(folder, trials)
    here = _at_site(trials, at_site) if at_site else trials
    return Catalogue(list(here.values()), list(triggers.values()), vocabulary, policy)


def _trials(folder: Folder, vocabulary: Vocabulary) -> dict[str, Trial]:
    """Return a folder's trials by their ids; two of one id are an error, since one of them would never be seen."""
    found: dict[str, tuple[Trial, Document]] = {}
    for file in yaml_files(folder):
        trial, document = load_trial(file)
        _check_once(trial.id, document, found)
        _check_names(trial, document, vocabulary)
        _check_sought(trial.criteria, document, ("criteria",))
        found[trial.id] = trial, document
    return {id_: trial for id_, (trial, _) in found.items()}


def _triggers(folder: Folder, trials: Mapping[str, Trial]) -> dict[str, Trigger]:
    found: dict[str, tuple[Trigger, Document]] = {}
    for file in yaml_files(folder):
        trigger, document = load_trigger(file)
        _check_once(trigger.id, document, found)
        _check_trigger(trigger, document, trials)
        found[trigger.id] = trigger, document
    return {id_: trigger for id_, (trigger, _) in found.items()}


def _check_once(id_: str, document: Document, found: Mapping[str, tuple[Part, Document]]) -> None:
    if id_ in found:
        raise document.error(("id",), f"{id_} is in the file {found[id_][1].file}, too")


def _at_site(trials: Mapping[str, Trial], at_site: AtSite) -> dict[str, Trial]:
    """Return the trials with what a site's file adds to them."""
    here = dict(trials)
    for id_, site in at_site.trials.items():
        if id_ not in trials:
            raise at_site.document.error(("trials", id_), "is no trial of the catalogue")
        here[id_] = _with_rules(trials[id_], site, at_site.document)
    return here


def _with_rules(trial: Trial, site: SiteTrial, document: Document) -> Trial:
    _check_sought(site.rules, document, ("trials", trial.id, "rules"))
    try:
        return trial.at_site(site)
    except PlacedError as error:
        raise document.error(("trials", trial.id, *error.below), str(error)) from None


def yaml_files(folder: Folder) -> list[Folder]:
    """Return the `*.yaml` of a folder, by name."""
    return sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)


def _check_names(trial: Trial, document: Document, vocabulary: Vocabulary) -> None:
    for path, names in (
        (("shown_results",), frozenset(trial.shown_results)),
        *((("criteria", index), criterion.value_sets) for index, criterion in enumerate(trial.criteria)),
    ):
        for name in sorted(names - vocabulary.value_sets.keys()):
            raise document.error(path, f"unknown value set '{name}'")


def _check_sought(criteria: Sequence[Criterion], document: Document, listed: Path) -> None:
    """Raise ContentError where a statement looks for codes and names none: no card could say what it looks for."""
    for index, criterion in enumerate(criteria):
        if any(isinstance(part, Coded) and not (part.label or part.codes) for part in _within(criterion.when)):
            raise document.error((*listed, index, "when"), "when: a part of it names no value set")


def _within(part: Phrase) -> Iterator[Phrase]:
    """Yield the statements in a statement, itself included; an event is called by its name."""
    yield part
    for inner in part.inside():
        if not isinstance(inner, Event):
            yield from _within(inner)


def _check_trigger(trigger: Trigger, document: Document, trials: Mapping[str, Trial]) -> None:
    if trigger.trial not in trials:
        raise document.error(("trial",), f"unknown trial '{trigger.trial}'")
    known = {criterion.id for criterion in trials[trigger.trial].criteria}
    named = {name: getattr(trigger, name) for name in ("requires", "may_be_open", "operation", "sample")}
    for name, ids in named.items():
        for id_ in (ids,) if isinstance(ids, str) else ids:
            if id_ not in known:
                raise document.error((name,), f"{trigger.trial} has no criterion {id_}")
