"""Archives, folders and gzip: the files inside an upload, unpacked under limits."""

from __future__ import annotations

import errno
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from data.errors import RefusedScan
from data.formats.detect import FileKind, head_of, is_companion, kind_of, other_name
from data.formats.limits import Limits
from data.formats.members import Member
from data.machine_faults import is_of_machine
from data.shown_text import shown

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
_DEFLATE64 = 9  # what Windows packs with above 2 GB, and zipfile does not read
_METHODS_READ = (
    zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _DEFLATE64, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA
)  # fmt: skip
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a zip entry: magic, lengths of its name and of what is added
_METHODS = {
    1: "Shrink",
    6: "Implode",
    93: "Zstandard",
    94: "MP3",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
_BROKEN = (
    EOFError,
    NotImplementedError,
    RuntimeError,  # a password
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
_OF_THE_MACHINE = (errno.EFBIG,)  # beside what `machine_faults` knows: more than the child may write
_GZIP = 31  # zlib's window bits: a gzip member with its checksum
_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """What bytes can be read from, in pieces."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


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
                members.append(Member(shown(path.relative_to(folder).as_posix()), path))
        if len(members) > limits.max_entries:
            raise too_many(limits)
    return members


def zip_members(file: Path, into: Path, limits: Limits) -> list[Member]:
    """Unpack a zip into the empty folder `into` and list its files.

    Files are written under numbers, never under the names of the archive.
    Raises RefusedScan: `archive_bomb`, `archive_path`, `archive_entries`, `archive_nested`,
    `archive_encrypted`, `archive_method`, `archive_damaged`.
    """
    with damage_told(), zipfile.ZipFile(file) as archive:
        return list(_unpack(archive, into, limits))


@contextmanager
def damage_told() -> Iterator[None]:
    """What modules of Python raise for damaged archives becomes RefusedScan `archive_damaged`.

    An OSError is of the archive too (bzip2's, or a place before the file's beginning), unless it says that
    the machine cannot go on.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _OF_THE_MACHINE or is_of_machine(error):
            raise
        raise DAMAGED from error
    except _BROKEN as error:
        raise DAMAGED from error


def _unpack(archive: zipfile.ZipFile, into: Path, limits: Limits) -> Iterator[Member]:
    entries = [entry for entry in archive.infolist() if not is_folder(entry)]
    if len(entries) > limits.max_entries:
        raise too_many(limits)
    for entry in archive.infolist():
        check_zip_entry(entry)
    left = limits.max_unpacked_bytes
    for number, entry in enumerate(entries):
        target = into / f"{number:06d}"
        with opened_entry(archive, entry) as packed:
            most = min(left, _most(entry.compress_size, limits))
            left -= copy_bounded(packed, target, most)
        if kind_of(target) is FileKind.ZIP and not is_companion(entry.filename):
            raise _NESTED
        yield Member(plain_name(entry.filename), target)


@contextmanager
def opened_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Readable]:
    """An entry's bytes, unpacked by any of the methods that `check_zip_entry` lets through."""
    if entry.compress_type != _DEFLATE64:
        with archive.open(entry) as unpacked:
            yield unpacked
        return
    assert archive.filename is not None
    with Path(archive.filename).open("rb") as packed:
        yield _Inflate64(packed, entry)


class _Inflate64:
    """An entry of a zip that is packed by Deflate64; its checksum is compared at the end."""

    def __init__(self, packed: IO[bytes], entry: zipfile.ZipInfo) -> None:
        from inflate64 import Inflater

        packed.seek(entry.header_offset)
        magic, name, added = _LOCAL_HEADER.unpack(packed.read(_LOCAL_HEADER.size))
        if magic != b"PK\x03\x04":
            raise zipfile.BadZipFile("an entry has no header")
        packed.seek(name + added, os.SEEK_CUR)
        self._packed, self._left = packed, entry.compress_size
        self._inflater, self._crc, self._expected = Inflater(), 0, entry.CRC

    def read(self, size: int, /) -> bytes:
        """The next bytes, about four times `size` at most; raises BadZipFile where the checksum differs."""
        while self._left and not self._inflater.eof:
            packed = self._packed.read(min(self._left, size // 64 or 1))
            if not packed:
                raise EOFError("an archive is cut off")
            self._left -= len(packed)
            content: bytes = self._inflater.inflate(packed)
            self._crc = zlib.crc32(content, self._crc)
            if content:
                return content
        if self._crc != self._expected:
            raise zipfile.BadZipFile("a checksum differs")
        return b""


def is_folder(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder; some programs of Windows end its name with a back-slash."""
    return entry.filename.endswith("/") or (entry.filename.endswith("\\") and entry.file_size == 0)


def plain_name(name: str) -> str:
    """The name of a file in an archive, with the standard's slashes, as it may be shown."""
    return shown(name.replace("\\", "/"))


def leads_outside(name: str) -> bool:
    """Whether an archive's name for a file is no path inside it."""
    path = PurePosixPath(plain_name(name))
    windows_root = len(name) > 1 and name[1] == ":"
    return path.is_absolute() or ".." in path.parts or windows_root


def check_zip_entry(entry: zipfile.ZipInfo) -> None:
    """Raises RefusedScan for links, paths that lead outside, and what needs a password or another program."""
    if leads_outside(entry.filename):
        raise LEADS_OUTSIDE
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise LEADS_OUTSIDE
    if entry.flag_bits & _ENCRYPTED:
        raise _ENCRYPTED_SENTENCE
    if entry.compress_type not in _METHODS_READ:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        raise RefusedScan(
            "archive_method",
            f"This archive is packed by {method}; please send a .zip of the usual kind (Deflate).",
        )


def _most(packed_bytes: int, limits: Limits) -> int:
    return max(_RATIO_FROM, packed_bytes * limits.max_ratio)


def copy_bounded(source: Readable, target: Path, most: int) -> int:
    """Copy a stream to a file and return its length. Raises RefusedScan beyond `most` bytes."""
    total = 0
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            total += len(chunk)
            if total > most:
                raise _BOMB
            out.write(chunk)
    return total


class _Gunzip:
    """The members of a gzip file one after the other; what lies behind the last one is no part of it.

    Python's own reader takes such a tail, which transfers and backups leave, for damage.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._unpacking = zlib.decompressobj(_GZIP)
        self._waiting = b""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; raises EOFError where a member is cut off, zlib.error where it is damaged."""
        while True:
            if self._unpacking.eof:
                rest = self._unpacking.unused_data + self._packed.read(len(_GZIP_MAGIC))
                if not rest.startswith(_GZIP_MAGIC):
                    return b""
                self._unpacking, self._waiting = zlib.decompressobj(_GZIP), rest
            packed = self._waiting or self._packed.read(_CHUNK)
            if not packed:
                raise EOFError("a gzip member is cut off")
            content = self._unpacking.decompress(packed, size)
            self._waiting = self._unpacking.unconsumed_tail
            if content:
                return content


def gunzipped(member: Member, into: Path, limits: Limits) -> Member:
    """The one file inside a gzip, written to `into`. Raises RefusedScan for tar, damage and bombs."""
    try:
        most = max(_GZIP_FREE, member.path.stat().st_size * limits.max_ratio)
        with member.path.open("rb") as packed:
            copy_bounded(_Gunzip(packed), into, min(limits.max_unpacked_bytes, most))
    except (EOFError, zlib.error) as error:
        raise RefusedScan("unreadable", "This file is damaged and could not be unpacked.") from error
    kind = kind_of(into)
    if (other_name(head_of(into)) or "").startswith("a tar"):
        raise _TAR
    if kind in (FileKind.GZIP, FileKind.ZIP):
        raise _NESTED
    return Member(member.name, into, packed=member.path)
