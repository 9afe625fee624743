"""Pictures gathered from many public sources, each folder with an `index.csv` that says what they are.

    outside/NAME/{index.csv,*}      pictures and volumes from other sources than those trained on
    training/NAME/{index.csv,*}     more of the same kinds, to be trained on

The columns used are `file`, `sequence` and `truth` or else `what`, and `patient_or_source`. Splits are by the
latter, over all folders together: a patient may be in several of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.labelled.datasets import index_rows, patient_folds

NO_FOLD = 0
"""The fold of pictures whose patients nobody knows: to be trained on, never to be judged by."""
_PARTS = ("outside", "training")


@dataclass(frozen=True)
class CollectedFile:
    """One picture or volume of a collection."""

    file: Path
    collection: str  # name of the folder
    what: str  # in the index's own words
    truth: str  # what a reader should say of it, in the index's own words
    source: str  # patient, or where it came from
    fold: int


def collected_files(folder: Path) -> list[CollectedFile]:
    """Everything that the collections below `folder` list, in the order of their names; may be empty."""
    rows = [
        (index.parent, row)
        for part in _PARTS
        for index in sorted((folder / part).glob("*/index.csv"))
        for row in index_rows(index)
        if row.get("patient_or_source")
    ]
    folds = patient_folds(row["patient_or_source"] for _, row in rows)
    return [
        CollectedFile(
            file=base / row["file"],
            collection=base.name,
            what=row.get("sequence") or row.get("what") or "",
            truth=row.get("truth") or row.get("what") or "",
            source=row["patient_or_source"],
            fold=NO_FOLD
            if row["patient_or_source"].startswith("unknown")
            else folds[row["patient_or_source"]],
        )
        for base, row in rows
    ]
