"""How often parts of the database were changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from data.database import one_moment, together, writing
from data.department_wall import seen_by
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.revisions import bump, revision, revisions_now
from data.tables import REVISION_OF_SCANS
from tests.data.builders import a_kept_scan
from tests.databases import questions_to


@pytest.fixture
def asked(file_engine: Engine) -> list[str]:
    """Every question about revisions that gets to the database."""
    return questions_to(file_engine, about="revisions")


def _changed(file_engine: Engine) -> None:
    with writing(file_engine) as connection:
        bump(connection, REVISION_OF_SCANS)


def test_outside_a_moment_revisions_are_of_now(file_engine: Engine, asked: list[str]) -> None:
    before = revision(file_engine, REVISION_OF_SCANS)
    _changed(file_engine)
    assert revision(file_engine, REVISION_OF_SCANS) == before + 1
    assert len(asked) == 2


def test_within_a_moment_they_are_looked_up_once_until_this_thread_writes(
    file_engine: Engine, asked: list[str]
) -> None:
    with one_moment(file_engine), ThreadPoolExecutor(1) as other:
        first = revisions_now(file_engine)
        other.submit(_changed, file_engine).result()
        assert revisions_now(file_engine) == first and len(asked) == 1
        _changed(file_engine)
        assert revision(file_engine, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 2
        with together(file_engine):
            _changed(file_engine)
            assert revision(file_engine, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 3
    assert revision(file_engine, REVISION_OF_SCANS) == first[REVISION_OF_SCANS] + 3


def test_whoever_asks_in_a_moment_they_are_looked_up_once(file_engine: Engine, asked: list[str]) -> None:
    with one_moment(file_engine):
        first = revisions_now(file_engine)
        with seen_by(frozenset({"n" * 32})):
            assert revisions_now(file_engine) == first
    assert len(asked) == 1


def test_a_part_that_does_not_exist_has_no_revision(file_engine: Engine) -> None:
    with pytest.raises(KeyError):
        revision(file_engine, "nothing")


def test_the_ledger_asks_nothing_of_a_moment_whose_changes_it_has(
    file_engine: Engine, asked: list[str]
) -> None:
    ledger = Ledger(file_engine)
    a_kept_scan(file_engine)
    assert len(ledger.columns().scan_ids) == 1
    asked.clear()
    with one_moment(file_engine), ThreadPoolExecutor(1) as other:
        assert [len(ledger.columns().scan_ids) for _ in range(3)] == [1, 1, 1]
        assert len(asked) == 1
        other.submit(a_kept_scan, file_engine).result()
        ledger.columns()
        assert len(asked) == 1
        a_kept_scan(file_engine)  # by this thread: seen at once, with what others did before
        assert len(ledger.columns().scan_ids) == 3
    other_ledger = Ledger(file_engine)
    with one_moment(file_engine):
        assert len(other_ledger.columns().scan_ids) == 3


def test_what_is_kept_of_judgements_never_goes_back_to_an_older_moment(file_engine: Engine) -> None:
    store = JudgementStore(file_engine)
    store.of("brain-tumour")
    with one_moment(file_engine), ThreadPoolExecutor(1) as other:
        before = revision(file_engine, REVISION_OF_SCANS)
        other.submit(a_kept_scan, file_engine).result()
        other.submit(store.of, "brain-tumour").result()
        assert store.revision > before
        store.of("brain-tumour")
        assert store.revision > before
    assert store.revision == revision(file_engine, REVISION_OF_SCANS)
