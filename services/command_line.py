"""Services one at a time for commands, which may work beside a server on the same home folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data.alerts import AlertStore
from models import tasks
from services.alerts import Alerts
from services.demo import Demo
from services.drift_desk import DriftDesk, drift_desk
from services.ground import Ground, device_of, registry_of, standing
from services.importing import Importing
from services.jobs import Jobs
from services.model_uploads import ModelUploads
from services.reading import Batcher, Reader
from services.settings import Settings
from services.telling import Telling, addresses


@contextmanager
def importing_alone(settings: Settings, *, reads: bool) -> Iterator[Importing]:
    """Imports; the networks are loaded only for what `reads`: pausing and looking need none."""
    with standing(settings) as ground, _keeping(ground, reads) as reader:
        yield Importing(settings, ground.database, ground.files, reader)


@contextmanager
def demo_alone(settings: Settings, *, reads: bool) -> Iterator[Demo]:
    """The demonstration; the networks are loaded only for what `reads`: removing needs none."""
    with standing(settings) as ground, _keeping(ground, reads) as reader:
        yield Demo(settings, ground.database, ground.files, reader)


@contextmanager
def model_uploads_alone(settings: Settings) -> Iterator[ModelUploads]:
    """Registering of versions."""
    with standing(settings) as ground:
        engine, batcher = device_of(settings)
        batcher.start()
        try:
            yield ModelUploads(ground.registry, engine, Reader(engine, batcher), tasks.ALL, ground.audit)
        finally:
            batcher.stop()


@contextmanager
def drift_alone(settings: Settings) -> Iterator[DriftDesk]:
    """Drift runs that are waited for."""
    with standing(settings) as ground:
        yield drift_desk(ground, alerts_of(ground))


def alerts_of(ground: Ground, jobs: Jobs | None = None) -> Alerts:
    """The alarms; without `jobs` the running server tells of them."""
    settings = ground.settings
    telling = Telling(addresses(settings.alerts), settings.public_url)
    return Alerts(AlertStore(ground.database), ground.audit, telling, jobs, settings.public_url)


@contextmanager
def _keeping(ground: Ground, reads: bool) -> Iterator[Reader | None]:
    """A reader for those who keep results, None unless it `reads`.

    The networks are registered where that has not been done yet, so that results name the version that
    the server will show.
    """
    if not reads:
        yield None
        return
    engine, batcher = device_of(ground.settings)
    ground.registry.load_all(engine)
    batcher.start()
    try:
        yield Reader(engine, batcher)
    finally:
        batcher.stop()


def build_reader(settings: Settings) -> tuple[Reader, Batcher]:
    """A reader on the models that this machine knows; asks no server and needs no database."""
    engine, batcher = device_of(settings)
    registry = registry_of(settings)
    for task in tasks.ALL.values():
        engine.place(task, *registry.local(task.name))
    batcher.start()
    return Reader(engine, batcher), batcher
