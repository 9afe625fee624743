"""A mask drawn on the page lies in the file where it was drawn, in every orientation that a file can have.

Each voxel of the scans made here has a value of its own, so that a place in the page's order and one in the
file's own are the same exactly where the values are, whatever the geometry says.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from data.formats.decoding import decode
from data.records import BRAIN_TUMOUR, Scan, ScanStatus
from tests.dashboard.clinic import ADA, Clinic
from tests.data.formats.making import ORIENTATIONS, affine_of, write_nifti

SHAPE = (26, 31, 35)
SIZES = (1.1, 0.9, 2.5)


def _numbered() -> NDArray[np.int16]:
    return np.arange(np.prod(SHAPE), dtype=np.int32).astype(np.int16).reshape(SHAPE)


def _added(clinic: Clinic, file: Path) -> Scan:
    decoded, *none_else = decode(file, file.name).scans
    assert not none_else
    scan = clinic._add(
        decoded.array,
        decoded.grid,
        decoded.header,
        decoded.spacing,
        ADA,
        "u",
        BRAIN_TUMOUR,
        ScanStatus.WAITING,
    )
    clinic.read_volume(scan)
    return scan


def _stroke(shape: tuple[int, int, int], random: np.random.Generator) -> NDArray[np.uint8]:
    """Voxels by chance in one corner, so that no turn or flip gives the same again."""
    mask = np.zeros(shape, dtype=np.uint8)
    corner = tuple(slice(0, length // 2) for length in shape)
    mask[corner] = random.random(mask[corner].shape) < 0.05
    return mask


@pytest.mark.parametrize("tilt", [(0, 0, 0), (9, -14, 21)], ids=["straight", "oblique"])
def test_a_drawn_mask_lies_where_it_was_drawn(clinic: Clinic, sign_in, tmp_path: Path, tilt) -> None:
    client, random = sign_in(), np.random.default_rng(1)
    for number, orientation in enumerate(ORIENTATIONS):
        affine = affine_of(orientation, SIZES, tilt)
        source = _numbered()
        scan = _added(clinic, write_nifti(source, affine, tmp_path / f"scan{number}.nii"))
        shape = (scan.slices, scan.height, scan.width)
        answer = client.get(f"/scans/{scan.id}/volume")
        assert answer.headers["X-Voxel-Type"] == "int16"
        shown = np.frombuffer(answer.data, "<i2").reshape(shape)
        drawn = _stroke(shape, random)

        result = clinic.results.latest(scan.id)
        form = {
            "mask": (io.BytesIO(gzip.compress(drawn.tobytes())), "mask.gz"),
            "result": result.id, "parent": "", "minutes": "1.5", "comment": "", "empty": "no",
        }  # fmt: skip
        answer = client.post(f"/scans/{scan.id}/drawing", data=form, headers=client.csrf)
        assert answer.status_code == 200, answer.text

        version = answer.json["review"]
        again = client.get(f"/scans/{scan.id}/mask.bin?layer=corrected&v={version}")
        assert again.data == drawn.tobytes()
        content = client.get(f"/scans/{scan.id}/download/mask?layer=corrected").data
        downloaded = nib.Nifti1Image.from_bytes(gzip.decompress(content))
        mask = np.asarray(downloaded.dataobj)
        assert mask.shape == SHAPE
        assert np.allclose(downloaded.affine, affine, atol=1e-5)
        assert sorted(source[mask > 0].tolist()) == sorted(shown[drawn > 0].tolist())
