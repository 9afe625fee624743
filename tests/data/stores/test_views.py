from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from data.database import new_id
from data.records import SavedView
from data.stores.views import ViewStore
from tests.data.builders import MORNING


def a_view(name: str = "Ward 3", query: str = "site=Ward+3") -> SavedView:
    return SavedView(new_id(), name, query, "somebody", MORNING)


def test_a_view_comes_back_as_it_was_kept(engine: Engine) -> None:
    store, view = ViewStore(engine), a_view()
    assert store.save(view) == view
    assert store.get(view.id) == view
    assert store.get("none") is None


def test_views_stand_in_the_order_of_their_names(engine: Engine) -> None:
    store = ViewStore(engine)
    for name in ("ward 3", "All", "Émile"):
        store.save(a_view(name))
    assert [view.name for view in store.all()] == ["All", "ward 3", "Émile"]


def test_a_view_of_the_same_name_gives_way_but_keeps_its_id(engine: Engine) -> None:
    store, old, new = ViewStore(engine), a_view(), a_view("WARD 3", "site=Ward+3&sex=F")
    store.save(old)
    kept = store.save(new)
    assert kept == replace(new, id=old.id)
    assert store.all() == [kept]


def test_a_deleted_view_is_gone_and_may_be_deleted_again(engine: Engine) -> None:
    store, view = ViewStore(engine), a_view()
    store.save(view)
    store.delete(view.id)
    store.delete(view.id)
    assert store.all() == []
