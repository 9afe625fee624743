"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path, PurePosixPath


class FileKind(StrEnum):
    """What the bytes of a file say it is."""

    EMPTY = "empty"
    DICOM = "dicom"
    NIFTI = "nifti"
    NIFTI_HEADER = "nifti header"  # its pixels lie in an .img beside it
    ANALYZE = "analyze"
    PICTURE = "picture"
    GZIP = "gzip"
    ZIP = "zip"
    OTHER = "other"  # something else that has a name
    UNKNOWN = "unknown"


_HEAD_BYTES = 1024
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"BM")
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHERS = {
    b"%PDF": "a PDF document",
    b"Rar!": "a RAR archive; please send a .zip",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; please send a .zip",
    b"\xfd7zXZ": "an xz archive; please send a .zip",
    b"BZh": "a bzip2 archive; please send a .zip",
    b"\x89HDF": "an HDF5 or MINC file, not a scan that Lightbox reads; please export DICOM or NIfTI",
    b"NRRD": "an NRRD file; please export DICOM or NIfTI",
    b"ObjectType": "a MetaImage file; please export DICOM or NIfTI",
    b"GIF8": "a GIF picture; please send PNG, JPEG or TIFF",
    b"\x00\x00\x00\x0cjP": "a JPEG 2000 picture; please send PNG, JPEG or TIFF",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_PICTURE_SUFFIXES = {b"\x89P": ".png", b"\xff\xd8": ".jpg", b"II": ".tif", b"MM": ".tif", b"BM": ".bmp"}
_DICOM_GROUPS = {2, 4, 8}
_COMPANION_NAMES = {
    "dicomdir",
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
    "readme",
    "license",
    "version",
    "changes",
}
_COMPANION_SUFFIXES = frozenset(
    ".json .txt .csv .tsv .bval .bvec .md .xml .html .htm .css .js .log .ini .inf .cfg .pdf .doc "  # noqa: SIM905
    ".docx .xls .xlsx .ppt .pptx .odt .rtf .exe .dll .so .jar .bat .sh .cmd .ico .svg .db .lnk .url "
    ".mat .yaml .yml .py .gitignore .gitkeep .sha256 .md5".split()
)


def kind_of(file: Path) -> FileKind:
    """The kind of a file by its content."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        return FileKind.EMPTY
    return _by_magic(head) or _by_header(head)


def _by_magic(head: bytes) -> FileKind | None:
    if head[128:132] == b"DICM":
        return FileKind.DICOM
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return FileKind.PICTURE
    if head.startswith(b"\x1f\x8b"):
        return FileKind.GZIP
    if head.startswith(_ZIPS):
        return FileKind.ZIP
    return FileKind.OTHER if other_name(head) else None


def _by_header(head: bytes) -> FileKind:
    for order in ("little", "big"):
        size = int.from_bytes(head[:4], "little" if order == "little" else "big")
        if size == 348 and len(head) >= 348:
            return {b"n+1": FileKind.NIFTI, b"ni1": FileKind.NIFTI_HEADER}.get(
                head[344:347], FileKind.ANALYZE
            )
        if size == 540 and len(head) >= 540:
            return {b"n+2": FileKind.NIFTI, b"ni2": FileKind.NIFTI_HEADER}.get(head[4:7], FileKind.UNKNOWN)
    return FileKind.DICOM if _starts_like_dicom(head) else FileKind.UNKNOWN


def _starts_like_dicom(head: bytes) -> bool:
    """A file without preamble starts with an element of a low group, in either byte order."""
    if len(head) < 16:
        return False
    if head.startswith(b"DICM"):
        return True
    little = int.from_bytes(head[:2], "little") in _DICOM_GROUPS and head[3] < 0x20
    big = int.from_bytes(head[:2], "big") in _DICOM_GROUPS and head[2] < 0x20
    return little or big


def other_name(head: bytes) -> str | None:
    """What a person calls a format that is recognised and not read."""
    if head[257:262] == b"ustar":
        return "a tar archive; please send a .zip"
    if head[4:8] == b"ftyp":
        return "a video or a phone's picture; please send PNG, JPEG or TIFF"
    return next((name for magic, name in _OTHERS.items() if head.startswith(magic)), None)


def head_of(file: Path) -> bytes:
    """The first bytes of a file, enough to tell its kind."""
    with file.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def picture_suffix(file: Path) -> str:
    """What the name of a picture ends with, by its content: `.png`, `.jpg`, `.tif`, `.bmp` or `.webp`."""
    return _PICTURE_SUFFIXES.get(head_of(file)[:2], ".webp")


def is_companion(name: str) -> bool:
    """Whether a name is of what lies beside scans and is none: sidecars, system files, viewers."""
    path = PurePosixPath(name.replace("\\", "/").lower())
    return (
        "__macosx" in path.parts
        or path.name.startswith("._")
        or path.name in _COMPANION_NAMES
        or path.suffix in _COMPANION_SUFFIXES
    )
