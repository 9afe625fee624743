"""The kinds of databases, by their address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from data.database import open_database
from data.errors import InvalidInput
from data.snapshots import mariadb, postgresql, sqlite
from data.snapshots.taken import Snapshot, counted, revision_of

_KINDS = {
    "sqlite": "sqlite",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mariadb",
    "mariadb": "mariadb",
}
_BESIDE_SQLITE = ("", "-wal", "-shm", "-journal")
_SUFFIXES = {"sqlite": ".db", "postgresql": ".dump", "mariadb": ".sql.gz"}


def kind_of(url: str) -> str:
    """sqlite, postgresql or mariadb (MySQL too); empty for an address of something else, as of a server."""
    return _KINDS.get(url.split(":", 1)[0].split("+", 1)[0], "")


def name_of(url: str) -> str:
    """What people know a database by, without server or password."""
    return str(make_url(url).database)


def own_files(url: str) -> list[Path]:
    """The files that a SQLite database works in; none of another kind."""
    return [Path(name_of(url) + end) for end in _BESIDE_SQLITE] if kind_of(url) == "sqlite" else []


def file_name(kind: str, name: str) -> str:
    """What the file of a database of this kind is called."""
    return f"{name}{_SUFFIXES[kind]}"


@contextmanager
def snapshot(url: str, file: Path) -> Iterator[Snapshot]:
    """Write the database at `url`, as it is now, to `file`; its rows can be read while this lasts.

    Raises UserFacingError where the database's own program for it is missing or fails.
    """
    taking = {"sqlite": sqlite.snapshot, "postgresql": postgresql.snapshot, "mariadb": mariadb.snapshot}
    with taking[kind_of(url)](make_url(url), file) as taken:
        yield taken


def put_back(url: str, file: Path) -> None:
    """Fill the empty database at `url` from `file`, which a database of the same kind was written to.

    Raises InvalidInput for one that is not empty, UserFacingError as `snapshot` does.
    """
    if not is_empty(url):
        raise InvalidInput(f"The database {name_of(url)} is not empty.")
    filling = {"sqlite": sqlite.put_back, "postgresql": postgresql.put_back, "mariadb": mariadb.put_back}
    filling[kind_of(url)](make_url(url), file)


def is_empty(url: str) -> bool:
    """Whether there is no table at `url`; of SQLite, no file."""
    address = make_url(url)
    if kind_of(url) == "sqlite":
        return not Path(str(address.database)).exists()
    engine = open_database(address)
    try:
        return not inspect(engine).get_table_names()
    finally:
        engine.dispose()


def is_there(url: str) -> bool:
    """Whether a database was made: of SQLite, its file. Of other kinds their own programs say it: True."""
    return kind_of(url) != "sqlite" or not is_empty(url)


def looked_at(url: str) -> tuple[str, dict[str, int]]:
    """The revision of a database's schema, and how many rows each table has."""
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            return revision_of(connection), counted(connection)
    finally:
        engine.dispose()
