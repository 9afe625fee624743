"""Results on their way to other systems: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.alerts.alerts import Alerts
from services.assembly.reviewing import ReviewingServices
from services.assembly.stores import Stores
from services.exporting.exports import Exports
from services.remote_nodes.nodes import RemoteNodes
from services.sending.outbox import Outbox
from services.sending.planning import Planner
from services.sending.routing import Routing
from services.sending.sender import Sender


@dataclass(frozen=True)
class SendingServices:
    """Which results go to which systems, what waits and went, and what sends it."""

    routing: Routing
    outbox: Outbox
    sender: Sender


def build_sending(
    stores: Stores, nodes: RemoteNodes, exports: Exports, reviewing: ReviewingServices, alerts: Alerts
) -> SendingServices:
    """Put it together; nothing is started."""
    database, scan_views = stores.database, reviewing.scan_views
    node_store, deliveries = RemoteNodeStore(database), DeliveryStore(database)
    rules = RoutingStore(database)
    planner = Planner(scan_views, rules, node_store, deliveries)
    return SendingServices(
        routing=Routing(rules, node_store, stores.audit, stores.clinical),
        outbox=Outbox(deliveries, node_store, scan_views, stores.audit),
        sender=Sender(
            planner,
            deliveries,
            nodes,
            exports,
            lambda: reviewing.blinding.hidden(None),
            alerts,
            stores.audit,
        ),
    )
