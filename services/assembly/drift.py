"""Everything about drift in one place: built here for the server and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.stores.drift import DriftReferenceStore, DriftRunStore
from data.stores.drift_limits import DriftLimitStore
from data.stores.features import FeatureStore
from data.stores.received import ReceivedStore
from models import tasks
from models.weights import REFERENCE, opened
from services.assembly.stores import Stores
from services.cohort.cohort import HiddenFrom, hidden_from_nobody
from services.drift.alerting import Alerting
from services.drift.exports import DriftExports
from services.drift.influential_scans import InfluenceRanking
from services.drift.limits import DriftLimits
from services.drift.references import DriftReferences, TrainingFile
from services.drift.runs import DriftRuns
from services.drift.segments import Segments
from services.drift.windows import Windows
from services.jobs import Jobs
from services.versions.registry import Registry


@dataclass(frozen=True)
class DriftServices:
    """Drift runs, and the way from them to scans."""

    runs: DriftRuns
    influential_scans: InfluenceRanking
    windows: Windows
    segments: Segments
    limits: DriftLimits
    exports: DriftExports

    def forget_rows(self) -> None:
        """Let go of what is remembered of runs and references, whose rows have changed."""
        self.influential_scans.forget()


def build_drift(
    stores: Stores, alerting: Alerting, jobs: Jobs | None = None, hidden: HiddenFrom = hidden_from_nobody
) -> DriftServices:
    """The services of drift; without `jobs` nothing is queued. `hidden` says what who is not to know yet."""
    database, files = stores.database, stores.files
    windows = Windows(FeatureStore(database), stores.ledger, stores.judgements)
    training = training_file(stores.registry)
    references = DriftReferences(DriftReferenceStore(database), files, windows, training)
    limits = DriftLimits(DriftLimitStore(database), stores.audit)
    runs = DriftRuns(
        DriftRunStore(database), references, windows, stores.refusals, files, alerting, jobs, limits
    )
    influential_scans = InfluenceRanking(runs, windows, files, hidden)
    runs.when_settled(influential_scans.prepare)
    senders = ReceivedStore(database).senders_of
    segments = Segments(influential_scans, stores.ledger, senders, hidden)
    return DriftServices(runs, influential_scans, windows, segments, limits, DriftExports(runs, stores.audit))


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
