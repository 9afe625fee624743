"""Features beside results: kept, framed, found missing, and gone with their scan."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, select

from data.database import reading, together
from data.ledger.rows import microseconds
from data.records import BRAIN_TUMOUR, CATEGORIES, NUMBERS, WATCHED, Features, Result, Scan
from data.stores import features as module
from data.stores.features import FeatureStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.tables import embeddings, features
from tests.data.builders import MORNING, a_kept_scan, a_result


def _features(result: Result, **changes: object) -> Features:
    numbers = {name: float(place) for place, name in enumerate(NUMBERS)}
    watched = Features(
        result.id,
        result.scan_id,
        result.task,
        result.provenance.model_version,
        result.created_at,
        **numbers,  # type: ignore[arg-type]
        sex="F",
        site="Ward 3",
        scanner="Siemens Skyra",
        software="XA30",
        vector=np.arange(6, dtype=np.float16) / 3,
    )
    return replace(watched, **changes)  # type: ignore[arg-type]


def _kept(engine: Engine, minutes: float = 0, **changes: object) -> Features:
    scan = a_kept_scan(engine, minutes, f"Doe^{minutes}")
    result = a_result(scan.id, minutes)
    watched = _features(result, **changes)
    ResultStore(engine).add(result, watched)
    return watched


def test_every_watched_column_has_a_meaning_and_a_field() -> None:
    named = {field.name for field in fields(Features)}
    assert set(NUMBERS) | set(CATEGORIES) == set(WATCHED) <= named
    assert set(WATCHED) <= {column.name for column in features.columns}
    assert all(value.meaning.endswith(".") and value.title for value in WATCHED.values())


def test_features_come_back_with_their_vector(engine: Engine) -> None:
    watched = _kept(engine)
    kept = FeatureStore(engine).get(watched.result_id)
    assert kept == watched
    assert kept.vector is not None
    assert watched.vector is not None
    np.testing.assert_array_equal(kept.vector, watched.vector)
    assert FeatureStore(engine).get("nobody") is None


def test_what_is_no_number_is_unknown(engine: Engine) -> None:
    watched = _kept(engine, p50=float("nan"), noise=float("inf"), volume_ml=None, vector=None)
    kept = FeatureStore(engine).get(watched.result_id)
    assert kept is not None
    assert (kept.p50, kept.noise, kept.volume_ml, kept.vector) == (None, None, None, None)


def test_a_result_and_its_features_come_or_fail_together(engine: Engine) -> None:
    scan = a_kept_scan(engine)
    result = a_result(scan.id)
    with pytest.raises(RuntimeError), together(engine):
        ResultStore(engine).add(result, _features(result))
        raise RuntimeError
    assert ResultStore(engine).get(result.id) is None
    assert FeatureStore(engine).get(result.id) is None
    ResultStore(engine).add(result, _features(result))
    ResultStore(engine).add(result, _features(result))  # a reading that is repeated
    assert FeatureStore(engine).count(BRAIN_TUMOUR) == 1


def test_a_frame_is_a_window_oldest_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)  # several parts
    kept = [
        _kept(
            engine, n, version="4" if n % 2 else "3", synthetic=n == 2, site=None if n == 1 else f"W{n % 3}"
        )
        for n in range(8)
    ]
    store = FeatureStore(engine)
    frame = store.frame(BRAIN_TUMOUR)
    assert list(frame.index) == [features.result_id for features in kept]
    assert list(frame["created_us"]) == [microseconds(features.created_at) for features in kept]
    assert {str(frame[name].dtype) for name in NUMBERS} == {"float32"}
    assert [None if value != value else value for value in frame["site"]] == [
        features.site for features in kept
    ]
    assert list(frame["sex"]) == ["F"] * 8
    assert list(frame["p50"]) == [kept[0].p50] * 8

    first, end = (microseconds(MORNING + timedelta(minutes=n)) for n in (2, 6))
    assert list(store.frame(BRAIN_TUMOUR, first, end).index) == [features.result_id for features in kept[2:6]]
    assert list(store.frame(BRAIN_TUMOUR, limit=2).index) == [features.result_id for features in kept[-2:]]
    assert set(store.frame(BRAIN_TUMOUR, version="4")["version"]) == {"4"}
    assert store.count(BRAIN_TUMOUR, first, end, version="4") == 2
    assert list(store.frame(BRAIN_TUMOUR, synthetic=True).index) == [kept[2].result_id]
    assert len(store.frame(BRAIN_TUMOUR, synthetic=False)) == 7
    assert list(store.frame(BRAIN_TUMOUR, columns=("noise", "sex")).columns) == ["noise", "sex"]
    with pytest.raises(KeyError, match="colour"):
        store.frame(BRAIN_TUMOUR, columns=("colour",))


def test_an_empty_frame_has_its_columns(engine: Engine) -> None:
    frame = FeatureStore(engine).frame("pneumonia")
    assert len(frame) == 0
    assert set(WATCHED) <= set(frame.columns)
    assert frame["p50"].dtype == np.float32


def test_vectors_come_in_the_order_asked_with_gaps(engine: Engine) -> None:
    first, without = _kept(engine, 1), _kept(engine, 2, vector=None)
    short = _kept(engine, 3, vector=np.zeros(2, dtype=np.float16))
    second = _kept(engine, 4, vector=np.ones(6, dtype=np.float16))
    store = FeatureStore(engine)
    vectors = store.vectors([second.result_id, without.result_id, first.result_id, short.result_id])
    assert (vectors.shape, vectors.dtype) == ((4, 6), np.float16)
    assert (vectors[0] == 1).all()
    assert np.isnan(vectors[1]).all()
    np.testing.assert_array_equal(vectors[2], first.vector)
    assert np.isnan(vectors[3]).all()  # of another network
    assert store.vectors([without.result_id]).shape == (1, 0)
    assert store.vectors([]).shape == (0, 0)


def test_features_go_with_their_scan(engine: Engine) -> None:
    gone, stays = _kept(engine, 1), _kept(engine, 2)
    ScanStore(engine).delete([gone.scan_id])
    with reading(engine) as connection:
        for table in (features, embeddings):
            assert list(connection.execute(select(table.c.result_id)).scalars()) == [stays.result_id]


def test_results_without_features_are_found_page_by_page(engine: Engine) -> None:
    store, results = FeatureStore(engine), ResultStore(engine)
    scan: Scan = a_kept_scan(engine)
    old = sorted((results.add(a_result(scan.id, n)) for n in range(5)), key=lambda result: result.id)
    _kept(engine, 9)
    assert store.without() == [result.id for result in old]
    assert store.without(after=old[1].id, limit=2) == [old[2].id, old[3].id]
    store.add(_features(old[0]))
    store.add(_features(old[0]))  # two workers at once
    assert store.without() == [result.id for result in old[1:]]
    store.add(_features(replace(old[1], id="of a scan that is gone")))
    assert store.get("of a scan that is gone") is None
