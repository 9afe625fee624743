"""Retraining packs laid over a labelled folder: what `app.py prepare` makes for `train`.

All scans of a patient come from the newest pack that holds one of them: within a pack they stand apart in
their positions, fill one size and share a fold, which scans of two packs would not, and what people say of a
scan may have changed in between.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any

from data import atomic_files
from data.errors import InvalidInput, UnusableDataset
from data.labelled.datasets import index_rows, patient_folds

MANIFEST, INDEX = "manifest.json", "index.csv"
KIND = "lightbox retraining pack"
_VOLUMES, _SLICES = PurePosixPath("brain_mri/tcga_lgg"), PurePosixPath("brain_mri/cheng_t1ce")
Row = Mapping[str, str]


@dataclass(frozen=True)
class PreparedData:
    """How many scans and patients came out of packs, and how many scans gave way to a newer pack."""

    scans: int
    patients: int
    superseded: int


@dataclass(frozen=True)
class _Pack:
    """A pack's file and what its manifest says."""

    file: Path
    manifest: Mapping[str, Any]

    @classmethod
    def opened(cls, file: Path) -> _Pack:
        try:
            with zipfile.ZipFile(file) as opened:
                manifest = json.loads(opened.read(MANIFEST))
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise UnusableDataset(f"{file.name} is no retraining pack.") from error
        if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
            raise UnusableDataset(f"{file.name} is no retraining pack.")
        return cls(file, manifest)

    @property
    def scans(self) -> Sequence[Mapping[str, Any]]:
        """What it holds, each with its patient and its files' paths."""
        return list(self.manifest["scans"])


def prepared(data: Path, packs: Sequence[Path], into: Path) -> PreparedData:
    """Copy the labelled folder `data` to `into`, which must not be there, and lay retraining packs over it.

    Raises UnusableDataset for a file that is no pack, or whose pictures lie in `data` already, and
    InvalidInput where `into` is there or lies in `data`.
    """
    if into.exists() or into.resolve().is_relative_to(data.resolve()):
        raise InvalidInput(f"{into} is there already, or lies within the data.")
    opened = sorted(map(_Pack.opened, packs), key=lambda pack: (pack.manifest["made_at"], pack.file.name))
    newest = {scan["patient"]: pack.file for pack in opened for scan in pack.scans}
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as unfinished:
        made = Path(unfinished) / into.name
        shutil.copytree(data, made)
        scans = sum(_laid_over(pack, newest, made) for pack in opened)
        _share_folds(made, opened)
        made.rename(into)
    return PreparedData(scans, len(newest), sum(len(pack.scans) for pack in opened) - scans)


def _laid_over(pack: _Pack, newest: Mapping[str, Path], into: Path) -> int:
    """Take pictures, masks and rows of those scans of a pack that count; returns how many."""
    taken = [scan for scan in pack.scans if newest[scan["patient"]] == pack.file]
    files = {file for scan in taken for file in scan["files"]}
    with zipfile.ZipFile(pack.file) as opened:
        for name in opened.namelist():
            if name in files or name.replace("/masks/", "/images/", 1) in files:
                if (into / name).exists():
                    raise UnusableDataset(f"{name} of {pack.file.name} lies in the data already.")
                opened.extract(name, into)
            elif PurePosixPath(name).name == INDEX:
                folder = PurePosixPath(name).parent
                rows = csv.DictReader(StringIO(opened.read(name).decode()))
                _add_rows(into / name, [row for row in rows if files & set(_pictures(folder, row))])
    return len(taken)


def _pictures(folder: PurePosixPath, row: Row) -> Iterator[str]:
    """Where a row's picture may lie: some sets name it below `images`."""
    yield str(folder / row["file"])
    yield str(folder / "images" / row["file"])


def _add_rows(index: Path, rows: Sequence[Row]) -> None:
    if rows:
        _write_rows(index, [*index_rows(index), *rows])


def _write_rows(index: Path, rows: Sequence[Row]) -> None:
    """A set's table, with every column that any of its rows has."""
    columns = dict.fromkeys(name for row in rows for name in row)
    text = StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_files.write(index, text.getvalue())


def _share_folds(folder: Path, packs: Sequence[_Pack]) -> None:
    """Give single slices of packs the fold of their patient's volumes, which further patients deal anew."""
    patients = {file: scan["patient"] for pack in packs for scan in pack.scans for file in scan["files"]}
    index = folder / _SLICES / INDEX
    folds = patient_folds(row["patient_id"] for row in index_rows(folder / _VOLUMES / INDEX))
    rows = []
    for row in index_rows(index):
        fold = folds.get(patients.get(str(_SLICES / "images" / row["file"]), ""))
        rows.append(row if fold is None else row | {"official_patient_fold": str(fold)})
    if rows:
        _write_rows(index, rows)
