"""The statistics by plain passes over the columns: slow, and so simple that it must be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from data.ledger import bands
from data.ledger.columns import LedgerColumns
from data.ledger.quantiles import TOGETHER_US
from services.cohort.counting import Bar, Cohort, Spread
from services.cohort.filters import FILTERS

_REVIEWED = ("accepted", "rejected", "corrected")
_MEASURED = bands.SIZES[: len(bands.SIZE_EDGES_ML) + 1]
_EPOCH = date(1970, 1, 1)
_BARS = (
    "age",
    "sex",
    "task",
    "result",
    "review",
    "truth",
    "version",
    "site",
    "scanner",
    "size",
    "chance",
    "place",
)
_WITH_RATES = ("age", "sex", "task", "version", "site", "scanner")
Filters = Mapping[str, Sequence[str]]


class PlainPass:
    """Every scan's classes in words, and masks over them."""

    def __init__(self, columns: LedgerColumns, filters: Filters) -> None:
        rows = columns.rows
        self._filters = filters
        self._words = {
            name: np.array([*columns.names[name], ""], dtype=object)[columns.codes[name][rows]]
            for name in FILTERS
            if name in columns.codes
        }
        self._numbers = {name: column[rows] for name, column in columns.numbers.items()}
        self._days, self._patients = columns.days[rows], columns.patients[rows]
        self._mask = self._fitting()

    def _fitting(self, *but: str) -> Any:
        mask = np.ones(len(self._days), dtype=bool)
        for name, values in self._filters.items():
            if name == "from":
                mask &= self._days >= (date.fromisoformat(values[0]) - _EPOCH).days
            elif name == "to":
                mask &= self._days <= (date.fromisoformat(values[0]) - _EPOCH).days
            elif name not in but:
                mask &= self._is(name, *values)
        return mask

    def _is(self, name: str, *values: str) -> Any:
        return np.isin(self._words[name].astype(str), values)

    def _spread(self, values: Any, mask: Any) -> tuple[Any, ...]:
        known = values[mask & ~np.isnan(values)]
        return (len(known), *np.percentile(known, [50, 90])) if len(known) else (0, None, None)

    def _bars(self, name: str) -> dict[str, Any]:
        mask, read = self._fitting(name), self._is("result", "negative", "positive")
        bars = {}
        for value in np.unique(self._words[name][mask].astype(str)):
            of_class = mask & self._is(name, value)
            share = (
                int((of_class & read & self._is("result", "positive")).sum()),
                int((of_class & read).sum()),
            )
            bars[str(value)] = (int(of_class.sum()), *(share if name in _WITH_RATES else ()))
        return bars

    def _sizes_by(self, name: str) -> dict[str, list[int]]:
        mask = self._fitting(name, "size")
        sizes = {}
        for value in np.unique(self._words[name][mask].astype(str)):
            counts = [
                int((mask & self._is(name, value) & self._is("size", size)).sum()) for size in _MEASURED
            ]
            if any(counts):
                sizes[str(value)] = counts
        return sizes

    def numbers(self) -> dict[str, Any]:
        """What `numbers_of` says of a cohort."""
        mask, number = self._mask, self._numbers
        waited = number["read_us"] - number["created_us"] > TOGETHER_US
        measured, people = mask & self._is("size", *_MEASURED), mask & self._is("review", *_REVIEWED)
        return {
            "scans": int(mask.sum()),
            "patients": len(np.unique(self._patients[mask])),
            "positive": int((mask & self._is("result", "positive")).sum()),
            "uncertain": int((mask & self._is("outcome", "uncertain")).sum()),
            "read": int((mask & self._is("result", "positive", "negative")).sum()),
            "measured": int(measured.sum()),
            "corrected": int((mask & self._is("review", "corrected")).sum()),
            "reviewed": int(people.sum()),
            "waiting": int((mask & self._is("status", "waiting", "reading")).sum()),
            "volume_ml": self._spread(number["volume_ml"], measured),
            "upload_to_read_s": self._spread((number["read_us"] - number["created_us"]) / 1e6, mask & waited),
            "read_to_review_s": self._spread((number["reviewed_us"] - number["read_us"]) / 1e6, people),
            "dice": self._spread(number["dice"], mask)[:2],
            "days": {
                int(day): int((mask & (self._days == day)).sum()) for day in np.unique(self._days[mask])
            },
            "bars": {name: self._bars(name) for name in _BARS},
            "sizes": {name: self._sizes_by(name) for name in ("site", "scanner")},
        }


def numbers_of(cohort: Cohort) -> dict[str, Any]:
    """A cohort's numbers as `PlainPass` says them; charts over time are left out unless they are by day."""
    bars = {name: {bar.name: _bar(bar) for bar in getattr(cohort, f"by_{name}")} for name in _BARS}
    share, corrected = cohort.positive.share, cohort.corrected.share
    assert share is not None
    assert cohort.uncertain.share is not None
    assert cohort.uncertain.share.n == share.n
    assert corrected is not None
    assert cohort.volume_ml.spread is not None
    return {
        "scans": cohort.scans.n,
        "patients": cohort.patients,
        "positive": cohort.positive.n,
        "uncertain": cohort.uncertain.n,
        "read": share.n,
        "measured": cohort.volume_ml.n,
        "corrected": cohort.corrected.n,
        "reviewed": corrected.n,
        "waiting": cohort.waiting.n,
        "volume_ml": _said(cohort.volume_ml.spread),
        "upload_to_read_s": _said(cohort.upload_to_read_s),
        "read_to_review_s": _said(cohort.read_to_review_s),
        "dice": (cohort.dice.n, cohort.dice_median),
        "days": {(date.fromisoformat(bar.name) - _EPOCH).days: bar.n for bar in cohort.over_time if bar.n},
        "bars": bars,
        "sizes": {
            name: {value: [bar.n for bar in of_value] for value, of_value in sizes.items()}
            for name, sizes in (("site", cohort.sizes_by_site), ("scanner", cohort.sizes_by_scanner))
        },
    }


def _said(spread: Spread) -> tuple[Any, ...]:
    return spread.n, spread.median, spread.p90


def _bar(bar: Bar) -> tuple[int, ...]:
    share = bar.positive
    return (bar.n,) if share is None else (bar.n, round(share.value * share.n) if share.n else 0, share.n)
