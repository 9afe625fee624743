"""What travels: items with the bytes of their files to a worker, and what became of them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.labelled.labels import LabelRow
from data.records import Refusal, Spacing
from services.importing.asking import Asked
from services.importing.scan_reading import Part, ScanRead
from services.reading.reader import Read


@dataclass(frozen=True)
class SentFile:
    """A file's name in the import, how its name on the disk ends, and its bytes; None where it is gone."""

    name: str
    ending: str
    content: bytes | None


@dataclass(frozen=True)
class SentItem:
    """An item as `formats.Item`, with bytes in the place of paths, and its rows of the labels."""

    name: str
    files: tuple[SentFile, ...]
    stacked: bool
    masks: tuple[SentFile | None, ...]
    mask_labels: tuple[str, ...]
    rows: tuple[LabelRow, ...]


@dataclass(frozen=True)
class SentPart:
    """A part of an item with the bytes to keep; its `original` is but the name of their file."""

    part: Part
    content: bytes


@dataclass(frozen=True)
class SentScan:
    """A kept scan without a name: its array (slices, height, width), where its voxels lie."""

    array: NDArray[Any]
    spacing: Spacing
    affine: NDArray[np.float64] | None


ReadScan = Read | str
"""What a network says of a kept scan, or in a sentence why not."""

SentOutcome = tuple[SentPart | Refusal, ...]


def sent_item(asked: Asked) -> SentItem:
    """An item with the bytes of its files; what cannot be read any more goes without."""
    item = asked.decode
    files = tuple(SentFile(member.name, member.path.suffix, _bytes(member.path)) for member in item.files)
    masks = tuple(
        None if mask is None else SentFile(mask.name, mask.suffix, _bytes(mask)) for mask in item.masks
    )
    return SentItem(item.name, files, item.stacked, masks, item.mask_labels, asked.rows)


def received_item(sent: SentItem, folder: Path) -> formats.Item:
    """The item with its files below a new folder, under numbers; masks keep the names that refusals tell."""
    folder.mkdir(parents=True)
    members = []
    for number, file in enumerate(sent.files):
        path = folder / f"{number}{file.ending}"
        _write(path, file.content)
        members.append(formats.Member(file.name, path))
    masks: list[Path | None] = []
    for number, mask in enumerate(sent.masks):
        path = folder / f"mask {number}" / (mask.name if mask else "")
        if mask is not None:
            path.parent.mkdir()
            _write(path, mask.content)
        masks.append(path if mask else None)
    return formats.Item(sent.name, tuple(members), sent.stacked, tuple(masks), sent.mask_labels)


def sent_outcome(parts: Sequence[Part | Refusal]) -> SentOutcome:
    """What became of an item, without any file of this machine."""
    return tuple(part if isinstance(part, Refusal) else _sent_part(part) for part in parts)


def received_outcome(sent: SentOutcome, folder: Path) -> list[Part | Refusal]:
    """The same with its files in a new folder."""
    folder.mkdir(parents=True)
    parts: list[Part | Refusal] = []
    for number, part in enumerate(sent):
        if isinstance(part, Refusal):
            parts.append(part)
            continue
        original = folder / f"{number} {part.part.original.name}"
        if part.content:
            original.write_bytes(part.content)
        parts.append(replace(part.part, original=original))
    return parts


def _sent_part(part: Part) -> SentPart:
    """Pixels and bytes go back only where the house will keep them."""
    kept = isinstance(part.said, ScanRead)
    # An array that lies in a file of this machine becomes one of its own.
    array = np.array(part.decoded.array) if kept else np.empty((0, 0, 0), part.decoded.array.dtype)
    content = part.original.read_bytes() if kept else b""
    decoded = replace(part.decoded, array=array)
    return SentPart(replace(part, decoded=decoded, original=Path(part.original.name)), content)


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:  # it is gone, which its decoding will say
        return None


def _write(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
