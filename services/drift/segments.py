"""What the scans behind a drifted feature share: scanner, site, software, sequence, sender, week of arrival.

The window falls into the *tail*, the readings that are unusual for the reference, and the rest. A name that
is more frequent in the tail than in the rest is where to look first. Names are ordered by the lower end of
the difference's interval, so that few scans never stand before many; a name stands out where p, corrected
for all names looked at, says so too, and where at least five scans of the tail have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.ledger.columns import LedgerColumns
from data.ledger.in_memory import Ledger
from data.records import User
from reports import drift_numbers
from reports.drift_columns import FEWEST, UNKNOWN
from reports.drift_limits import P
from services.cohort.cohort import HiddenFrom
from services.cohort.small_numbers import LEAST
from services.drift.changes import change
from services.drift.influential_scans import InfluenceRanking, Scored
from services.permissions import Permission, require

if TYPE_CHECKING:
    import pandas as pd

USUAL = (5.0, 95.0)
"""Percentiles of the reference beyond which a number is in the tail."""
SHARE_BEYOND = 0.05
MORE_FREQUENT = 2.0
"""A name is in the tail where it is so many times as frequent in the window as in the reference."""
TOP_SHARE = 0.1
"""Of readings ranked as a whole, by embedding or all features, the tail is this share."""
SHOWN = 12
OF_READINGS = ("scanner", "site", "software", "version")
_EPOCH = date(1970, 1, 1)
TITLES = {
    "scanner": "Scanner", "site": "Site", "software": "Scanner software", "version": "Model version",
    "sequence": "Sequence", "sender": "Sender", "week": "Week of arrival",
}  # fmt: skip
Senders = Callable[[Sequence[str]], Mapping[str, str]]
Mask = NDArray[np.bool_]
Names = NDArray[Any]


@dataclass(frozen=True)
class Tail:
    """Which readings of a window are unusual, and in words why."""

    rows: Mask
    words: str


@dataclass(frozen=True)
class Segment:
    """A name that scans share; shares with their 95 % interval (value, low, high, n) as plain numbers."""

    attribute: str
    value: str
    inside: Mapping[str, float | int | None]  # its share of the tail
    outside: Mapping[str, float | int | None]  # its share of the rest
    difference: Mapping[str, float]  # inside minus outside: value, low, high
    p_corrected: float
    filters: Mapping[str, tuple[str, ...]]  # that select its scans; none where nothing can

    @property
    def title(self) -> str:
        """What kind of name it is."""
        return TITLES[self.attribute]

    @property
    def stands_out(self) -> bool:
        """Whether it is more frequent in the tail, not by chance, and not of so few as to name somebody."""
        enough = round((self.inside["value"] or 0) * (self.inside["n"] or 0)) >= LEAST
        return enough and self.difference["low"] > 0 and self.p_corrected < P


@dataclass(frozen=True)
class Segmentation:
    """What stands out in the tail of a feature, the surest first."""

    words: str
    tail: int
    rest: int
    looked_at: int  # names
    segments: tuple[Segment, ...]


class Segments:
    """Finds what drifted scans share; changes nothing."""

    def __init__(
        self, ranking: InfluenceRanking, ledger: Ledger, senders: Senders, hidden: HiddenFrom
    ) -> None:
        """`senders`: scans -> AE title of who sent them, where the DICOM node knows it."""
        self._ranking = ranking
        self._ledger = ledger
        self._senders = senders
        self._hidden = hidden

    def of(self, run_id: str, feature: str, viewer: User) -> Segmentation:
        """What the scans in the tail of a run's feature share; without those that the viewer reads blind.

        Raises NotFound for a run or feature that is not there, InvalidInput where there is no tail.
        """
        require(viewer, Permission.SEE_SCANS)
        scored = self._ranking.scored(run_id, feature)
        tail = tail_of(scored)
        hidden, scan_ids = self._hidden(viewer), scored.current["scan_id"].astype(str)
        seen = ~scan_ids.isin(hidden.readings | hidden.reviews).to_numpy()
        rows, frame = tail.rows[seen], scored.current[seen]
        if min(int(rows.sum()), int((~rows).sum())) == 0:
            raise InvalidInput("All of the window is alike here: there is no part to be set beside the rest.")
        names = self._names(frame, feature)
        task = str(frame["task"].iloc[0])
        segments = compared(names, rows, lambda attribute, value: filters_for(task, attribute, value))
        standing = sorted(
            (segment for segment in segments if segment.stands_out), key=lambda each: -each.difference["low"]
        )
        return Segmentation(
            tail.words, int(rows.sum()), int((~rows).sum()), len(segments), tuple(standing[:SHOWN])
        )

    def _names(self, frame: pd.DataFrame, feature: str) -> dict[str, Names]:
        """What each reading is called by each attribute but the feature itself."""
        scan_ids = frame["scan_id"].astype(str).to_numpy()
        names = {name: _texts(frame[name]) for name in OF_READINGS if name in frame.columns}
        columns = self._ledger.columns()
        alive = columns.rows
        mine = alive[np.isin(columns.scan_ids[alive], scan_ids.astype("S"))]
        places = {columns.scan_ids[row].decode(): int(row) for row in mine}
        at = np.array([places.get(scan_id, -1) for scan_id in scan_ids])
        names["sequence"] = _of_ledger(columns, at)
        names["week"] = np.array([_week(int(columns.days[row])) if row >= 0 else UNKNOWN for row in at])
        senders = self._senders(list(scan_ids))
        names["sender"] = np.array([senders.get(scan_id, UNKNOWN) for scan_id in scan_ids])
        names.pop(feature, None)
        return names


def tail_of(scored: Scored) -> Tail:
    """The unusual readings of a window; raises InvalidInput where there are none."""
    if scored.values is None:
        return _highest(scored.score)
    if scored.values.dtype == object:
        return _new_names(scored.before, scored.values)
    return _beyond(scored.before, scored.values)


def compared(
    names: Mapping[str, Names],
    tail: Mask,
    filters: Callable[[str, str], Mapping[str, tuple[str, ...]]],
) -> list[Segment]:
    """Every name that occurs in the tail, with its share there and elsewhere."""
    counted = []
    n_tail, n_rest = int(tail.sum()), int((~tail).sum())
    for attribute, values in names.items():
        inside, outside = Counter(values[tail].tolist()), Counter(values[~tail].tolist())
        if len({*inside, *outside}) < 2:
            continue
        for value, count in inside.items():
            pair = drift_numbers.share(count, n_tail), drift_numbers.share(outside[value], n_rest)
            counted.append((attribute, str(value), *pair))
    chances = [drift_numbers.difference_p(inside, outside) or 0.0 for *_, inside, outside in counted]
    corrected = drift_numbers.corrected(chances)
    return [
        Segment(
            attribute, value, inside, outside, change(outside, inside) or {}, p,
            filters(attribute, value),
        )
        for (attribute, value, inside, outside), p in zip(counted, corrected, strict=True)
    ]  # fmt: skip


def filters_for(task: str, attribute: str, value: str) -> Mapping[str, tuple[str, ...]]:
    """Filters of cohort and worklist that select a segment's scans; none where they know no such thing."""
    chosen = {"task": (task,)}
    if attribute in ("scanner", "site", "sequence"):
        return chosen | {attribute: (value,)}
    if attribute == "version" and value != UNKNOWN:
        return chosen | {"version": (f"{task} {value}",)}
    if attribute == "week" and value != UNKNOWN:
        first, last = value.split(" to ")
        return chosen | {"from": (first,), "to": (last,)}
    return {}


def _beyond(before: NDArray[Any] | None, values: NDArray[Any]) -> Tail:
    """Beyond the reference's usual range, on each side where the window has twice as many as it should."""
    assert before is not None
    known = before[np.isfinite(before)]
    finite = np.isfinite(values)
    if min(len(known), int(finite.sum())) < FEWEST:
        raise InvalidInput(f"The tail of a feature needs at least {FEWEST} known values on both sides.")
    low, high = (float(edge) for edge in np.percentile(known, USUAL))
    sides = {"below": finite & (values < low), "above": finite & (values > high)}
    edges = {"below": low, "above": high}
    n = int(finite.sum())
    limit = MORE_FREQUENT * SHARE_BEYOND
    chosen = [side for side, rows in sides.items() if rows.sum() > limit * n]
    if not chosen:
        raise InvalidInput(
            "No more of the window than usual lies beyond the reference's 5th or 95th percentile: no scans "
            "stand apart here, so nothing can be said of what they share."
        )
    rows = np.any([sides[side] for side in chosen], axis=0)
    words = " or ".join(f"{side} {edges[side]:.4g}" for side in chosen)
    return Tail(
        rows, f"{words}, where {SHARE_BEYOND * len(chosen):.0%} of the reference lie".replace("%", " %")
    )


def _new_names(before: NDArray[Any] | None, values: NDArray[Any]) -> Tail:
    """Names that are at least twice as frequent as in the reference."""
    assert before is not None
    old, new = Counter(map(str, before)), Counter(map(str, values))
    shares = {name: (count / len(values), old[name] / max(len(before), 1)) for name, count in new.items()}
    more = sorted(name for name, (now, then) in shares.items() if now >= MORE_FREQUENT * then)
    if not more:
        raise InvalidInput(
            "No name is twice as frequent as in the reference: no scans stand apart here, so nothing can be "
            "said of what they share."
        )
    told = ", ".join(f"“{name}”" for name in more[:3]) + (" and others" if len(more) > 3 else "")
    return Tail(np.isin(values.astype(str), more), f"{told}, at least twice as frequent as in the reference")


def _highest(score: NDArray[np.float64]) -> Tail:
    """The readings that are least like the reference."""
    finite = np.isfinite(score)
    if finite.sum() < FEWEST:
        raise InvalidInput(f"At least {FEWEST} ranked readings are needed.")
    limit = np.quantile(score[finite], 1 - TOP_SHARE)
    return Tail(finite & (score > limit), f"the {TOP_SHARE:.0%} least like the reference".replace("%", " %"))


def _texts(series: pd.Series) -> Names:
    texts: Names = series.astype(object).where(series.notna(), UNKNOWN).astype(str).to_numpy(dtype=object)
    return texts


def _of_ledger(columns: LedgerColumns, at: NDArray[np.int64]) -> Names:
    names, codes = columns.names["sequence"], columns.codes["sequence"]
    return np.array([names[codes[row]] if row >= 0 else UNKNOWN for row in at], dtype=object)


def _week(day: int) -> str:
    """The week of a day since 1970, Monday to Sunday."""
    at = _EPOCH + timedelta(days=day)
    first = at - timedelta(days=at.weekday())
    return f"{first} to {first + timedelta(days=6)}"
