"""A small clinic whose results go to other systems, and what stands in a PACS, for the tests of sending."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.database import now
from data.records import (
    Delivery,
    DeliveryState,
    RemoteNode,
    RemoteNodeKind,
    Role,
    Scan,
)
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.sending.planning import Planner
from services.sending.routing import RuleWanted
from services.sending.sender import Sender
from tests.dashboard.clinic import Clinic
from tests.integration.servers import Orthanc, pacs
from tests.services.exporting.test_exports import strict_series

FORMS = ("seg", "sr", "sc", "gsps", "pdf")
MODALITIES = {"seg": "SEG", "sr": "SR", "sc": "OT", "gsps": "PR", "pdf": "DOC", "kos": "KO"}


def sender_of(clinic: Clinic, clock: Callable[[], datetime]) -> Sender:
    """The server's sender, by another clock."""
    services, database = clinic.services, clinic.database
    views, nodes, store = services.reviewing.scan_views, RemoteNodeStore(database), DeliveryStore(database)
    planner = Planner(views, RoutingStore(database), nodes, store, clock)
    return Sender(
        planner,
        store,
        services.remote_nodes,
        services.exports,
        lambda: services.reviewing.blinding.hidden(None),
        services.alerts,
        AuditLog(database),
        clock=clock,
    )


class House:
    """A small clinic whose results go to an Orthanc; time passes as the test says."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.admin, self.reviewer = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN)
        self.ahead = timedelta()
        self.store = DeliveryStore(clinic.database)
        self.sender = sender_of(clinic, lambda: now() + self.ahead)

    def node(
        self, server: Orthanc, kind: RemoteNodeKind = RemoteNodeKind.DICOM, **changes: Any
    ) -> RemoteNode:
        where = {"ae_title": Orthanc.AE_TITLE, "host": "127.0.0.1", "port": server.dicom}
        where |= {"url": f"{server.url}/dicom-web"} | changes
        return self.clinic.services.remote_nodes.add(f"The {kind} PACS", kind, where, self.admin)

    def rule(self, node: RemoteNode, **changes: Any) -> None:
        said: dict[str, Any] = {"outcomes": ("found", "not-found", "uncertain"), "forms": FORMS}
        self.clinic.services.sending.routing.add(RuleWanted(node.id, **said | changes), self.admin)

    def received(self, **changes: Any) -> Scan:
        scan = self.clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
        self.clinic.read_volume(scan, **changes)
        return scan

    def deliveries(self, scan: Scan) -> list[Delivery]:
        return self.store.of_scan(scan.id)

    def states(self, scan: Scan) -> set[DeliveryState]:
        return {delivery.state for delivery in self.deliveries(scan)}

    def later(self, **passed: float) -> None:
        self.ahead += timedelta(**passed)
        self.sender.look()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clinic = Clinic(tmp_path, networks=False)
    yield House(clinic)
    clinic.close()


@pytest.fixture
def server() -> Iterator[Orthanc]:
    with pacs() as started:
        yield started


def asked(server: Orthanc, path: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/{path}", timeout=60) as answer:
        return json.loads(answer.read())


def there(server: Orthanc) -> list[str]:
    """The modality of every instance, in order."""
    return sorted(
        asked(server, f"instances/{instance}/simplified-tags")["Modality"]
        for instance in asked(server, "instances")
    )


def expected(house: House, scan: Scan) -> list[str]:
    """What is to be there of a scan, by its deliveries."""
    return sorted(
        MODALITIES[delivery.form]
        for delivery in house.deliveries(scan)
        for _ in range(delivery.instances)
        if delivery.state is DeliveryState.DELIVERED
    )
