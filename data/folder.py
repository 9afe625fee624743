"""Blobs by path in a folder of this machine."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from data import removals
from data.arrays import mapped, write
from data.atomic_files import new_file
from data.errors import NotFound

_GONE = "This file is no longer here."
_AT_ONCE = 1 << 20  # bytes of a copy


class Folder:
    """What lies below a folder, which is made where there is none.

    A blob is written beside its place, flushed to the disk and then renamed.
    """

    def __init__(self, root: Path) -> None:
        self.folder: Path | None = root
        self._root = root
        self._flushes = True
        root.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Nothing: a disk answers."""

    def unhurried(self) -> Folder:
        """The same folder, whose new blobs are on the disk after the next `flush`."""
        other = copy.copy(self)
        other._flushes = False
        return other

    def flush(self) -> None:
        """Returns when everything that was put so far would survive a power cut."""
        os.sync()

    def put(self, path: str, content: bytes) -> None:
        """Keep these bytes, in place of what was there."""
        with self._new_file(path) as file:
            file.write(content)

    def put_file(self, path: str, source: Path) -> None:
        """Keep a copy of a file, in place of what was there."""
        with source.open("rb") as opened, self._new_file(path) as file:
            shutil.copyfileobj(opened, file, _AT_ONCE)

    def put_array(self, path: str, array: NDArray[Any]) -> None:
        """Keep an array in NumPy's own format."""
        with self._new_file(path) as file:
            write(file, array)

    def get(self, path: str) -> bytes:
        """The bytes; NotFound where there are none."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(_GONE) from error

    def get_array(self, path: str) -> NDArray[Any]:
        """The array, of which only the parts that are used are read; NotFound where there is none."""
        with self.as_path(path) as file:
            return mapped(file)

    @contextmanager
    def as_path(self, path: str) -> Iterator[Path]:
        """The blob itself; NotFound where there is none."""
        if not self.exists(path):
            raise NotFound(_GONE)
        yield self._root / path

    def exists(self, path: str) -> bool:
        """Whether there is such a blob."""
        return (self._root / path).is_file()

    def size(self, path: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        try:
            return (self._root / path).stat().st_size
        except FileNotFoundError as error:
            raise NotFound(_GONE) from error

    def paths(self, prefix: str) -> list[str]:
        """The paths of all files below a prefix that ends where a part ends; all for an empty one."""
        files = (Path(at, name) for at, _, names in os.walk(self._root / prefix) for name in names)
        return [file.relative_to(self._root).as_posix() for file in files]

    def delete(self, path: str) -> None:
        """Remove a blob; nothing happens where there is none."""
        if self.exists(path):
            removals.remove(self._root, self._root / path)

    def delete_all(self, prefix: str) -> None:
        """Remove everything below a prefix."""
        if (self._root / prefix).is_dir():
            removals.remove_folder(self._root, self._root / prefix)

    def _new_file(self, path: str) -> AbstractContextManager[BinaryIO]:
        return new_file(self._root / path, flush=self._flushes)
