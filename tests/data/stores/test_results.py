"""Results come back as they were kept."""

from __future__ import annotations

from sqlalchemy import Engine

from data.records import Doubt, Outcome
from data.stores.results import ResultStore
from tests.data.builders import a_kept_scan, a_result


def test_doubts_and_distance_come_back_as_they_were_kept(engine: Engine) -> None:
    store, scan = ResultStore(engine), a_kept_scan(engine)
    kept = store.add(a_result(scan.id, doubts=tuple(Doubt), outside_distance=1.75))
    assert store.get(kept.id) == kept
    latest = store.latest(scan.id)
    assert latest is not None and latest.outcome is Outcome.UNCERTAIN


def test_without_a_doubt_there_is_none(engine: Engine) -> None:
    store, scan = ResultStore(engine), a_kept_scan(engine)
    kept = store.add(a_result(scan.id, positive=False))
    again = store.get(kept.id)
    assert again is not None
    assert (again.doubts, again.outside_distance, again.outcome) == ((), None, Outcome.NOT_FOUND)
