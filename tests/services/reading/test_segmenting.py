"""The command line's files: names, grids, reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from data.records import Box, SourceGrid
from services.assembly.commands import build_reader
from services.reading.segmenting import Segmenting, source_corners
from services.settings import Settings
from tests import phantoms

CONTRACT = {
    "task",
    "refused",
    "reason",
    "probability",
    "threshold",
    "volume_ml",
    "longest_diameter_mm",
    "boxes",
    "model",
    "timings",
}


@pytest.fixture(scope="module")
def segmenting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segmenting]:
    settings = Settings(home=tmp_path_factory.mktemp("nobody"))
    reader, batcher = build_reader(settings)
    yield Segmenting(reader, settings)
    batcher.stop()


def test_a_volume_gets_json_and_a_mask_in_its_own_grid(segmenting: Segmenting, tmp_path: Path) -> None:
    file = tmp_path / "patient one.nii.gz"
    file.write_bytes(phantoms.nifti(phantoms.brain(lesion_mm=20)))
    (report,) = segmenting.segment(file, tmp_path / "out")
    assert set(report) >= CONTRACT
    assert json.loads((tmp_path / "out" / "patient one.json").read_text()) == report
    mask = nib.load(tmp_path / "out" / "patient one.mask.nii.gz")
    drawn = np.asarray(mask.dataobj)
    shape, affine = phantoms.thick()
    assert drawn.shape == shape
    assert np.allclose(mask.affine, affine)
    for box in report["boxes"]:
        first, last = box["first"], box["last"]
        part = drawn[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))]
        assert part.any()
        assert int(part.sum()) >= box["voxels"]
        ends = np.array(box["maximum_3d_ends"])
        assert (ends >= np.array(first) - 0.5).all() and (ends <= np.array(last) + 0.5).all()
        apart = (ends[1] - ends[0]) @ affine[:3, :3].T
        assert np.linalg.norm(apart) == pytest.approx(box["maximum_3d_diameter_mm"])
        assert box["craniocaudal_mm"] == pytest.approx((last[2] - first[2] + 1) * abs(affine[2, 2]))
    assert report["maximum_3d_diameter_mm"] == report["boxes"][0]["maximum_3d_diameter_mm"]
    assert report["longest_diameter_mm"] <= report["maximum_3d_diameter_mm"]


def test_a_picture_gets_a_picture_of_its_size(segmenting: Segmenting, tmp_path: Path) -> None:
    file = tmp_path / "slice.png"
    file.write_bytes(phantoms.axial_png(phantoms.brain(lesion_mm=20)))
    (report,) = segmenting.segment(file, tmp_path)
    assert not report["refused"]
    mask = np.asarray(Image.open(tmp_path / "slice.mask.png"))
    assert mask.shape == np.asarray(Image.open(file)).shape
    assert set(np.unique(mask)) <= {0, 255}
    assert report["volume_ml"] is None


def test_numbered_pictures_are_one_volume_where_that_is_said(segmenting: Segmenting, tmp_path: Path) -> None:
    head, folder = phantoms.brain(lesion_mm=20), tmp_path / "head"
    folder.mkdir()
    for place, k in enumerate(range(52, 62, 2), start=8):  # from 8 to 12
        (folder / f"slice{place}.png").write_bytes(phantoms.axial_png(head, k))
    apart = list(segmenting.segment(folder, tmp_path / "apart"))
    assert len(apart) == 5
    (report,) = segmenting.segment(folder, tmp_path / "out", as_volume=True)
    assert (report["name"], report["refused"], report["volume_ml"]) == ("head", False, None)
    assert "5 pictures were joined" in report["warnings"][0]
    mask = np.asarray(nib.load(tmp_path / "out" / "head.mask.nii.gz").dataobj)
    with Image.open(folder / "slice8.png") as picture:
        assert sorted(mask.shape) == sorted((5, *picture.size))


def test_a_refusal_is_a_report_too(segmenting: Segmenting, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    file.write_bytes(b"%PDF-1.7 a letter")
    (report,) = segmenting.segment(file, tmp_path)
    assert set(report) >= CONTRACT
    assert report["refused"] is True
    assert report["reason"].endswith(".")
    assert not (tmp_path / "letter.mask.png").exists()


def test_two_inputs_of_one_name_do_not_overwrite_each_other(segmenting: Segmenting, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text("nothing")
    names = [
        report["name"]
        for folder in ("a", "b")
        for report in segmenting.segment(tmp_path / folder / "same.txt", tmp_path / "out")
    ]
    assert names == ["same", "same~2"]


def test_the_task_that_is_asked_for_is_the_only_one(segmenting: Segmenting, tmp_path: Path) -> None:
    file = tmp_path / "head.nii.gz"
    file.write_bytes(phantoms.nifti(phantoms.brain()))
    (report,) = segmenting.segment(file, tmp_path, task="pneumonia")
    assert report["refused"]


def test_a_displayed_box_lies_at_the_same_voxels_of_the_source() -> None:
    grid = SourceGrid("nifti", (10, 20, 30), axes=(2, 1, 0), flips=(1, 2))
    first, last = source_corners(Box(slices=(3, 4), rows=(0, 5), columns=(2, 2)), grid)
    assert (first, last) == ([7, 14, 3], [7, 19, 4])
