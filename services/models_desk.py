"""Everything about model versions in one place: what serves, rehearsals, promotions, uploads."""

from __future__ import annotations

from dataclasses import dataclass

from data.jobs import JobStore
from data.promotions import PromotionStore
from models import tasks
from services.gate import Margins
from services.ground import Ground
from services.inference.engine import Engine
from services.jobs import Jobs
from services.model_uploads import ModelUploads
from services.pictures import Pictures
from services.promotion import Promotions, Scoring
from services.reading import Reader
from services.rehearsal import Rehearsals
from services.rehearsal_pictures import RehearsalPictures
from services.rehearsing import Rehearser
from services.serving import Serving
from services.settings import Settings


@dataclass(frozen=True)
class ModelsDesk:
    """The services behind the page of models."""

    serving: Serving
    rehearsals: Rehearsals
    rehearsal_pictures: RehearsalPictures
    promotions: Promotions
    uploads: ModelUploads


def models_desk(
    ground: Ground, engine: Engine, reader: Reader, pictures: Pictures, jobs: Jobs, scoring: Scoring
) -> ModelsDesk:
    """Put it together; `scoring` says whether a version is being scored right now."""
    settings, registry, audit, files = ground.settings, ground.registry, ground.audit, ground.files
    serving = Serving(registry, engine, tasks.ALL.values(), audit, settings.registry_seconds)
    rehearser = Rehearser(reader, ground.results, ground.reviews, files)
    rehearsals = Rehearsals(
        registry,
        serving,
        engine,
        rehearser,
        ground.scans,
        ground.worklist,
        files,
        jobs,
        JobStore(ground.database),
        audit,
    )
    promotions = Promotions(
        PromotionStore(ground.database), registry, serving, rehearsals, audit, margins(settings), scoring
    )
    serving.tell(promotions.followed)
    return ModelsDesk(
        serving,
        rehearsals,
        RehearsalPictures(rehearsals, pictures, files),
        promotions,
        ModelUploads(registry, engine, reader, tasks.ALL, audit),
    )


def margins(settings: Settings) -> Margins:
    """How much worse a candidate may be, as the settings say."""
    return Margins(
        settings.gate_recall_percent / 100, settings.gate_dice_percent / 100, settings.gate_least_truths
    )
