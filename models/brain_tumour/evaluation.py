"""How good `brain-tumour` is on labelled scans: overlap a patient, presence a slice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.datasets import LabelledSlice, brain_slices, grey_image
from data.errors import UnusableDataset
from data.records import Spacing
from models import metrics
from models.brain_tumour.task import answer, drawn, inputs, pixel_probability, presence_logit
from models.evaluation import Evaluation, Run
from models.metrics import Figure
from models.task import Decision, FloatArray

PIXEL_THRESHOLDS = (0.4, 0.5, 0.6, 0.7)
LEAST_PIXELS = (0, 20, 60)
RECALL = 0.97  # of slices with a tumour, kept on validation data by the presence threshold
FLAIR, CONTRAST = "tcga_lgg", "cheng_t1ce"
NAMES = {FLAIR: "flair", CONTRAST: "t1ce"}
UNKNOWN = Spacing()


@dataclass(frozen=True)
class Case:
    """A whole scan: a patient's FLAIR volume, or one T1 slice."""

    name: str
    dataset: str
    slices: list[LabelledSlice]
    logits: FloatArray
    truth: NDArray[np.bool_]


class BrainTumourEvaluator:
    """Scans of the folder (of one fold of it), read once by the network."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        scans: dict[tuple[str, str], list[LabelledSlice]] = defaultdict(list)
        for one in brain_slices(folder):
            if fold is None or one.fold == fold:
                scans[one.dataset, one.patient].append(one)
        if not scans:
            raise UnusableDataset("No labelled brain scans were found for this evaluation.")
        self.cases = [
            _case(name, dataset, members, run)
            for (dataset, name), members in tqdm(scans.items(), desc="reading scans", mininterval=5)
        ]

    def calibrated(self) -> Decision:
        """Pixel threshold and least size by mean Dice; presence by recall first."""
        logits, truth = self._slices()
        temperature, bias = metrics.fitted_temperature(truth, logits)
        open_to_all = Decision(threshold=0.0, temperature=temperature, bias=bias)
        candidates = [
            replace(open_to_all, pixel_threshold=pixel, least_pixels=least)
            for pixel in PIXEL_THRESHOLDS
            for least in LEAST_PIXELS
        ]
        best = candidates[int(np.argmax(self._mean_dice(candidates)))]
        probability = np.array([best.probability(one) for one in logits])
        return replace(best, threshold=round(metrics.threshold_for_recall(truth, probability, RECALL), 4))

    def evaluated(self, decision: Decision) -> Evaluation:
        """Dice and HD95 (in pixels) a scan, and presence of a tumour a slice."""
        cases = [_judged(case, decision) for case in self.cases]
        figures: dict[str, Figure] = {}
        for dataset, name in NAMES.items():
            scores = [case["dice"] for case in cases if case["dataset"] == dataset]
            if scores:
                figures |= _overlap(name, scores)
            distances = [
                case["hd95"] for case in cases if case["dataset"] == dataset and case["hd95"] is not None
            ]
            if distances:
                figures[f"hd95_{name}_median"] = metrics.bootstrapped(
                    distances, lambda v: float(np.median(v))
                )
        logits, truth = self._slices()
        if truth.any() and not truth.all():
            probability = np.array([decision.probability(one) for one in logits])
            presence = metrics.classification(truth, probability, decision.threshold)
            figures |= {f"presence_{name}": figure for name, figure in presence.items()}
            figures["presence_frr_at_far5"] = _frr_at_far(truth, probability, 0.05)
        cases.sort(key=lambda case: float(case["dice"]))
        return Evaluation(figures, _groups(cases), cases)

    def _slices(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Presence logit and truth of every single slice."""
        logits = [presence_logit(one[None]) for case in self.cases for one in case.logits]
        truth = [bool(one.any()) for case in self.cases for one in case.truth]
        return np.array(logits), np.array(truth)

    def _mean_dice(self, candidates: list[Decision]) -> list[float]:
        """Of each candidate: the mean over the datasets of the mean Dice a scan."""
        scores: dict[str, list[list[float]]] = defaultdict(list)
        for case in self.cases:
            pixels = pixel_probability(case.logits, _shape(case))
            scores[case.dataset].append(
                [metrics.dice(drawn(pixels, candidate), case.truth) for candidate in candidates]
            )
        means = [np.mean(values, axis=0) for values in scores.values()]
        return [float(value) for value in np.mean(means, axis=0)]


def _case(name: str, dataset: str, slices: list[LabelledSlice], run: Run) -> Case:
    volume = np.stack([grey_image(one.image) for one in slices])
    truth = np.stack([grey_image(one.mask) > 127 for one in slices])
    return Case(name, dataset, slices, run(inputs(volume)).astype(np.float32), truth)


def _shape(case: Case) -> tuple[int, int, int]:
    slices, height, width = case.truth.shape
    return int(slices), int(height), int(width)


def _judged(case: Case, decision: Decision) -> dict[str, Any]:
    said = answer(case.logits, _shape(case), UNKNOWN, decision)
    assert said.mask is not None
    first = case.slices[0]
    return {
        "name": case.name,
        "dataset": case.dataset,
        "dice": metrics.dice(said.mask, case.truth),
        "hd95": metrics.hausdorff95(said.mask, case.truth, (1.0, 1.0, 1.0)),
        "probability": said.probability,
        "positive": said.positive,
        "truth_voxels": int(case.truth.sum()),
        "found_voxels": int(said.mask.sum()),
        "sex": first.sex,
        "site": first.site,
        "tumour_type": first.tumour_type,
    }


def _overlap(name: str, scores: list[float]) -> dict[str, Figure]:
    return {
        f"dice_{name}": metrics.bootstrapped(scores),
        f"dice_{name}_median": metrics.bootstrapped(scores, lambda values: float(np.median(values))),
        f"poor_share_{name}": metrics.rate(sum(score < 0.6 for score in scores), len(scores)),
    }


def _groups(cases: list[dict[str, Any]]) -> dict[str, Figure]:
    """Mean Dice by sex, site and tumour type, within each dataset."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        for key in ("sex", "site", "tumour_type"):
            if case[key]:
                grouped[f"{NAMES[case['dataset']]}, {key} {case[key]}"].append(case["dice"])
    return {name: metrics.bootstrapped(scores) for name, scores in sorted(grouped.items())}


def _frr_at_far(truth: NDArray[np.bool_], probability: NDArray[np.float64], far: float) -> Figure:
    """The share of tumours missed at the threshold where `far` of the healthy are called ill."""
    healthy = np.sort(probability[~truth])[::-1]
    threshold = healthy[min(len(healthy) - 1, int(far * len(healthy)))]
    return metrics.rate(int((probability[truth] <= threshold).sum()), int(truth.sum()))
