"""The list of places is whole: what is not in it fails here, before it is forgotten by an erasure."""

from __future__ import annotations

import inspect
from pathlib import Path

from data.tables import metadata
from services import keys
from services.retention.kept import KEPT
from services.retention.places import BLOBS, TABLES, manual
from services.retention.tables_of_others import NOT_OF_PATIENTS

DOCS = Path(__file__).parents[3] / "docs" / "erasure.md"


def test_every_table_is_told_of_once() -> None:
    assert set(TABLES) | set(NOT_OF_PATIENTS) == set(metadata.tables)
    assert not set(TABLES) & set(NOT_OF_PATIENTS)


def test_every_table_is_of_one_purpose() -> None:
    named = [table for kept in KEPT for table in kept.tables]
    assert sorted(named) == sorted(TABLES)


def test_what_is_there_is_counted_in_words() -> None:
    (pictures,) = [kept for kept in KEPT if "scans" in kept.tables]
    assert pictures.counted({"scans": 1200, "withdrawn_scans": 1, "results": 4}) == (
        "1,200 scans, 1 scan that was taken back"
    )
    assert pictures.counted({"scans": 0, "results": 4}) == ""
    words = " ".join(str(vars(kept) | {"tables": [*kept.tables.values()]}) for kept in KEPT)
    assert "_" not in words.replace("how_long", "")  # no name of a table


def test_every_column_of_a_row_that_stays_is_told_of_once() -> None:
    for name, table in metadata.tables.items():
        columns = sorted(column.name for column in table.columns)
        if name in NOT_OF_PATIENTS:
            assert sorted(NOT_OF_PATIENTS[name].split()) == columns, name
        elif TABLES[name].stays:
            assert sorted([*TABLES[name].changed, *TABLES[name].kept.split()]) == columns, name


def test_every_kind_of_blob_is_told_of() -> None:
    kinds = {name for name, made in inspect.getmembers(keys, inspect.isfunction)}
    assert set(BLOBS) == kinds


def test_the_manual_is_current() -> None:
    assert DOCS.read_text() == manual()
