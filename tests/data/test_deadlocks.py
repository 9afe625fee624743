from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from data.database import together
from data.deadlocks import TRIES, past_deadlocks
from tests.databases import migrated

DEADLOCK = pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock")
AWAY = pymysql.err.OperationalError(2006, "MySQL server has gone away")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path / 'deadlocks.db'}")
    yield engine
    engine.dispose()


class Meets:
    """Work that counts a revision up, and then meets an error so many times."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.tries = error, times, 0

    def __call__(self, connection: Connection) -> str:
        self.tries += 1
        connection.execute(text("update revisions set value = value + 1"))
        if self.left:
            self.left -= 1
            raise OperationalError("update", {}, self.error)
        return "done"


def _value(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select max(value) from revisions")).scalar_one())


def test_what_is_ended_for_a_deadlock_is_done_once(engine: Engine) -> None:
    before, work = _value(engine), Meets(DEADLOCK, TRIES - 1)
    assert past_deadlocks(engine, work) == "done"
    assert (work.tries, _value(engine)) == (TRIES, before + 1)


def test_it_is_not_tried_for_ever_and_nothing_else_is_tried_again(engine: Engine) -> None:
    before = _value(engine)
    for error, tries in ((DEADLOCK, TRIES), (AWAY, 1)):
        work = Meets(error, TRIES)
        with pytest.raises(OperationalError):
            past_deadlocks(engine, work)
        assert (work.tries, _value(engine)) == (tries, before)


def test_a_part_of_a_transaction_is_not_tried_again_by_itself(engine: Engine) -> None:
    before, work = _value(engine), Meets(DEADLOCK, 1)
    with pytest.raises(OperationalError), together(engine):
        past_deadlocks(engine, work)
    assert (work.tries, _value(engine)) == (1, before)
