"""Key pictures, looked at as they are printed: sides, shape, scale, outline."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reports.colours import AI_COLOUR
from reports.key_pictures import LONG_SIDE, MARGIN, Mark, captioned_png, key_picture_png, scale_bar_mm

ROWS, COLUMNS = 40, 60


def drawn(picture: np.ndarray | None = None, **changes: Any) -> np.ndarray:
    """(height, width, 3) of the printed picture; grey 100 of 200 unless told otherwise."""
    given: dict[str, Any] = {
        "mask": None,
        "colour": AI_COLOUR,
        "marks": [],
        "letters": None,
        "spacing_mm": None,
        "words": "",
    }
    if picture is None:
        picture = np.full((ROWS, COLUMNS), 100)
    content = key_picture_png(picture, (0, 200), **(given | changes))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def of_slice(canvas: np.ndarray, height: int = round(LONG_SIDE * ROWS / COLUMNS)) -> np.ndarray:
    return canvas[MARGIN : MARGIN + height, MARGIN:-MARGIN]


def test_left_stays_left_and_top_stays_top() -> None:
    picture = np.zeros((ROWS, COLUMNS))
    picture[:10, :15] = 200
    slice_ = of_slice(drawn(picture))
    assert slice_[20, 20].tolist() == [255, 255, 255]
    assert slice_[20, -20].tolist() == slice_[-20, 20].tolist() == [0, 0, 0]


def test_the_letters_stand_at_their_sides_and_only_where_they_are_known() -> None:
    lettered, plain = drawn(letters=("R", "L", "A", "P")), drawn()
    lit = (lettered != plain).any(axis=2)
    assert lit[:, :MARGIN].any() and lit[:, -MARGIN:].any() and lit[:MARGIN].any()
    assert lit[MARGIN + of_slice(plain).shape[0] :].any()
    assert not lit[MARGIN + 12 : -MARGIN - 12, MARGIN + 12 : -MARGIN - 12].any()
    swapped = drawn(letters=("L", "R", "A", "P"))
    assert (swapped[:, :MARGIN] != lettered[:, :MARGIN]).any()


def test_a_slice_is_shaped_as_the_body_is() -> None:
    canvas = drawn(spacing_mm=(3.0, 1.0))  # 120 x 60 mm
    assert canvas.shape[1] - 2 * MARGIN == LONG_SIDE / 2
    assert drawn().shape[1] - 2 * MARGIN == LONG_SIDE


@pytest.mark.parametrize(
    ("width_mm", "bar_mm"), [(240, 50), (100, 20), (34, 10), (33, 5), (3, 0.5), (900, 200)]
)
def test_a_scale_bar_has_a_round_length_that_fits(width_mm: float, bar_mm: float) -> None:
    assert scale_bar_mm(width_mm) == pytest.approx(bar_mm)


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    canvas = drawn(spacing_mm=(2.0, 2.0))  # 120 mm wide: a bar of 20 mm
    level = canvas[-MARGIN // 2, :, 0] > 200
    bar = np.flatnonzero(level)
    runs = np.split(bar, np.flatnonzero(np.diff(bar) > 1) + 1)
    longest = max(len(run) for run in runs)
    assert longest == pytest.approx(20 / 120 * LONG_SIDE, abs=4)


def test_without_spacing_there_is_no_scale() -> None:
    assert drawn(spacing_mm=(1.0, 1.0)).shape[0] == drawn().shape[0] + MARGIN


def test_an_outline_lies_around_the_mask_and_leaves_what_is_in_it() -> None:
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[10:20, 20:40] = True
    slice_ = of_slice(drawn(mask=mask))
    line = (slice_ == AI_COLOUR).all(axis=2)
    rows, columns = np.nonzero(line)
    scale = LONG_SIDE / COLUMNS
    assert (rows.min(), rows.max()) == (pytest.approx(10 * scale, abs=4), pytest.approx(20 * scale, abs=4))
    assert (columns.min(), columns.max()) == (
        pytest.approx(20 * scale, abs=4),
        pytest.approx(40 * scale, abs=4),
    )
    inside = slice_[round(12 * scale) : round(18 * scale), round(22 * scale) : round(38 * scale)]
    assert (inside == 127).all()


@pytest.mark.parametrize("grey", [0, 60, 110, 160, 200])
def test_an_outline_is_seen_without_colours_on_any_grey(grey: int) -> None:
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[10:20, 20:40] = True
    slice_ = of_slice(drawn(np.full((ROWS, COLUMNS), grey), mask=mask))
    across = slice_[round(15 * LONG_SIDE / COLUMNS), :300] @ [0.299, 0.587, 0.114]
    assert across.max() - across.min() > 60


def test_a_number_stands_beside_its_lesion_and_stays_on_the_picture() -> None:
    plain = drawn()
    for row, column in ((0, COLUMNS - 1), (ROWS - 1, 0)):
        lit = (drawn(marks=[Mark("3", row, column)]) != plain).any(axis=2)
        assert lit.any()
        assert not lit[0].any() and not lit[:, -1].any()


def test_a_caption_stands_below_and_leaves_the_picture_alone() -> None:
    memory = io.BytesIO()
    Image.fromarray(np.full((80, 200), 40, np.uint8)).save(memory, "PNG")
    for lines in (["P-1"], ["P-1, FLAIR, slice 9 of 24", "Window 12 to 980", "Not for diagnostic use"]):
        canvas = np.asarray(Image.open(io.BytesIO(captioned_png(memory.getvalue(), lines)))).astype(int)
        assert (canvas[:80] == 40).all()
        strip = canvas[80:, :, 0]
        assert canvas.shape[1] == 200
        rows = np.flatnonzero((strip > 100).any(axis=1))
        assert 1 + np.count_nonzero(np.diff(rows) > 1) >= len(lines)  # each line by itself
        assert strip[:, -8:].max() == 0  # and none runs out of the picture
