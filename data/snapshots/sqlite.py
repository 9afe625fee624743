"""SQLite, by its online backup: one state of the database, while others go on writing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data.atomic_files import PRIVATE, new_file
from data.errors import InvalidInput, UserFacingError
from data.snapshots.taken import Snapshot, counted, revision_of


@contextmanager
def snapshot(address: URL, file: Path) -> Iterator[Snapshot]:
    """See `data.snapshots.snapshot`."""
    source = Path(str(address.database))
    if not source.is_file():
        raise InvalidInput(f"There is no database {source}.")
    _copy(source, file)
    file.chmod(PRIVATE)
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    with engine.connect() as connection:
        yield Snapshot(connection, revision_of(connection), counted(connection))


def put_back(address: URL, file: Path) -> None:
    """See `data.snapshots.put_back`."""
    with file.open("rb") as source, new_file(Path(str(address.database))) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def _copy(source: Path, file: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(file)) as here:
            # All pages in one step: in parts it would begin anew whenever another process writes.
            there.backup(here, pages=-1)
            here.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
            verdict = here.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise UserFacingError(f"The database {source} cannot be copied: {error}.") from error
    if verdict != "ok":
        raise UserFacingError(f"The database {source} is damaged: {verdict}.")
