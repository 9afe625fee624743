"""Files that are written before the row that names them: taken back where that row does not come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from data.database import DATABASE_FAULTS
from data.files import FileStore


@contextmanager
def taken_back(files: FileStore, prefix: str, known: Callable[[], object]) -> Iterator[None]:
    """Remove what lies below `prefix` where the block fails and the row of these files is not there.

    Whoever loses the database in the middle of a commit cannot tell whether that took place: `known` asks
    anew for the row, and where it is not answered the files stay, for a start's tidying to look at.
    """
    try:
        yield
    except BaseException:
        with suppress(*DATABASE_FAULTS):
            if not known():
                files.delete_all(prefix)
        raise
