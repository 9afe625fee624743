"""The performance of a task's model as a report that is kept: all of it, a version's, or a month's."""

from __future__ import annotations

from collections.abc import Sequence

from data.database import now
from data.errors import InvalidInput
from data.ledger.judgements import JudgementStore
from data.records import NOTICE, SYNTHETIC, VERSION, Judgements, marked
from data.tracking import CHAMPION
from reports.document import Chapter, Document
from reports.time_words import clock
from services.performance.cases import month_of
from services.performance.history import Histories, History
from services.performance.metrics import METRICS
from services.performance.number_words import KINDS_OF_NUMBERS
from services.performance.small_figures import withheld_figures
from services.reporting.performance_chapters import (
    answers_chapter,
    compared_versions,
    headed,
    real_use_chapter,
    subgroups_chapter,
    validation_chapter,
)
from services.reporting.reports import Ask, Progress, Written
from services.task_words import words_of

SMALL_NUMBERS = (
    "Figures of fewer than 5 cases, and others that would give them away, are withheld. How many of 5 or "
    "more cases a version got wrong is told, few as they may be."
)
OF_NOBODY = marked("made for demonstration, of nobody", synthetic=True)


class PerformanceReport:
    """Writes reports of a `task`, and of one `version` or one `month` of it if asked."""

    def __init__(self, histories: Histories, judgements: JudgementStore, tasks: Sequence[str]) -> None:
        self._histories = histories
        self._judgements = judgements
        self._tasks = tuple(tasks)

    def title(self, ask: Ask) -> str:
        """Raises InvalidInput for a task or month that does not exist."""
        if ask.get("task") not in self._tasks:
            raise InvalidInput("Choose a task first.")
        if ask.get("month"):
            month_of(ask["month"])
        version = f"version {ask['version']}" if ask.get("version") else ""
        parts = [words_of(ask["task"]).label, version, ask.get("month", "")]
        month = ask.get("month")
        _, synthetic = cases(self._judgements, ask["task"], month, month, ask.get("version"))
        return made_known(f"Performance: {', '.join(part for part in parts if part)}", synthetic)

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The task's document."""
        task, version, month = ask["task"], ask.get("version"), ask.get("month")
        history = self._histories.of(task)
        judgements, synthetic = cases(self._judgements, task, month, month, version)
        progress(0.3)
        read = readings(self._judgements, task, synthetic, month, month, version)
        hidden = withheld_figures(judgements, self._wider(task, version, month, synthetic))
        label = words_of(task).label
        named = made_known(label, synthetic)
        chapters = [
            *self._validated(history, label, version),
            real_use_chapter(judgements, named, read, hidden),
            answers_chapter(judgements, named, hidden),
            subgroups_chapter(judgements, named, hidden),
        ]
        progress(0.6)
        facts = {
            "Task": label,
            "Version": version or "all versions",
            "Live": live_words(history, "none"),
            "Month of reading": month or "all months",
            "Real use": OF_NOBODY if synthetic else "real patients",
            "MLflow": history.trouble or f"as of {clock(history.as_of)}"
            if history.as_of
            else history.trouble or "empty",
            "Made": clock(now()),
            "By": by,
            "Lightbox": VERSION,
            "Small numbers": SMALL_NUMBERS,
            "Kinds of numbers": KINDS_OF_NUMBERS,
        }
        stamp = made_known(facts["Made"], synthetic)
        return Written(Document(self.title(ask), facts, chapters, stamp, NOTICE))

    def _wider(self, task: str, version: str | None, month: str | None, synthetic: bool) -> list[Judgements]:
        """The cases of other reports that these are a part of: this one could be subtracted from them."""
        choices = {(version, None), (None, month), (None, None)} - {(version, month)}
        return [
            self._judgements.of(task, of, when, when, synthetic=synthetic)
            for of, when in sorted(choices, key=str)
        ]

    def _validated(self, history: History, named: str, version: str | None) -> list[Chapter]:
        chosen = tuple(each for each in history.versions if version in (None, each.version.version))
        chapter = validation_chapter(History(**vars(history) | {"versions": chosen}), named)
        charts = [compared_versions(history, METRICS[name]) for name in ("recall", "dice", "auc")]
        return [
            Chapter(chapter.title, [*chapter.blocks, *(block for chart in charts for block in headed(chart))])
        ]


def cases(
    judgements: JudgementStore, task: str, first: str | None, last: str | None, version: str | None = None
) -> tuple[Judgements, bool]:
    """Judged cases of real patients; where there is none at all, those made for demonstration, and True."""
    real = judgements.of(task, version, first, last, synthetic=False)
    if len(real):
        return real, False
    made = judgements.of(task, version, first, last, synthetic=True)
    return made, bool(len(made))


def made_known(words: str, synthetic: bool) -> str:
    """Words over numbers; over those of scans made for demonstration they say so, on every page."""
    return f"{words}, {SYNTHETIC}" if synthetic else words


def readings(
    judgements: JudgementStore,
    task: str,
    synthetic: bool,
    first: str | None,
    last: str | None,
    version: str | None = None,
) -> int:
    """How many readings there were, judged or not."""
    return sum(
        count.read
        for (of, month, made), count in judgements.read_counts(task).items()
        if made == synthetic
        and version in (None, of)
        and (first is None or month >= first)
        and (last is None or month <= last)
    )


def live_words(history: History, unknown: str) -> str:
    """The version in force in words; `unknown` where MLflow names none."""
    live = [version.version.version for version in history.versions if CHAMPION in version.version.aliases]
    return f"version {live[0]}" if live else unknown
