"""An HL7 v2 receiver as a remote node, by MLLP: a message in its frame, and its acknowledgement in words.

Frames: HL7's "Transport Specification: MLLP", release 1: 0x0B, the message, 0x1C 0x0D. Acknowledgements in
the original mode (AA, AE, AR) or the enhanced one (CA, CE, CR).
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.remote_nodes.peer import ANSWERS_WITHIN_S, CONNECTS_WITHIN_S, Peer, Receipt, RemoteFault, tls_of

HL7_V2 = "application/hl7-v2"
"""The media type of the messages that are sent so."""
_START, _END = b"\x0b", b"\x1c\r"
_LONGEST_ANSWER = 1 << 20
_SHORTEST_WAIT_S = 0.01
_TAKEN = ("AA", "CA")
_CODES = {
    "AE": "application error",
    "AR": "application reject",
    "CE": "commit error",
    "CR": "commit reject",
}
_APPLICATION, _FACILITY, _CONTROL_ID, _ACKNOWLEDGES = (
    4,
    5,
    9,
    2,
)  # places in MSH (whose first separator is a field) and MSA
_ESCAPES = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
_MOST_WORDS = 300


@dataclass(frozen=True)
class _Acknowledgement:
    code: str
    control_id: str
    words: str


def echo(peer: Peer) -> None:
    """A connection, with TLS where it is set: MLLP has no more. Raises RemoteFault."""
    with _connection(peer):
        pass


def deliver(peer: Peer, contents: Sequence[bytes]) -> Iterator[Receipt]:
    """Each message over one connection, the next once one is acknowledged. Raises RemoteFault."""
    with _connection(peer) as connection:
        for content in contents:
            try:
                connection.sendall(_START + _addressed(peer, content) + _END)
                told = _acknowledgement(peer, _answer(peer, connection))
            except TimeoutError as error:
                words = f"gave no acknowledgement within {ANSWERS_WITHIN_S:.0f} seconds"
                raise RemoteFault(f"{peer.node.name} took the message and {words}.") from error
            except OSError as error:
                raise RemoteFault(f"{peer.node.name} ended the connection: {_cause(error)}.") from error
            yield _receipt(peer, content, told)


def _receipt(peer: Peer, content: bytes, told: _Acknowledgement) -> Receipt:
    sent = content.decode().partition("\r")[0].split("|")[_CONTROL_ID]
    if told.control_id != sent:
        words = f"acknowledged message {told.control_id or 'without a control id'}, not {sent}"
        return Receipt(False, f"{peer.node.name} {words}.")
    if told.code in _TAKEN:
        return Receipt(True, told.words or None)
    named = f"{told.code} ({_CODES[told.code]})" if told.code in _CODES else told.code or "no code"
    return Receipt(False, f"{peer.node.name} answered {named}" + (f": {told.words}" if told.words else "."))


def _addressed(peer: Peer, content: bytes) -> bytes:
    """The message to the application and facility that the node names."""
    head, separator, rest = content.partition(b"\r")
    fields = head.split(b"|")
    fields[_APPLICATION], fields[_FACILITY] = peer.node.application.encode(), peer.node.facility.encode()
    return b"|".join(fields) + separator + rest


@contextmanager
def _connection(peer: Peer) -> Iterator[socket.socket]:
    node = peer.node
    try:
        with socket.create_connection((node.host, node.port), CONNECTS_WITHIN_S) as plain:
            plain.settimeout(ANSWERS_WITHIN_S)
            secured = (
                tls_of(peer.settings).wrap_socket(plain, server_hostname=node.host) if node.tls else plain
            )
            with secured:
                yield secured
    except OSError as error:
        where = f"{node.name} cannot be reached at {node.host} port {node.port}"
        raise RemoteFault(f"{where}: {_cause(error)}.") from error


def _cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails ({error.reason or error})"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECTS_WITHIN_S:.0f} seconds"
    return error.strerror or str(error)


def _answer(peer: Peer, connection: socket.socket) -> bytes:
    """The content of the first frame that comes, however slowly. Raises RemoteFault, TimeoutError."""
    read, until = b"", time.monotonic() + ANSWERS_WITHIN_S
    while _END not in read:
        connection.settimeout(max(until - time.monotonic(), _SHORTEST_WAIT_S))
        piece = connection.recv(65536)
        if not piece:
            how = "in the middle of its acknowledgement" if read else "before it had acknowledged the message"
            raise RemoteFault(f"{peer.node.name} ended the connection {how}.")
        read += piece
        if len(read) > _LONGEST_ANSWER or not read.startswith(_START):
            raise RemoteFault(f"{peer.node.name} answered with what is no MLLP frame.")
        if time.monotonic() > until:
            raise TimeoutError
    return read[len(_START) : read.index(_END)]


def _acknowledgement(peer: Peer, frame: bytes) -> _Acknowledgement:
    segments = re.split(r"[\r\n]+", frame.decode("utf-8", "replace").strip())
    if not segments[0].startswith("MSH") or len(segments[0]) < len("MSH|^~\\&"):
        raise RemoteFault(f"{peer.node.name} answered with what is no HL7 v2 message.")
    separator = segments[0][3]
    fields = {segment[:3]: segment.split(separator) for segment in reversed(segments)}
    told = fields.get("MSA")
    if told is None:
        raise RemoteFault(f"{peer.node.name} answered with a message that acknowledges nothing (no MSA).")
    code, control_id, words = (_field(told, place) for place in (1, _ACKNOWLEDGES, 3))
    error = fields.get("ERR", [])
    said = [words, _field(error, 8) or _field(error, 3)]  # user message, else the error's code
    return _Acknowledgement(code, control_id, "; ".join(part for part in said if part)[:_MOST_WORDS])


def _field(fields: Sequence[str], place: int) -> str:
    """A field in words: components apart, its escapes taken back; "" where there is none."""
    text = fields[place].strip() if place < len(fields) else ""
    plain = re.sub(r"\^+", " ", text).strip()
    return re.sub(r"\\([FSTRE])\\", lambda escape: _ESCAPES[escape[1]], plain)
