"""Files without their row go after a day; those of rows, and what came today, stay."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from data.database import now
from data.files import FileStore
from data.records import Role
from data.stores.left_files import MOST_LEFT, remove_left_files
from services import keys
from tests.dashboard.clinic import Clinic


def test_only_what_no_row_names_and_nobody_wrote_today_is_removed(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, networks=False)
    scan = clinic.add_volume(clinic.person(Role.CLINICIAN).id)
    result = clinic.read_volume(scan)
    clinic.files.put(keys.array("a" * 32), b"left two days ago")
    clinic.files.put(keys.mask("b" * 32), b"left two days ago")
    clinic.files.put(keys.corrected_mask("c" * 32), b"left two days ago")
    two_days_ago = (now() - timedelta(days=2)).timestamp()
    for folder in (tmp_path / "files").glob("*/*"):
        os.utime(folder, (two_days_ago, two_days_ago))
    clinic.files.put(keys.array("d" * 32), b"its row is being written")
    before = set(clinic.files.keys())
    assert remove_left_files(clinic.database, clinic.files, now() - timedelta(days=1)) == 3
    gone = {keys.array("a" * 32), keys.mask("b" * 32), keys.corrected_mask("c" * 32)}
    assert set(clinic.files.keys()) == before - gone
    assert {keys.array(scan.id), keys.mask(result.id), keys.array("d" * 32)} <= before - gone
    assert remove_left_files(clinic.database, FileStore("memory://left"), now()) == 0
    clinic.close()


def test_what_a_kill_left_in_the_middle_of_a_file_goes_with_the_next_start(tmp_path: Path) -> None:
    """The folder is old enough by then: that a half file in it is removed must not make it look new."""
    clinic = Clinic(tmp_path, networks=False)
    clinic.add_volume(clinic.person(Role.CLINICIAN).id)
    left = clinic.files.folder
    assert left is not None
    left = left / "scans" / ("a" * 32)
    left.mkdir(parents=True)
    (left / f".{'0' * 16}.part").write_bytes(b"half")
    two_days_ago = (now() - timedelta(days=2)).timestamp()
    for place in left.parent.iterdir():
        os.utime(place, (two_days_ago, two_days_ago))
    clinic.services.tidying.start()
    until = time.monotonic() + 30
    while left.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    clinic.close()


@pytest.mark.parametrize(("left", "rows"), [(MOST_LEFT + 1, True), (1, False)])
def test_files_of_another_house_or_day_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, left: int, rows: bool
) -> None:
    """A server that was started on the wrong database, or one of last month, deletes no pictures."""
    clinic = Clinic(tmp_path, networks=False)
    if rows:
        clinic.add_volume(clinic.person(Role.CLINICIAN).id)
    for number in range(left):
        clinic.files.put(keys.array(f"{number:032x}"), b"somebody's")
    before = set(clinic.files.keys())
    assert remove_left_files(clinic.database, clinic.files, now() + timedelta(days=1)) == 0
    assert set(clinic.files.keys()) == before
    assert f"{left} folders of files have no row" in caplog.text
    clinic.close()
