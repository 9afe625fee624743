"""Deleted rows that still lie in a database's files: overwritten, as far as the database can be told to.

SQLite overwrites what is deleted (`secure_delete`), but copies stay where a page was split or a row moved, in
pages that were freed by an older Lightbox, and in the write-ahead log until it is emptied. Writing the
whole file anew leaves none of them. PostgreSQL and MariaDB keep old versions of rows until they are vacuumed
or purged, and a log of their own; VACUUM and OPTIMIZE write the tables anew.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from sqlalchemy import Engine, text

from data.database import DATABASE_FAULTS, writers_wait

_TRIES, _PAUSE_S = 3, 0.25


def overwrite_deleted(engine: Engine, tables: Collection[str]) -> bool:
    """Let nothing of deleted rows of these tables be left; False where others kept it from that for now."""
    if engine.dialect.name == "sqlite":
        return _sqlite_anew(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in sorted(tables):
            name = connection.dialect.identifier_preparer.quote(table)
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"VACUUM {name}"))
            else:
                connection.execute(text(f"OPTIMIZE TABLE {name}")).close()
    return True


def _sqlite_anew(engine: Engine) -> bool:
    """Write the file anew, and empty the log beside it."""
    for _ in range(_TRIES):
        with writers_wait(engine), engine.connect() as connection:
            raw = connection.connection.cursor()
            try:
                raw.execute("VACUUM")
                # (was somebody in the way, pages of the log, of them in the file)
                busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except DATABASE_FAULTS:  # somebody else holds it
                busy = 1
            finally:
                raw.close()
        if not busy:
            return True
        time.sleep(_PAUSE_S)
    return False
