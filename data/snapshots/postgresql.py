"""PostgreSQL, by pg_dump: the snapshot that it dumps is the one that rows are counted in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL

from data.atomic_files import PRIVATE
from data.database import open_database
from data.snapshots.programs import program, run
from data.snapshots.taken import Snapshot, counted, revision_of

_PACKAGE = "PostgreSQL's client programs (postgresql-client)"


@contextmanager
def snapshot(address: URL, file: Path) -> Iterator[Snapshot]:
    """See `data.snapshots.snapshot`."""
    dump = program(["pg_dump"], _PACKAGE)
    engine = open_database(address)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            name = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            file.touch(mode=PRIVATE)
            form = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}"]
            run([dump, *form, f"--file={file}", f"--dbname={_place(address)}"], _environment(address))
            yield Snapshot(connection, revision_of(connection), counted(connection))
    finally:
        engine.dispose()


def put_back(address: URL, file: Path) -> None:
    """See `data.snapshots.put_back`."""
    restore = program(["pg_restore"], _PACKAGE)
    how = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    run([restore, *how, f"--dbname={_place(address)}", str(file)], _environment(address))


def _place(address: URL) -> str:
    """The address for libpq, without the password: others on this machine can read a command line."""
    return address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(address: URL) -> dict[str, str]:
    return dict(os.environ) | ({"PGPASSWORD": str(address.password)} if address.password else {})
