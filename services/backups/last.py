"""When the last backup was made: for the health answer, and for whoever looks at the house."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data import atomic_files
from data.codec import from_json, to_json
from data.database import now
from data.errors import FilesAway, NotFound
from data.files import FileStore
from services import keys
from services.settings import Settings

LAST = "last-backup.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LastBackup:
    """The newest backup that was made to its end. `began_at`: the house is kept as it was then."""

    began_at: datetime
    folder: str
    files: int
    bytes: int


def shared_by(settings: Settings) -> FileStore | None:
    """Where several servers note it, so that each knows of it; None for one alone."""
    return FileStore(settings.files_url) if settings.redis_url else None


def note(home: Path, made: LastBackup, shared: FileStore | None = None) -> None:
    """Note it in the home folder, where it is no part of a backup itself, or where all servers look.

    Raises OSError, FilesAway.
    """
    if shared is None:
        atomic_files.write(home / LAST, to_json(made))
    else:
        shared.put(keys.last_backup(), to_json(made).encode())


class BackupAge:
    """How old the last backup of a house is."""

    def __init__(
        self, home: Path, shared: FileStore | None = None, clock: Callable[[], datetime] = now
    ) -> None:
        self._file = home / LAST
        self._shared = shared
        self._clock = clock

    def last(self) -> LastBackup | None:
        """The newest backup; None where none was made, or where that cannot be seen right now."""
        try:
            known: LastBackup = from_json(LastBackup, self._noted())
        except (FileNotFoundError, NotFound, FilesAway):
            return None
        except ValueError:
            log.error("%s cannot be read: when the last backup was made is not known", self._file)
            return None
        return known

    def _noted(self) -> str:
        if self._shared is None:
            return self._file.read_text()
        return self._shared.get(keys.last_backup()).decode()

    @property
    def seconds(self) -> float | None:
        """Since the last backup began; None where none was made."""
        known = self.last()
        return None if known is None else (self._clock() - known.began_at).total_seconds()
