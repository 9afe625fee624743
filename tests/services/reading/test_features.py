"""What is kept of every reading for drift, with the real networks; and what cannot be had is no harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete

from data.database import writing
from data.records import BRAIN_TUMOUR, NUMBERS, PNEUMONIA, Features, Role, Scan, ScanHeader, Spacing, User
from data.stores.features import FeatureStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.tables import embeddings, features
from models.features import PictureFeatures, picture_of
from services import keys
from services.assembly.container import Services
from services.reading import features as watching
from services.reading.features import measured_features, volume_vector
from tests import phantoms
from tests.data.builders import a_header, a_result, a_scan
from tests.services.real import PATIENCE_S, person, running, send

ALWAYS = set(NUMBERS) - {
    "slice_mm", "row_mm", "volume_ml", "lesions", "estimated_dice", "outside_distance", "age_years", "hour",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def services(home: Path) -> Iterator[Services]:
    with running(home) as started:
        yield started


@pytest.fixture(scope="module")
def clinician(services: Services) -> User:
    return person(services, Role.CLINICIAN, "ada")


def _kept(services: Services, scan_id: str) -> Features:
    result = ResultStore(services.database).latest(scan_id)
    assert result is not None
    features = FeatureStore(services.database).get(result.id)
    assert features is not None
    return features


@pytest.fixture(scope="module")
def volume_id(services: Services, clinician: User) -> str:
    (scan_id,) = send(
        services, clinician, "t1.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=18)[:, :, 40:56])
    ).scan_ids
    return scan_id


def test_a_volumes_reading_keeps_its_features(services: Services, volume_id: str) -> None:
    scan, result = (
        ScanStore(services.database).get(volume_id),
        ResultStore(services.database).latest(volume_id),
    )
    assert scan is not None
    assert result is not None
    features = _kept(services, volume_id)
    assert (features.scan_id, features.task, features.version) == (volume_id, BRAIN_TUMOUR, "1")
    assert features.created_at == result.created_at
    assert (features.slices, features.height, features.width) == (scan.slices, scan.height, scan.width)
    assert (features.row_mm, features.slice_mm) == (scan.spacing.row_mm, scan.spacing.slice_mm)
    assert features.probability == result.probability
    assert result.measurements is not None
    assert features.lesions == len(result.measurements.lesions)
    assert features.volume_ml == result.measurements.volume_ml
    assert features.latency_ms == pytest.approx(sum(result.provenance.timings_ms.values()))
    assert features.doubt is not None
    assert 0 < features.doubt < 1
    assert not [name for name in ALWAYS if getattr(features, name) is None]
    numbers = picture_of(services.reading.readings._files.get_array(keys.array(volume_id))).numbers
    assert {name: getattr(features, name) for name in numbers} == numbers


def test_a_volumes_vector_is_the_mean_of_its_filled_slices(services: Services, volume_id: str) -> None:
    array = services.reading.readings._files.get_array(keys.array(volume_id))
    loaded = services.reading.engine.loaded(BRAIN_TUMOUR)
    inputs, _ = loaded.task.prepare(array)
    seen = [
        services.reading.engine.run(loaded, list(inputs[at : at + 16])) for at in range(0, len(inputs), 16)
    ]
    vectors = np.stack([output.vector for part in seen for output in part])
    expected = volume_vector(vectors, picture_of(array))
    kept = _kept(services, volume_id).vector
    assert expected is not None
    assert kept is not None
    assert (kept.shape, kept.dtype) == ((352,), np.float16)
    np.testing.assert_allclose(kept.astype(float), expected.astype(float), rtol=0.02, atol=0.02)


def test_an_x_ray_is_watched_too(services: Services) -> None:
    scan, result, read = _xray_reading(services)
    features = measured_features(scan, result, read[0], None, read[1])
    assert features.vector is not None
    assert features.vector.shape == (320,)
    assert features.doubt is not None
    assert features.lesions is None


def test_a_reading_says_how_far_outside_the_training_a_scan_lies(services: Services) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1, 240, 200), dtype=np.uint8)
    loaded = services.reading.engine.loaded(PNEUMONIA)
    assert loaded.outside is not None
    reader = services.reading.readings._reader
    read = reader.read(PNEUMONIA, noise, Spacing())
    assert read.vectors is not None
    assert read.answer.outside_distance == loaded.outside.of(volume_vector(read.vectors, picture_of(noise)))
    assert read.answer.outside_distance is not None
    assert read.answer.outside_distance > 1
    unmeasured = reader.read_by(replace(loaded, outside=None), noise, Spacing())
    assert unmeasured.answer.outside_distance is None


def _xray_reading(services: Services):  # type: ignore[no-untyped-def]
    array = np.random.default_rng(0).integers(0, 255, (1, 240, 200), dtype=np.uint8)
    scan = a_scan("somebody", task=PNEUMONIA, slices=1)
    read = services.reading.readings._reader.read(PNEUMONIA, array, scan.spacing)
    result = a_result(scan.id, task=PNEUMONIA, has_mask=False, measurements=None)
    return scan, replace(result, probability=read.answer.probability), (array, read.vectors)


def test_no_reading_is_lost_for_a_feature(
    services: Services, clinician: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> PictureFeatures:
        raise ValueError("a picture nobody thought of")

    monkeypatch.setattr(watching, "picture_of", broken)
    png = phantoms.axial_png(phantoms.brain(lesion_mm=18))
    (scan_id,) = send(services, clinician, "slice.png", png).scan_ids
    features = _kept(services, scan_id)
    assert (features.p50, features.noise, features.vector) == (None, None, None)
    assert (features.slices, features.task) == (1, BRAIN_TUMOUR)
    assert features.latency_ms is not None


def test_older_results_get_their_features_at_the_next_start(
    home: Path, services: Services, volume_id: str
) -> None:
    before = _kept(services, volume_id)
    with writing(services.database) as connection:
        for table in (features, embeddings):
            connection.execute(delete(table))
    old = len(FeatureStore(services.database).without())
    services.reading.features.resume()
    assert services.jobs.wait_idle(PATIENCE_S)
    assert old > 0
    assert FeatureStore(services.database).without() == []
    computed = _kept(services, volume_id)
    assert computed == before  # from the kept pixels, to the bit
    assert computed.vector is None  # that only a reading could tell
    jobs = len(services.jobs.recent(kind=watching.JOB))
    services.reading.features.resume()  # the next start finds nothing to do
    assert len(services.jobs.recent(kind=watching.JOB)) == jobs


def test_a_result_whose_pixels_are_gone_keeps_what_its_row_says(services: Services, volume_id: str) -> None:
    scan = ScanStore(services.database).get(volume_id)
    assert scan is not None
    result = ResultStore(services.database).add(a_result(volume_id))
    services.reading.features._files.delete_all(f"scans/{volume_id}")
    services.reading.features.resume()
    assert services.jobs.wait_idle(PATIENCE_S)
    features = FeatureStore(services.database).get(result.id)
    assert features is not None
    assert (features.p50, features.probability, features.slices) == (None, result.probability, scan.slices)


def test_what_the_header_says() -> None:
    def said(header: ScanHeader) -> Features:
        scan: Scan = a_scan("somebody", header=header, synthetic=True)
        return measured_features(scan, a_result(scan.id), None, None, None)

    at = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    full = said(a_header(acquired_at=at, software="XA30"))
    assert (full.hour, full.sex, full.age_years, full.site) == (14.5, "F", 61.5, "Ward 3")
    assert (full.scanner, full.software, full.synthetic) == ("Siemens Skyra", "XA30", True)
    assert said(a_header(acquired_at=at.replace(hour=0, minute=0))).hour is None  # a day without a time
    nothing = said(ScanHeader())
    assert (nothing.hour, nothing.sex, nothing.scanner, nothing.software) == (None,) * 4


def test_empty_slices_do_not_count_in_a_volumes_vector() -> None:
    volume = np.zeros((4, 64, 64))
    volume[1:3, 10:50, 10:50] = np.random.default_rng(0).uniform(50, 90, (2, 40, 40))
    vectors = np.array([[100.0], [1.0], [3.0], [100.0]], dtype=np.float32)
    mean = volume_vector(vectors, picture_of(volume))
    assert mean is not None
    assert mean.tolist() == [2.0]
    flat = volume_vector(vectors, picture_of(np.zeros((4, 64, 64))))
    assert flat is not None
    assert flat.tolist() == [51.0]  # nothing anywhere: all count
    assert volume_vector(np.full((4, 1), np.nan, dtype=np.float32), picture_of(volume)) is None
    huge = volume_vector(np.full((4, 1), 1e9, dtype=np.float32), picture_of(volume))
    assert huge is not None
    assert np.isfinite(huge).all()
