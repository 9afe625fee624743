"""`acquisition`: from a scan to a few of its slices, and from their logits to sequence and view."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np
from torch import Tensor

from data.records import MrSequence, Spacing
from models.acquisition import network
from models.imaging import normalised, to_square
from models.suitability.task import middle_slices
from models.task import Answer, Array, Decision, FloatArray, Placement, Task, TaskKind, as_trained


class Shown(IntEnum):
    """The classes, in the order of the network's logits."""

    FLAIR = 0
    T1_CONTRAST = 1
    T1 = 2
    T2 = 3
    PROTON_DENSITY = 4
    OTHER_MRI = 5
    FRONTAL_CHEST = 6
    LATERAL_CHEST = 7
    NEITHER = 8


SEQUENCES: dict[Shown, MrSequence] = {
    Shown.FLAIR: MrSequence.FLAIR,
    Shown.T1_CONTRAST: MrSequence.T1_CONTRAST,
    Shown.T1: MrSequence.T1,
    Shown.T2: MrSequence.T2,
    Shown.PROTON_DENSITY: MrSequence.PROTON_DENSITY,
    Shown.OTHER_MRI: MrSequence.OTHER,
}
READ_SEQUENCES = (MrSequence.FLAIR, MrSequence.T1_CONTRAST)
"""What `brain-tumour` was trained and validated for."""
CHEST = (Shown.FRONTAL_CHEST, Shown.LATERAL_CHEST, Shown.NEITHER)
RECOGNISED_FROM = 0.7
"""Certainty from which a class counts as recognised, among those that the route leaves open."""
FRONTAL_FROM = 0.3
"""A chest X-ray that is less likely than this to be a frontal one is not read."""

SURELY_FRONTAL_FROM = 0.95
"""Probability, among all classes, from which a frontal film is one although `suitability` doubts it."""


def prepare(volume: Array) -> tuple[Tensor, Placement]:
    """Up to nine slices from the middle of (slices, height, width) -> (n, 1, size, size)."""
    shape = (len(volume), int(volume.shape[1]), int(volume.shape[2]))
    return to_square(normalised(middle_slices(volume)), network.INPUT_SIZE), Placement(shape)


def class_probabilities(logits: FloatArray) -> FloatArray:
    """(slices, classes) logits -> the mean probability of each class."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    mean: FloatArray = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    return mean


def sequence_shares(probabilities: FloatArray) -> dict[MrSequence, float]:
    """How likely each sequence is of what is known to be a brain MRI."""
    mri = np.array([probabilities[shown] for shown in SEQUENCES])
    shares = mri / max(float(mri.sum()), 1e-9)
    return {sequence: float(share) for sequence, share in zip(SEQUENCES.values(), shares, strict=True)}


def frontal_share(probabilities: FloatArray) -> float:
    """How likely a frontal film is of what is known to be a chest X-ray or none of an MRI."""
    chest = [float(probabilities[shown]) for shown in CHEST]
    return chest[0] / max(sum(chest), 1e-9)


def is_read(shares: dict[MrSequence, float], slices: int, decision: Decision) -> bool:
    """Whether sequences that the tumour model knows are likely enough for a scan to be read.

    A volume's mean of nine slices is surer than one picture, so more is asked of it.
    """
    share = min(max(sum(shares[sequence] for sequence in READ_SEQUENCES), 1e-6), 1 - 1e-6)
    logit = float(np.log(share / (1 - share)))
    return decision.probability(logit, volume=slices > 1) >= decision.threshold


def answer(logits: FloatArray, placement: Placement, spacing: Spacing, decision: Decision) -> Answer:
    """The probability of every class, by its name; `positive` where the likeliest is sure enough."""
    probabilities = class_probabilities(logits)
    best = float(probabilities.max())
    routes = {shown.name: float(probabilities[shown]) for shown in Shown}
    return Answer(best, best >= RECOGNISED_FROM, routes=routes)


def probabilities_of(answer: Answer) -> FloatArray:
    """The probability of every class, in their order, out of what `answer` gave."""
    assert answer.routes is not None
    return np.array([answer.routes[shown.name] for shown in Shown], dtype=np.float32)


TASK = Task(
    name="acquisition",
    title="MRI sequence and view of the input",
    kind=TaskKind.ROUTING,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="nine middle slices, percentiles 1 and 99.5 to 0..1, padded square, 160 px",
    build=network.build,
    for_inference=as_trained,
    prepare=prepare,
    answer=answer,
)
