"""What a version answers outside the training sources: every case, and the figures that they come to.

A case is the whole reading as a hospital would get it: decoder, suitability gate, network, decision. So there
are more answers than yes and no: a picture may be refused, read as another task's, or said to be uncertain.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from data import atomic_files
from data.codec import from_plain, parsed, to_plain
from data.labelled.outside import OutsideTruth
from models.statistics.areas import auc
from models.statistics.estimate import Estimate
from models.statistics.means import mean
from models.statistics.proportions import proportion
from models.weights import OUTSIDE, Trained

PREFIX = "outside_"
"""Of the figures' names in MLflow."""


class AnswerWord(StrEnum):
    """What a reading comes to, in a word."""

    FOUND = "found"
    UNCERTAIN = "uncertain"
    NOT_FOUND = "not found"
    REFUSED = "refused"
    OTHER_TASK = "read as another task's"


READ = frozenset({AnswerWord.FOUND, AnswerWord.UNCERTAIN, AnswerWord.NOT_FOUND})
"""The answers of the task that is judged."""


@dataclass(frozen=True)
class OutsideCase:
    """One labelled file with what was answered; `dice` where it has a mask and was read."""

    name: str
    sha256: str
    truth: OutsideTruth
    words: str
    kind: str
    sequence: str
    source: str
    age: str
    answer: AnswerWord
    reason: str = ""  # code of a refusal
    probability: float | None = None
    dice: float | None = None
    doubt: str = ""

    @property
    def read(self) -> bool:
        """Whether the task that is judged has answered."""
        return self.answer in READ

    @property
    def wanted(self) -> bool:
        """Whether it is a picture that should be read."""
        return self.truth is not OutsideTruth.WRONG


@dataclass(frozen=True)
class OutsideEvaluation:
    """All cases of one version, which is known by its weights and its threshold.

    `threshold` is None in what was kept before it was noted.
    """

    task: str
    weights_sha256: str
    cases: tuple[OutsideCase, ...]
    threshold: float | None = None

    def holds_for(self, trained: Trained) -> bool:
        """Whether it was measured of these weights with this threshold, as far as it says."""
        same = self.threshold in (None, trained.decision.threshold)
        return self.weights_sha256 == trained.sha256 and same

    def figures(self) -> dict[str, Estimate]:
        """Figures of all cases, only those that are defined."""
        return figures(self.cases)

    def groups(self) -> dict[str, Estimate]:
        """AUC, recall and specificity by source and age, where there are at least two of them."""
        parts: dict[str, Estimate] = {}
        for what in ("source", "age"):
            of: Callable[[OutsideCase], str] = attrgetter(what)
            values = sorted({of(case) for case in self.cases if case.wanted})
            for value in values if len(values) > 1 else ():
                measured = figures([case for case in self.cases if of(case) == value])
                parts |= {f"{name}, {what} {value}": measured[name] for name in _BY_PART if name in measured}
        return parts

    def plain(self) -> dict[str, Any]:
        """As JSON's own types, with the figures."""
        return {
            **to_plain(self),
            "figures": {name: asdict(figure) for name, figure in self.figures().items()},
            "groups": {name: asdict(figure) for name, figure in self.groups().items()},
        }


_BY_PART = ("auc", "recall", "specificity", "missed", "false_alarms")


def figures(cases: Iterable[OutsideCase]) -> dict[str, Estimate]:
    """What cases come to, only what is defined: rates of those that were read, and how many were refused.

    Shares have Wilson's interval, AUC DeLong's, Dice Student's. They count files as independent.
    """
    cases = tuple(cases)
    healthy, ill = _read(cases, OutsideTruth.HEALTHY), _read(cases, OutsideTruth.ILL)
    other = _read(cases, OutsideTruth.OTHER_DISEASE)
    wanted = [case for case in cases if case.wanted]
    wrong = [case for case in cases if not case.wanted]
    every = {
        "false_alarms": _share(healthy, AnswerWord.FOUND),
        "specificity": _share(healthy, AnswerWord.NOT_FOUND),
        "recall": _share(ill, AnswerWord.FOUND),
        "missed": _share(ill, AnswerWord.NOT_FOUND),
        "other_disease_found": _share(other, AnswerWord.FOUND),
        "uncertain": _share([*healthy, *ill, *other], AnswerWord.UNCERTAIN),
        "auc": _auc([*healthy, *ill]),
        "dice": mean(np.array([case.dice for case in ill if case.dice is not None], dtype=np.float64)),
        "refused": _share(wanted, AnswerWord.REFUSED),
        "wrong_refused": _share(wrong, AnswerWord.REFUSED),
    }
    return {name: figure for name, figure in every.items() if not math.isnan(figure.value)}


def keep(folder: Path, evaluation: OutsideEvaluation) -> None:
    """Lay it beside the weights in `folder`."""
    atomic_files.write(folder / OUTSIDE, json.dumps(evaluation.plain(), indent=1) + "\n")


def opened(folder: Path) -> OutsideEvaluation | None:
    """What lies in `folder`, None where nothing does; raises ValueError where it is no evaluation."""
    file = folder / OUTSIDE
    return of_plain(parsed(file.read_text())) if file.exists() else None


def of_plain(plain: Any) -> OutsideEvaluation:
    """What `OutsideEvaluation.plain` made; raises ValueError where it is none."""
    evaluation: OutsideEvaluation = from_plain(OutsideEvaluation, plain)
    return evaluation


def metrics_of(trained: Trained) -> dict[str, dict[str, float]]:
    """The figures of these very weights and this threshold under their names in MLflow; may be none."""
    evaluation = opened(trained.folder)
    if evaluation is None or not evaluation.holds_for(trained):
        return {}
    return {PREFIX + name: asdict(figure) for name, figure in evaluation.figures().items()}


def _read(cases: Iterable[OutsideCase], truth: OutsideTruth) -> list[OutsideCase]:
    return [case for case in cases if case.truth is truth and case.read]


def _share(cases: Sequence[OutsideCase], answer: AnswerWord) -> Estimate:
    return proportion(sum(case.answer is answer for case in cases), len(cases))


def _auc(cases: Sequence[OutsideCase]) -> Estimate:
    known = [(case.truth is OutsideTruth.ILL, case.probability) for case in cases]
    scored = [(ill, probability) for ill, probability in known if probability is not None]
    truth = np.array([ill for ill, _ in scored], dtype=bool)
    return auc(truth, np.array([probability for _, probability in scored], dtype=np.float64))
