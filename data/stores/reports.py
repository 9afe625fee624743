"""Reports that are kept: what was asked for, and the hashes of the files that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from data.codec import from_json, to_json
from data.database import now, reading, writing
from data.records import Report, ReportKind, ReportState
from data.tables import reports


class ReportStore:
    """Reports; their files are in the file store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, report: Report) -> Report:
        """Keep a report that is asked for."""
        with writing(self._engine) as connection:
            connection.execute(insert(reports).values(_values(report)))
        return report

    def get(self, report_id: str) -> Report | None:
        """The report, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(reports).where(reports.c.id == report_id)).one_or_none()
        return None if row is None else _report(row)

    def recent(self, limit: int, kind: ReportKind | None = None) -> list[Report]:
        """The latest reports, newest first, of one kind if given."""
        query = select(reports).order_by(reports.c.created_at.desc(), reports.c.id).limit(limit)
        if kind is not None:
            query = query.where(reports.c.kind == kind.value)
        with reading(self._engine) as connection:
            return [_report(row) for row in connection.execute(query)]

    def made(self, report_id: str, files: Mapping[str, str], signed: bool) -> None:
        """The report's files are there."""
        self._set(
            report_id,
            files=to_json(dict(files)),
            signed=signed,
            state=ReportState.MADE.value,
            made_at=now(),
            failure=None,
        )

    def failed(self, report_id: str, sentence: str) -> None:
        """The report cannot be made, for this reason."""
        self._set(report_id, state=ReportState.FAILED.value, failure=sentence)

    def withheld(self, report_id: str, sentence: str) -> None:
        """The report's files are taken away, for this reason."""
        self._set(report_id, state=ReportState.FAILED.value, failure=sentence, files="{}")

    def delete(self, report_id: str) -> None:
        """Forget a report."""
        with writing(self._engine) as connection:
            connection.execute(delete(reports).where(reports.c.id == report_id))

    def before(self, moment: datetime) -> list[Report]:
        """The reports that were asked for before `moment`."""
        with reading(self._engine) as connection:
            query = select(reports).where(reports.c.created_at < moment)
            return [_report(row) for row in connection.execute(query)]

    def _set(self, report_id: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(reports).where(reports.c.id == report_id).values(values))


def _values(report: Report) -> dict[str, Any]:
    return {
        **vars(report),
        "kind": report.kind.value,
        "state": report.state.value,
        "ask": to_json(dict(report.ask)),
        "files": to_json(dict(report.files or {})),
    }


def _report(row: Row[Any]) -> Report:
    values = {name: row._mapping[name] for name in Report.__dataclass_fields__}
    return Report(
        **values
        | {
            "kind": ReportKind(row.kind),
            "state": ReportState(row.state),
            "ask": from_json(dict[str, str], row.ask),
            "files": from_json(dict[str, str], row.files),
        }
    )
