"""Whatever bytes arrive: a scan or a refusal comes back, and the reading process goes on."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file

from data.formats import decode_guarded

PIXELS = (np.arange(400).reshape(20, 20) % 251).astype(np.uint8)


@cache
def sample(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "nifti":
        return nib.Nifti1Image(np.stack([PIXELS] * 3, axis=-1), np.eye(4)).to_bytes()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("scan.png", sample("PNG"))
        return out.getvalue()
    if kind in ("PNG", "TIFF", "JPEG"):
        Image.fromarray(PIXELS).save(out, kind)
        return out.getvalue()
    return Path(str(get_testdata_file(kind))).read_bytes()


@pytest.mark.parametrize(
    "kind", ["nifti", "zip", "PNG", "TIFF", "JPEG", "MR_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm"]
)
@settings(max_examples=12, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.one_of(st.none(), st.floats(0, 1)),
)
def test_damaged_files(kind: str, places: list[tuple[float, int]], cut: float | None) -> None:
    raw = bytearray(sample(kind))
    for place, value in places:
        # Half of the damage goes into the header, where it hurts.
        reach = min(len(raw), 700) if value % 2 else len(raw)
        raw[int(place * (reach - 1))] = value
    damaged = raw if cut is None else raw[: int(cut * len(raw))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(damaged)
        decoded = decode_guarded(file, "file", timeout_s=20)
    assert decoded.scans or decoded.refusals
    assert all(refusal.code != "too_hard" for refusal in decoded.refusals)
    assert all(np.isfinite(scan.array).all() for scan in decoded.scans)
