"""Migrations that may be killed where each change of a table is a commit: MySQL and MariaDB.

SQLite and PostgreSQL take back what a killed migration did. Here the changes that are done stay, so that
the same migration would stumble over them. A row therefore says before which change (counted within a
revision) the last commit was: the server commits it together with whatever was written before that change,
and with nothing after it. The next start passes over all before it, makes that change unless it is made, and
goes on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

TABLE = "migration_steps"
NEEDED = {"mysql", "mariadb"}
_NOTHING = "DO 0"
_CHANGE = re.compile(r"\s*(CREATE|ALTER|DROP|RENAME|TRUNCATE)\b", re.IGNORECASE)
_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_REACHED = re.compile(
    r"\s*(?:UPDATE alembic_version SET version_num=|INSERT INTO alembic_version .*VALUES \()'(\w+)'"
)
# Of what is made already, or gone already: tables, columns, keys, foreign keys, triggers.
_DONE = {1050, 1060, 1061, 1826, 1022, 1359, 1051, 1091, 1054, 1146, 1360}

log = logging.getLogger(__name__)


@contextmanager
def resumable(connection: Connection, revision: str | None) -> Iterator[None]:
    """Within it migrations go on where the last ones were ended; the database has reached `revision`."""
    if connection.dialect.name not in NEEDED:
        yield
        return
    steps = _Steps(connection, revision or "")
    event.listen(connection, "before_cursor_execute", steps.look, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", steps.look)
    steps.forget()


class _Steps:
    """How far migrations have come."""

    def __init__(self, connection: Connection, revision: str) -> None:
        connection.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (revision VARCHAR(32) NOT NULL, change_number INT NOT NULL)"
        )
        row = connection.exec_driver_sql(f"SELECT revision, change_number FROM {TABLE}").first()  # noqa: S608
        if row is None:
            connection.exec_driver_sql(f"INSERT INTO {TABLE} VALUES ('', 0)")  # noqa: S608
        self._connection, self._revision, self._number = connection, revision, 0
        self._resumed = int(row[1]) if row is not None and row[0] == revision else 0
        if self._resumed:
            log.warning("a migration after revision %r goes on at its change %d", revision, self._resumed)

    def look(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        """What is to be executed in the place of a statement."""
        reached = _REACHED.match(statement)
        if reached is not None:
            self._revision, self._number, self._resumed = reached[1], 0, 0
        elif "alembic_version" in statement:
            return statement, parameters
        elif _CHANGE.match(statement):
            return self._change(cursor, statement, parameters)
        elif _WRITE.match(statement) and self._number < self._resumed:
            return _NOTHING, ()
        return statement, parameters

    def _change(self, cursor: Any, statement: str, parameters: Any) -> tuple[str, Any]:
        self._number += 1
        if self._number < self._resumed:
            return _NOTHING, ()
        if self._number == self._resumed:
            return self._unless_done(cursor, statement, parameters)
        cursor.execute(
            f"UPDATE {TABLE} SET revision = %s, change_number = %s",  # noqa: S608
            (self._revision, self._number),
        )
        return statement, parameters

    def _unless_done(self, cursor: Any, statement: str, parameters: Any) -> tuple[str, Any]:
        try:
            cursor.execute(statement, parameters)
        except self._connection.dialect.loaded_dbapi.Error as error:
            if not error.args or error.args[0] not in _DONE:
                raise
        return _NOTHING, ()

    def forget(self) -> None:
        """All migrations are done."""
        self._connection.exec_driver_sql(f"DROP TABLE {TABLE}")
