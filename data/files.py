"""Blobs by key, in a folder or in a bucket of an object store."""

from __future__ import annotations

import copy
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from data.bucket import Bucket
from data.folder import Folder

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class FileStore:
    """Blobs. A key such as `scans/0123/array.npy` has letters, digits, `._-`, and `/` between parts.

    A blob is either wholly there or not there. `url` is a folder's path, or where a bucket is (`data.bucket`,
    whose FilesAway every method may then raise). Raises InvalidInput for a URL that leads nowhere, and
    ValueError for what is no key.
    """

    def __init__(self, url: str | Path) -> None:
        self._blobs: Folder | Bucket = Bucket(str(url)) if "://" in str(url) else Folder(Path(url))

    @property
    def folder(self) -> Path | None:
        """Where the blobs lie on this machine; None for a bucket."""
        return self._blobs.folder

    def check(self) -> None:
        """Raises FilesAway where blobs are in a bucket that gives no answer."""
        self._blobs.check()

    def unhurried(self) -> FileStore:
        """The same store for many small blobs: what it writes is on the disk after the next `flush`."""
        other = copy.copy(self)
        other._blobs = self._blobs.unhurried()
        return other

    def flush(self) -> None:
        """Returns when everything that was put so far would survive a power cut."""
        self._blobs.flush()

    def put(self, key: str, content: bytes) -> None:
        """Keeps these bytes, in place of what was there."""
        self._blobs.put(_checked(key), content)

    def put_file(self, key: str, path: Path) -> None:
        """Keeps a copy of a file, in place of what was there."""
        self._blobs.put_file(_checked(key), path)

    def get(self, key: str) -> bytes:
        """The bytes; NotFound where there are none."""
        return self._blobs.get(_checked(key))

    def as_path(self, key: str) -> AbstractContextManager[Path]:
        """The blob as a file on this machine, for reading only; NotFound where there is none."""
        return self._blobs.as_path(_checked(key))

    def exists(self, key: str) -> bool:
        """Whether there is such a blob."""
        return self._blobs.exists(_checked(key))

    def size(self, key: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        return self._blobs.size(_checked(key))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys below a prefix that ends where a part ends (`scans/0123`), sorted."""
        paths = self._blobs.paths(_checked(prefix) if prefix else "")
        return sorted(path for path in paths if not _is_hidden(path))

    def delete(self, key: str) -> None:
        """Removes the blob; nothing happens where there is none."""
        self._blobs.delete(_checked(key))

    def delete_all(self, prefix: str) -> None:
        """Removes every blob below a prefix."""
        self._blobs.delete_all(_checked(prefix))

    def put_array(self, key: str, array: NDArray[Any]) -> None:
        """Keeps an array in NumPy's own format; ValueError for one that holds Python objects."""
        self._blobs.put_array(_checked(key), array)

    def get_array(self, key: str) -> NDArray[Any]:
        """The array, read-only; from a disk only the parts that are used are read."""
        return self._blobs.get_array(_checked(key))


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of a file: {key!r}")
    return key


def _is_hidden(path: str) -> bool:
    """Whether it is no blob: half written, or set aside."""
    return any(part.startswith(".") for part in path.split("/"))
