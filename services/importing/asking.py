"""What the decoder is asked for an item: its files, its masks, and its rows of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data import formats
from data.labelled.labels import LabelRow
from data.records import ImportItem, Refusal

Masks = tuple[Path | None, ...]

_SEVERAL_MASKS = "Masks of single DICOM slices are not read; give one mask file for the whole series."


@dataclass(frozen=True)
class Asked:
    """An item, its rows of the labels, how it is decoded, and what is known to be amiss."""

    item: ImportItem
    rows: tuple[LabelRow, ...]
    decode: formats.Item
    notes: tuple[Refusal, ...]

    @property
    def size(self) -> int:
        """The bytes of its files, without the masks."""
        return sum(_size(member.path) for member in self.decode.files)


class Asking:
    """Puts together what is asked of the items of one import."""

    def __init__(self, root: Path, rows: Sequence[LabelRow]) -> None:
        """`root` is where the items' files lie."""
        self._root = root
        self._rows = {row.number: row for row in rows}

    def asked(self, item: ImportItem) -> Asked:
        """What the decoder is asked for an item."""
        members = tuple(formats.Member(file.name or file.path, self._root / file.path) for file in item.files)
        rows = tuple(self._rows[file.row] for file in item.files if file.row in self._rows)
        masks, notes = self._masks(item)
        labels = self._mask_labels(item) if masks else ()
        return Asked(item, rows, formats.Item(item.name, members, item.stacked, masks, labels), notes)

    def _masks(self, item: ImportItem) -> tuple[Masks, tuple[Refusal, ...]]:
        """The masks that come with an item; a volume's count only if they are known for every slice."""
        paths = tuple(None if file.mask is None else self._root / file.mask for file in item.files)
        masks = {path for path in paths if path is not None}
        if not masks:
            return (), ()
        if item.stacked:
            rows = [self._rows.get(file.row or 0) for file in item.files]
            negative = [row is not None and row.positive is False for row in rows]
            known = all(path is not None or no for path, no in zip(paths, negative, strict=True))
            return (paths if known else ()), ()
        if len(masks) > 1:
            return (), (Refusal(item.name, "mask", _SEVERAL_MASKS),)
        return tuple(masks), ()

    def _mask_labels(self, item: ImportItem) -> tuple[str, ...]:
        """Which labels of each of the masks are the finding, as far as the rows say so."""
        rows = [self._rows.get(file.row or 0) for file in item.files]
        labels = tuple((row.mask_labels if row else None) or "" for row in rows)
        return labels if item.stacked else (next(filter(None, labels), ""),)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # it is gone, which its decoding will say
        return 0
