"""What counts as the truth of a result, out of its reviews: the rows that judgements are made of.

The truth of a result is what its current review says (`data.records.current_review`): an accepting one
says that the result is right, a correcting, rejecting or labelling one what is true instead. Where that
one is unsure, or rejects and leaves the truth open, there is none. The truth of a scan is what the current
review of its newest reviewed result says.

Which Dice counts says `data.records.counting_dice`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, false, or_, select
from sqlalchemy.sql.selectable import FromClause

from data.database import statement_parts
from data.ledger.rows import microseconds
from data.ledger.sample import sampled
from data.records import BY_PEOPLE, Judgements, OtherReading, Verdict, counting_dice
from data.tables import features, ledger, results, reviews

AT_ONCE = 2000
_OF_RESULT = (
    results.c.id.label("result_id"),
    results.c.scan_id,
    results.c.task,
    results.c.model_version.label("version"),
    results.c.created_at,
    results.c.positive,
    results.c.probability,
    results.c.threshold,
    results.c.has_mask,
    results.c.volume_ml,
    results.c.estimated_dice,
    features.c.latency_ms,
    # Long, and needed only of results that were read before features were kept.
    case((features.c.latency_ms.is_(None), results.c.provenance)).label("provenance"),
    *(ledger.c[name] for name in ("line", "sex", "age_years", "site", "scanner", "synthetic")),
)
_OF_REVIEW = (
    reviews.c.verdict,
    reviews.c.truth_positive,
    reviews.c.dice,
    reviews.c.volume_ml.label("true_volume_ml"),
)
_TAKEN_OVER = (
    "result_id", "scan_id", "task", "version", "probability", "threshold", "volume_ml", "sex", "age_years",
    "site", "scanner", "estimated_dice",
)  # fmt: skip

Part = tuple[Judgements, NDArray[np.int64], NDArray[np.bool_]]
"""Judgements, the ledger's key of each, and whether it is of its scan's newest reviewed result."""


def judged(connection: Connection, scan_ids: Sequence[str] | None, share: float) -> Iterator[Part]:
    """All results of these scans, or of all, whose truth is known, in parts."""
    source = _with_scan().join(reviews, results.c.current_review_id == reviews.c.id)
    columns = (*_OF_RESULT, *_OF_REVIEW, _newest_reviewed().label("decides"))
    query = select(*columns).select_from(source).where(_says_truth())
    for rows in parts(connection, query, scan_ids):
        keys = np.array([row.line for row in rows], dtype=np.int64)
        yield _judgements(rows, share), keys, np.array([row.decides for row in rows], dtype=bool)


def parts(
    connection: Connection, query: Select[Any], scan_ids: Sequence[str] | None
) -> Iterator[Sequence[Row[Any]]]:
    """Rows of results joined with the ledger, of scans that are here: of these scans, or of all."""
    here = query.where(ledger.c.gone == false())
    if scan_ids is None:
        yield from connection.execution_options(yield_per=AT_ONCE).execute(here).partitions(AT_ONCE)
        return
    for part in statement_parts(scan_ids):
        rows = connection.execute(here.where(results.c.scan_id.in_(part))).all()
        if rows:
            yield rows


def results_of(
    connection: Connection, scan_ids: Sequence[str], task: str, versions: Collection[str]
) -> list[Row[Any]]:
    """Results of these versions, whether or not they have a review, oldest first."""
    rows: list[Row[Any]] = []
    for part in statement_parts(scan_ids):
        mine = (results.c.task == task) & results.c.model_version.in_(versions)
        query = select(*_OF_RESULT).select_from(_with_scan()).where(results.c.scan_id.in_(part), mine)
        rows += connection.execute(query.order_by(results.c.created_at, results.c.id))
    return rows


def with_truth(rows: Sequence[Row[Any]], truth: NDArray[np.bool_], share: float) -> Judgements:
    """Results as judgements by a truth that another result's review says: without any Dice."""
    nothing: dict[str, Any] = dict.fromkeys(column.name for column in _OF_REVIEW)
    said = [
        dict(row._mapping) | nothing | {"verdict": Verdict.LABELLED.value, "truth_positive": bool(true)}
        for row, true in zip(rows, truth, strict=True)
    ]
    return _from_columns(
        {name: [row[name] for row in said] for name in said[0]} if said else _no_rows(), share
    )


def read_otherwise(known: Judgements, version: str, said: Sequence[OtherReading]) -> Judgements:
    """What a version said of scans that is no result, as judgements by the truth of `known`, row by row."""
    empty = [None] * len(said)
    return Judgements.from_columns(
        vars(known)
        | {
            "version": [version] * len(said),
            "result_id": [each.source for each in said],
            "created_us": [microseconds(each.read_at) for each in said],
            "positive": [each.positive for each in said],
            "probability": [each.probability for each in said],
            "threshold": [each.threshold for each in said],
            "verdict": [Verdict.LABELLED.value] * len(said),
            "dice": [
                each.dice if true else None for each, true in zip(said, known.truth_positive, strict=True)
            ],
            "outlined": [False] * len(said),
            "volume_ml": [each.volume_ml for each in said],
            "truth_volume_ml": empty,
            "estimated_dice": empty,
            "latency_ms": [each.network_ms for each in said],
        }
    )


def latency(latency_ms: float | None, provenance: str | None) -> float | None:
    """How long a reading took in milliseconds: as kept beside its features, else the sum of its stages."""
    if latency_ms is not None or provenance is None:
        return latency_ms
    stages = json.loads(provenance).get("timings_ms") or {}
    return float(sum(stages.values())) if stages else None


def _with_scan() -> FromClause:
    return results.join(ledger, ledger.c.scan_id == results.c.scan_id).outerjoin(
        features, features.c.result_id == results.c.id
    )


def _says_truth() -> ColumnElement[bool]:
    return or_(reviews.c.truth_positive.is_not(None), reviews.c.verdict == Verdict.ACCEPTED.value)


def _newest_reviewed() -> ColumnElement[bool]:
    newer = results.alias("newer")
    after = or_(
        newer.c.created_at > results.c.created_at,
        and_(newer.c.created_at == results.c.created_at, newer.c.id > results.c.id),
    )
    reviewed = newer.c.current_review_id.is_not(None)
    return ~exists().where(newer.c.scan_id == results.c.scan_id, reviewed, after)


def _judgements(rows: Sequence[Row[Any]], share: float) -> Judgements:
    names = rows[0]._fields
    return _from_columns(dict(zip(names, zip(*rows, strict=True), strict=True)), share)


def _no_rows() -> dict[str, list[Any]]:
    return {column.name: [] for column in (*_OF_RESULT, *_OF_REVIEW)}


def _from_columns(columns: dict[str, Any], share: float) -> Judgements:
    truth = [
        positive if true is None else true
        for true, positive in zip(columns["truth_positive"], columns["positive"], strict=True)
    ]
    taken = {name: columns[name] for name in _TAKEN_OVER}
    return Judgements.from_columns(
        taken
        | {
            "created_us": [microseconds(column) for column in columns["created_at"]],
            "positive": columns["positive"],
            "truth_positive": truth,
            "verdict": columns["verdict"],
            "dice": list(map(counting_dice, columns["verdict"], truth, columns["dice"])),
            "outlined": _outlined(columns, truth),
            "truth_volume_ml": _true_volume(columns, truth),
            "latency_ms": list(map(latency, columns["latency_ms"], columns["provenance"])),
            "synthetic": columns["synthetic"],
            "sampled": sampled(columns["scan_id"], share),
        }
    )


def _outlined(columns: dict[str, Any], truth: Sequence[bool]) -> NDArray[np.bool_]:
    ill, drawn, called = _flags(columns, truth)
    by_person = np.isin(_verdicts(columns).astype(str), [verdict.value for verdict in BY_PEOPLE])
    return ill & drawn & called & by_person


def _true_volume(columns: dict[str, Any], truth: Sequence[bool]) -> NDArray[np.float64]:
    ill, drawn, called = _flags(columns, truth)
    stands = (_verdicts(columns) == Verdict.ACCEPTED.value) & called
    of_mask = np.array(columns["true_volume_ml"], dtype=np.float64)
    of_result = np.array(columns["volume_ml"], dtype=np.float64)
    known = np.where(stands, of_result, of_mask)
    return np.where(drawn, np.where(ill, known, 0.0), np.nan)


def _flags(columns: dict[str, Any], truth: Sequence[bool]) -> tuple[NDArray[np.bool_], ...]:
    return tuple(np.array(flags, dtype=bool) for flags in (truth, columns["has_mask"], columns["positive"]))


def _verdicts(columns: dict[str, Any]) -> NDArray[np.object_]:
    return np.array(columns["verdict"], dtype=object)
