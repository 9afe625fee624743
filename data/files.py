"""Blobs by key, in a folder or in a bucket of an object store."""

from __future__ import annotations

import copy
import mmap
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from cachetools import TTLCache
from numpy.typing import NDArray

from data import removals
from data.atomic_files import new_file
from data.bucket import Bucket
from data.errors import NotFound

_GONE = "This file is no longer here."
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


_KEPT_BYTES = 1 << 30
_KEPT_S = 600.0


class FileStore:
    """Blobs. A key such as `scans/0123/array.npy` has letters, digits, `._-`, and `/` between parts.

    A blob is either wholly there or not there: on a disk it is written beside its place, flushed
    to the disk and then renamed. `url` is a folder's path, or where a bucket is (`data.bucket`, whose
    FilesAway every method may then raise). Raises InvalidInput for a URL that leads nowhere.
    """

    def __init__(self, url: str | Path) -> None:
        self._bucket = Bucket(str(url)) if "://" in str(url) else None
        self._root = Path(url)
        self._flushes = True
        self._arrays = _FetchedArrays()
        if self._bucket is None:
            self._root.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path | None:
        """Where the blobs lie on this machine; None for a bucket."""
        return self._root if self._bucket is None else None

    def check(self) -> None:
        """Raises FilesAway where blobs are in a bucket that gives no answer."""
        if self._bucket is not None:
            self._bucket.check()

    def unhurried(self) -> FileStore:
        """The same store for many small blobs: what it writes is on the disk after the next `flush`."""
        other = copy.copy(self)
        other._flushes = False
        return other

    def flush(self) -> None:
        """Returns when everything that was put so far would survive a power cut."""
        if self._bucket is None:
            os.sync()

    def put(self, key: str, content: bytes) -> None:
        """Keeps these bytes, in place of what was there."""
        if self._bucket is not None:
            self._bucket.put(_checked(key), content)
            return
        with self._new_file(key) as file:
            file.write(content)

    def put_file(self, key: str, path: Path) -> None:
        """Keeps a copy of a file, in place of what was there."""
        if self._bucket is not None:
            self._bucket.put(_checked(key), path)
            return
        with path.open("rb") as source, self._new_file(key) as file:
            shutil.copyfileobj(source, file, 1 << 20)

    def get(self, key: str) -> bytes:
        """The bytes; NotFound where there are none."""
        if self._bucket is not None:
            return self._bucket.get(_checked(key))
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(_GONE) from error

    @contextmanager
    def as_path(self, key: str) -> Iterator[Path]:
        """The blob as a file on this machine, for reading only; NotFound where there is none."""
        if self._bucket is None:
            if not self.exists(key):
                raise NotFound(_GONE)
            yield self._path(key)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, key.rsplit("/", 1)[-1])
            with path.open("wb") as file:
                self._bucket.fetch(_checked(key), file)
            yield path

    def exists(self, key: str) -> bool:
        """Whether there is such a blob."""
        if self._bucket is None:
            return self._path(key).is_file()
        with suppress(NotFound):
            self._bucket.size(_checked(key))
            return True
        return False

    def size(self, key: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        if self._bucket is not None:
            return self._bucket.size(_checked(key))
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError as error:
            raise NotFound(_GONE) from error

    def keys(self, prefix: str = "") -> list[str]:
        """The keys below a prefix that ends where a part ends (`scans/0123`), sorted."""
        if self._bucket is not None:
            keys = self._bucket.paths(_checked(prefix) if prefix else "")
        else:
            folder = self._path(prefix) if prefix else self._root
            files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
            keys = [file.relative_to(self._root).as_posix() for file in files]
        return sorted(key for key in keys if not _is_hidden(key))

    def delete(self, key: str) -> None:
        """Removes the blob; nothing happens where there is none."""
        if self._bucket is not None:
            self._arrays.forget(_checked(key))
            self._bucket.delete([key])
        elif self.exists(key):
            removals.remove(self._root, self._path(key))

    def delete_all(self, prefix: str) -> None:
        """Removes every blob below a prefix."""
        if self._bucket is not None:
            keys = self._bucket.paths(_checked(prefix))
            for key in keys:
                self._arrays.forget(key)
            self._bucket.delete(keys)
        elif self._path(prefix).is_dir():
            removals.remove_folder(self._root, self._path(prefix))

    def put_array(self, key: str, array: NDArray[Any]) -> None:
        """Keeps an array in NumPy's own format; ValueError for one that holds Python objects."""
        if self._bucket is None:
            with self._new_file(key) as file:
                np.save(file, array, allow_pickle=False)
            return
        with tempfile.NamedTemporaryFile() as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            self._bucket.put(_checked(key), Path(file.name))

    def get_array(self, key: str) -> NDArray[Any]:
        """The array, read-only; from a disk only the parts that are used are read."""
        if self._bucket is None:
            with self.as_path(key) as path:
                return _loaded(path)
        state = self._bucket.state(_checked(key))
        known = self._arrays.get(key, state)
        if known is None:
            with self.as_path(key) as path:
                known = _loaded(path)
            self._arrays.keep(key, state, known)
        return known

    def _path(self, key: str) -> Path:
        return self._root / _checked(key)

    def _new_file(self, key: str) -> AbstractContextManager[BinaryIO]:
        return new_file(self._path(key), flush=self._flushes)


class _FetchedArrays:
    """Arrays of a bucket that lie on this machine for a while, as somebody looks through their slices.

    Their files are unlinked: nothing of them stays when the process ends. At most 1 GiB, for ten minutes.
    """

    def __init__(self) -> None:
        self._kept: TTLCache[str, tuple[str, NDArray[Any]]] = TTLCache(
            _KEPT_BYTES, _KEPT_S, getsizeof=lambda entry: int(entry[1].nbytes)
        )
        self._lock = threading.Lock()

    def get(self, key: str, state: str) -> NDArray[Any] | None:
        with self._lock:
            known = self._kept.get(key)
        return known[1] if known is not None and known[0] == state else None

    def keep(self, key: str, state: str, array: NDArray[Any]) -> None:
        with self._lock, suppress(ValueError):  # larger than all that is kept
            self._kept[key] = (state, array)

    def forget(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def _loaded(path: Path) -> NDArray[Any]:
    small = path.stat().st_size < 65536  # so small that mapping costs more than reading
    array = np.load(path, mmap_mode=None if small else "r", allow_pickle=False)
    array.flags.writeable = False
    return cast(NDArray[Any], array)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of a file: {key!r}")
    return key


def release(array: NDArray[Any]) -> None:
    """Let the memory go that a mapped array takes; who looks at it again has it read again."""
    mapping = getattr(array, "_mmap", None)
    if isinstance(mapping, mmap.mmap):
        mapping.madvise(mmap.MADV_DONTNEED)


def _is_hidden(key: str) -> bool:
    """Whether it is no blob: half written, or set aside."""
    return any(part.startswith(".") for part in key.split("/"))
