"""A whole archive laid out as files, for imports; runs in the child (`worker`).

Files are written under numbers, never under the names of the archive.
"""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.errors import RefusedScan
from data.formats.archives.zip_and_gzip import (
    LEADS_OUTSIDE,
    check_zip_entry,
    copy_bounded,
    damage_told,
    is_folder,
    leads_outside,
    opened_entry,
    plain_name,
    too_many,
)
from data.formats.detect import FileKind, kind_of
from data.formats.limits import Limits


def answers(request: dict[str, Any]) -> Iterator[str]:
    """One line for each file: its name in the archive and its number; the last may be a refusal."""
    file, into, limits = Path(request["path"]), Path(request["into"]), Limits(**request["limits"])
    try:
        for number, name in enumerate(_unpacked(file, into, limits)):
            yield json.dumps({"name": name, "file": f"{number:06d}"})
    except RefusedScan as refused:
        yield json.dumps({"code": refused.code, "sentence": str(refused)})


def _unpacked(file: Path, into: Path, limits: Limits) -> Iterator[str]:
    with damage_told():
        if kind_of(file) is FileKind.ZIP:
            yield from _from_zip(file, into, limits)
        else:
            yield from _from_tar(file, into, limits)


def _from_zip(file: Path, into: Path, limits: Limits) -> Iterator[str]:
    with zipfile.ZipFile(file) as archive:
        left, number = limits.max_unpacked_bytes, 0
        for entry in archive.infolist():
            check_zip_entry(entry)
            if is_folder(entry):
                continue
            if number == limits.max_entries:
                raise too_many(limits)
            with opened_entry(archive, entry) as packed:
                left -= copy_bounded(packed, into / f"{number:06d}", left)
            number += 1
            yield plain_name(entry.filename)


def _from_tar(file: Path, into: Path, limits: Limits) -> Iterator[str]:
    with tarfile.open(file, "r|*") as archive:
        left, number = limits.max_unpacked_bytes, 0
        for entry in archive:
            if entry.islnk() or entry.issym() or leads_outside(entry.name):
                raise LEADS_OUTSIDE
            packed = archive.extractfile(entry) if entry.isfile() else None
            if packed is None:
                continue
            if number == limits.max_entries:
                raise too_many(limits)
            left -= copy_bounded(packed, into / f"{number:06d}", left)
            number += 1
            yield plain_name(entry.name)
