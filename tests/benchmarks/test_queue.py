"""One film behind nine queued volumes: seconds from its upload to its kept result, printed."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest

from data.records import Role, ScanStatus
from data.stores.scans import ScanStore
from services.assembly.container import Services
from tests.benchmarks.test_import import XRAYS
from tests.benchmarks.test_inference import _volume
from tests.services.real import person, running, send

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

VOLUMES, FILMS = 9, 5


def test_a_film_behind_nine_volumes(tmp_path: Path) -> None:
    films = sorted(XRAYS.rglob("*.jpg"))[: FILMS + 2]
    if not films:
        pytest.skip(f"no films in {XRAYS}")
    volumes = [_volume(number) for number in range(VOLUMES)]
    with running(tmp_path / "home", backend="auto") as services:
        while not all(choice.settled for choice in services.reading.engine.choices().values()):
            time.sleep(1)
        user = person(services, Role.CLINICIAN, "ada")
        send(services, user, "first.jpg", films[0].read_bytes())  # what a first film alone has to wait for
        alone = _until_read(services, films[1])
        for number, content in enumerate(volumes):
            services.reading.intake.receive(user, f"{number}.nii.gz", io.BytesIO(content))
        behind = [_until_read(services, film) for film in films[2:]]
        counts = ScanStore(services.database).counts()
        left = sum(n for status, n in counts.items() if status is not ScanStatus.READ)
    print(
        f"\na film alone: {alone:.2f} s; behind {VOLUMES} volumes of 100 slices: {np.median(behind):.2f} s "
        f"(longest {max(behind):.2f} s, {FILMS} films), {left} volumes still unread at the end"
    )


def _until_read(services: Services, film: Path) -> float:
    user, started = person(services, Role.CLINICIAN, "ada"), time.perf_counter()
    upload = services.reading.intake.receive(user, film.name, io.BytesIO(film.read_bytes()))
    (scan_id,) = upload.scan_ids
    while services.reviewing.scan_views.scan(scan_id, user).scan.status is not ScanStatus.READ:
        time.sleep(0.02)
    return time.perf_counter() - started
