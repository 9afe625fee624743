"""Heads from other sources than the training sets: what presence is calibrated on beside patients held out.

The collections `outside/brain_healthy`, `brain_other_disease` and `brain_tumour`. No weight was trained on
them, but the decision is fitted with them: figures of the same collections are on the bright side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from data import formats
from data.labelled.collections import collected_files
from data.labelled.datasets import grey_image

HEALTHY, DISEASED, TUMOUR = "brain_healthy", "brain_other_disease", "brain_tumour"
READ = ("FLAIR", "T1c")
"""The sequences whose tumours the network has learnt."""


@dataclass(frozen=True)
class HeadFromElsewhere:
    """A picture or volume (slices, height, width) of a source that was not trained on."""

    name: str
    array: NDArray[Any]
    tumour: bool


def heads_from_elsewhere(folder: Path) -> Iterator[HeadFromElsewhere]:
    """Heads without a tumour in every sequence, those with one in the sequences learnt; maybe none."""
    for collected in collected_files(folder):
        tumour = collected.collection == TUMOUR
        if collected.collection in (HEALTHY, DISEASED) or (tumour and collected.what in READ):
            yield HeadFromElsewhere(collected.file.name, _array(collected.file), tumour)


def _array(file: Path) -> NDArray[Any]:
    if file.name.endswith((".nii", ".nii.gz")):
        return formats.decode(file, file.name).scans[0].array
    return grey_image(file)[None]
