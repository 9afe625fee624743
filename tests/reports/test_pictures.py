"""Pictures of scans, looked at as a viewer would."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from reports import pictures


def _opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_window_sets_black_and_white() -> None:
    grey = _opened(pictures.slice_png(np.array([[-5, 0, 50, 100, 900]]), 0, 100))
    assert grey.tolist() == [[0, 0, 127, 255, 255]]


def test_the_default_window_bears_outliers_and_constants() -> None:
    scan = np.random.default_rng(0).normal(100, 10, (4, 64, 64))
    scan[0, 0, 0] = 1e6
    low, high, minimum, maximum = pictures.default_window(scan)
    assert 60 < low < high < 160
    assert maximum == 1e6
    assert minimum == scan.min()
    low, high, _, _ = pictures.default_window(np.zeros((1, 8, 8)))
    assert high > low


def test_a_layer_is_clear_outside_its_mask() -> None:
    mask = np.zeros((9, 9), bool)
    mask[2:7, 3:8] = True
    layer = _opened(pictures.layer_png(mask, (1, 2, 3)))
    assert (layer[mask] == (1, 2, 3, 255)).all()
    assert (layer[~mask] == 0).all()
    outline = _opened(pictures.outline_png(mask, (1, 2, 3)))[..., 3] > 0
    assert outline.sum() == 16
    assert not outline[3:6, 4:7].any()


def test_an_outline_at_the_picture_s_edge_is_drawn_too() -> None:
    assert pictures.outline(np.ones((5, 5), bool)).sum() == 16


def test_no_evidence_is_clear_and_the_strongest_is_red() -> None:
    heat = _opened(pictures.heatmap_png(np.array([[0, 128, 255]], np.uint8)))
    assert heat[0, 0, 3] == 0
    assert heat[0, 1, 3] < heat[0, 2, 3]
    assert heat[0, 2, 1] < heat[0, 1, 1]


def test_a_thumbnail_is_small_and_keeps_its_shape() -> None:
    small = Image.open(io.BytesIO(pictures.thumbnail_png(np.random.default_rng(0).random((3, 400, 200)))))
    assert max(small.size) == pictures.THUMBNAIL
    assert small.size[0] * 2 == small.size[1]
