"""Outages are told apart from mistakes, for each database as its own driver says it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from data.database import open_database, writing
from data.errors import NotFound, Outage, OutOfMemory, StorageFull, TrackingAway
from data.machine_faults import is_of_machine, refuse_of_machine
from data.outages import AWAY, FULL, LOCKED, NO_MEMORY, NOT_WRITABLE, outage_of, outages_told
from data.sqlite_file import follow


def _said(error: BaseException) -> str | None:
    outage = outage_of(error)
    return None if outage is None else str(outage)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EROFS, NOT_WRITABLE),
        (errno.EIO, NOT_WRITABLE),
        (errno.ENOMEM, NO_MEMORY),
        (errno.EMFILE, NO_MEMORY),
        (errno.ENOENT, None),
        (errno.ECONNREFUSED, None),
    ],
)
def test_the_machines_errors_are_told_by_their_number(number: int, sentence: str | None) -> None:
    error = OSError(number, os.strerror(number))
    assert _said(error) == sentence
    assert is_of_machine(error) is (sentence is not None)


def test_a_file_is_never_called_damaged_for_what_the_machine_cannot() -> None:
    with pytest.raises(OSError, match="full"):
        refuse_of_machine(OSError(errno.ENOSPC, "full"))
    refuse_of_machine(OSError("cannot identify image file"))  # Pillow's word for a damaged one
    refuse_of_machine(ValueError("no picture"))


def test_what_is_no_outage_goes_up_as_it_is() -> None:
    for error in (ValueError("x"), KeyError("x"), NotFound("x"), TrackingAway("x")):
        assert outage_of(error) is None
        with pytest.raises(type(error)) as raised, outages_told():
            raise error
        assert raised.value is error
    assert isinstance(outage_of(MemoryError()), OutOfMemory)
    assert isinstance(outage_of(OSError(errno.ENOSPC, "")), StorageFull)
    known = Outage("x")
    assert outage_of(known) is known


def _of_driver(module: str, name: str, *told: object, **more: object) -> DBAPIError:
    """An error as SQLAlchemy passes it on from a driver, which need not be installed."""
    kind = type(name, (Exception,), {"__module__": module, **more})
    return DBAPIError("select 1", {}, kind(*told))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (_of_driver("psycopg.errors", "DiskFull", sqlstate="53100"), FULL),
        (_of_driver("psycopg.errors", "AdminShutdown", sqlstate="57P01"), AWAY),
        (_of_driver("psycopg.errors", "ConnectionFailure", sqlstate="08006"), AWAY),
        (_of_driver("psycopg.errors", "LockNotAvailable", sqlstate="55P03"), LOCKED),
        (_of_driver("psycopg", "OperationalError", "connection refused", sqlstate=None), AWAY),
        (_of_driver("psycopg.errors", "UndefinedColumn", sqlstate="42703"), None),
        (_of_driver("pymysql.err", "OperationalError", 2013, "Lost connection"), AWAY),
        (_of_driver("pymysql.err", "OperationalError", 1205, "Lock wait timeout"), LOCKED),
        (_of_driver("pymysql.err", "OperationalError", 1021, "Disk full"), FULL),
        (_of_driver("pymysql.err", "ProgrammingError", 1064, "syntax"), None),
    ],
)
def test_each_driver_has_its_own_words(error: DBAPIError, sentence: str | None) -> None:
    assert _said(error) == sentence


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda file: _lock_out(file), LOCKED),
        (lambda file: _fill_up(file), FULL),
        (lambda file: _write_read_only(file), NOT_WRITABLE),
        (lambda file: _read_rubbish(file), AWAY),
        (lambda file: _of_sqlite(file, "select * from nowhere"), AWAY),
        (lambda file: _of_sqlite(file, "select from"), None),
    ],
    ids=["locked", "full", "read-only", "rubbish", "no table", "a mistake"],
)
def test_sqlite_says_it_by_codes(tmp_path: Path, act: Callable[[Path], None], sentence: str | None) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which it is follows
        act(tmp_path / "a.db")
    assert _said(raised.value) == sentence


def _of_sqlite(file: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 0.01})
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _lock_out(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as holding:
        holding.execute("begin exclusive")
        _of_sqlite(file, "create table b (x)")


def _fill_up(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table a (x)")
        database.execute("pragma max_page_count = 3")
        database.execute("insert into a values (zeroblob(100000))")


def _write_read_only(file: Path) -> None:
    sqlite3.connect(file).close()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.execute("create table a (x)")


def _read_rubbish(file: Path) -> None:
    file.write_bytes(b"rubbish " * 1000)
    _of_sqlite(file, "select * from a")


def test_a_file_that_is_taken_away_is_not_made_anew_and_is_found_when_it_is_back(tmp_path: Path) -> None:
    file, away = tmp_path / "a.db", tmp_path / "away.db"
    engine = create_engine(f"sqlite:///{file}")
    follow(engine, file)
    follow(engine, file)  # MLflow lends one engine to several
    with engine.begin() as connection:
        connection.execute(text("create table a (x)"))
    file.rename(away)
    for _ in range(2):
        with pytest.raises(Outage, match="does not answer"), engine.connect():
            pass
    assert not file.exists()
    away.rename(file)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from a")).scalar_one() == 0
    with closing(sqlite3.connect(tmp_path / "b.db")) as other, other:
        other.execute("create table a (x)")
        other.execute("insert into a values (1)")
    (tmp_path / "b.db").replace(file)  # as a restore does it
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from a")).scalar_one() == 1
    engine.dispose()


def test_nobody_waits_twice_for_a_file_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waited for their turn while it was found locked is told so, without waiting anew."""
    from threading import Thread

    monkeypatch.setattr("data.database._BUSY_TIMEOUT_S", 1)
    engine = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with writing(engine) as connection:
        connection.execute(text("create table a (x)"))
    said: list[str] = []

    def write() -> None:
        with pytest.raises(Exception) as raised, writing(engine):  # noqa: PT011
            pass
        said.append(type(raised.value).__name__ + " " + str(_said(raised.value)))

    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as holding:
        holding.execute("begin exclusive")
        threads = [Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holding.execute("rollback")
    assert sorted(said) == [f"OperationalError {LOCKED}", *[f"Outage {LOCKED}"] * 3]
    with writing(engine) as connection:
        connection.execute(text("insert into a values (1)"))
    engine.dispose()
