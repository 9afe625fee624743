"""C-STORE as a storage SCP sees it: statuses in words, contexts of what is sent, an association that ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt

from data.records import RemoteNode, RemoteNodeKind
from services.receiving.node import DicomNode
from services.remote_nodes import dicom
from services.remote_nodes.peer import Peer, Receipt, RemoteFault
from services.remote_nodes.statuses import store_receipt
from services.settings import Settings
from tests.data.formats.making import picture, save
from tests.integration.dicom_node import program
from tests.integration.servers import LEFT_SOCKETS, free_port

pytestmark = LEFT_SOCKETS
SECONDARY_CAPTURE, MR = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.4"


def objects(folder: Path, *sop_classes: str) -> list[bytes]:
    made = []
    for number, sop_class in enumerate(sop_classes):
        dataset = picture(np.zeros((4, 5), np.uint16), SOPClassUID=sop_class)
        made.append(save(dataset, folder / f"{number}.dcm").read_bytes())
    return made


def peer_at(port: int, **changes: Any) -> Peer:
    node = RemoteNode("n", "The PACS", RemoteNodeKind.DICOM, "PACS", "127.0.0.1", port)
    return Peer(replace(node, **changes), Settings(dicom_ae_title="READER"))


@contextmanager
def archive(
    status: Any, *sop_classes: str, syntax: str = ExplicitVRLittleEndian
) -> Iterator[tuple[int, list[Any]]]:
    """A storage SCP that answers with a status; its port, and the events of what it got."""
    got: list[Any] = []

    def on_store(event: Any) -> Any:
        got.append(event)
        return status(event) if callable(status) else status

    entity = AE("PACS")
    for sop_class in sop_classes:
        entity.add_supported_context(sop_class, syntax)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)])
    assert server is not None
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()


def test_several_instances_go_in_one_association_with_just_their_contexts(tmp_path: Path) -> None:
    with archive(0, SECONDARY_CAPTURE, MR) as (port, got):
        receipts = list(dicom.deliver(peer_at(port), objects(tmp_path, SECONDARY_CAPTURE, MR, MR)))
    assert receipts == [Receipt(True)] * 3
    assert len({id(event.assoc) for event in got}) == 1
    (association,) = {event.assoc for event in got}
    offered = {str(context.abstract_syntax) for context in association.requestor.requested_contexts}
    assert offered == {SECONDARY_CAPTURE, MR}
    assert association.requestor.primitive.calling_ae_title == "READER"


def test_a_node_that_takes_implicit_vr_only_gets_it(tmp_path: Path) -> None:
    with archive(0, MR, syntax=ImplicitVRLittleEndian) as (port, got):
        assert list(dicom.deliver(peer_at(port), objects(tmp_path, MR))) == [Receipt(True)]
    assert got[0].dataset.Rows == 4 and got[0].context.transfer_syntax == ImplicitVRLittleEndian


def test_what_a_node_does_not_store_is_said_of_that_object_alone(tmp_path: Path) -> None:
    with archive(0, MR) as (port, got):
        first, second = dicom.deliver(peer_at(port), objects(tmp_path, SECONDARY_CAPTURE, MR))
    assert not first.taken and "presentation context of Secondary Capture" in str(first.words)
    assert second == Receipt(True) and len(got) == 1


def test_statuses_are_told_with_the_nodes_own_comment(tmp_path: Path) -> None:
    def full(_: Any) -> Dataset:
        answer = Dataset()
        answer.Status, answer.ErrorComment = 0xA700, "disk full"
        return answer

    with archive(full, MR) as (port, _):
        assert list(dicom.deliver(peer_at(port), objects(tmp_path, MR))) == [
            Receipt(False, "not stored: 0xA700, out of resources: disk full")
        ]


def test_an_association_that_ends_half_way_is_a_fault_and_what_was_taken_is_known(tmp_path: Path) -> None:
    def once(event: Any) -> int:
        if event.message_id and len(got) > 1:
            event.assoc.abort()
        return 0

    receipts = []
    with (
        archive(once, MR) as (port, got),
        pytest.raises(RemoteFault, match=r"ended the association, or gave no answer"),
    ):
        for receipt in dicom.deliver(peer_at(port), objects(tmp_path, MR, MR, MR)):
            receipts.append(receipt)
    assert receipts == [Receipt(True)]


@pytest.mark.parametrize(
    ("status", "taken", "words"),
    [
        (0x0000, True, None),
        (0xB000, True, "stored with warning 0xB000, coercion of data elements"),
        (0xB006, True, "stored with warning 0xB006, elements discarded"),
        (0xB007, True, "stored with warning 0xB007, data set does not match SOP class"),
        (0x0111, True, "was there already (0x0111, duplicate SOP instance)"),
        (0xA701, False, "not stored: 0xA701, out of resources"),
        (0xA900, False, "not stored: 0xA900, data set does not match SOP class"),
        (0xC123, False, "not stored: 0xC123, cannot understand"),
        (0x0122, False, "not stored: 0x0122, SOP class not supported"),
        (0xFFFF, False, "not stored: 0xFFFF, failure"),
    ],
)
def test_every_status_has_its_words(status: int, taken: bool, words: str | None) -> None:
    assert store_receipt(status) == Receipt(taken, words)


def test_over_tls_the_node_must_have_a_certificate_of_the_ca(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    secured = Settings(
        home=tmp_path, dicom_ae_title="PACS", dicom_port=free_port(), dicom_certificate=certificate,
        dicom_key=key, dicom_ca=certificate,
    )  # fmt: skip
    node = DicomNode(secured)
    node.start()
    try:
        trusting = replace(
            secured, remote_ca=certificate
        )  # and shows its own certificate, which the node asks for
        dicom.echo(Peer(peer_at(node.port, tls=True).node, trusting))
        with pytest.raises(RemoteFault, match="its TLS certificate is not trusted"):
            dicom.echo(peer_at(node.port, tls=True))
    finally:
        node.stop()
