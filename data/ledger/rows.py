"""The ledger: one narrow row a scan with what counts of it now.

The stores write a row in the same transaction as the change that it tells of; worklist and
statistics are answered from it. It holds nothing that is not elsewhere: `recount` writes it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    ScalarSelect,
    Update,
    bindparam,
    case,
    delete,
    exists,
    insert,
    select,
    update,
)

from data.codec import to_json
from data.columns import folded
from data.database import reading, writing
from data.records import Result, Review, Scan, counting_dice, counting_mask, prior_node, prior_source
from data.revisions import bump
from data.tables import REVISION_OF_SCANS, ledger, results, reviews, revisions, scans, triage, withdrawn_scans

RECOUNTS = "recounts"
"""The revision that tells when every row was written anew, under new numbers."""

_RECOUNTED_AT_ONCE = 5000
_NOW = select(revisions.c.value).where(revisions.c.name == REVISION_OF_SCANS)
UNREAD: dict[str, Any] = dict.fromkeys(
    (
        "version", "positive", "uncertain", "probability", "has_mask", "volume_ml", "longest_diameter_mm",
        "estimated_dice", "read_us", "head_row", "head_column",
    )
)  # fmt: skip
UNREVIEWED: dict[str, Any] = dict.fromkeys(("verdict", "truth_positive", "dice", "reviewed_us"))
_UNTRIAGED: dict[str, Any] = dict.fromkeys(("assigned_to", "urgency"))
_UNKNOWN: dict[str, Any] = {"patient_id": "", "warned": None} | dict.fromkeys(
    ("acquired_us", "modality", "sequence", "scanner", "site", "sex", "age_years", "department_id")
)


def microseconds(moment: datetime | None) -> int | None:
    """Microseconds since 1970, exact; None for None."""
    if moment is None:
        return None
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def scanner_name(manufacturer: str | None, model: str | None) -> str | None:
    """Manufacturer and model in one; a model that names its manufacturer is not given it twice."""
    parts = [manufacturer, model]
    if manufacturer and model and folded(model).startswith(folded(manufacturer)):
        parts = [model]
    return " ".join(part.strip() for part in parts if part and part.strip()) or None


def note_scan(connection: Connection, scan: Scan) -> None:
    """A new scan's row."""
    connection.execute(_NEW, _of_scan(scan))


def note_status(connection: Connection, scan_id: str, status: str) -> None:
    """Where a scan is on its way."""
    _note(connection, scan_id, {"status": status})


def note_result(connection: Connection, result: Result) -> None:
    """A scan's latest result, which nobody has reviewed yet."""
    _note(connection, result.scan_id, _of_result(result) | UNREVIEWED)


def note_review(connection: Connection, scan_id: str, result_id: str, current: Review | None) -> None:
    """The current review of a scan's latest result, or that there is none any more."""
    values = UNREVIEWED
    if current is not None:
        values = {
            "verdict": current.verdict.value,
            "truth_positive": current.truth_positive,
            "dice": _plain(counting_dice(current.verdict, current.truth_positive, current.dice)),
            "reviewed_us": microseconds(current.created_at),
        }
    brought = counting_mask(current)
    if brought is None:
        _note(connection, scan_id, values | {"of_result": result_id}, _CHANGE_TO_SIZES_OF_RESULT)
    else:
        sizes = {name: getattr(brought.measurements, name) for name in SIZES}
        _note(connection, scan_id, values | sizes)


def note_old_review(connection: Connection, scan_id: str) -> None:
    """A result beside the latest, or a review of one: nothing counts anew but that it is there."""
    _note(connection, scan_id, {})


def note_triage(connection: Connection, scan_id: str, change: dict[str, Any]) -> None:
    """Who has the scan (`assigned_to`), or how urgent it is (`urgency`)."""
    _note(connection, scan_id, change)


def note_owner(connection: Connection, from_id: str, to_id: str) -> None:
    """The scans of one patient are another one's; to be told before the scans themselves change."""
    moved = select(scans.c.id).where(scans.c.patient_id == from_id)
    values = {"patient_id": to_id, "changed": _now_at()}
    connection.execute(update(ledger).where(ledger.c.scan_id.in_(moved)).values(values))


def note_patient(connection: Connection, scan_id: str, patient_id: str) -> None:
    """A scan is another patient's."""
    _note(connection, scan_id, {"patient_id": patient_id})


def note_departments(connection: Connection, scan_ids: Sequence[str], department_id: str | None) -> None:
    """Scans are of another department."""
    values = {"department_id": department_id, "changed": _now_at()}
    connection.execute(update(ledger).where(ledger.c.scan_id.in_(scan_ids)).values(values))


def note_withdrawn(connection: Connection, scan_id: str, *, withdrawn: bool) -> None:
    """Whether a scan counts no longer because somebody took it back; its row goes on saying what is of it."""
    _note(connection, scan_id, {"gone": withdrawn})


def not_withdrawn(scan_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that the scan of this id was not taken back."""
    return scan_id.not_in(select(withdrawn_scans.c.scan_id))


def note_gone(connection: Connection, scan_ids: list[str]) -> None:
    """Scans that are no longer in the house; their rows stay, empty of everything but that."""
    values = UNREAD | UNREVIEWED | _UNTRIAGED | _UNKNOWN | {"gone": True, "changed": _now_at()}
    connection.execute(update(ledger).where(ledger.c.scan_id.in_(scan_ids)).values(values))


def recount_if_behind(engine: Engine) -> None:
    """Count anew where scans were kept by a Lightbox that knew no ledger."""
    with reading(engine) as connection:
        behind = connection.execute(
            select(scans.c.id).where(~exists().where(ledger.c.scan_id == scans.c.id)).limit(1)
        ).first()
    if behind is not None:
        recount(engine)


def recount(engine: Engine) -> int:
    """Write every row anew from scans, results and reviews; returns how many scans count."""
    with writing(engine) as connection:
        bump(connection, REVISION_OF_SCANS)
        _bump_recounts(connection)
        connection.execute(delete(ledger))
        source = (
            scans.outerjoin(results, scans.c.latest_result_id == results.c.id)
            .outerjoin(reviews, results.c.current_review_id == reviews.c.id)
            .outerjoin(triage, triage.c.scan_id == scans.c.id)
            .outerjoin(withdrawn_scans, withdrawn_scans.c.scan_id == scans.c.id)
        )  # fmt: skip
        query = select(*_recounted_columns()).select_from(source).order_by(scans.c.created_at, scans.c.id)
        joined = connection.execution_options(yield_per=_RECOUNTED_AT_ONCE).execute(query)
        revision = connection.execute(_NOW).scalar_one()
        count = 0
        for part in joined.mappings().partitions(_RECOUNTED_AT_ONCE):
            recounted = [_recounted(dict(row)) | {"changed": revision} for row in part]
            connection.execute(insert(ledger), recounted)
            count += sum(not row["gone"] for row in recounted)
    return count


def _bump_recounts(connection: Connection) -> None:
    known = connection.execute(select(revisions.c.value).where(revisions.c.name == RECOUNTS)).first()
    if known is None:
        connection.execute(insert(revisions).values(name=RECOUNTS, value=0))
    bump(connection, RECOUNTS)


def _now_at() -> ScalarSelect[Any]:
    return _NOW.scalar_subquery()


SIZES = ("volume_ml", "longest_diameter_mm")
# Statements are made once: making one for each result took ten times as long as carrying it out.
_NEW = insert(ledger).values(changed=_now_at(), gone=False)
_CHANGE = update(ledger).where(ledger.c.scan_id == bindparam("of_scan")).values(changed=_now_at())
_CHANGE_TO_SIZES_OF_RESULT = _CHANGE.values(
    {
        name: select(results.c[name]).where(results.c.id == bindparam("of_result")).scalar_subquery()
        for name in SIZES
    }
)


def _note(connection: Connection, scan_id: str, values: dict[str, Any], statement: Update = _CHANGE) -> None:
    connection.execute(statement, values | {"of_scan": scan_id})


def _of_scan(scan: Scan) -> dict[str, Any]:
    header = scan.header
    return {
        "scan_id": scan.id,
        "patient_id": scan.patient_id,
        "created_us": microseconds(scan.created_at),
        "acquired_us": microseconds(header.acquired_at),
        "task": scan.task,
        "status": scan.status.value,
        "modality": header.modality,
        "sequence": header.sequence,
        "scanner": scanner_name(header.manufacturer, header.scanner),
        "site": header.site,
        "sex": header.sex,
        "age_years": header.age_years,
        "synthetic": scan.synthetic,
        "prior": prior_node(scan.uploaded_by) is not None,
        "department_id": scan.department_id,
        "warned": bool(scan.warnings),
    }


def _of_result(result: Result) -> dict[str, Any]:
    measured = result.measurements
    row, column = result.head_position or (None, None)
    return {
        "version": result.provenance.model_version,
        "positive": bool(result.positive),
        "uncertain": bool(result.doubts),
        "probability": float(result.probability),
        "has_mask": result.has_mask,
        "volume_ml": None if measured is None else measured.volume_ml,
        "longest_diameter_mm": None if measured is None else measured.longest_diameter_mm,
        "estimated_dice": result.estimated_dice,
        "read_us": microseconds(result.created_at),
        "head_row": row,
        "head_column": column,
    }


def _plain(value: float | None) -> float | None:
    """Without numpy's kind of number, which a database driver may not know."""
    return None if value is None else float(value)


def _recounted_columns() -> list[Any]:
    brought = reviews.c.measurements.is_not(None)  # `counting_mask`
    sizes = [case((brought, reviews.c[name]), else_=results.c[name]).label(name) for name in SIZES]
    of_scan = (
        "patient_id", "task", "status", "modality", "sequence", "manufacturer", "scanner", "site",
        "department_id",
    )  # fmt: skip
    of_result = ("positive", "probability", "has_mask", "estimated_dice", "head_row", "head_column")
    return [
        scans.c.id.label("scan_id"),
        withdrawn_scans.c.scan_id.is_not(None).label("gone"),
        *(scans.c[name] for name in of_scan),
        *(scans.c[name] for name in ("sex", "age_years", "synthetic", "created_at", "acquired_at")),
        scans.c.uploaded_by.startswith(prior_source("")).label("prior"),
        results.c.model_version.label("version"),
        *(results.c[name] for name in of_result),
        case((results.c.id.is_(None), None), else_=results.c.doubts.is_not(None)).label("uncertain"),
        *sizes,
        results.c.created_at.label("read_at"),
        *(reviews.c[name] for name in ("verdict", "truth_positive", "dice")),
        reviews.c.created_at.label("reviewed_at"),
        *(triage.c[name] for name in _UNTRIAGED),
        (scans.c.warnings != to_json(())).label("warned"),
    ]


def _recounted(row: dict[str, Any]) -> dict[str, Any]:
    """A joined row as one of the ledger."""
    row["dice"] = counting_dice(row["verdict"], row["truth_positive"], row["dice"])
    row["scanner"] = scanner_name(row.pop("manufacturer"), row["scanner"])
    times = {"created_us": "created_at", "acquired_us": "acquired_at", "read_us": "read_at"}
    times["reviewed_us"] = "reviewed_at"
    return row | {name: microseconds(row.pop(source)) for name, source in times.items()}
