"""Frontal films of adults beside the children that `pneumonia` is trained on.

They come from the collections `chest_adult*`. Normal and ill films come mostly from different sources there,
so that a network could tell the source instead of the disease: strong crops and changes of exposure and
resolution in training work against it, and the figures of adults are to be read with that in mind.
"""

from __future__ import annotations

from pathlib import Path

from data.labelled.collections import collected_files
from data.labelled.datasets import LabelledXray

ADULTS = "chest_adult"
JUDGED_FOLDS = (4, 5)
"""Folds of adults that are never trained on: there are too few films to spare only one."""


def adult_films(folder: Path) -> list[LabelledXray]:
    """Adults' films that are normal or show pneumonia; other disease is left out. May be empty."""
    films = []
    for collected in collected_files(folder):
        words = {word.strip() for word in collected.truth.lower().replace("(", ",").split(",")}
        if collected.collection.startswith(ADULTS) and words & {"normal", "pneumonia"}:
            ill = "pneumonia" in words
            films.append(LabelledXray(collected.file, ill, collected.source, collected.fold, dataset=ADULTS))
    return films
