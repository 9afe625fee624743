"""Cohorts made of columns: any number of scans at once, consistent in themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from data import house_clock
from data.ledger import bands
from data.ledger.bitmaps import Index
from data.ledger.coding import Columns
from data.ledger.columns import LedgerColumns, People, classes_of, ledger_columns
from data.ledger.quantiles import edges
from data.records import KeptRefusal, Refusal
from services.cohort.counting import Cohort, Counting
from services.cohort.filters import tidy

NAMES = {
    "task": ("brain-tumour", "pneumonia"),
    "status": ("waiting", "read", "failed"),
    "modality": ("MR", "DX", "unknown"),
    "sequence": ("FLAIR", "unknown"),
    "scanner": ("Acme One", "Acme Two", "Best Field", "unknown"),
    "site": ("North", "South", "=HYPERLINK(1)", "unknown"),
    "sex": ("F", "M", "unknown"),
    "review": ("none", "accepted", "rejected", "corrected", "labelled"),
    "version": ("none", "brain-tumour 1", "brain-tumour 2"),
    "age": bands.AGES,
    "size": bands.SIZES,
    "chance": bands.CHANCES,
    "result": bands.RESULTS,
    "outcome": bands.OUTCOMES,
    "truth": bands.TRUTHS,
    "place": bands.PLACES,
    "synthetic": ("no", "yes"),
    "prior": ("no", "yes"),
    "sample": ("no", "yes"),
    "assigned": ("none", "Dr Byron"),
    "department": ("none",),
    "urgency": bands.URGENCIES,
    "doubt": bands.DOUBTS,
}
START_US = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp() * 1e6
Query = dict[str, tuple[str, ...]]


def a_cohort(seed: int, n: int, filters: Query | None = None, unread: float = 0.1) -> Cohort:
    """The statistics of `n` scans, for `filters`."""
    random = np.random.default_rng(seed)
    refused = [_refused(number) for number in range(int(random.integers(0, 12)))]
    return Counting(some_columns(random, n, unread), tidy(filters or {})).cohort(refused)


def some_columns(random: np.random.Generator, n: int, unread: float = 0.1) -> LedgerColumns:
    """`n` scans with skewed classes, so that some are small."""
    number = _numbers(random, n, unread)
    codes = {name: _skewed(random, len(NAMES[name]), n) for name in NAMES}
    read, reviewed = ~np.isnan(number["read_us"]), ~np.isnan(number["reviewed_us"])
    codes["status"] = np.where(read, 1, random.choice([0, 2], n))
    codes["review"] = np.where(reviewed, 1 + _skewed(random, 4, n), 0)
    codes["version"] = np.where(read, 1 + _skewed(random, 2, n), 0)
    codes |= {
        "age": bands.ages(number["age_years"]),
        "size": bands.sizes(number["volume_ml"], number["positive"], number["has_mask"] == 1),
        "chance": bands.chances(number["probability"]),
        "result": bands.results(number["positive"]),
        "outcome": bands.outcomes(number["positive"], number["uncertain"] == 1),
        "truth": bands.truths(number["positive"], number["truth_positive"]),
        "place": bands.places(number["head_row"], number["head_column"]),
        "doubt": bands.doubts(number["uncertain"] == 1, number["estimated_dice"], number["warned"] == 1),
        "urgency": bands.urgencies(
            [None] * n, number["positive"], number["uncertain"] == 1, number["reviewed_us"]
        ),
    }
    people = max(1, n * 3 // 4)
    columns: Columns = {
        "scan_ids": np.array([f"{number:032x}" for number in range(n)], dtype="S32"),
        "keys": np.arange(n),
        "patients": random.integers(0, people, n).astype(np.int32),
        "days": house_clock.days(number["created_us"]),
        **number,
        **codes,
    }
    classes = classes_of(columns, edges(columns))
    index = Index().changed(np.zeros(0, np.int64), 0, classes)
    return ledger_columns(columns, index, NAMES, People(ids=tuple(str(number) for number in range(people))))


def _numbers(random: np.random.Generator, n: int, unread: float) -> dict[str, Any]:
    read, reviewed = random.random(n) >= unread, random.random(n) < 0.5
    positive = np.where(read, random.random(n) < 0.3, np.nan)
    ill = np.where(positive == 1, 1.0, np.nan)
    created = START_US + np.sort(random.random(n)) * 30 * 86_400e6
    return {
        "created_us": created,
        "acquired_us": created,
        "read_us": np.where(read, created + random.random(n) * 1e8, np.nan),
        "reviewed_us": np.where(read & reviewed, created + 1e8 + random.random(n) * 1e9, np.nan),
        "age_years": np.where(random.random(n) < 0.1, np.nan, random.normal(55, 18, n).clip(0, 99)),
        "positive": positive,
        "uncertain": np.where(read, random.random(n) < 0.1, np.nan),
        "probability": np.where(read, random.random(n), np.nan),
        "has_mask": ill,
        "volume_ml": ill * random.lognormal(2, 1.5, n),
        "longest_diameter_mm": ill * 20,
        "estimated_dice": ill * 0.8,
        "head_row": ill * random.random(n),
        "head_column": ill * random.random(n),
        "truth_positive": np.where(read & reviewed, random.random(n) < 0.3, np.nan),
        "dice": np.where(read & reviewed & (random.random(n) < 0.2), random.random(n), np.nan),
        "warned": (random.random(n) < 0.2).astype(float),
    }


def _skewed(random: np.random.Generator, classes: int, n: int) -> Any:
    return (classes * random.random(n) ** 2).astype(int)


def _refused(number: int) -> KeptRefusal:
    scanner = NAMES["scanner"][number % 2]
    said = Refusal("a.dcm", "modality" if number % 4 else "colour", "This is a CT.", "CT", scanner, "North")
    return KeptRefusal(str(number), said, datetime(2026, 10, 2, tzinfo=UTC))
