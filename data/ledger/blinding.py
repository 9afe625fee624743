"""The ledger as somebody sees it who is not to know yet what the AI, or others, said of some scans.

Their rows are those of scans that nobody has read or reviewed, so that no filter, order, count or figure that
is made of the columns can tell what a page hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, select

from data.database import reading, statement_parts
from data.ledger.coding import COLUMNS, RawColumns, turned
from data.ledger.rows import SIZES, UNREAD, UNREVIEWED
from data.tables import ledger, results, scans

_EMPTY: Mapping[str, Any] = UNREAD | UNREVIEWED


@dataclass(frozen=True)
class Hidden:
    """Scans of which a person is not to know yet what was said, by their ids."""

    readings: frozenset[str] = frozenset()  # by the AI, and so by anybody of its answer
    reviews: frozenset[str] = frozenset()  # by others, of the AI's result

    def __bool__(self) -> bool:
        return bool(self.readings or self.reviews)


NOTHING_HIDDEN = Hidden()


def raw_rows(engine: Engine, hidden: Hidden) -> RawColumns:
    """The rows of hidden scans as a person may see them, before they are coded."""
    rows: list[dict[str, Any]] = []
    with reading(engine) as connection:
        for query in _queries(hidden):
            rows += [dict(row) for row in connection.execute(query).mappings()]
    return turned([[cut[name] for name in COLUMNS] for cut in (_cut(row, hidden) for row in rows)])


def known_rows(raw: RawColumns, people: Mapping[str, int]) -> RawColumns:
    """Those whose patients are in memory: others were written since, and come the next time."""
    rows = zip(*(raw[name] for name in COLUMNS), strict=True)
    return turned([row for row in rows if row[COLUMNS.index("patient_id")] in people])


def replaced(
    columns: Mapping[str, NDArray[Any]], alive: NDArray[np.int64], coded: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """(the rows that no longer count, all columns with `coded` behind them)."""
    gone = alive[np.isin(columns["keys"][alive], coded["keys"])]
    return gone, {name: np.concatenate([columns[name], coded[name]]) for name in columns}


def _queries(hidden: Hidden) -> list[Select[Any]]:
    own = [results.c[name].label(f"of_result_{name}") for name in SIZES]
    joined = ledger.outerjoin(scans, scans.c.id == ledger.c.scan_id).outerjoin(
        results, scans.c.latest_result_id == results.c.id
    )
    query = select(*(ledger.c[name] for name in COLUMNS), *own).select_from(joined)
    ids = sorted(hidden.readings | hidden.reviews)
    return [
        query.where(ledger.c.scan_id.in_(part), ledger.c.gone.is_(False)) for part in statement_parts(ids)
    ]


def _cut(row: dict[str, Any], hidden: Hidden) -> dict[str, Any]:
    if row["scan_id"] in hidden.readings:
        return row | dict(_EMPTY)
    # The AI's own sizes: those of a corrected mask are what somebody said.
    return row | UNREVIEWED | {name: row[f"of_result_{name}"] for name in SIZES}
