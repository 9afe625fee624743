"""How good a model was, as chapters of a report: the same figures as on the performance page, on paper.

A figure of fewer than five cases is not told: reports are read by people who may not know patients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from data.records import Judgements
from models.statistics.estimate import Estimate
from reports.document import Block, Cell, Chapter, Chart, Table, Words, fixed
from reports.performance_figures import (
    REVIEWED,
    VALIDATION,
    Dot,
    Scale,
    Series,
    month_figure,
    version_figure,
)
from services.cohort.small_numbers import FEW, LEAST
from services.performance.history import History
from services.performance.metrics import METRICS, Metric, validated
from services.statistics import answer_charts
from services.statistics.scoring import calibration, confusion, curves, scored
from services.statistics.subgroups import SUBGROUPS, Gap, Subgroup, subgroups

INTERVAL = (
    "Rates and F1 carry Wilson's 95 % interval, AUC DeLong's (where cases are in perfect order, Newcombe's), "
    "Dice Student's, the calibration error a bootstrap's."
)
_HEAD = ("value", "low", "high", "n")
_TOLD = ("recall", "specificity", "dice")  # what is told of each subgroup
_CHARTED = ("recall", "dice")


def validation_chapter(history: History, task_words: str) -> Chapter:
    """What each registered version showed on validation data, newest first."""
    blocks: list[Block] = [Words("On patients that were never trained on, before any real use.", "small")]
    for version in history.versions:
        rows = [
            [_measured(metric, kind), *_cells(figure)]
            for metric in METRICS.values()
            for kind, figure in validated(metric.name, version.figures).items()
            if not math.isnan(figure.value)
        ]
        if rows:
            blocks.append(Table(["", *_HEAD], rows, title=f"Version {version.version.version}"))
    if len(blocks) == 1:
        blocks.append(Words("No figures are registered."))
    return Chapter(f"{task_words}: validation", blocks)


def real_use_chapter(found: Judgements, task_words: str, read: int | None) -> Chapter:
    """What truth says of real use: by version and by month, with charts of recall and Dice.

    `read` is how many readings there were; None where that is not known for these cases.
    """
    share = f"Of {read} readings, {len(found)}" if read is not None else f"{len(found)} readings"
    share += " have a known truth, by review or label."
    blocks: list[Block] = [Words(share), Words(INTERVAL, "small")]
    by_version = _by_version(found)
    for version, part in by_version.items():
        rows = [[METRICS[name].label, *_cells(figure)] for name, figure in scored(part).items()]
        blocks.append(Table(["", *_HEAD], rows, title=f"Version {version}"))
    for name in _CHARTED:
        chart = _monthly(found, by_version, METRICS[name])
        if chart is not None:
            blocks.append(chart)
    if len(found):
        blocks.append(_month_table(by_version))
    return Chapter(f"{task_words}: real use", blocks)


def answers_chapter(found: Judgements, task_words: str) -> Chapter:
    """How cases were answered, ROC and calibration."""
    if not len(found):
        return Chapter(f"{task_words}: answers", [Words("No case has a known truth.")])
    counts = confusion(found)
    rows: list[list[Cell]] = [
        ["ill", counts.hit, counts.miss],
        ["healthy", counts.false_alarm, counts.right_negative],
    ]
    blocks: list[Block] = [Table(["truly", "called ill", "called healthy"], rows, title="Answers")]
    drawn = curves(found)
    if len(drawn.roc_far):
        words = "Recall against false alarms at every threshold; the one in force marked"
        blocks.append(Chart(answer_charts.roc(drawn, counts.rates()), words))
    bins = [one for one in calibration(found) if one.observed.n >= LEAST]
    if bins:
        blocks.append(Chart(answer_charts.calibration(bins), "Share of ill against the probability said"))
        table = [
            [f"{one.low:.1f} to {one.high:.1f}", fixed(one.predicted), *_cells(one.observed)] for one in bins
        ]
        blocks.append(
            Table(["probability", "said, mean", "ill", "low", "high", "n"], table, title="Calibration")
        )
    return Chapter(f"{task_words}: answers", blocks)


def subgroups_chapter(found: Judgements, task_words: str) -> Chapter:
    """Whether some patients are served worse: each group, and its gap to all others with the interval."""
    blocks: list[Block] = [
        Words(
            "The gap is the group's figure less that of all others, with its 95 % interval (Newcombe's). "
            "Many groups are looked at: one gap in twenty is apart from zero by chance.",
            "small",
        )
    ]
    for dimension, words in SUBGROUPS.items():
        rows = [row for group in subgroups(found, dimension) for row in _of_group(group)]
        if rows:
            head = [words, "figure", *_HEAD, "gap", "gap low", "gap high"]
            blocks.append(Table(head, rows, texts=2, title=words))
    if len(blocks) == 1:
        blocks.append(Words("No case has a known truth."))
    return Chapter(f"{task_words}: subgroups", blocks)


def _of_group(group: Subgroup) -> Iterable[list[Cell]]:
    for name in _TOLD:
        figure = group.figures.get(name)
        if figure is not None and figure.n:
            yield [group.name, METRICS[name].label, *_cells(figure), *_gap(group.gaps.get(name), figure.n)]


def _gap(gap: Gap | None, n: int) -> list[Cell]:
    if gap is None or math.isnan(gap.value) or n < LEAST or gap.n_rest < LEAST:
        return [None, None, None]
    return [fixed(gap.value), fixed(gap.low), fixed(gap.high)]


def _cells(figure: Estimate) -> list[Cell]:
    """Value, interval and n; what stands for few is not told."""
    if 0 < figure.n < LEAST:
        return [None, None, None, FEW]
    if math.isnan(figure.value):
        return [None, None, None, figure.n]
    return [fixed(figure.value), fixed(figure.low), fixed(figure.high), figure.n]


def _measured(metric: Metric, kind: str) -> str:
    return f"{metric.label}, {kind}" if kind else metric.label


def _by_version(found: Judgements) -> dict[str, Judgements]:
    names = sorted(set(found.version), key=lambda one: (len(one), one))
    return {name: found.where(np.asarray(found.version == name)) for name in names}


def _months(found: Judgements) -> list[str]:
    return [str(one) for one in np.unique(found.months())]


def _of_month(found: Judgements, month: str) -> Judgements:
    return found.where(np.asarray(found.months() == np.datetime64(month, "M")))


def _monthly(found: Judgements, by_version: Mapping[str, Judgements], metric: Metric) -> Chart | None:
    series = [
        Series(f"version {version}", REVIEWED, _dots(part, metric.name))
        for version, part in by_version.items()
    ]
    series = [one for one in series if one.dots]
    if not series:
        return None
    scale = Scale(metric.label, percent=metric.percent)
    return Chart(month_figure(_months(found), series, [], scale), f"{metric.label} by month of reading")


def _dots(part: Judgements, metric: str) -> list[Dot]:
    dots = []
    for month in _months(part):
        figure = scored(_of_month(part, month))[metric]
        if figure.n >= LEAST:
            dots.append(Dot(month, figure.value, figure.low, figure.high, figure.n))
    return dots


def _month_table(by_version: Mapping[str, Judgements]) -> Table:
    rows: list[Sequence[Cell]] = []
    for version, part in by_version.items():
        for month in _months(part):
            figures = scored(_of_month(part, month))
            rows += [
                [month, version, METRICS[name].label, *_cells(figures[name])]
                for name in _TOLD
                if figures[name].n
            ]
    return Table(["month", "version", "figure", *_HEAD], rows, texts=3, title="By month")


def compared_versions(history: History, metric: Metric) -> Chart | None:
    """A metric of every registered version on validation data."""
    dots: dict[str, list[Dot]] = {}
    for version in reversed(history.versions):
        for kind, figure in validated(metric.name, version.figures).items():
            if not math.isnan(figure.value):
                at = Dot(version.version.version, figure.value, figure.low, figure.high, figure.n)
                dots.setdefault(kind, []).append(at)
    if not dots:
        return None
    versions = [one.version.version for one in reversed(history.versions)]
    series = [Series(kind or "validation", VALIDATION, found) for kind, found in dots.items()]
    scale = Scale(metric.label, percent=metric.percent)
    return Chart(version_figure(versions, series, scale), f"{metric.label} on validation data by version")
