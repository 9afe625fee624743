"""Everything about model versions in one place: what serves, rehearsals, promotions, uploads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from data.records import ModelVersion
from data.stores.jobs import JobStore
from data.stores.promotions import PromotionStore
from data.stores.reruns import RerunStore
from models import tasks
from services.alerts.alerts import Alerts
from services.assembly.reading import ReadingServices
from services.assembly.reviewing import suspensions_of
from services.assembly.servers import ServerServices
from services.assembly.stores import Stores
from services.inference.engine import Engine
from services.jobs import Jobs
from services.reading.reader import Reader
from services.reviewing.blinding import Blinding
from services.reviewing.pictures import Pictures
from services.settings import Settings
from services.standing.suspensions import Suspensions
from services.versions.promotion import Promotions, Scoring
from services.versions.promotion_gate import Margins
from services.versions.registered_files import RegisteredFiles
from services.versions.registry import Registry
from services.versions.rehearsal_pictures import RehearsalPictures
from services.versions.rehearsals import Rehearsals
from services.versions.rehearser import Rehearser
from services.versions.reruns import Reruns
from services.versions.second_person import calls_second_person
from services.versions.serving import Serving
from services.versions.thresholds import OtherThresholds
from services.versions.uploads import ModelUploads

LIVE = "version.live"  # what servers tell each other: of a task another version answers


@dataclass(frozen=True)
class VersionServices:
    """The services behind the page of models."""

    registry: Registry
    registered_files: RegisteredFiles
    serving: Serving
    rehearsals: Rehearsals
    rehearsal_pictures: RehearsalPictures
    promotions: Promotions
    uploads: ModelUploads
    thresholds: OtherThresholds
    reruns: Reruns
    suspensions: Suspensions


def build_versions(
    stores: Stores,
    reading: ReadingServices,
    pictures: Pictures,
    jobs: Jobs,
    scoring: Scoring,
    blinding: Blinding,
    alerts: Alerts,
    servers: ServerServices,
) -> VersionServices:
    """Put it together; `scoring` says whether a version is being scored right now."""
    engine, reader = reading.engine, reading.reader
    settings, registry, audit, files = stores.settings, stores.registry, stores.audit, stores.files
    made = PromotionStore(stores.database)

    def noted(champion: ModelVersion) -> bool:
        """Of several servers one notes it, and none where another one of them moved the alias."""
        return servers.group.leads and not (servers.several and made.led_to(champion.name, champion.version))

    alone = servers.events.alone if servers.several else None
    serving = Serving(registry, engine, tasks.ALL.values(), audit, settings.registry_seconds, noted, alone)
    rehearsals = rehearsals_of(stores, engine, reader, serving, jobs)
    promotions = Promotions(
        made,
        registry,
        serving,
        rehearsals,
        audit,
        margins(settings),
        scoring,
        calls_second_person(alerts),
        servers.events.alone,
    )
    serving.tell(promotions.followed)
    promotions.tell(partial(servers.events.publish, LIVE))
    servers.events.subscribe(LIVE, serving.follow)
    return VersionServices(
        registry,
        RegisteredFiles(registry),
        serving,
        rehearsals,
        RehearsalPictures(rehearsals, pictures, files),
        promotions,
        ModelUploads(registry, engine, reader, tasks.ALL, audit),
        OtherThresholds(registry, audit),
        Reruns(
            RerunStore(stores.database),
            stores.results,
            stores.scans,
            files,
            registry,
            engine,
            reader,
            tasks.CLINICAL,
            blinding,
            jobs,
            audit,
        ),
        suspensions_of(stores),
    )


def rehearsals_of(stores: Stores, engine: Engine, reader: Reader, serving: Serving, jobs: Jobs) -> Rehearsals:
    """Rehearsals on these networks."""
    return Rehearsals(
        stores.registry,
        serving,
        engine,
        Rehearser(reader, stores.results, stores.reviews, stores.files),
        stores.scans,
        stores.worklist,
        stores.files,
        jobs,
        JobStore(stores.database),
        stores.audit,
    )


def margins(settings: Settings) -> Margins:
    """How much worse a candidate may be, as the settings say."""
    return Margins(
        recall=settings.gate_recall_percent / 100,
        dice=settings.gate_dice_percent / 100,
        least_truths=settings.gate_least_truths,
        specificity=settings.gate_specificity_percent / 100,
        outside=settings.gate_outside_percent / 100,
    )
