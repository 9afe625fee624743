"""What is known of one task at this moment, and whether more is being asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from data.records import TrackedRun
from services.containment import contained
from services.performance.history_cache import KeptCurves, Known
from services.performance.history_records import History, months_of, version_history

FRESH_S = 5.0  # younger than this, nothing is asked
LATE_S = 60.0  # older than this, a page says that MLflow has not answered yet
OLD_S = 900.0  # older than this, a page waits a little longer for news
LATE_ANSWER_S = 0.5  # a question unanswered for so long makes us doubt the next
HANGING_S = 2.0  # a question unanswered for so long is not waited for
_BROKEN = (
    "The history could not be read anew, as something went wrong inside Lightbox (error {error_id}). "
    "An administrator can look it up."
)


class TaskHistory:
    """One task's history in memory; safe to use from several threads."""

    def __init__(self, task: str, known: Known | None, curves: dict[str, KeptCurves]) -> None:
        self.task = task
        self.reading = threading.Lock()
        """Held by the one that asks MLflow."""
        self.curving = threading.Lock()
        """Held by the one that asks MLflow for curves of many."""
        self.curves = curves
        self.unsaved = False
        """Whether there are curves that the disk does not have."""
        self.missing: set[str] = set()
        """Runs that versions name and MLflow does not have."""
        self.failed = False
        self._guard = threading.Lock()
        self._answered = False
        self._error_id: str | None = None
        self._running: threading.Event | None = None
        self._began = 0.0
        self._asked = -FRESH_S
        self._known = known
        self._history = _made(task, known)

    @property
    def known(self) -> Known | None:
        """What was last read."""
        return self._known

    @property
    def stale(self) -> bool:
        """Whether it is time to ask again."""
        return time.monotonic() - self._asked >= FRESH_S

    @property
    def away(self) -> bool:
        """Whether asking MLflow now would be in vain."""
        return self.failed or (self._running is not None and time.monotonic() - self._began > HANGING_S)

    @property
    def answers(self) -> bool:
        """Whether MLflow has answered this process, and does not keep it waiting now."""
        late = self._running is not None and time.monotonic() - self._began > LATE_ANSWER_S
        return self._answered and not self.failed and not late

    @property
    def patience_s(self) -> float:
        """How long a page may wait for news: hardly, where there is something to show."""
        if self._known is None:
            return 0.8 if self.away else 5.0
        if self.away:
            return 0.0
        return 0.8 if self._age_s() > OLD_S else 0.1

    def begin(self, work: Callable[[], None], and_then: Callable[[], None]) -> threading.Event:
        """Have `work` done in the background, once at a time; what comes back is set when it is."""
        with self._guard:
            if self._running is None:
                self._running = threading.Event()
                self._began = time.monotonic()
                name = f"history of {self.task}"
                threading.Thread(
                    target=self._do, args=(work, and_then, self._running), name=name, daemon=True
                ).start()
            return self._running

    def asked_since(self, moment: float) -> bool:
        """Whether MLflow was asked after this monotonic moment."""
        return self._asked >= moment

    def learned(self, known: Known, asked: float) -> None:
        """Put what was read in place of what was."""
        history = _made(self.task, known)
        with self._guard:
            self._known, self._history, self._asked = known, history, asked
            self._answered, self.failed, self._error_id = True, False, None

    def refused(self) -> None:
        """Note that MLflow gave no answer; what was known stays."""
        with self._guard:
            self._asked, self.failed = time.monotonic(), True

    def snapshot(self) -> History:
        """What is known, with a sentence where MLflow is away or late."""
        with self._guard:
            return replace(self._history, trouble=self._trouble())

    def run_behind(self, version: str) -> TrackedRun | None:
        """The run that a version came from."""
        return next((each.run for each in self._history.versions if each.version.version == version), None)

    def wait(self, seconds: float) -> None:
        """Wait for what is being asked, if something is."""
        running = self._running
        if running is not None:
            running.wait(seconds)

    def _do(self, work: Callable[[], None], and_then: Callable[[], None], done: threading.Event) -> None:
        error_id = contained(work, "the history of %s could not be read", self.task)
        with self._guard:
            self._running, self._error_id = None, error_id
            if error_id is not None:
                self._asked = time.monotonic()
        done.set()
        contained(and_then, "the curves of %s could not be read", self.task)

    def _trouble(self) -> str | None:
        late = self._running is not None and (self._known is None or self._age_s() > LATE_S)
        if self._error_id is not None:
            return _BROKEN.format(error_id=self._error_id)
        if not self.failed and not late:
            return None
        said = "cannot be reached" if self.failed else "has not answered yet"
        if self._known is not None:
            return f"MLflow {said}; what is shown was read on {_day(self._known.as_of)}."
        return f"MLflow {said}, and nothing was read from it before."

    def _age_s(self) -> float:
        return (datetime.now(UTC) - self._known.as_of).total_seconds() if self._known else float("inf")


def _day(moment: datetime) -> str:
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y at %H:%M %Z}"


def _made(task: str, known: Known | None) -> History:
    if known is None:
        return History(task, None, None)
    return History(
        task=task,
        as_of=known.as_of,
        trouble=None,
        versions=tuple(
            version_history(version, known.runs.get(version.run_id or "")) for version in known.versions
        ),
        real_use=months_of(known.real_use),
        rehearsals=known.rehearsals,
    )
