"""The folder between the DICOM node, which fills it, and the server, which empties it.

`studies/STUDY/SERIES/SOP.dcm`: an instance is there whole and flushed to the disk before its sender is told
of success, and its name says which one it is, so that it cannot be there twice. Two processes work here,
and either may be killed at any moment: neither needs to know more than what lies in the folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from data import atomic_files, formats, removals

SUFFIX = ".dcm"
_MEASURED_EVERY_S = 5.0  # while it is full: the server removes what it has handed over

Signature = tuple[tuple[str, int], ...]
"""Differs whenever an instance of a study has come: each series with the time of its folder's last change."""


class SpoolFullError(OSError):
    """The folder holds as much as it may."""


class Spool:
    """Instances that were received."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._studies = folder, folder / "studies"
        self._limit = limit_bytes
        self._used: int | None = None
        self._measured_at = 0.0
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the folder, and remove what a kill left half written. For the node, before it listens."""
        self._studies.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self._studies.rglob(f".*{atomic_files.TEMPORARY}"):
            left.unlink(missing_ok=True)

    def keep(self, uids: formats.InstanceUids, parts: Sequence[bytes]) -> bool:
        """Keep an instance for good; False where it is here already. Raises OSError for want of room."""
        path = self._studies / uids.study / uids.series / f"{uids.sop_instance}{SUFFIX}"
        if path.exists():
            return False
        size = sum(len(part) for part in parts)
        self._take_room(size)
        try:
            self._write(path, parts)
        except FileNotFoundError:  # the server removed the emptied folder at this very moment
            self._write(path, parts)
        return True

    def studies(self) -> list[str]:
        """The StudyInstanceUIDs that anything lies here of."""
        return _folders(self._studies)

    def signature(self, study: str) -> Signature:
        """What tells that nothing has come for a study since it was looked at last."""
        changed: list[tuple[str, int]] = []
        for series in _folders(self._studies / study):
            with suppress(FileNotFoundError):
                changed.append((series, (self._studies / study / series).stat().st_mtime_ns))
        return tuple(changed)

    def series(self, study: str) -> Iterator[tuple[str, list[Path]]]:
        """Each SeriesInstanceUID of a study with its instances' files, in the order of their names."""
        for name in _folders(self._studies / study):
            files = sorted((self._studies / study / name).glob(f"*{SUFFIX}"))
            if files:
                yield name, files

    def count(self, study: str) -> int:
        """How many instances of a study lie here."""
        return sum(len(files) for _, files in self.series(study))

    def size(self, study: str | None = None) -> int:
        """Bytes of a study, or of all."""
        total = 0
        for file in (self._studies / study if study else self._studies).rglob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                total += file.stat().st_size
        return total

    def remove(self, study: str, unless_changed: Signature) -> None:
        """Remove the instances that lay here when the study had this signature; what came since stays."""
        files = [file for _, of_series in self.series(study) for file in of_series]
        if self.signature(study) != unless_changed:
            return
        for file in files:
            removals.remove(self._folder, file)
        for folder in (*{file.parent for file in files}, self._studies / study):
            with suppress(OSError):  # something has come meanwhile
                folder.rmdir()

    def _take_room(self, size: int) -> None:
        with self._lock:
            full = self._used is not None and self._used + size > self._limit
            if self._used is None or (full and time.monotonic() - self._measured_at > _MEASURED_EVERY_S):
                self._used, self._measured_at = self.size(), time.monotonic()
            if self._used + size > self._limit:
                raise SpoolFullError(f"the folder holds {self._used >> 20} MiB of {self._limit >> 20} MiB")
            self._used += size

    def _write(self, path: Path, parts: Sequence[bytes]) -> None:
        self._make_folder(path.parent)
        with atomic_files.new_file(path, mode=atomic_files.PRIVATE) as file:
            for part in parts:
                file.write(part)

    def _make_folder(self, folder: Path) -> None:
        """A series' folder that survives a power cut."""
        for made in (folder.parent, folder):
            if not made.exists():
                made.mkdir(parents=True, exist_ok=True, mode=0o700)
                _flush(made.parent)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []
