from __future__ import annotations

from dataclasses import replace

import pytest

from data.database import new_id, now, together
from data.records import Identity, Import, ImportFile, ImportItem, ImportState, ItemState, Refusal
from data.stores.imports import ImportStore
from data.stores.patients import PatientStore


@pytest.fixture
def store(engine):
    return ImportStore(engine)


def begun(store: ImportStore, count: int = 3) -> tuple[Import, list[ImportItem]]:
    import_ = store.add(Import(new_id(), "/scans", None, ImportState.LISTING, None, now()))
    items = [
        ImportItem(new_id(), import_.id, number, f"{number}.png", (ImportFile(f"{number}.png", row=number),))
        for number in range(count)
    ]
    store.replace_items(import_.id, items)
    return import_, items


def test_an_import_and_its_items_come_back_as_they_were(store):
    import_, items = begun(store, 1200)
    assert store.get(import_.id) == import_
    assert list(store.waiting(import_.id)) == items
    assert store.recent(5) == [import_]
    assert store.get(new_id()) is None


def test_settled_items_are_counted_and_not_given_out_again(store):
    import_, items = begun(store)
    refusal = Refusal("1.png", "blank", "The picture is blank.")
    done = replace(items[0], state=ItemState.DONE, scan_ids=(new_id(),), added=1, labelled=1)
    refused = replace(items[1], state=ItemState.DONE, refusals=(refusal,))
    assert store.settle(done)
    assert store.settle(refused)
    assert [item.number for item in store.waiting(import_.id)] == [2]
    progress = store.progress(import_.id)
    assert (progress.items, progress.done, progress.failed, progress.added) == (3, 2, 0, 1)
    assert (progress.labelled, progress.refused) == (1, 1)
    assert progress.fraction == pytest.approx(2 / 3)
    assert store.refusals(import_.id) == [refusal]


def test_an_item_is_settled_once(store):
    _, items = begun(store)
    done = replace(items[0], state=ItemState.DONE, added=1)
    assert store.settle(done)
    assert not store.settle(replace(done, added=5))


def test_items_that_failed_wait_again(store):
    import_, items = begun(store)
    broken = Refusal("0.png", "failed", "Something went wrong.")
    store.settle(replace(items[0], state=ItemState.FAILED, refusals=(broken,)))
    assert store.progress(import_.id).failed == 1
    store.retry_failed(import_.id)
    assert store.progress(import_.id).failed == 0
    assert list(store.waiting(import_.id)) == items


def test_states_change_only_from_where_they_may(store):
    import_, _ = begun(store)
    assert store.move(import_.id, ImportState.RUNNING, only_from=(ImportState.LISTING,))
    assert not store.move(import_.id, ImportState.PAUSED, only_from=(ImportState.LISTING,))
    assert store.move(import_.id, ImportState.FAILED, failure="The folder is gone.")
    failed = store.require(import_.id)
    assert failed.failure == "The folder is gone."
    assert failed.finished_at is not None
    assert store.with_state((ImportState.FAILED,)) == [failed]
    assert store.with_state((ImportState.RUNNING,)) == []


def test_what_is_written_together_is_kept_or_taken_back_together(engine, store):
    import_, items = begun(store)
    patients = PatientStore(engine)
    with pytest.raises(RuntimeError), together(engine):
        patient = patients.find_or_create(Identity("Ada", "1"), "a.png")
        store.settle(replace(items[0], state=ItemState.DONE))
        assert store.progress(import_.id).done == 1
        raise RuntimeError
    assert store.progress(import_.id).done == 0
    assert patients.get(patient.id, with_identity=True) is None
    with together(engine):
        store.settle(replace(items[0], state=ItemState.DONE))
    assert store.progress(import_.id).done == 1
