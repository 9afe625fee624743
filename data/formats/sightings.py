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

from data.formats.contents import header_name, is_beside, pair_name
from data.formats.detect import Kind, kind_of
from data.formats.dicom import text_of
from data.formats.members import Member

_HEADERS = (
    Kind.NIFTI_HEADER,
    Kind.NIFTI,
    Kind.GZIP,
)  # what a .hdr (or .hdr.gz) of a pair may be at first sight


@dataclass(frozen=True)
class Sighting:
    """A file at first sight; `series` is a DICOM file's SeriesInstanceUID, where it has one."""

    member: Member
    kind: Kind
    series: str | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it is a PNG, JPEG, TIFF, WebP or BMP."""
        return self.kind is Kind.PICTURE


def answers(request: dict[str, Any]) -> Iterator[str]:
    """One line for each file of the request: its kind and its series."""
    warnings.simplefilter("ignore")  # of oddities; in this child nothing else follows
    for path in request["paths"]:
        signal.setitimer(signal.ITIMER_REAL, request["timeout_s"])  # each file has the whole time
        kind, series = _look(Path(path))
        yield json.dumps({"kind": kind.value, "series": series})


def _look(file: Path) -> tuple[Kind, str | None]:
    try:
        kind = kind_of(file)
        return kind, _series(file) if kind is Kind.DICOM else None
    except Exception:  # what is wrong with it will be said when it is opened
        return Kind.UNKNOWN, None


def _series(file: Path) -> str | None:
    header = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
    return text_of(header, "SeriesInstanceUID")


def grouped(sightings: Iterable[Sighting]) -> list[tuple[Member, ...]]:
    """Files that make one item: a DICOM series, a NIfTI pair, or a file; sidecars are left out."""
    by_name = {pair_name(sighting.member.name): sighting for sighting in sightings}
    groups: dict[str, list[Member]] = {}
    for name, one in by_name.items():
        header = by_name.get(header_name(name))
        if is_beside(name, one.kind, header.kind if header else None):
            continue
        group = groups.setdefault(f"series {one.series}" if one.series else f"file {name}", [])
        group.append(one.member)
        pixels = by_name.get(name.removesuffix(".hdr") + ".img")
        if name.endswith(".hdr") and pixels is not None and one.kind in _HEADERS:
            group.append(pixels.member)
    return [tuple(group) for group in groups.values()]
