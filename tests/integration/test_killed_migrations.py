"""Migrations that are ended in their middle, on the databases that a larger department uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect

from data.database import migrate, open_database, reading
from data.migrations.steps import TABLE
from data.tables import metadata
from tests.integration.servers import mariadb, postgresql

pytestmark = pytest.mark.integration
KILLED_AFTER = (1, 4, 21, 50, 140)


class _Killed(BaseException):
    """What ends a migration; no transaction is ended in order."""


@contextmanager
def _killed_after(engine: Engine, statements: int, *, made: bool) -> Iterator[None]:
    """Statements that change something, before the next or right after the last of them was `made`."""
    left = [statements]

    def count(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "SHOW", "DO ", "SET")) or "%(" in statement[:20]:
            return
        left[0] -= 1
        if left[0] < 0:
            cursor.connection.close()  # as the server sees a killed process: what is not committed goes
            raise _Killed

    name = "after_cursor_execute" if made else "before_cursor_execute"
    event.listen(engine, name, count)
    try:
        yield
    finally:
        event.remove(engine, name, count)


@pytest.mark.parametrize("server", [postgresql, mariadb], ids=["postgresql", "mariadb"])
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_a_start_goes_on_where_a_killed_one_ended(server) -> None:
    with server() as url:
        for number, statements in enumerate(KILLED_AFTER):
            engine = open_database(url)
            with (
                pytest.raises(BaseException),  # noqa: B017, PT011 - the driver's own word where it comes first
                _killed_after(engine, statements, made=bool(number % 2)),
            ):
                migrate(engine)
            engine.dispose()
        engine = open_database(url)
        migrate(engine)
        with reading(engine) as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
        assert TABLE not in inspect(engine).get_table_names()
        engine.dispose()
