"""What models said of scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, bindparam, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, statement_parts, writing
from data.ledger.rows import note_old_review, note_result
from data.records import Doubt, Features, Measurements, Provenance, Result
from data.revisions import bump
from data.stores.features import note_features
from data.tables import REVISION_OF_SCANS, results, scans


class ResultStore:
    """Results; a scan keeps all of them, the latest one counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, result: Result, watched: Features | None = None) -> Result:
        """Keeps a result as its scan's latest one, which nobody has reviewed yet.

        `watched` is kept with it. Adding the same id again changes nothing, so that an interrupted
        reading can be repeated.
        """
        with writing(self._engine) as connection:
            if connection.execute(select(results.c.id).where(results.c.id == result.id)).first() is not None:
                return result
            bump(connection, REVISION_OF_SCANS)
            connection.execute(insert(results), _values(result))
            connection.execute(
                update(scans).where(scans.c.id == result.scan_id).values(latest_result_id=result.id)
            )
            note_result(connection, result)
            if watched is not None:
                note_features(connection, watched)
        return result

    def add_beside(self, result: Result) -> Result:
        """Keeps a result that is no answer to anybody who looks at the scan: its latest one stays so.

        Another version read the scan to be compared; adding the same id again changes nothing.
        """
        with writing(self._engine) as connection:
            if connection.execute(select(results.c.id).where(results.c.id == result.id)).first() is None:
                bump(connection, REVISION_OF_SCANS)
                connection.execute(insert(results), _values(result))
                note_old_review(connection, result.scan_id)
        return result

    def get(self, result_id: str) -> Result | None:
        """The result, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(results).where(results.c.id == result_id)).one_or_none()
        return None if row is None else _result(row)

    def latest(self, scan_id: str) -> Result | None:
        """The scan's latest result, or None where it was never read."""
        with reading(self._engine) as connection:
            row = connection.execute(_LATEST_OF, {"wanted": scan_id}).one_or_none()
        return None if row is None else _result(row)

    def latest_of(self, scan_ids: Sequence[str]) -> dict[str, Result]:
        """As `latest`, of those of these scans that were read."""
        with reading(self._engine) as connection:
            return {
                row.scan_id: _result(row)
                for part in statement_parts(scan_ids)
                for row in connection.execute(_LATEST.where(scans.c.id.in_(part)))
            }

    def of_scans(self, scan_ids: Sequence[str]) -> dict[str, list[Result]]:
        """As `of_scan`, of each of these scans."""
        of_scans: dict[str, list[Result]] = {scan_id: [] for scan_id in scan_ids}
        query = select(results).order_by(results.c.created_at.desc())
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                for row in connection.execute(query.where(results.c.scan_id.in_(part))):
                    of_scans[row.scan_id].append(_result(row))
        return of_scans

    def of_scan(self, scan_id: str) -> list[Result]:
        """All of the scan's results, newest first."""
        with reading(self._engine) as connection:
            return [_result(row) for row in connection.execute(_OF_SCAN, {"wanted": scan_id})]


# Made once: making a statement takes longer than carrying it out.
_LATEST = select(results).select_from(scans.join(results, scans.c.latest_result_id == results.c.id))
_LATEST_OF = _LATEST.where(scans.c.id == bindparam("wanted"))
_OF_SCAN = (
    select(results).where(results.c.scan_id == bindparam("wanted")).order_by(results.c.created_at.desc())
)


def _values(result: Result) -> dict[str, Any]:
    measurements = result.measurements
    return {
        "id": result.id,
        "scan_id": result.scan_id,
        "task": result.task,
        "positive": bool(result.positive),
        "probability": float(result.probability),
        "threshold": float(result.threshold),
        "model_name": result.provenance.model_name,
        "model_version": result.provenance.model_version,
        "volume_ml": None if measurements is None else measurements.volume_ml,
        "longest_diameter_mm": None if measurements is None else measurements.longest_diameter_mm,
        "estimated_dice": result.estimated_dice,
        "head_row": None if result.head_position is None else result.head_position[0],
        "head_column": None if result.head_position is None else result.head_position[1],
        "provenance": to_json(result.provenance),
        "measurements": None if measurements is None else to_json(measurements),
        "has_mask": result.has_mask,
        "has_heatmap": result.has_heatmap,
        "doubts": to_json(result.doubts) if result.doubts else None,
        "outside_distance": result.outside_distance,
        "created_at": result.created_at,
    }


def _result(row: Row[Any]) -> Result:
    return Result(
        id=row.id,
        scan_id=row.scan_id,
        task=row.task,
        positive=row.positive,
        probability=row.probability,
        threshold=row.threshold,
        provenance=from_json(Provenance, row.provenance),
        created_at=row.created_at,
        measurements=None if row.measurements is None else from_json(Measurements, row.measurements),
        estimated_dice=row.estimated_dice,
        head_position=None if row.head_row is None else (row.head_row, row.head_column),
        has_mask=row.has_mask,
        has_heatmap=row.has_heatmap,
        doubts=() if row.doubts is None else from_json(tuple[Doubt, ...], row.doubts),
        outside_distance=row.outside_distance,
    )
