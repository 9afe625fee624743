"""Messages by MLLP: taken only when they are acknowledged as taken, and each fault in words."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from data.records import RemoteNode, RemoteNodeKind
from reports.hl7 import control_id, message
from services.remote_nodes import mllp
from services.remote_nodes.peer import Peer, Receipt, RemoteFault
from services.settings import Settings
from tests.integration.servers import LEFT_SOCKETS
from tests.mllp_receivers import Listener, ack, receiver, sends
from tests.reports.plain_results import plain

pytestmark = LEFT_SOCKETS

RESULT = plain(headline="Größe | ^ ~ & \\ unklar")
MESSAGE, CONTROL = message(RESULT), control_id(RESULT)


def peer_at(port: int, **said: object) -> Peer:
    node = RemoteNode("n" * 32, "RIS", RemoteNodeKind.DICOM, host="127.0.0.1", port=port, **said)  # type: ignore[arg-type]
    return Peer(node, Settings())


def delivered(port: int, contents: list[bytes] | None = None) -> list[Receipt]:
    return list(mllp.deliver(peer_at(port), [MESSAGE] if contents is None else contents))


@pytest.mark.parametrize(("code", "taken"), [("AA", True), ("AE", False), ("AR", False)])
def test_another_library_reads_what_is_sent_and_its_answer_is_understood(code: str, taken: bool) -> None:
    listener = Listener(code)
    try:
        mllp.echo(peer_at(listener.port))
        receipts = delivered(listener.port, [MESSAGE, MESSAGE])
    finally:
        listener.stop()
    assert [receipt.taken for receipt in receipts] == [taken, taken]
    assert [str(read) for read in listener.taken] == [MESSAGE.decode()] * 2
    assert {str(read.segment("MSH")[10]) for read in listener.taken} == {CONTROL}
    if not taken:
        assert receipts[0].words is not None and receipts[0].words.startswith(
            f"RIS answered {code} (application "
        )


def test_the_frame_is_whole() -> None:
    with receiver(sends(ack(CONTROL))) as (port, frames):
        assert delivered(port) == [Receipt(True)]
    assert frames == [MESSAGE]


def test_the_message_is_for_the_application_and_facility_that_the_node_names() -> None:
    with receiver(sends(ack(CONTROL))) as (port, frames):
        named = peer_at(port, application="RIS^1.2.3^ISO", facility="Städtisches")
        assert list(mllp.deliver(named, [MESSAGE])) == [Receipt(True)]
    head, _, rest = frames[0].decode().partition("\r")
    assert head.split("|")[4:6] == ["RIS^1.2.3^ISO", "Städtisches"]
    assert rest == MESSAGE.decode().partition("\r")[2]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ack(CONTROL, "AE", words="Patient \\T\\ order unknown"),
            "AE (application error): Patient & order unknown",
        ),
        (ack(CONTROL, "AR"), "AR (application reject)."),
        (ack(CONTROL, "CE"), "CE (commit error)."),
        (
            ack(CONTROL, "AE", more="ERR||PID^1^3|204^Unknown key^HL70357|E||||No such patient\r"),
            "No such patient",
        ),
        (ack(CONTROL, "AE", more="ERR||PID^1^3|204^Unknown key^HL70357|E\r"), "204 Unknown key HL70357"),
        (ack("SOMEBODYELSES"), f"acknowledged message SOMEBODYELSES, not {CONTROL}."),
        (ack(""), "acknowledged message without a control id"),
        (ack(CONTROL, "ZZ"), "answered ZZ"),
    ],
)
def test_what_is_not_taken_is_told_in_the_receivers_words(answer: bytes, words: str) -> None:
    with receiver(sends(answer)) as (port, _):
        (receipt,) = delivered(port)
    assert not receipt.taken and receipt.words is not None and words in receipt.words


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_a_warning_of_what_was_taken_is_told(code: str) -> None:
    with receiver(sends(ack(CONTROL, code, words="Order unknown, filed by hand"))) as (port, _):
        assert delivered(port) == [Receipt(True, "Order unknown, filed by hand")]


def half(connection: socket.socket, _: bytes) -> None:
    connection.sendall(ack(CONTROL)[:20])
    connection.shutdown(socket.SHUT_RDWR)


def hangs_up(connection: socket.socket, _: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (half, "in the middle of its acknowledgement"),
        (hangs_up, "before it had acknowledged the message"),
        (sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no MLLP frame"),
        (sends(b"\x0bhello\x1c\r"), "no HL7 v2 message"),
        (sends(b"\x0bMSH|^~\\&|\r\x1c\r"), "acknowledges nothing"),
    ],
)
def test_what_is_no_acknowledgement_is_no_receipt(
    answer: Callable[[socket.socket, bytes], None], words: str
) -> None:
    with receiver(answer) as (port, _), pytest.raises(RemoteFault, match=words):
        delivered(port)


@pytest.mark.parametrize("says", [b"", ack(CONTROL)[:30]])
def test_who_gives_no_answer_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch, says: bytes) -> None:
    monkeypatch.setattr(mllp, "ANSWERS_WITHIN_S", 0.5)
    with receiver(sends(says)) as (port, _), pytest.raises(RemoteFault, match="no acknowledgement within"):
        delivered(port)


def test_an_answer_in_drops_does_not_hold_the_outbox_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mllp, "ANSWERS_WITHIN_S", 0.5)
    stop = threading.Event()

    def drips(connection: socket.socket, _: bytes) -> None:
        for place in range(60):
            connection.sendall(ack(CONTROL)[place : place + 1])
            if stop.wait(0.1):
                return

    with receiver(drips) as (port, _), pytest.raises(RemoteFault, match="no acknowledgement within"):
        delivered(port)
    stop.set()


def test_what_was_acknowledged_before_the_receiver_died_counts() -> None:
    told: list[bytes] = []

    def dies(connection: socket.socket, frame: bytes) -> None:
        told.append(frame)
        if len(told) == 1:
            connection.sendall(ack(CONTROL))
        else:
            connection.shutdown(socket.SHUT_RDWR)

    with receiver(dies) as (port, _):
        receipts = mllp.deliver(peer_at(port), [MESSAGE] * 3)
        assert next(receipts) == Receipt(True)
        with pytest.raises(RemoteFault, match="before it had acknowledged"):
            next(receipts)
    assert len(told) == 2


def test_who_is_not_there_is_told_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    for asked in (lambda: mllp.echo(peer_at(port)), lambda: delivered(port)):
        with pytest.raises(
            RemoteFault, match=f"RIS cannot be reached at 127.0.0.1 port {port}: Connection refused"
        ):
            asked()


def test_with_tls_only_a_trusted_receiver_is_told_anything(tmp_path: Path) -> None:
    program = shutil.which("openssl")
    assert program is not None
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=ris", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            program,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            *names,
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with receiver(sends(ack(CONTROL)), context) as (port, frames):
        with pytest.raises(RemoteFault, match="certificate is not trusted"):
            list(mllp.deliver(peer_at(port, tls=True), [MESSAGE]))
        assert frames == []
        trusted = Peer(peer_at(port, tls=True).node, Settings(remote_ca=certificate))
        mllp.echo(trusted)
        assert list(mllp.deliver(trusted, [MESSAGE])) == [Receipt(True)]
    assert frames == [MESSAGE]
