"""Databases with all tables, for tests that are not about how these are made."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, event, inspect

from data.database import migrate, open_database
from data.tracking import Tracking


def migrated(url: str) -> Engine:
    """A SQLite database with all tables; one that is there already is left as it is.

    Copied from one that `migrate` made: the migrations take longer than most tests.
    """
    engine = open_database(url)
    if not inspect(engine).get_table_names():
        _copy(_template(), engine)
    return engine


def questions_to(engine: Engine, about: str = "") -> list[str]:
    """Every SELECT with these words that gets to the database from here on; the list grows."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT") and about in statement:
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return statements


def new_mlflow(folder: Path) -> str:
    """The address of the MLflow store in `folder`, an empty one where there is none.

    Copied, like the databases: making one takes MLflow seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mlflow.db"
    if not file.exists():
        shutil.copyfile(_empty_mlflow(), file)
    return f"sqlite:///{file}"


def _copy(source: Engine, target: Engine) -> None:
    there, here = source.raw_connection(), target.raw_connection()
    assert isinstance(there.driver_connection, sqlite3.Connection)
    assert isinstance(here.driver_connection, sqlite3.Connection)
    there.driver_connection.backup(here.driver_connection)
    there.close()
    here.close()


@cache
def _template() -> Engine:
    template = open_database("sqlite://")
    migrate(template)
    return template


@cache
def _empty_mlflow() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lightbox-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Tracking(f"sqlite:///{folder / 'mlflow.db'}", folder).runs("none", {})
    return folder / "mlflow.db"
