"""What watching costs: computing a reading's features and writing their row, beside the whole reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.database import new_id
from data.files import FileStore
from data.records import BRAIN_TUMOUR, PNEUMONIA, Features, Result, Scan
from data.stores.features import FeatureStore
from data.stores.jobs import JobStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from services import keys
from services.assembly.commands import build_reader
from services.jobs import Jobs
from services.reading import reading
from services.reading.reading import Reading
from services.settings import Settings
from tests import phantoms
from tests.data.builders import a_kept_scan
from tests.databases import migrated

pytestmark = pytest.mark.bench

ROUNDS = 7


class Timed:
    """A function that remembers how long it took, one time a call."""

    def __init__(self, work: Callable[..., Features]) -> None:
        self._work = work
        self.seconds: list[float] = []

    def __call__(self, *asked: object) -> Features:
        started = time.perf_counter()
        try:
            return self._work(*asked)
        finally:
            self.seconds.append(time.perf_counter() - started)


def _head(slices: int) -> NDArray[np.int16]:
    volume = np.moveaxis(phantoms.brain(lesion_mm=18), 2, 0)[:, ::-1, ::-1].swapaxes(1, 2)
    middle = len(volume) // 2 - slices // 2
    return np.kron(volume[middle : middle + slices], np.ones((1, 2, 2))).astype(np.int16)


def _x_ray() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 4000, (1, 2048, 2048)).astype(np.uint16)


@pytest.mark.parametrize(
    ("name", "task", "make"),
    [
        ("a slice", BRAIN_TUMOUR, lambda: _head(1)),
        ("a volume of 40 slices", BRAIN_TUMOUR, lambda: _head(40)),
        ("an X-ray of 2048 x 2048", PNEUMONIA, _x_ray),
    ],
    ids=["slice", "volume", "X-ray"],
)
def test_features_against_the_whole_reading(
    name: str,
    task: str,
    make: Callable[[], NDArray[np.generic]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    array = make()
    reader, batcher = build_reader(Settings(home=tmp_path))
    database = migrated(f"sqlite:///{tmp_path / 'lightbox.db'}")
    files, results = FileStore(str(tmp_path / "files")), ResultStore(database)
    slices, height, width = array.shape
    scan = a_kept_scan(database, task=task, slices=slices, height=height, width=width)
    files.put_array(keys.array(scan.id), array)
    house = Reading(reader, ScanStore(database), results, files, Jobs(JobStore(database)))
    timed = Timed(reading.features_of)
    monkeypatch.setattr(reading, "features_of", timed)
    whole = _median([_seconds(lambda: house.read(scan)) for _ in range(ROUNDS)][1:])
    batcher.stop()
    with_row, without = _written(results, scan, FeatureStore(database))
    print(
        f"\n{name}: features take {_median(timed.seconds[1:]) / whole:.1%} of a reading, "
        f"their row and vector {(with_row - without) / whole:.1%}; a result's transaction with them takes "
        f"{with_row / without:.2f} times as long as without"
    )
    database.dispose()


def _written(results: ResultStore, scan: Scan, store: FeatureStore) -> tuple[float, float]:
    """Seconds to keep a result with its features, and without."""
    result = results.latest(scan.id)
    assert isinstance(result, Result)
    watched = store.get(result.id)
    assert watched is not None
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(4 * ROUNDS):
        renewed = replace(result, id=new_id())
        features = replace(watched, result_id=renewed.id) if number % 2 else None
        taken[bool(number % 2)].append(_seconds(lambda: results.add(renewed, features)))  # noqa: B023
    return _median(taken[True]), _median(taken[False])


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _median(values: list[float]) -> float:
    return float(np.median(values))
