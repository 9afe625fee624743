"""The worklist's question as SQL: search, filters, order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, case, func, or_, select

from data.columns import folded
from data.errors import InvalidInput
from data.records import ScanStatus, Verdict, WorklistQuery, WorklistRow
from data.tables import patients, results, reviews, scans

NONE = "none"  # the filter value for "no verdict yet" and "no result yet"
_MOST_ROWS = 1000
_MOST_TERMS = 8

_corrected = reviews.c.verdict == Verdict.CORRECTED.value
# A clinician who corrected a mask sees the sizes of the corrected one.
_volume_ml = case((_corrected, reviews.c.volume_ml), else_=results.c.volume_ml)
_diameter_mm = case((_corrected, reviews.c.longest_diameter_mm), else_=results.c.longest_diameter_mm)
_shown_name = func.coalesce(patients.c.name, patients.c.label)

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "scan_id": scans.c.id,
    "modality": scans.c.modality,
    "sequence": scans.c.sequence,
    "acquired_at": scans.c.acquired_at,
    "created_at": scans.c.created_at,
    "task": scans.c.task,
    "status": scans.c.status,
    "positive": results.c.positive,
    "probability": results.c.probability,
    "volume_ml": _volume_ml,
    "longest_diameter_mm": _diameter_mm,
    "verdict": reviews.c.verdict,
}
_NEVER_EMPTY = {"scan_id", "created_at", "task", "status"}


def rows_of(query: WorklistQuery, *, with_identity: bool) -> Select[Any]:
    """The statement for the page's rows. InvalidInput for a filter or order that does not exist."""
    columns = [column.label(name) for name, column in _COLUMNS.items()]
    if with_identity:
        columns += [_shown_name.label("patient"), patients.c.patient_id.label("patient_id")]
    else:
        columns += [patients.c.pseudonym.label("patient")]
    statement = select(*columns).select_from(_joined()).where(_condition(query, with_identity))
    count = max(0, min(query.count, _MOST_ROWS))
    return statement.order_by(*_order(query, with_identity)).limit(count).offset(max(0, query.start))


def total_of(query: WorklistQuery, *, with_identity: bool) -> Select[int]:
    """The statement for how many rows there are in all; it joins only what the filters need."""
    source: FromClause = scans
    if query.search.strip():
        source = source.join(patients, scans.c.patient_id == patients.c.id)
    if query.filters.get("result"):
        source = source.outerjoin(results, scans.c.latest_result_id == results.c.id)
    if query.filters.get("verdict"):
        source = source.outerjoin(reviews, scans.c.latest_review_id == reviews.c.id)
    return select(func.count()).select_from(source).where(_condition(query, with_identity))


def row(found: Row[Any]) -> WorklistRow:
    """One row of `rows_of` as a record."""
    values = dict(found._mapping)
    values["status"] = ScanStatus(values["status"])
    values["verdict"] = None if values["verdict"] is None else Verdict(values["verdict"])
    values["positive"] = None if values["positive"] is None else bool(values["positive"])
    values.setdefault("patient_id", None)
    return WorklistRow(**values)


def _joined() -> FromClause:
    with_patient = scans.join(patients, scans.c.patient_id == patients.c.id)
    with_result = with_patient.outerjoin(results, scans.c.latest_result_id == results.c.id)
    return with_result.outerjoin(reviews, scans.c.latest_review_id == reviews.c.id)


def _condition(query: WorklistQuery, with_identity: bool) -> ColumnElement[bool]:
    terms = folded(query.search).split()[:_MOST_TERMS]
    conditions = [_matches(term, with_identity) for term in terms]
    conditions += [_filter(name, values) for name, values in query.filters.items() if values]
    return and_(True, *conditions)


def _matches(term: str, with_identity: bool) -> ColumnElement[bool]:
    conditions = [
        scans.c.sequence_key.contains(term, autoescape=True),
        patients.c.pseudonym.contains(term.upper(), autoescape=True),
        scans.c.id.startswith(term, autoescape=True),
    ]
    if with_identity:
        conditions.append(patients.c.search_key.contains(term, autoescape=True))
    return or_(*conditions)


def _filter(name: str, values: tuple[str, ...]) -> ColumnElement[bool]:
    if name in ("task", "status", "modality"):
        return _COLUMNS[name].in_(values)
    if name == "verdict":
        return _among(reviews.c.verdict, {value: value for value in values if value != NONE}, NONE in values)
    if name == "result":
        wanted = {value: value == "positive" for value in values if value in ("positive", "negative")}
        return _among(results.c.positive, wanted, NONE in values)
    raise InvalidInput(f"The worklist has no filter called {name}.")


def _among(column: ColumnElement[Any], wanted: dict[str, Any], or_empty: bool) -> ColumnElement[bool]:
    chosen = column.in_(list(wanted.values()))
    return or_(chosen, column.is_(None)) if or_empty else chosen


def _order(query: WorklistQuery, with_identity: bool) -> list[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = []
    for name, descending in query.sort:
        column = _sort_column(name, with_identity)
        if name not in _NEVER_EMPTY:
            order.append(column.is_(None))  # databases disagree where unknown values go: here, last
        order.append(column.desc() if descending else column.asc())
    # Rows that are equal in all of this still need one order, or pages would overlap.
    last_descends = query.sort[-1][1] if query.sort else True
    return [*order, scans.c.id.desc() if last_descends else scans.c.id.asc()]


def _sort_column(name: str, with_identity: bool) -> ColumnElement[Any]:
    if name == "patient":
        return patients.c.search_key if with_identity else patients.c.pseudonym
    if name == "patient_id":  # to others its order alone would tell something
        return patients.c.patient_id if with_identity else patients.c.pseudonym
    if name == "sequence":
        return scans.c.sequence_key
    if name not in _COLUMNS:
        raise InvalidInput(f"The worklist cannot be sorted by {name}.")
    return _COLUMNS[name]
