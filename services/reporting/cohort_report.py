"""The cohort statistics of any filters as a report that is kept.

Kept reports are handed on, so small numbers are withheld in this one whoever asks.
"""

from __future__ import annotations

from data.database import now
from data.records import NOTICE, VERSION
from reports.cohort_document import cohort_document
from reports.time_words import clock
from services.cohort.cohort import Cohorts
from services.cohort.exports import marks_of, sections, told
from services.cohort.filters import in_words, of_made_scans
from services.cohort.small_numbers import Audience
from services.reporting.reports import Ask, Progress, Written


class CohortReport:
    """Writes reports of `filters`, an address's query such as `site=North&task=brain-tumour`."""

    def __init__(self, cohorts: Cohorts) -> None:
        self._cohorts = cohorts

    def title(self, ask: Ask) -> str:
        """Raises InvalidInput for a filter that does not exist."""
        filters = self._cohorts.asked(ask.get("filters", "")).filters
        self._cohorts.total(filters, None)
        return f"Cohort statistics: {in_words(filters)}"

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The cohort's document."""
        cohort = self._cohorts.cohort(self._cohorts.asked(ask.get("filters", "")).filters, None)
        rows = told(self._cohorts, cohort, Audience.OUTSIDE, None)
        progress(0.4)
        facts = {
            "Filters": in_words(cohort.filters),
            "Counted": clock(now()),
            "By": by,
            "Lightbox": VERSION,
            "Small numbers": Audience.OUTSIDE.words,
            "Notice": NOTICE,
        }
        figures = self._cohorts.charts(cohort, marks_of(rows))
        return Written(
            cohort_document(sections(rows, figures), facts, synthetic=of_made_scans(cohort.filters))
        )
