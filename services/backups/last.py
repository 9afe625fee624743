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

LAST = "last-backup.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LastBackup:
    """The newest backup that was made to its end. `began_at`: the house is kept as it was then."""

    began_at: datetime
    folder: str
    files: int
    bytes: int


def note(home: Path, made: LastBackup) -> None:
    """Note it in the home folder; it is not part of a backup itself. Raises OSError."""
    atomic_files.write(home / LAST, to_json(made))


class BackupAge:
    """How old the last backup of a house is."""

    def __init__(self, home: Path, clock: Callable[[], datetime] = now) -> None:
        self._file = home / LAST
        self._clock = clock

    def last(self) -> LastBackup | None:
        """The newest backup; None where none was made."""
        try:
            known: LastBackup = from_json(LastBackup, self._file.read_text())
        except FileNotFoundError:
            return None
        except ValueError:
            log.error("%s cannot be read: when the last backup was made is not known", self._file)
            return None
        return known

    @property
    def seconds(self) -> float | None:
        """Since the last backup began; None where none was made."""
        known = self.last()
        return None if known is None else (self._clock() - known.began_at).total_seconds()
