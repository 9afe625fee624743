"""Unpacked volumes stay in memory by bytes, not by number."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from data.errors import NotFound
from data.files import FileStore
from data.packing import packed
from services.reviewing.volumes import kept_volumes

MIB = 1 << 20


class CountedFiles(FileStore):
    """A file store that notes what was read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.read: list[str] = []

    def get(self, key: str) -> bytes:
        self.read.append(key)
        return super().get(key)


@pytest.fixture
def files(tmp_path: Path) -> CountedFiles:
    store = CountedFiles(tmp_path / "files")
    for name, slices in (("small-a", 1), ("small-b", 1), ("large", 4), ("huge", 6)):
        store.put(name, packed(np.full((slices, 1024, 1024), slices, np.uint8)))
    return store


def test_a_volume_is_unpacked_once(files: CountedFiles) -> None:
    volume = kept_volumes(files, 5 * MIB)
    assert volume("large") is volume("large")
    assert volume("large").shape == (4, 1024, 1024)
    assert files.read == ["large"]


def test_a_large_volume_drives_out_what_was_asked_for_longest_ago(files: CountedFiles) -> None:
    volume = kept_volumes(files, 5 * MIB)
    volume("small-a"), volume("small-b"), volume("small-a")
    volume("large")  # 1 + 1 + 4 MiB are too many
    files.read.clear()
    volume("small-a"), volume("large")
    assert files.read == []
    volume("small-b")
    assert files.read == ["small-b"]


def test_a_volume_larger_than_the_budget_is_served_and_not_kept(files: CountedFiles) -> None:
    volume = kept_volumes(files, 5 * MIB)
    volume("small-a")
    assert (volume("huge") == 6).all() and (volume("huge") == 6).all()
    volume("small-a")
    assert files.read == ["small-a", "huge", "huge"]


def test_nothing_is_kept_without_memory(files: CountedFiles) -> None:
    volume = kept_volumes(files, 0)
    volume("small-a"), volume("small-a")
    assert files.read == ["small-a", "small-a"]


def test_many_who_ask_at_once_have_it_unpacked_once(files: CountedFiles) -> None:
    volume = kept_volumes(files, 5 * MIB)
    start = threading.Barrier(8)

    def scroll() -> None:
        start.wait()
        volume("large")

    threads = [threading.Thread(target=scroll) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files.read == ["large"]


def test_what_is_not_there_is_not_found_each_time(files: CountedFiles) -> None:
    volume = kept_volumes(files)
    for _ in range(2):
        with pytest.raises(NotFound):
            volume("nothing")


def test_a_kept_volume_cannot_be_changed_by_who_looks_at_it(files: CountedFiles) -> None:
    volume = kept_volumes(files)("small-a")
    with pytest.raises(ValueError, match="read-only"):
        volume[0, 0, 0] = 9
