"""Other systems that Lightbox talks to: built here for the server and for commands."""

from __future__ import annotations

from data.stores.remote_nodes import RemoteNodeStore
from services.assembly.stores import Stores
from services.remote_nodes.nodes import RemoteNodes
from services.secret_key import secret_key


def build_remote_nodes(stores: Stores) -> RemoteNodes:
    """Put it together; nobody is asked anything."""
    settings = stores.settings
    store = RemoteNodeStore(stores.database)
    return RemoteNodes(store, stores.audit, settings, lambda: secret_key(settings))
