"""From a brain scan to the network's slices and from its logits back to the scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from data.records import Spacing
from models.brain_tumour.network import Mirrored
from models.brain_tumour.task import answer, drawn, joined, pixel_probability, prepare, presence_logit
from models.imaging import Crop
from models.task import Decision, Placement

DECISION = Decision(threshold=0.5, dice_estimate=(0.0, 1.0, *[0.0] * 11))  # the soft Dice alone


def _volume(slices: int, height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    head = np.hypot((rows - height / 2) / height, (columns - width / 2) / width) < 0.45
    random = np.random.default_rng(0)
    return (head * random.uniform(80, 120, (slices, 1, 1)) + random.normal(0, 2, (slices, height, width))) * 7


def test_every_slice_stands_between_its_neighbours() -> None:
    inputs, placement = prepare(_volume(5, 90, 70))
    assert inputs.shape == (5, 3, 192, 192)
    assert placement.shape == (5, 90, 70)
    for index in range(5):
        before, after = max(0, index - 1), min(4, index + 1)
        np.testing.assert_array_equal(inputs[index, 0], inputs[before, 1])
        np.testing.assert_array_equal(inputs[index, 2], inputs[after, 1])


SIDES, PLACES = st.integers(60, 200), st.floats(0.35, 0.65)


@given(height=SIDES, width=SIDES, row=PLACES, column=PLACES)
def test_what_the_network_marks_lies_where_it_was_seen(
    height: int, width: int, row: float, column: float
) -> None:
    volume = _volume(3, height, width)
    rows, columns = np.indices((height, width))
    centre = (row * height, column * width)
    spot = np.hypot(rows - centre[0], columns - centre[1]) < 0.15 * min(height, width)
    volume[1:, spot] = 2000
    inputs, placement = prepare(volume)
    logits = ((inputs[:, 1:2].numpy() - 0.8) * 60).astype(np.float32)  # a network that marks what is bright
    said = answer(logits.repeat(2, axis=1), placement, Spacing(), DECISION)
    assert said.positive
    assert said.mask is not None
    assert not said.mask[0].any()
    overlap = 2 * (said.mask[1] & spot).sum() / (said.mask[1].sum() + spot.sum())
    assert overlap > 0.8


def test_a_tumour_in_two_slices_outweighs_a_speck_in_one() -> None:
    logits = np.full((6, 1, 32, 32), -8.0, np.float32)
    speck, tumour = logits.copy(), logits.copy()
    speck[2, 0, :10, :10] = 4
    tumour[2:4, 0, :10, :10] = 4
    assert presence_logit(tumour) == pytest.approx(4)
    assert presence_logit(speck) < presence_logit(tumour)
    assert presence_logit(speck[2:3]) == pytest.approx(4)  # a lone picture has no neighbours to ask


def test_the_expected_dice_comes_with_a_mask_and_only_then() -> None:
    _, placement = prepare(_volume(2, 64, 64))
    nothing = answer(np.full((2, 2, 192, 192), -9, np.float32), placement, Spacing(), DECISION)
    assert (nothing.positive, nothing.estimated_dice) == (False, None)
    below = np.indices((192, 192))[0] > 100
    sure = np.where(below, 12.0, -12.0)[None, None].repeat(2, 0).repeat(2, 1).astype(np.float32)
    unsure = sure / 12
    expected = [answer(outputs, placement, Spacing(), DECISION).estimated_dice for outputs in (sure, unsure)]
    assert expected[0] is not None
    assert expected[1] is not None
    assert expected[0] > 0.95 > 0.85 > expected[1]


def test_both_answers_are_joined_and_the_mirror_is_turned_back() -> None:
    class Left(nn.Module):
        """Marks the left half of whatever it is shown."""

        def forward(self, slices: torch.Tensor) -> torch.Tensor:
            marked = torch.zeros_like(slices[:, :1])
            marked[..., : marked.shape[-1] // 2] = 4
            return marked

    outputs = Mirrored(Left())(torch.zeros(1, 3, 8, 8)).numpy()
    assert outputs.shape == (1, 2, 8, 8)
    assert (outputs[0, 0, :, :4] == 4).all()
    assert (outputs[0, 1, :, 4:] == 4).all()  # the mirrored picture's left half is the picture's right
    assert (joined(outputs) == 2).all()


def test_a_volume_is_judged_with_its_own_shift() -> None:
    decision = Decision(threshold=0.5, volume_shift=3.0)
    assert decision.probability(3.0, volume=True) == 0.5
    assert decision.probability(3.0) > 0.95


def _pixels(*values: int) -> np.ndarray:
    return np.array(values, np.uint8).reshape(1, 1, -1)


def test_a_pixel_is_drawn_above_the_threshold_and_not_at_it() -> None:
    placement = Placement((1, 1, 4))
    half, _ = drawn(_pixels(127, 128, 129, 255), placement, Decision(0.5, pixel_threshold=0.5))
    assert half[0, 0].tolist() == [False, False, True, True]  # 0.5 of 255 is taken to be 128
    third, _ = drawn(_pixels(75, 76, 77, 78), placement, Decision(0.5, pixel_threshold=0.3))
    assert third[0, 0].tolist() == [False, False, True, True]


def test_the_least_size_is_counted_in_the_networks_pixels() -> None:
    """A picture of 384 pixels has four of its own to one of the network's."""
    pixels = np.zeros((1, 384, 300), np.uint8)
    pixels[0, 10, 10:49] = pixels[0, 100, 10:50] = 255  # 39 and 40 of its own
    decision = Decision(0.5, least_pixels=10)
    assert drawn(pixels, Placement((1, 384, 300)), decision)[0].sum() == 40
    cut = Placement((1, 384, 300), Crop(0, 0, 192))
    assert drawn(pixels, cut, decision)[0].sum() == 79  # one to one
    assert drawn(pixels, cut, Decision(0.5, least_pixels=40))[0].sum() == 40


def test_a_satellite_is_counted_in_the_networks_pixels_over_all_slices() -> None:
    pixels = np.zeros((3, 384, 384), np.uint8)
    pixels[0, 50:100, 50:100] = 255  # 2,500 of its own
    pixels[1:, 200, 10:90] = 255  # 160 over two slices, 40 of the network's
    placement = Placement((3, 384, 384))
    assert drawn(pixels, placement, Decision(0.5, least_satellite=41))[0].sum() == 2500
    assert drawn(pixels, placement, Decision(0.5, least_satellite=40))[0].sum() == 2660
    assert drawn(pixels, placement, Decision(0.5, least_pixels=30))[0].sum() == 2660


def test_an_answer_says_on_which_slices_it_left_satellites_out() -> None:
    """Of a lone slice too; where nothing is drawn, nothing was left out beside it."""
    volume, placement = prepare(_volume(4, 192, 192))
    logits = np.full((len(volume), 2, 192, 192), -9.0, np.float32)
    logits[0, :, 60:120, 60:120] = 4.0
    logits[2:, :, 20:30, 20:30] = 4.0
    decision = Decision(0.5, least_satellite=400)
    said = answer(logits, placement, Spacing(), decision)
    assert said.satellites == (2, 3)
    assert said.mask is not None
    assert not said.mask[2:].any()
    assert answer(logits, placement, Spacing(), Decision(0.5)).satellites == ()
    assert answer(logits, placement, Spacing(), replace(decision, threshold=0.99)).satellites == ()


def test_a_scan_is_positive_from_the_threshold_on_and_only_with_a_mask() -> None:
    _, placement = prepare(_volume(1, 192, 192))
    logits = np.full((1, 2, 192, 192), -9.0, np.float32)
    logits[..., 60:120, 60:120] = 2.0
    probability = answer(logits, placement, Spacing(), Decision(0.5)).probability
    assert probability == pytest.approx(1 / (1 + np.exp(-2)))
    at = answer(logits, placement, Spacing(), Decision(probability))
    assert at.positive
    assert at.mask is not None
    assert at.mask.any()
    above = answer(logits, placement, Spacing(), Decision(float(np.nextafter(probability, 1))))
    assert not above.positive
    assert above.mask is not None
    assert not above.mask.any()
    assert above.pixel_probability is not None
    assert above.pixel_probability.max() > 200  # what it saw stays to be seen
    empty = answer(logits, placement, Spacing(), Decision(0.5, pixel_threshold=0.95))
    assert (empty.probability, empty.positive) == (probability, False)


def test_a_probability_is_calibrated_before_it_is_compared() -> None:
    decision = Decision(threshold=0.5, temperature=2.0, bias=0.5)
    assert decision.probability(3.0) == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert Decision(0.5, temperature=2.0, volume_shift=1.0).probability(3.0, volume=True) == pytest.approx(
        1 / (1 + np.exp(-1.0))
    )


def test_pixels_beyond_the_cut_are_no_tumour() -> None:
    pixels = pixel_probability(
        np.full((1, 1, 192, 192), 5.0, np.float32), Placement((1, 60, 90), Crop(10, 20, 30))
    )
    assert (pixels[0, 10:40, 20:50] > 250).all()
    pixels[0, 10:40, 20:50] = 0
    assert not pixels.any()
