"""What the files of a tree are and which of them belong together, before any is decoded."""

from __future__ import annotations

import json
import signal
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from data.errors import RefusedScan
from data.formats.contents import header_name, is_beside, pair_name
from data.formats.detect import FileKind, kind_of
from data.formats.dicom.deflated import refuse_bomb
from data.formats.dicom.frames import is_stacked
from data.formats.dicom.values import PARSE_ERRORS, text_of
from data.formats.members import Member

_HEADERS = (
    FileKind.NIFTI_HEADER,
    FileKind.NIFTI,
    FileKind.GZIP,
)  # what a .hdr (or .hdr.gz) of a pair may be at first sight


@dataclass(frozen=True)
class Sighting:
    """A file at first sight; `series` is a DICOM file's SeriesInstanceUID, where it has one.

    `named` is what slices of one examination have in common where a sender cut it into many series.
    """

    member: Member
    kind: FileKind
    series: str | None = None
    named: str | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it is a PNG, JPEG, TIFF, WebP or BMP."""
        return self.kind is FileKind.PICTURE


def answers(request: dict[str, Any]) -> Iterator[str]:
    """One line for each file of the request: its kind and its series."""
    warnings.simplefilter("ignore")  # of oddities; in this child nothing else follows
    for path in request["paths"]:
        signal.setitimer(signal.ITIMER_REAL, request["timeout_s"])  # each file has the whole time
        kind, series, named = _look(Path(path))
        yield json.dumps({"kind": kind.value, "series": series, "named": named})


def _look(file: Path) -> tuple[FileKind, str | None, str | None]:
    try:
        kind = kind_of(file)
        return kind, *(_series(file) if kind is FileKind.DICOM else (None, None))
    except (RefusedScan, MemoryError, *PARSE_ERRORS):  # what is wrong with it is said when it is opened
        return FileKind.UNKNOWN, None, None


def _series(file: Path) -> tuple[str | None, str | None]:
    """A file's series, and what it is called within its study, where its slices make volumes."""
    refuse_bomb(file)
    header = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=_TOLD)
    series, study = text_of(header, "SeriesInstanceUID"), text_of(header, "StudyInstanceUID")
    name = [text_of(header, keyword) or "" for keyword in ("SeriesNumber", "SeriesDescription")]
    return series, "\n".join([study, *name]) if study and all(name) and is_stacked(header) else None


_TOLD = [
    *("SeriesInstanceUID", "StudyInstanceUID", "SeriesNumber", "SeriesDescription"),
    *("Modality", "SOPClassUID"),
]


def _whole_series(sightings: Iterable[Sighting]) -> dict[str, str]:
    """For each series the one that it may be a part of: the first of the same name in its study."""
    first: dict[str, str] = {}
    return {
        sighting.series: first.setdefault(sighting.named or sighting.series, sighting.series)
        for sighting in sightings
        if sighting.series
    }


def grouped(sightings: Iterable[Sighting]) -> list[tuple[Member, ...]]:
    """Files that make one item: a DICOM series, a NIfTI pair, or a file; sidecars are left out."""
    by_name = {pair_name(sighting.member.name): sighting for sighting in sightings}
    whole = _whole_series(by_name.values())
    groups: dict[str, list[Member]] = {}
    for name, sighting in by_name.items():
        header = by_name.get(header_name(name))
        if is_beside(name, sighting.kind, header.kind if header else None):
            continue
        group = groups.setdefault(
            f"series {whole[sighting.series]}" if sighting.series else f"file {name}", []
        )
        group.append(sighting.member)
        pixels = by_name.get(name.removesuffix(".hdr") + ".img")
        if name.endswith(".hdr") and pixels is not None and sighting.kind in _HEADERS:
            group.append(pixels.member)
    return [tuple(group) for group in groups.values()]
