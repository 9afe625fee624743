"""Uploads that arrive in pieces and may be taken up again (the verbs of tus 1.0)."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from weakref import WeakValueDictionary

from data.database import DATABASE_FAULTS, new_id, now
from data.department_wall import bound, whole_house
from data.errors import InvalidInput, NotFound
from data.records import JobState, QueuePlace, Refusal, Upload, UploadedScan, UploadState, User
from data.shown_text import shown
from data.stores.scans import ScanStore
from data.stores.uploads import UploadStore
from services.jobs import Jobs
from services.permissions import Permission, require
from services.reading.cancelling import Cancellation
from services.reading.intake import JOB as OPENING
from services.reading.intake import PIECE, Intake, too_large
from services.reading.reading import JOB as READING
from services.servers import OnlyServer

FORGOTTEN_AFTER = timedelta(days=2)
OF_ANOTHER = (
    "A scan in this file is of another department, or of none, so that you do not see it. An administrator "
    "can move it to yours."
)


class WrongOffset(InvalidInput):
    """A piece does not begin where the last one ended."""


@dataclass(frozen=True)
class UploadOutcome:
    """An upload with its scans.

    `queue`: the place of the first that is not read yet, and the time until the last is.
    `starting`: nothing can be opened yet, as the networks that tell what a scan is are still being loaded.
    """

    upload: Upload
    scans: tuple[UploadedScan, ...]
    queue: QueuePlace | None
    starting: bool = False


class Uploads:
    """One person's uploads are nobody else's."""

    def __init__(
        self,
        store: UploadStore,
        scans: ScanStore,
        intake: Intake,
        jobs: Jobs,
        cancellation: Cancellation,
        max_bytes: int,
        servers: OnlyServer | None = None,
    ) -> None:
        self._store = store
        self._servers = servers or OnlyServer()
        self._scans = scans
        self._jobs = jobs
        self._intake = intake
        self._cancellation = cancellation
        self.max_bytes = max_bytes
        # Two tabs may send the same upload: pieces of one upload go in one after the other. A lock is
        # gone as soon as nobody holds it or waits for it, so that unknown ids leave nothing behind.
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._locks_turn = threading.Lock()

    def create(self, user: User, name: str, size: int, *, as_volume: bool = False) -> Upload:
        """Announce `size` bytes called `name`; raises InvalidInput over the limit or for nothing.

        `as_volume`: its numbered pictures are the slices of one volume.
        """
        require(user, Permission.SEND_SCANS)
        if size <= 0:
            raise InvalidInput("The file is empty.")
        if size > self.max_bytes:
            raise InvalidInput(too_large(self.max_bytes))
        plain = shown(PurePosixPath(name.replace("\\", "/")).name)[:200] or "upload"
        upload = Upload(
            new_id(), user.id, plain, size, 0, UploadState.ARRIVING, now(),
            as_volume=as_volume, server_id=self._servers.id,
        )  # fmt: skip
        self._intake.path(upload.id).touch()
        try:
            return self._store.add(upload)
        except DATABASE_FAULTS:
            self._intake.forget_bytes(upload.id)
            raise

    def get(self, user: User, upload_id: str) -> Upload:
        """The upload; raises NotFound for somebody else's."""
        require(user, Permission.SEND_SCANS)
        upload = self._store.get(upload_id)
        if upload is None or upload.user_id != user.id:
            raise NotFound("There is no such upload.")
        return upload

    def resumed(self, user: User, upload_id: str) -> Upload:
        """The upload as far as this server has it; raises NotFound for somebody else's.

        Of several servers another one may have what has arrived, and be gone: then it begins anew here.
        """
        with self._lock(upload_id):
            return self._as_here(self.get(user, upload_id))

    def append(self, user: User, upload_id: str, offset: int, stream: BinaryIO) -> Upload:
        """Add a piece that begins at `offset`; the last one hands the upload to the intake.

        What arrived before a connection broke is kept, so that the sender goes on from there.
        Raises WrongOffset, or InvalidInput for more bytes than were announced.
        """
        with self._lock(upload_id):
            upload = self._as_here(self.get(user, upload_id))
            if upload.state is not UploadState.ARRIVING or offset != upload.offset:
                raise WrongOffset(f"The next piece begins at byte {upload.offset}.")
            upload = self._write(upload, stream)
        if upload.offset == upload.size:
            self._intake.submit(upload)
        return self.get(user, upload_id)

    def abandon(self, user: User, upload_id: str) -> None:
        """Forget an upload that is still arriving; one that is whole stays."""
        upload = self.get(user, upload_id)
        if upload.state is UploadState.ARRIVING:
            self._forget(upload)

    def cancel(self, user: User, upload_id: str) -> int:
        """End the readings of the scans that came of an upload; returns how many ended.

        One that waits to be opened is forgotten, which counts as one. What was read stays read.
        """
        require(user, Permission.CANCEL_READINGS)
        upload = self.get(user, upload_id)
        if upload.state is UploadState.QUEUED:
            return int(self._forget_unopened(upload))
        return sum(self._cancellation.cancel(scan_id, user) for scan_id in self._here(upload))

    def _here(self, upload: Upload) -> list[str]:
        """Its scans that were not withdrawn."""
        return list(self._scans.in_short(upload.scan_ids))

    def _forget_unopened(self, upload: Upload) -> bool:
        """Forget an upload unless somebody has begun to open it."""
        job = self._jobs.unfinished(OPENING, upload.id)
        if job is None or job.state is JobState.RUNNING:
            return False
        forgotten = self._jobs.revoke(job.id, lambda: self._store.delete(upload.id))
        if forgotten:
            self._intake.forget_bytes(upload.id)
        return forgotten

    def recent(self, user: User, limit: int = 20) -> list[Upload]:
        """A person's latest uploads, newest first."""
        require(user, Permission.SEND_SCANS)
        return self._store.of_user(user.id, limit)

    def outcomes(self, user: User, limit: int = 200) -> list[UploadOutcome]:
        """A person's latest uploads, newest first, with what became of each and how long it will take."""
        listed = self.as_seen(self.recent(user, limit))
        wanted = {scan_id for upload in listed for scan_id in (*upload.scan_ids, *upload.known_scan_ids)}
        starting = self._intake.starting
        known, places = self._scans.in_short(wanted), self._jobs.places(READING)
        outcomes = [self._outcome(upload, known, places) for upload in listed]
        return [replace(outcome, starting=True) for outcome in outcomes] if starting else outcomes

    def as_seen(self, uploads: Sequence[Upload]) -> list[Upload]:
        """Uploads as their sender may see them: another department's scan is said, not shown."""
        if bound() is None:
            return list(uploads)
        wanted = [scan_id for upload in uploads for scan_id in (*upload.scan_ids, *upload.known_scan_ids)]
        with whole_house():
            elsewhere = self._scans.here(wanted)
        elsewhere -= self._scans.here(wanted)
        return [_without(upload, elsewhere) for upload in uploads]

    def _outcome(
        self, upload: Upload, known: Mapping[str, UploadedScan], places: Mapping[str, QueuePlace]
    ) -> UploadOutcome:
        new = [known[scan_id] for scan_id in upload.scan_ids if scan_id in known]
        again = [replace(known[scan_id], known=True) for scan_id in upload.known_scan_ids if scan_id in known]
        mine = [places[scan.id] for scan in new if scan.id in places]
        return UploadOutcome(upload, (*new, *again), _of_all(mine))

    def forget_broken(self) -> None:
        """Remove uploads that stopped arriving days ago."""
        for upload in self._store.with_state((UploadState.ARRIVING,), before=now() - FORGOTTEN_AFTER):
            self._forget(upload)

    def _lock(self, upload_id: str) -> threading.Lock:
        with self._locks_turn:
            return self._locks.setdefault(upload_id, threading.Lock())

    def _as_here(self, upload: Upload) -> Upload:
        mine = self._servers.id
        if mine is None or upload.server_id == mine or upload.state is not UploadState.ARRIVING:
            return upload
        if upload.offset == upload.size and upload.server_id in self._servers.alive():
            return upload  # it is about to be had opened there
        self._intake.path(upload.id).write_bytes(b"")
        return self._store.begin_at(upload.id, mine)

    def _advance(self, upload: Upload, offset: int) -> Upload:
        return self._store.advance(upload.id, offset, self._servers.id)

    def _write(self, upload: Upload, stream: BinaryIO) -> Upload:
        """What is acknowledged is on the disk: of a piece that did not fit there, the part that did."""
        written, path = upload.offset, self._intake.path(upload.id)
        try:
            with path.open("r+b") as file:
                file.seek(upload.offset)
                file.truncate()
                while piece := stream.read(PIECE):
                    if written + len(piece) > upload.size:
                        raise InvalidInput("More bytes arrived than were announced.")
                    file.write(piece)
                    written += len(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                written = max(upload.offset, min(written, _on_disk(path)))
                self._advance(upload, written)
            raise
        except BaseException:
            self._advance(upload, written)
            raise
        return self._advance(upload, written)

    def _forget(self, upload: Upload) -> None:
        self._store.delete(upload.id)  # first: bytes without an upload are found by nobody
        self._intake.forget_bytes(upload.id)


def _without(upload: Upload, elsewhere: AbstractSet[str]) -> Upload:
    """An upload without scans that are elsewhere, and a word on them in their place."""
    if elsewhere.isdisjoint((*upload.scan_ids, *upload.known_scan_ids)):
        return upload
    new, known = (
        tuple(scan_id for scan_id in ids if scan_id not in elsewhere)
        for ids in (upload.scan_ids, upload.known_scan_ids)
    )
    said = Refusal(upload.name, "other_department", OF_ANOTHER)
    return replace(upload, scan_ids=new, known_scan_ids=known, refusals=(*upload.refusals, said))


def _of_all(places: Sequence[QueuePlace]) -> QueuePlace | None:
    """The place of the first, and the time until the last is read."""
    if not places:
        return None
    first, last = min(places, key=_place), max(places, key=_place)
    return replace(first, expected_s=last.expected_s)


def _place(queued: QueuePlace) -> int:
    return queued.place


def _on_disk(path: Path) -> int:
    """How many bytes of a file would survive a power cut, after what was written last did not all fit."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size
