"""Labelled pictures from outside the training sources, as they come to a hospital: right ones and wrong ones.

    DIR/[outside/]PREFIX_NAME/index.csv     `brain_healthy`, `brain_tumour`, `brain_wrong`, `chest_adult`, ...

Columns: `file`, `truth`, `sequence`, `kind` (slice or volume), `source`, and where they are known
`mask_file`, `age` (years) and `doubt`. What the words under `truth` mean is said here and nowhere else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from data.errors import UnusableDataset
from data.labelled.datasets import LABELLED_FOLDERS, index_rows
from data.records import BRAIN_TUMOUR, PNEUMONIA

INDEX = "index.csv"
FOLDER = "outside"
_PREFIXES = {BRAIN_TUMOUR: "brain_", PNEUMONIA: "chest_"}
NOT_STATED = "not stated"
_AGES = ((18, "under 18"), (65, "18 to 64"), (200, "65 and over"))
_ADULT = "adult, years not stated"


class OutsideTruth(StrEnum):
    """What a picture is, for the task that is judged."""

    HEALTHY = "healthy"
    OTHER_DISEASE = "other disease"
    ILL = "ill"  # it shows what the task looks for
    WRONG = "wrong"  # the suitability gate should refuse it


TRUTH_WORDS = (
    ("wrong ", OutsideTruth.WRONG),
    ("phantom", OutsideTruth.WRONG),
    ("inverted ", OutsideTruth.WRONG),
    ("no tumour; healthy", OutsideTruth.HEALTHY),
    ("no tumour; elderly", OutsideTruth.HEALTHY),  # what age does to a brain is no disease
    ("no tumour; ", OutsideTruth.OTHER_DISEASE),
    ("normal", OutsideTruth.HEALTHY),
    ("other disease", OutsideTruth.OTHER_DISEASE),
    ("tumour", OutsideTruth.ILL),
    ("glioblastoma", OutsideTruth.ILL),
    ("pneumonia", OutsideTruth.ILL),
)
"""How a truth in an index begins, and what it means; the first that fits counts."""


@dataclass(frozen=True)
class OutsideFile:
    """One labelled picture or volume."""

    file: Path
    name: str  # FOLDER/FILE
    truth: OutsideTruth
    words: str  # the truth in the index's own words
    kind: str
    sequence: str  # of an X-ray: its view
    source: str
    age: str
    mask: Path | None
    doubt: str

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


def has_outside(folder: Path, task: str) -> bool:
    """Whether pictures for `task` lie in this layout at or below `folder`."""
    return bool(_indexes(folder, task))


def outside_sets(folder: Path, task: str) -> list[str]:
    """The names of the folders with pictures for `task` at or below `folder`."""
    return [index.parent.name for index in _indexes(folder, task)]


def outside_files(folder: Path, task: str, name: str | None = None) -> list[OutsideFile]:
    """Every file that the indexes for `task` list, by folder; of the folder called `name` only, if given.

    Raises UnusableDataset where there is no such index, a file is missing, or a truth is not understood.
    """
    indexes = [index for index in _indexes(folder, task) if name in (None, index.parent.name)]
    if not indexes:
        raise UnusableDataset(f"{folder} holds no folder {_prefix(task)}NAME with an {INDEX}.")
    return [_file(index, row) for index in indexes for row in index_rows(index)]


def truth_of(words: str) -> OutsideTruth:
    """What a truth in an index means; raises UnusableDataset for words that are not known."""
    for beginning, truth in TRUTH_WORDS:
        if words.strip().casefold().startswith(beginning):
            return truth
    raise UnusableDataset(f"The truth {words!r} is not understood.")


def _indexes(folder: Path, task: str) -> list[Path]:
    pattern = f"{_prefix(task)}*/{INDEX}"
    beside = [index for index in folder.glob(pattern) if index.parent.name not in LABELLED_FOLDERS]
    return sorted((folder / FOLDER).glob(pattern)) or sorted(beside)


def _prefix(task: str) -> str:
    return _PREFIXES.get(task, f"{task}_")


def _file(index: Path, row: dict[str, str]) -> OutsideFile:
    folder = index.parent
    try:
        file, words = folder / row["file"], row["truth"]
    except KeyError as missing:
        raise UnusableDataset(f"{index} has no column {missing}.") from None
    if not file.is_file():
        raise UnusableDataset(f"{index} lists {row['file']}, which is not there.")
    return OutsideFile(
        file=file,
        name=f"{folder.name}/{row['file']}",
        truth=truth_of(words),
        words=words,
        kind=row.get("kind") or NOT_STATED,
        sequence=(row.get("sequence") or "").strip() or NOT_STATED,
        source=(row.get("source") or "").split(":")[0] or NOT_STATED,
        age=_age(row.get("age") or "", adult=folder.name.endswith("_adult")),
        mask=folder / row["mask_file"] if row.get("mask_file") else None,
        doubt=row.get("doubt") or "",
    )


def _age(years: str, *, adult: bool) -> str:
    """A band of ages: single years are too few to be compared."""
    if not years.strip():
        return _ADULT if adult else NOT_STATED
    try:
        age = float(years)
    except ValueError:
        raise UnusableDataset(f"The age {years!r} is no number of years.") from None
    return next((band for below, band in _AGES if age < below), NOT_STATED)
