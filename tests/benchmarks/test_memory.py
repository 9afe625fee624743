"""The peak of the server and of its decoding children over the whole way of a very large volume.

Printed, never asserted: `tests/models/test_memory.py` holds what a part of the way may take a voxel.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from data.labelled import phantoms
from data.labelled.phantoms import Look, PhantomLesion
from data.labelled.poses import Grid
from data.records import Role
from services.assembly.container import Services
from tests.data.formats.making import affine_of, write_series
from tests.services.real import PATIENCE_S, person, running

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]

SHAPE = (380, 644, 544)
LOOKED_EVERY_S = 0.02


@pytest.mark.parametrize("kind", ["volume.nii", "series.zip"])
def test_the_peak_of_a_volume_of_half_a_millimetre(kind: str, tmp_path: Path) -> None:
    """A process of its own: a peak is of the whole life of a process."""
    _write(tmp_path / kind)
    command = [sys.executable, "-m", "tests.benchmarks.test_memory", str(tmp_path / kind)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(f"\n{' x '.join(map(str, SHAPE))} as {kind}: {said.strip()}")


def _write(file: Path) -> None:
    look = Look(noise=0.02, bias=0.1, blur=0.5, gain=1000)
    half = Grid(*(side // 2 for side in SHAPE), 1.0, 1.0)
    head = phantoms.head(half, look, PhantomLesion(20, 0.8), np.random.default_rng(1)).voxels
    voxels = np.kron(head, np.ones((2, 2, 2), dtype=head.dtype)).astype(np.int16)
    voxels += np.random.default_rng(0).integers(0, 9, voxels.shape, dtype=np.int16)
    if file.suffix == ".nii":
        _write_nifti(voxels, file)
        return
    series = write_series(
        voxels,
        affine_of(((0, 1, 2), (-1, -1, 1)), (0.5, 0.5, 0.5)),
        file.parent / "series",
        BitsStored=16,
        HighBit=15,
        SeriesDescription="AX FLAIR",
        BodyPartExamined="HEAD",
    )
    with zipfile.ZipFile(file, "w") as archive:
        for instance in sorted(series.iterdir()):
            archive.write(instance, instance.name)


def _write_nifti(voxels: NDArray[np.int16], file: Path) -> None:
    image = nib.Nifti1Image(voxels, affine_of(((0, 1, 2), (-1, 1, 1)), (0.5, 0.5, 0.5)))
    image.header["descrip"] = b"FLAIR"
    nib.save(image, file)


class _Watch:
    """The highest resident memory (MiB) of each child that ever lived."""

    def __init__(self) -> None:
        self.highest = 0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            for child in _below(os.getpid()):
                self.highest = max(self.highest, _mib(child, "VmHWM"))
            time.sleep(LOOKED_EVERY_S)


def _below(pid: int) -> list[int]:
    """The processes that this one and its children started."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [*children, *(other for child in children for other in _below(child))]


def _mib(pid: int | str, what: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith(what)), 0)


def _seen(services: Services, file: Path) -> None:
    """Upload, reading, every voxel of the scan, and every voxel of the mask."""
    user = person(services, Role.CLINICIAN, "ada")
    with file.open("rb") as stream:
        upload = services.reading.intake.receive(user, file.name, io.BufferedReader(stream))
    assert services.jobs.wait_idle(20 * PATIENCE_S)
    (scan_id,) = upload.scan_ids
    voxels = services.reviewing.voxels
    services.reviewing.pictures.windows(scan_id)
    for shown in (voxels.volume(scan_id, user), voxels.mask(scan_id, user, "ai")):
        for _ in shown.pieces:
            pass


def main(file: Path) -> None:
    """Print the peaks of this process and of the children that decoded."""
    with running(file.parent / "home", backend="auto") as services:
        while not all(choice.settled for choice in services.reading.engine.choices().values()):
            time.sleep(1)
        before, watch = _mib("self", "VmRSS"), _Watch()
        _seen(services, file)
        print(
            f"server {_mib('self', 'VmHWM')} MiB at its peak ({before} before the upload), "
            f"decoding child {watch.highest} MiB"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
