"""Which servers a house has, and which of them holds the lease of what one alone does.

Nothing here asks for the time: clocks of several machines differ. A row's `beat` grows while its server
lives, and whoever watches measures on a clock of its own for how long it has not.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.records import HouseServer, Lease
from data.tables import leases, servers


class ServerStore:
    """Servers and leases."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def join(self, server: HouseServer) -> None:
        """Keeps a server, in place of what was kept of it."""
        with writing(self._engine) as connection:
            connection.execute(delete(servers).where(servers.c.id == server.id))
            values = {name: getattr(server, name) for name in HouseServer.__dataclass_fields__}
            connection.execute(insert(servers).values(values))

    def leave(self, server_id: str) -> None:
        """Forgets a server; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(servers).where(servers.c.id == server_id))

    def beat(self, server_id: str) -> bool:
        """Say that a server lives; False where it was forgotten."""
        query = update(servers).where(servers.c.id == server_id).values(beat=servers.c.beat + 1)
        with writing(self._engine) as connection:
            return connection.execute(query).rowcount == 1

    def all(self) -> list[HouseServer]:
        """Every server that is kept, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(servers).order_by(servers.c.name, servers.c.id))
            return [HouseServer(**row._mapping) for row in rows]

    def lease(self, name: str) -> Lease | None:
        """Who does this kind of work; None where nobody ever did."""
        query = select(leases.c.holder, leases.c.beat).where(leases.c.name == name)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Lease(row.holder, row.beat)

    def take(self, name: str, server_id: str, seen: Lease | None) -> bool:
        """Take a lease, or renew it, where it still is as it was `seen`; False where somebody was faster."""
        try:
            with writing(self._engine) as connection:
                if seen is None:
                    connection.execute(insert(leases).values(name=name, holder=server_id, beat=1))
                    return True
                values = {"holder": server_id, "beat": seen.beat + 1}
                return (
                    connection.execute(update(leases).where(_as_seen(name, seen)).values(values)).rowcount
                    == 1
                )
        except IntegrityError:
            return False

    def give_back(self, name: str, server_id: str) -> None:
        """Nobody does this kind of work from now on, where this server did."""
        mine = (leases.c.name == name) & (leases.c.holder == server_id)
        with writing(self._engine) as connection:
            connection.execute(update(leases).where(mine).values(holder=None))


def _as_seen(name: str, seen: Lease) -> ColumnElement[bool]:
    holder = leases.c.holder.is_(None) if seen.holder is None else leases.c.holder == seen.holder
    return (leases.c.name == name) & holder & (leases.c.beat == seen.beat)
