"""How good `pneumonia` is on labelled X-rays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import chest_xrays, grey_image
from data.records import Spacing
from models import metrics
from models.evaluation import Evaluation, Illustration, Run, Scored
from models.pneumonia.task import answer, prepare
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
                float(run(prepare(grey_image(one.image)[None])[0]).mean())
                for one in tqdm(self.xrays, desc="reading X-rays", mininterval=5)
            ]
        )

    def calibrated(self) -> Decision:
        """Temperature and bias by likelihood; the threshold keeps the recall asked for."""
        temperature, bias = metrics.fitted_temperature(self.truth, self.logits)
        decision = Decision(threshold=0.5, temperature=temperature, bias=bias)
        probability = np.array([decision.probability(logit) for logit in self.logits])
        threshold = round(metrics.threshold_for_recall(self.truth, probability, RECALL), 4)
        return Decision(threshold=threshold, temperature=temperature, bias=bias)

    def evaluated(self, decision: Decision) -> Evaluation:
        """The whole table at the decision's threshold, and recall by pathogen."""
        probability = np.array([decision.probability(logit) for logit in self.logits])
        cases: list[dict[str, Any]] = [
            {
                "name": one.image.name,
                "pneumonia": one.pneumonia,
                "pathogen": one.pathogen,
                "probability": float(share),
                "error": abs(float(one.pneumonia) - float(share)),
            }
            for one, share in zip(self.xrays, probability, strict=True)
        ]
        found: dict[str, list[bool]] = defaultdict(list)
        for case in cases:
            if case["pneumonia"] and case["pathogen"]:
                found[f"recall, {case['pathogen']}"].append(case["probability"] >= decision.threshold)
        cases.sort(key=lambda case: -float(case["error"]))
        return Evaluation(
            metrics.classification(self.truth, probability, decision.threshold),
            {name: metrics.rate(sum(hits), len(hits)) for name, hits in sorted(found.items())},
            cases,
            Scored(
                [bool(one) for one in self.truth], [float(one) for one in probability], decision.threshold
            ),
        )

    def illustrated(self, names: list[str], decision: Decision) -> Iterator[Illustration]:
        """The named X-rays with the heat of what spoke for pneumonia."""
        by_name = {one.image.name: one for one in self.xrays}
        for xray in (by_name[name] for name in names):
            picture = grey_image(xray.image)
            inputs, placement = prepare(picture[None])
            said = answer(self._run(inputs), placement, Spacing(), decision)
            label = "pneumonia" if xray.pneumonia else "normal"
            caption = f"{xray.image.name}: {label}, p = {said.probability:.2f}"
            yield Illustration(xray.image.name, caption, picture, heat=said.heatmap)
