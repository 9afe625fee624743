"""Whatever another system answers, it is told in words of bounded length, and nothing is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.records import RemoteNodeKind
from reports.hl7 import control_id, message
from services.remote_nodes import dicomweb, fhir, mllp
from services.remote_nodes.peer import Peer, Receipt, RemoteFault
from tests.data.formats.making import picture, save
from tests.fuzz.doors.replies import AnsweringServer, is_request, peer_at
from tests.integration.servers import LEFT_SOCKETS
from tests.mllp_receivers import ack
from tests.reports.plain_results import plain

pytestmark = LEFT_SOCKETS
RESULT = plain()


def served(
    body: bytes, *, status: str = "200 OK", length: int | None = None, more: str = ""
) -> AnsweringServer:
    server = AnsweringServer(is_request)
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n{more}\r\n"
    server.answers = [head.encode() + body]
    return server


def fhir_receipt(told: Any) -> Receipt:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    peer = peer_at(RemoteNodeKind.FHIR_R4, served(body).port)
    return next(fhir.deliver(peer, [b"{}"], fhir.R4))


ODD = [None, 7, "x", [], [7], ["x"], [[{}]], {}, {"a": 1}]


@pytest.mark.parametrize("odd", ODD)
def test_a_transaction_response_of_another_shape_is_read_as_far_as_it_goes(odd: Any) -> None:
    whole = {"type": "transaction-response", "entry": odd}
    assert isinstance(fhir_receipt(whole), Receipt)
    failed = {"status": "400", "outcome": {"issue": odd}}
    receipt = fhir_receipt({"type": "transaction-response", "entry": [{"response": failed}]})
    assert not receipt.taken and str(receipt.words).startswith("400: ")


def test_an_answer_that_is_nested_without_end_is_no_resource() -> None:
    assert not fhir_receipt(b"[" * 100_000).taken


@pytest.mark.parametrize("odd", ODD)
def test_a_stow_answer_of_another_shape_says_nothing(odd: Any, tmp_path: Any) -> None:
    content = save(picture(np.zeros((8, 8), np.uint16)), tmp_path / "a.dcm").read_bytes()
    for told in (
        {"00081198": odd},
        {"00081198": {"Value": odd}},
        {"00081198": {"Value": [{"00081197": odd}]}},
    ):
        server = served(json.dumps(told).encode(), status="409 Conflict")
        (receipt,) = dicomweb.deliver(peer_at(RemoteNodeKind.DICOMWEB, server.port), [content])
        assert not receipt.taken and "409" in str(receipt.words)


def test_a_body_that_claims_to_be_enormous_is_not_believed() -> None:
    peer = peer_at(RemoteNodeKind.DICOMWEB, served(b"[]", length=1 << 45).port)
    with pytest.raises(RemoteFault, match="cannot be reached"):
        dicomweb.search(peer, "studies", {})


def test_a_body_larger_than_any_scan_is_not_read_to_its_end() -> None:
    known = peer_at(RemoteNodeKind.DICOMWEB, served(b"[" + b" " * (3 << 20) + b"]").port)
    peer = Peer(known.node, replace(known.settings, max_scan_bytes=1 << 20))
    with pytest.raises(RemoteFault, match="answered with more than 1 MiB"):
        dicomweb.search(peer, "studies", {})


NAMED = picture(np.zeros((8, 8), np.uint16), PatientName="Lovelace^Ada")


@pytest.mark.parametrize(
    "kind",
    [
        "application/dicom",
        'multipart/related; type="application/dicom"',
        "application/dicom+json",
        "",
        "text/html",
    ],
)
def test_a_refusal_quotes_no_patients_object_and_no_status_line(kind: str, tmp_path: Path) -> None:
    body = save(NAMED, tmp_path / "a.dcm").read_bytes()
    if kind == "application/dicom+json":
        body = NAMED.to_json().encode()
    server = served(
        body, status="400 Lovelace^Ada is unknown", more=f"Content-Type: {kind}\r\n" if kind else ""
    )
    with pytest.raises(RemoteFault) as refused:
        dicomweb.search(peer_at(RemoteNodeKind.DICOMWEB, server.port), "studies", {})
    assert str(refused.value).endswith("answered QIDO-RS with 400 Bad Request.")


@pytest.mark.parametrize(
    "kind", ["text/plain; charset=utf-8", "application/json", "application/problem+json", ""]
)
def test_a_refusal_quotes_what_the_server_says(kind: str) -> None:
    more = f"Content-Type: {kind}\r\n" if kind else ""
    server = served(b"No such\n  study", status="404 Whatever", more=more)
    with pytest.raises(RemoteFault, match="with 404 Not Found: No such study$"):
        dicomweb.search(peer_at(RemoteNodeKind.DICOMWEB, server.port), "studies", {})


def test_what_a_server_says_is_cut() -> None:
    with pytest.raises(RemoteFault) as refused:
        dicomweb.search(
            peer_at(RemoteNodeKind.DICOMWEB, served(b"x" * 900, status="500 x").port), "studies", {}
        )
    assert str(refused.value).endswith(": " + "x" * 300)
    server = served(b"x" * 900, status="500 x")
    with pytest.raises(RemoteFault) as refused:
        next(fhir.deliver(peer_at(RemoteNodeKind.FHIR_R4, server.port), [b"{}"], fhir.R4))
    assert str(refused.value).endswith(": " + "x" * 500)


def test_a_fault_without_words_is_no_empty_list() -> None:
    for status in ("200 OK", "204 No Content"):
        assert (
            dicomweb.search(peer_at(RemoteNodeKind.DICOMWEB, served(b"", status=status).port), "studies", {})
            == []
        )
    for status in ("500 x", "401 x", "302 x", "206 x"):
        with pytest.raises(RemoteFault, match=f"with {status[:3]} "):
            dicomweb.search(peer_at(RemoteNodeKind.DICOMWEB, served(b"", status=status).port), "studies", {})


def test_a_status_of_the_servers_own_stands_alone() -> None:
    with pytest.raises(RemoteFault, match="with 799.$"):
        dicomweb.search(
            peer_at(RemoteNodeKind.DICOMWEB, served(b"", status="799 Lovelace").port), "studies", {}
        )


@pytest.mark.parametrize("words", ["a\0b", "\x1b[31m", "\u202egnp"])
def test_words_of_a_receiver_hold_letters_only(words: str) -> None:
    server = AnsweringServer(lambda read: b"\x1c\r" in read)
    server.answers = [ack(control_id(RESULT), "AE", words)]
    (receipt,) = mllp.deliver(peer_at(RemoteNodeKind.HL7_V2, server.port), [message(RESULT)])
    assert not receipt.taken and "�" in str(receipt.words) and "\0" not in str(receipt.words)


def test_a_control_id_without_end_is_cut() -> None:
    server = AnsweringServer(lambda read: b"\x1c\r" in read)
    server.answers = [ack("x" * 100_000)]
    (receipt,) = mllp.deliver(peer_at(RemoteNodeKind.HL7_V2, server.port), [message(RESULT)])
    assert not receipt.taken and len(str(receipt.words)) <= 1000
