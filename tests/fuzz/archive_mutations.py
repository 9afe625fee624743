"""Archives that mean harm: bombs, names that lead elsewhere, entries that lie about themselves."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.texts import hostile_text

NAMES = (
    "scan.png", "scan.dcm", "a/b/scan.nii", "../scan.png", "../../../../tmp/scan.png", "/etc/scan.png",
    "C:\\scan.png", "..\\scan.png", "scan.hdr", "scan.img", "scan.img.gz", "DICOMDIR", "__MACOSX/._scan.png",
    "labels.csv", "scan\u202egnp.dcm", "<b>scan</b>.png", "=1+1.png", "a" * 300 + ".png", "scan.png/", "",
    ".", "..", "con.png", "Größe.png", "scan.png\0.txt", "weights.safetensors", "settings.json",
)  # fmt: skip
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_TAR_TYPES = (tarfile.REGTYPE,) * 4 + (
    tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE
)  # fmt: skip
_ZEROS = b"\0" * (12 << 20)


def zip_of(rng: Random, contents: Sequence[bytes]) -> bytes:
    """A zip of some of the contents, often under names that make trouble."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for number in range(rng.choice((0, 1, 1, 2, 3))):
            name = rng.choice(NAMES) if rng.random() < 0.6 else f"scan{number}.png"
            entry = zipfile.ZipInfo(name or "x")
            entry.compress_type = rng.choice(_METHODS)
            if rng.random() < 0.1:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, rng.choice(contents))
    return out.getvalue()


def lying_zip(rng: Random, contents: Sequence[bytes]) -> bytes:
    """A zip whose directory says something else than its entries."""
    raw = bytearray(zip_of(rng, contents))
    at = raw.find(b"PK\x01\x02")
    if at < 0:
        return bytes(raw)
    offset, form, value = rng.choice((
        (8, "<H", 0x1), (8, "<H", 0x800), (10, "<H", rng.choice((1, 6, 9, 12, 14, 93, 95, 98, 99))),
        (16, "<I", 0), (20, "<I", 0xFFFFFFFF), (20, "<I", 1), (24, "<I", 0xFFFFFFFF), (24, "<I", 1),
        (24, "<I", 0xF0000000), (42, "<I", 0xFFFFFFFF), (42, "<I", 0), (28, "<H", 0xFFFF), (30, "<H", 0xFFFF),
        (38, "<I", (stat.S_IFLNK | 0o777) << 16), (38, "<I", (stat.S_IFCHR | 0o777) << 16),
    ))  # fmt: skip
    struct.pack_into(form, raw, at + offset, value)
    return bytes(raw)


def overlapping_zip(rng: Random, contents: Sequence[bytes]) -> bytes:
    """Many entries of the directory over the same bytes."""
    raw = zip_of(rng, contents)
    at, end = raw.find(b"PK\x01\x02"), raw.rfind(b"PK\x05\x06")
    if at < 0 or end < 0:
        return raw
    directory = raw[at:end] * rng.choice((2, 50, 400))
    count = min(raw[at:end].count(b"PK\x01\x02") * (len(directory) // max(1, end - at)), 65535)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)
    return raw[:at] + directory + tail


def bomb(rng: Random, contents: Sequence[bytes]) -> bytes:
    """A little that unpacks to much: in a zip of each method, in gzip, within one another."""
    inner = rng.choice((_ZEROS, _ZEROS[: 1 << 20]))
    if rng.random() < 0.3:
        inner = rng.choice(contents) + inner
    kind = rng.randrange(4)
    if kind == 0:
        return gzip.compress(inner, 1)
    if kind == 1:
        return gzip.compress(gzip.compress(inner, 1))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(rng.choice((1, 1, 5))):
            entry = zipfile.ZipInfo(f"{number}{rng.choice(('.png', '.nii', '.nii.gz', '.zip', '.dcm'))}")
            entry.compress_type = rng.choice(_METHODS[1:3])
            archive.writestr(entry, inner)
    if kind == 2:
        return out.getvalue()
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", out.getvalue())
    return outer.getvalue()


def tar_of(rng: Random, contents: Sequence[bytes]) -> bytes:
    """A tar, packed or not, with links, devices and paths to elsewhere."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=rng.choice(("w", "w:gz", "w:bz2", "w:xz"))) as archive:
        for number in range(rng.choice((0, 1, 2, 3))):
            name = rng.choice(NAMES).replace("\0", "") or f"{number}.png"
            entry = tarfile.TarInfo(name)
            content = rng.choice(contents)
            entry.size = len(content)
            entry.type = rng.choice(_TAR_TYPES)
            if entry.type != tarfile.REGTYPE:
                entry.size, entry.linkname = 0, rng.choice(("../../x", "/etc/passwd", "scan.png"))
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def squeezed(rng: Random, contents: Sequence[bytes]) -> bytes:
    """One content in a wrapping, whole or with a tail."""
    content = rng.choice(contents)
    pack: Callable[[bytes], bytes] = rng.choice((gzip.compress, gzip.compress, bz2.compress, lzma.compress))
    packed = pack(content)
    if rng.random() < 0.3:
        packed += rng.choice((b"\0" * 100, packed, b"tail", hostile_text(rng).encode("utf-8", "replace")))
    return packed


KINDS: tuple[Callable[[Random, Sequence[bytes]], bytes], ...] = (
    zip_of, zip_of, zip_of, lying_zip, lying_zip, overlapping_zip, tar_of, squeezed, squeezed,
)  # fmt: skip
