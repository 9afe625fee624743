"""Files whose row was never written, because a kill came between the two: files come first."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, Table, select

from data.database import reading
from data.files import FileStore
from data.tables import results, reviews, scans

_AT_ONCE = 500
_OWNERS: dict[str, Table] = {"scans": scans, "results": results, "reviews": reviews}


def remove_left_files(engine: Engine, files: FileStore, before: datetime) -> int:
    """Remove the files of scans, results and reviews that there are not; how many of these there were.

    What came since `before` stays: somebody may be about to write the row. In a store elsewhere (S3)
    nothing is looked for.
    """
    removed = 0
    if files.folder is not None:
        for name, table in _OWNERS.items():
            for ids in _in_parts(_quiet_folders(files.folder / name, before.timestamp())):
                for left in sorted(set(ids) - _known(engine, table, ids)):
                    files.delete_all(f"{name}/{left}")
                    removed += 1
    return removed


def _quiet_folders(folder: Path, before: float) -> Iterator[str]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir() and entry.stat().st_mtime < before:
                    yield entry.name


def _in_parts(names: Iterator[str]) -> Iterator[list[str]]:
    while part := list(islice(names, _AT_ONCE)):
        yield part


def _known(engine: Engine, table: Table, ids: Sequence[str]) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())
