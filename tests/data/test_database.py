from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, insert, inspect, select, text, update
from sqlalchemy.exc import OperationalError, StatementError

from data.columns import Line, UtcDateTime
from data.database import (
    alembic_config,
    as_of_now,
    migrate,
    one_moment,
    open_database,
    reading,
    together,
    writing,
)
from data.errors import InvalidInput, LightboxError
from data.ledger.rows import recount_if_behind
from data.records import Verdict
from data.revisions import bump, revision
from data.stores.alerts import AlertStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tables import ledger, metadata
from tests.data.builders import a_header, a_kept_scan, a_result, a_review, an_alert, measured


def test_the_migrations_make_what_the_tables_say(engine):
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine):
    with writing(engine) as connection:
        bump(connection, "scans")
    migrate(engine)
    assert revision(engine, "scans") == 1


def test_a_connection_that_breaks_in_a_transaction_says_what_broke_it(engine):
    with pytest.raises(OperationalError, match="server closed the connection"), writing(engine) as connection:
        connection.invalidate()
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))


def test_the_first_migration_can_be_taken_back(engine):
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_day_without_a_time_stays_a_day_of_this_place(engine):
    """Version 0.1 kept it as midnight in UTC, which is another day west of Greenwich."""
    midnight, noon = (datetime(2024, 7, 1, hour, tzinfo=UTC) for hour in (0, 12))
    kept = [a_kept_scan(engine, header=a_header(acquired_at=at)) for at in (midnight, noon)]
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
        command.upgrade(config, "head")
    day, moment = (ScanStore(engine).get(scan.id).header for scan in kept)
    assert day.acquired_day_only
    assert day.acquired_at.astimezone().isoformat().startswith("2024-07-01T00:00:00")
    assert (moment.acquired_at, moment.acquired_day_only) == (noon, False)


def test_what_was_counted_of_labelled_masks_is_counted_anew(engine):
    scan = a_kept_scan(engine)
    result = ResultStore(engine).add(a_result(scan.id))
    label = a_review(scan.id, result.id, verdict=Verdict.LABELLED, measurements=measured(20.0))
    ReviewStore(engine).add(label)
    recount_if_behind(engine)
    config = alembic_config()
    with writing(engine) as connection:
        connection.execute(text("create table kept as select * from ledger"))
        config.attributes["connection"] = connection
        command.downgrade(config, "0018")
        columns = ", ".join(column["name"] for column in inspect(connection).get_columns("ledger"))
        connection.execute(text(f"insert into ledger ({columns}) select {columns} from kept"))
        connection.execute(text("drop table kept"))
        connection.execute(update(ledger).values(volume_ml=12.5))  # as it was counted then
    migrate(engine)
    recount_if_behind(engine)
    with reading(engine) as connection:
        assert connection.execute(select(ledger.c.scan_id, ledger.c.volume_ml)).all() == [(scan.id, 20.0)]


def test_alerts_of_before_are_synthetic_where_their_title_says_so(engine):
    titles = {"SYNTHETIC: Drift": True, "Drift": False, "Drift, not SYNTHETIC: at all": False}
    alerts = [an_alert(title, title=title) for title in titles]
    for alert in alerts:
        AlertStore(engine).change_of(alert.cause, lambda _, new=alert: new)
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0052")
    migrate(engine)
    assert {alert.title: alert.synthetic for alert in AlertStore(engine).unfinished()} == titles


def test_a_database_of_a_newer_version_is_refused(engine):
    with writing(engine) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(InvalidInput, match=r"newer Lightbox \(its tables are at 9999, .* up to 0\d\d\d\)"):
        migrate(engine)
    with reading(engine) as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar_one() == "9999"


def test_a_sqlite_file_is_made_with_its_folder_and_keeps_what_was_accepted(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/new/folder/lightbox.db")
    migrate(engine)
    with reading(engine) as connection:
        settings = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://u:p@h/db", "postgresql+psycopg"),
        ("postgres://h/db", "postgresql+psycopg"),
        ("mysql://h/db", "mysql+pymysql"),
        ("mariadb://h/db", "mysql+pymysql"),
    ],
)
def test_the_driver_may_be_left_out(url, driver):
    pytest.importorskip("psycopg")
    pytest.importorskip("pymysql")
    assert open_database(url).url.drivername == driver


def test_twenty_threads_that_read_and_then_write_never_find_it_locked(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/lightbox.db")
    migrate(engine)
    at_once = threading.Barrier(20)

    def count_up() -> None:
        at_once.wait()
        for _ in range(5):
            with writing(engine) as connection:
                value = connection.execute(
                    text("select value from revisions where name = 'scans'")
                ).scalar_one()
                connection.execute(
                    text("update revisions set value = :v where name = 'scans'"), {"v": value + 1}
                )

    with ThreadPoolExecutor(20) as pool:
        for future in [pool.submit(count_up) for _ in range(20)]:
            future.result()
    assert revision(engine, "scans") == 100
    engine.dispose()


def test_an_error_takes_the_whole_transaction_back(engine):
    with pytest.raises(RuntimeError), writing(engine) as connection:
        bump(connection, "scans")
        raise RuntimeError
    assert revision(engine, "scans") == 0


_things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("name", Line(5)),
)


def test_times_come_back_in_utc_and_need_a_zone(engine):
    cet = datetime(2026, 11, 20, 9, 30, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    with writing(engine) as connection:
        _things.create(connection)
        connection.execute(insert(_things).values(id=1, at=cet))
        stored = connection.execute(select(_things.c.at)).scalar_one()
        assert stored == cet
        assert stored.utcoffset() == timedelta(0)
        with pytest.raises(StatementError, match="without a zone"):
            connection.execute(update(_things).values(at=cet.replace(tzinfo=None)))


def test_texts_from_files_are_made_storable(engine):
    with writing(engine) as connection:
        _things.create(connection)
        connection.execute(insert(_things).values(id=1, name="a\x00b\udcffcdefgh"))
        assert connection.execute(select(_things.c.name)).scalar_one() == "ab?cd"


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LightboxError, match="needs the Python package psycopg"):
        open_database("postgresql://h/db")


def test_what_is_read_of_one_moment_changes_with_ones_own_writing_alone(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/lightbox.db")
    migrate(engine)

    def count_up() -> None:
        with writing(engine) as connection:
            bump(connection, "scans")

    with ThreadPoolExecutor(1) as other, one_moment(engine):
        assert revision(engine, "scans") == 0
        other.submit(count_up).result()
        with one_moment(engine):
            assert revision(engine, "scans") == 0
        with as_of_now(engine):
            assert revision(engine, "scans") == 1
        assert revision(engine, "scans") == 0
        count_up()
        assert revision(engine, "scans") == 2  # a moment after the writing
        with pytest.raises(RuntimeError), reading(engine):
            raise RuntimeError
        assert revision(engine, "scans") == 2
        with together(engine):
            assert revision(engine, "scans") == 2
    assert revision(engine, "scans") == 2
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_one_moment_leaves_a_database_in_memory_to_who_writes(engine):
    with one_moment(engine):
        assert revision(engine, "scans") == 0
        with writing(engine) as connection:
            bump(connection, "scans")
        assert revision(engine, "scans") == 1
