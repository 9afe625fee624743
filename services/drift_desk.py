"""Everything about drift in one place: built here for the server and for the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.codec import from_json, to_json
from data.drift import DriftReferenceStore, DriftRunStore
from data.features import FeatureStore
from data.records import DriftAsk, DriftRun, RunState, Schedule
from models import tasks
from models.weights import REFERENCE, opened
from reports.drift_columns import FEWEST
from services.culprits import CulpritFinder
from services.drift import JOB, Alarm, Drift
from services.drift_references import DriftReferences, TrainingFile
from services.drift_windows import LAST, Windows
from services.ground import Ground
from services.jobs import Jobs
from services.registry import Registry
from services.schedules import Default, Schedules

WEEKLY = "0 5 * * 1"


@dataclass(frozen=True)
class DriftDesk:
    """Drift runs, and the way from them to scans."""

    drift: Drift
    culprits: CulpritFinder
    windows: Windows


def drift_desk(ground: Ground, alarm: Alarm, jobs: Jobs | None = None) -> DriftDesk:
    """The services of drift; without `jobs` nothing is queued."""
    database, files = ground.database, ground.files
    windows = Windows(FeatureStore(database), ground.ledger, ground.judgements)
    training = training_file(ground.registry)
    references = DriftReferences(DriftReferenceStore(database), files, windows, training)
    drift = Drift(DriftRunStore(database), references, windows, ground.refusals, files, alarm, jobs)
    culprits = CulpritFinder(drift, windows, files)
    drift.when_settled(culprits.prepare)
    return DriftDesk(drift, culprits, windows)


def training_file(registry: Registry) -> TrainingFile:
    """Where a version's sample of its training data lies."""

    def found(task: str, version: str | None) -> tuple[str, Path | None]:
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

    return found


def schedule_drift(schedules: Schedules, desk: DriftDesk, tasks: Sequence[str]) -> None:
    """Let drift be run periodically, by default once a week for each task."""

    def run(schedule: Schedule) -> None:
        ask: DriftAsk = from_json(DriftAsk, schedule.ask)
        if desk.windows.count(ask.task) < 2 * FEWEST:  # a house that is new has nothing to compare yet
            schedules.succeeded(schedule.id)
        else:
            desk.drift.request(ask, schedule_id=schedule.id)

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
        JOB, run, _describer(desk), defaults=defaults, choices=_choices(desk, tasks), later=True
    )
    desk.drift.when_settled(settled)


def _choices(desk: DriftDesk, tasks: Sequence[str]) -> Callable[[], Sequence[str]]:
    """What can be scheduled: each task against its default, and against each reference that has a name."""

    def choices() -> list[str]:
        asks = [DriftAsk(task, last=LAST) for task in tasks]
        for task in tasks:
            asks += [DriftAsk(task, one.id, last=LAST) for one in desk.drift.references.all(task)]
        return [to_json(ask) for ask in asks]

    return choices


def _describer(desk: DriftDesk) -> Callable[[str], str]:
    def describe(text: str) -> str:
        ask: DriftAsk = from_json(DriftAsk, text)
        against = "the training data"
        if ask.reference_id is not None:
            known = {one.id: one.name for one in desk.drift.references.all(ask.task)}
            against = f"“{known.get(ask.reference_id, 'a reference that is gone')}”"
        return f"drift of {ask.task}: newest {ask.last or LAST:,} readings against {against}"

    return describe
