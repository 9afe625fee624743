"""What a large volume takes beside itself while it is prepared, answered and measured, in bytes a voxel."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from data.packing import packed, unpacked
from data.records import Spacing
from models import tasks, weights
from models.brain_tumour import task as brain_tumour
from models.imaging import whole
from models.measuring import measure
from models.task import Placement

SHAPE = (64, 500, 500)
VOXELS = int(np.prod(SHAPE))


@contextmanager
def taken() -> Iterator[Callable[[], float]]:
    """Bytes a voxel that NumPy had at most at a time so far."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] / VOXELS
    finally:
        tracemalloc.stop()


def test_preparing_a_volume_makes_no_copy_of_it_in_float32() -> None:
    volume = np.random.default_rng(0).integers(0, 900, SHAPE, dtype=np.int16)
    with taken() as bytes_a_voxel:
        brain_tumour.prepare(volume)
        # 6 are of the sample by which a volume is judged, which is half of so thin a one.
        assert bytes_a_voxel() < 7


@pytest.fixture(scope="module")
def outputs() -> np.ndarray:
    """Logits of a lesion and of many specks all over the head."""
    random = np.random.default_rng(0)
    side = brain_tumour.TASK.input_size
    logits = random.normal(-9, 1, (SHAPE[0], 2, side, side)).astype(np.float32)
    logits[20:40, :, 60:90, 60:90] = 6
    logits[:, :, ::40, ::40] = 6
    return logits


def test_an_answer_and_its_sizes_take_few_bytes_a_voxel(outputs: np.ndarray) -> None:
    decision = weights.opened(tasks.ALL["brain-tumour"].folder).decision
    with taken() as bytes_a_voxel:
        placement = Placement(SHAPE, whole(*SHAPE[1:]))
        answer = brain_tumour.answer(outputs, placement, Spacing(1, 1, 1), replace(decision, threshold=0.1))
        assert bytes_a_voxel() < 9  # of which the specks' labels, a slab at a time, are 2
        assert answer.mask is not None and answer.mask.any()
        assert answer.pixel_probability is not None
        kept = tracemalloc.get_traced_memory()[0] / VOXELS
        tracemalloc.reset_peak()
        measure(answer.mask, Spacing(1, 1, 1))
        unpacked(packed(answer.pixel_probability))
        assert bytes_a_voxel() < kept + 3
