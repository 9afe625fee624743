"""What is measured of a model version: each metric with its meaning in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.errors import InvalidInput
from models.statistics.estimate import Estimate


@dataclass(frozen=True)
class Metric:
    """One kind of number. `percent` ones are shares shown in per cent; `interval` says which one is drawn."""

    name: str
    label: str
    meaning: str
    more_is_better: bool = True
    percent: bool = True
    unit: str = ""
    interval: str = "Wilson"
    truth: bool = True  # whether it needs to know the truth


METRICS = {
    metric.name: metric
    for metric in (
        Metric("recall", "Recall", "Of the ill, the share that the model called ill (sensitivity)."),
        Metric("accuracy", "Accuracy", "Of all cases, the share that the model called rightly."),
        Metric("precision", "Precision", "Of those called ill, the share that is ill."),
        Metric("specificity", "Specificity", "Of the healthy, the share that the model called healthy."),
        Metric("f1", "F1", "Recall and precision in one number (their harmonic mean)."),
        Metric("auc", "AUC", "The chance that an ill case gets a higher probability than a healthy one; 0.5 "
               "is guessing, 1 is perfect.", percent=False, interval="DeLong"),
        Metric("dice", "Dice", "How much of the AI's mask and one that a person drew or edited overlap, "
               "averaged over scans; 1 is the same mask. Outlines that were accepted as they were have none.",
               percent=False, interval="Student"),
        Metric("accepted_outlines", "Outlines accepted", "Of the findings that the AI outlined and a person "
               "judged, the share whose outline was accepted as it was."),
        Metric("far", "False alarm rate (FAR)", "Of the healthy, the share that the model called ill.",
               more_is_better=False),
        Metric("frr", "Miss rate (FRR)", "Of the ill, the share that the model called healthy.",
               more_is_better=False),
        Metric("calibration_error", "Calibration error", "How far the probabilities lie from the shares that "
               "are really ill, on average; 0 is perfect.", more_is_better=False, percent=False,
               interval="bootstrap"),
        Metric("latency_p50_ms", "Response time, median", "Half of the readings took at most this long.",
               more_is_better=False, percent=False, unit="ms", interval="order statistics", truth=False),
        Metric("latency_p95_ms", "Response time, p95", "95 of 100 readings took at most this long.",
               more_is_better=False, percent=False, unit="ms", interval="order statistics", truth=False),
    )
}  # fmt: skip
"""Every metric of the page by its name, in the order of the menu; the first is shown at first."""

REFUSED = "refused"
WITH_GOALS = METRICS | {
    REFUSED: Metric(REFUSED, "Refused scans", "Of the scans that came, the share that was refused.",
                    more_is_better=False, truth=False),
}  # fmt: skip
"""What a department can aim at: the page's metrics, and what only stop rules watch."""

_KINDS = {  # what a validation figure's name says besides the metric's
    "presence": "single slices",
    "volume_presence": "whole volumes",
    "flair": "FLAIR",
    "t1ce": "contrast-enhanced T1",
    "adult": "adults",
    "outside": "outside the training sources",
}
_OTHERS = {  # figures of validation that the performance page does not chart
    "dice_median": "Dice, median",
    "poor_share": "Share with a Dice under 0.6",
    "false_lesions": "Pieces outlined where there is none, mean of a scan",
    "hd95_median": "Surface distance, 95th percentile, median, in pixels",
    "frr_at_far5": "Miss rate where 5 % of the healthy are called ill",
    "estimate_correlation": "Expected Dice: correlation with the true one",
    "estimate_mae": "Expected Dice: mean distance from the true one",
    "false_alarms": "False alarms on healthy pictures",
    "no_false_alarm": "Healthy pictures without a false alarm",
    "missed": "Findings that were missed",
    "not_missed": "Findings that were not missed",
    "other_disease_found": "Other disease taken for the finding",
    "uncertain": "Answered with “uncertain”",
    "refused": "Right pictures that were refused",
    "right_refused": "Right scans that were refused",
    "wrong_refused": "Wrong pictures that were refused",
    "right_mri_refused": "FLAIR and contrast-enhanced T1 that were refused",
    "right_chest_refused": "Frontal chest X-rays that were refused",
    "lateral_refused": "Lateral chest X-rays that were refused",
    "other_films_refused": "Other films that were refused",
    "t1_refused": "T1 without contrast that was refused",
    "t2_refused": "T2 that was refused",
    "sequence_accuracy": "Sequences that were told rightly",
}
_NO_SHARES = ("dice_median", "false_lesions", "hd95_median", "estimate_correlation", "estimate_mae")
"""Of those the ones that are fractions, counts or lengths; the others are shares."""


def metric_named(name: str) -> Metric:
    """A metric by its name; raises InvalidInput."""
    if name not in METRICS:
        raise InvalidInput(f"There is no metric called {name}.")
    return METRICS[name]


def validated(metric: str, figures: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The validation figures that are this metric, by what they were measured on ("" for all cases).

    Tasks name them `recall`, `presence_recall` (of part of the cases) or `dice_flair`.
    """
    measured: dict[str, Estimate] = {}
    for name, figure in figures.items():
        if name == metric:
            measured[""] = figure
        elif name.endswith(f"_{metric}"):
            measured[_kind(name.removesuffix(f"_{metric}"))] = figure
        elif name.startswith(f"{metric}_") and "_" not in (rest := name.removeprefix(f"{metric}_")):
            measured[_kind(rest)] = figure
    return measured


def figure_words(name: str) -> str:
    """A validation figure in words for people: "presence_recall" is "Recall, single slices"."""
    measure, kinds = _parted(name)
    return ", ".join([figure_metric(name).label, *kinds] if measure else kinds)


def figure_metric(name: str) -> Metric:
    """What kind of number a validation figure is: "presence_recall" is a recall, and so a share."""
    measure, _ = _parted(name)
    if measure in METRICS:
        return METRICS[measure]
    label = _OTHERS.get(measure, measure.replace("_", " ").capitalize())
    return Metric(measure, label, "", percent=measure in _OTHERS and measure not in _NO_SHARES)


def is_figure(name: str) -> bool:
    """Whether a text is the name of a validation figure that is known here."""
    measure, _ = _parted(name)
    return measure in METRICS or measure in _OTHERS


def _parted(name: str) -> tuple[str, list[str]]:
    """The measure that a figure's name holds, and what it was measured on, in words."""
    rest, kinds = f"_{name}_", []
    for kind in sorted(_KINDS, key=len, reverse=True):  # volume_presence before presence
        if f"_{kind}_" in rest:
            rest = rest.replace(f"_{kind}_", "_", 1)
            kinds.append(_KINDS[kind])
    return rest.strip("_"), kinds


def _kind(name: str) -> str:
    return _KINDS.get(name, name.replace("_", " "))
