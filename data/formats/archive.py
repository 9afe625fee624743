"""Archives, folders and gzip: the files inside an upload, unpacked under limits."""

from __future__ import annotations

import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from data.errors import RefusedScan
from data.formats.detect import Kind, head_of, is_companion, kind_of, other_name
from data.formats.limits import Limits
from data.formats.members import Member

_CHUNK = 1 << 20
_RATIO_FROM = 10 << 20
_GZIP_FREE = 256 << 20  # empty background makes volumes very small
_ENCRYPTED = 0x1
DAMAGED = RefusedScan("archive_damaged", "This archive is damaged and could not be unpacked.")
_BOMB = RefusedScan("archive_bomb", "This unpacks to far more than it may, so it was not opened.")
LEADS_OUTSIDE = RefusedScan(
    "archive_path", "This archive holds links or paths that lead outside it, so it was not opened."
)
_NESTED = RefusedScan("archive_nested", "This archive holds another archive; please send the inner one.")
_ENCRYPTED_SENTENCE = RefusedScan("archive_encrypted", "This archive is protected by a password.")
_TAR = RefusedScan("archive_tar", "This is a tar archive; please send a .zip.")


def too_many(limits: Limits) -> RefusedScan:
    """The refusal of an upload with too many files."""
    return RefusedScan("archive_entries", f"This holds more than {limits.max_entries:,} files.")


def folder_members(folder: Path, limits: Limits) -> list[Member]:
    """All files below a folder, named by their path in it. Raises RefusedScan if too many."""
    members: list[Member] = []
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(base) / name
            if path.is_file():
                members.append(Member(path.relative_to(folder).as_posix(), path))
        if len(members) > limits.max_entries:
            raise too_many(limits)
    return members


def zip_members(file: Path, into: Path, limits: Limits) -> list[Member]:
    """Unpack a zip into the empty folder `into` and list its files.

    Files are written under numbers, never under the names of the archive.
    Raises RefusedScan: `archive_bomb`, `archive_path`, `archive_entries`, `archive_nested`,
    `archive_encrypted`, `archive_damaged`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return list(_unpack(archive, into, limits))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DAMAGED from error


def _unpack(archive: zipfile.ZipFile, into: Path, limits: Limits) -> Iterator[Member]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > limits.max_entries:
        raise too_many(limits)
    for entry in archive.infolist():
        check_zip_entry(entry)
    left = limits.max_unpacked_bytes
    for number, entry in enumerate(entries):
        target = into / f"{number:06d}"
        with archive.open(entry) as packed:
            most = min(left, _most(entry.compress_size, limits))
            left -= copy_bounded(packed, target, most)
        if kind_of(target) is Kind.ZIP and not is_companion(entry.filename):
            raise _NESTED
        yield Member(entry.filename, target)


def leads_outside(name: str) -> bool:
    """Whether an archive's name for a file is no path inside it."""
    path = PurePosixPath(name.replace("\\", "/"))
    windows_root = len(name) > 1 and name[1] == ":"
    return path.is_absolute() or ".." in path.parts or windows_root


def check_zip_entry(entry: zipfile.ZipInfo) -> None:
    """Raises RefusedScan for links, paths that lead outside and what needs a password."""
    if leads_outside(entry.filename):
        raise LEADS_OUTSIDE
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise LEADS_OUTSIDE
    if entry.flag_bits & _ENCRYPTED:
        raise _ENCRYPTED_SENTENCE


def _most(packed_bytes: int, limits: Limits) -> int:
    return max(_RATIO_FROM, packed_bytes * limits.max_ratio)


def copy_bounded(source: IO[bytes] | gzip.GzipFile, target: Path, most: int) -> int:
    """Copy a stream to a file and return its length. Raises RefusedScan beyond `most` bytes."""
    total = 0
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            total += len(chunk)
            if total > most:
                raise _BOMB
            out.write(chunk)
    return total


def gunzipped(member: Member, into: Path, limits: Limits) -> Member:
    """The one file inside a gzip, written to `into`. Raises RefusedScan for tar, damage and bombs."""
    try:
        most = max(_GZIP_FREE, member.path.stat().st_size * limits.max_ratio)
        with gzip.open(member.path) as packed:
            copy_bounded(packed, into, min(limits.max_unpacked_bytes, most))
    except (OSError, EOFError, zlib.error) as error:
        raise RefusedScan("unreadable", "This file is damaged and could not be unpacked.") from error
    kind = kind_of(into)
    if (other_name(head_of(into)) or "").startswith("a tar"):
        raise _TAR
    if kind in (Kind.GZIP, Kind.ZIP):
        raise _NESTED
    return Member(member.name, into, packed=member.path)
