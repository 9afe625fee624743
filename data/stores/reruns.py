"""Results that were read again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import Rerun, RerunOutcome, RerunReport
from data.tables import reruns


class RerunStore:
    """One row a rerun; what it came to is written once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, rerun: Rerun) -> None:
        """Keeps one that waits."""
        values = vars(rerun) | {"report": to_json(rerun.report)}
        with writing(self._engine) as connection:
            connection.execute(insert(reruns).values(**values))

    def end(self, rerun: Rerun) -> None:
        """Keeps what came of one that waited; one that has ended stays as it is."""
        waits = (reruns.c.id == rerun.id) & (reruns.c.outcome == RerunOutcome.WAITING)
        values = {
            "outcome": rerun.outcome, "finished_at": rerun.finished_at, "report": to_json(rerun.report),
        }  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(update(reruns).where(waits).values(**values))

    def get(self, rerun_id: str) -> Rerun | None:
        """The rerun, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(reruns).where(reruns.c.id == rerun_id)).one_or_none()
        return None if row is None else _rerun(row)

    def of_result(self, result_id: str) -> list[Rerun]:
        """Those of a result, newest first."""
        return self._listed(reruns.c.result_id == result_id)

    def of_scan(self, scan_id: str) -> list[Rerun]:
        """Those of a scan's results, newest first."""
        return self._listed(reruns.c.scan_id == scan_id)

    def waiting(self) -> list[Rerun]:
        """Those that did not end, newest first."""
        return self._listed(reruns.c.outcome == RerunOutcome.WAITING)

    def _listed(self, which: Any) -> list[Rerun]:
        query = select(reruns).where(which).order_by(reruns.c.asked_at.desc(), reruns.c.id)
        with reading(self._engine) as connection:
            return [_rerun(row) for row in connection.execute(query)]


def _rerun(row: Row[Any]) -> Rerun:
    return Rerun(
        id=row.id,
        scan_id=row.scan_id,
        result_id=row.result_id,
        outcome=RerunOutcome(row.outcome),
        asked_by=row.asked_by,
        asked_name=row.asked_name,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        report=from_json(RerunReport, row.report),
    )
