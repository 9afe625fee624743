"""Phantoms: the same every time, in real millimetres, with a lesion where the mask says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from data import formats
from data.labelled import phantoms
from data.labelled.phantoms import Look, Phantom, PhantomLesion
from data.labelled.poses import Grid

GRID = Grid(slices=24, rows=112, columns=104, slice_mm=6.0, pixel_mm=2.1)
LOOK = Look(noise=0.02, bias=0.08, blur=0.4, gain=1000)
VOXEL_ML = 6.0 * 2.1 * 2.1 / 1000


def made(lesion: PhantomLesion | None = None, look: Look = LOOK, seed: int = 1) -> Phantom:
    return phantoms.head(GRID, look, lesion, np.random.default_rng(seed))


def test_the_same_generator_state_gives_the_same_file() -> None:
    lesion = PhantomLesion(20, 0.9, 0.2)
    first, same, other = made(lesion), made(lesion), made(lesion, seed=2)
    assert np.array_equal(first.mask, same.mask)
    files = [phantoms.nifti(each.voxels, each.affine) for each in (first, same, other)]
    assert files[0] == files[1] != files[2]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("volume_ml", [5, 40])
def test_a_lesion_is_about_as_large_as_asked_in_one_piece_and_bright(volume_ml: float, seed: int) -> None:
    lesion, without = made(PhantomLesion(volume_ml, 0.95), seed=seed), made(seed=seed)
    found_ml = lesion.mask.sum() * VOXEL_ML
    assert 0.3 * volume_ml < found_ml < 1.5 * volume_ml
    pieces, _ = ndimage.label(lesion.mask, structure=np.ones((3, 3, 3)))
    assert np.bincount(pieces.ravel())[1:].max() > 0.8 * lesion.mask.sum()
    tissue = (without.voxels > 300) & (without.voxels < 600)
    assert lesion.voxels[lesion.mask].mean() > 1.4 * np.median(without.voxels[tissue])
    assert not without.mask.any()


def test_what_only_looks_like_a_tumour_is_in_no_mask() -> None:
    tumour, mimic = made(PhantomLesion(20, 0.9)), made(PhantomLesion(20, 0.9, tumour=False))
    assert np.array_equal(tumour.voxels, mimic.voxels)
    assert tumour.mask.any()
    assert not mimic.mask.any()


def test_a_core_is_darker_than_its_rim() -> None:
    flat, hollow = made(PhantomLesion(60, 0.9)), made(PhantomLesion(60, 0.9, core=0.4))
    assert np.array_equal(flat.mask, hollow.mask)
    depth = ndimage.distance_transform_edt(flat.mask, sampling=(2.1, 2.1, 6.0))
    middle = depth > 0.8 * depth.max()
    assert hollow.voxels[middle].mean() < 0.8 * flat.voxels[middle].mean()


def test_a_head_lies_upright_in_the_patients_millimetres(tmp_path: Path) -> None:
    phantom = made(PhantomLesion(20, 0.9))
    file = tmp_path / "head.nii.gz"
    file.write_bytes(phantoms.nifti(phantom.voxels, phantom.affine, phantoms.MARK))
    decoded = formats.decode(file, file.name)
    assert not decoded.refusals
    (scan,) = decoded.scans
    assert scan.array.shape == (GRID.slices, GRID.rows, GRID.columns)
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML, rel=1e-4)
    assert not scan.warnings
    truth = formats.to_display(phantom.mask, scan.grid)
    shown = np.where(truth, scan.array, 0)
    assert shown.sum() == phantom.voxels[phantom.mask].sum()
    # A head narrows towards its top, and its front is narrower than its back.
    bright = scan.array > 250
    assert bright[-2].sum() < bright[GRID.slices // 2].sum()
    rows = np.flatnonzero(bright[GRID.slices // 2].any(axis=1))
    columns = np.flatnonzero(bright[GRID.slices // 2].any(axis=0))
    assert 150 < 2.1 * len(rows) < 230
    assert 120 < 2.1 * len(columns) < len(rows) * 2.1


def test_what_a_scanner_does_shows() -> None:
    clean = made(look=replace(LOOK, noise=0.005, bias=0.0))
    noisy = made(look=replace(LOOK, noise=0.1, bias=0.0))
    corner = (slice(0, 8), slice(0, 8), slice(None))
    assert noisy.voxels[corner].mean() > 10 * clean.voxels[corner].mean()
    louder = made(look=replace(LOOK, gain=2000))
    assert louder.voxels.mean() == pytest.approx(2 * made().voxels.mean(), rel=0.02)
    flat = made(look=replace(LOOK, contrast=0.6, noise=0.005))
    assert np.median(flat.voxels[flat.voxels > 200]) > np.median(clean.voxels[clean.voxels > 200])
    uneven = made(look=replace(LOOK, bias=0.5, noise=0.005))
    ratio = uneven.voxels[clean.voxels > 300] / clean.voxels[clean.voxels > 300]
    assert ratio.std() > 0.15


def test_scans_of_nothing() -> None:
    assert np.unique(phantoms.blank(GRID).voxels).size == 1
    noise = phantoms.static(GRID, LOOK, np.random.default_rng(0))
    assert not noise.mask.any()
    assert np.corrcoef(noise.voxels[:-1].ravel(), noise.voxels[1:].ravel())[0, 1] < 0.01
