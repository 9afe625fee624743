"""How the presence of a tumour is decided: fitted on held-out patients and on heads from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models import presence
from models.brain_tumour.task import probability_of_signs
from models.statistics.roc import threshold_for_recall
from models.task import Decision

RECALL = 0.98
"""Of lone slices with a tumour, said to be abnormal at least."""
LEAST_ABNORMAL = 0.1
"""Less probable than this is not said to be abnormal, whatever is missed."""
CERTAINTY = 0.99
"""No probability is surer than this: the volumes are too few to show more."""


@dataclass(frozen=True)
class Asked:
    """A picture or volume of which it is known whether it shows a tumour, and what its outlines show."""

    signs: NDArray[np.float64]  # models.presence.signs
    volume: bool
    tumour: bool
    elsewhere: bool = False  # from another source than the training sets

    def probability(self, decision: Decision) -> float:
        """What a decision says of it."""
        return probability_of_signs(self.signs, self.volume, decision)


def with_presence(decision: Decision, asked: Sequence[Asked]) -> Decision:
    """The decision with its presence fitted; heads from elsewhere weigh as much as all held-out patients.

    The threshold is where recall and specificity together are highest; volumes are shifted to have the same
    one. From a lower probability on, which keeps nearly all of the ill, a scan is abnormal.
    """
    lone = [each for each in asked if not each.volume]
    volumes = [each for each in asked if each.volume]
    decision = replace(
        decision, certainty=CERTAINTY, presence=_fitted(lone), volume_presence=_fitted(volumes)
    )
    threshold = _threshold(decision, lone)
    decision = replace(decision, threshold=threshold, abnormal=min(threshold, _abnormal(decision, lone)))
    if decision.volume_presence is None:
        return decision
    own = _threshold(decision, volumes)
    return replace(decision, volume_shift=_logit(own) - _logit(threshold))


def _fitted(asked: Sequence[Asked]) -> tuple[float, ...] | None:
    truth = _truth(asked)
    if truth.all() or not truth.any():
        return None
    return presence.fitted(np.stack([each.signs for each in asked]), truth, _importance(asked))


def _threshold(decision: Decision, asked: Sequence[Asked]) -> float:
    """The probability in the middle of where recall and specificity together are highest."""
    truth, weight = _truth(asked), _importance(asked)
    probability = np.array([each.probability(decision) for each in asked])
    order = np.unique(np.concatenate([probability, [1 - CERTAINTY, CERTAINTY]]))
    cuts = (order[:-1] + order[1:]) / 2
    ill, healthy = weight * truth, weight * ~truth
    right = [
        float(ill[probability >= cut].sum() / max(1e-9, ill.sum()))
        + float(healthy[probability < cut].sum() / max(1e-9, healthy.sum()))
        for cut in cuts
    ]
    best = cuts[np.isclose(right, max(right))]
    return round(float(best[len(best) // 2]), 4)


def _abnormal(decision: Decision, lone: Sequence[Asked]) -> float:
    truth = _truth(lone)
    probability = np.array([each.probability(decision) for each in lone])
    return max(LEAST_ABNORMAL, round(threshold_for_recall(truth, probability, RECALL), 4))


def _importance(asked: Sequence[Asked]) -> NDArray[np.float64]:
    elsewhere = np.array([each.elsewhere for each in asked], dtype=bool)
    share = max(1, int(elsewhere.sum())), max(1, int((~elsewhere).sum()))
    return np.where(elsewhere, 1 / share[0], 1 / share[1])


def _truth(asked: Sequence[Asked]) -> NDArray[np.bool_]:
    return np.array([each.tumour for each in asked], dtype=bool)


def _logit(probability: float) -> float:
    """The raw logit behind a probability that is never surer than CERTAINTY."""
    share = 0.5 + (probability - 0.5) / (2 * CERTAINTY - 1)
    return math.log(share / (1 - share))
