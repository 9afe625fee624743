"""A worker's folder: its own for as long as it lives, whoever begins beside it."""

from __future__ import annotations

import fcntl
import tempfile
from pathlib import Path

import pytest

from services.cluster.worker_folder import WorkerFolder


@pytest.fixture(autouse=True)
def _top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_folder_that_is_held_stays_and_one_that_was_left_goes(tmp_path: Path) -> None:
    left = tmp_path / "lightbox-worker-left"
    left.mkdir()
    (left / "lock").touch()
    first, second = WorkerFolder(), WorkerFolder()
    assert first.path.is_dir()
    assert second.path.is_dir()
    assert not left.exists()
    first.remove()
    second.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_begins_between_making_and_locking_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, others = fcntl.flock, []

    def interrupted(file: int, how: int) -> None:
        if how == fcntl.LOCK_EX and not others:
            others.append(True)
            others[0] = WorkerFolder()  # sees the file, and that nobody holds it yet
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", interrupted)
    here = WorkerFolder()
    (here.path / "training").mkdir()
    assert others[0].path.is_dir()
    here.remove()
    others[0].remove()
    assert list(tmp_path.iterdir()) == []
