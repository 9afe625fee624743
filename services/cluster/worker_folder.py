"""The folder of a worker on its machine's disk."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path

_PREFIX = "lightbox-worker-"
_LOCK = "lock"


class WorkerFolder:
    """A new folder that only this account can look into, held by a lock; those of killed workers go."""

    def __init__(self) -> None:
        top = Path(tempfile.gettempdir())
        for left in top.glob(f"{_PREFIX}*"):
            _remove_if_left(left)
        self._make(top)
        while not (self.path / _LOCK).exists():  # one that began meanwhile took it for a killed worker's
            self.remove()
            self._make(top)

    def _make(self, top: Path) -> None:
        self._own = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=top, ignore_cleanup_errors=True)
        self.path = Path(self._own.name)
        self._lock = (self.path / _LOCK).open("w")  # held as long as this process lives
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Take it away with all that lies in it."""
        self._own.cleanup()
        self._lock.close()


def _remove_if_left(folder: Path) -> None:
    try:
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # a worker that lives, another account's, or one that is just being made
        return
