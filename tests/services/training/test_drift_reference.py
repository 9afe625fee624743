"""What a version's training set looks like to it, as drift is measured against."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import app
from data import formats
from data.errors import InvalidInput
from data.feature_files import read
from data.labelled.datasets import LabelledScan, brain_scans
from data.records import CATEGORIES, NUMBERS, PNEUMONIA
from data.tracking import Tracking
from models import tasks, weights
from models.task import Task
from models.tasks import SUITABILITY
from models.weights import Trained
from services.assembly.commands import build_reader
from services.reading.features import measured_features
from services.settings import Settings
from services.training import training
from services.training.drift_reference import OF_THE_PLACE, make_reference, spread
from services.training.plan import planned
from tests.data.builders import a_result, a_scan
from tests.databases import new_mlflow
from tests.labelled import make_labelled


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_labelled(tmp_path_factory.mktemp("labelled"))


def _copied(task: Task, folder: Path) -> Trained:
    folder.mkdir()
    for name in (weights.WEIGHTS, weights.SETTINGS):
        shutil.copy(task.folder / name, folder)
    return weights.opened(folder)


def test_a_reference_holds_what_readings_of_the_same_files_keep(data: Path, tmp_path: Path) -> None:
    task = tasks.ALL[PNEUMONIA]
    trained = _copied(task, tmp_path / "weights")
    assert make_reference(task, trained, data) == 29
    frame, vectors = read((trained.folder / weights.REFERENCE).read_bytes())
    assert set(frame.columns) == {*NUMBERS, *CATEGORIES} - OF_THE_PLACE
    assert vectors is not None
    assert vectors.shape == (29, 320)
    assert np.isfinite(vectors).all()

    reader, batcher = build_reader(Settings(home=tmp_path / "home", device="cpu"))
    try:
        measured = []
        for file in sorted((data / "chest_xray" / "train").rglob("*.png")):
            (decoded,) = formats.decode(file, file.name).scans
            said = reader.read(PNEUMONIA, decoded.array, decoded.spacing)
            scan = a_scan("somebody", task=PNEUMONIA)
            result = replace(a_result(scan.id), probability=said.answer.probability, has_mask=False)
            measured.append(measured_features(scan, result, decoded.array, None, said.vectors))
    finally:
        batcher.stop()
    for name in ("p50", "p99", "noise", "entropy", "foreground"):
        kept = {round(float(value), 3) for value in frame[name]}
        assert kept <= {round(float(np.float32(getattr(features, name))), 3) for features in measured}, name
    read_again = np.array([features.probability for features in measured], dtype=np.float32)
    assert np.abs(np.subtract.outer(frame["probability"].to_numpy(), read_again)).min(axis=1).max() < 0.01


def test_the_command_makes_it_beside_the_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    trained = _copied(tasks.ALL[PNEUMONIA], tmp_path / "weights")
    asked = ["evaluate", PNEUMONIA, "--data", str(data), "--weights", str(trained.folder), "--reference"]
    assert app.main(asked) == 0
    assert "reference.parquet: 29 scans" in capsys.readouterr().out
    first = (trained.folder / weights.REFERENCE).read_bytes()
    assert app.main(asked) == 0
    again, _ = read((trained.folder / weights.REFERENCE).read_bytes())
    np.testing.assert_array_equal(again["p50"], read(first)[0]["p50"])  # the same scans in the same order


def test_a_task_that_names_no_scans_has_none(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not say"):
        make_reference(SUITABILITY, _copied(SUITABILITY, tmp_path / "weights"), data)


def test_a_trained_version_brings_its_reference(data: Path, tmp_path: Path) -> None:
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    plan = planned(PNEUMONIA, {"epochs": "1", "batch_size": "8", "start": "scratch"})
    finished = training.train(plan, data, tmp_path / "run", tracking, device="cpu")
    assert finished is not None
    fetched = tracking.files_of(finished.version, tmp_path / "fetched")
    frame, vectors = read((fetched / weights.REFERENCE).read_bytes())
    assert len(frame) == 29
    assert vectors is not None
    assert weights.REFERENCE in (fetched / weights.CARD).read_text()


def test_brains_are_volumes_and_lone_slices(data: Path) -> None:
    scans = brain_scans(data)
    assert Counter((scan.dataset, len(scan.files)) for scan in scans) == {
        ("tcga_lgg", 4): 10,
        ("tcga_lgg", 1): 40,
        ("cheng_t1ce", 1): 10,
    }
    volume = next(scan for scan in scans if len(scan.files) > 1)
    assert [file.name for file in volume.files] == [f"{volume.patient}_{n}.png" for n in range(4)]
    assert (volume.sex, volume.age) == ("F", 40.0)


def test_a_sample_is_spread_over_kinds_and_patients() -> None:
    def alone(dataset: str, patient: int, number: int) -> LabelledScan:
        return LabelledScan((Path(f"{patient}-{number}"),), dataset, str(patient), 1)

    volumes = [LabelledScan((Path("a"), Path("b")), "one", str(n), 1) for n in range(4)]
    first = [alone("one", n, k) for n in range(10) for k in range(50 if n == 0 else 5)]
    second = [alone("two", n, 0) for n in range(100)]
    scans = volumes + first + second
    chosen = spread(scans, 64)
    assert len(chosen) == len(set(chosen)) == 64
    assert set(volumes) <= set(chosen)  # the small kind whole, and the rest in halves
    assert Counter(scan.dataset for scan in chosen if len(scan.files) == 1) == {"one": 30, "two": 30}
    patients = Counter(scan.patient for scan in chosen if scan.dataset == "one" and len(scan.files) == 1)
    assert set(patients.values()) == {3}  # not the fifty of one patient
    assert spread(list(reversed(scans)), 64) == chosen
    assert set(spread(scans, 10_000)) == set(scans)
