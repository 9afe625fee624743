"""How the presence of a tumour is decided: fitted on held-out patients and on heads from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models import presence
from models.statistics.roc import threshold_for_recall
from models.task import Decision

RECALL = 0.97
"""Of the ill, kept by the threshold on the cases that it is chosen on, if it leaves no more false alarms than
it may."""
CERTAINTY = 0.99
"""No probability is surer than this: the volumes are too few to show more."""


@dataclass(frozen=True)
class Asked:
    """A picture or volume of which it is known whether it shows a tumour, and what its outlines show."""

    signs: NDArray[np.float64]  # models.presence.signs
    tumour: bool
    elsewhere: bool = False  # from another source than the training sets

    def probability(self, decision: Decision, volume: bool) -> float:
        """What a decision says of it."""
        weights = decision.volume_presence if volume else decision.presence
        raw = float(self.signs[0]) if weights is None else presence.logit(weights, self.signs)
        return decision.probability(raw, volume)
