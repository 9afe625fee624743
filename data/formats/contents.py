"""The files of an upload sorted by what they are."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from data.errors import RefusedScan
from data.formats.archives.zip_and_gzip import folder_members, gunzipped, zip_members
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.detect import FileKind, head_of, is_companion, kind_of, other_name
from data.formats.dicom.instances import Instance, read_instance
from data.formats.limits import UNREADABLE, Limits
from data.formats.members import Member
from data.formats.nifti.volumes import holds_pixels
from data.formats.pictures.numbering import is_of_the_system
from data.machine_faults import refuse_of_machine
from data.records import Refusal

# What the pixels of a NIfTI pair are taken for by their content.
_PIXELS_ALONE = (FileKind.UNKNOWN, FileKind.EMPTY, FileKind.ANALYZE, FileKind.GZIP)
_PREVIEW = re.compile(r"(logo|icon|preview|thumb|splash|banner|button|background|screenshot)")
_PROGRAMS = (".exe", ".inf", ".jar", ".app", ".bat")
_OTHER_PICTURES = (".gif", ".jp2", ".ico", ".svg")
_log = logging.getLogger("data.formats")
_LOST_IMG = RefusedScan(
    "incomplete", "This NIfTI header needs the .img file of the same name; please send both in a .zip."
)
_LOST_HDR = RefusedScan(
    "incomplete", "An .img file needs the .hdr file of the same name; please send both in a .zip."
)
_SENTENCES = {
    FileKind.EMPTY: RefusedScan("empty", "This file is empty."),
    FileKind.ZIP: RefusedScan(
        "archive_nested", "This is an archive inside a folder; please send it by itself."
    ),
    FileKind.ANALYZE: RefusedScan(
        "analyze", "This Analyze 7.5 file does not tell left from right; please export NIfTI or DICOM."
    ),
    FileKind.UNKNOWN: RefusedScan(
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
    """What a person is told of an error; anything unexpected is logged without the file's own words.

    Raises the error again where it is the machine's.
    """
    refuse_of_machine(error)
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
    members = _members_in(path, limits, folder)
    if members is not None:
        return collection(members, limits, folder)
    contents = Contents()
    _sort_in(Member(name, path), contents, {}, limits, folder)
    return contents


def numbered_pictures(path: Path, name: str, limits: Limits, folder: Path) -> Contents:
    """Like `contents_of` for an upload that is said to be the slices of one volume.

    What operating systems put beside files is left out, previews with it.
    """
    members = _members_in(path, limits, folder)
    if members is None:
        members = [Member(name, path)]
    return collection([member for member in members if not is_of_the_system(member.name)], limits, folder)


def _members_in(path: Path, limits: Limits, folder: Path) -> list[Member] | None:
    """The files of a folder or zip, None for any other file."""
    if path.is_dir():
        return folder_members(path, limits)
    if kind_of(path) is not FileKind.ZIP:
        return None
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    return zip_members(path, unpacked, limits)


def collection(members: Sequence[Member], limits: Limits, folder: Path) -> Contents:
    """Sort out files that came together. Raises RefusedScan where none of them may be a scan."""
    contents = Contents()
    members = [_pair_half(member, folder, limits) for member in members]
    by_name = {member.name.lower(): member for member in members}
    previews = _previews(members)
    skipped = 0
    for member in members:
        try:
            if member in previews or _is_beside(member, by_name):
                skipped += 1
                continue
            _sort_in(member, contents, by_name, limits, folder)
        except DECODING_ERRORS as error:
            contents.refusals.append(refusal_of(member.name, error))
    if not members or skipped == len(members):
        raise RefusedScan("nothing_found", "No scan was found in this upload.")
    return contents


def _pair_half(member: Member, folder: Path, limits: Limits) -> Member:
    """A half of a NIfTI pair without its own gzip, so that both halves find each other by name."""
    if not member.name.lower().endswith((".hdr.gz", ".img.gz")) or kind_of(member.path) is not FileKind.GZIP:
        return member
    unpacked = gunzipped(member, _next_place(folder), limits)
    return replace(unpacked, name=member.name[: -len(".gz")])


def _next_place(folder: Path) -> Path:
    return folder / f"gunzipped-{len(list(folder.glob('gunzipped-*')))}"


def _previews(members: Sequence[Member]) -> set[Member]:
    """On a patient's CD the pictures that its viewer brings: logos, icons and previews of the DICOM files.

    A CD is known by its DICOMDIR, or by a program beside DICOM files; elsewhere a picture's name decides.
    """
    kinds = {member: kind_of(member.path) for member in members}
    if FileKind.DICOM not in kinds.values():
        return set()
    names = {member: PurePosixPath(member.name.lower()).name for member in members}
    on_cd = any(name == "dicomdir" or name.endswith(_PROGRAMS) for name in names.values())
    return {
        member
        for member, kind in kinds.items()
        if (kind is FileKind.PICTURE or names[member].endswith(_OTHER_PICTURES))
        and (on_cd or _PREVIEW.search(names[member]))
    }


def _is_beside(member: Member, by_name: Mapping[str, Member]) -> bool:
    header = by_name.get(header_name(member.name))
    return is_beside(member.name, kind_of(member.path), kind_of(header.path) if header else None)


def pair_name(name: str) -> str:
    """What a file is known by among others: in lower case, halves of NIfTI pairs without their gzip."""
    lower = name.lower()
    return lower.removesuffix(".gz") if lower.endswith((".hdr.gz", ".img.gz")) else lower


def header_name(name: str) -> str:
    """What the header of a NIfTI pair would be called, in lower case, if `name` held its pixels."""
    return name.lower().removesuffix(".img") + ".hdr"


def is_beside(name: str, kind: FileKind, header: FileKind | None) -> bool:
    """Whether a file is no scan of its own: a sidecar, or the pixels of a NIfTI pair.

    `header` is the kind of the file called `header_name(name)`, None where there is none.
    """
    if is_companion(name):
        is_directory = PurePosixPath(name).name.lower() == "dicomdir"
        return is_directory or kind not in (FileKind.DICOM, FileKind.NIFTI, FileKind.PICTURE)
    if kind in (FileKind.UNKNOWN, FileKind.EMPTY, FileKind.ANALYZE, FileKind.GZIP) and name.lower().endswith(
        ".img"
    ):
        return header in (FileKind.NIFTI_HEADER, FileKind.NIFTI, FileKind.ANALYZE, FileKind.GZIP)
    return False


def _sort_in(
    member: Member, contents: Contents, by_name: dict[str, Member], limits: Limits, folder: Path
) -> None:
    kind = kind_of(member.path)
    if kind is FileKind.GZIP:
        member = gunzipped(member, _next_place(folder), limits)
        kind = kind_of(member.path)
    if kind is FileKind.DICOM:
        contents.instances.append(read_instance(member))
    elif kind is FileKind.NIFTI and not member.name.lower().endswith(".hdr"):
        contents.volumes.append((member, member))
    elif kind in (FileKind.NIFTI, FileKind.NIFTI_HEADER):
        contents.volumes.append((member, _pixels_of(member, by_name)))
    elif kind is FileKind.PICTURE:
        contents.pictures.append(member)
    elif kind is FileKind.OTHER:
        raise RefusedScan("not_an_image", f"This is {other_name(head_of(member.path))}.")
    elif kind is FileKind.UNKNOWN and member.name.lower().endswith(".img"):
        raise _LOST_HDR
    else:
        raise _SENTENCES[kind]


def _pixels_of(header: Member, by_name: dict[str, Member]) -> Member:
    """Where the pixels of a NIfTI header lie: in the .img beside it, or behind it in the same file.

    What the header says of that (its magic) is wrong where a writer changed the file's name only.
    """
    if header.name.lower().endswith(".hdr"):
        inside = by_name.get(header.name.lower()[:-4] + ".img")
        if inside is not None:
            return inside
    if holds_pixels(header.path):
        return header
    raise _LOST_IMG
