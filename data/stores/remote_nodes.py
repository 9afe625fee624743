"""Other systems that Lightbox talks to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from data.database import reading, writing
from data.records import RemoteNode, RemoteNodeKind
from data.tables import remote_nodes


class RemoteNodeStore:
    """Remote nodes; deleted ones keep their row and are not listed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, node: RemoteNode) -> None:
        """Keeps a new node."""
        with writing(self._engine) as connection:
            connection.execute(insert(remote_nodes).values(vars(node) | {"kind": node.kind.value}))

    def get(self, node_id: str) -> RemoteNode | None:
        """The node, also one that was deleted."""
        query = select(remote_nodes).where(remote_nodes.c.id == node_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _node(row)

    def all(self) -> list[RemoteNode]:
        """Every node that was not deleted, by name."""
        query = select(remote_nodes).where(remote_nodes.c.deleted_at.is_(None))
        with reading(self._engine) as connection:
            nodes = [_node(row) for row in connection.execute(query)]
        return sorted(nodes, key=lambda node: (node.name.casefold(), node.id))

    def change(self, node_id: str, **values: Any) -> None:
        """Puts other values in place of those of the same names."""
        with writing(self._engine) as connection:
            connection.execute(update(remote_nodes).where(remote_nodes.c.id == node_id).values(values))

    def note_worked(self, node_id: str, at: datetime) -> None:
        """It answered as it should."""
        self.change(node_id, worked_at=at)

    def note_failed(self, node_id: str, at: datetime, failure: str) -> None:
        """It did not; `failure` says in words what was wrong."""
        self.change(node_id, failed_at=at, failure=failure)


def _node(row: Row[Any]) -> RemoteNode:
    values = {name: row._mapping[name] for name in RemoteNode.__dataclass_fields__}
    return RemoteNode(**values | {"kind": RemoteNodeKind(row.kind)})
