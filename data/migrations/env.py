"""Run by Alembic for every command. The connection comes from `data.database.migrate`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from data.database import open_database, writing
from data.migrations.steps import resumable
from data.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    revision = context.get_context().get_current_revision()
    with resumable(connection, revision), context.begin_transaction():
        context.run_migrations()


_given = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:
    with writing(open_database(context.config.get_main_option("sqlalchemy.url") or "")) as _own:
        _run(_own)
