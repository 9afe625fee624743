"""Bytes of uploads that a kill left behind are removed at the next start, and no others."""

from __future__ import annotations

from pathlib import Path

from data.records import Role, UploadState
from tests.dashboard.clinic import Clinic


def test_bytes_without_an_upload_or_of_a_done_one_go_at_the_next_start(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, networks=False)
    ada, uploads = clinic.person(Role.CLINICIAN), clinic.services.reading.uploads
    intake = clinic.services.reading.intake
    arriving, done = (uploads.create(ada, f"{number}.png", 10) for number in range(2))
    clinic.uploads.set_state(done.id, UploadState.DONE)
    intake.path("0" * 32).write_bytes(b"killed before its row was written")
    (intake.path("x").parent / ".backup.lock").touch()
    intake.resume()
    left = {path.name for path in intake.path("x").parent.iterdir()}
    assert left == {arriving.id, ".backup.lock"}
    clinic.close()
