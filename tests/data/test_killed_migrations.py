"""A process that brings a SQLite file of version 0.1 up to date is killed in the middle, again and again."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.database import migrate, open_database, reading
from data.tables import metadata
from tests.home_of_0_1.database import LAST_MIGRATION, made, rows_of

# Ends itself with SIGKILL right after so many statements, as no handler and no `finally` can stop it.
_MIGRATING = """
import os, signal, sys
from sqlalchemy import event
from data.database import migrate, open_database
engine, left = open_database(sys.argv[1]), [int(sys.argv[2])]
def count(*_):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, "after_cursor_execute", count)
migrate(engine)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "lightbox.db"
    made(file)
    return file


def _killed(file: Path, statements: int) -> None:
    command = [sys.executable, "-c", _MIGRATING, f"sqlite:///{file}", str(statements)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_the_file_is_as_it_was_and_the_next_start_brings_it_up_to_date(file: Path) -> None:
    before = rows_of(file)
    for statements in (1, 20, 90, 200):
        _killed(file, statements)
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [
                (LAST_MIGRATION,)
            ]
        assert rows_of(file) == before
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert {row["id"] for row in rows_of(file)["scans"]} == {row["id"] for row in before["scans"]}
