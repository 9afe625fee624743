"""Files into a backup: copied once, hard-linked to the previous backup where that has the same content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.atomic_files import PRIVATE
from services.backups.manifest import PIECE, read_files, sha256_of

Looks = tuple[int, int, int]
"""Inode, size and time of the last change of a file, by which one run knows that it has it already."""


@dataclass(frozen=True)
class Earlier:
    """The previous backup: hash -> path, and path -> hash."""

    folder: Path
    by_hash: Mapping[str, str]
    by_path: Mapping[str, str]


def earlier_of(folder: Path) -> Earlier:
    """A backup to link to. Raises InvalidInput where its list is damaged."""
    by_path = read_files(folder)
    return Earlier(folder, {digest: path for path, digest in by_path.items()}, by_path)


class Copying:
    """One backup's files."""

    def __init__(self, folder: Path, earlier: Earlier | None) -> None:
        self._folder = folder
        self._earlier = earlier
        self._looks: dict[str, Looks] = {}
        self.hashes: dict[str, str] = {}
        self.bytes = 0
        self.copied_bytes = 0
        self._sizes: dict[str, int] = {}

    def take(self, source: Path, path: str) -> bool:
        """Put `source` at `path` in the backup, unless this run has it already; False where it is gone."""
        try:
            status = source.stat()
            looks = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._looks.get(path) != looks:
                self._put(source, path)
                self._looks[path] = looks
        except FileNotFoundError:
            return False
        return True

    def drop(self, path: str) -> None:
        """Leave out what was taken."""
        (self._folder / path).unlink(missing_ok=True)
        self._looks.pop(path, None)
        self.hashes.pop(path, None)
        self.bytes -= self._sizes.pop(path, 0)

    def note(self, path: str) -> None:
        """A file that was written into the backup itself."""
        self._keep(path, sha256_of(self._folder / path), copied=True)

    def _put(self, source: Path, path: str) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        earlier, digest = self._earlier, ""
        target.unlink(missing_ok=True)
        if earlier is not None and path in earlier.by_path:  # as a rule unchanged: read it before writing it
            digest = sha256_of(source)
        if not digest or not self._linked(digest, target):
            digest = _copied(source, target)
            self._keep(path, digest, copied=not self._linked(digest, target))
        else:
            self._keep(path, digest, copied=False)

    def _linked(self, digest: str, target: Path) -> bool:
        """Whether the previous backup's file with this content is at `target` now."""
        known = None if self._earlier is None else self._earlier.by_hash.get(digest)
        if self._earlier is None or known is None:
            return False
        beside = target.with_name(f".{target.name}.link")
        try:
            os.link(self._earlier.folder / known, beside)
        except OSError:  # gone, too many links, or another disk
            return False
        beside.replace(target)
        return True

    def _keep(self, path: str, digest: str, *, copied: bool) -> None:
        size = (self._folder / path).stat().st_size
        self.bytes += size - self._sizes.get(path, 0)
        self._sizes[path], self.hashes[path] = size, digest
        self.copied_bytes += size if copied else 0


def _copied(source: Path, target: Path) -> str:
    """Copies, and returns the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as there:  # first: of one that is gone meanwhile nothing is left at the target
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        with os.fdopen(descriptor, "wb") as here:
            while piece := there.read(PIECE):
                digest.update(piece)
                here.write(piece)
    return digest.hexdigest()
