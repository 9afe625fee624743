"""A new version takes over while scans are being read."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.records import BRAIN_TUMOUR, Spacing
from models import weights
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine
from services.reading.reader import PIECE, Reader
from tests.services.small_models import SIZE, small_task, weights_in

PATIENCE_S = 60
SPACING = Spacing(5.0, 1.0, 1.0)


@dataclass
class Device:
    """An engine with version 1, which finds what is above 500; version 2 is loaded beside it."""

    folder: Path

    def __post_init__(self) -> None:
        self.task = small_task(self.folder)
        self.engine = Engine("cpu")
        self.engine.place(self.task, weights.opened(weights_in(self.folder / "1", above=500)), "1")
        trained = weights.opened(weights_in(self.folder / "2", above=700))
        self.second = self.engine.beside(self.task, trained, "2")
        self.batcher: MicroBatcher[Any, Any] = MicroBatcher(self.engine.run, max_batch=16)
        self.reader = Reader(self.engine, self.batcher)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path)
    made.batcher.start()
    yield made
    made.batcher.stop()


def _between(slices: int) -> Any:
    """Brighter than version 1 asks for and darker than version 2 does."""
    return np.full((slices, SIZE, SIZE), 600, np.int16)


def test_a_volume_is_read_by_one_version_from_its_first_slice_to_its_last(device: Device) -> None:
    def promote(fraction: float) -> None:
        if fraction < 1:
            device.engine.take_over(device.second)

    read = device.reader.read(BRAIN_TUMOUR, _between(4 * PIECE), SPACING, None, promote)
    assert device.engine.loaded(BRAIN_TUMOUR).version == "2"
    assert read.answer.mask is not None
    assert read.answer.mask.all()  # version 2 would have left every later piece empty
    assert read.provenance.model_version == "1"
    assert read.provenance.weights_sha256 != device.second.weights_sha256
    after = device.reader.read(BRAIN_TUMOUR, _between(4), SPACING)
    assert (after.provenance.model_version, bool(after.answer.positive)) == ("2", False)


def test_no_request_is_lost_while_versions_change(device: Device) -> None:
    """Each answer is one version's, as its provenance says."""
    first = device.engine.loaded(BRAIN_TUMOUR)
    answers: list[tuple[str, float]] = []
    over = threading.Event()

    def clinician() -> None:
        for _ in range(12):
            read = device.reader.read(BRAIN_TUMOUR, _between(PIECE + 16), SPACING)
            assert read.answer.mask is not None
            answers.append((read.provenance.model_version, float(read.answer.mask.mean())))

    def operator() -> None:
        for loaded in itertools.cycle((device.second, first)):
            device.engine.take_over(loaded)
            if over.wait(0.002):
                return

    changing = threading.Thread(target=operator)
    changing.start()
    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(clinician) for _ in range(8)]
        failures = [future.exception(PATIENCE_S) for future in reading]
    over.set()
    changing.join(PATIENCE_S)
    assert failures == [None] * 8
    assert len(answers) == 96
    assert set(answers) <= {("1", 1.0), ("2", 0.0)}


def test_the_old_network_goes_with_its_last_reading(device: Device) -> None:
    device.reader.read(BRAIN_TUMOUR, _between(3), SPACING)
    old = weakref.ref(device.engine.loaded(BRAIN_TUMOUR))
    device.engine.take_over(device.second)
    gc.collect()
    assert old() is None
