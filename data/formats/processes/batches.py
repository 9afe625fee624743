"""Many items of a bulk import in one child process, so that small files do not each cost a fork.

An item is what becomes one scan as a rule: a file, the instances of a DICOM series wherever they
lie, or pictures that a table joins to a volume. This module runs in the child (`worker`); what it
yields is read by `bulk` in the parent.
"""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, RefusedScan
from data.formats.contents import refusal_of
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.decoding import Kept, decode_each, decode_members, decode_pictures
from data.formats.kept_files import keep_scan
from data.formats.limits import UNREADABLE, Limits
from data.formats.masks.files import read_mask
from data.formats.masks.values import MaskAnswers
from data.formats.members import Member
from data.formats.processes.transport import put_refusal, put_scan
from data.machine_faults import refuse_of_machine
from data.records import Refusal, SourceGrid

BEGUN, ENDED = "begun", "ended"
_MASK_DOES_NOT_FIT = "This mask has another size than the scan, so it does not fit."
_NONE_NAMED = "This mask holds none of the labels that the table names for it ({labels})."
_MASK_OF_SEVERAL = "This file holds several scans, so it is not known which of them the mask belongs to."


@dataclass(frozen=True)
class Item:
    """Files that belong together, as they are asked of a child.

    `stacked` pictures become one volume in the order given. `masks` are the files' masks in the
    same order: one for a file or series, or one (or None for an empty one) for each stacked picture.
    `mask_labels` say of each which of its labels are the finding, as `MaskAnswers.of` reads it.
    """

    name: str
    files: tuple[Member, ...]
    stacked: bool = False
    masks: tuple[Path | None, ...] = ()
    mask_labels: tuple[str, ...] = ()


def plain(item: Item) -> dict[str, Any]:
    """The item as JSON can hold it."""
    return {
        "name": item.name,
        "files": [[member.name, str(member.path)] for member in item.files],
        "stacked": item.stacked,
        "masks": [None if mask is None else str(mask) for mask in item.masks],
        "mask_labels": item.mask_labels,
    }


def answers(request: dict[str, Any]) -> Iterator[str]:
    """The lines of every item: its scans and refusals between a line BEGUN and a line ENDED."""
    folder, number = Path(request["folder"]), 0
    tempfile.tempdir = str(folder)
    limits = Limits(**request["limits"])
    for index, plain_item in enumerate(request["items"]):
        signal.setitimer(signal.ITIMER_REAL, request["timeout_s"])  # each item has the whole time
        yield json.dumps({BEGUN: index})
        for line, is_scan in _lines_of(_item(plain_item), limits, folder, number):
            number += is_scan
            yield line
        yield json.dumps({ENDED: index})


def _item(plain_item: dict[str, Any]) -> Item:
    files = tuple(Member(name, Path(path)) for name, path in plain_item["files"])
    masks = tuple(None if mask is None else Path(mask) for mask in plain_item["masks"])
    return Item(plain_item["name"], files, plain_item["stacked"], masks, tuple(plain_item["mask_labels"]))


def _lines_of(item: Item, limits: Limits, folder: Path, number: int) -> Iterator[tuple[str, bool]]:
    scans: list[SourceGrid] = []
    for opened in _decoded(item, limits):
        if isinstance(opened, Refusal):
            yield put_refusal(opened), False
            continue
        try:
            original = keep_scan(opened.members, folder, number + len(scans))
            line = put_scan(opened.scan, folder, number + len(scans), original=original.name)
        except DECODING_ERRORS as error:
            refuse_of_machine(error)
            # What cannot be kept without names is not read.
            yield put_refusal(Refusal(opened.scan.name, "unreadable", UNREADABLE)), False
            continue
        scans.append(opened.scan.grid)
        yield line, True
    if item.masks and scans:
        refusal = _keep_mask(item, scans, folder, number)
        if refusal is not None:
            yield put_refusal(refusal), False


def _decoded(item: Item, limits: Limits) -> Iterator[Kept | Refusal]:
    if item.stacked:
        return decode_pictures(item.files, item.name, limits)
    if len(item.files) == 1:
        return decode_each(item.files[0].path, item.name, limits)
    return decode_members(item.files, item.name, limits)


def _keep_mask(item: Item, scans: list[SourceGrid], folder: Path, number: int) -> Refusal | None:
    """Write the mask beside the scan's array as `{number}.mask.npy`, or say why not."""
    name = next((mask.name for mask in item.masks if mask is not None), item.name)
    if len(scans) > 1:
        return Refusal(name, "mask", _MASK_OF_SEVERAL)
    try:
        with _naming_the_mask():
            mask = _mask(item, scans[0])
            np.save(folder / f"{number}.mask.npy", mask, allow_pickle=False)
    except (InvalidInput, RefusedScan) as error:
        return Refusal(name, "mask", str(error))
    return None


@contextmanager
def _naming_the_mask() -> Iterator[None]:
    try:
        yield
    except (InvalidInput, RefusedScan):
        raise
    except DECODING_ERRORS as error:
        raise InvalidInput(refusal_of("mask", error).sentence) from error


def _mask(item: Item, grid: SourceGrid) -> NDArray[np.bool_]:
    """The mask (slices, height, width) in display order."""
    drawn = _drawn(item, item.mask_labels, grid)
    if any(item.mask_labels) and not drawn.any() and _drawn(item, ("all",) * len(item.masks), grid).any():
        raise InvalidInput(
            _NONE_NAMED.format(labels="; ".join(dict.fromkeys(filter(None, item.mask_labels))))
        )
    return drawn


def _drawn(item: Item, labels: tuple[str, ...], grid: SourceGrid) -> NDArray[np.bool_]:
    """What of the masks these labels are."""
    # Who names a mask in a table has said that it belongs there, empty or not.
    said = [MaskAnswers.of(text, empty=True, of_many=True) for text in labels]
    said = said or [MaskAnswers(empty=True)] * len(item.masks)
    if not item.stacked:
        (mask,), (answers,) = item.masks, said
        assert mask is not None
        return read_mask(mask, mask.name, grid, answers)
    slices, height, width = grid.shape
    if len(item.masks) != slices:
        raise InvalidInput(_MASK_DOES_NOT_FIT)
    slice_grid, empty = SourceGrid("image", (1, height, width)), np.zeros((1, height, width), dtype=bool)
    return np.concatenate(
        [
            empty if mask is None else read_mask(mask, mask.name, slice_grid, answers)
            for mask, answers in zip(item.masks, said, strict=True)
        ]
    )
