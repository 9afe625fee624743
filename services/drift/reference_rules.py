"""Which reference a run is measured against, where none is named: a rule, and what it comes to for a window.

What a rule comes to is kept (`ReferenceKind.ROLLING`), so that a run says the same whenever it is opened.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from data.errors import InvalidInput
from data.records import Against, DriftAsk
from reports.drift_columns import FEWEST
from services.cohort.filters import filters_of, in_words, query_of
from services.drift import periods
from services.drift.accepted_month import RULE, lacking
from services.drift.references import LONGEST_NAME, DriftReferences, OpenedReference
from services.drift.windows import SCANNER, Window, Windows, versions_of

NO_TRAINING = (
    "Version {version} came without a sample of its training data; the reference is “{name}” instead."
)
PROVISIONAL = (
    "This house has no reference of its own yet, so the window is compared with the training data of the "
    "model, which comes from elsewhere: what differs here is no alarm. The reference will be the first "
    "accepted month, {rule}. {lacking}"
)
NAMES = {
    Against.HOUSE: "the first accepted month of this house",
    Against.TRAINING: "the training data of the live version",
    Against.LAST_QUARTER: "the quarter before",
    Against.LAST_YEAR: "the same month last year",
    Against.OTHER_SCANNERS: "the other scanners of the same time",
}
"""The rules in words, for menus and sentences."""
_PERIODS = ("from", "to", "acquired-from", "acquired-to")


class ReferenceRules:
    """Chooses the reference of a run."""

    def __init__(self, references: DriftReferences, windows: Windows) -> None:
        self._references = references
        self._windows = windows

    def reference_of(self, ask: DriftAsk, window: Window, at: datetime) -> OpenedReference:
        """What `window`, which is what `ask` meant at the time `at`, is measured against.

        Raises NotFound for a reference that is gone, InvalidInput where a rule comes to nothing.
        """
        if ask.reference_id is not None:
            return self._references.opened(ask.task, ask.reference_id)
        if ask.against is Against.HOUSE:
            return self._house(ask, at)
        if ask.against is Against.TRAINING:
            return self._training(ask.task)
        if ask.against is Against.OTHER_SCANNERS:
            return self._other_scanners(ask, window)
        first, last = window.period() or (at, at)
        if ask.against is Against.LAST_QUARTER:
            return self._of_period(ask, *periods.quarter_before(first))
        return self._of_period(ask, *periods.month_a_year_before(last))

    def _house(self, ask: DriftAsk, at: datetime) -> OpenedReference:
        """The first accepted month; the training data until there is one, and not as an alarm then.

        Where the version came without training data, the house's first readings stand in, with a note.
        """
        accepted = self._references.accepted(ask.task, at)
        if accepted is not None:
            return self._narrowed(self._references.opened(ask.task, accepted.id), ask.query)
        training = self._references.training(ask.task)
        if training is not None:
            note = PROVISIONAL.format(rule=RULE, lacking=lacking(self._windows.months(ask.task)))
            opened = self._references.opened(ask.task, training.id)
            return replace(opened, notes=(note,), provisional=True)
        first = self._references.first_readings(ask.task)
        version = self._references.version_in_force(ask.task)
        note = NO_TRAINING.format(version=version, name=first.name)
        return replace(self._references.opened(ask.task, first.id), notes=(note,))

    def _training(self, task: str) -> OpenedReference:
        training = self._references.training(task)
        if training is None:
            version = self._references.version_in_force(task)
            raise InvalidInput(f"Version {version} of {task} came without a sample of its training data.")
        return self._references.opened(task, training.id)

    def _narrowed(self, opened: OpenedReference, query: str) -> OpenedReference:
        """The part of a month that fits the window's filters, so that like is compared with like."""
        filters = _without(query, *_PERIODS)
        if not filters:
            return opened
        task, frame, words = opened.reference.task, opened.frame, in_words(filters_of(filters))
        part = self._windows.fitting(frame, filters)
        if len(part) < FEWEST:
            note = (
                f"Of the reference only {len(part):,} readings are of scans with {words}; all of it counts."
            )
            return replace(opened, notes=(*opened.notes, note))
        window = Window(part, words, bool(part["synthetic"].any()), versions=versions_of(part))
        kept = self._references.rolling(task, opened.reference.name, window, filters)
        note = f"Of “{opened.reference.name}” the {kept.n:,} readings of scans with {words} count."
        return replace(self._references.opened(task, kept.id), notes=(note,))

    def _of_period(self, ask: DriftAsk, first: datetime, end: datetime) -> OpenedReference:
        query, last_day = _without(ask.query, *_PERIODS), end - timedelta(days=1)
        name = f"{ask.task}, {first:%Y-%m-%d} to {last_day:%Y-%m-%d}"
        return self._rolling(ask.task, self._windows.between(ask.task, first, end, query, name), query)

    def _other_scanners(self, ask: DriftAsk, window: Window) -> OpenedReference:
        scanners, period = filters_of(ask.query)[SCANNER], window.period()
        if period is None:
            raise InvalidInput(f"There are no readings of {' and '.join(scanners)} in the window.")
        query, name = _without(ask.query, SCANNER), f"{ask.task}, all but {' and '.join(scanners)}"
        everyone = self._windows.between(ask.task, period[0], period[1] + datetime.resolution, query, name)
        mine = self._windows.fitting(everyone.frame, query_of({SCANNER: scanners}))
        others = everyone.frame.drop(mine.index)
        return self._rolling(ask.task, replace(everyone, frame=others, versions=versions_of(others)), query)

    def _rolling(self, task: str, window: Window, query: str) -> OpenedReference:
        """What is kept of a rule's set of readings; its words name it."""
        if not len(window.frame):
            raise InvalidInput(f"There are no readings to compare with: {window.words}.")
        kept = self._references.rolling(task, window.words[:LONGEST_NAME], window, query)
        notes = (f"The reference is of scans with {in_words(filters_of(query))}.",) if query else ()
        return replace(self._references.opened(task, kept.id), notes=notes)


def _without(query: str, *names: str) -> str:
    """The filters of a query but some."""
    return query_of({name: values for name, values in filters_of(query).items() if name not in names})
