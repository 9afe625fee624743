from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from data.arrays import release, write
from data.errors import FilesAway, InvalidInput, NotFound, StorageFull
from data.files import FileStore
from data.outages import outage_of
from tests.integration import buckets


@pytest.fixture(params=["folder", "memory", "s3", "gs"])
def files(request, tmp_path, monkeypatch):
    if request.param == "folder":
        return FileStore(tmp_path / "blobs")
    if request.param == "memory":
        return FileStore("memory://blobs")
    store = request.getfixturevalue("object_stores")[request.param]
    for name, text in store.environment.items():
        monkeypatch.setenv(name, text)
    return FileStore(f"{store.url}/{uuid.uuid4().hex}")


@pytest.fixture(scope="module")
def object_stores():
    with buckets.object_store() as store, store.as_google() as google:
        yield {"s3": store, "gs": google}


@pytest.fixture(params=["s3", "gs"])
def object_store(request, object_stores):
    return object_stores[request.param]


def test_bytes_come_back(files, tmp_path):
    files.put("scans/1/original.zip", b"abc")
    source = tmp_path / "source"
    source.write_bytes(b"defgh")
    files.put_file("scans/1/copy.bin", source)
    assert files.get("scans/1/original.zip") == b"abc"
    assert files.size("scans/1/copy.bin") == 5
    with files.as_path("scans/1/copy.bin") as path:
        assert path.read_bytes() == b"defgh"


def test_a_new_content_takes_the_place_of_the_old(files):
    files.put("a", b"a longer content")
    files.put("a", b"new")
    assert files.get("a") == b"new"


def test_keys_below_a_prefix_and_deletion(files):
    for key in ("scans/1/b", "scans/1/a", "scans/10/a", "top"):
        files.put(key, b"x")
    assert files.keys("scans/1") == ["scans/1/a", "scans/1/b"]
    assert files.keys() == ["scans/1/a", "scans/1/b", "scans/10/a", "top"]
    files.delete("top")
    files.delete("top")
    files.delete_all("scans/1")
    files.delete_all("scans/1")
    assert files.keys() == ["scans/10/a"]


def test_what_is_not_there(files):
    assert not files.exists("scans/1/a")
    for act in (files.get, files.size, files.get_array):
        with pytest.raises(NotFound):
            act("scans/1/a")
    files.put("scans/1/a", b"x")
    assert files.exists("scans/1/a")
    assert not files.exists("scans/1")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a\\b", ".hidden", "a/", "ä", "a\n", "-a/.."]
)
def test_only_keys_are_keys(files, key):
    with pytest.raises(ValueError, match="not a key"):
        files.put(key, b"")


@pytest.mark.parametrize("shape", [(3, 5), (40, 60, 70), (0, 4, 4)])
def test_arrays_come_back_read_only(files, shape):
    array = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    files.put_array("array.npy", array)
    back = files.get_array("array.npy")
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    assert not back.flags.writeable


def test_a_large_array_in_a_folder_is_not_read_as_a_whole(tmp_path):
    files = FileStore(tmp_path)
    files.put_array("array.npy", np.zeros((64, 64, 64)))
    assert isinstance(files.get_array("array.npy"), np.memmap)


def test_python_objects_are_not_kept(files):
    with pytest.raises(ValueError, match="Object arrays"):
        files.put_array("array.npy", np.array([{}]))
    assert not files.exists("array.npy")
    assert files.keys() == []


def test_a_write_that_breaks_off_leaves_the_old_content(tmp_path, monkeypatch):
    files = FileStore(tmp_path)
    files.put("a", b"old")

    def fail(_descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr("data.atomic_files.os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        files.put("a", b"new")
    assert files.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_without_room_for_an_array_is_told_apart():
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError) as raised:  # noqa: PT011
        write(full, np.ones(1 << 16))
    assert isinstance(outage_of(raised.value), StorageFull)


def test_a_mapped_array_can_be_let_go_and_looked_at_again(tmp_path):
    files = FileStore(str(tmp_path))
    files.put_array("large", np.arange(1 << 20))
    array = files.get_array("large")
    assert array[1:].sum() == array.sum()
    before = _mapped_kib()
    release(array[5:])
    assert _mapped_kib() < before - 4096
    assert array[-1] == (1 << 20) - 1
    release(np.arange(3))  # what is not mapped stays as it is


def _mapped_kib() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssFile"))


def test_an_array_of_a_bucket_is_fetched_once_and_anew_where_others_changed_it(object_store, monkeypatch):
    for name, text in object_store.environment.items():
        monkeypatch.setenv(name, text)
    url = f"{object_store.url}/{uuid.uuid4().hex}"
    here, there = FileStore(url), FileStore(url)
    there.put_array("large", np.arange(1 << 16))
    first = here.get_array("large")
    assert isinstance(first, np.memmap)
    assert here.get_array("large") is first
    there.put_array("large", np.zeros(1 << 16, np.int64))
    assert not here.get_array("large").any()
    there.delete("large")
    with pytest.raises(NotFound):
        here.get_array("large")


def test_a_bucket_that_does_not_answer_and_one_that_is_not_there(object_store, monkeypatch):
    monkeypatch.setattr("data.bucket._TRIES", {"max_retries": 0, "retry_timeout": timedelta(seconds=1)})
    for name, text in object_store.environment.items():
        monkeypatch.setenv(name, text)
    files, elsewhere = FileStore(f"{object_store.url}/a"), FileStore(f"{object_store.url[:2]}://nobody/a")
    files.put("kept", b"x")
    files.check()
    for act in (elsewhere.check, lambda: elsewhere.put("a", b"x"), elsewhere.keys):
        with pytest.raises(FilesAway):
            act()
    object_store.go_away()
    try:
        for act in (files.check, files.keys, lambda: files.get("kept"), lambda: files.exists("kept")):
            with pytest.raises(FilesAway, match="gives no answer"):
                act()
        for act in (lambda: files.put("b", b"x"), lambda: files.put_array("b", np.zeros(3))):
            with pytest.raises(FilesAway):
                act()
    finally:
        object_store.come_back()
    assert files.keys() == ["kept"]


def test_a_url_that_leads_nowhere():
    for url in ("nonsense://a/b", "s3://", "s3:///prefix"):
        with pytest.raises(InvalidInput, match="no store of files at"):
            FileStore(url)
