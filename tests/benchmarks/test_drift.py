"""Drift against Evidently called bare, and how time grows with rows. Prints ratios."""

from __future__ import annotations

import resource
from time import process_time  # other work on the machine does not count

import numpy as np
import pandas as pd
import pytest

from reports.drift import Side, compare
from services.drift.changes import change

pytestmark = pytest.mark.bench
NUMBERS = tuple(f"number_{index}" for index in range(36))
CATEGORIES = tuple(f"name_{index}" for index in range(4))


def frame(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {
        name: random.normal(0.1 * seed * (index % 3), 1, n).astype(np.float32)
        for index, name in enumerate(NUMBERS)
    }
    for name in CATEGORIES:
        columns[name] = pd.Categorical.from_codes(random.integers(0, 8, n), list("abcdefgh"))
    return pd.DataFrame(columns)


def bare(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """What the same report costs without us: run, JSON and page."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(CATEGORIES))
    sides = [Dataset.from_pandas(frame, definition) for frame in (current, reference)]
    snapshot = Report([DataDriftPreset()], include_tests=True).run(*sides)
    snapshot.json()
    snapshot.get_html_str(as_iframe=False)


def timed(work: object, *arguments: object) -> float:
    start = process_time()
    work(*arguments)  # type: ignore[operator]
    return process_time() - start


def ours(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    compare(Side(reference), Side(current), NUMBERS, CATEGORIES, change)


def test_ten_thousand_against_ten_thousand() -> None:
    reference, current = frame(10_000, 0), frame(10_000, 1)
    small = frame(200, 0), frame(200, 1)
    bare(*small), ours(*small)  # imports and caches
    pairs = [(timed(ours, reference, current), timed(bare, reference, current)) for _ in range(5)]
    ratio = min(seconds for seconds, _ in pairs) / min(seconds for _, seconds in pairs)
    print(f"\ndrift, 10,000 x 10,000 x 40 columns: {ratio:.2f} times Evidently called bare")


def test_a_million_rows_against_a_hundred_thousand() -> None:
    ours(frame(200, 0), frame(200, 1))
    large = frame(100_000, 0), frame(100_000, 1)
    first = min(timed(ours, *large) for _ in range(2))
    del large
    huge = frame(1_000_000, 0), frame(1_000_000, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    second = min(timed(ours, *huge) for _ in range(2))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\ndrift, 1,000,000 rows a side: {second / first:.2f} times the time for 100,000")
    print(f"memory beyond the frames themselves: {(after - before) / 1024:.0f} MiB")
