"""What an older version measured is completed from the mask that was kept."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.files import FileStore
from data.packing import packed
from data.records import Lesion, Measurements, Result, Scan, Spacing
from models.measuring import measure
from services import keys
from services.reviewing.remeasuring import Remeasuring
from tests.data.builders import a_result, a_review, a_scan

AFFINE = ((-1.0, 0.0, 0.0, 0.0), (0.0, -2.0, 0.0, 0.0), (0.0, 0.0, 3.0, 0.0), (0.0, 0.0, 0.0, 1.0))
MASK = np.zeros((6, 20, 24), bool)
MASK[1:5, 4:10, 5:9] = True
LONGEST = math.hypot(4 * 3, 6 * 2, 4 * 1)


def as_0_1_measured(mask: np.ndarray) -> Measurements:
    """Today's measurements without what came later."""
    today = measure(mask, Spacing(3.0, 2.0, 1.0), np.eye(4))
    return replace(today, lesions=tuple(map(_without, today.lesions)))


def _without(lesion: Lesion) -> Lesion:
    return replace(lesion, maximum_3d_diameter_mm=None, maximum_3d_ends=None, craniocaudal_mm=None)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path))


@pytest.fixture
def scan() -> Scan:
    grid = replace(a_scan("p").grid, kind="nifti", shape=(24, 20, 6), axes=(2, 1, 0), flips=(), affine=AFFINE)
    return replace(a_scan("p"), spacing=Spacing(3.0, 2.0, 1.0), grid=grid)


def kept(files: FileStore, scan: Scan, mask: np.ndarray = MASK) -> Result:
    result = a_result(scan.id, has_mask=True, measurements=as_0_1_measured(MASK))
    files.put(keys.mask(result.id), packed(mask))
    return result


def test_an_older_result_gets_the_sizes_of_today(files: FileStore, scan: Scan) -> None:
    result = kept(files, scan)
    seen = Remeasuring(files).result(scan, result).measurements
    assert seen is not None and result.measurements is not None
    assert seen.lesions[0].maximum_3d_diameter_mm == pytest.approx(LONGEST)
    assert seen.lesions[0].craniocaudal_mm == pytest.approx(12.0)
    assert seen.lesions[0].longest_diameter_mm == result.measurements.lesions[0].longest_diameter_mm


def test_an_older_correction_too(files: FileStore, scan: Scan) -> None:
    review = a_review(scan.id, "r", measurements=as_0_1_measured(MASK))
    files.put(keys.corrected_mask(review.id), packed(MASK))
    seen = Remeasuring(files).review(scan, review).measurements
    assert seen is not None and seen.lesions[0].maximum_3d_diameter_mm == pytest.approx(LONGEST)


def test_without_a_place_there_is_no_head_and_no_foot(files: FileStore, scan: Scan) -> None:
    unplaced = replace(scan, grid=replace(scan.grid, placed=False))
    seen = Remeasuring(files).result(unplaced, kept(files, unplaced)).measurements
    assert seen is not None and seen.lesions[0].craniocaudal_mm is None
    assert seen.lesions[0].maximum_3d_diameter_mm == pytest.approx(LONGEST)


def test_what_cannot_be_measured_again_stays_as_it_was(files: FileStore, scan: Scan) -> None:
    """No mask any more, a mask of something else, no spacing, or no mask ever."""
    remeasuring = Remeasuring(files)
    lost = a_result(scan.id, has_mask=True, measurements=as_0_1_measured(MASK))
    other = kept(files, scan, np.ones_like(MASK))
    unknown = replace(scan, spacing=Spacing())
    assert remeasuring.result(scan, lost) is lost
    assert remeasuring.result(scan, other) is other
    assert remeasuring.result(unknown, kept(files, scan)).measurements == as_0_1_measured(MASK)
    flat = a_result(scan.id, measurements=None)
    assert remeasuring.result(scan, flat) is flat


def test_what_has_every_size_is_not_measured_again(files: FileStore, scan: Scan) -> None:
    """Its mask is not even there to be asked for."""
    today = measure(MASK, scan.spacing, np.eye(4))
    result = a_result(scan.id, has_mask=True, measurements=today)
    assert Remeasuring(files).result(scan, result) is result
