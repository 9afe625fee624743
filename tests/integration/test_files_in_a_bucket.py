"""A house whose files lie in a bucket: what it takes is read there, and waits while the bucket is away."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data.errors import FilesAway
from data.files import FileStore
from data.records import JobState, Role, ScanStatus, UploadState
from services.assembly.container import Services
from tests import phantoms
from tests.integration.buckets import ObjectStore, google_store, object_store
from tests.services.real import PATIENCE_S, person, running, send


@pytest.fixture(scope="module", params=[object_store, google_store], ids=["s3", "gs"])
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    with request.param() as started:
        yield started


@pytest.fixture
def house(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    for name, text in store.environment.items():
        monkeypatch.setenv(name, text)
    with running(tmp_path, files_url=f"{store.url}/{tmp_path.name}") as services:
        yield services


def _files(store: ObjectStore, tmp_path: Path) -> FileStore:
    return FileStore(f"{store.url}/{tmp_path.name}")


def test_a_volume_is_read_and_seen_in_a_bucket(house: Services, store: ObjectStore, tmp_path: Path) -> None:
    ada = person(house, Role.CLINICIAN, "ada")
    voxels = phantoms.flair()
    upload = send(house, ada, "head.nii.gz", phantoms.nifti(voxels))
    scan = house.reviewing.scan_views.scan(upload.scan_ids[0], ada).scan
    array = _files(store, tmp_path).get_array(f"scans/{scan.id}/array.npy")
    kept = voxels[:, :, :: phantoms.THICKNESS]
    assert sorted(array.shape) == sorted(kept.shape)
    assert np.count_nonzero(array) == np.count_nonzero(kept)
    assert house.health.ready()["files"] == "ok"
    assert not (tmp_path / "files").exists()
    assert house.reviewing.pictures.slice_png(scan.id, scan.slices // 2).startswith(b"\x89PNG")
    scan_views = house.reviewing.scan_views
    house.retention.erasing.erase_by_command(scan_views.scan(scan.id, ada).patient.pseudonym, "asked for")
    assert house.jobs.wait_idle(PATIENCE_S)
    assert _files(store, tmp_path).keys("scans") == []


def test_what_comes_while_the_bucket_is_away_is_kept_and_read_once_it_answers(
    house: Services, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person(house, Role.CLINICIAN, "ada")
    content = phantoms.axial_png(phantoms.brain(lesion_mm=15))
    uploads = house.reading.uploads
    store.go_away()
    try:
        taken = uploads.create(ada, "slice.png", len(content))
        uploads.append(ada, taken.id, 0, io.BytesIO(content))
        assert house.health.ready()["files"] == "unreachable"
        with pytest.raises(FilesAway, match="Nothing is lost"):
            house.reading.intake.receive(ada, "other.png", io.BytesIO(content))
        assert uploads.get(ada, taken.id).state is not UploadState.FAILED
        assert house.jobs.counts().get(JobState.FAILED, 0) == 0
    finally:
        store.come_back()
    assert house.jobs.wait_idle(PATIENCE_S)
    done = uploads.get(ada, taken.id)
    assert (done.state, len(done.scan_ids)) == (UploadState.DONE, 1)
    assert house.reviewing.scan_views.scan(done.scan_ids[0], ada).scan.status is ScanStatus.READ
    assert len([key for key in _files(store, tmp_path).keys("scans") if key.endswith("array.npy")]) == 1
