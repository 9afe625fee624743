"""How good `pneumonia` is on labelled X-rays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import LabelledXray, chest_xrays, grey_image
from data.records import Spacing
from models.evaluation import Evaluation, Illustration, Run, Scored
from models.pneumonia.adults import JUDGED_FOLDS, adult_films
from models.pneumonia.task import answer, prepare
from models.statistics.calibration import fitted_temperature
from models.statistics.classification import classification, wrongness
from models.statistics.confusion import called_ill
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from models.statistics.roc import threshold_for_recall
from models.task import Decision

RECALL = 0.96
"""Kept by the threshold on validation patients; elsewhere recall was higher and specificity lower."""
CERTAINTY = 0.99
"""No probability is surer than this: a few hundred films cannot show more."""


class PneumoniaEvaluator:
    """X-rays of the folder (of one fold of it), read once by the network."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        self.xrays = [xray for xray in chest_xrays(folder) if fold is None or xray.fold == fold]
        if not self.xrays:
            raise UnusableDataset("No labelled chest X-rays were found for this evaluation.")
        self.adults = [film for film in adult_films(folder) if film.fold in JUDGED_FOLDS]
        self._run = run
        self.truth, self.logits = self._read(self.xrays)
        self._adult_truth, self._adult_logits = self._read(self.adults)

    def _read(self, xrays: list[LabelledXray]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        logits = [
            float(self._run(prepare(grey_image(xray.image)[None])[0]).mean())
            for xray in tqdm(xrays, desc="reading X-rays", mininterval=5)
        ]
        return np.array([xray.pneumonia for xray in xrays], dtype=bool), np.array(logits, dtype=np.float64)

    def calibrated(self) -> Decision:
        """Temperature and bias by likelihood, children and adults alike; the threshold by recall."""
        groups = [(self.truth, self.logits), (self._adult_truth, self._adult_logits)]
        weights = np.concatenate([np.full(len(truth), 1 / max(1, len(truth))) for truth, _ in groups])
        temperature, bias = fitted_temperature(
            np.concatenate([truth for truth, _ in groups]),
            np.concatenate([logits for _, logits in groups]),
            weights,
        )
        decision = Decision(threshold=0.5, temperature=temperature, bias=bias, certainty=CERTAINTY)
        probability = np.array([decision.probability(logit) for logit in self.logits])
        threshold = round(threshold_for_recall(self.truth, probability, RECALL), 4)
        return replace(decision, threshold=threshold)

    def evaluated(self, decision: Decision) -> Evaluation:
        """The whole table at the decision's threshold, and recall by pathogen."""
        probability, called = _called(self.logits, decision)
        wrong = wrongness(self.truth, probability, called, np.full(len(called), np.nan))
        return Evaluation(
            classification(self.truth, probability, called) | self._of_adults(decision),
            self._recall_by_pathogen(called),
            [self._case(row, float(probability[row])) for row in np.argsort(-wrong, kind="stable")],
            Scored(self.truth.tolist(), probability.tolist(), decision.threshold),
        )

    def illustrated(self, names: list[str], decision: Decision) -> Iterator[Illustration]:
        """The named X-rays with what was said of them."""
        by_name = {labelled.image.name: labelled for labelled in self.xrays}
        for xray in (by_name[name] for name in names):
            picture = grey_image(xray.image)
            inputs, placement = prepare(picture[None])
            said = answer(self._run(inputs), placement, Spacing(), decision)
            label = "pneumonia" if xray.pneumonia else "normal"
            caption = f"{xray.image.name}: {label}, p = {said.probability:.2f}"
            yield Illustration(xray.image.name, caption, picture)

    def _of_adults(self, decision: Decision) -> dict[str, Estimate]:
        if not self._adult_truth.any() or self._adult_truth.all():
            return {}
        probability, called = _called(self._adult_logits, decision)
        figures = classification(self._adult_truth, probability, called)
        return {f"adult_{name}": figure for name, figure in figures.items()}

    def _recall_by_pathogen(self, called: NDArray[np.bool_]) -> dict[str, Estimate]:
        hits: dict[str, list[bool]] = defaultdict(list)
        for xray, positive in zip(self.xrays, called.tolist(), strict=True):
            if xray.pneumonia and xray.pathogen:
                hits[f"recall, {xray.pathogen}"].append(positive)
        return {name: proportion(sum(listed), len(listed)) for name, listed in sorted(hits.items())}

    def _case(self, row: int, probability: float) -> dict[str, Any]:
        xray = self.xrays[row]
        return {
            "name": xray.image.name,
            "pneumonia": xray.pneumonia,
            "pathogen": xray.pathogen,
            "probability": probability,
            "error": abs(float(xray.pneumonia) - probability),
        }


def _called(logits: NDArray[np.float64], decision: Decision) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probabilities, and which of them are called ill."""
    probability = np.array([decision.probability(logit) for logit in logits])
    return probability, called_ill(probability, decision.threshold)
