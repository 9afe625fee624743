"""Everything about drift in one place: built here for the server and for the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.codec import from_json, to_json
from data.records import DriftAsk, DriftRun, RunState, Schedule
from data.stores.drift import DriftReferenceStore, DriftRunStore
from data.stores.features import FeatureStore
from models import tasks
from models.weights import REFERENCE, opened
from reports.drift_columns import FEWEST
from services.assembly.stores import Stores
from services.cohort.cohort import HiddenFrom, hidden_from_nobody
from services.drift.alerting import Alerting
from services.drift.influential_scans import InfluenceRanking
from services.drift.references import DriftReferences, TrainingFile
from services.drift.runs import JOB, DriftRuns
from services.drift.windows import LAST, Windows
from services.jobs import Jobs
from services.schedules import Default, Schedules
from services.versions.registry import Registry

WEEKLY = "0 5 * * 1"


@dataclass(frozen=True)
class DriftServices:
    """Drift runs, and the way from them to scans."""

    runs: DriftRuns
    influential_scans: InfluenceRanking
    windows: Windows


def build_drift(
    stores: Stores, alerting: Alerting, jobs: Jobs | None = None, hidden: HiddenFrom = hidden_from_nobody
) -> DriftServices:
    """The services of drift; without `jobs` nothing is queued. `hidden` says what who is not to know yet."""
    database, files = stores.database, stores.files
    windows = Windows(FeatureStore(database), stores.ledger, stores.judgements)
    training = training_file(stores.registry)
    references = DriftReferences(DriftReferenceStore(database), files, windows, training)
    runs = DriftRuns(DriftRunStore(database), references, windows, stores.refusals, files, alerting, jobs)
    influential_scans = InfluenceRanking(runs, windows, files, hidden)
    runs.when_settled(influential_scans.prepare)
    return DriftServices(runs, influential_scans, windows)


def training_file(registry: Registry) -> TrainingFile:
    """Where a version's sample of its training data lies."""

    def reference_of(task: str, version: str | None) -> tuple[str, Path | None]:
        if version is None:
            trained, version = registry.local(task)
        else:
            trained = registry.files(registry.version(task, version))
        shipped = tasks.ALL[task].folder
        folders = [trained.folder]
        if opened(shipped).sha256 == trained.sha256:  # registered before references came with versions
            folders.append(shipped)
        files = [folder / REFERENCE for folder in folders]
        return version, next((file for file in files if file.exists()), None)

    return reference_of


def schedule_drift(schedules: Schedules, drift: DriftServices, tasks: Sequence[str]) -> None:
    """Let drift be run periodically, by default once a week for each task."""

    def run(schedule: Schedule) -> None:
        ask: DriftAsk = from_json(DriftAsk, schedule.ask)
        if drift.windows.count(ask.task) < 2 * FEWEST:  # a house that is new has nothing to compare yet
            schedules.succeeded(schedule.id)
        else:
            drift.runs.request(ask, schedule_id=schedule.id)

    def settled(finished: DriftRun) -> None:
        if finished.schedule_id is not None and finished.state is RunState.DONE:
            schedules.succeeded(finished.schedule_id)
        elif finished.schedule_id is not None:
            schedules.failed(finished.schedule_id, finished.failure or "The run failed.")

    asks = [to_json(DriftAsk(task, last=LAST)) for task in tasks]
    defaults = [
        Default(f"Weekly drift of {task}", ask, WEEKLY) for task, ask in zip(tasks, asks, strict=True)
    ]
    schedules.register(
        JOB, run, _describer(drift), defaults=defaults, choices=_choices(drift, tasks), later=True
    )
    drift.runs.when_settled(settled)


def _choices(drift: DriftServices, tasks: Sequence[str]) -> Callable[[], Sequence[str]]:
    """What can be scheduled: each task against its default, and against each reference that has a name."""

    def choices() -> list[str]:
        asks = [DriftAsk(task, last=LAST) for task in tasks]
        for task in tasks:
            asks += [DriftAsk(task, reference.id, last=LAST) for reference in drift.runs.references.all(task)]
        return [to_json(ask) for ask in asks]

    return choices


def _describer(drift: DriftServices) -> Callable[[str], str]:
    def describe(text: str) -> str:
        ask: DriftAsk = from_json(DriftAsk, text)
        against = "the training data"
        if ask.reference_id is not None:
            known = {reference.id: reference.name for reference in drift.runs.references.all(ask.task)}
            against = f"“{known.get(ask.reference_id, 'a reference that is gone')}”"
        return f"drift of {ask.task}: newest {ask.last or LAST:,} readings against {against}"

    return describe
