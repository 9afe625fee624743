"""When somebody last came with a group of the hospital that the settings name, for every server at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.tables import seen_groups


class SeenGroupStore:
    """Groups by the hash of what they are compared by: names of groups may be of any length."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, groups: Collection[str], at: datetime) -> None:
        """Somebody has come with these."""
        for group in groups:
            self._note(_sha256(group), at)

    def last_seen(self, groups: Collection[str]) -> dict[str, datetime]:
        """When somebody last came with each of these; without those that nobody has come with."""
        by_hash = {_sha256(group): group for group in groups}
        query = select(seen_groups).where(seen_groups.c.group_sha256.in_(by_hash))
        with reading(self._engine) as connection:
            return {by_hash[row.group_sha256]: row.seen_at for row in connection.execute(query)}

    def _note(self, digest: str, at: datetime) -> None:
        change = update(seen_groups).where(seen_groups.c.group_sha256 == digest).values(seen_at=at)
        try:
            with writing(self._engine) as connection:
                if connection.execute(change).rowcount == 0:
                    connection.execute(insert(seen_groups).values(group_sha256=digest, seen_at=at))
        except IntegrityError:  # another server was first, just now
            return


def _sha256(group: str) -> str:
    return hashlib.sha256(group.encode("utf-8", "replace")).hexdigest()
