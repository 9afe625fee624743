"""Outages of what the house stands on, told apart from mistakes of ours: disk, database, memory.

An outage ends without anybody changing the program, so that it is told in one plain sentence and what was
wanted can be tried again; everything else that is unexpected goes up to be logged with an id. Those of MLflow
are in `data.tracking.faults`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from data.errors import Outage, OutOfMemory, StorageFull
from data.machine_faults import NO_MEANS, NO_ROOM, NOT_USABLE

FULL = (
    "There is no room left on the server's disk, so this could not be kept. Please tell an administrator, "
    "and try again when there is room."
)
NOT_WRITABLE = (
    "The server cannot use its disk at the moment, so this could not be done. Please tell an administrator, "
    "and try again later."
)
LOCKED = "The database is busy with something else and did not answer in time; please try again in a minute."
AWAY = "The database does not answer at the moment; please try again in a minute."
NO_MEMORY = "The server has not enough memory for this right now; please try again in a minute."

# https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: NOT_WRITABLE,
    sqlite3.SQLITE_IOERR: NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: NOT_WRITABLE,
    sqlite3.SQLITE_PERM: NOT_WRITABLE,
    sqlite3.SQLITE_NOMEM: NO_MEMORY,
    sqlite3.SQLITE_NOTADB: AWAY,
    sqlite3.SQLITE_CORRUPT: AWAY,
}
_KINDS = {FULL: StorageFull, NO_MEMORY: OutOfMemory}
_PRIMARY = 0xFF  # of an extended code
_NO_TABLE = "no such table"  # of a SQLite file that was taken away: in its place a new one is empty

# https://www.postgresql.org/docs/current/errcodes-appendix.html, by class or whole
_POSTGRESQL = {
    "53100": FULL,
    "53200": NO_MEMORY,
    "53300": LOCKED,
    "25006": NOT_WRITABLE,
    "40001": LOCKED,
    "40P01": LOCKED,
    "55P03": LOCKED,
    "57014": LOCKED,
    "58030": NOT_WRITABLE,
    "08": AWAY,
    "57P": AWAY,
}

# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MARIADB = {
    3: NOT_WRITABLE,
    28: FULL,
    1021: FULL,
    1114: FULL,
    1026: NOT_WRITABLE,
    1036: NOT_WRITABLE,
    1290: NOT_WRITABLE,
    1836: NOT_WRITABLE,
    1040: LOCKED,
    1205: LOCKED,
    1213: LOCKED,
    0: AWAY,
    1053: AWAY,
    1927: AWAY,
    2002: AWAY,
    2003: AWAY,
    2006: AWAY,
    2013: AWAY,
    2014: AWAY,
    2055: AWAY,
}
_DEADLOCKS = (1213, "40001", "40P01")


def outage_of(error: BaseException) -> Outage | None:
    """What a person is told where this is an outage; None for anything else.

    StorageFull where there is no room left, OutOfMemory where there is no memory.
    """
    if isinstance(error, Outage):
        return error
    sentence = _sentence(error)
    if sentence is None:
        return None
    return _KINDS.get(sentence, Outage)(sentence)


def is_deadlock(error: DBAPIError) -> bool:
    """Whether the database ended a transaction so that another one could go on."""
    return _code(error.orig) in _DEADLOCKS


@contextmanager
def outages_told() -> Iterator[None]:
    """Raises Outage where what is done within meets one."""
    try:
        yield
    except Exception as error:
        outage = outage_of(error)
        if outage is None:
            raise
        raise outage from error


def _sentence(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, PoolTimeout):
        return LOCKED
    if isinstance(error, DBAPIError):
        return AWAY if error.connection_invalidated else _of_driver(error.orig)
    return _of_driver(error)


def _of_system(error: OSError) -> str | None:
    if error.errno in NO_ROOM:
        return FULL
    if error.errno in NOT_USABLE:
        return NOT_WRITABLE
    return NO_MEMORY if error.errno in NO_MEANS else None


def _of_driver(error: BaseException | None) -> str | None:
    """Of what a driver of a database raised; its own classes are not imported, as it may not be installed."""
    if isinstance(error, sqlite3.Error):
        if _NO_TABLE in str(error):
            return AWAY
        return _SQLITE.get(getattr(error, "sqlite_errorcode", -1) & _PRIMARY)
    if _driver(error) == "psycopg":
        return _of_postgresql(error)
    code = _code(error)
    return _MARIADB.get(code) if isinstance(code, int) else None


def _driver(error: BaseException | None) -> str:
    return type(error).__module__.partition(".")[0]


def _code(error: BaseException | None) -> str | int | None:
    """The database's own code, as its driver tells it."""
    match _driver(error):
        case "psycopg":
            return getattr(error, "sqlstate", None)
        case "pymysql" if error is not None and error.args and isinstance(error.args[0], int):
            return error.args[0]
    return None


def _of_postgresql(error: BaseException | None) -> str | None:
    code = _code(error)
    if code is None:  # the server was never reached, or is gone in the middle of a statement
        return AWAY if type(error).__name__ == "OperationalError" else None
    return next((told for known, told in _POSTGRESQL.items() if str(code).startswith(known)), None)
