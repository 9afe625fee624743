"""Remote nodes as people manage them; `peer` is how our own work reaches one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, RemoteNode, RemoteNodeKind, User
from data.stores.audit import AuditLog
from data.stores.remote_nodes import RemoteNodeStore
from services.permissions import Permission, require
from services.remote_nodes.kinds import FIELDS, KINDS, SECRET, NodeKind, address_words, check_secured
from services.remote_nodes.peer import Peer, RemoteFault
from services.remote_nodes.sealing import Sealer
from services.settings import Settings

LONGEST_NAME = 60
NO_SUCH_NODE = "There is no such remote node any more."
_WHERE = ("url", "user_name")  # a secret is for these: elsewhere it is not sent


class RemoteNodes:
    """What an administrator says of the systems around, and whether they answer."""

    def __init__(
        self, store: RemoteNodeStore, audit: AuditLog, settings: Settings, secret_key: Callable[[], str]
    ) -> None:
        """`secret_key` gives the house's key, which is asked for where a secret is kept or used."""
        self._store = store
        self._audit = audit
        self._settings = settings
        self._secret_key = secret_key

    def all(self, user: User) -> list[RemoteNode]:
        """Every remote node, by name. Raises NotAllowed."""
        require(user, Permission.SEE_REMOTE_NODES)
        return self._store.all()

    def get(self, node_id: str, user: User) -> RemoteNode:
        """One of them. Raises NotAllowed, NotFound."""
        require(user, Permission.SEE_REMOTE_NODES)
        return self._known(node_id)

    def add(self, name: str, kind: RemoteNodeKind, entered: Mapping[str, Any], user: User) -> RemoteNode:
        """Keep a new node; `entered` holds the kind's fields by name. Raises InvalidInput, NotAllowed."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        self._free_name(name, None)  # the form's first field is told of first
        values = _checked(kind, entered)
        secret = values.pop(SECRET, "")
        with self._audit.together():
            node = RemoteNode(
                new_id(),
                self._free_name(name, None),
                kind,
                **values,
                sealed_secret=self._sealed(secret),
                made_by=user.id,
                created_at=now(),
            )
            self._store.add(node)
            self._note(user, "remote node added", node)
        return node

    def change(self, node_id: str, name: str, entered: Mapping[str, Any], user: User) -> RemoteNode:
        """Give a node another name and other fields; its kind stays. Raises InvalidInput, NotFound.

        Without a new secret the present one stays, unless the address or user that it is for changed.
        """
        require(user, Permission.MANAGE_REMOTE_NODES)
        known = self._known(node_id)
        values = _checked(known.kind, entered)
        secret = values.pop(SECRET, "")
        moved = any(values.get(field, "") != getattr(known, field) for field in _WHERE)
        if secret or moved:
            values["sealed_secret"] = self._sealed(secret)
        with self._audit.together():
            self._store.change(node_id, name=self._free_name(name, node_id), **values)
            changed = self._known(node_id)
            self._note(user, "remote node changed", changed)
        return changed

    def remove(self, node_id: str, user: User) -> None:
        """Talk to a node no more; its secret is forgotten. Raises NotFound."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        known = self._known(node_id)
        with self._audit.together():
            self._store.change(node_id, deleted_at=now(), sealed_secret="")
            self._note(user, "remote node removed", known)

    def echo(self, node_id: str, user: User) -> str:
        """Ask a node whether it is there: a sentence that it is. Raises RemoteFault, which is kept, too."""
        require(user, Permission.MANAGE_REMOTE_NODES)
        peer = self.peer(node_id)
        kind = KINDS[peer.node.kind]
        try:
            kind.echo(peer)
        except RemoteFault as fault:
            self.note_failed(node_id, str(fault))
            raise
        self.note_worked(node_id)
        return f"{peer.node.name} answered {kind.echo_name}."

    def peer(self, node_id: str) -> Peer:
        """A node to talk to, for our own work. Raises NotFound, InvalidInput."""
        node = self._known(node_id)
        secret = Sealer(self._secret_key()).opened(node.sealed_secret) if node.sealed_secret else ""
        return Peer(node, self._settings, secret)

    def kind(self, node_id: str) -> NodeKind | None:
        """How one talks to a node; None where there is none any more."""
        node = self._store.get(node_id)
        return None if node is None or node.deleted_at is not None else KINDS[node.kind]

    def name(self, node_id: str) -> str:
        """What a node is called, also one that was removed; "" for one that never was."""
        node = self._store.get(node_id)
        return "" if node is None else node.name

    def note_worked(self, node_id: str, at: datetime | None = None) -> None:
        """It did what it was asked."""
        self._store.note_worked(node_id, at or now())

    def note_failed(self, node_id: str, sentence: str, at: datetime | None = None) -> None:
        """It did not, and why."""
        self._store.note_failed(node_id, at or now(), sentence)

    def _known(self, node_id: str) -> RemoteNode:
        node = self._store.get(node_id)
        if node is None or node.deleted_at is not None:
            raise NotFound(NO_SUCH_NODE)
        return node

    def _free_name(self, name: str, mine: str | None) -> str:
        words = " ".join(name.split())[:LONGEST_NAME]
        if not words:
            raise InvalidInput("Enter a name for the remote node.")
        if any(node.name.casefold() == words.casefold() and node.id != mine for node in self._store.all()):
            raise InvalidInput("There is a remote node of this name already.")
        return words

    def _sealed(self, secret: str) -> str:
        return Sealer(self._secret_key()).seal(secret) if secret else ""

    def _note(self, user: User, action: str, node: RemoteNode) -> None:
        detail = f"{node.name}, {KINDS[node.kind].label}, {address_words(vars(node), node.kind)}"
        self._audit.record(AuditEvent(now(), user.id, action, node.id, detail))


def _checked(kind: RemoteNodeKind, entered: Mapping[str, Any]) -> dict[str, Any]:
    """The kind's fields, tidied. Raises InvalidInput."""
    values = {name: FIELDS[name].checked(entered.get(name)) for name in KINDS[kind].fields}
    check_secured(kind, values.get("url", ""))
    return values
