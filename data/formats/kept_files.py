"""The bytes to keep of a scan: DICOM without direct identifiers, other files as they came."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from data.formats.detect import FileKind, kind_of, picture_suffix
from data.formats.dicom.deidentification import without_identity
from data.formats.members import Member


def keep_scan(members: Iterable[Member], into: Path, number: int) -> Path:
    """Write what is kept of scan `number` below `into` and return its path.

    DICOM: `{number}.zip` of the instances without direct identifiers, pixels and UIDs unchanged.
    Others: `{number}{suffix}` with the bytes as they came; a NIfTI pair becomes a zip of both,
    and so do pictures that were joined to a volume, in the order of its slices.
    """
    files = list(members)
    if kind_of(files[0].path) is FileKind.DICOM:
        named = ((f"{index:05d}.dcm", without_identity(file.path)) for index, file in enumerate(files))
        return _zipped(named, into / f"{number}.zip")
    if len(files) > 1 and kind_of(files[0].path) is FileKind.PICTURE:
        pages = ((f"{index:05d}{_suffix(file)}", file.path.read_bytes()) for index, file in enumerate(files))
        return _zipped(pages, into / f"{number}.zip")
    if len(files) > 1:
        pair = zip(("scan.hdr", "scan.img"), (file.path.read_bytes() for file in files), strict=True)
        return _zipped(pair, into / f"{number}.zip")
    target = into / f"{number}{_suffix(files[0])}"
    target.write_bytes(files[0].as_it_came.read_bytes())
    return target


def _zipped(files: Iterable[tuple[str, bytes]], target: Path) -> Path:
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name, content in files:
                archive.writestr(zipfile.ZipInfo(name), content)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _suffix(member: Member) -> str:
    suffix = ".nii" if kind_of(member.path) is FileKind.NIFTI else picture_suffix(member.path)
    return f"{suffix}.gz" if member.packed else suffix
