"""How often the gate lets the right scans in and keeps the wrong ones out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import UnusableDataset
from models.evaluation import Evaluation, Illustration, Run
from models.statistics.proportions import proportion
from models.suitability.pictures import NEITHER, validation_pictures
from models.suitability.task import route_probabilities
from models.task import Decision

WRONG_REFUSED = 0.99  # the share of wrong pictures to be kept out on validation data
LEAST_THRESHOLD = 0.4


class SuitabilityEvaluator:
    """Pictures of the three classes, single slices each."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        images, classes = validation_pictures(folder, fold)
        if not len(images):
            raise UnusableDataset("No pictures were found for this evaluation.")
        self.classes = classes.numpy()
        logits = run(images.float() / 255)
        self.probabilities = np.stack([route_probabilities(logit[None]) for logit in logits])

    def calibrated(self) -> Decision:
        """The lowest threshold that keeps nearly all wrong pictures out: more would refuse right ones."""
        needed = float(np.quantile(self._wrong(), WRONG_REFUSED))
        return Decision(threshold=round(max(LEAST_THRESHOLD, needed), 4))

    def evaluated(self, decision: Decision) -> Evaluation:
        """False refusals of right scans, and refusals of everything else."""
        own = self._own_route()
        wrong = self._wrong()
        return Evaluation(
            {
                "right_refused": proportion(int((own < decision.threshold).sum()), len(own)),
                "wrong_refused": proportion(int((wrong < decision.threshold).sum()), len(wrong)),
            }
        )

    def illustrated(self, names: list[str], decision: Decision) -> Iterator[Illustration]:
        """Nothing: the gate's cases have no names."""
        yield from ()

    def _wrong(self) -> NDArray[np.float32]:
        """The highest probability of a clinical route that each wrong picture gets."""
        wrong: NDArray[np.float32] = self.probabilities[self.classes == NEITHER][:, :2].max(axis=1)
        return wrong

    def _own_route(self) -> NDArray[np.float32]:
        """The probability that each right scan gives its own route."""
        right = self.classes != NEITHER
        own: NDArray[np.float32] = self.probabilities[right, self.classes[right]]
        return own
