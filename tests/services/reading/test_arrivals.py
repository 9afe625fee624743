"""Uploads of two servers: begun at one, gone on with at the other, opened by any of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.database import new_id
from data.errors import NotFound
from data.files import FileStore
from data.records import Role, Upload, UploadState, User
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.scans import ScanStore
from data.stores.uploads import UploadStore
from services.jobs import Jobs
from services.reading.arrivals import Arrivals
from services.reading.cancelling import Cancellation
from services.reading.uploads import Uploads, WrongOffset
from services.servers import OnlyServer
from tests.data.builders import an_upload
from tests.databases import migrated


class Server(OnlyServer):
    """One of two that live."""

    def __init__(self, name: str, house: set[str]) -> None:
        self.id, self.name, self._house = name, name, house
        house.add(name)

    def alive(self) -> set[str]:
        return set(self._house)


class House:
    """Two servers' uploads on one database and one store of files."""

    def __init__(self, folder: Path) -> None:
        self.database = migrated(f"sqlite:///{folder / 'uploads.db'}")
        self.store, self.files = UploadStore(self.database), FileStore(folder / "files")
        self.alive = set[str]()
        self.arrivals: dict[str, Arrivals] = {}
        self.whole: list[tuple[str, str]] = []
        self.first, self.second = (self._uploads(folder, name) for name in ("one", "other"))

    def _uploads(self, folder: Path, name: str) -> Uploads:
        arrivals = Arrivals(folder / name / "uploads", self.files, name)
        self.arrivals[name] = arrivals
        jobs, scans = Jobs(JobStore(self.database), workers=2), ScanStore(self.database)
        house = self

        class Intake:
            path = staticmethod(arrivals.path)
            forget_bytes = staticmethod(arrivals.forget)

            def submit(self, upload: Upload) -> None:
                arrivals.share(upload)
                house.store.set_state(upload.id, UploadState.QUEUED)
                house.whole.append((name, upload.id))

        cancellation = Cancellation(scans, AuditLog(self.database), jobs)
        intake: object = Intake()
        server = Server(name, self.alive)
        return Uploads(self.store, scans, intake, jobs, cancellation, 1 << 20, server)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.database.dispose()


ADA = User(new_id(), "ada", "Ada", Role.CLINICIAN)


def test_what_has_arrived_is_opened_by_any_server_and_forgotten_by_it(house: House) -> None:
    upload = house.first.create(ADA, "brain.nii", 8)
    house.first.append(ADA, upload.id, 0, io.BytesIO(b"abcdefgh"))
    assert house.arrivals["one"].on_disk() == []
    upload = house.first.get(ADA, upload.id)
    for arrivals in house.arrivals.values():
        assert arrivals.are_reached(upload)
        with arrivals.opened(upload) as path:
            assert path.read_bytes() == b"abcdefgh"
    house.arrivals["other"].forget(upload.id)
    assert not house.arrivals["one"].are_reached(upload) and house.files.keys("uploads") == []
    with pytest.raises(NotFound), house.arrivals["one"].opened(upload):
        pass


def test_an_upload_whose_server_is_gone_begins_anew_at_the_other(house: House) -> None:
    upload = house.first.create(ADA, "brain.nii", 8)
    house.first.append(ADA, upload.id, 0, io.BytesIO(b"abcd"))
    with pytest.raises(WrongOffset, match="begins at byte 0"):
        house.second.append(ADA, upload.id, 4, io.BytesIO(b"efgh"))
    assert house.second.resumed(ADA, upload.id).offset == 0
    house.second.append(ADA, upload.id, 0, io.BytesIO(b"ABCD"))
    with pytest.raises(WrongOffset, match="begins at byte 0"):  # back again: nothing is put together of two
        house.first.append(ADA, upload.id, 4, io.BytesIO(b"efgh"))
    house.first.append(ADA, upload.id, 0, io.BytesIO(b"12345678"))
    assert house.whole == [("one", upload.id)]
    upload = house.first.get(ADA, upload.id)
    house.arrivals["other"].share(upload)  # what is left there of a beginning is never put in its place
    with house.arrivals["other"].opened(upload) as path:
        assert path.read_bytes() == b"12345678"


def test_a_piece_that_was_under_way_while_another_took_over_counts_for_nothing(house: House) -> None:
    upload = house.first.create(ADA, "brain.nii", 8)

    class Late(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                house.second.resumed(ADA, upload.id)
            return super().read(size)

    kept = house.first.append(ADA, upload.id, 0, Late(b"abcd"))
    assert (kept.offset, kept.server_id) == (0, "other")
    assert house.second.resumed(ADA, upload.id).offset == 0


def test_the_last_byte_is_left_to_who_has_it_unless_that_server_is_gone(house: House) -> None:
    upload = house.first.create(ADA, "brain.nii", 4)
    house.arrivals["one"].path(upload.id).write_bytes(b"abcd")
    house.store.advance(upload.id, 4, "one")  # killed before it was had opened
    assert house.second.resumed(ADA, upload.id).offset == 4
    house.alive.discard("one")
    assert house.second.resumed(ADA, upload.id).offset == 0


def test_alone_nothing_is_shared(tmp_path: Path) -> None:
    files = FileStore(tmp_path / "files")
    arrivals = Arrivals(tmp_path / "uploads", files, None)
    upload = an_upload("ada")
    arrivals.path(upload.id).write_bytes(b"abcd")
    arrivals.share(upload)
    assert arrivals.on_disk() == [upload.id] and files.keys() == []
    with arrivals.opened(upload) as path:
        assert path == arrivals.path(upload.id)
