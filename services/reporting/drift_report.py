"""A drift run as a report that is kept: it leaves the house, so what stands for few is withheld in it."""

from __future__ import annotations

from data.database import now
from data.errors import InvalidInput
from data.records import VERSION, RunState
from reports.drift_document import drift_document
from reports.drift_html import handed_on
from reports.time_words import clock
from services.cohort.small_numbers import Audience
from services.drift.runs import DriftRuns
from services.reporting.performance_report import made_known
from services.reporting.reports import Ask, Progress, Written
from services.task_words import words_of


class DriftReport:
    """Writes reports of a finished `run`."""

    def __init__(self, drift: DriftRuns) -> None:
        self._drift = drift

    def title(self, ask: Ask) -> str:
        """Raises NotFound for a run that does not exist, InvalidInput for one without numbers."""
        run = self._drift.run(ask.get("run", ""))
        if run.state is not RunState.DONE:
            raise InvalidInput("This drift run has no numbers.")
        words = f"Drift of {words_of(run.task).label}, {clock(run.created_at)}"
        return made_known(words, self._drift.of_made_scans(run))

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The run's document, and the same as a page."""
        run = self._drift.run(ask["run"])
        snapshot = self._drift.told(run.id, Audience.OUTSIDE)
        progress(0.3)
        more = {
            "Task": words_of(run.task).label,
            "Run": run.id,
            "Hash of the snapshot": run.snapshot_sha256 or "",
            "Made": clock(now()),
            "By": by,
            "Lightbox": VERSION,
        }
        document = drift_document(snapshot, self.title(ask), more)
        return Written(document, handed_on(snapshot).encode())
