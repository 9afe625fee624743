"""What reading rightly costs: decoding DICOM against pydicom's own reading of the same files.

Printed are ratios of the fastest of interleaved rounds; nothing is asserted but that both ran.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels.utils import pixel_array

from data.formats import decode, without_identity
from tests.data.formats.making import DX, affine_of, enhanced, picture, save, write_series

pytestmark = pytest.mark.bench
ROUNDS = 7
AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (0.9, 0.9, 5.0))
VOLUME = np.random.default_rng(3).integers(0, 1300, (256, 256, 22)).astype(np.int16)


def fastest(work: Callable[[], object], naive: Callable[[], object]) -> tuple[float, float]:
    """The least processor seconds of each, in rounds that take turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for runs, timed in zip(took, (work, naive), strict=True):
            started = time.process_time()
            timed()
            runs.append(time.process_time() - started)
    return min(took[0]), min(took[1])


def compared(name: str, path: Path) -> None:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    ours, naive = fastest(
        lambda: decode(path, "scan"), lambda: [pixel_array(pydicom.dcmread(file)) for file in files]
    )
    kept, _ = fastest(lambda: [without_identity(file) for file in files], lambda: None)
    print(f"\n{name}: decoding {ours / naive:.2f}, keeping {kept / naive:.2f} of pydicom's reading")
    assert ours > 0


def test_a_series_of_single_slices(tmp_path: Path) -> None:
    names = {"PatientName": "Secret^Name", "PatientID": "4711", "SeriesDescription": "AX FLAIR"}
    compared(
        "22 slices", write_series(VOLUME, AXIAL, tmp_path / "series", BitsStored=12, HighBit=11, **names)
    )


def test_one_file_of_many_frames(tmp_path: Path) -> None:
    compared("22 frames in one file", save(enhanced(VOLUME, AXIAL), tmp_path / "enhanced"))


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2000, "WindowWidth": 3000}], ids=["plain", "window"])
def test_a_film(window: dict[str, int], tmp_path: Path) -> None:
    pixels = np.random.default_rng(5).integers(0, 4096, (2000, 2400)).astype(np.uint16)
    film = picture(pixels, SOPClassUID=DX, Modality="DX", BitsStored=12, HighBit=11, **window)
    compared("a film" + (" behind a window" if window else ""), save(film, tmp_path / "film"))
