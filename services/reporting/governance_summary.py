"""The first page of a governance report: verdict against goals, trend, what is to be decided, who signs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.records import Alert, AlertState, Goal, Judgements, Promotion, PromotionState
from models.statistics.estimate import Estimate
from reports.document import Block, Cell, Paragraph, Table
from services.performance.metrics import METRICS, Metric
from services.performance.number_words import interval_words, value_words
from services.performance.small_figures import ALL, WithheldFigures, withheld_figures
from services.statistics.scoring import scored
from services.task_words import words_of

_ALWAYS = ("recall", "specificity")  # what a committee asks for, with a goal or without
_SIGNS = ("Head of the department", "Responsible for the models", "For the committee")
_MOST = 12  # open alerts that are named; the others are counted
_LINE = "_" * 24


@dataclass(frozen=True)
class PeriodOfTask:
    """What a task's summary is made of: judged cases of the period and of the one before, goals."""

    task: str
    live: str
    now: Judgements
    before: Judgements
    wider: Sequence[Judgements]
    goals: Mapping[str, Goal]


def summary(
    tasks: Sequence[PeriodOfTask], alerts: Sequence[Alert], promotions: Sequence[Promotion]
) -> list[Block]:
    """The blocks of the first page."""
    blocks: list[Block] = []
    wanted: list[str] = []
    for task in tasks:
        rows, missed = _verdicts(task)
        head = ["", "goal", "alert limit", "this period", "95 % interval", "n", "before", "verdict"]
        title = f"{words_of(task.task).label}: {task.live}"
        blocks.append(Table(head, rows, title=title))
        wanted += missed
    blocks.append(Paragraph("Decisions asked for", "heading"))
    wanted += _decisions(alerts, promotions)
    blocks += [Paragraph(sentence, "point") for sentence in wanted or ["None."]]
    blocks.append(
        Table(
            ["signed", "name", "date", "signature"],
            [[who, _LINE, "_" * 12, _LINE] for who in _SIGNS],
            texts=4,
            to_write_in=True,
        )
    )
    return blocks


def verdict(metric: Metric, figure: Estimate, goal: Goal | None) -> str:
    """What a figure is beside its goal and limit; a goal is proved where the whole interval reaches it."""
    if not figure.n or math.isnan(figure.value):
        return "no case"
    if goal is None or (goal.goal is None and goal.alert_limit is None):
        return "no goal is set"
    sign = 1.0 if metric.more_is_better else -1.0
    worst = figure.low if metric.more_is_better else figure.high
    if goal.alert_limit is not None and sign * figure.value < sign * goal.alert_limit:
        return "beyond the alert limit"
    if goal.goal is None:
        return "within the alert limit"
    if sign * figure.value < sign * goal.goal:
        return "goal not reached"
    return "goal reached" if sign * worst >= sign * goal.goal else "goal reached, not proved"


def _verdicts(task: PeriodOfTask) -> tuple[list[list[Cell]], list[str]]:
    """A row a metric, and what of it asks for a decision."""
    names = [name for name in METRICS if METRICS[name].truth and (name in _ALWAYS or name in task.goals)]
    now, before = scored(task.now), scored(task.before)
    hidden, earlier = withheld_figures(task.now, task.wider), withheld_figures(task.before, task.wider)
    rows: list[list[Cell]] = []
    wanted: list[str] = []
    for name in names:
        metric, figure, goal = METRICS[name], now[name], task.goals.get(name)
        why = hidden.why(ALL, name, figure.n)
        said = "cannot be told" if why else verdict(metric, figure, goal)
        levels = (goal.goal if goal else None, goal.alert_limit if goal else None)
        limits = [value_words(metric, level) for level in levels]
        told = (
            [why, "", ""]
            if why
            else [
                value_words(metric, figure.value),
                interval_words(metric, figure.low, figure.high),
                str(figure.n),
            ]
        )
        rows.append([metric.label, *limits, *told, _before(metric, before[name], earlier), said])
        task_name = words_of(task.task).label
        if said in ("beyond the alert limit", "goal not reached"):
            wanted.append(f"{task_name}, {metric.label}: {said}. What is to be done, by whom, until when?")
        elif said == "no goal is set":
            wanted.append(f"{task_name}, {metric.label}: no goal is set. Which one is to hold?")
    return rows, wanted


def _before(metric: Metric, figure: Estimate, hidden: WithheldFigures) -> str:
    return hidden.why(ALL, metric.name, figure.n) or value_words(metric, figure.value)


def _decisions(alerts: Sequence[Alert], promotions: Sequence[Promotion]) -> list[str]:
    asked = [
        f"Version {promotion.version} of {words_of(promotion.task).label.lower()} asks to go live without "
        f"the promotion gate's pass ({promotion.asked_name}: {promotion.reason}). Confirm or refuse it."
        for promotion in promotions
        if promotion.state is PromotionState.ASKED
    ]
    unfinished = [alert for alert in alerts if alert.state is not AlertState.CLOSED]
    asked += [f"Alert not closed ({alert.severity.words}): {alert.title}." for alert in unfinished[:_MOST]]
    more = len(unfinished) - _MOST
    return asked + ([f"{more} more alerts are not closed."] if more > 0 else [])
