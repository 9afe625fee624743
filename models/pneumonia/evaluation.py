"""How good `pneumonia` is on labelled X-rays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import chest_xrays, grey_image
from data.records import Spacing
from models.evaluation import Evaluation, Illustration, Run, Scored
from models.pneumonia.task import answer, prepare
from models.statistics.calibration import fitted_temperature
from models.statistics.classification import classification, wrongness
from models.statistics.confusion import called_ill
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from models.statistics.roc import threshold_for_recall
from models.task import Decision

RECALL = 0.97  # kept on validation data by the threshold


class PneumoniaEvaluator:
    """X-rays of the folder (of one fold of it), read once by the network."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        self.xrays = [xray for xray in chest_xrays(folder) if fold is None or xray.fold == fold]
        if not self.xrays:
            raise UnusableDataset("No labelled chest X-rays were found for this evaluation.")
        self._run = run
        self.truth = np.array([xray.pneumonia for xray in self.xrays])
        self.logits = np.array(
            [
                float(run(prepare(grey_image(labelled.image)[None])[0]).mean())
                for labelled in tqdm(self.xrays, desc="reading X-rays", mininterval=5)
            ]
        )

    def calibrated(self) -> Decision:
        """Temperature and bias by likelihood; the threshold keeps the recall asked for."""
        temperature, bias = fitted_temperature(self.truth, self.logits)
        decision = Decision(threshold=0.5, temperature=temperature, bias=bias)
        probability = np.array([decision.probability(logit) for logit in self.logits])
        threshold = round(threshold_for_recall(self.truth, probability, RECALL), 4)
        return Decision(threshold=threshold, temperature=temperature, bias=bias)

    def evaluated(self, decision: Decision) -> Evaluation:
        """The whole table at the decision's threshold, and recall by pathogen."""
        probability = np.array([decision.probability(logit) for logit in self.logits])
        called = called_ill(probability, decision.threshold)
        wrong = wrongness(self.truth, probability, called, np.full(len(called), np.nan))
        return Evaluation(
            classification(self.truth, probability, called),
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
