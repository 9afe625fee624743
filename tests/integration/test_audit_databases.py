"""The chain of events on each database: many writers at once, tampering by plain SQL, refused changes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from data.audit_triggers import make_triggers
from data.database import alembic_config, migrate, open_database, writing
from data.records import AuditEvent
from data.revisions import bump
from data.tables import REVISION_OF_SCANS
from tests.integration.servers import mariadb, postgresql
from tests.services.auditing.tampering import NOON, TAMPERINGS, House

pytestmark = pytest.mark.integration
WRITERS, EACH = 8, 12


@contextmanager
def sqlite_file() -> Iterator[str]:
    """SQLite as a server has it: a file, which several processes may open."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="lightbox-") as folder:
        yield f"sqlite:///{folder}/lightbox.db"


@pytest.fixture(
    scope="module", params=[sqlite_file, postgresql, mariadb], ids=["sqlite", "postgresql", "mariadb"]
)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param() as url:
        yield url


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    """A database whose first events are from before the chain."""
    engine, config = open_database(url), alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0041")
        for number in range(3):
            connection.execute(
                text(
                    "INSERT INTO audit_events (at, user_id, action, subject, detail) "
                    "VALUES ('2026-01-01 10:00:00.123456', NULL, 'sign-in failed', :subject, 'Zoë')"
                ),
                {"subject": f"s{number}"},
            )
    migrate(engine)
    yield engine
    engine.dispose()


def test_what_was_there_before_comes_first_and_is_said_to(engine: Engine, tmp_path: Path) -> None:
    house = House(engine, tmp_path)
    house.add(2)
    verdict = house.verification.verify()
    assert (verdict.intact, verdict.events, verdict.unsigned) == (True, 5, 3)
    assert "the first 3 of them from before the chain" in verdict.sentence
    assert verdict.missing_triggers == ()
    changed = [link.event.outcome for link in house.log.chain(0, 3)]
    assert {str(outcome) for outcome in changed} == {"refused"}


def test_many_threads_of_several_servers_make_one_chain(engine: Engine, url: str, tmp_path: Path) -> None:
    house = House(engine, tmp_path)
    other_engine = open_database(url)
    other = House(other_engine, tmp_path)
    before = house.log.head().number

    def write(writer: int) -> None:
        mine = house if writer % 2 else other
        for number in range(EACH):
            # In either order with a lock that every change of scans takes, as acts have it.
            with mine.log.together(), writing(mine.engine) as connection:
                if number % 2:
                    bump(connection, REVISION_OF_SCANS)
                mine.log.record(AuditEvent(NOON, f"u{writer}", "scan.take", f"{number}"))
                if not number % 2:
                    bump(connection, REVISION_OF_SCANS)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    other_engine.dispose()
    verdict = house.verification.verify()
    assert (verdict.intact, verdict.last) == (True, before + WRITERS * EACH)
    for writer in range(WRITERS):
        mine = [
            link.event.subject for link in house.log.chain(before, 1000) if link.event.user_id == f"u{writer}"
        ]
        assert mine == [str(number) for number in range(EACH)]


def test_the_database_itself_refuses_changes(engine: Engine, tmp_path: Path) -> None:
    house = House(engine, tmp_path)
    statements = ["UPDATE audit_events SET detail = 'x'", "DELETE FROM audit_events WHERE number = 1"]
    if engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_events")
    for statement in statements:
        with pytest.raises(DBAPIError, match="only added"), writing(engine) as connection:
            connection.execute(text(statement))
    assert house.verification.verify().intact


def test_every_way_of_tampering_is_named(engine: Engine, tmp_path: Path) -> None:
    for number, tampering in enumerate(TAMPERINGS):
        house = _empty(engine, tmp_path / str(number))
        house.add(10)
        house.checkpoints.note(house.log.head(), NOON)
        assert house.verification.verify().intact
        house.by_hand(*tampering.statements)
        assert house.faults() == list(tampering.expected), tampering.name


def _empty(engine: Engine, home: Path) -> House:
    house = House(engine, home)
    house.by_hand("DELETE FROM audit_events", "UPDATE audit_head SET number = 0, hash = ''")
    with writing(engine) as connection:
        make_triggers(connection)
    return house
