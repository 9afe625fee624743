"""The database that Lightbox 0.1 left, made without today's stores."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command

from data.database import alembic_config, open_database, writing

ROWS = Path(__file__).parent / "rows.sql"
LAST_MIGRATION = "0005"
Rows = dict[str, list[dict[str, object]]]
"""Rows by table."""


def made(file: Path) -> None:
    """Tables by the migrations up to the last one of 0.1, one row of everything by plain SQL."""
    engine, config = open_database(f"sqlite:///{file}"), alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, LAST_MIGRATION)
    engine.dispose()
    with sqlite3.connect(file) as database:
        database.executescript(ROWS.read_text())
    database.close()


def rows_of(file: Path) -> Rows:
    """Every row of every table of ours."""
    database = sqlite3.connect(file)
    database.row_factory = sqlite3.Row
    of_ours = "type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
    names = [row["name"] for row in database.execute(f"SELECT name FROM sqlite_master WHERE {of_ours}")]
    rows = {name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")] for name in names}
    database.close()
    return rows
