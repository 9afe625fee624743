"""Scans for programs: send them, and fetch what was read."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from flask import Flask, Response, request
from werkzeug.http import parse_options_header

from dashboard.api import operations
from dashboard.api.models_common import ErrorWordsAnswer
from dashboard.api.models_scans import (
    UPLOADED_FILE,
    AllRefusedAnswer,
    ListedScanAnswer,
    MaskQuery,
    QueueAnswer,
    ReadingReportQuery,
    ReceivedAnswer,
    ScanAnswer,
    ScanQuery,
    ScansAnswer,
    ScansQuery,
    SendScanQuery,
    patient_answer,
)
from dashboard.api.operations import Files, Operation, answered
from dashboard.auth import reader, require
from dashboard.errors import json_error
from dashboard.files.attachments import attachment
from dashboard.files.reading_reports import ReadingReportFiles
from data.errors import InvalidInput, NotFound
from data.records import NOTICE, QueuePlace, Upload, UploadState, User, WorklistQuery, WorklistRow
from services.permissions import Permission
from services.reading_words import queue_words
from services.reviewing.pictures import CORRECTED
from services.task_words import not_ruled_out

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.scan_views import ScanView

ADD = Operation(
    "POST",
    "/api/v1/scans",
    "addScan",
    "Send one file (DICOM, zip, NIfTI, PNG, JPEG or TIFF); it is opened at once and read soon",
    query=SendScanQuery,
    content=UPLOADED_FILE,
    status=201,
    answer=ReceivedAnswer,
    says="The scans in it, and what was refused",
    refusals={422: ("Everything in it was refused; `refusals` says why", AllRefusedAnswer)},
    errors=(400, 403, 413, 500, 503),
)
SCANS = Operation(
    "GET",
    "/api/v1/scans",
    "scans",
    "Scans by pseudonym, the newest first, filtered as in the cohort page's address",
    query=ScansQuery,
    answer=ScansAnswer,
    says="The scans",
    errors=(400, 403),
)
SCAN = Operation(
    "GET",
    "/api/v1/scans/<scan_id>",
    "scan",
    "One scan with its latest result and its reviews",
    query=ScanQuery,
    answer=ScanAnswer,
    says="The scan",
    errors=(400, 404),
)
MASK = Operation(
    "GET",
    "/api/v1/scans/<scan_id>/mask",
    "mask",
    "The mask in the file's own grid",
    query=MaskQuery,
    answer=Files(("application/gzip", "image/png")),
    says="The file",
    errors=(400, 404),
)
REPORT = Operation(
    "GET",
    "/api/v1/scans/<scan_id>/report",
    "readingReport",
    "The report of a scan's latest reading, made now",
    query=ReadingReportQuery,
    answer=Files(("application/pdf", "text/plain")),
    says="The file",
    errors=(400, 404, 409),
)
READ = Operation(
    "POST",
    "/api/v1/scans/<scan_id>/reading",
    "read",
    "Have a scan read whose reading has failed or was cancelled",
    answer=ScanAnswer,
    says="The scan as it is then; one that waits or was read stays so",
    errors=(403, 404),
)
CANCEL = Operation(
    "DELETE",
    "/api/v1/scans/<scan_id>/reading",
    "cancelReading",
    "Cancel the reading of a scan, while it waits or runs",
    answer=ScanAnswer,
    says="The scan as it is then: cancelled, or read where that came first",
    errors=(403, 404),
)
OPERATIONS = (ADD, SCANS, SCAN, MASK, REPORT, READ, CANCEL)


def register(server: Flask, services: Services) -> None:
    """Add the routes below /api/v1/scans."""
    views = ApiScans(services)
    operations.add(server, ADD, "api_add_scan", views.add_scan)
    operations.add(server, SCANS, "api_scans", views.scans)
    operations.add(server, SCAN, "api_scan", views.scan)
    operations.add(server, MASK, "api_mask", views.mask)
    operations.add(server, REPORT, "api_reading_report", views.report)
    operations.add(server, READ, "api_read", views.read)
    operations.add(server, CANCEL, "api_cancel_reading", views.cancel)


class ApiScans:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services
        # Who waits takes a thread of the server's; as many are left to everybody else.
        self._room = threading.BoundedSemaphore(max(1, services.settings.threads // 2))

    def add_scan(self) -> Response:
        """Take one file, open it at once, and say which scans are in it."""
        user = require(Permission.SEND_SCANS)
        limit = self.services.reading.uploads.max_bytes
        if (request.content_length or 0) > limit:
            return json_error(413, "too_large", f"The limit is {limit} bytes.")
        query = SendScanQuery.given()
        name, stream = _sent_file(query)
        upload = self.services.reading.intake.receive(user, name, stream, as_volume=query.as_volume)
        (upload,) = self.services.reading.uploads.as_seen([upload])
        if upload.state is UploadState.FAILED:
            return json_error(500, "failed", upload.failure or "The file could not be opened.")
        scan_ids = upload.scan_ids + upload.known_scan_ids
        self._wait(scan_ids, query.wait)
        scans = [self._described(scan_id, user) for scan_id in scan_ids]
        if not scans:
            return answered(_all_refused(upload), 422)
        answer = ReceivedAnswer(upload=upload.id, scans=scans, refusals=upload.refusals, notice=NOTICE)
        return answered(answer, 201)

    def scans(self) -> Response:
        """Rows of the worklist that fit the filters in the address, by pseudonym."""
        user, query = require(Permission.SEE_SCANS), ScansQuery.given()
        asked = WorklistQuery(query.start, query.count, filters=ScansQuery.filters())
        page = self.services.reviewing.worklist.page(asked, user)
        return answered(
            ScansAnswer(scans=[_listed(row) for row in page.rows], total=page.total, notice=NOTICE)
        )

    def scan(self, scan_id: str) -> Response:
        """One scan with its latest result and reviews."""
        user, query = reader(), ScanQuery.given()
        if query.wait:
            self.services.reviewing.scan_views.scan(scan_id, user)  # or nobody waits for it
            self._wait((scan_id,), query.wait)
        return answered(self._described(scan_id, user))

    def mask(self, scan_id: str) -> Response:
        """The mask of a scan as NIfTI (default) or, with `index`, PNG."""
        user, reviewing = reader(), self.services.reviewing
        view = reviewing.scan_views.scan(scan_id, user)
        query = MaskQuery.given()
        reviewing.blinding.refuse_model(scan_id, user)
        if view.withheld is not None and query.layer != CORRECTED:
            raise NotFound(view.withheld)
        if query.layer == CORRECTED:
            reviewing.blinding.refuse_reviews(scan_id, user)
        return attachment(*reviewing.pictures.mask_file(scan_id, query.form, query.layer, query.index))

    def report(self, scan_id: str) -> Response:
        """The report of a reading: PDF (default) or text, by pseudonym unless `identity` is asked for."""
        query = ReadingReportQuery.given()
        kind = {"pdf": "pdf", "text": "txt"}[query.form]
        return ReadingReportFiles(self.services).response(scan_id, kind, named=query.identity)

    def _wait(self, scan_ids: Iterable[str], seconds: float) -> None:
        """Until these are read, or the time is up; not at all where too many wait already."""
        if seconds and self._room.acquire(blocking=False):
            try:
                self.services.reading.readings.wait_until_read(scan_ids, seconds)
            finally:
                self._room.release()

    def read(self, scan_id: str) -> Response:
        """Have a scan read whose reading has failed or was cancelled."""
        user = require(Permission.READ_AGAIN)
        self.services.reviewing.scan_views.scan(scan_id, user)
        self.services.reading.readings.read_now(scan_id, user)
        return answered(self._described(scan_id, user))

    def cancel(self, scan_id: str) -> Response:
        """End a reading that waits or runs; what was read stays so."""
        user = require(Permission.SEE_SCANS)  # who may cancel which, the service says
        self.services.reviewing.scan_views.scan(scan_id, user)
        self.services.reading.cancellation.cancel(scan_id, user)
        return answered(self._described(scan_id, user))

    def _described(self, scan_id: str, user: User) -> ScanAnswer:
        return described(self.services.reviewing.scan_views.scan(scan_id, user))


def described(view: ScanView) -> ScanAnswer:
    """Put a scan as the API answers it; the patient's identity only for clinicians."""
    scan, result = view.scan, view.answer
    return ScanAnswer(
        id=scan.id,
        status=scan.status,
        failure=scan.failure,
        queue=None if view.queue is None else _queue(view.queue),
        task=scan.task,
        patient=patient_answer(view.patient),
        header=scan.header,
        shape=scan.shape,
        spacing_mm=(scan.spacing.slice_mm, scan.spacing.row_mm, scan.spacing.column_mm),
        sequence=scan.recognised,
        warnings=scan.warnings,
        uploaded_at=scan.created_at,
        outcome=None if result is None else result.outcome,
        not_ruled_out=None if result is None else not_ruled_out(result),
        result=result,
        suspended=view.withheld,
        not_accepted=view.not_accepted,
        reviews=view.reviews,
        current_review=view.current,
        unaided_readings=view.unaided,
        notice=NOTICE,
    )


def _listed(row: WorklistRow) -> ListedScanAnswer:
    return ListedScanAnswer(
        id=row.scan_id,
        pseudonym=row.pseudonym,
        task=row.task,
        status=row.status,
        modality=row.modality,
        sequence=row.sequence,
        acquired_at=row.acquired_at,
        uploaded_at=row.created_at,
        outcome=row.outcome,
        probability=row.probability,
        volume_ml=row.volume_ml,
        longest_diameter_mm=row.longest_diameter_mm,
        verdict=row.verdict,
        suspended=row.suspended,
        not_accepted=row.not_accepted,
        reads_unaided=row.unaided,
        synthetic=row.synthetic,
    )


def _queue(queued: QueuePlace) -> QueueAnswer:
    return QueueAnswer(**asdict(queued), words=queue_words(queued))


def _all_refused(upload: Upload) -> AllRefusedAnswer:
    """What is wrong with the first, or that there is nothing."""
    code, sentence = "empty", "There is no scan in this file."
    if upload.refusals:
        code, sentence = upload.refusals[0].code, upload.refusals[0].sentence
    return AllRefusedAnswer(
        upload=upload.id,
        scans=[],
        refusals=upload.refusals,
        notice=NOTICE,
        error=ErrorWordsAnswer(code=code, message=sentence),
    )


def _sent_file(query: SendScanQuery) -> tuple[str, BinaryIO]:
    """Return name and stream of the multipart field `file`, or of a raw body.

    A body's name stands in Content-Disposition (RFC 6266), or in `?name=`, where proxies may log it.
    """
    if request.mimetype == "multipart/form-data":
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise InvalidInput("The form must have a field named file.")
        return _base_name(sent.filename), cast(BinaryIO, sent.stream)
    name = parse_options_header(request.headers.get("Content-Disposition"))[1].get("filename") or query.name
    if not name:
        raise InvalidInput(
            "Send a multipart field named file, or a raw body with its name in Content-Disposition or ?name=."
        )
    return _base_name(name), _body()


def _body() -> BinaryIO:
    stream: IO[bytes] = request.stream
    return cast(BinaryIO, stream) if request.content_length != 0 else io.BytesIO()


def _base_name(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1][-255:] or "upload"
