"""The worklist: a page of scans, filtered, searched and ordered in the ledger, fetched by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, Row, select

from data.codec import from_json
from data.database import reading
from data.errors import InvalidInput
from data.ledger.bands import NONE, OUTCOMES
from data.ledger.bitmaps import row_numbers
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.ledger.columns import LedgerColumns, ranks
from data.ledger.in_memory import Ledger
from data.ledger.rows import SIZES
from data.ledger.selection import Filters, searched, selected
from data.records import (
    Doubt,
    DoubtKind,
    KindCount,
    ScanStatus,
    Urgency,
    Verdict,
    WorklistPage,
    WorklistQuery,
    WorklistRow,
)
from data.tables import ledger, patients, results, scans

MOST_ROWS = 1000
_OF_LEDGER = (
    "scan_id", "modality", "sequence", "task", "status", "positive", "probability", "volume_ml",
    "longest_diameter_mm", "estimated_dice", "has_mask", "verdict", "synthetic", "assigned_to",
)  # fmt: skip
_HIDDEN_ROW = {
    "positive": None, "probability": None, "volume_ml": None, "longest_diameter_mm": None,
    "estimated_dice": None, "has_mask": False, "verdict": None, "doubts": (),
}  # fmt: skip
_BY_NUMBER = {
    "created_at": "created_us",
    "acquired_at": "acquired_us",
    **{
        name: name
        for name in ("positive", "probability", "volume_ml", "longest_diameter_mm", "estimated_dice")
    },
    "has_mask": "has_mask",
    "doubts": "uncertain",
}
_BY_NAME = {
    "modality": "modality",
    "sequence": "sequence",
    "task": "task",
    "status": "status",
    "verdict": "review",
    "synthetic": "synthetic",
    "assigned_to": "assigned",
}
_BY_CODE = ("urgency", "doubt")  # whose codes rise with what calls for somebody


_JOINED = (
    ledger.join(scans, ledger.c.scan_id == scans.c.id)
    .join(patients, ledger.c.patient_id == patients.c.id)
    .outerjoin(results, scans.c.latest_result_id == results.c.id)
)


class WorklistStore:
    """Pages of the worklist."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger

    def page(
        self, query: WorklistQuery, with_identity: bool, hidden: Hidden = NOTHING_HIDDEN
    ) -> WorklistPage:
        """Rows with patient, latest result and its latest review.

        Filters are those of `data.ledger.selection`. The search takes each word for itself, in sequence,
        pseudonym and scan id, and in name and patient id only `with_identity`. Unknown values sort
        last. Of what is `hidden` neither rows nor filters, order and total tell anything.
        InvalidInput for a filter or column that does not exist.
        """
        columns = self._ledger.columns(hidden)
        rows = _fitting(columns, query, with_identity)
        query = replace(query, count=max(0, min(query.count, MOST_ROWS)))
        wanted = _ordered(columns, rows, query, with_identity)
        ids = [scan_id.decode() for scan_id in columns.scan_ids[wanted]]
        classes = dict(zip(ids, _classes(columns, wanted), strict=True))
        made = _kinds(columns, rows).synthetic
        return WorklistPage(self._fetched(classes, with_identity, hidden), len(rows), made)

    def count(self, filters: Filters, hidden: Hidden = NOTHING_HIDDEN) -> KindCount:
        """How many scans fit filters, by kind; InvalidInput for one that does not exist."""
        columns = self._ledger.columns(hidden)
        return _kinds(columns, row_numbers(selected(columns, filters)))

    def following(
        self, query: WorklistQuery, scan_id: str, with_identity: bool, hidden: Hidden = NOTHING_HIDDEN
    ) -> str | None:
        """The scan that comes after this one among those asked for, whether or not it is one of them.

        Its place is the one that it had before anybody reviewed it: a review takes its urgency away. After
        the last one comes the first; None where there is no other.
        """
        columns = self._ledger.columns(replace(hidden, reviews=hidden.reviews | {scan_id}))
        alive = row_numbers(columns.index.alive)
        own = alive[columns.scan_ids[alive] == scan_id.encode()]
        rows = np.union1d(_fitting(columns, query, with_identity), own)
        ordered = _ordered(columns, rows, replace(query, start=0, count=len(rows)), with_identity)
        after = np.roll(ordered, -1)[ordered == own] if len(own) else ordered[:1]
        others = after[~np.isin(after, own)]
        return columns.scan_ids[others[0]].decode() if len(others) else None

    def _fetched(
        self, classes: Mapping[str, dict[str, Any]], with_identity: bool, hidden: Hidden
    ) -> tuple[WorklistRow, ...]:
        """The rows of these scans, in their order, with the classes of each."""
        columns: list[ColumnElement[Any]] = [ledger.c[name] for name in _OF_LEDGER]
        columns += [results.c[name].label(f"of_result_{name}") for name in SIZES]
        columns += [scans.c.created_at, scans.c.acquired_at, results.c.doubts, patients.c.pseudonym]
        columns.append(scans.c.uploaded_by.label("sent_by"))
        if with_identity:
            # Which of the two is shown is no question for SQL: each is encrypted as what it is.
            columns += [patients.c.name.label("patient"), patients.c.label.label("label")]
            columns += [patients.c.patient_id.label("patient_id")]
        else:
            columns += [patients.c.pseudonym.label("patient")]
        query = select(*columns).select_from(_JOINED).where(ledger.c.scan_id.in_(classes))
        with reading(self._engine) as connection:
            rows = {row.scan_id: _row(row, classes[row.scan_id], hidden) for row in connection.execute(query)}
        return tuple(rows[scan_id] for scan_id in classes if scan_id in rows)


def _kinds(columns: LedgerColumns, rows: NDArray[np.int64]) -> KindCount:
    made = int(np.count_nonzero(columns.codes["synthetic"][rows]))
    return KindCount(len(rows) - made, made)


def _fitting(columns: LedgerColumns, query: WorklistQuery, with_identity: bool) -> NDArray[np.int64]:
    """The rows that fit filters and search."""
    rows = row_numbers(selected(columns, query.filters))
    fitting = searched(columns, query.search, with_identity=with_identity)
    return rows if fitting is None else rows[fitting[rows]]


def _row(row: Row[Any], classes: dict[str, Any], hidden: Hidden) -> WorklistRow:
    values = dict(row._mapping) | classes
    label = values.pop("label", None)
    values["patient"] = label if values["patient"] is None else values["patient"]
    of_result = {name: values.pop(f"of_result_{name}") for name in SIZES}
    if row.scan_id in hidden.reviews:  # the AI's own sizes: those of a corrected mask are what somebody said
        values |= {"verdict": None, **of_result}
    values["status"] = ScanStatus(values["status"])
    values["verdict"] = None if values["verdict"] is None else Verdict(values["verdict"])
    values["has_mask"] = bool(values["has_mask"])
    values["doubts"] = from_json(tuple[Doubt, ...], values["doubts"]) if values["doubts"] else ()
    values.setdefault("patient_id", None)
    return WorklistRow(**(values | _HIDDEN_ROW if row.scan_id in hidden.readings else values))


def _classes(columns: LedgerColumns, rows: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    """What each row is sorted and filtered by, in words."""
    urgencies, doubts = columns.names["urgency"], columns.names["doubt"]
    for row in rows:
        urgency = Urgency(urgencies[columns.codes["urgency"][row]])
        yield {"urgency": urgency, "doubt": DoubtKind(doubts[columns.codes["doubt"][row]])}


def _ordered(
    columns: LedgerColumns, rows: NDArray[np.int64], query: WorklistQuery, with_identity: bool
) -> NDArray[np.int64]:
    """The rows of the page asked for, in its order; equal ones by arrival, as the last column goes."""
    count, end = query.count, max(0, query.start) + query.count
    sort = query.sort or (("scan_id", True),)
    keys = [_key(columns, rows, name, descending, with_identity) for name, descending in sort]
    arrival = columns.keys[rows] * (-1 if sort[-1][1] else 1)
    first = keys[0]
    if end < len(rows):  # only what can be on the page is worth ordering
        limit = np.partition(first, end - 1)[end - 1] if end else -np.inf
        near = np.flatnonzero(first <= limit)
    else:
        near = np.arange(len(rows))
    if len(near) > 4 * end + 1000 and len(keys) == 1:
        near = _nearest(first, near, arrival, end)
    order = np.lexsort([arrival[near], *(key[near] for key in reversed(keys))])
    return rows[near[order][end - count : end]]


def _nearest(
    key: NDArray[np.float64], near: NDArray[np.int64], arrival: NDArray[np.int64], end: int
) -> NDArray[np.int64]:
    """Of very many equal keys only those that come first or last by arrival can be on the page."""
    limit = key[near].max()
    below, equal = near[key[near] < limit], near[key[near] == limit]
    needed = end - len(below)
    return np.concatenate([below, equal[np.argpartition(arrival[equal], needed - 1)[:needed]]])


def _key(
    columns: LedgerColumns, rows: NDArray[np.int64], name: str, descending: bool, with_identity: bool
) -> NDArray[np.float64]:
    """What a column orders by, small first, unknown as infinity."""
    if name in _BY_NUMBER:
        values = columns.numbers[_BY_NUMBER[name]][rows]
    elif name in _BY_NAME:
        dimension = _BY_NAME[name]
        values = ranks(columns.names[dimension])[columns.codes[dimension][rows]]
    elif name == "outcome":  # found, uncertain, not found
        codes = columns.codes["outcome"][rows]
        values = np.where(codes == OUTCOMES.index(NONE), np.nan, codes)
    elif name in _BY_CODE:
        values = columns.codes[name][rows].astype(np.float64)
        if name == "urgency":  # priors that were fetched come after whatever waits for somebody
            values -= 0.5 * columns.codes["prior"][rows]
    elif name in ("patient", "patient_id", "pseudonym"):
        # To those who may not see names, the order of names alone would tell something.
        values = columns.people.ranks(name if with_identity else "pseudonym")[columns.patients[rows]]
    elif name == "scan_id":
        values = columns.keys[rows].astype(np.float64)
    else:
        raise InvalidInput(f"The worklist cannot be sorted by {name}.")
    # Databases and people disagree where unknown values go: here, last.
    return np.where(np.isnan(values), np.inf, -values if descending else values)
