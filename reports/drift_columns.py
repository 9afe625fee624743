"""Two tables made comparable, column by column; what cannot be compared is told in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 30
"""Below so many known values on either side a column is not judged."""
MOST_NAMES = 40
"""Of a column with more names the rarest are taken together: charts and tests need classes of some size."""
MOST_ROWS = 100_000
"""Of larger sides a random sample of so many is compared: it moves a distance by less than 0.01."""
MISSING_CHANGE = 0.1
UNKNOWN, OTHERS, AS_BEFORE, ANOTHER = "unknown", "others", "as before", "another value"

NUMBER, CATEGORY = "number", "category"
STATUS_TOO_FEW, STATUS_MISSING = "too-few", "not-compared"


@dataclass
class Column:
    """One column of both sides, cleaned; `status` says why it is not compared, "" where it is."""

    name: str
    kind: str
    reference: NDArray[Any]
    current: NDArray[Any]
    missing: tuple[float | None, float | None] = (None, None)
    status: str = ""
    constant: float | None = None  # the reference's only value, where it has but one
    raw: tuple[NDArray[Any], NDArray[Any]] | None = None  # the numbers behind classes
    notes: list[str] = field(default_factory=list)


def drawn_rows(n: int, most: int = MOST_ROWS) -> NDArray[np.int64] | None:
    """So many of `n` rows in their order, the same at every call; None where all are wanted."""
    if n <= most:
        return None
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def sampled(frame: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """The frame, or so many of its rows."""
    rows = drawn_rows(len(frame), most)
    return frame if rows is None else frame.iloc[rows]


def columns(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    numbers: Sequence[str],
    categories: Sequence[str],
    titles: dict[str, str],
) -> list[Column]:
    """Every watched column of both sides, numbers first."""
    cleaned = [_number(name, reference, current, titles.get(name, name)) for name in numbers]
    return cleaned + [_category(name, reference, current, titles.get(name, name)) for name in categories]


def _number(name: str, reference: pd.DataFrame, current: pd.DataFrame, title: str) -> Column:
    if absent := _absent(name, reference, current, title, NUMBER):
        return absent
    sides = [_finite(frame[name]) for frame in (reference, current)]
    known = [side[~np.isnan(side)] for side in sides]
    missing = tuple(None if not len(side) else float(np.isnan(side).mean()) for side in sides)
    column = Column(name, NUMBER, known[0], known[1], (missing[0], missing[1]))
    if _judged(column, title, len(reference), len(current)) and np.ptp(column.reference) == 0:
        _as_classes(column, title)
    return column


def _as_classes(column: Column, title: str) -> None:
    """A constant has no spread to measure a distance by: how many still have the value is compared."""
    only = float(column.reference[0])
    column.constant, column.raw = only, (column.reference, column.current)
    if np.all(column.current == only):
        column.notes.append(f"{title} is {only:g} in every scan of both sides.")
    else:
        column.notes.append(
            f"{title} is {only:g} in every scan of the reference: what is compared is how many still have it."
        )
    column.kind = CATEGORY
    column.reference = np.full(len(column.reference), AS_BEFORE, dtype=object)
    column.current = np.where(column.current == only, AS_BEFORE, ANOTHER).astype(object)


def _category(name: str, reference: pd.DataFrame, current: pd.DataFrame, title: str) -> Column:
    if absent := _absent(name, reference, current, title, CATEGORY):
        return absent
    sides = [_names(frame[name]) for frame in (reference, current)]
    missing = [None if not len(side) else float((side == UNKNOWN).mean()) for side in sides]
    column = Column(name, CATEGORY, sides[0], sides[1], (missing[0], missing[1]))
    if 1.0 in missing:
        column.reference, column.current = (side[side != UNKNOWN] for side in sides)
    if _judged(column, title, len(reference), len(current)):
        _tell_new_names(column, title)
        column.reference, column.current = _pooled(column.reference, column.current)
    return column


def _absent(
    name: str, reference: pd.DataFrame, current: pd.DataFrame, title: str, kind: str
) -> Column | None:
    sides = (("reference", reference), ("window", current))
    lacking = [side for side, frame in sides if name not in frame.columns]
    if not lacking:
        return None
    none = np.empty(0, dtype=np.float64 if kind == NUMBER else object)
    note = f"{title} is not kept in the {' and the '.join(lacking)}, so it is not compared."
    return Column(name, kind, none, none, status=STATUS_MISSING, notes=[note])


def _judged(column: Column, title: str, n_reference: int, n_current: int) -> bool:
    """Whether there is enough of it on both sides; says so where there is not."""
    sides = (("reference", column.reference, n_reference), ("window", column.current, n_current))
    for side, known, n in sides:
        if not len(known) and n:
            column.status = STATUS_MISSING
            column.notes.append(f"{title} is unknown in every scan of the {side}, so it is not compared.")
            return False
    if min(len(column.reference), len(column.current)) < FEWEST:
        column.status = STATUS_TOO_FEW
        if min(n_reference, n_current) >= FEWEST:  # else the whole comparison says so, once
            column.notes.append(
                f"{title} is known in {len(column.reference):,} scans of the reference and "
                f"{len(column.current):,} of the window: too few to judge."
            )
        return False
    before, after = column.missing
    if before is not None and after is not None and abs(after - before) >= MISSING_CHANGE:
        column.notes.append(
            f"{title} is unknown in {100 * after:.0f} % of the window, "
            f"against {100 * before:.0f} % of the reference."
        )
    return True


def _tell_new_names(column: Column, title: str) -> None:
    known = set(column.reference.tolist())
    if known.issuperset(column.current):
        return
    new = [name for name in column.current.tolist() if name not in known and name != UNKNOWN]
    if new:
        names = sorted(set(new))
        told = ", ".join(f"“{name}”" for name in names[:3]) + (" and others" if len(names) > 3 else "")
        column.notes.append(f"{title} has names that the reference does not: {told} ({len(new):,} scans).")


def _pooled(reference: NDArray[Any], current: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    if len({*reference, *current}) <= MOST_NAMES:
        return reference, current
    names, counts = np.unique(np.concatenate([reference, current]).astype(str), return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")[: MOST_NAMES - 1]]
    first, second = (
        np.where(np.isin(side.astype(str), kept), side, OTHERS).astype(object)
        for side in (reference, current)
    )
    return first, second


def _finite(series: pd.Series) -> NDArray[np.float64]:
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _names(series: pd.Series) -> NDArray[Any]:
    names: NDArray[Any] = (
        series.astype(object).where(series.notna(), UNKNOWN).astype(str).to_numpy(dtype=object)
    )
    return names
