"""Results go to a FHIR server and by MLLP by themselves: what counts stands there, whatever came between."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from data.errors import InvalidInput
from data.records import DeliveryState, RejectReason, RemoteNode, RemoteNodeKind, Scan
from services.exporting.forms import Form
from services.remote_nodes.kinds import SECRET
from services.remote_nodes.peer import RemoteFault
from tests.fhir_server import FhirServer, fhir_server
from tests.integration.sending_house import House, house
from tests.integration.servers import LEFT_SOCKETS, free_port
from tests.mllp_receivers import Listener, ack, receiver
from tests.services.exporting.test_exports import correct

__all__ = ["house"]  # a fixture
pytestmark = [pytest.mark.integration, LEFT_SOCKETS]
BEARER = "s3cret"
DELIVERED, SKIPPED, WAITING = DeliveryState.DELIVERED, DeliveryState.SKIPPED, DeliveryState.WAITING


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server() as started:
        yield started


def ehr(house: House, url: str) -> RemoteNode:
    node = house.clinic.services.remote_nodes.add("EHR", RemoteNodeKind.FHIR_R4, {"url": url}, house.admin)
    house.rule(node, forms=("fhir-r4",))
    return node


def ris(house: House, port: int) -> RemoteNode:
    where = {"host": "127.0.0.1", "port": port}
    node = house.clinic.services.remote_nodes.add("RIS", RemoteNodeKind.HL7_V2, where, house.admin)
    house.rule(node, forms=("hl7",))
    return node


def report(server: FhirServer) -> Any:
    (only,) = server.all("DiagnosticReport")
    return only


def states(house: House, scan: Scan) -> list[DeliveryState]:
    return [delivery.state for delivery in sorted(house.deliveries(scan), key=lambda each: each.created_at)]


def control(frame: bytes) -> str:
    return frame.decode().split("|")[9]


def status(frame: bytes) -> str:
    return next(line for line in frame.decode().split("\r") if line.startswith("OBR")).split("|")[25]


def test_one_report_at_the_fhir_server_follows_what_is_said_of_it(house: House, server: FhirServer) -> None:
    node = ehr(house, server.url)
    assert house.clinic.services.remote_nodes.echo(node.id, house.admin) == "EHR answered GET /metadata."
    scan, reviews = house.received(lesions=2), house.clinic.services.reviewing.reviews
    house.later()
    assert report(server)["status"] == "preliminary"
    assert len(server.all("Observation")) == 3
    accepted = reviews.accept(scan.id, house.reviewer)
    house.later()
    assert report(server)["status"] == "final"
    reviews.take_back(accepted.id, house.reviewer)
    house.later()
    assert report(server)["status"] == "preliminary"
    correct(house.clinic, scan, house.reviewer)
    house.later()
    assert report(server)["status"] == "corrected"
    reviews.reject(scan.id, house.reviewer, RejectReason.MISSED)
    house.later()
    assert report(server)["status"] == "entered-in-error" and "WITHDRAWN" in report(server)["conclusion"]
    assert {told["status"] for told in server.all("Observation")} == {"entered-in-error"}
    assert states(house, scan) == [DELIVERED] * 5
    assert {delivery.form for delivery in house.deliveries(scan)} == {"fhir-r4"}  # a note would say nothing
    (patient,) = server.all("Patient")
    assert patient["identifier"][0]["value"] == "MRN-1815"


def test_what_is_there_follows_also_where_the_rule_says_accepted_only(
    house: House, server: FhirServer
) -> None:
    node = house.clinic.services.remote_nodes.add(
        "EHR", RemoteNodeKind.FHIR_R4, {"url": server.url}, house.admin
    )
    house.rule(node, forms=("fhir-r4",), reviewed_only=True)
    scan, reviews = house.received(), house.clinic.services.reviewing.reviews
    house.later()
    assert server.all("DiagnosticReport") == []
    accepted = reviews.accept(scan.id, house.reviewer)
    house.later()
    reviews.take_back(accepted.id, house.reviewer)
    house.later()
    assert report(server)["status"] == "preliminary"


def test_what_waited_too_long_does_not_take_the_place_of_what_is_newer(
    house: House, server: FhirServer
) -> None:
    node = ehr(house, f"http://127.0.0.1:{free_port()}")
    scan = house.received()
    house.later()
    assert states(house, scan) == [WAITING]
    house.clinic.services.reviewing.reviews.accept(scan.id, house.reviewer)
    house.clinic.services.remote_nodes.change(node.id, "EHR", {"url": server.url}, house.admin)
    house.later(hours=1)
    assert report(server)["status"] == "final"
    assert states(house, scan) == [SKIPPED, DELIVERED]
    assert any(
        delivery.note is not None and "Something newer" in delivery.note
        for delivery in house.deliveries(scan)
    )
    assert len(server.all("Provenance")) == 1  # the first never arrived


def test_a_server_that_refuses_is_told_in_its_words_and_asked_again(house: House) -> None:
    with fhir_server(BEARER) as server:
        node = ehr(house, server.url)
        scan = house.received()
        house.later()
        (delivery,) = house.deliveries(scan)
        assert delivery.state is WAITING and delivery.note is not None
        assert "401 Unauthorized: The bearer token is not known here." in delivery.note
        with pytest.raises(RemoteFault, match="401"):
            house.clinic.services.remote_nodes.echo(node.id, house.admin)
        entered = {"url": server.url, SECRET: BEARER}
        house.clinic.services.remote_nodes.change(node.id, "EHR", entered, house.admin)
        house.later(hours=1)
        assert states(house, scan) == [DELIVERED]


def test_messages_follow_by_mllp_and_each_is_told_apart(house: House) -> None:
    listener = Listener("AA")
    try:
        node = ris(house, listener.port)
        words = house.clinic.services.remote_nodes.echo(node.id, house.admin)
        assert words == "RIS answered on its port: MLLP has no echo."
        scan, reviews = house.received(), house.clinic.services.reviewing.reviews
        house.later()
        reviews.accept(scan.id, house.reviewer)
        house.later()
        reviews.reject(scan.id, house.reviewer, RejectReason.MISSED)
        house.later()
    finally:
        listener.stop()
    frames = [str(read).encode() for read in listener.taken]
    assert [status(frame) for frame in frames] == ["P", "F", "X"]
    assert len({control(frame) for frame in frames}) == 3
    assert states(house, scan) == [DELIVERED] * 3


@pytest.mark.parametrize("first", ["nack", "silence", "half"])
def test_a_message_that_was_not_acknowledged_comes_again_under_its_control_id(
    house: House, first: str
) -> None:
    told: list[bytes] = []

    def answer(connection: socket.socket, frame: bytes) -> None:
        told.append(frame)
        if len(told) > 1:
            connection.sendall(ack(control(frame)))
        elif first == "nack":
            connection.sendall(ack(control(frame), "AE", "The order is not known yet"))
        elif first == "half":
            connection.sendall(ack(control(frame))[:15])
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    with receiver(answer) as (port, _):
        ris(house, port)
        scan = house.received()
        house.later()
        (delivery,) = house.deliveries(scan)
        assert delivery.state is WAITING and delivery.note is not None
        if first == "nack":
            assert "AE (application error): The order is not known yet" in delivery.note
        house.later(minutes=1)
    assert states(house, scan) == [DELIVERED]
    assert len(told) == 2 and told[0] == told[1]  # the same bytes, so that a receiver knows the repeat


def test_a_person_sends_what_the_node_takes_and_nothing_else(house: House, server: FhirServer) -> None:
    node = house.clinic.services.remote_nodes.add(
        "EHR", RemoteNodeKind.FHIR_R4, {"url": server.url}, house.admin
    )
    scan, outbox = house.received(), house.clinic.services.sending.outbox
    (destination,) = outbox.destinations(scan.id, house.reviewer)
    assert destination.forms == (Form.FHIR_R4,)
    with pytest.raises(InvalidInput):
        outbox.send(scan.id, node.id, ["seg"], house.reviewer)
    assert outbox.send(scan.id, node.id, ["fhir-r4"], house.reviewer) == 1
    house.later()
    assert report(server)["status"] == "preliminary"
    house.clinic.services.reviewing.reviews.accept(scan.id, house.reviewer)
    house.later()
    assert report(server)["status"] == "final"  # without a rule: it is there
