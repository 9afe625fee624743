"""Results arrive in a real PACS, each object once, whatever is killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.records import (
    DeliveryState,
    RejectReason,
    RemoteNodeKind,
    Role,
    Scan,
    UnaidedFinding,
    User,
)
from data.stores.remote_nodes import RemoteNodeStore
from services.remote_nodes.kinds import ALERT_AFTER
from services.sending.sender import LEASE
from tests.dashboard.clinic import Clinic
from tests.integration.sending_house import FORMS, MODALITIES, House, asked, expected, house, server, there
from tests.integration.servers import LEFT_SOCKETS, Orthanc
from tests.services.exporting.test_exports import STRICT, correct, strict_series

__all__ = ["house", "server"]  # fixtures
pytestmark = [pytest.mark.integration, LEFT_SOCKETS]


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
from tests.integration.sending_house import Clinic, House

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
