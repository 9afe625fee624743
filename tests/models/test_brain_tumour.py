"""From a brain scan to the network's slices and from its logits back to the scan."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from data.records import Spacing
from models.brain_tumour.network import Mirrored
from models.brain_tumour.task import answer, joined, prepare, presence_logit
from models.task import Decision

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
