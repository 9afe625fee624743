"""Pieces of uploads: in order, one after the other, and without a trace of ids that nobody knows."""

from __future__ import annotations

import errno
import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.database import new_id
from data.errors import NotFound, Outage
from data.records import JobState, QueuePlace, Role, UploadState, User
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.scans import ScanStore
from data.stores.uploads import UploadStore
from services.jobs import Jobs
from services.reading.cancelling import Cancellation
from services.reading.uploads import Uploads, WrongOffset
from tests.dashboard.clinic import Clinic
from tests.data.builders import MORNING, a_job, an_upload
from tests.databases import migrated


class Arrivals:
    """Where bytes lie until they are whole; notes which are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.whole: list[str] = []

    def path(self, upload_id: str) -> Path:
        return self.folder / upload_id

    def submit(self, upload: Any) -> None:
        self.whole.append(upload.id)


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals(tmp_path)


@pytest.fixture
def uploads(tmp_path: Path, arrivals: Arrivals) -> Any:
    database = migrated(f"sqlite:///{tmp_path / 'uploads.db'}")
    intake: Any = arrivals
    jobs = Jobs(JobStore(database), workers=2)
    scans = ScanStore(database)
    cancellation = Cancellation(scans, AuditLog(database), jobs)
    yield Uploads(UploadStore(database), scans, intake, jobs, cancellation, max_bytes=1 << 20)
    database.dispose()


@pytest.fixture
def sender() -> User:
    return User(new_id(), "ada", "Ada", Role.CLINICIAN, MORNING)


def test_unknown_ids_leave_no_lock_behind(uploads: Uploads, sender: User) -> None:
    for number in range(3000):
        with pytest.raises(NotFound):
            uploads.append(sender, f"unknown-{number}", 0, io.BytesIO(b"x"))
    assert len(uploads._locks) == 0


def test_pieces_of_one_upload_go_in_one_after_the_other(
    uploads: Uploads, arrivals: Arrivals, sender: User
) -> None:
    upload = uploads.create(sender, "brain.nii", 8)
    inside, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            inside.set()
            go_on.wait(30)
            return super().read(size)

    first = threading.Thread(target=uploads.append, args=(sender, upload.id, 0, Slow(b"abcd")))
    first.start()
    assert inside.wait(30)
    refused: list[BaseException] = []

    def again() -> None:
        try:
            uploads.append(sender, upload.id, 0, io.BytesIO(b"ABCD"))
        except WrongOffset as error:
            refused.append(error)

    second = threading.Thread(target=again)
    second.start()
    second.join(0.2)
    assert second.is_alive()  # it waits for the first
    go_on.set()
    first.join(30), second.join(30)
    assert [str(error) for error in refused] == ["The next piece begins at byte 4."]
    uploads.append(sender, upload.id, 4, io.BytesIO(b"efgh"))
    assert arrivals.whole == [upload.id]
    assert arrivals.path(upload.id).read_bytes() == b"abcdefgh"
    assert len(uploads._locks) == 0


def test_one_byte_too_many_is_refused(uploads: Uploads, arrivals: Arrivals, sender: User) -> None:
    upload = uploads.create(sender, "brain.nii", 4)
    with pytest.raises(Exception, match="More bytes"):
        uploads.append(sender, upload.id, 0, io.BytesIO(b"abcde"))
    assert arrivals.whole == []


def test_the_place_in_the_queue_and_the_time_to_wait_are_told_as_far_as_known(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = clinic.person(Role.CLINICIAN)
    scans = [clinic.add_volume(user.id) for _ in range(3)]
    upload = an_upload(user.id, state=UploadState.DONE, scan_ids=(scans[1].id, scans[2].id))
    clinic.uploads.add(replace(upload, known_scan_ids=(scans[0].id, "gone")))
    store = JobStore(clinic.database)
    for minute, scan in enumerate(scans):
        store.add(a_job("read", scan.id, minute))
    uploads = clinic.services.reading.uploads
    (outcome,) = uploads.outcomes(user)
    assert [(scan.id, scan.known) for scan in outcome.scans] == [
        (scans[1].id, False), (scans[2].id, False), (scans[0].id, True)
    ]  # fmt: skip
    assert outcome.queue == QueuePlace(2, 3, None)  # nobody knows yet how long a reading takes
    for number in range(3):
        job = a_job("read", f"earlier {number}", -10 - number, state=JobState.DONE)
        store.add(replace(job, worked_s=20.0 + 10 * number))
    monkeypatch.setattr("services.jobs.expected.KEPT_S", 0.0)
    (outcome,) = uploads.outcomes(user)
    assert outcome.queue == QueuePlace(2, 3, 90.0)  # until the third is read, 30 s each


def test_while_networks_load_an_upload_is_kept_and_said_to_wait_for_the_start(clinic: Clinic) -> None:
    user = clinic.person(Role.CLINICIAN)
    clinic.uploads.add(an_upload(user.id, state=UploadState.QUEUED))
    uploads = clinic.services.reading.uploads
    assert [outcome.starting for outcome in uploads.outcomes(user)] == [True]
    clinic._load_networks()
    assert [outcome.starting for outcome in uploads.outcomes(user)] == [False]


def test_of_a_piece_that_the_disk_did_not_take_nothing_is_acknowledged(
    uploads: Uploads, arrivals: Arrivals, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.create(sender, "brain.nii", 8)
    uploads.append(sender, upload.id, 0, io.BytesIO(b"abc"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("services.reading.uploads.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            uploads.append(sender, upload.id, 3, io.BytesIO(b"defgh"))
    assert uploads.get(sender, upload.id).offset == 3
    assert uploads.append(sender, upload.id, 3, io.BytesIO(b"defgh")).offset == 8
    assert arrivals.path(upload.id).read_bytes() == b"abcdefgh"
    assert arrivals.whole == [upload.id]


def test_an_upload_that_the_database_does_not_take_leaves_no_bytes(
    uploads: Uploads, arrivals: Arrivals, sender: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_upload: Any) -> Any:
        raise Outage("The database does not answer.")

    forgotten: list[str] = []
    monkeypatch.setattr(arrivals, "forget_bytes", forgotten.append, raising=False)
    monkeypatch.setattr(uploads._store, "add", away)
    with pytest.raises(Outage):
        uploads.create(sender, "brain.nii", 8)
    assert len(forgotten) == 1
