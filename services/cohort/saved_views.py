"""Saved views: filters of the cohort page under a name, for everybody who reads statistics."""

from __future__ import annotations

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import SavedView, User
from data.stores.views import ViewStore
from services.cohort.filters import filters_of, query_of
from services.permissions import Permission, require

LONGEST_NAME = 60


class SavedViews:
    """Shared by all; whoever saves under a name that exists replaces it."""

    def __init__(self, store: ViewStore) -> None:
        self._store = store

    def save(self, name: str, search: str, user: User) -> SavedView:
        """Keep an address's filters; raises InvalidInput without a name."""
        require(user, Permission.SAVE_VIEWS)
        words = " ".join(name.split())[:LONGEST_NAME]
        if not words:
            raise InvalidInput("Give the view a name first.")
        return self._store.save(SavedView(new_id(), words, query_of(filters_of(search)), user.id, now()))

    def all(self) -> list[SavedView]:
        """Every view by its name."""
        return self._store.all()

    def get(self, view_id: str) -> SavedView:
        """One view; raises NotFound."""
        view = self._store.get(view_id)
        if view is None:
            raise NotFound("There is no such view any more.")
        return view

    def delete(self, view_id: str, user: User) -> None:
        """Forget a view; nothing happens where there is none."""
        require(user, Permission.SAVE_VIEWS)
        self._store.delete(view_id)
