"""What is removed while a backup is made is set aside until it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import removals
from data.errors import NotFound
from data.files import FileStore


def test_without_a_backup_what_is_removed_is_gone(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    files.put("a/b", b"1")
    files.delete("a/b")
    files.delete("a/none")
    files.put("c/d", b"1")
    files.delete_all("c")
    assert files.keys() == []
    assert not (tmp_path / removals.ASIDE).exists()


def test_during_a_backup_it_is_gone_for_the_house_and_there_for_the_backup(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    for key in ("a/b", "c/d", "c/e/f"):
        files.put(key, key.encode())
    with removals.set_aside(tmp_path) as aside:
        files.delete("a/b")
        files.delete_all("c")
        assert files.keys() == []
        with pytest.raises(NotFound):
            files.get("a/b")
        assert {str(file.relative_to(aside)) for file in aside.rglob("*") if file.is_file()} == {
            "a/b",
            "c/d",
            "c/e/f",
        }
        files.put("a/b", b"another")
    assert not aside.exists()
    assert files.get("a/b") == b"another"


def test_only_one_sets_aside_at_a_time_and_a_killed_one_leaves_nothing(tmp_path: Path) -> None:
    left = tmp_path / removals.ASIDE / "of a killed one"
    left.parent.mkdir()
    left.touch()
    with removals.set_aside(tmp_path):
        assert not left.exists()
        with pytest.raises(BlockingIOError), removals.set_aside(tmp_path):
            pass
    with removals.set_aside(tmp_path):
        pass
