"""Boards to begin with: plain questions, each with the panels that answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.records import BoardPanel, User
from services.boards.measures import (
    ALERTS_RAISED,
    DRIFTED_SHARE,
    READINGS,
    REFUSALS,
    UNCERTAIN,
    may_see,
)
from services.task_words import words_of


@dataclass(frozen=True)
class Start:
    """A board that can be made at once."""

    name: str
    title: str
    panels: tuple[BoardPanel, ...]


def starts(tasks: Sequence[str], user: User) -> list[Start]:
    """What this person can begin with: of each board the panels that the role may see."""
    offered = [*(start for task in tasks for start in _of_task(task)), _drift(tasks), _work(tasks)]
    seen = [
        Start(start.name, start.title, tuple(panel for panel in start.panels if may_see(user, panel)))
        for start in offered
    ]
    return [start for start in seen if start.panels]


def _of_task(task: str) -> list[Start]:
    words = words_of(task)
    drawn = ("dice", "accepted_outlines") if words.draws_mask else ()
    return [
        Start(f"errors-{task}", f"Recall and false alarms: {words.label}", _panels(("recall", "far"), task)),
        Start(
            f"use-{task}",
            f"In use: {words.label}",
            _panels((READINGS, UNCERTAIN, *drawn, "latency_p95_ms"), task),
        ),
    ]


def _drift(tasks: Sequence[str]) -> Start:
    drifted = tuple(BoardPanel("", DRIFTED_SHARE, task) for task in tasks)
    return Start("drift", "Drift", (*drifted, BoardPanel("", ALERTS_RAISED)))


def _work(tasks: Sequence[str]) -> Start:
    read = tuple(BoardPanel("", READINGS, task) for task in tasks)
    return Start("work", "What came and what was refused", (*read, BoardPanel("", REFUSALS)))


def _panels(measures: Sequence[str], task: str) -> tuple[BoardPanel, ...]:
    return tuple(BoardPanel("", measure, task) for measure in measures)
