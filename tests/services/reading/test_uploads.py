"""Pieces of uploads: in order, one after the other, and without a trace of ids that nobody knows."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest

from data.database import migrate, new_id, open_database
from data.errors import NotFound
from data.records import Role, User
from data.stores.uploads import UploadStore
from services.reading.uploads import Uploads, WrongOffset
from tests.data.builders import MORNING


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
    database = open_database(f"sqlite:///{tmp_path / 'uploads.db'}")
    migrate(database)
    intake: Any = arrivals
    yield Uploads(UploadStore(database), intake, max_bytes=1 << 20)
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
