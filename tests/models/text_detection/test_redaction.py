"""Boxes are black in a copy, on every slice, with a margin."""

from __future__ import annotations

import numpy as np

from data.records import PictureBox
from models.text_detection.redaction import blacked_out


def test_a_box_is_black_on_every_slice_and_the_kept_pixels_stay() -> None:
    pixels = np.full((3, 40, 60), 500, np.int16)
    pixels[:, 30:, :] = 100
    copy = blacked_out(pixels, [PictureBox(1, 8, 10, 16, 30)])
    assert (copy[:, 8:16, 10:30] == 100).all()
    assert (copy[:, 6:18, 8:32] == 100).all()  # a margin of two pixels
    assert (copy[:, :6] == 500).all() and (copy[:, :, :8][:, :30] == 500).all()
    assert (pixels[:, :30] == 500).all()


def test_a_box_at_the_edge_stays_inside_and_black_can_be_said() -> None:
    copy = blacked_out(np.full((10, 10), 7.0), [PictureBox(0, 0, 0, 4, 10)], -1.0)
    assert (copy[:6] == -1).all() and (copy[6:] == 7).all()


def test_without_boxes_nothing_is_copied() -> None:
    pixels = np.zeros((2, 4, 4))
    assert blacked_out(pixels, []) is pixels
