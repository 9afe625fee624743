"""How good `brain-tumour` is on labelled scans: overlap a patient, presence a slice and a volume."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import LabelledSlice, brain_slices, grey_image
from data.records import Spacing
from models import doubt
from models.brain_tumour.elsewhere import heads_from_elsewhere
from models.brain_tumour.presence import Asked, with_presence
from models.brain_tumour.task import (
    answer,
    doubt_signs,
    drawn,
    joined,
    pixel_probability,
    prepare,
    presence_signs,
)
from models.evaluation import Evaluation, Illustration, Run, Scored
from models.overlap import dice, false_components, hausdorff95
from models.statistics.classification import classification, wrongness
from models.statistics.confusion import called_ill
from models.statistics.estimate import SHARE, Bounds, Estimate
from models.statistics.means import correlation, mean, median
from models.statistics.proportions import proportion
from models.statistics.roc import frr_at_far
from models.task import Answer, Decision, Placement

PIXEL_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
LEAST_PIXELS = (0, 20, 60)
LEAST_SATELLITES = (0, 200, 400)
LEAST_STRETCH = 4  # empty slices in a row that make a volume without tumour
FLAIR, CONTRAST = "tcga_lgg", "cheng_t1ce"
NAMES = {FLAIR: "flair", CONTRAST: "t1ce"}
UNKNOWN = Spacing()
POOR_DICE = 0.6
DISTANCE: Bounds = (0.0, np.nan)
COUNT: Bounds = (0.0, np.nan)
AGE_BANDS = ((0, 40), (40, 60), (60, 200))
SIZE_BANDS = {"under 500": (1, 500), "500 to 1500": (500, 1500), "over 1500": (1500, 10**9)}


@dataclass(frozen=True)
class LabelledCase:
    """A whole scan: a patient's FLAIR volume, or one T1 slice."""

    name: str
    dataset: str
    slices: list[LabelledSlice]
    outputs: NDArray[np.float16]
    placement: Placement
    truth: NDArray[np.bool_]


class BrainTumourEvaluator:
    """Scans of the folder (of one fold of it), read once by the network."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        scans: dict[tuple[str, str], list[LabelledSlice]] = defaultdict(list)
        for brain_slice in brain_slices(folder):
            if fold is None or brain_slice.fold == fold:
                scans[brain_slice.dataset, brain_slice.patient].append(brain_slice)
        if not scans:
            raise UnusableDataset("No labelled brain scans were found for this evaluation.")
        self.cases: list[LabelledCase] = []
        self._asked: list[Asked] = []  # single pictures, volumes and stretches of them
        for (dataset, name), members in tqdm(scans.items(), desc="reading scans", mininterval=5):
            self._read(name, dataset, members, run)
        for head in tqdm(list(heads_from_elsewhere(folder)), desc="reading others", mininterval=5):
            outputs, _ = _outputs(head.array, run)
            self._asked.append(_asked(outputs, head.tumour, elsewhere=True))

    def calibrated(self) -> Decision:
        """Pixel threshold and least sizes by mean Dice; presence and doubt by regression."""
        open_to_all = Decision(threshold=0.0)
        best = self._best(
            [
                replace(open_to_all, pixel_threshold=pixel, least_pixels=least)
                for pixel in PIXEL_THRESHOLDS
                for least in LEAST_PIXELS
            ]
        )
        best = self._best([replace(best, least_satellite=least) for least in LEAST_SATELLITES])
        decision = with_presence(best, self._asked)
        known = self._doubts(decision)
        return replace(decision, dice_estimate=known.weights if known else None)

    def evaluated(self, decision: Decision) -> Evaluation:
        """Dice and HD95 (in pixels) a scan, presence a slice and a volume, and how well doubt tells."""
        cases = [_judged(case, decision) for case in self.cases]
        figures: dict[str, Estimate] = {}
        for dataset, name in NAMES.items():
            of_dataset = [case for case in cases if case["dataset"] == dataset]
            if of_dataset:
                figures |= _overlap(name, of_dataset)
        figures |= self._estimates(decision)
        for place in ("", "outside_"):
            here = [asked for asked in self._asked if asked.elsewhere is bool(place)]
            lone, volumes = ([asked for asked in here if asked.volume is volume] for volume in (False, True))
            figures |= _presence(f"{place}presence", lone, decision)
            figures |= _presence(f"{place}volume_presence", volumes, decision)
        return Evaluation(figures, _groups(cases), _worst_first(cases), self._scored(decision))

    def illustrated(self, names: list[str], decision: Decision) -> Iterator[Illustration]:
        """Of each named case the slice where mask and truth differ most."""
        by_name = {case.name: case for case in self.cases}
        for case in (by_name[name] for name in names):
            mask = _answered(case, decision).mask
            assert mask is not None
            wrong = np.logical_xor(mask, case.truth).sum(axis=(1, 2))
            at = int(np.argmax(wrong if wrong.any() else case.truth.sum(axis=(1, 2))))
            caption = f"{case.name}: Dice {dice(mask, case.truth):.2f}"
            picture = grey_image(case.slices[at].image)
            yield Illustration(case.name, caption, picture, truth=case.truth[at], drawn=mask[at])

    def _read(self, name: str, dataset: str, members: list[LabelledSlice], run: Run) -> None:
        volume = np.stack([grey_image(member.image) for member in members])
        truth = np.stack([grey_image(member.mask) > 127 for member in members])
        outputs, placement = _outputs(volume, run)
        self.cases.append(LabelledCase(name, dataset, members, outputs.astype(np.float16), placement, truth))
        self._asked.append(_asked(outputs, bool(truth.any())))
        if len(members) == 1:
            return
        for stretch in _empty_stretches(truth):
            self._asked.append(_asked(_outputs(volume[stretch], run)[0], tumour=False))
        alone = run(torch.cat([prepare(picture[None])[0] for picture in volume]))
        for picture, mask in zip(alone, truth, strict=True):
            self._asked.append(_asked(picture[None], bool(mask.any())))

    def _best(self, candidates: list[Decision]) -> Decision:
        """The first of those with the highest mean Dice."""
        return candidates[int(np.argmax(self._mean_dice(candidates)))]

    def _mean_dice(self, candidates: list[Decision]) -> list[float]:
        """Of each candidate: the mean over the datasets of the mean Dice a scan."""
        scores: dict[str, list[list[float]]] = defaultdict(list)
        for case in self.cases:
            pixels = pixel_probability(joined(case.outputs.astype(np.float32)), case.placement)
            scores[case.dataset].append(
                [dice(drawn(pixels, case.placement, candidate)[0], case.truth) for candidate in candidates]
            )
        means = [np.mean(values, axis=0) for values in scores.values()]
        return [float(value) for value in np.mean(means, axis=0)]

    def _doubts(self, decision: Decision) -> doubt.Fitted | None:
        shown, scores, _ = self._signs(decision)
        return doubt.fitted(shown, scores)

    def _signs(self, decision: Decision) -> tuple[list[doubt.FloatArray], list[float], list[str]]:
        """Signs of doubt, true Dice and dataset of every case on which something was drawn."""
        shown, scores, datasets = [], [], []
        for case in self.cases:
            said = _answered(case, decision)
            known = doubt_signs(case.outputs.astype(np.float32), decision)
            if said.positive and said.mask is not None and known is not None:
                shown.append(known)
                scores.append(dice(said.mask, case.truth))
                datasets.append(case.dataset)
        return shown, scores, datasets

    def _estimates(self, decision: Decision) -> dict[str, Estimate]:
        """How the expected Dice compares with the true one; left-out where these cases fitted it."""
        if decision.dice_estimate is None:
            return {}
        shown, scores, datasets = self._signs(decision)
        own = doubt.fitted(shown, scores)
        if own is not None and np.allclose(own.weights, decision.dice_estimate):
            expected = list(own.left_out)
        else:
            expected = [doubt.expected_dice(decision.dice_estimate, signs) for signs in shown]
        figures = _agreement("estimate", expected, scores)
        for dataset, name in NAMES.items():
            here = [index for index, of_case in enumerate(datasets) if of_case == dataset]
            chosen = [expected[index] for index in here], [scores[index] for index in here]
            figures |= _agreement(f"estimate_{name}", *chosen) if here else {}
        return figures

    def _scored(self, decision: Decision) -> Scored:
        inside = [asked for asked in self._asked if not asked.volume and not asked.elsewhere]
        return Scored(
            [asked.tumour for asked in inside],
            [asked.probability(decision) for asked in inside],
            decision.threshold,
        )


def _agreement(name: str, expected: list[float], true: list[float]) -> dict[str, Estimate]:
    errors = [abs(guess - other) for guess, other in zip(expected, true, strict=True)]
    return {
        f"{name}_correlation": correlation(np.array(expected), np.array(true)),
        f"{name}_mae": mean(np.array(errors)),
    }


def _outputs(volume: NDArray[np.uint8], run: Run) -> tuple[NDArray[np.float32], Placement]:
    inputs, placement = prepare(volume)
    return run(inputs), placement


def _answered(case: LabelledCase, decision: Decision) -> Answer:
    return answer(case.outputs.astype(np.float32), case.placement, UNKNOWN, decision)


def _asked(outputs: NDArray[np.float32], tumour: bool, *, elsewhere: bool = False) -> Asked:
    return Asked(presence_signs(outputs), len(outputs) > 1, tumour, elsewhere)


def _empty_stretches(truth: NDArray[np.bool_]) -> list[slice]:
    """Runs of slices without tumour, long enough to pass for volumes of their own."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], truth.any(axis=(1, 2)).astype(int), [1]])))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return [slice(int(first), int(end)) for first, end in runs if end - first >= LEAST_STRETCH]


def _judged(case: LabelledCase, decision: Decision) -> dict[str, Any]:
    said = _answered(case, decision)
    assert said.mask is not None
    first = case.slices[0]
    return {
        "name": case.name,
        "dataset": case.dataset,
        "dice": dice(said.mask, case.truth),
        "estimated_dice": said.estimated_dice,
        "hd95": hausdorff95(said.mask, case.truth, (1.0, 1.0, 1.0)),
        "probability": said.probability,
        "positive": said.positive,
        "truth_voxels": int(case.truth.sum()),
        "found_voxels": int(said.mask.sum()),
        "false_lesions": false_components(said.mask, case.truth),
        "sex": first.sex,
        "age": first.age,
        "site": first.site,
        "tumour_type": first.tumour_type,
    }


def _overlap(name: str, cases: list[dict[str, Any]]) -> dict[str, Estimate]:
    scores = np.array([case["dice"] for case in cases])
    estimates = {
        f"dice_{name}": mean(scores),
        f"dice_{name}_median": median(scores, SHARE),
        f"poor_share_{name}": proportion(int((scores < POOR_DICE).sum()), len(scores)),
        f"false_lesions_{name}": mean(np.array([float(case["false_lesions"]) for case in cases]), COUNT),
    }
    distances = np.array([case["hd95"] for case in cases if case["hd95"] is not None])
    if len(distances):
        estimates[f"hd95_{name}_median"] = median(distances, DISTANCE)
    return estimates


def _presence(name: str, asked: list[Asked], decision: Decision) -> dict[str, Estimate]:
    truth = np.array([each.tumour for each in asked], dtype=bool)
    if not truth.any() or truth.all():
        return {}
    probability = np.array([each.probability(decision) for each in asked])
    estimates = classification(truth, probability, called_ill(probability, decision.threshold))
    estimates["frr_at_far5"] = frr_at_far(truth, probability, 0.05)
    return {f"{name}_{key}": estimate for key, estimate in estimates.items()}


def _worst_first(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    truth = np.array([case["truth_voxels"] > 0 for case in cases])
    columns = {name: np.array([case[name] for case in cases]) for name in ("probability", "positive", "dice")}
    wrong = wrongness(truth, columns["probability"], columns["positive"], columns["dice"])
    return [cases[row] for row in np.argsort(-wrong, kind="stable")]


def _groups(cases: list[dict[str, Any]]) -> dict[str, Estimate]:
    """Mean Dice by sex, age, site, tumour type and, on single slices, size, within each dataset."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        for group in _groups_of(case):
            grouped[f"{NAMES[case['dataset']]}, {group}"].append(case["dice"])
    return {name: mean(np.array(scores)) for name, scores in sorted(grouped.items())}


def _groups_of(case: dict[str, Any]) -> Iterator[str]:
    for key in ("sex", "site", "tumour_type"):
        if case[key]:
            yield f"{key.replace('_', ' ')} {case[key]}"
    for low, high in AGE_BANDS:
        if case["age"] is not None and low <= case["age"] < high:
            yield f"age {low} to {high - 1}" if high < 200 else f"age {low} and over"
    for words, (least, most) in SIZE_BANDS.items():
        if case["dataset"] == CONTRAST and least <= case["truth_voxels"] < most:
            yield f"tumour {words} pixels"
