"""Blobs by key, in a folder or, through fsspec, wherever a URL points."""

from __future__ import annotations

import copy
import io
import mmap
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem
from numpy.typing import NDArray

from data import removals
from data.atomic_files import new_file
from data.errors import NotFound

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class FileStore:
    """Blobs. A key such as `scans/0123/array.npy` has letters, digits, `._-`, and `/` between parts.

    A blob is either wholly there or not there: on a disk it is written beside its place, flushed
    to the disk and then renamed. `url` is a folder's path, or s3://, gs://, memory:// and the like.
    """

    def __init__(self, url: str | Path) -> None:
        self._fs, root = fsspec.core.url_to_fs(str(url))
        self._root = str(root).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)
        self._flushes = True
        if self._local:
            Path(self._root).mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path | None:
        """Where the blobs lie on this machine; None for a store elsewhere."""
        return Path(self._root) if self._local else None

    def unhurried(self) -> FileStore:
        """The same store for many small blobs: what it writes is on the disk after the next `flush`."""
        other = copy.copy(self)
        other._flushes = False
        return other

    def flush(self) -> None:
        """Returns when everything that was put so far would survive a power cut."""
        if self._local:
            os.sync()

    def put(self, key: str, content: bytes) -> None:
        """Keeps these bytes, in place of what was there."""
        if self._local:
            with self._new_file(key) as file:
                file.write(content)
        else:
            self._fs.pipe_file(self._path(key), content)

    def put_file(self, key: str, path: Path) -> None:
        """Keeps a copy of a file, in place of what was there."""
        if self._local:
            with path.open("rb") as source, self._new_file(key) as file:
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            self._fs.put_file(str(path), self._path(key))

    def get(self, key: str) -> bytes:
        """The bytes; NotFound where there are none."""
        with self.open(key) as file:
            return file.read()

    def open(self, key: str) -> BinaryIO:
        """The blob for reading and seeking; NotFound where there is none."""
        try:
            return cast(BinaryIO, self._fs.open(self._path(key), "rb"))
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound("This file is no longer here.") from error

    @contextmanager
    def as_path(self, key: str) -> Iterator[Path]:
        """The blob as a file on this machine, for reading only; NotFound where there is none."""
        if self._local:
            if not self.exists(key):
                raise NotFound("This file is no longer here.")
            yield Path(self._path(key))
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, key.rsplit("/", 1)[-1])
            with self.open(key) as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            yield path

    def exists(self, key: str) -> bool:
        """Whether there is such a blob."""
        return bool(self._fs.isfile(self._path(key)))

    def size(self, key: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        try:
            return int(self._fs.size(self._path(key)))
        except FileNotFoundError as error:
            raise NotFound("This file is no longer here.") from error

    def keys(self, prefix: str = "") -> list[str]:
        """The keys below a prefix that ends where a part ends (`scans/0123`), sorted."""
        folder = self._path(prefix) if prefix else self._root
        # Another process may have put something there since this one last looked.
        self._fs.invalidate_cache()
        keys = [str(path)[len(self._root) + 1 :] for path in self._fs.find(folder)]
        return sorted(key for key in keys if not _is_hidden(key))

    def delete(self, key: str) -> None:
        """Removes the blob; nothing happens where there is none."""
        if not self.exists(key):
            return
        if self._local:
            removals.remove(Path(self._root), Path(self._path(key)))
        else:
            self._fs.rm_file(self._path(key))

    def delete_all(self, prefix: str) -> None:
        """Removes every blob below a prefix."""
        path = self._path(prefix)
        if not self._fs.isdir(path):
            return
        if self._local:
            removals.remove_folder(Path(self._root), Path(path))
        else:
            self._fs.rm(path, recursive=True)

    def put_array(self, key: str, array: NDArray[Any]) -> None:
        """Keeps an array in NumPy's own format; ValueError for one that holds Python objects."""
        if self._local:
            with self._new_file(key) as file:
                np.save(file, array, allow_pickle=False)
        else:
            memory = io.BytesIO()
            np.save(memory, array, allow_pickle=False)
            self.put(key, memory.getvalue())

    def get_array(self, key: str) -> NDArray[Any]:
        """The array, read-only; from a disk only the parts that are used are read."""
        with self.as_path(key) as path:
            small = path.stat().st_size < 65536  # so small that mapping costs more than reading
            array = np.load(path, mmap_mode="r" if self._local and not small else None, allow_pickle=False)
        array.flags.writeable = False
        return cast(NDArray[Any], array)

    def _path(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key of a file: {key!r}")
        return f"{self._root}/{key}"

    def _new_file(self, key: str) -> AbstractContextManager[BinaryIO]:
        return new_file(Path(self._path(key)), flush=self._flushes)


def release(array: NDArray[Any]) -> None:
    """Let the memory go that a mapped array takes; who looks at it again has it read again."""
    mapping = getattr(array, "_mmap", None)
    if isinstance(mapping, mmap.mmap):
        mapping.madvise(mmap.MADV_DONTNEED)


def _is_hidden(key: str) -> bool:
    """Whether it is no blob: half written, or set aside."""
    return any(part.startswith(".") for part in key.split("/"))
