"""What is learnt from this house's truths: retraining packs and retrainings, built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.records import DriftRun
from data.stores.retrainings import RetrainingStore
from services.alerts.alerts import Alerts
from services.assembly.drift import DriftServices
from services.assembly.stores import Stores
from services.assembly.versions import VersionServices
from services.burned_in_text.screening import PictureScreening
from services.jobs import Jobs
from services.retraining.calling import calls_deciders
from services.retraining.retrainings import Retrainings
from services.retraining.work import RetrainingWork
from services.training.retraining_pack import RetrainingPacks


@dataclass(frozen=True)
class TrainingServices:
    """Retraining packs."""

    packs: RetrainingPacks


def build_training(stores: Stores, jobs: Jobs, screening: PictureScreening) -> TrainingServices:
    """Put it together."""
    packs = RetrainingPacks(
        stores.scans,
        stores.results,
        stores.reviews,
        stores.patients,
        stores.files,
        stores.audit,
        screening,
        jobs,
    )
    return TrainingServices(packs)


def build_retrainings(
    stores: Stores,
    training: TrainingServices,
    versions: VersionServices,
    drift: DriftServices,
    jobs: Jobs,
    alerts: Alerts,
) -> Retrainings:
    """Put retrainings together."""

    def latest_drift(task: str) -> DriftRun | None:
        return next(iter(drift.runs.finished(task, 1)), None)

    store, call = RetrainingStore(stores.database), calls_deciders(alerts)
    work = RetrainingWork(
        stores.settings,
        store,
        stores.patients,
        training.packs,
        versions.registry,
        versions.serving,
        versions.rehearsals,
        jobs,
        call,
    )
    return Retrainings(
        store, stores.patients, versions.registry, versions.serving, latest_drift, work, call, stores.audit
    )
