"""What was accepted is never lost, whatever is killed."""

from __future__ import annotations

import io
import threading
from pathlib import Path

from data.records import Role, ScanStatus, UploadState
from services.assembly.container import build_services
from services.settings import Settings
from services.versions import registry
from tests import phantoms
from tests.integration.servers import free_port
from tests.services.real import PATIENCE_S, person, running


def _settings(home: Path) -> Settings:
    return Settings(
        home=home,
        database_url=f"sqlite:///{home / 'lightbox.db'}",
        files_url=str(home / "files"),
        tracking_uri=f"sqlite:///{home / 'mlflow.db'}",
    )


def test_what_is_sent_in_the_first_second_waits_for_the_networks_and_is_read(tmp_path: Path) -> None:
    services, loaded = build_services(_settings(tmp_path)), threading.Event()
    try:
        services.start(once_loaded=loaded.set)
        assert services.reading.engine.loaded_tasks() == []
        assert not loaded.is_set()
        user = person(services, Role.CLINICIAN, "ada")
        content = phantoms.axial_png(phantoms.brain(lesion_mm=15))
        upload = services.reading.intake.receive(user, "slice.png", io.BytesIO(content))
        assert upload.state is UploadState.DONE
        assert services.jobs.wait_idle(PATIENCE_S)
        assert loaded.wait(PATIENCE_S)
        scan = services.reviewing.scan_views.scan(upload.scan_ids[0], user).scan
        assert scan.status is ScanStatus.READ
    finally:
        services.close()


def test_what_a_killed_server_had_accepted_is_read_by_the_next(tmp_path: Path) -> None:
    # A server that was killed before any of its threads did anything.
    killed = build_services(_settings(tmp_path))
    user = person(killed, Role.CLINICIAN, "ada")
    content = phantoms.axial_png(phantoms.brain(lesion_mm=15))
    upload = killed.reading.uploads.create(user, "slice.png", len(content))
    killed.reading.uploads.append(user, upload.id, 0, io.BytesIO(content))
    half = killed.reading.uploads.create(user, "half.png", len(content))
    killed.reading.uploads.append(user, half.id, 0, io.BytesIO(content[:100]))
    assert killed.reading.uploads.get(user, upload.id).state is UploadState.QUEUED
    killed.database.dispose()

    with running(tmp_path) as services:
        assert services.jobs.wait_idle(PATIENCE_S)
        done = services.reading.uploads.get(user, upload.id)
        assert done.state is UploadState.DONE
        assert services.reviewing.scan_views.scan(done.scan_ids[0], user).scan.status is ScanStatus.READ
        assert services.reading.uploads.get(user, half.id).offset == 100


def test_readings_go_on_while_the_registry_is_away(tmp_path: Path) -> None:
    with running(tmp_path, tracking_uri=f"http://127.0.0.1:{free_port()}") as services:
        ready = services.health.ready()
        assert ready["ready"] is True
        assert "cannot be reached" in str(ready["registry"])
        assert services.reading.engine.loaded("brain-tumour").version == registry.SHIPPED
