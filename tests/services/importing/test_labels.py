"""Where a label and its mask contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from data.labelled.labels import LabelRow
from data.records import ImportFile, ImportItem, ScanHeader
from services.importing.labels import contradictions_of


def row(number: int, positive: bool | None) -> LabelRow:
    return LabelRow(number, f"{number}.png", f"m{number}.png", "P", None, ScanHeader(), positive)


def told(positive: Sequence[bool | None], marked: Sequence[bool], *, stacked: bool) -> list[tuple[str, str]]:
    """Name and sentence of each contradiction of an item with so many rows, and slices of its mask."""
    rows = [row(number, label) for number, label in enumerate(positive, 2)]
    files = tuple(ImportFile(each.file, row=each.number, mask=each.mask_file) for each in rows)
    mask = np.zeros((len(marked), 4, 4), dtype=bool)
    mask[np.array(marked), 1, 1] = True
    item = ImportItem("i", "import", 0, "name", files, stacked)
    return [(refusal.name, refusal.sentence) for refusal in contradictions_of(item, rows, mask)]


@pytest.mark.parametrize(
    ("positive", "marked", "words"),
    [
        (True, False, "Row 2 of the labels says that the finding is there, but its mask is empty."),
        (False, True, "Row 2 of the labels says that there is nothing, but its mask marks something."),
        (True, True, None),
        (False, False, None),
        (None, True, None),
        (None, False, None),
    ],
)
def test_a_label_and_a_mask_that_say_two_things_are_told(
    positive: bool | None, marked: bool, words: str | None
) -> None:
    expected = [] if words is None else [("m2.png", words)]
    assert told([positive], [marked], stacked=False) == expected
    assert told([positive], [marked], stacked=True) == expected


def test_each_slice_of_a_volume_is_held_against_its_own_row() -> None:
    names = [name for name, _ in told([True, True, False, False], [True, False, True, False], stacked=True)]
    assert names == ["m3.png", "m4.png"]


def test_a_mask_of_a_whole_series_is_held_against_all_its_rows() -> None:
    assert told([False, True], [False, True], stacked=False) == []
    assert len(told([False, True], [False, False], stacked=False)) == 1
    assert len(told([False, False], [False, True], stacked=False)) == 1


def test_without_a_mask_or_a_row_nothing_contradicts() -> None:
    item = ImportItem("i", "import", 0, "name", (ImportFile("2.png", row=2),))
    assert contradictions_of(item, [row(2, True)], None) == []
    assert contradictions_of(item, [], np.zeros((1, 4, 4), dtype=bool)) == []
