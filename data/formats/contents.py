"""The files of an upload sorted by what they are."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data.errors import RefusedScan
from data.formats.archive import folder_members, gunzipped, zip_members
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.detect import Kind, head_of, is_companion, kind_of, other_name
from data.formats.dicom import Instance, read_instance
from data.formats.limits import UNREADABLE, Limits
from data.formats.members import Member
from data.records import Refusal

_log = logging.getLogger("data.formats")
_LOST_IMG = RefusedScan(
    "incomplete", "This NIfTI header needs the .img file of the same name; please send both in a .zip."
)
_LOST_HDR = RefusedScan(
    "incomplete", "An .img file needs the .hdr file of the same name; please send both in a .zip."
)
_SENTENCES = {
    Kind.EMPTY: RefusedScan("empty", "This file is empty."),
    Kind.ZIP: RefusedScan("archive_nested", "This is an archive inside a folder; please send it by itself."),
    Kind.ANALYZE: RefusedScan(
        "analyze", "This Analyze 7.5 file does not tell left from right; please export NIfTI or DICOM."
    ),
    Kind.UNKNOWN: RefusedScan(
        "unknown", "This file is not a scan that Lightbox knows (DICOM, NIfTI, PNG, JPEG or TIFF)."
    ),
}


@dataclass
class Contents:
    """The scans' files of an upload, and what was refused at first sight."""

    instances: list[Instance] = field(default_factory=list)
    volumes: list[tuple[Member, Member]] = field(default_factory=list)  # NIfTI: header, pixels
    pictures: list[Member] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def refusal_of(name: str, error: Exception) -> Refusal:
    """What a person is told of an error; anything unexpected is logged without the file's own words."""
    if isinstance(error, RefusedScan):
        return Refusal(name, error.code, str(error))
    if isinstance(error, MemoryError):
        return Refusal(name, "too_large", "This scan is larger than Lightbox can read.")
    # Messages of decoders quote the header, which may name the patient; places in code do not.
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name} line {where.lineno}"
    _log.info("a decoder gave up: %s in %s", type(error).__name__, place)
    return Refusal(name, "unreadable", UNREADABLE)


def contents_of(path: Path, name: str, limits: Limits, folder: Path) -> Contents:
    """Sort out a file, folder or zip; `folder` is an empty place for what is unpacked.

    Raises RefusedScan where the upload as a whole is refused.
    """
    if path.is_dir():
        return collection(folder_members(path, limits), limits, folder)
    if kind_of(path) is Kind.ZIP:
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        return collection(zip_members(path, unpacked, limits), limits, folder)
    contents = Contents()
    _sort_in(Member(name, path), contents, {}, limits, folder)
    return contents


def collection(members: Sequence[Member], limits: Limits, folder: Path) -> Contents:
    """Sort out files that came together. Raises RefusedScan where none of them may be a scan."""
    contents = Contents()
    by_name = {member.name.lower(): member for member in members}
    skipped = 0
    for member in members:
        try:
            if _is_beside(member, by_name):
                skipped += 1
                continue
            _sort_in(member, contents, by_name, limits, folder)
        except DECODING_ERRORS as error:
            contents.refusals.append(refusal_of(member.name, error))
    if not members or skipped == len(members):
        raise RefusedScan("nothing_found", "No scan was found in this upload.")
    return contents


def _is_beside(member: Member, by_name: Mapping[str, Member]) -> bool:
    header = by_name.get(header_name(member.name))
    return is_beside(member.name, kind_of(member.path), kind_of(header.path) if header else None)


def header_name(name: str) -> str:
    """What the header of a NIfTI pair would be called, in lower case, if `name` held its pixels."""
    return name.lower().removesuffix(".img") + ".hdr"


def is_beside(name: str, kind: Kind, header: Kind | None) -> bool:
    """Whether a file is no scan of its own: a sidecar, or the pixels of a NIfTI pair.

    `header` is the kind of the file called `header_name(name)`, None where there is none.
    """
    if is_companion(name):
        is_directory = PurePosixPath(name).name.lower() == "dicomdir"
        return is_directory or kind not in (Kind.DICOM, Kind.NIFTI, Kind.PICTURE)
    if kind in (Kind.UNKNOWN, Kind.EMPTY, Kind.ANALYZE) and name.lower().endswith(".img"):
        return header in (Kind.NIFTI_HEADER, Kind.ANALYZE)
    return False


def _sort_in(
    member: Member, contents: Contents, by_name: dict[str, Member], limits: Limits, folder: Path
) -> None:
    kind = kind_of(member.path)
    if kind is Kind.GZIP:
        number = len(list(folder.glob("gunzipped-*")))
        member = gunzipped(member, folder / f"gunzipped-{number}", limits)
        kind = kind_of(member.path)
    if kind is Kind.DICOM:
        contents.instances.append(read_instance(member))
    elif kind is Kind.NIFTI:
        contents.volumes.append((member, member))
    elif kind is Kind.NIFTI_HEADER:
        contents.volumes.append((member, _pixels_of(member, by_name)))
    elif kind is Kind.PICTURE:
        contents.pictures.append(member)
    elif kind is Kind.OTHER:
        raise RefusedScan("not_an_image", f"This is {other_name(head_of(member.path))}.")
    elif kind is Kind.UNKNOWN and member.name.lower().endswith(".img"):
        raise _LOST_HDR
    else:
        raise _SENTENCES[kind]


def _pixels_of(header: Member, by_name: dict[str, Member]) -> Member:
    """The .img beside a NIfTI .hdr: in the same upload, or for a single file in its folder."""
    if header.name.lower().endswith(".hdr") and header.packed is None:
        inside = by_name.get(header.name.lower()[:-4] + ".img")
        if inside is not None:
            return inside
    raise _LOST_IMG
