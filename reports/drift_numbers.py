"""The numbers beside Evidently's distances: p values, their correction, medians, distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reports.drift_columns import CATEGORY, Column

BINS = 24
USUAL = (1.0, 99.0)
"""Percentiles of the reference between which a number is usual."""
MOST_CLASSES = 12  # of a distribution that is drawn
LEAST_EXPECTED = 5  # in a cell of the chi-squared test; rarer names are taken together


def p_value(column: Column) -> tuple[str, float]:
    """(test, p) that both sides come from one distribution.

    Names: chi-squared. Numbers: the stronger of Kolmogorov-Smirnov, which sees that the many moved, and of
    Fisher's exact test for more values than before outside the reference's usual range, which sees that a
    few went far away; p is twice the smaller one, because there are two.
    """
    if column.kind == CATEGORY:
        return "chi-squared", _chi_squared(column.reference, column.current)
    many = float(stats.ks_2samp(column.reference, column.current, method="asymp").pvalue)
    few = _outside_p(column.reference, column.current)
    test = "Kolmogorov-Smirnov" if many <= few else "outside the usual range"
    return test, min(1.0, 2 * min(many, few))


def corrected(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Benjamini and Hochberg 1995)."""
    return [float(p) for p in stats.false_discovery_control(p_values)] if p_values else []


def _outside_p(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    low, high = np.percentile(reference, USUAL)
    table = []
    for side in (current, reference):
        outside = int(((side < low) | (side > high)).sum())
        table.append([outside, len(side) - outside])
    return float(stats.fisher_exact(table, alternative="greater").pvalue)


def _chi_squared(reference: NDArray[Any], current: NDArray[Any]) -> float:
    table = _counts(reference, current)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    rare = (expected < LEAST_EXPECTED).any(axis=0)
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    return 1.0 if table.shape[1] < 2 else float(stats.chi2_contingency(table).pvalue)


def _counts(reference: NDArray[Any], current: NDArray[Any]) -> NDArray[np.float64]:
    """(2, names) counts, names in their order."""
    return _named_counts(reference, current)[1]


def _named_counts(reference: NDArray[Any], current: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    import pandas as pd

    # By hash: sorting every name of a large side would take longer than all the rest.
    codes, names = pd.factorize(np.concatenate([reference, current]), sort=True)
    sides = (codes[: len(reference)], codes[len(reference) :])
    return names, np.stack([np.bincount(side, minlength=len(names)) for side in sides]).astype(np.float64)


def summary(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Median, quartiles, mean and standard deviation; None of nothing."""
    names = ("median", "q25", "q75", "mean", "std")
    if not len(values):
        return dict.fromkeys(names)
    q25, median, q75 = (float(value) for value in np.percentile(values, (25, 50, 75)))
    numbers = (median, q25, q75, float(values.mean()), float(values.std()))
    return dict(zip(names, numbers, strict=True))


def most_frequent(values: NDArray[Any]) -> dict[str, Any]:
    """The most frequent name and its share."""
    if not len(values):
        return {"top": None, "share": None}
    names, table = _named_counts(values, values[:0])
    counts = table[0]
    at = int(counts.argmax())
    return {"top": str(names[at]), "share": float(counts[at] / counts.sum())}


def distribution(column: Column) -> dict[str, Any]:
    """Shares by class of both sides, over the same classes; what is far out counts in the last class."""
    if column.kind == CATEGORY:
        return _classes(column)
    both = np.concatenate([column.reference, column.current])
    if not len(both):
        return {"edges": [], "reference": [], "current": []}
    low, high = (float(value) for value in np.percentile(both, (0.5, 99.5)))
    if high <= low:
        low, high = float(both.min()) - 0.5, float(both.max()) + 0.5
    edges = np.linspace(low, high, BINS + 1)
    sides = [_shares(side, edges) for side in (column.reference, column.current)]
    return {"edges": edges.tolist(), "reference": sides[0], "current": sides[1]}


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> list[float]:
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    return [float(share) for share in counts / max(len(values), 1)]


def _classes(column: Column) -> dict[str, Any]:
    if not len(column.reference) + len(column.current):
        return {"names": [], "reference": [], "current": []}
    names, counts = _named_counts(column.reference, column.current)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = np.argsort(-shares.max(axis=0), kind="stable")[:MOST_CLASSES]
    return {
        "names": [str(name) for name in names[shown]],
        "reference": shares[0, shown].tolist(),
        "current": shares[1, shown].tolist(),
    }


def share(hits: int, n: int) -> dict[str, float | int | None]:
    """A share with its 95 % interval (Wilson 1927); None of nothing."""
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0}
    interval = stats.binomtest(hits, n).proportion_ci(method="wilson")
    return {"value": hits / n, "low": float(interval.low), "high": float(interval.high), "n": n}


def difference_p(first: Mapping[str, Any], second: Mapping[str, Any]) -> float | None:
    """p that two shares are one (Fisher's exact test); None where either is of nothing."""
    if not first["n"] or not second["n"]:
        return None
    counts = [(round(rate["value"] * rate["n"]), rate["n"]) for rate in (first, second)]
    table = [[hits, n - hits] for hits, n in counts]
    return float(stats.fisher_exact(table).pvalue)
