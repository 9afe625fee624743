"""MLflow's store names its artifacts by absolute addresses: another folder needs other addresses."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData, Table, inspect, select, update

from data.database import open_database, writing

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def move_artifacts(url: str, before: Path, after: Path) -> int:
    """Have what lay below `before` be found below `after`; how many addresses were changed."""
    engine, old, new = open_database(url), before.as_uri(), after.as_uri()
    changed = 0
    try:
        tables = set(inspect(engine).get_table_names())
        with writing(engine) as connection:
            for name, column in _ADDRESSES:
                if name not in tables:
                    continue
                known = Table(name, MetaData(), autoload_with=connection)
                if column not in known.c:
                    continue
                place = known.c[column]
                for address in list(connection.execute(select(place).distinct()).scalars()):
                    if address == old or str(address).startswith(f"{old}/"):
                        moved = new + address[len(old) :]
                        rows = connection.execute(
                            update(known).where(place == address).values({column: moved})
                        )
                        changed += rows.rowcount
    finally:
        engine.dispose()
    return changed
