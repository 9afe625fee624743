"""From bytes to a result: built here for the server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from data.errors import ModelUnavailable
from data.records import Scan
from data.stores.features import FeatureStore
from data.stores.uploads import UploadStore
from services.assembly.parts import Parts
from services.assembly.servers import ServerServices
from services.assembly.stores import Stores
from services.inference.engine import Engine
from services.jobs import Jobs
from services.reading.cancelling import Cancellation
from services.reading.comparison import ComparisonReadings
from services.reading.features import FeatureCompletion
from services.reading.intake import Intake
from services.reading.reader import Batcher, Reader
from services.reading.reading import Reading
from services.reading.suitability_gate import SuitabilityGate
from services.reading.uploads import Uploads


@dataclass(frozen=True)
class ReadingServices:
    """What takes scans in and reads them."""

    uploads: Uploads
    cancellation: Cancellation
    intake: Intake
    readings: Reading
    features: FeatureCompletion
    comparisons: ComparisonReadings
    reader: Reader
    engine: Engine
    batcher: Batcher

    def live(self, task: str) -> str | None:
        """The version that answers for a task right now; None while none is loaded."""
        with suppress(ModelUnavailable):
            return self.engine.loaded(task).version
        return None

    def resume(self) -> None:
        """Queue again what the last run of this server left unfinished."""
        self.intake.resume()
        self.readings.resume()

    def take_up(self) -> None:
        """Queue what an outage kept from being queued; once a minute."""
        self.intake.take_up()
        self.readings.take_up()


def build_reading(
    stores: Stores, jobs: Jobs, parts: Parts, servers: ServerServices, arrived: Callable[[Scan], None]
) -> ReadingServices:
    """Put it together; the device has no networks yet, and nothing is started.

    `arrived` is told of each uploaded scan before it is read.
    """
    settings, scans, results, files = stores.settings, stores.scans, stores.results, stores.files
    engine, batcher = parts.device(settings, parts.turns())
    reader, uploads = Reader(engine, batcher), UploadStore(stores.database)
    readings = parts.readings(reader, scans, results, files, jobs, most_queued=settings.max_queued_scans)
    gate = SuitabilityGate(reader)
    intake = parts.intake(
        settings,
        uploads,
        scans,
        stores.patients,
        files,
        gate,
        readings,
        jobs,
        stores.audit,
        arrived,
        parts.turns(),
        server_id=servers.group.id,
    )
    cancellation = Cancellation(scans, stores.audit, jobs)
    return ReadingServices(
        uploads=Uploads(uploads, scans, intake, jobs, cancellation, settings.max_scan_bytes, servers.group),
        cancellation=cancellation,
        intake=intake,
        readings=readings,
        comparisons=ComparisonReadings(engine, reader, scans, results, files, jobs, servers.events),
        features=FeatureCompletion(FeatureStore(stores.database), results, scans, files, jobs),
        reader=reader,
        engine=engine,
        batcher=batcher,
    )
