"""Squares and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.imaging import Crop, from_square, head_window, normalised, stretched, to_square, whole


@given(height=st.integers(40, 300), width=st.integers(40, 300))
def test_a_marked_place_comes_back_to_where_it_was(height: int, width: int) -> None:
    row, column = height // 3, 2 * width // 3
    rows, columns = np.indices((height, width))
    spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (0.003 * max(height, width) ** 2))
    square = to_square(spot[None].astype(np.float32), 192)
    assert square.shape == (1, 1, 192, 192)
    back = from_square(square, height, width)
    assert back.shape == (1, height, width)
    place = np.unravel_index(back[0].argmax(), back[0].shape)
    limit = max(height, width) / 192 + 1
    assert abs(place[0] - row) <= limit
    assert abs(place[1] - column) <= limit


@given(gain=st.floats(1e-3, 1e4), offset=st.floats(-1e4, 1e4))
def test_scale_and_offset_of_a_scanner_do_not_matter(gain: float, offset: float) -> None:
    scan = np.random.default_rng(0).gamma(2, 50, (4, 32, 32))
    assert np.allclose(normalised(scan * gain + offset), normalised(scan), atol=2e-2)


def test_constant_and_broken_pixels_become_numbers() -> None:
    assert not normalised(np.full((2, 8, 8), 7)).any()
    broken = np.ones((1, 16, 16), np.float32)
    broken[0, :8] = 5
    broken[0, 0, 0], broken[0, 0, 1] = np.nan, np.inf
    assert np.isfinite(normalised(broken)).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float64, ">i2"])
def test_every_kind_of_number_is_taken(kind: object) -> None:
    scan = np.arange(2 * 20 * 20).reshape(2, 20, 20).astype(kind)  # type: ignore[call-overload]
    out = normalised(scan)
    assert out.dtype == np.float32
    assert (out.min(), out.max()) == (0.0, 1.0)


SIDES, PLACES = st.integers(20, 90), st.integers(-10, 15)


@given(SIDES, SIDES, PLACES, PLACES, SIDES)
def test_a_window_comes_back_to_where_it_was_cut(
    height: int, width: int, top: int, left: int, side: int
) -> None:
    window = Crop(top, left, side)
    rows, columns = np.indices((height, width))
    picture = ((rows >= top + 5) & (rows < top + 12) & (columns >= left + 4) & (columns < left + 13))[None]
    back = from_square(to_square(picture.astype(np.float32), side, window), height, width, window)
    inside = np.zeros((height, width), dtype=bool)
    inside[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = True
    assert np.array_equal(back[0], picture[0] & inside)


def test_the_head_is_found_in_a_wide_field_of_view() -> None:
    random = np.random.default_rng(0)
    volume = random.uniform(0, 0.03, (6, 200, 240)).astype(np.float32)
    rows, columns = np.indices((200, 240))
    volume[:, np.hypot((rows - 90) / 75, (columns - 150) / 60) < 1] += 0.6
    window = head_window(volume)
    assert 150 <= window.side <= 175
    assert abs(window.top + window.side / 2 - 90) < 4
    assert abs(window.left + window.side / 2 - 150) < 4


def test_where_no_head_stands_out_the_whole_picture_is_taken() -> None:
    assert head_window(np.zeros((1, 50, 80), np.float32)) == whole(50, 80)


def test_stretching_fills_the_square() -> None:
    ramp = np.tile(np.linspace(0, 1, 120, dtype=np.float32), (1, 40, 1))
    square = stretched(ramp, 64)
    assert square.shape == (1, 1, 64, 64)
    assert square[0, 0, :, 0].max() < 0.05
    assert square[0, 0, :, -1].min() > 0.95
