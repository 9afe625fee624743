"""What the DICOM node received and the reading was handed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, insert, select, update

from data.codec import from_json, to_json
from data.database import id_from, reading, statement_parts, writing
from data.records import (
    ReceivedOutcome,
    ReceivedSeries,
    Refusal,
    Sender,
    SenderCount,
    UploadState,
)
from data.tables import dicom_senders, received_series, scans, uploads


class ReceivedStore:
    """Series and their senders; no row is deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, study_uid: str, series_uid: str) -> ReceivedSeries | None:
        """What was handed over of a series, or None."""
        with reading(self._engine) as connection:
            query = select(received_series).where(received_series.c.id == id_from(study_uid, series_uid))
            row = connection.execute(query).one_or_none()
        return None if row is None else _series(row)

    def put(self, series: ReceivedSeries, new: Sequence[SenderCount]) -> None:
        """Keeps what was handed over of a series; `new` says what each sender has added to it."""
        series_id = id_from(series.study_uid, series.series_uid)
        with writing(self._engine) as connection:
            mine = received_series.c.id == series_id
            changed = connection.execute(update(received_series).where(mine).values(_values(series)))
            if not changed.rowcount:
                connection.execute(insert(received_series).values(id=series_id, **_values(series)))
            for added in new:
                _count(connection, added)

    def senders_of(self, scan_ids: Sequence[str]) -> dict[str, str]:
        """Scan -> AE title of who sent its series, where it came through the DICOM node."""
        joined = scans.join(
            received_series,
            (received_series.c.series_uid == scans.c.series_uid)
            & (received_series.c.study_uid == scans.c.study_uid),
        )
        known: dict[str, str] = {}
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                query = select(scans.c.id, received_series.c.ae_title).select_from(joined)
                rows = connection.execute(query.where(scans.c.id.in_(part)))
                known.update((row.id, row.ae_title) for row in rows)
        return known

    def senders(self) -> list[SenderCount]:
        """Everybody who has sent anything, the latest first."""
        query = select(dicom_senders).order_by(dicom_senders.c.last_at.desc(), dicom_senders.c.ae_title)
        with reading(self._engine) as connection:
            return [
                SenderCount(Sender(row.ae_title, row.address), row.instances, row.last_at)
                for row in connection.execute(query)
            ]

    def outcomes(self, limit: int) -> list[ReceivedOutcome]:
        """What became of the series that were handed over last, newest first."""
        columns = [uploads.c[name] for name in ("state", "scan_ids", "known_scan_ids", "refusals", "failure")]
        query = select(received_series, *columns).join(uploads, uploads.c.id == received_series.c.upload_id)
        query = query.order_by(received_series.c.handed_at.desc(), received_series.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_outcome(row) for row in connection.execute(query)]

    def studies(self) -> int:
        """How many studies were handed over."""
        query = select(func.count(received_series.c.study_uid.distinct()))
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())


def _count(connection: Connection, added: SenderCount) -> None:
    sender, at = added.sender, added.last_at
    mine = (dicom_senders.c.ae_title == sender.ae_title) & (dicom_senders.c.address == sender.address)
    more = {
        "instances": dicom_senders.c.instances + added.instances,
        "last_at": case((dicom_senders.c.last_at < at, at), else_=dicom_senders.c.last_at),
    }
    if not connection.execute(update(dicom_senders).where(mine).values(more)).rowcount:
        row = {"ae_title": sender.ae_title, "address": sender.address}
        connection.execute(insert(dicom_senders).values(row | {"instances": added.instances, "last_at": at}))


def _values(series: ReceivedSeries) -> dict[str, Any]:
    return {
        "study_uid": series.study_uid,
        "series_uid": series.series_uid,
        "ae_title": series.sender.ae_title,
        "address": series.sender.address,
        "instances": len(series.sop_uids),
        "sop_uids": to_json(series.sop_uids),
        "upload_id": series.upload_id,
        "handed_at": series.handed_at,
    }


def _series(row: Row[Any]) -> ReceivedSeries:
    return ReceivedSeries(
        study_uid=row.study_uid,
        series_uid=row.series_uid,
        sender=Sender(row.ae_title, row.address),
        sop_uids=from_json(tuple[str, ...], row.sop_uids),
        upload_id=row.upload_id,
        handed_at=row.handed_at,
    )


def _outcome(row: Row[Any]) -> ReceivedOutcome:
    scans = {*from_json(tuple[str, ...], row.scan_ids), *from_json(tuple[str, ...], row.known_scan_ids)}
    return ReceivedOutcome(
        series=_series(row),
        state=UploadState(row.state),
        scans=len(scans),
        refusals=from_json(tuple[Refusal, ...], row.refusals),
        failure=row.failure,
    )
