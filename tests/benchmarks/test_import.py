"""Images a second of a whole import against the raw forward pass, side by side in one run."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from data.files import FileStore
from models import tasks, weights
from models.device import chosen_device
from services.importing.imports import Importing
from services.inference.batcher import MicroBatcher
from services.inference.choosing import Choosing
from services.inference.engine import Engine
from services.reading.reader import Batcher, Reader
from services.settings import Settings
from services.versions.registry import SHIPPED
from tests import phantoms
from tests.databases import migrated
from tests.services.imports import write_labels, write_picture

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]

XRAYS = Path(__file__).resolve().parents[3] / "shared" / "data" / "chest_xray" / "train"
VOLUMES, SLICES, PICTURES, SIDE = 10, 20, 96, 256
BATCH = 16


def brain_slice(number: int, mark: int) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(phantoms.axial_png(phantoms.brain(), 30 + number))) as picture:
        pixels = np.array(picture.resize((SIDE, SIDE)))
    pixels[0, :2] = divmod(mark, 256)
    return pixels


def volumes(folder: Path) -> tuple[int, Path | None]:
    rows = []
    for volume in range(VOLUMES):
        for number in range(SLICES):
            name = f"{volume}_{number}.webp"
            write_picture(folder / name, brain_slice(number, volume))
            rows.append({"file": name, "patient_id": volume, "slice": number})
    return VOLUMES * SLICES, write_labels(folder / "labels.csv", rows)


def single_slices(folder: Path) -> tuple[int, Path | None]:
    for number in range(PICTURES):
        write_picture(folder / f"{number}.png", brain_slice(8 + number % 16, number))
    return PICTURES, None


def xrays(folder: Path) -> tuple[int, Path | None]:
    files = sorted(XRAYS.rglob("*.jpg"))[:PICTURES]
    if not files:
        pytest.skip("the chest X-rays are not on this machine")
    folder.mkdir()
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return len(files), None


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the choice of the fastest way to run each network is kept; it takes minutes."""
    return tmp_path_factory.mktemp("networks")


@pytest.mark.parametrize(
    ("make", "task"),
    [(volumes, "brain-tumour"), (single_slices, "brain-tumour"), (xrays, "pneumonia")],
    ids=["volumes", "single slices", "X-rays"],
)
def test_an_import_against_the_raw_forward_pass(
    make: Callable[[Path], tuple[int, Path | None]], task: str, networks: Path, tmp_path: Path
) -> None:
    images, labels = make(tmp_path / "scans")
    engine = Engine(choosing=Choosing(networks, chosen_device(None)))
    for value in tasks.ALL.values():
        engine.place(value, weights.opened(value.folder), SHIPPED)
    engine.settle()
    batcher: Batcher = MicroBatcher(engine.run, max_batch=BATCH)
    batcher.start()
    before = raw_seconds(engine, task, images)
    took, read = import_seconds(tmp_path, labels, Reader(engine, batcher))
    after = raw_seconds(engine, task, images)
    batcher.stop()
    raw = (before + after) / 2  # the machine may be busier at one time than at another
    by_wall, by_cpu = raw / took
    print(
        f"\n{make.__name__} by {engine.loaded(task).choice.kind.words}: {images} images, {read} scans "
        f"read; import {images / took[0]:.1f} images/s, raw forward pass {images / raw[0]:.1f}: "
        f"ratio {by_wall:.2f} (by processor time, without the decoding children, {by_cpu:.2f})"
    )


def seconds() -> NDArray[np.float64]:
    """The clock on the wall, and the processor time of this process: all cores' on a busy machine."""
    return np.array([time.perf_counter(), time.process_time()])


def raw_seconds(engine: Engine, task: str, images: int) -> NDArray[np.float64]:
    definition = tasks.ALL[task]
    inputs = list(torch.rand(BATCH, definition.channels, definition.input_size, definition.input_size))
    loaded = engine.loaded(task)
    engine.run(loaded, inputs)
    started = seconds()
    for start in range(0, images, BATCH):
        engine.run(loaded, inputs[: min(BATCH, images - start)])
    return seconds() - started


def import_seconds(folder: Path, labels: Path | None, reader: Reader) -> tuple[NDArray[np.float64], int]:
    settings = Settings(home=folder / "home", max_batch=BATCH)
    database = migrated(f"sqlite:///{folder / 'home' / 'lightbox.db'}")
    importing = Importing(settings, database, FileStore(str(folder / "home" / "files")), reader)
    started = seconds()
    view = importing.run(importing.start(folder / "scans", labels).id)
    took = seconds() - started
    database.dispose()
    return took, view.progress.added
