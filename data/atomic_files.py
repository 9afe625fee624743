"""Small files that matter are written whole or not at all, whatever is killed.

The content goes to a temporary file in the same folder, is flushed to the disk, and takes the
place of the old one by a rename; then the folder is flushed, so that the rename survives a power cut.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".part"
_BYTES = 8  # that name a temporary file, in hexadecimal digits
_OURS = re.compile(rf"\.[0-9a-f]{{{2 * _BYTES}}}{re.escape(TEMPORARY)}")
PRIVATE = 0o600  # permission bits of a secret: its owner's alone
COMMON = 0o666  # those of any other file, less the process's umask


@contextmanager
def new_file(path: Path, *, mode: int = COMMON, flush: bool = True) -> Iterator[BinaryIO]:
    """A file to write to that is at `path` once the block has ended without an error.

    Makes the folder. Where the block raises, what was at `path` stays. Without `flush` it may be
    lost, whole, in a power cut. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = _held(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if flush:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if flush:
        _flush_folder(path.parent)


def write(path: Path, content: bytes | str, *, mode: int = COMMON) -> None:
    """Put `content` (text as UTF-8) at `path`, in place of what was there. Raises OSError."""
    with new_file(path, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_half_written(folder: Path) -> int:
    """Remove what killed processes left half written below `folder`; how many files that were.

    A file that somebody is writing just now is locked, and stays. Other programs call theirs otherwise.
    """
    removed = 0
    for inside, _, names in os.walk(folder):  # a folder that goes meanwhile is passed over
        for temporary in (Path(inside, name) for name in names if _OURS.fullmatch(name)):
            removed += _removed(temporary)
    return removed


def _removed(temporary: Path) -> bool:
    with suppress(OSError), temporary.open("rb") as file:  # gone, held, or on a disk that knows no locks
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.unlink()
        return True
    return False


def _held(path: Path, mode: int) -> tuple[int, Path]:
    """A new temporary file beside `path`, locked while it is open, so that nobody takes it for left."""
    while True:
        temporary = path.with_name(f".{secrets.token_hex(_BYTES)}{TEMPORARY}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with suppress(OSError):  # a network disk may know no locks: then nothing is removed there either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)  # it was taken for left in the moment before it was locked
