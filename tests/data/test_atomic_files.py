"""Small files: whole or not at all, and the old ones stay where writing fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from data import atomic_files


def _folder(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def test_content_is_put_in_place_of_the_old_and_its_folder_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "settings.json"
    atomic_files.write(file, "größer")
    assert file.read_text(encoding="utf-8") == "größer"
    atomic_files.write(file, b"\x00")
    assert file.read_bytes() == b"\x00"
    assert _folder(file.parent) == ["settings.json"]


def test_a_secret_is_its_owners_alone_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(stat.S_IMODE(self.stat().st_mode))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    before = os.umask(0o022)
    try:
        atomic_files.write(tmp_path / "secret", "s", mode=atomic_files.PRIVATE)
        atomic_files.write(tmp_path / "common", "c")
    finally:
        os.umask(before)
    assert seen == [0o600, 0o644]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_what_is_killed_before_the_rename_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "champion.json"
    atomic_files.write(file, "old")
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        atomic_files.write(file, "new")
    assert file.read_text() == "old"
    assert _folder(tmp_path) == ["champion.json"]


def test_half_a_file_is_never_put_in_place(tmp_path: Path) -> None:
    file = tmp_path / "champion.json"
    atomic_files.write(file, "old")
    with pytest.raises(OSError, match="full"), atomic_files.new_file(file) as writing:
        writing.write(b"ne")
        raise OSError("the disk is full")
    assert file.read_text() == "old"


def test_content_is_on_the_disk_before_its_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    flush, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        flush(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    atomic_files.write(tmp_path / "file", "content")
    assert done == ["file", "rename", "folder"]
    done.clear()
    with atomic_files.new_file(tmp_path / "file", flush=False) as writing:
        writing.write(b"quick")
    assert done == ["rename"]


def test_what_a_kill_left_half_written_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    left = tmp_path / "deep" / f".0123456789abcdef{atomic_files.TEMPORARY}"
    left.parent.mkdir()
    left.write_bytes(b"half")
    (tmp_path / f"kept{atomic_files.TEMPORARY}").write_bytes(b"not one of ours")
    (tmp_path / f".copied{atomic_files.TEMPORARY}").write_bytes(b"of another program")
    with atomic_files.new_file(tmp_path / "new") as file:
        file.write(b"whole")
        assert atomic_files.remove_half_written(tmp_path) == 1
    assert not left.exists() and (tmp_path / "new").read_bytes() == b"whole"
    assert atomic_files.remove_half_written(tmp_path) == 0
    assert _folder(tmp_path) == [
        f".copied{atomic_files.TEMPORARY}",
        "deep",
        f"kept{atomic_files.TEMPORARY}",
        "new",
    ]
