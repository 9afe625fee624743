"""What leaves the house to train on: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from services.assembly.stores import Stores
from services.burned_in_text.screening import PictureScreening
from services.jobs import Jobs
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
