"""Model cards: what a person wrote of a task, and what was measured of a version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.evaluation import Evaluation
from models.pretrained import Start
from models.statistics.estimate import Estimate
from models.task import Decision, Task
from models.trainings import training_of
from models.weights import REFERENCE, Trained

ABOUT = "about.md"

MEANINGS = {
    "dice_flair": "Dice of a patient's whole FLAIR volume, mean",
    "dice_flair_median": "the same, median",
    "poor_share_flair": "share of patients with a Dice under 0.6",
    "false_lesions_flair": "pieces outlined where there is no tumour, mean of a patient",
    "hd95_flair_median": "95th percentile of surface distances, median, in pixels of the input",
    "dice_t1ce": "Dice of a contrast-enhanced T1 slice, mean",
    "dice_t1ce_median": "the same, median",
    "poor_share_t1ce": "share of slices with a Dice under 0.6",
    "false_lesions_t1ce": "pieces outlined where there is no tumour, mean of a slice",
    "hd95_t1ce_median": "95th percentile of surface distances, median, in pixels of the input",
    "auc": "area under the ROC curve",
    "accuracy": "right answers",
    "recall": "ill that are called ill",
    "precision": "ill among those called ill",
    "specificity": "healthy that are called healthy",
    "f1": "harmonic mean of precision and recall",
    "far": "false alarms: healthy called ill",
    "frr": "misses: ill called healthy",
    "calibration_error": "expected calibration error, ten bins",
    "presence_frr_at_far5": "slices with a tumour missed, where 5 % of empty ones are called",
    "estimate_correlation": "expected Dice against the true one, correlation, cases left out",
    "estimate_mae": "the same, mean distance",
    "estimate_flair_correlation": "the same of FLAIR volumes, correlation",
    "estimate_flair_mae": "the same, mean distance",
    "estimate_t1ce_correlation": "the same of T1 slices, correlation",
    "estimate_t1ce_mae": "the same, mean distance",
    "volume_presence_frr_at_far5": "volumes with a tumour missed, where 5 % of healthy stretches are called",
    "right_refused": "right scans that the suitability gate refuses",
    "wrong_refused": "wrong pictures that the suitability gate refuses",
    "right_mri_refused": "FLAIR and contrast-enhanced T1 that are refused",
    "right_chest_refused": "frontal chest X-rays that are refused",
    "lateral_refused": "lateral chest X-rays that are refused",
    "other_films_refused": "other films that are refused as no chest X-ray",
    "t1_refused": "T1 without contrast that is refused",
    "t2_refused": "T2 that is refused",
    "other_mri_refused": "proton density and other MRI that is refused",
    "sequence_accuracy": "brain MRI whose sequence is told right, of six",
}


def card(task: Task, trained: Trained, evaluation: Evaluation) -> str:
    """The card of a trained version in markdown: the task's `about.md`, then facts and figures."""
    about = (task.folder / ABOUT).read_text().rstrip()
    facts = trained.facts
    lines = [
        about,
        "",
        "## Figures on validation data",
        "",
        "Patients that were never trained on. These cases chose the threshold and the calibration, so the "
        "figures that depend on them are on the bright side.",
        "",
        *_table(evaluation.figures),
        *(["", "### By group", "", *_table(evaluation.groups)] if evaluation.groups else []),
        "",
        "## This version",
        "",
        f"- weights: SHA-256 `{trained.sha256}`",
        *_network(task, facts),
        f"- decision: {_presence(trained.decision)}; pixel threshold "
        f"{trained.decision.pixel_threshold:g}, pieces under {trained.decision.least_pixels} pixels dropped"
        f"{_satellites(trained.decision)}",
        f"- preprocessing: {task.preprocessing}",
        *_reference(trained),
        f"- data: SHA-256 `{facts.get('data_sha256', 'unknown')}`, validation fold "
        f"{facts.get('validation_fold', 'unknown')} of 5",
        *_revision(facts.get("data_revision")),
        f"- made by: `{_command(task, facts)}`, {facts.get('minutes', '?')} minutes on "
        f"{facts.get('device', 'unknown')}, {facts.get('software', '')}",
        *[f"- {note}" for note in facts.get("notes", [])],
    ]
    return "\n".join(lines) + "\n"


def _satellites(decision: Decision) -> str:
    least = decision.least_satellite
    return f", and those under {least} beside a piece ten times as large" if least else ""


_STARTS = {
    Start.WHEEL: "started from ImageNet's weights",
    Start.DOWNLOAD: "started from ImageNet's weights",
    Start.SHIPPED: "went on from the version that shipped before",
    Start.SCRATCH: "started from random weights",
}


def _network(task: Task, facts: Mapping[str, Any]) -> list[str]:
    """What a version is built on, of tasks where that is a choice."""
    today = asdict(training_of(task.name).choices)
    if "encoder" not in today:
        return []
    then = today | facts.get("recipe", {})
    began = _STARTS.get(then["start"], f"started from {then['start']}")
    if then["encoder_from"]:
        began = f"started from the encoder of `{then['encoder_from']}` and random weights behind it"
    share = then["distilled"]
    taught = f"; {share:.0%} of what it learnt are answers of the version that ships" if share else ""
    return [f"- network: {then['encoder']}, which {began}{taught}"]


def _presence(decision: Decision) -> str:
    """From where on a scan is called."""
    if decision.presence is None:
        return (
            f"threshold {decision.threshold:g} after temperature {decision.temperature:.3g} and bias "
            f"{decision.bias:.3g}"
        )
    abnormal = "" if decision.abnormal is None else f", said to be abnormal from {decision.abnormal:g} on"
    return (
        f"threshold {decision.threshold:g} of a probability fitted to what the outlines show, never surer "
        f"than {decision.certainty:g}{abnormal}"
    )


def _command(task: Task, facts: Mapping[str, Any]) -> str:
    """What makes this version again: the task's training, and each of its choices that is another today.

    A choice that is gone today is left out.
    """
    training = training_of(task.name)
    today = asdict(training.recipe) | asdict(training.choices)
    then = facts.get("recipe", {})
    changes = [f"--set {name}={then[name]}" for name in today if name in then and then[name] != today[name]]
    fold = facts.get("validation_fold", training.validation_fold)
    words = ["python app.py train", task.name, "--data DIR"]
    folds = [f"--fold {fold}"] if fold != training.validation_fold else []
    return " ".join([*words, *folds, *changes])


def _reference(trained: Trained) -> list[str]:
    if not (trained.folder / REFERENCE).exists():
        return []
    return [f"- `{REFERENCE}` holds features and vectors of labelled scans, which drift is measured against"]


def _revision(revision: Mapping[str, str] | None) -> list[str]:
    """What DVC tracked of the data."""
    if revision is None:
        return []
    git = f", git `{revision['git']}`" if revision["git"] else ""
    return [
        f"- data's revision: DVC `{revision['md5']}` of `{revision['path']}` in `{revision['file']}`"
        f" ({revision['state']}){git}"
    ]


def _table(figures: dict[str, Estimate]) -> list[str]:
    rows = ["| figure | value | 95 % interval | n | meaning |", "|---|---|---|---|---|"]
    for name, figure in figures.items():
        value = "not defined" if math.isnan(figure.value) else f"{figure.value:.3f}"
        known = math.isfinite(figure.value) and math.isfinite(figure.low) and math.isfinite(figure.high)
        interval = f"{figure.low:.3f} to {figure.high:.3f}" if known else ""
        rows.append(f"| {name} | {value} | {interval} | {figure.n} | {_meaning(name)} |")
    return rows


def _meaning(name: str) -> str:
    if name in MEANINGS:
        return MEANINGS[name]
    for prefix, words in (("volume_presence_", "tumour in a volume"), ("presence_", "tumour in a slice")):
        if name.startswith(prefix):
            return f"{words}: {MEANINGS.get(name.removeprefix(prefix), '')}"
    return ""
