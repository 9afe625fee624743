"""Trainings that compute on another machine: what is asked of it, and what comes of it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.training import RunLog
from services.training.plan import Plan
from services.training.scores import Scores


@dataclass(frozen=True)
class AskedTraining:
    """What is to be trained, on which data, and where its checkpoints and best weights come to lie here."""

    plan: Plan
    data: Path
    data_sha256: str
    folder: Path
    resume: bool
    is_scored: bool
    """Whether every validation case is to be scored at the end."""


@dataclass(frozen=True)
class FinishedTraining:
    """On what it was trained and in which number format, and the scores that were asked for."""

    place: str
    scores: Scores


class TrainingElsewhere(Protocol):
    """Other machines that have the same data at the same path."""

    def begin(self, asked: AskedTraining, log: RunLog) -> Future[FinishedTraining]:
        """Have it trained; `log` is told of its epochs by other threads.

        `models.training.BEST` and `CHECKPOINT` lie in the folder as they come. What is returned raises
        UserFacingError where no machine can do it.
        """
