"""Wherever a voxel lies in the patient, it is shown and exported there."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.formats import decode, display_affine, display_shape, read_mask, to_display, to_source
from data.records import DecodedScan, SourceGrid
from reports.masks import mask_nifti
from tests.data.formats.making import ORIENTATIONS, affine_of, marked, write_nifti, write_series

SHAPE = (5, 7, 6)
orientations = st.sampled_from(ORIENTATIONS)
sizes = st.tuples(*[st.floats(0.4, 6.0) for _ in range(3)])
tilts = st.tuples(*[st.floats(-20, 20) for _ in range(3)])
voxels = st.tuples(*[st.integers(0, side - 1) for side in SHAPE])


def only_scan(path: Path) -> DecodedScan:
    decoded = decode(path, path.name)
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    return scan


def point_of_marker(scan: DecodedScan) -> np.ndarray[Any, Any]:
    assert scan.affine is not None
    at = np.unravel_index(int(scan.array.argmax()), scan.array.shape)
    return (scan.affine @ [*at, 1])[:3]


def assert_mask_overlays(
    scan: DecodedScan, folder: Path, shape: tuple[int, ...], affine: Any, at: Any
) -> None:
    mask = scan.array > 500
    file = folder / "mask.nii.gz"
    file.write_bytes(mask_nifti(mask, scan.grid))
    exported = nib.load(file)
    assert exported.shape == shape
    assert np.allclose(exported.affine, affine, atol=1e-3)
    assert [tuple(int(i) for i in index) for index in np.argwhere(np.asarray(exported.dataobj))] == [at]
    assert np.array_equal(read_mask(file, file.name, scan.grid), mask)


@settings(max_examples=60, deadline=None)
@given(orientation=orientations, sizes=sizes, tilt=tilts, at=voxels)
def test_a_nifti_voxel_stays_where_it_lies(orientation: Any, sizes: Any, tilt: Any, at: Any) -> None:
    affine = affine_of(orientation, sizes, tilt)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = only_scan(write_nifti(marked(SHAPE, at), affine, folder / "scan.nii"))
        assert np.allclose(point_of_marker(scan), (affine @ [*at, 1])[:3], atol=1e-3)
        assert_mask_overlays(scan, folder, SHAPE, affine, at)


@settings(max_examples=40, deadline=None)
@given(
    orientation=orientations,
    sizes=sizes,
    tilt=tilts,
    at=voxels,
    order=st.permutations(range(SHAPE[2])),
)
def test_a_dicom_voxel_stays_where_it_lies(
    orientation: Any, sizes: Any, tilt: Any, at: Any, order: list[int]
) -> None:
    affine = affine_of(orientation, sizes, tilt)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan = only_scan(write_series(marked(SHAPE, at), affine, folder / "series", order))
        point = (affine @ [*at, 1])[:3]
        assert np.allclose(point_of_marker(scan), point, atol=1e-3)
        source_affine = np.array(scan.grid.affine)
        (index,) = np.argwhere(to_source(scan.array, scan.grid) > 500)
        assert np.allclose((source_affine @ [*index, 1])[:3], point, atol=1e-3)
        assert_mask_overlays(scan, folder, SHAPE, source_affine, tuple(int(i) for i in index))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_picture_is_radiological(orientation: Any, tmp_path: Path) -> None:
    """Axial, near-isotropic: the patient's right is left in the picture, anterior is up."""
    affine = affine_of(orientation, (1.0, 1.0, 1.0), (3, -4, 5))
    scan = only_scan(write_nifti(np.ones((8, 9, 10), np.uint8), affine, tmp_path / "scan.nii"))
    assert scan.affine is not None
    slice_step, row_step, column_step = scan.affine[:3, :3].T
    assert slice_step[2] > 0.9
    assert row_step[1] < -0.9
    assert column_step[0] < -0.9


@pytest.mark.parametrize(
    ("coarse", "rows", "columns", "slices"),
    [
        (2, (1, -1), (0, -1), (2, 1)),  # axial: A to P, R to L, I to S
        (1, (2, -1), (0, -1), (1, 1)),  # coronal: S to I, R to L, P to A
        (0, (2, -1), (1, -1), (0, -1)),  # sagittal: S to I, A to P, R to L
    ],
)
@pytest.mark.parametrize("kind", ["nifti", "dicom"])
def test_the_acquired_plane_is_kept(
    coarse: int, rows: Any, columns: Any, slices: Any, kind: str, tmp_path: Path
) -> None:
    thick_last = [axis for axis in range(3) if axis != coarse] + [coarse]
    affine = affine_of((thick_last, (1, -1, 1)), (1.0, 1.0, 5.0))
    volume = np.arange(12 * 12 * 6, dtype=np.int16).reshape(12, 12, 6)
    if kind == "nifti":
        scan = only_scan(write_nifti(volume, affine, tmp_path / "scan.nii"))
    else:
        scan = only_scan(write_series(volume, affine, tmp_path / "series"))
    assert scan.array.shape == (6, 12, 12)
    assert scan.spacing.slice_mm == pytest.approx(5.0)
    assert scan.affine is not None
    for step, (world, sign) in zip(scan.affine[:3, :3].T, (slices, rows, columns), strict=True):
        assert step[world] * sign > 0


grids = st.builds(
    SourceGrid,
    kind=st.just("nifti"),
    shape=st.just(SHAPE),
    axes=st.permutations(range(3)).map(tuple),
    flips=st.sets(st.integers(0, 2)).map(lambda axes: tuple(sorted(axes))),
    affine=st.just(tuple(tuple(row) for row in np.diag([1.0, 2.0, 3.0, 1.0]))),
)


@given(grid=grids)
def test_there_and_back_is_the_same(grid: SourceGrid) -> None:
    source = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    displayed = to_display(source, grid)
    assert displayed.shape == display_shape(grid)
    assert np.array_equal(to_source(displayed, grid), source)
    affine = display_affine(grid)
    assert affine is not None
    at = (2, 3, 1)
    index = np.argwhere(source == displayed[at])[0]
    assert np.allclose(affine @ [*at, 1], np.array(grid.affine) @ [*index, 1])
