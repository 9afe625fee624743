"""What DICOM files say of text that is burned into their pixels, and what kind of pictures they are."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pydicom

from data.formats.dicom.values import PARSE_ERRORS, text_of

_CROSS_SECTIONS = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image Storage
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image Storage
    }
)
_TAGS = ["SOPClassUID", "BurnedInAnnotation"]


@dataclass(frozen=True)
class PixelDeclaration:
    """`burned_in`: an instance says so, (0028,0301) YES, or cannot be read; `cross_sections`: all are a
    scanner's own MR slices, no captures of a screen.
    """

    burned_in: bool
    cross_sections: bool


def pixel_declaration(archive: Path) -> PixelDeclaration:
    """What the DICOM instances in a kept zip say; one that cannot be read says that text is burned in."""
    try:
        with zipfile.ZipFile(archive) as kept, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities, which quote the header
            said = [_said(kept.read(name)) for name in kept.namelist()]
    except (zipfile.BadZipFile, OSError, *PARSE_ERRORS):
        return PixelDeclaration(burned_in=True, cross_sections=False)
    return PixelDeclaration(
        burned_in=any(annotation == "YES" for _, annotation in said),
        cross_sections=bool(said) and all(sop_class in _CROSS_SECTIONS for sop_class, _ in said),
    )


def _said(content: bytes) -> tuple[str, str]:
    header = pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True, specific_tags=_TAGS)
    annotation = (text_of(header, "BurnedInAnnotation") or "").strip().upper()
    return text_of(header, "SOPClassUID") or "", annotation
