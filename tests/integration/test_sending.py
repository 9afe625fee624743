"""Results arrive in a real PACS, each object once, whatever is killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
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
    RejectReason,
    RemoteNode,
    RemoteNodeKind,
    Role,
    Scan,
    UnaidedFinding,
    User,
)
from data.stores.audit import AuditLog
from data.stores.deliveries import DeliveryStore
from data.stores.remote_nodes import RemoteNodeStore
from data.stores.routing import RoutingStore
from services.sending.planning import Planner
from services.sending.routing import RuleWanted
from services.sending.sender import ALERT_AFTER, LEASE, Sender
from tests.dashboard.clinic import Clinic
from tests.integration.servers import LEFT_SOCKETS, Orthanc, pacs
from tests.services.exporting.test_exports import STRICT, correct, strict_series

pytestmark = [pytest.mark.integration, LEFT_SOCKETS]
FORMS = ("seg", "sr", "sc", "gsps", "pdf")
MODALITIES = {"seg": "SEG", "sr": "SR", "sc": "OT", "gsps": "PR", "pdf": "DOC", "kos": "KO"}


def sender_of(clinic: Clinic, clock: Callable[[], datetime]) -> Sender:
    """The server's sender, by another clock."""
    services, database = clinic.services, clinic.database
    worklist, nodes, store = services.reviewing.worklist, RemoteNodeStore(database), DeliveryStore(database)
    planner = Planner(worklist, RoutingStore(database), nodes, store, clock)
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


@pytest.mark.parametrize("kind", [RemoteNodeKind.DICOM, RemoteNodeKind.DICOMWEB])
def test_every_form_arrives_once_and_the_study_matches(
    house: House, server: Orthanc, kind: RemoteNodeKind
) -> None:
    node = house.node(server, kind)
    house.rule(node)
    scan = house.received()
    house.sender.look()
    assert house.states(scan) == {DeliveryState.DELIVERED}
    assert there(server) == expected(house, scan) and {*MODALITIES.values()} - {"KO"} == {*there(server)}
    (study,) = asked(server, "studies")
    tags = asked(server, f"studies/{study}")
    said = tags["MainDicomTags"] | tags["PatientMainDicomTags"]
    assert {key: said[key] for key in STRICT if key in said} == {
        key: text for key, text in STRICT.items() if key in said
    }
    assert said["AccessionNumber"] == "ACC-2026-77" and said["PatientID"] == "MRN-1815"
    for delivery in house.deliveries(scan):  # sent again: the same instances
        house.clinic.services.sending.outbox.again(delivery.id, house.admin)
    house.sender.look()
    assert house.states(scan) == {DeliveryState.DELIVERED} and there(server) == expected(house, scan)
    assert RemoteNodeStore(house.clinic.database).get(node.id).worked_at is not None  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [RemoteNodeKind.DICOM, RemoteNodeKind.DICOMWEB])
def test_a_pacs_that_is_away_gets_everything_once_it_is_back(
    house: House, server: Orthanc, kind: RemoteNodeKind
) -> None:
    house.rule(house.node(server, kind))
    server.kill()
    scan = house.received()
    house.sender.look()
    assert house.states(scan) == {DeliveryState.WAITING}
    assert all("cannot be reached" in str(delivery.note) for delivery in house.deliveries(scan))
    house.later(seconds=1)  # too early: nothing is tried
    assert {delivery.attempts for delivery in house.deliveries(scan)} == {1}
    alerts = house.clinic.services.alerts
    for _ in range(ALERT_AFTER):
        house.later(hours=1)
    (alert,) = alerts.unfinished()
    assert "cannot be reached" in alert.sentence and "Doe" not in alert.sentence + alert.title
    server.start()
    house.later(hours=1)
    assert house.states(scan) == {DeliveryState.DELIVERED}
    assert there(server) == expected(house, scan)
    assert alerts.unfinished() == []


def test_a_wrong_ae_title_is_said_in_the_protocols_words(house: House, server: Orthanc) -> None:
    node = house.node(server, ae_title="WRONG")
    house.rule(node, forms=("sr",))
    scan = house.received()
    house.sender.look()
    (delivery,) = house.deliveries(scan)
    assert delivery.state is DeliveryState.WAITING and "rejected the association" in str(delivery.note)
    right = {"ae_title": Orthanc.AE_TITLE, "host": "127.0.0.1", "port": server.dicom}
    house.clinic.services.remote_nodes.change(node.id, "PACS", right, house.admin)
    house.clinic.services.sending.outbox.hurry(house.admin)
    house.sender.look()
    assert house.states(scan) == {DeliveryState.DELIVERED} and there(server) == ["SR"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from data.stores.deliveries import DeliveryStore
from tests.integration.test_sending import Clinic, House

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

DeliveryStore.settle = die  # between the PACS's answer and our note of it
Clinic.person = lambda *_: None
house = House(Clinic(Path(sys.argv[1]), networks=False))
house.sender.look()
"""


def test_a_server_killed_between_sending_and_noting_sends_again_and_nothing_is_doubled(
    house: House, server: Orthanc, tmp_path: Path
) -> None:
    house.rule(house.node(server))
    scan = house.received()
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert there(server) and house.states(scan) == {DeliveryState.WAITING}
    house.sender.look()  # still claimed by the one that is dead
    assert house.states(scan) == {DeliveryState.WAITING}
    house.later(seconds=LEASE.total_seconds() + 1)
    assert house.states(scan) == {DeliveryState.DELIVERED}
    assert there(server) == expected(house, scan)


def test_only_accepted_ones_then_a_correction_then_a_rejection(house: House, server: Orthanc) -> None:
    house.rule(house.node(server), forms=("seg", "sr", "pdf"), reviewed_only=True)
    scan, reviews = house.received(lesions=2), house.clinic.services.reviewing.reviews
    house.sender.look()
    assert house.deliveries(scan) == [] and there(server) == []
    reviews.accept(scan.id, house.reviewer)
    house.sender.look()
    assert there(server) == ["DOC", "SEG", "SR"]
    correct(house.clinic, scan, house.reviewer)
    house.sender.look()
    assert there(server) == ["DOC", "DOC", "SEG", "SEG", "SR", "SR"]
    segmentations = [
        asked(server, f"instances/{instance}/simplified-tags") for instance in asked(server, "instances")
    ]
    uids = {tags["SOPInstanceUID"] for tags in segmentations if tags["Modality"] == "SEG"}
    named = {
        item["ReferencedSOPInstanceUID"]
        for tags in segmentations
        if tags["Modality"] == "SEG"
        for item in tags.get("SourceImageSequence", [])
    }
    assert len(uids & named) == 1  # the correction names the AI's own
    reviews.reject(scan.id, house.reviewer, RejectReason.MISSED)
    house.sender.look()
    assert there(server) == ["DOC", "DOC", "KO", "SEG", "SEG", "SR", "SR"]


def test_what_would_unblind_a_reader_is_held_until_they_have_read(house: House, server: Orthanc) -> None:
    clinic, second = house.clinic, house.clinic.person(Role.CLINICIAN, "second")
    house.rule(house.node(server), forms=("seg",))
    scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    clinic.services.reviewing.unaided.ask([scan.id], second)
    clinic.read_volume(scan)
    house.sender.look()
    (delivery,) = house.deliveries(scan)
    assert delivery.state is DeliveryState.WAITING and "Held" in str(delivery.note) and there(server) == []
    assert clinic.services.sending.outbox.of_scan(scan.id, second) == ()
    give(clinic, scan, second)
    house.later(minutes=1)
    assert house.states(scan) == {DeliveryState.DELIVERED} and there(server) == ["SEG"]


def give(clinic: Clinic, scan: Scan, reader: User) -> None:
    clinic.services.reviewing.unaided.give(scan.id, reader, UnaidedFinding.ABSENT)


def test_a_result_that_is_rejected_before_it_is_sent_stays(house: House, server: Orthanc) -> None:
    house.rule(house.node(server), forms=("seg", "sr"))
    scan = house.received()
    house.sender.plan()
    house.clinic.services.reviewing.reviews.reject(scan.id, house.reviewer, RejectReason.MISSED)
    house.sender.look()
    assert house.states(scan) == {DeliveryState.SKIPPED} and there(server) == []
    assert all("rejected" in str(delivery.note) for delivery in house.deliveries(scan))


def test_by_hand_a_clinician_sends_what_was_uploaded(house: House, server: Orthanc) -> None:
    node, outbox = house.node(server), house.clinic.services.sending.outbox
    scan = house.clinic.add_series(strict_series(), uploaded_by=house.reviewer.id)
    house.clinic.read_volume(scan)
    (destination,) = outbox.destinations(scan.id, house.reviewer)
    assert destination.node.id == node.id and {*destination.forms} == {*FORMS}
    assert outbox.send(scan.id, node.id, ["seg", "sr"], house.reviewer) == 2
    house.sender.look()
    assert there(server) == ["SEG", "SR"]
    assert {view.delivery.state for view in outbox.of_scan(scan.id, house.reviewer)} == {
        DeliveryState.DELIVERED
    }


def test_a_rejection_follows_also_what_was_sent_by_hand(house: House, server: Orthanc) -> None:
    node, outbox = house.node(server), house.clinic.services.sending.outbox
    house.rule(node, forms=("sr",))  # of what scanners send: not of this
    scan = house.clinic.add_series(strict_series(), uploaded_by=house.reviewer.id)
    house.clinic.read_volume(scan)
    house.sender.look()
    assert there(server) == []
    outbox.send(scan.id, node.id, ["seg"], house.reviewer)
    house.sender.look()
    assert there(server) == ["SEG"]
    house.clinic.services.reviewing.reviews.reject(scan.id, house.reviewer, RejectReason.MISSED)
    house.sender.look()
    assert there(server) == ["KO", "SEG"]
