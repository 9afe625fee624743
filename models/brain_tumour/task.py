"""`brain-tumour`: from a scan to the network's slices, and from its logits to mask and presence."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.records import BRAIN_TUMOUR, Doubt, KnownMistake, MrSequence, Spacing
from models import presence
from models.brain_tumour import network
from models.brain_tumour.layout import volumes_and_slices
from models.components import Least, without_specks
from models.doubt import expected_dice, signs
from models.imaging import from_square, head_squares, parts
from models.task import Answer, Array, Decision, FloatArray, Placement, Task, TaskKind

PRESENCE_PIXELS = 100
"""A slice's presence is the mean of this many of its highest logits."""
PRESENCE_SLICES = 2
"""A volume's presence is the highest mean over this many slices in a row: a tumour seldom ends at once."""

UNRELIABLE_DICE = 0.6
"""A mask expected to overlap with the truth by less than this makes the answer uncertain: of what version 0.1
called a tumour outside its training sources, that took 17 of 19 healthy heads and 16 of 24 of other disease,
and 1 of 45 with a tumour."""


class _Both(NamedTuple):
    """Probabilities of the picture and of its mirror image, each (slices, size, size)."""

    plain: FloatArray
    mirrored: FloatArray


def prepare(volume: Array) -> tuple[Tensor, Placement]:
    """(slices, height, width) of any scale -> slices between their neighbours (slices, 3, size, size)."""
    squares, window = head_squares(volume, network.INPUT_SIZE)
    stacked = torch.cat([squares[:1], squares, squares[-1:]])[:, 0]
    shape = (len(volume), int(volume.shape[1]), int(volume.shape[2]))
    # A view: each slice is in memory once, not three times.
    return stacked.unfold(0, 3, 1).permute(0, 3, 1, 2), Placement(shape, window)


def joined(outputs: FloatArray) -> FloatArray:
    """The mean of both answers, (slices, 2, size, size) -> (slices, 1, size, size) logits."""
    mean: FloatArray = outputs.mean(axis=1, keepdims=True)
    return mean


def slice_logits(logits: FloatArray) -> FloatArray:
    """(slices, 1, size, size) -> one logit a slice for "there is a tumour in it"."""
    flat = logits.reshape(len(logits), -1)
    highest: FloatArray = np.partition(flat, -PRESENCE_PIXELS, axis=1)[:, -PRESENCE_PIXELS:].mean(axis=1)
    return highest


def presence_logit(logits: FloatArray) -> float:
    """One logit for "there is a tumour in this scan" out of (slices, 1, size, size)."""
    each = slice_logits(logits)
    run = min(PRESENCE_SLICES, len(each))
    return float(np.convolve(each, np.full(run, 1 / run), mode="valid").max())


def pixel_probability(logits: FloatArray, placement: Placement) -> NDArray[np.uint8]:
    """Logits (slices, 1, size, size) as probabilities 0..255 in the scan's grid."""
    _, height, width = placement.shape
    pixels = np.empty(placement.shape, dtype=np.uint8)
    for part in parts(placement.shape):
        squares = torch.from_numpy(logits[part])
        full = from_square(squares, height, width, placement.window, outside=-30.0)
        pixels[part] = (255 / _odds_against(full)).round()
    return pixels


def _odds_against(logits: FloatArray) -> FloatArray:
    """1 + exp(-logit), the inverse of a probability, in a single copy."""
    inverse = np.clip(logits, -30, 30)
    np.exp(np.negative(inverse, out=inverse), out=inverse)
    inverse += 1
    return inverse


def drawn(
    pixels: NDArray[np.uint8], placement: Placement, decision: Decision
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The mask that a decision draws of pixel probabilities 0..255 (slices, height, width).

    And on which slices (n,) it leaves small pieces beside a much larger one out.
    """
    # The least sizes were chosen in the network's pixels; the scan's may be finer or coarser.
    side = placement.window.side if placement.window else max(placement.shape[1:])
    scale = (side / network.INPUT_SIZE) ** 2
    least = Least(round(decision.least_pixels * scale), round(decision.least_satellite * scale))
    return without_specks(pixels > round(255 * decision.pixel_threshold), least)


def answer(outputs: FloatArray, placement: Placement, spacing: Spacing, decision: Decision) -> Answer:
    """Presence, mask, its expected Dice, and pixel probabilities in the scan's own grid.

    `outputs` are (slices, 2, size, size), as `network.Mirrored` gives them.
    """
    probability, expected = _presence_and_dice(outputs, decision)
    pixels = pixel_probability(joined(outputs), placement)
    mask, satellites = drawn(pixels, placement, decision)
    positive = probability >= decision.threshold and bool(mask.any())
    abnormal = not positive and decision.abnormal is not None and probability >= decision.abnormal
    suggested = positive or (abnormal and bool(mask.any()))
    if not suggested:
        mask, satellites = np.zeros_like(mask), np.zeros_like(satellites)
    expected = expected if suggested else None
    doubts = _doubts(positive, suggested, expected)
    return Answer(
        probability,
        positive,
        mask=mask,
        pixel_probability=pixels,
        estimated_dice=expected,
        doubts=doubts,
        satellites=tuple(np.flatnonzero(satellites).tolist()),
    )


def _presence_and_dice(outputs: FloatArray, decision: Decision) -> tuple[float, float | None]:
    """The probability that there is a tumour, and where one may be said, the Dice to be expected.

    Both here, so that what they are told from is gone before the scan's own grid is filled.
    """
    shown = _probabilities(outputs)
    probability = presence_probability(outputs, decision, shown)
    least = decision.threshold if decision.abnormal is None else min(decision.threshold, decision.abnormal)
    return probability, _expected_dice(shown, decision) if probability >= least else None


def presence_signs(outputs: FloatArray, shown: _Both | None = None) -> NDArray[np.float64]:
    """What tells whether there is a tumour in a scan (`models.presence.signs`)."""
    return presence.signs(presence_logit(joined(outputs)), *(shown or _probabilities(outputs)))


def presence_probability(outputs: FloatArray, decision: Decision, shown: _Both | None = None) -> float:
    """The calibrated probability that there is a tumour in a scan of one slice or several.

    `shown` are the probabilities of `outputs` where they are at hand.
    """
    volume = len(outputs) > 1
    if decision.presence_weights(volume) is None:
        return decision.probability(presence_logit(joined(outputs)), volume)
    return probability_of_signs(presence_signs(outputs, shown), volume, decision)


def probability_of_signs(shown: NDArray[np.float64], volume: bool, decision: Decision) -> float:
    """The same out of `presence_signs`."""
    weights = decision.presence_weights(volume)
    raw = float(shown[0]) if weights is None else presence.logit(weights, shown)
    return decision.probability(raw, volume)


def _doubts(positive: bool, suggested: bool, expected: float | None) -> tuple[Doubt, ...]:
    """Why the answer is uncertain: what is drawn may be no tumour, or the outline a poor one."""
    if suggested and not positive:
        return (Doubt.ABNORMAL_NOT_TUMOUR,)
    return (Doubt.DOUBTFUL_MASK,) if expected is not None and expected < UNRELIABLE_DICE else ()


def _probabilities(outputs: FloatArray) -> _Both:
    shares = _odds_against(outputs)
    np.reciprocal(shares, out=shares)
    return _Both(shares[:, 0], shares[:, 1])


def doubt_signs(outputs: FloatArray, decision: Decision) -> NDArray[np.float64] | None:
    """What the two answers show of the mask's certainty; None where they draw nothing."""
    return signs(*_probabilities(outputs), decision.pixel_threshold)


def _expected_dice(shown: _Both, decision: Decision) -> float | None:
    doubted = signs(*shown, decision.pixel_threshold) if decision.dice_estimate else None
    return None if doubted is None else expected_dice(decision.dice_estimate or (), doubted)


TASK = Task(
    name=BRAIN_TUMOUR,
    title="Brain tumour segmentation",
    kind=TaskKind.SEGMENTATION,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="percentiles 1 and 99.5 of the volume to 0..1, square around the head, 192 px, bilinear, "
    "with the slices before and after, and mirrored",
    build=network.build,
    with_encoder=network.build,
    for_inference=network.Mirrored,
    prepare=prepare,
    answer=answer,
    channels=network.CHANNELS,
    finding="tumour",
    picture="a brain MRI",
    body_part="HEAD",
    layout=volumes_and_slices,
    known_misses=(KnownMistake(MrSequence.T1_CONTRAST, "a glioma that hardly enhances"),),
    known_mimics=(KnownMistake(MrSequence.FLAIR, "multiple sclerosis, small-vessel disease or a stroke"),),
)
