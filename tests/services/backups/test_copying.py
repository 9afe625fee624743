from __future__ import annotations

import os
from pathlib import Path, PosixPath

import pytest

from services.backups import manifest
from services.backups.copying import Copying, earlier_of


class RemovedOnceLookedAt(PosixPath):
    """A file that somebody removes between the first look at it and its opening."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        status = super().stat(follow_symlinks=follow_symlinks)
        self.unlink()
        return status


@pytest.mark.parametrize("known", [False, True])
def test_of_a_file_that_goes_while_it_is_copied_nothing_stays(tmp_path: Path, known: bool) -> None:
    earlier = None
    if known:  # then it is read for its hash first
        (tmp_path / "earlier" / "files").mkdir(parents=True)
        (tmp_path / "earlier" / "files" / "report.pdf").write_bytes(b"%PDF")
        manifest.write_files(tmp_path / "earlier", {"files/report.pdf": "0" * 64})
        earlier = earlier_of(tmp_path / "earlier")
    source, backup = tmp_path / "report.pdf", tmp_path / "backup"
    source.write_bytes(b"%PDF")
    copying = Copying(backup, earlier)
    assert copying.take(RemovedOnceLookedAt(source), "files/report.pdf") is False
    assert not source.exists()
    assert copying.hashes == {}
    assert [file for file in backup.rglob("*") if file.is_file()] == []
