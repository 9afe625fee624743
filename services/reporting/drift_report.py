"""A drift run as a report that is kept, with Evidently's own page beside it."""

from __future__ import annotations

from data.database import now
from data.errors import InvalidInput
from data.records import VERSION, RunState
from reports.drift_document import drift_document
from services.drift.runs import DriftRuns
from services.reporting.reports import Ask, Progress, Written
from services.task_words import words_of

SMALL_NUMBERS = "Not withheld: shares here may stand for fewer than five scans"


class DriftReport:
    """Writes reports of a finished `run`."""

    def __init__(self, drift: DriftRuns) -> None:
        self._drift = drift

    def title(self, ask: Ask) -> str:
        """Raises NotFound for a run that does not exist, InvalidInput for one without numbers."""
        run = self._drift.run(ask.get("run", ""))
        if run.state is not RunState.DONE:
            raise InvalidInput("This drift run has no numbers.")
        return f"Drift of {words_of(run.task).label}, {run.created_at:%Y-%m-%d %H:%M} UTC"

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The run's document and Evidently's page."""
        run = self._drift.run(ask["run"])
        snapshot = self._drift.snapshot(run.id)
        progress(0.3)
        more = {
            "Task": words_of(run.task).label,
            "Run": run.id,
            "Hash of the snapshot": run.snapshot_sha256 or "",
            "Made": f"{now():%Y-%m-%d %H:%M} UTC",
            "By": by,
            "Lightbox": VERSION,
            "Small numbers": SMALL_NUMBERS,
        }
        document = drift_document(snapshot, self.title(ask), more)
        return Written(document, self._drift.html(run.id))
