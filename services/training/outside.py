"""A version outside the training sources: every file goes the way of `segment` and is judged by its label."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data import atomic_files, formats
from data.errors import UnusableDataset
from data.labelled.outside import OutsideFile, has_outside, outside_files
from models import weights
from models.outside import READ, AnswerWord, OutsideCase, OutsideEvaluation, keep
from models.outside_tables import on_card, section
from models.overlap import dice
from models.task import Task
from models.weights import Trained
from services.reading.segmenting import Report, Segmenting

Judge = Callable[[Task, Trained, Path], OutsideEvaluation]
"""Evaluates a version on the pictures outside at or below a folder."""

_RANK = list(AnswerWord)
"""Of several scans in a file the gravest answer counts: that is what somebody is called for."""


def answer_word(report: Report, task: str) -> AnswerWord:
    """What a report of `segment` comes to for `task`: the one place that says so."""
    if report["refused"]:
        return AnswerWord.REFUSED
    if report["task"] != task:
        return AnswerWord.OTHER_TASK
    return AnswerWord(str(report["outcome"]).replace("-", " "))


def judged_outside(segmenting: Segmenting, task: Task, trained: Trained, data: Path) -> OutsideEvaluation:
    """How `trained`, which `segmenting` reads with, answers what lies at or below `data`.

    Raises UnusableDataset.
    """
    cases = tuple(_case(segmenting, task.name, file) for file in outside_files(data, task.name))
    return OutsideEvaluation(task.name, trained.sha256, cases, trained.decision.threshold)


def keep_outside(task: Task, folder: Path, evaluation: OutsideEvaluation) -> list[Path]:
    """Lay the figures beside the weights in `folder` and onto the card; returns the files written."""
    keep(folder, evaluation)
    card = folder / weights.CARD
    before = card.read_text() if card.exists() else f"# {task.title}\n"
    atomic_files.write(card, on_card(before, section(evaluation, task.finding)))
    return [folder / weights.OUTSIDE, card]


def judge_of(judge: Judge | None, task: Task, data: Path) -> Judge | None:
    """`judge` where `data` holds pictures outside for `task`; raises UnusableDataset as it would."""
    if judge is None or not has_outside(data, task.name):
        return None
    outside_files(data, task.name)  # said before hours of training rather than after
    return judge


def _case(segmenting: Segmenting, task: str, file: OutsideFile) -> OutsideCase:
    with tempfile.TemporaryDirectory(prefix="lightbox-outside-") as out:
        report = _report(segmenting, task, file, Path(out))
        answer = answer_word(report, task)
        read = answer in READ
        return OutsideCase(
            name=file.name,
            sha256=file.sha256,
            truth=file.truth,
            words=file.words,
            kind=file.kind,
            sequence=file.sequence,
            source=file.source,
            age=file.age,
            answer=answer,
            reason=str(report.get("code", "")) if report["refused"] else "",
            probability=float(report["probability"]) if read else None,
            dice=_dice(file, Path(out), report) if read and file.mask is not None else None,
            doubt=file.doubt,
        )


def _report(segmenting: Segmenting, task: str, file: OutsideFile, out: Path) -> Report:
    """The gravest report of those on the scans in a file."""
    reports = segmenting.segment(file.file, out)
    return min(reports, key=lambda report: _RANK.index(answer_word(report, task)))


def _dice(file: OutsideFile, out: Path, report: dict[str, Any]) -> float:
    """Of what was drawn and the person's outline, both in the file's own grid."""
    assert file.mask is not None
    if not file.mask.is_file():
        raise UnusableDataset(f"The mask of {file.name} is not there.")
    grid = formats.decode(file.file, file.file.name).scans[0].grid
    drawn = next(out.glob(f"{report['name']}.mask.*"))
    empty = formats.MaskAnswers(empty=True, every_label=True)
    answer = formats.read_mask(drawn, drawn.name, grid, empty)
    return dice(answer, formats.read_mask(file.mask, file.mask.name, grid, empty))
