"""The alerts, for the server and for commands."""

from __future__ import annotations

from data.stores.alerts import AlertStore
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery, addresses
from services.assembly.stores import Stores
from services.jobs import Jobs


def alerts_of(stores: Stores, jobs: Jobs | None = None) -> Alerts:
    """The alerts; without `jobs` the running server tells of them."""
    settings = stores.settings
    delivery = Delivery(addresses(settings.alerts), settings.public_url)
    return Alerts(AlertStore(stores.database), stores.audit, delivery, jobs, settings.public_url)
