"""How far another way of running a network strays from the network as it was trained, and how far it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.records import Spacing
from models.overlap import dice
from models.statistics.paired import paired_means
from models.task import Answer, Decision, FloatArray, Placement, Task, TaskKind

MOST_SHIFT = 0.001
"""Mean absolute difference of all probabilities."""
MOST_FLIPS = 0.001
"""Share of decisions (a pixel's side of one half, the likeliest class, a scan's call) that change."""
MOST_CALL_SHIFT = 0.005
"""Mean absolute difference of what people are shown as the scan's probability. A quantised network had every
pixel right and this wrong: the surest pixels, which presence hangs on, lay beyond its range."""
MOST_DICE = 0.005
"""How far the 95 % interval of the paired difference of Dice may reach, either way."""
_UNKNOWN = Spacing()

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Answered:
    """Raw outputs (n, ...) of one scan's inputs, what they were made of, and the truth where it is known."""

    raw: FloatArray
    placement: Placement
    truth: Mask | None = None


@dataclass(frozen=True)
class Agreement:
    """Differences from the network as it was trained, on so many cases; Dice where masks are drawn.

    `shift` and `flips` are of everything that comes out of the network, `call_shift` and `call_flips` of
    the answers about whole scans.
    """

    cases: int
    shift: float
    flips: float
    call_shift: float
    call_flips: float
    dice: float | None = None
    dice_low: float | None = None
    dice_high: float | None = None

    @property
    def close_enough(self) -> bool:
        """Whether results may be made this way."""
        inside = all(abs(end) <= MOST_DICE for end in (self.dice_low, self.dice_high) if end is not None)
        moved = self.shift <= MOST_SHIFT and self.call_shift <= MOST_CALL_SHIFT
        return moved and max(self.flips, self.call_flips) <= MOST_FLIPS and inside


def agreement(
    task: Task, decision: Decision, exact: Sequence[Answered], other: Sequence[Answered]
) -> Agreement:
    """How two ways of running a network agree on the same cases.

    Raises ValueError where one of them answers with something that is not a number.
    """
    if not all(np.isfinite(answered.raw).all() for answered in (*exact, *other)):
        raise ValueError("the network answers with something that is not a number")
    first, second = (_probabilities(task, side) for side in (exact, other))
    said, again = ([_answer(task, decision, each) for each in side] for side in (exact, other))
    apart = Agreement(
        cases=len(exact),
        shift=float(np.abs(first - second).mean()),
        flips=float((_decided(task, first) != _decided(task, second)).mean()),
        call_shift=float(
            np.mean([abs(a.probability - b.probability) for a, b in zip(said, again, strict=True)])
        ),
        call_flips=float(np.mean([a.positive != b.positive for a, b in zip(said, again, strict=True)])),
    )
    if task.kind is not TaskKind.SEGMENTATION:
        return apart
    overlap = paired_means(_dice(exact, said), _dice(other, again))
    return replace(apart, dice=overlap.value, dice_low=overlap.low, dice_high=overlap.high)


def _probabilities(task: Task, side: Sequence[Answered]) -> NDArray[np.float64]:
    """Of everything that comes out: every pixel, every place of a film, every class of every picture."""
    values = np.concatenate([answered.raw for answered in side]).astype(np.float64)
    if task.kind is TaskKind.ROUTING:
        shares = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))))


def _decided(task: Task, probabilities: NDArray[np.float64]) -> NDArray[np.generic]:
    """The likeliest class, or on which side of one half it lies."""
    if task.kind is TaskKind.ROUTING:
        return np.asarray(probabilities.argmax(axis=-1))
    return probabilities >= 0.5


def _answer(task: Task, decision: Decision, answered: Answered) -> Answer:
    return task.answer(answered.raw, answered.placement, _UNKNOWN, decision)


def _dice(side: Sequence[Answered], said: Sequence[Answer]) -> NDArray[np.float64]:
    """Of the masks that people would be shown, against the truth."""
    scores = []
    for answered, answer in zip(side, said, strict=True):
        assert answer.mask is not None and answered.truth is not None
        scores.append(dice(answer.mask, answered.truth))
    return np.array(scores)
