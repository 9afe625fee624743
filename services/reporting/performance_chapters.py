"""How good a model was, as chapters of a report: the same figures as on the performance page, on paper.

Reports are handed on: figures of fewer than five cases are withheld, and those that would give them away.
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
from services.cohort.small_numbers import FEW, LEAST, WITHHELD, small
from services.performance.charts import MOST_MONTHLY
from services.performance.history import History
from services.performance.metrics import METRICS, Metric, validated
from services.performance.number_words import figure_cells, gap_cells
from services.performance.small_figures import ALL, WithheldFigures, in_bin, in_group, in_month
from services.statistics import answer_charts
from services.statistics.scoring import calibration, confusion, curves, scored
from services.statistics.subgroups import SUBGROUPS, Gap, Subgroup, subgroups

INTERVAL = (
    "Rates and F1 carry Wilson's 95 % interval, AUC DeLong's (where cases are in perfect order, Newcombe's), "
    "Dice Student's, the calibration error a bootstrap's."
)
_HEAD = ("value", "low", "high", "n")
_TOLD = ("recall", "specificity", "dice")  # what is told of each subgroup
_ROC = "Recall against false alarms at every threshold; the one in force marked"
_CHARTED = ("recall", "dice")
_OF_OUTLINES = ("dice", "accepted_outlines")  # said where there is an outline: a classification has none


def validation_chapter(history: History, task_words: str) -> Chapter:
    """What each registered version showed on validation data, newest first."""
    blocks: list[Block] = [Paragraph("On patients that were never trained on, before any real use.", "small")]
    for version in history.versions:
        rows = [
            [_measured(metric, kind), *_cells(metric, figure, FEW if small(figure.n) else "")]
            for metric in METRICS.values()
            for kind, figure in validated(metric.name, version.figures).items()
            if not math.isnan(figure.value)
        ]
        if rows:
            blocks += _told(["", *_HEAD], rows, f"Version {version.version.version}")
    if len(blocks) == 1:
        blocks.append(Paragraph("No figures are registered."))
    return Chapter(f"{task_words}: validation", blocks)


def real_use_chapter(judgements: Judgements, task_words: str, read: int, hidden: WithheldFigures) -> Chapter:
    """What truth says of real use: by version and by month, with charts of recall and Dice.

    `read` is how many readings there were.
    """
    judged = hidden.why(ALL, "cases", len(judgements)) or str(len(judgements))
    blocks: list[Block] = [
        Paragraph(_judged_words(read, len(judgements), judged)),
        Paragraph(INTERVAL, "small"),
    ]
    by_version = _by_version(judgements)
    for version, part in by_version.items():
        cell = in_month(version, "")
        rows = [
            [METRICS[name].label, *_cells(METRICS[name], figure, hidden.why(cell, name, figure.n))]
            for name, figure in scored(part).items()
            if figure.n or name not in _OF_OUTLINES
        ]
        blocks += _told(["", *_HEAD], rows, f"Version {version}")
    for name in _CHARTED:
        blocks += headed(_monthly(judgements, by_version, METRICS[name], hidden))
    if len(judgements):
        blocks += _month_table(by_version, hidden)
    return Chapter(f"{task_words}: real use", blocks)


def _judged_words(read: int, known: int, told: str) -> str:
    """How many readings have a known truth; `told` is their number, or why it is withheld."""
    if small(read):
        return f"{FEW.capitalize()} readings, of which how many have a known truth is withheld."
    if not told.isdecimal():
        why = "" if told == WITHHELD else f" ({told})"
        return f"Of {read} readings, how many have a known truth, by review or label, is withheld{why}."
    if small(read - known):  # beside the number of readings it would tell how many have none
        return f"{told} readings have a known truth, by review or label; how many have none is withheld."
    return f"Of {read} readings, {told} have a known truth, by review or label."


def answers_chapter(judgements: Judgements, task_words: str, hidden: WithheldFigures) -> Chapter:
    """How cases were answered, ROC and calibration."""
    if not len(judgements):
        return Chapter(f"{task_words}: answers", [Paragraph("No case has a known truth.")])
    blocks: list[Block] = [_answers(judgements, hidden)]
    drawn = curves(judgements)
    if len(drawn.roc_far) and not hidden.why(ALL, "auc", len(judgements)):
        blocks += headed(Chart(answer_charts.roc(drawn, scored(judgements)), _ROC))
    bins = calibration(judgements)
    why = {each.number: hidden.why(in_bin(each.number), "cases", each.observed.n) for each in bins}
    told = [each for each in bins if not why[each.number]]
    if told:
        blocks += headed(Chart(answer_charts.calibration(told), "Share of ill against the probability said"))
    table = [
        [
            f"{each.low:.1f} to {each.high:.1f}",
            None if why[each.number] else fixed(each.predicted),
            *_cells(METRICS["recall"], each.observed, why[each.number]),
        ]
        for each in bins
    ]
    blocks += _told(["probability", "said, mean", "ill", "low", "high", "n"], table, "Calibration")
    return Chapter(f"{task_words}: answers", blocks)


def _answers(judgements: Judgements, hidden: WithheldFigures) -> Table:
    """The confusion matrix; each line is told where the cases that it is of are."""
    counts = confusion(judgements)
    truths: tuple[tuple[str, str, tuple[int, int]], ...] = (
        ("ill", "recall", (counts.hit, counts.miss)),
        ("healthy", "specificity", (counts.false_alarm, counts.right_negative)),
    )
    rows: list[list[Cell]] = []
    for name, figure, answers in truths:
        why = hidden.why(ALL, figure, sum(answers)) or hidden.why(ALL, "answers", sum(answers))
        rows.append([name, why, why] if why else [name, *answers])
    return Table(["truly", "called ill", "called healthy"], rows, title="Answers")


def headed(chart: Chart | None) -> list[Block]:
    """A chart under what it shows."""
    return [] if chart is None else [Paragraph(chart.says, "heading"), chart]


def subgroups_chapter(judgements: Judgements, task_words: str, hidden: WithheldFigures) -> Chapter:
    """Whether some patients are served worse: each group, and its gap to all others with the interval."""
    blocks: list[Block] = [
        Paragraph(
            "The gap is the group's figure less that of all others, with its 95 % interval (Newcombe's). "
            "Many groups are looked at: one gap in twenty is apart from zero by chance.",
            "small",
        )
    ]
    for dimension, words in SUBGROUPS.items():
        rows = [row for group in subgroups(judgements, dimension) for row in _of_group(group, hidden)]
        if rows:
            head = [words, "figure", *_HEAD, "gap", "gap low", "gap high"]
            blocks += _told(head, rows, words, texts=2)
    if len(blocks) == 1:
        blocks.append(Paragraph("No case has a known truth."))
    return Chapter(f"{task_words}: subgroups", blocks)


def _of_group(group: Subgroup, hidden: WithheldFigures) -> Iterable[list[Cell]]:
    for name in _TOLD:
        figure = group.figures.get(name)
        if figure is not None and figure.n:
            metric = METRICS[name]
            why = hidden.why(in_group(group.dimension, group.name), name, figure.n)
            gap = None if why or hidden.why(ALL, name, LEAST) else group.gaps.get(name)
            yield [group.name, metric.label, *_cells(metric, figure, why), *_gap(metric, gap)]


def _gap(metric: Metric, gap: Gap | None) -> list[Cell]:
    if gap is None or math.isnan(gap.value) or small(gap.n_rest):
        return [None, None, None]
    return gap_cells(metric, gap.value, gap.low, gap.high)


def _cells(metric: Metric, figure: Estimate, why: str = "") -> list[Cell]:
    """Value, interval and n; of what is withheld, why."""
    if why:
        return [None, None, None, why]
    if math.isnan(figure.value):
        return [None, None, None, figure.n]
    return [*figure_cells(metric, figure), figure.n]


def _told(head: Sequence[str], rows: Sequence[Sequence[Cell]], title: str, texts: int = 1) -> list[Block]:
    """A table of what is told, and under it a sentence that names what is withheld and why.

    Lines of dashes alone would fill pages, and might be read as nothing.
    """
    hidden: dict[str, dict[str, list[str]]] = {}
    told: list[Sequence[Cell]] = []
    for row in rows:
        why = next((cell for cell in row if cell in (FEW, WITHHELD)), None)
        if why is None:
            told.append(row)
        else:
            said = zip(head, row[:texts], strict=False)
            name, *more = (f"version {cell}" if label == "version" else str(cell) for label, cell in said)
            hidden.setdefault(str(why), {}).setdefault(name, []).append(" ".join(more))
    blocks: list[Block] = [Table(head, told, texts=texts, title=title)] if told else []
    if hidden and not told:
        blocks.append(Paragraph(title, "heading"))
    return blocks + [Paragraph(_hidden_words(why, names), "small") for why, names in hidden.items()]


def _hidden_words(why: str, names: Mapping[str, Sequence[str]]) -> str:
    """What is withheld for one reason: "Not told (fewer than 5): 20-29: Recall, Dice; 30-39: Recall."."""
    parts = [": ".join(filter(None, (name, ", ".join(filter(None, more))))) for name, more in names.items()]
    reason = f"{why} cases" if why == FEW else f"{why}, as it would give away what is"
    return f"Not told ({reason}): {'; '.join(parts)}."


def _measured(metric: Metric, kind: str) -> str:
    return f"{metric.label}, {kind}" if kind else metric.label


def _by_version(judgements: Judgements) -> dict[str, Judgements]:
    names = sorted(set(judgements.version), key=lambda name: (len(name), name))
    return {name: judgements.where(np.asarray(judgements.version == name)) for name in names}


def _months(judgements: Judgements) -> list[str]:
    return [str(month) for month in np.unique(judgements.months())]


def _of_month(judgements: Judgements, month: str) -> Judgements:
    return judgements.where(np.asarray(judgements.months() == np.datetime64(month, "M")))


def _monthly(
    judgements: Judgements, by_version: Mapping[str, Judgements], metric: Metric, hidden: WithheldFigures
) -> Chart | None:
    series = [
        MetricSeries(f"version {version}", REVIEWED, dots, withheld=withheld)
        for version, part in by_version.items()
        for dots, withheld in [_dots(part, version, metric.name, hidden)]
    ]
    series = [line for line in series if line.dots or line.withheld][-MOST_MONTHLY:]
    if not any(line.dots for line in series):  # the table says what is withheld
        return None
    scale = Scale(metric.label, percent=metric.percent)
    newest = f", newest {MOST_MONTHLY} versions" if len(by_version) > MOST_MONTHLY else ""
    says = f"{metric.label} by month of reading{newest}"
    return Chart(month_figure(_months(judgements), series, [], scale), says)


def _dots(
    part: Judgements, version: str, metric: str, hidden: WithheldFigures
) -> tuple[list[Dot], list[tuple[str, str]]]:
    """The months that are told, and those that are withheld with the reason."""
    dots, withheld = [], []
    for month in _months(part):
        figure = scored(_of_month(part, month))[metric]
        if why := hidden.why(in_month(version, month), metric, figure.n):
            withheld.append((month, why))
        elif figure.n:
            dots.append(Dot(month, figure.value, figure.low, figure.high, figure.n))
    return dots, withheld


def _month_table(by_version: Mapping[str, Judgements], hidden: WithheldFigures) -> list[Block]:
    rows: list[list[Cell]] = []
    for version, part in by_version.items():
        for month in _months(part):
            figures, cell = scored(_of_month(part, month)), in_month(version, month)
            rows += [
                [
                    month,
                    version,
                    METRICS[name].label,
                    *_cells(METRICS[name], figures[name], hidden.why(cell, name, figures[name].n)),
                ]
                for name in _TOLD
                if figures[name].n
            ]
    return _told(["month", "version", "figure", *_HEAD], rows, "By month", texts=3)


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
