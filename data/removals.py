"""Removing files beside a backup: what is removed while one is made is set aside until it ends.

A backup copies the database first and files afterwards. A file that a row of the copy names may be removed
in between, rightly: the backup finds it set aside, and nobody else does. Who removes a file removes what
names it first, and then asks here; so each file that the copy names is there, or set aside. A lock of the
operating system says whether a backup is being made: it is gone with the process that held it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".backup.lock"
ASIDE = ".removed"
"""Below this folder lie the files that were removed while a backup was made, at their own paths."""
_LOOKED_EVERY_S = 0.02


@contextmanager
def set_aside(root: Path) -> Iterator[Path]:
    """While this lasts, what is removed below `root` goes below the folder that is given instead.

    It waits for removals that have begun. Raises BlockingIOError where somebody else does the same.
    """
    aside = root / ASIDE
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root) as lock, _alone(root):
        while not _taken(lock, fcntl.LOCK_EX):
            time.sleep(_LOOKED_EVERY_S)
        shutil.rmtree(aside, ignore_errors=True)  # of a backup that was killed
        try:
            yield aside
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
            shutil.rmtree(aside, ignore_errors=True)


def remove(root: Path, path: Path) -> None:
    """Remove a file below `root`; nothing happens where there is none."""
    with _lock(root) as lock:
        if _taken(lock, fcntl.LOCK_SH):
            path.unlink(missing_ok=True)
        else:
            _put_aside(root, path)


def remove_folder(root: Path, folder: Path) -> None:
    """Remove a folder below `root` with all that is in it. Raises OSError."""
    with _lock(root) as lock:
        if not _taken(lock, fcntl.LOCK_SH):
            for parent, _, names in os.walk(folder):
                for name in names:
                    _put_aside(root, Path(parent, name))
        shutil.rmtree(folder)


@contextmanager
def _lock(root: Path) -> Iterator[int]:
    descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One at a time sets aside: a second one that waited would be given an emptied folder."""
    descriptor = os.open(root / f"{LOCK}.alone", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _taken(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _put_aside(root: Path, path: Path) -> None:
    target = root / ASIDE / path.relative_to(root)
    while path.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the backup has ended, and empties its folder
            path.replace(target)
