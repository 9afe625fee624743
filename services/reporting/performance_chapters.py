"""How good a model was, as chapters of a report: the same figures as on the performance page, on paper.

A figure of fewer than five cases is not told: reports are read by people who may not know patients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from data.records import Judgements
from models.statistics.estimate import Estimate
from reports.document import Block, Cell, Chapter, Chart, Paragraph, Table, fixed
from reports.performance_figures import (
    REVIEWED,
    VALIDATION,
    Dot,
    MetricSeries,
    Scale,
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
    blocks: list[Block] = [Paragraph("On patients that were never trained on, before any real use.", "small")]
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
        blocks.append(Paragraph("No figures are registered."))
    return Chapter(f"{task_words}: validation", blocks)


def real_use_chapter(judgements: Judgements, task_words: str, read: int | None) -> Chapter:
    """What truth says of real use: by version and by month, with charts of recall and Dice.

    `read` is how many readings there were; None where that is not known for these cases.
    """
    share = f"Of {read} readings, {len(judgements)}" if read is not None else f"{len(judgements)} readings"
    share += " have a known truth, by review or label."
    blocks: list[Block] = [Paragraph(share), Paragraph(INTERVAL, "small")]
    by_version = _by_version(judgements)
    for version, part in by_version.items():
        rows = [[METRICS[name].label, *_cells(figure)] for name, figure in scored(part).items()]
        blocks.append(Table(["", *_HEAD], rows, title=f"Version {version}"))
    for name in _CHARTED:
        chart = _monthly(judgements, by_version, METRICS[name])
        if chart is not None:
            blocks.append(chart)
    if len(judgements):
        blocks.append(_month_table(by_version))
    return Chapter(f"{task_words}: real use", blocks)


def answers_chapter(judgements: Judgements, task_words: str) -> Chapter:
    """How cases were answered, ROC and calibration."""
    if not len(judgements):
        return Chapter(f"{task_words}: answers", [Paragraph("No case has a known truth.")])
    counts = confusion(judgements)
    rows: list[list[Cell]] = [
        ["ill", counts.hit, counts.miss],
        ["healthy", counts.false_alarm, counts.right_negative],
    ]
    blocks: list[Block] = [Table(["truly", "called ill", "called healthy"], rows, title="Answers")]
    drawn = curves(judgements)
    if len(drawn.roc_far):
        words = "Recall against false alarms at every threshold; the one in force marked"
        blocks.append(Chart(answer_charts.roc(drawn, counts.rates()), words))
    bins = [each for each in calibration(judgements) if each.observed.n >= LEAST]
    if bins:
        blocks.append(Chart(answer_charts.calibration(bins), "Share of ill against the probability said"))
        table = [
            [f"{each.low:.1f} to {each.high:.1f}", fixed(each.predicted), *_cells(each.observed)]
            for each in bins
        ]
        blocks.append(
            Table(["probability", "said, mean", "ill", "low", "high", "n"], table, title="Calibration")
        )
    return Chapter(f"{task_words}: answers", blocks)


def subgroups_chapter(judgements: Judgements, task_words: str) -> Chapter:
    """Whether some patients are served worse: each group, and its gap to all others with the interval."""
    blocks: list[Block] = [
        Paragraph(
            "The gap is the group's figure less that of all others, with its 95 % interval (Newcombe's). "
            "Many groups are looked at: one gap in twenty is apart from zero by chance.",
            "small",
        )
    ]
    for dimension, words in SUBGROUPS.items():
        rows = [row for group in subgroups(judgements, dimension) for row in _of_group(group)]
        if rows:
            head = [words, "figure", *_HEAD, "gap", "gap low", "gap high"]
            blocks.append(Table(head, rows, texts=2, title=words))
    if len(blocks) == 1:
        blocks.append(Paragraph("No case has a known truth."))
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


def _by_version(judgements: Judgements) -> dict[str, Judgements]:
    names = sorted(set(judgements.version), key=lambda name: (len(name), name))
    return {name: judgements.where(np.asarray(judgements.version == name)) for name in names}


def _months(judgements: Judgements) -> list[str]:
    return [str(month) for month in np.unique(judgements.months())]


def _of_month(judgements: Judgements, month: str) -> Judgements:
    return judgements.where(np.asarray(judgements.months() == np.datetime64(month, "M")))


def _monthly(judgements: Judgements, by_version: Mapping[str, Judgements], metric: Metric) -> Chart | None:
    series = [
        MetricSeries(f"version {version}", REVIEWED, _dots(part, metric.name))
        for version, part in by_version.items()
    ]
    series = [line for line in series if line.dots]
    if not series:
        return None
    scale = Scale(metric.label, percent=metric.percent)
    return Chart(month_figure(_months(judgements), series, [], scale), f"{metric.label} by month of reading")


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
    versions = [version.version.version for version in reversed(history.versions)]
    series = [MetricSeries(kind or "validation", VALIDATION, points) for kind, points in dots.items()]
    scale = Scale(metric.label, percent=metric.percent)
    return Chart(version_figure(versions, series, scale), f"{metric.label} on validation data by version")
