"""Which readings a drift run looks at, with their vectors and what is known of the truth."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.database import now
from data.errors import InvalidInput
from data.ledger.bitmaps import row_numbers
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.rows import microseconds
from data.ledger.selection import selected
from data.records import Against, DriftAsk
from data.stores.features import FeatureStore
from reports.drift import ANSWER, TRUTH
from reports.drift_columns import sampled
from services.cohort.filters import filters_of, in_words
from services.drift.accepted_month import ReviewedMonth, reviewed_months

if TYPE_CHECKING:
    import pandas as pd

LAST = 1000
"""How many of the newest readings a run looks at where nothing is said."""
SCANNER = "scanner"
MOST_DAYS = 3660
MOST_VECTORS = 20_000
"""Vectors of one side; of larger sides a random sample has one."""


@dataclass(frozen=True)
class Window:
    """Readings, oldest first, one a scan, and how they were chosen."""

    frame: pd.DataFrame
    words: str
    synthetic: bool
    notes: tuple[str, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the results' ids."""
        return hashlib.sha256("\n".join(sorted(map(str, self.frame.index))).encode()).hexdigest()

    def without(self, result_ids: Sequence[str]) -> Window:
        """The window without some results, as those of the reference are, with a note on how many."""
        known = self.frame.index.isin(list(result_ids))
        if not known.any():
            return self
        note = f"{int(known.sum()):,} readings belong to the reference itself and are left out."
        left = self.frame[~known]
        return replace(self, frame=left, notes=(*self.notes, note), versions=versions_of(left))

    def period(self) -> tuple[datetime, datetime] | None:
        """When the first and the last of them were read."""
        if not len(self.frame):
            return None
        first, last = int(self.frame["created_us"].min()), int(self.frame["created_us"].max())
        return moment(first), moment(last)


class Windows:
    """Chooses readings; changes nothing."""

    def __init__(
        self, features: FeatureStore, ledger: Ledger, judgements: JudgementStore | None = None
    ) -> None:
        self._features = features
        self._ledger = ledger
        self._judgements = judgements

    def window(self, ask: DriftAsk, at: datetime | None = None) -> Window:
        """What an ask means at a time, now unless given.

        Made scans count only where a task has no others. Raises InvalidInput for a day that is none
        and for filters that do not exist.
        """
        self.check(ask)
        synthetic = self.only_synthetic(ask.task)
        last = LAST if not (ask.last or ask.days or ask.first or ask.to or ask.query) else ask.last
        first_us, end_us = _span_us(ask, at or now())
        limit = last if not ask.query else None
        frame = self._features.frame(ask.task, first_us, end_us, synthetic=synthetic, limit=limit)
        if ask.query:
            frame = self.fitting(frame, ask.query)
        frame = frame[~frame["scan_id"].duplicated(keep="last")]
        frame = frame if last is None else frame.iloc[-last:]
        return Window(self._with_truth(frame, ask.task), _words(ask, last), synthetic, (), versions_of(frame))

    def check(self, ask: DriftAsk) -> None:
        """Raises InvalidInput for a day that is none, and for filters that do not exist."""
        if ask.last is not None and ask.last < 1:
            raise InvalidInput("A window has at least one reading.")
        if ask.days is not None and not 1 <= ask.days <= MOST_DAYS:
            raise InvalidInput(f"A window is of 1 to {MOST_DAYS:,} days.")
        first_us, end_us = _day_us(ask.first, 0), _day_us(ask.to, 1)
        if first_us is not None and end_us is not None and first_us >= end_us:
            raise InvalidInput("The window's last day lies before its first.")
        if ask.query:
            selected(self._ledger.columns(), filters_of(ask.query))
        alone = ask.reference_id is None and ask.against is Against.OTHER_SCANNERS
        if alone and not filters_of(ask.query).get(SCANNER):
            raise InvalidInput("Choose the scanner that is compared with the others first.")

    def between(self, task: str, first: datetime, end: datetime, query: str, words: str) -> Window:
        """The readings from a time up to another one, without it, that fit `query`."""
        synthetic = self.only_synthetic(task)
        frame = self._features.frame(task, microseconds(first), microseconds(end), synthetic=synthetic)
        frame = self.fitting(frame, query) if query else frame
        frame = frame[~frame["scan_id"].duplicated(keep="last")]
        return Window(self._with_truth(frame, task), words, synthetic, (), versions_of(frame))

    def months(self, task: str) -> list[ReviewedMonth]:
        """What reviews said of each calendar month of readings, oldest first."""
        return (
            []
            if self._judgements is None
            else reviewed_months(self._judgements, task, synthetic=self.only_synthetic(task))
        )

    def first(self, task: str, n: int) -> Window:
        """The task's first `n` readings."""
        synthetic = self.only_synthetic(task)
        index = self._features.frame(task, synthetic=synthetic, columns=("created_us", "scan_id"))
        index = index[~index["scan_id"].duplicated(keep="last")]
        end_us = int(index["created_us"].iloc[min(n, len(index)) - 1]) + 1 if len(index) else None
        frame = self._features.frame(task, end_us=end_us, synthetic=synthetic)
        frame = frame[frame.index.isin(index.index)].iloc[:n]
        return Window(
            self._with_truth(frame, task), f"first {n:,} readings", synthetic, (), versions_of(frame)
        )

    def count(self, task: str) -> int:
        """How many readings of the task can be looked at."""
        return self._features.count(task, synthetic=self.only_synthetic(task))

    def only_synthetic(self, task: str) -> bool:
        """Whether a task has made scans and no others."""
        real = self._features.count(task, synthetic=False)
        return not real and self._features.count(task, synthetic=True) > 0

    def vectors(self, version: str | None) -> Callable[[pd.DataFrame], NDArray[Any]]:
        """Rows -> their vectors (n, d), NaN for rows that another version read, and beyond MOST_VECTORS."""

        def of(frame: pd.DataFrame) -> NDArray[Any]:
            wanted = frame if version is None else frame[(frame["version"] == version).to_numpy()]
            wanted = sampled(wanted, most=MOST_VECTORS)
            vectors = self._features.vectors(list(wanted.index))
            matrix = np.full((len(frame), vectors.shape[1]), np.nan, dtype=np.float16)
            matrix[frame.index.get_indexer(wanted.index)] = vectors
            return matrix

        return of

    def fitting(self, frame: pd.DataFrame, query: str) -> pd.DataFrame:
        """Those rows whose scans fit the filters now."""
        columns = self._ledger.columns()
        rows = row_numbers(selected(columns, filters_of(query)))
        wanted = {scan_id.decode() for scan_id in columns.scan_ids[rows].tolist()}
        return frame[frame["scan_id"].isin(wanted).to_numpy()]

    def _with_truth(self, frame: pd.DataFrame, task: str) -> pd.DataFrame:
        if self._judgements is None:
            return frame
        known = self._judgements.of(task)
        rows = dict(zip(known.result_id.tolist(), range(len(known)), strict=True))
        at = np.array([rows.get(result_id, -1) for result_id in frame.index], dtype=int)
        truth, answer = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
        truth[at >= 0] = known.truth_positive[at[at >= 0]]
        answer[at >= 0] = known.positive[at[at >= 0]]
        return frame.assign(**{TRUTH: truth, ANSWER: answer})


def versions_of(frame: pd.DataFrame) -> dict[str, int]:
    """Which versions read these readings, and how many each, the most frequent first."""
    counts = Counter(map(str, frame["version"])) if "version" in frame.columns else Counter()
    return dict(counts.most_common())


def _words(ask: DriftAsk, last: int | None) -> str:
    parts = []
    if last is not None:
        parts.append(f"newest {last:,} readings")
    if ask.days is not None:
        parts.append("the last day" if ask.days == 1 else f"the last {ask.days:,} days")
    if ask.first or ask.to:
        parts.append(f"{ask.first or 'the beginning'} to {ask.to or 'now'}")
    if ask.query:
        parts.append(f"scans with {in_words(filters_of(ask.query))}")
    return ", ".join(parts)


def moment(microseconds_since: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds_since)


def _span_us(ask: DriftAsk, at: datetime) -> tuple[int | None, int | None]:
    """From when up to when, in microseconds since 1970; the later of two beginnings counts."""
    first_us, end_us = _day_us(ask.first, 0), _day_us(ask.to, 1)
    if ask.days is not None:
        since = microseconds(at - timedelta(days=ask.days))
        first_us = since if first_us is None or since is None else max(first_us, since)
    return first_us, end_us


def _day_us(text: str | None, after_days: int) -> int | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=after_days)
    except (ValueError, OverflowError):
        raise InvalidInput(f"“{text}” is not a day like 2026-11-20.") from None
    return microseconds(house_clock.start_of_day(day))
