"""How often parts of the database were changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from data.database import one_moment, together, writing
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.revisions import bump, revision, revisions_now
from data.tables import REVISION_OF_SCANS
from tests.data.builders import a_kept_scan
from tests.databases import migrated


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Engine]:
    """A database in a file, as several threads read it."""
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()


@pytest.fixture
def asked(house: Engine) -> list[str]:
    """Every question about revisions that gets to the database."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT") and "revisions" in statement:
            statements.append(statement)

    event.listen(house, "before_cursor_execute", note)
    return statements


def _changed(house: Engine) -> None:
    with writing(house) as connection:
        bump(connection, REVISION_OF_SCANS)


def test_outside_a_moment_revisions_are_of_now(house: Engine, asked: list[str]) -> None:
    before = revision(house, REVISION_OF_SCANS)
    _changed(house)
    assert revision(house, REVISION_OF_SCANS) == before + 1
    assert len(asked) == 2


def test_within_a_moment_they_are_looked_up_once_until_this_thread_writes(
    house: Engine, asked: list[str]
) -> None:
    with one_moment(house), ThreadPoolExecutor(1) as other:
        first = revisions_now(house)
        other.submit(_changed, house).result()
        assert revisions_now(house) == first and len(asked) == 1
        _changed(house)
        assert revision(house, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 2
        with together(house):
            _changed(house)
            assert revision(house, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 3
    assert revision(house, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 3


def test_a_part_that_does_not_exist_has_no_revision(house: Engine) -> None:
    with pytest.raises(KeyError):
        revision(house, "nothing")


def test_the_ledger_asks_nothing_of_a_moment_whose_changes_it_has(house: Engine, asked: list[str]) -> None:
    ledger = Ledger(house)
    a_kept_scan(house)
    assert len(ledger.columns().scan_ids) == 1
    asked.clear()
    with one_moment(house), ThreadPoolExecutor(1) as other:
        assert [len(ledger.columns().scan_ids) for _ in range(3)] == [1, 1, 1]
        assert len(asked) == 1
        other.submit(a_kept_scan, house).result()
        ledger.columns()
        assert len(asked) == 1
        a_kept_scan(house)  # by this thread: seen at once, with what others did before
        assert len(ledger.columns().scan_ids) == 3
    other_ledger = Ledger(house)
    with one_moment(house):
        assert len(other_ledger.columns().scan_ids) == 3


def test_what_is_kept_of_judgements_never_goes_back_to_an_older_moment(house: Engine) -> None:
    store = JudgementStore(house)
    store.of("brain-tumour")
    with one_moment(house), ThreadPoolExecutor(1) as other:
        before = revision(house, REVISION_OF_SCANS)
        other.submit(a_kept_scan, house).result()
        other.submit(store.of, "brain-tumour").result()
        assert store.revision > before
        store.of("brain-tumour")
        assert store.revision > before
    assert store.revision == revision(house, REVISION_OF_SCANS)
