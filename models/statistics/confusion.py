"""Right and wrong answers: recall, precision, specificity, accuracy, false alarms, misses, F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]
Mask = NDArray[np.bool_]


def called_ill(probability: FloatArray, threshold: float) -> Mask:
    """Which cases a threshold calls ill: those that reach it."""
    return np.asarray(probability >= threshold)


@dataclass(frozen=True)
class Confusion:
    """How many cases were answered how."""

    hit: int
    miss: int
    false_alarm: int
    right_negative: int

    @classmethod
    def of(cls, truth: Mask, called: Mask) -> Confusion:
        """Counts of cases (n,) that are ill or not, and were called ill or not."""
        hit, false_alarm = int((called & truth).sum()), int((called & ~truth).sum())
        ill = int(truth.sum())
        return cls(hit, ill - hit, false_alarm, len(truth) - ill - false_alarm)

    @property
    def n(self) -> int:
        """All cases."""
        return self.hit + self.miss + self.false_alarm + self.right_negative

    def rates(self) -> dict[str, Estimate]:
        """Recall, precision, specificity, accuracy, FAR, FRR and F1.

        FAR is the share of healthy called ill, FRR the share of ill called healthy.
        """
        ill, healthy = self.hit + self.miss, self.false_alarm + self.right_negative
        return {
            "recall": proportion(self.hit, ill),
            "precision": proportion(self.hit, self.hit + self.false_alarm),
            "specificity": proportion(self.right_negative, healthy),
            "accuracy": proportion(self.hit + self.right_negative, self.n),
            "far": proportion(self.false_alarm, healthy),
            "frr": proportion(self.miss, ill),
            "f1": self.f1(),
        }

    def f1(self) -> Estimate:
        """Harmonic mean of recall and precision; undefined where nothing is ill nor called ill.

        F1 is 2s / (1 + s) of the share s of hits among all that are ill or called ill, so that Wilson's
        interval of that share carries over ("Wilson indirect": Lam, Gopal and Qian, arXiv 2309.14621).
        """
        share = proportion(self.hit, self.hit + self.miss + self.false_alarm)
        return Estimate(_of_share(share.value), _of_share(share.low), _of_share(share.high), self.n)


def _of_share(share: float) -> float:
    return 2 * share / (1 + share)
