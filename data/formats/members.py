"""The files of one upload, and what they are hashed to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """One file of an upload: the name it came with, and where its bytes lie.

    `packed` is the file as it came, where `path` holds its unpacked bytes.
    """

    name: str
    path: Path
    packed: Path | None = None

    @property
    def as_it_came(self) -> Path:
        """The file as it was sent, still gzipped where it was."""
        return self.packed or self.path


def content_sha256(members: Iterable[Member], part: int = 0, *, in_order: bool = False) -> str:
    """Hash of the members' bytes, whatever their names and packing, and their order unless `in_order`.

    `part` tells scans apart that come out of the same files.
    """
    digests = [_file_digest(member.path) for member in members]
    whole = hashlib.sha256(b"".join(digests if in_order else sorted(digests)))
    if part:
        whole.update(f"part {part}".encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
