"""Small files that are well, to be damaged: made here, and out of a folder where one is named.

FUZZ_SEEDS names a folder of further files. They are read when asked for and kept nowhere.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
from PIL import Image
from pydicom.data import get_testdata_file

from tests.data.formats.making import affine_of, enhanced, picture, save, slices_of
from tests.fuzz.door import PATIENT

_LARGEST = 200_000
_LITTLE = (np.arange(16 * 16).reshape(16, 16) * 15).astype(np.uint16)
_VOLUME = np.arange(8 * 8 * 4, dtype=np.int16).reshape(8, 8, 4)
_AFFINE = affine_of(((0, 1, 2), (1, 1, 1)), (1.0, 1.0, 3.0))
_NAMED = {
    "SOPInstanceUID": "1.2.3.4.5",
    "PatientName": PATIENT,
    "PatientID": "QPONMLK-17",
    "PatientBirthDate": "19500101",
}


@cache
def dicom_files() -> tuple[bytes, ...]:
    """Single pictures, a slice of a series, an enhanced volume; native and compressed."""
    with tempfile.TemporaryDirectory() as folder:
        made = [
            picture(_LITTLE, **_NAMED),
            picture(_LITTLE.astype(np.int16), Modality="MR", BodyPartExamined="BRAIN", **_NAMED),
            picture(
                _LITTLE.astype(np.uint8), SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1", Modality="DX", **_NAMED
            ),
            slices_of(_VOLUME, _AFFINE, **_NAMED)[0],
            enhanced(_VOLUME, _AFFINE, **_NAMED),
        ]
        contents = [
            save(dataset, Path(folder, str(number))).read_bytes() for number, dataset in enumerate(made)
        ]
        for name in ("MR_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "MR_small_bigendian.dcm"):
            dataset = pydicom.dcmread(str(get_testdata_file(name)))
            dataset.PatientName, dataset.PatientID = PATIENT, "QPONMLK-17"
            dataset.save_as(Path(folder, name))
            contents.append(Path(folder, name).read_bytes())
    return tuple(contents)


@cache
def nifti_files() -> tuple[bytes, ...]:
    """Volumes of several types, plain and packed, and NIfTI-2."""
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    plain = [
        nib.Nifti1Image(_VOLUME, affine).to_bytes(),
        nib.Nifti1Image(_VOLUME.astype(np.float32), affine).to_bytes(),
        nib.Nifti1Image((_VOLUME > 100).astype(np.uint8), affine).to_bytes(),
        nib.Nifti1Image(_VOLUME[..., None].repeat(2, axis=3), affine).to_bytes(),
        nib.Nifti2Image(_VOLUME, affine).to_bytes(),
    ]
    return (*plain, gzip.compress(plain[0]), gzip.compress(plain[2]))


@cache
def picture_files() -> tuple[bytes, ...]:
    """PNG, JPEG, TIFF (also of several pages, and of 16 bits), WebP and BMP."""
    contents = []
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP"):
        out = io.BytesIO()
        Image.fromarray(_LITTLE.astype(np.uint8)).save(out, kind)
        contents.append(out.getvalue())
    for pages in (1, 3):
        out = io.BytesIO()
        images = [Image.fromarray(_LITTLE) for _ in range(pages)]
        images[0].save(out, "TIFF", save_all=pages > 1, append_images=images[1:])
        contents.append(out.getvalue())
    out = io.BytesIO()
    Image.fromarray(np.stack([_LITTLE.astype(np.uint8)] * 3, axis=2)).save(out, "JPEG")
    return (*contents, out.getvalue())


@cache
def outside_files() -> tuple[bytes, ...]:
    """The small files of the folder that FUZZ_SEEDS names; none where it names none."""
    folder = os.environ.get("FUZZ_SEEDS")
    files = sorted(Path(folder).rglob("*")) if folder else []
    return tuple(file.read_bytes() for file in files if file.is_file() and file.stat().st_size <= _LARGEST)
