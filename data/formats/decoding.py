"""Bytes to scans: everything in a file or folder becomes a scan or a refusal with a reason."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.arrays import plain
from data.formats.contents import Contents, collection, contents_of, numbered_pictures, refusal_of
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.detect import picture_suffix
from data.formats.dicom.grouping import series_of
from data.formats.dicom.instances import Instance
from data.formats.dicom.series import LocatedStack, decode_stack, label_of, stacks_in
from data.formats.geometry import placed_affine, to_display
from data.formats.limits import Decoded, Limits, check_size
from data.formats.members import Member, content_sha256
from data.formats.nifti.volumes import read_nifti
from data.formats.pictures.numbering import in_order
from data.formats.pictures.pictures import FRAME, read_framed_picture, read_picture
from data.formats.pictures.white_frames import without_frame
from data.records import DecodedScan, Identity, Refusal, ScanHeader, SourceGrid, Spacing

_DEFAULT = Limits()
_UNKNOWN = Spacing()
_JOINED = (
    "{} pictures were joined to this volume in the order of the numbers in their names, as was asked. "
    "In-plane and slice distance are not known, so there are no sizes in mm or mL."
)
_NOT_ONLY_PICTURES = RefusedScan(
    "not_only_pictures",
    "Only pictures (PNG, JPEG, TIFF, WebP or BMP) are joined to a volume, and there are other or unreadable "
    "files among these.",
)
_KINDS_DIFFER = RefusedScan(
    "slice_kinds", "The pictures are files of different kinds, so they are hardly the slices of one volume."
)


@dataclass(frozen=True)
class Kept:
    """A scan with the files that it was made of."""

    scan: DecodedScan
    members: tuple[Member, ...]


@dataclass(frozen=True)
class _Work:
    """Something that is about to be decoded, and what it is called beside others."""

    label: str
    members: tuple[Member, ...]
    decode: Callable[[str], DecodedScan]


def decode(path: Path, name: str, limits: Limits = _DEFAULT, *, as_volume: bool = False) -> Decoded:
    """All scans in a file or folder, in this process. Never raises for bad content: it refuses.

    `name` is what the upload is called; scans out of an upload with several are called after it
    and after their series or file. `as_volume` says that its numbered pictures are the slices of one
    volume. Only for files that are trusted not to hang or crash a decoder.
    """
    decoded = decode_each(path, name, limits, as_volume=as_volume)
    return Decoded.of(each.scan if isinstance(each, Kept) else each for each in decoded)


def decode_each(
    path: Path, name: str, limits: Limits, *, as_volume: bool = False
) -> Iterator[Kept | Refusal]:
    """Like `decode`, one at a time, with the files that each scan was made of."""
    with tempfile.TemporaryDirectory(prefix="lightbox-") as folder, _quiet():
        try:
            if as_volume:
                yield from _joined(numbered_pictures(path, name, limits, Path(folder)), name, limits)
                return
            contents = contents_of(path, name, limits, Path(folder))
            yield from contents.refusals
            yield from _decode_contents(contents, name, limits)
        except DECODING_ERRORS as error:
            yield refusal_of(name, error)


def decode_members(members: Sequence[Member], name: str, limits: Limits) -> Iterator[Kept | Refusal]:
    """Like `decode_each` for files that belong together wherever they lie."""
    with tempfile.TemporaryDirectory(prefix="lightbox-") as folder, _quiet():
        try:
            contents = collection(members, limits, Path(folder))
            yield from contents.refusals
            yield from _decode_contents(contents, name, limits)
        except DECODING_ERRORS as error:
            yield refusal_of(name, error)


def decode_pictures(members: Sequence[Member], name: str, limits: Limits) -> Iterator[Kept | Refusal]:
    """Single pictures of one size as one volume, in the order given; its spacing stays unknown."""
    with _quiet():
        try:
            yield _volume_of(tuple(members), name, limits)
        except DECODING_ERRORS as error:
            yield refusal_of(name, error)


def _joined(contents: Contents, name: str, limits: Limits) -> Iterator[Kept | Refusal]:
    """The pictures of an upload as one volume; raises RefusedScan where their order is not certain."""
    if contents.instances or contents.volumes or contents.refusals:
        yield refusal_of(name, _NOT_ONLY_PICTURES)
        yield from contents.refusals
        return
    members, gaps = in_order(contents.pictures)
    if len({picture_suffix(member.path) for member in members}) > 1:
        raise _KINDS_DIFFER
    kept = _volume_of(members, name, limits)
    said = (_JOINED.format(len(members)), *gaps, *kept.scan.warnings)
    yield replace(kept, scan=replace(kept.scan, warnings=said))


def _volume_of(members: tuple[Member, ...], name: str, limits: Limits) -> Kept:
    stacked, framed = without_frame(_stacked(members, limits))
    slices, rows, columns = stacked.shape
    scan = _scan(name, stacked, SourceGrid("image", (slices, rows, columns)), members)
    # The same pictures in another order are another volume.
    digest = content_sha256(members, in_order=True)
    return Kept(replace(scan, warnings=(FRAME,) if framed else (), content_sha256=digest), members)


def _stacked(members: Sequence[Member], limits: Limits) -> NDArray[Any]:
    slices: list[NDArray[Any]] = []
    for number, member in enumerate(members, start=1):
        pages = _read_slice(member, number, limits)
        if slices and pages.shape != slices[0].shape:
            raise RefusedScan("pages_differ", f"Slice {number} has another size than those before it.")
        if slices and pages.dtype != slices[0].dtype:
            raise RefusedScan(
                "depths_differ", f"Slice {number} has grey values of another depth than those before it."
            )
        if not slices:
            check_size(limits, len(members), *pages.shape[1:], item_bytes=4)
        slices.append(pages)
    return np.concatenate(slices)


def _read_slice(member: Member, number: int, limits: Limits) -> NDArray[Any]:
    """A picture as (1, rows, columns); what is wrong with it is said of the slice of this number."""
    try:
        pages = read_picture(member.path, limits)
    except DECODING_ERRORS as error:
        refusal = refusal_of(member.name, error)
        raise RefusedScan(refusal.code, f"Slice {number}: {refusal.sentence}") from error
    if len(pages) > 1:
        raise RefusedScan(
            "pages", f"Slice {number} has several pages, and a slice is a picture with one page."
        )
    return pages


@contextmanager
def _quiet() -> Iterator[None]:
    """Decoders warn of every oddity of a file; what matters is said in the scan's own warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _decode_contents(contents: Contents, name: str, limits: Limits) -> Iterator[Kept | Refusal]:
    works: list[_Work] = []
    alone = not (contents.volumes or contents.pictures)
    for work in _dicom_works(contents.instances, name, alone, limits):
        if isinstance(work, Refusal):
            yield work
        else:
            works.append(work)
    works += [_nifti_work(header, pixels, limits) for header, pixels in contents.volumes]
    works += [_picture_work(member, limits) for member in contents.pictures]
    if len(works) > limits.max_scans:
        raise RefusedScan(
            "too_many_scans",
            f"This holds {len(works)} scans; please send at most {limits.max_scans} at once.",
        )
    for work in works:
        label = name if len(works) == 1 else f"{name}: {work.label}"
        try:
            yield Kept(work.decode(label), work.members)
        except DECODING_ERRORS as error:
            yield refusal_of(label, error)


def _dicom_works(
    instances: list[Instance], name: str, alone: bool, limits: Limits
) -> Iterator[_Work | Refusal]:
    every_series = series_of(instances, limits)
    for series in every_series:
        label = name if alone and len(every_series) == 1 else f"{name}: {label_of(series)}"
        try:
            for stack in stacks_in(series, limits):
                yield (
                    refusal_of(label, stack) if isinstance(stack, RefusedScan) else _dicom_work(stack, limits)
                )
        except DECODING_ERRORS as error:
            yield refusal_of(label, error)


def _dicom_work(located: LocatedStack, limits: Limits) -> _Work:
    return _Work(located.label, located.members, lambda label: decode_stack(located, label, limits))


def _nifti_work(header: Member, pixels: Member, limits: Limits) -> _Work:
    members = (header,) if header is pixels else (header, pixels)

    def decode_volume(label: str) -> DecodedScan:
        volume = read_nifti(header.path, pixels.path, limits)
        scan = _scan(label, volume.array, volume.grid, members, volume.spacing)
        mapped = np.may_share_memory(scan.array, volume.array)  # and a file may change or go
        array = scan.array.copy() if mapped else scan.array
        return replace(scan, array=array, warnings=volume.warnings, window=volume.window)

    return _Work(header.name, members, decode_volume)


def _picture_work(member: Member, limits: Limits) -> _Work:
    def decode_picture(label: str) -> DecodedScan:
        pages, warnings = read_framed_picture(member.path, limits)
        slices, rows, columns = pages.shape
        scan = _scan(label, pages, SourceGrid("image", (slices, rows, columns)), (member,))
        return replace(scan, warnings=warnings)

    return _Work(member.name, (member,), decode_picture)


def _scan(
    name: str,
    source: NDArray[Any],
    grid: SourceGrid,
    members: tuple[Member, ...],
    spacing: Spacing = _UNKNOWN,
) -> DecodedScan:
    array = plain(to_display(source, grid))
    return DecodedScan(
        name=name,
        array=array,
        affine=placed_affine(grid),
        # A lone slice has no neighbour to be at a distance from.
        spacing=spacing if len(array) > 1 else replace(spacing, slice_mm=None),
        grid=grid,
        header=ScanHeader(),
        identity=Identity(),
        content_sha256=content_sha256(members),
        members=tuple(member.name for member in members),
    )
