"""Files whose row was never written, because a kill came between the two: files come first."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, Table, select

from data.database import reading
from data.files import FileStore
from data.tables import results, reviews, scans

log = logging.getLogger(__name__)

MOST_LEFT = 20
"""A kill leaves one or two; many more say that files and database are not of the same house or day."""
_AT_ONCE = 500
_OWNERS: dict[str, Table] = {"scans": scans, "results": results, "reviews": reviews}


def remove_left_files(engine: Engine, files: FileStore, before: datetime) -> int:
    """Remove the files of scans, results and reviews that there are not; how many of these there were.

    What came since `before` stays: somebody may be about to write the row. In a store elsewhere (S3)
    nothing is looked for. Where there are more than MOST_LEFT, or none has a row, all stay, and the log says
    so: a server that was started on another or an older database must not delete the pictures of a house.
    """
    if files.folder is None:
        return 0
    left: list[str] = []
    kept = 0
    for name, table in _OWNERS.items():
        for ids in _in_parts(_quiet_folders(files.folder / name, before.timestamp())):
            known = _known(engine, table, ids)
            left += [f"{name}/{each}" for each in ids if each not in known]
            kept += len(known)
    if left and (len(left) > MOST_LEFT or not kept):
        log.error("%d folders of files have no row in the database, and are left: %s …", len(left), left[0])
        return 0
    for each in left:
        files.delete_all(each)
    return len(left)


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
