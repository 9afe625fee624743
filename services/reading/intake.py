"""Intake: bytes that somebody sent become scans, or a reason why not.

An upload that is whole is kept on disk and in the database before it is acknowledged; opening
it is a job. The job may be repeated from any point: scans are known by their content.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import BinaryIO

from data import formats
from data.arrays import release
from data.database import DATABASE_FAULTS, new_id, now
from data.department_wall import whole_house
from data.errors import InvalidInput, RefusedScan
from data.files import FileStore
from data.ledger.rows import scanner_name
from data.records import (
    AuditEvent,
    DecodedScan,
    Effort,
    Precedence,
    Refusal,
    Scan,
    ScanStatus,
    Upload,
    UploadState,
    User,
    prior_node,
    sending_ae_title,
)
from data.shown_text import shown
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from data.stores.uploads import UploadStore
from reports import pictures
from services import keys
from services.jobs import JobContext, Jobs
from services.left_files import taken_back
from services.permissions import Permission, require
from services.reading.arrivals import Arrivals
from services.reading.openings import AT_A_TIME, OpeningRoom, effort_of_opening
from services.reading.reading import LEFT_AFTER, Reading
from services.reading.suitability_gate import Routed, SuitabilityGate
from services.settings import Settings
from services.turns import Turn, Turns

log = logging.getLogger(__name__)

JOB = "open"
ADDED = "scan.add"
WITHDRAWN = "This scan was sent before and withdrawn since. It can be restored on its page: /scans/{scan}."
PIECE = 1 << 20
START_S = 60.0
"""So long a program's scan waits at a start for the networks that tell what it is."""


class Intake:
    """Opens uploads: decodes, checks, splits identities off, keeps, has them read."""

    def __init__(
        self,
        settings: Settings,
        uploads: UploadStore,
        scans: ScanStore,
        patients: PatientStore,
        files: FileStore,
        gate: SuitabilityGate,
        reading: Reading,
        jobs: Jobs,
        audit: AuditLog,
        arrived: Callable[[Scan], None] = lambda _: None,
        turns: Turns | None = None,
        *,
        server_id: str | None = None,
    ) -> None:
        """`arrived` is told of each new scan before it is read; of the same one again after a stop.

        `server_id`: which of several servers of a house this is.
        """
        self._settings = settings
        self._uploads = uploads
        self._scans = scans
        self._patients = patients
        self._files = files
        self._gate = gate
        self._reading = reading
        self._jobs = jobs
        self._audit = audit
        self._tell_arrived = arrived
        self._arrivals = Arrivals(settings.home / "uploads", files, server_id)
        self.server_id = server_id
        self._room = OpeningRoom(turns)
        self._in_hand: set[str] = set()  # uploads that requests open themselves
        self._refused: set[str] = set()  # those of which the database could not be told that they are none
        jobs.register(JOB, self._work, on_give_up=self._give_up, limit=AT_A_TIME, any_server=True)

    def path(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie on this server while they arrive."""
        return self._arrivals.path(upload_id)

    def forget_bytes(self, upload_id: str) -> None:
        """Remove the bytes of an upload, after the row that has them opened."""
        self._arrivals.forget(upload_id)

    @property
    def starting(self) -> bool:
        """Whether uploads wait for networks that are still being loaded."""
        return not self._gate.wait_until_open(0)

    def submit(self, upload: Upload) -> None:
        """Have a whole upload opened in the background."""
        effort = self._effort(upload)
        self._arrivals.share(upload)
        self._uploads.set_state(upload.id, UploadState.QUEUED)
        self._jobs.submit(JOB, upload.id, upload.user_id, effort)

    def resume(self) -> None:
        """Have every whole upload opened that a stop left unopened; at a start, before others come."""
        self._forget_left_bytes()
        unopened = (UploadState.QUEUED, UploadState.OPENING, UploadState.ARRIVING)
        for upload in self._uploads.with_state(unopened):
            # The last byte may have come just before the stop.
            if upload.offset == upload.size and self._arrivals.are_reached(upload):
                self._submit(upload)

    def take_up(self) -> None:
        """Have uploads opened that an outage kept from being queued, and forget those that it refused.

        Once a minute.
        """
        for upload_id in list(self._refused):
            self._uploads.delete(upload_id)
            self._refused.discard(upload_id)
        under_way = self._jobs.unfinished_subjects(JOB) | self._in_hand
        unopened = (UploadState.QUEUED, UploadState.OPENING, UploadState.ARRIVING)
        for upload in self._uploads.with_state(unopened, before=now() - LEFT_AFTER):
            whole = upload.offset == upload.size and upload.id not in under_way
            if whole and self._arrivals.are_reached(upload):
                self._submit(upload)

    def _forget_left_bytes(self) -> None:
        """Bytes without a row, or of an upload that is done: a kill came in between."""
        for upload_id in self._arrivals.on_disk():
            upload = self._uploads.get(upload_id)
            if upload is None or upload.state is UploadState.DONE:
                self.forget_bytes(upload_id)
            elif self._arrivals.is_elsewhere(upload):
                self._arrivals.forget_here(upload_id)

    def _submit(self, upload: Upload) -> None:
        effort = self._effort(upload)
        self._arrivals.share(upload)
        self._jobs.submit(JOB, upload.id, upload.user_id, effort)

    def _effort(self, upload: Upload) -> Effort:
        prior = prior_node(upload.user_id) is not None
        precedence = Precedence.LATER if prior else Precedence.CLINICAL
        return effort_of_opening(self.path(upload.id), upload.name, precedence)

    def receive(self, user: User, name: str, stream: BinaryIO, *, as_volume: bool = False) -> Upload:
        """Take a whole body and open it in this thread; the upload comes back DONE.

        `as_volume`: its numbered pictures are the slices of one volume.
        Right after a start it waits until the networks that check scans are loaded.
        Raises InvalidInput for a body over the limit or an empty one, Busy where nothing can be
        checked for long or too many scans wait to be read; neither leaves anything behind.
        """
        require(user, Permission.SEND_SCANS)
        self._reading.require_room()
        upload = Upload(
            new_id(), user.id, shown(name), 0, 0, UploadState.ARRIVING, now(),
            as_volume=as_volume, server_id=self.server_id,
        )  # fmt: skip
        self._in_hand.add(upload.id)
        try:
            size = self._copy(stream, self.path(upload.id))
            upload = replace(upload, size=size, offset=size, state=UploadState.QUEUED)
            self._uploads.add(upload)
            self._gate.wait_until_open(START_S)
            self.open(upload.id)
        except BaseException:
            self._forget_refused(upload.id)
            raise
        finally:
            self._in_hand.discard(upload.id)
        opened = self._uploads.get(upload.id)
        assert opened is not None
        return opened

    def _forget_refused(self, upload_id: str) -> None:
        try:
            self._uploads.delete(upload_id)
        except DATABASE_FAULTS:  # nobody was told of it, so it must not be opened either
            self._refused.add(upload_id)
        self.forget_bytes(upload_id)

    def open(self, upload_id: str, turn: Turn | None = None) -> float:
        """Decode, check and keep what an upload holds; idempotent. Returns the seconds that it took.

        It waits for its `turn`; without one it has come just now.
        """
        upload = self._uploads.get(upload_id)
        if upload is None or upload.state is UploadState.DONE:
            return 0.0
        self._uploads.set_state(upload_id, UploadState.OPENING)
        # What is known already, and of whom, is a question about the house, whoever uploads.
        with whole_house(), self._room.place(turn or self._turn(upload)):
            started = monotonic()
            with self._arrivals.opened(upload) as path:
                self._open(upload, path)
            self.forget_bytes(upload.id)
            return monotonic() - started

    def _turn(self, upload: Upload) -> Turn:
        effort = self._effort(upload)
        expected_s = self._jobs.expected.guess(JOB, effort)
        return Turn(time(), expected_s, effort.short, effort.precedence)

    def _open(self, upload: Upload, path: Path) -> None:
        with tempfile.TemporaryDirectory(dir=self._settings.home, prefix="open-") as folder:
            decoded = formats.decode_guarded(
                path,
                upload.name,
                formats.Limits(max_bytes=self._settings.max_scan_bytes),
                timeout_s=self._settings.decode_seconds,
                memory_bytes=self._settings.decode_bytes,
                keep_in=Path(folder),
                as_volume=upload.as_volume,
            )
            for number, scan in enumerate(decoded.scans):
                self._take(upload, scan, _original(Path(folder), number))
                release(scan.array)
        self._uploads.add_outcomes(upload.id, refusals=decoded.refusals)
        self._uploads.set_state(upload.id, UploadState.DONE, sha256=_sha256(path))

    def _take(self, upload: Upload, decoded: DecodedScan, original: Path | None) -> None:
        """Accept one decoded scan, or note why not."""
        known = self._scans.by_content(decoded.content_sha256)
        if known is not None:
            if self._scans.get(known.id) is None:
                refusal = refusal_of(decoded, RefusedScan("withdrawn", WITHDRAWN.format(scan=known.id)))
                self._uploads.add_outcomes(upload.id, refusals=(refusal,))
                return
            self._uploads.add_outcomes(upload.id, known_scan_ids=(known.id,))
            self._scans.note_identifiers(known.id, decoded.identifiers)
            if known.status is ScanStatus.WAITING:  # a stop may have come before it was asked for
                self._tell_arrived(known)
                self._reading.request(known.id)
            return
        try:
            routed = self._gate.route(decoded)
        except RefusedScan as refused:
            refusal = refusal_of(decoded, refused)
            self._uploads.add_outcomes(upload.id, refusals=(refusal,))
            return
        patient = self._patients.find_or_create(decoded.identity, decoded.name)
        scan = scan_of(decoded, patient.id, upload.user_id, routed)
        known_now = partial(self._is_kept, scan)
        with taken_back(self._files, f"scans/{scan.id}", known_now):
            keep_scan(self._files, scan.id, decoded, original, original.suffix if original else "")
            with self._audit.together():
                kept, created = self._scans.add(scan, decoded.identifiers)
                if created:
                    self._audit.record(_added(kept))
        if not created:  # another upload brought the same content at the same moment
            self._files.delete_all(f"scans/{scan.id}")
            self._uploads.add_outcomes(upload.id, known_scan_ids=(kept.id,))
            return
        self._uploads.add_outcomes(upload.id, scan_ids=(kept.id,))
        self._tell_arrived(kept)
        self._reading.request(kept.id)

    def _is_kept(self, scan: Scan) -> bool:
        kept = self._scans.by_content(scan.content_sha256)
        return kept is not None and kept.id == scan.id

    def _work(self, job: JobContext) -> None:
        job.worked_s = self.open(job.subject, job.turn)

    def _give_up(self, upload_id: str, sentence: str) -> None:
        self._uploads.set_state(upload_id, UploadState.FAILED, failure=sentence)

    def _copy(self, stream: BinaryIO, path: Path) -> int:
        size = 0
        with path.open("wb") as file:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > self._settings.max_scan_bytes:
                    raise InvalidInput(too_large(self._settings.max_scan_bytes))
                file.write(piece)
        if size == 0:
            raise InvalidInput("The file is empty.")
        return size


def keep_scan(
    files: FileStore, scan_id: str, decoded: DecodedScan, original: Path | None, suffix: str
) -> None:
    """Put a scan's pixels, its small picture, and its window and own bytes where there are such."""
    files.put_array(keys.array(scan_id), decoded.array)
    files.put(keys.thumbnail(scan_id), pictures.thumbnail_png(decoded.array))
    if decoded.window is not None:
        files.put(keys.window(scan_id), json.dumps(decoded.window).encode())
    if original is not None:
        files.put_file(keys.original(scan_id, suffix), original)


def refusal_of(decoded: DecodedScan, refused: RefusedScan) -> Refusal:
    """Why a decoded scan is not read, with what its header says of where it was made."""
    header = decoded.header
    scanner = scanner_name(header.manufacturer, header.scanner)
    return Refusal(decoded.name, refused.code, str(refused), header.modality, scanner, header.site)


def too_large(limit: int) -> str:
    """The sentence for an upload over the limit (bytes)."""
    return f"The file is larger than the {limit >> 20:,} MiB that this server accepts."


def scan_of(decoded: DecodedScan, patient_id: str, user_id: str, routed: Routed) -> Scan:
    """A decoded scan as it is kept, under a new id, waiting to be read."""
    slices, height, width = decoded.array.shape
    return Scan(
        id=new_id(),
        patient_id=patient_id,
        content_sha256=decoded.content_sha256,
        status=ScanStatus.WAITING,
        task=routed.task,
        header=decoded.header,
        spacing=decoded.spacing,
        grid=decoded.grid,
        slices=slices,
        height=height,
        width=width,
        uploaded_by=user_id,
        created_at=now(),
        warnings=routed.warnings,
        recognised=routed.recognised,
    )


def _added(scan: Scan) -> AuditEvent:
    """By whom a scan came, where that is a person: nodes and earlier studies have events of their own."""
    other = sending_ae_title(scan.uploaded_by) is not None or prior_node(scan.uploaded_by) is not None
    return AuditEvent(now(), None if other else scan.uploaded_by, ADDED, scan.id)


def _original(folder: Path, number: int) -> Path | None:
    """The kept bytes of scan `number`: `NUMBER.zip`, `NUMBER.nii.gz`, ..."""
    for file in folder.iterdir():
        if file.name.split(".")[0] == str(number):
            return file
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def empty_folder(folder: Path) -> None:
    """Remove what a killed opening left in `folder` (directories named `open-…`)."""
    for left in folder.glob("open-*"):
        shutil.rmtree(left, ignore_errors=True)
