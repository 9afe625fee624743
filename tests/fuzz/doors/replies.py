"""What other systems answer: HL7 acknowledgements, FHIR, DICOMweb, and what a PACS says of studies."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

from pydicom.dataset import Dataset

from data.errors import UserFacingError
from data.records import RemoteNode, RemoteNodeKind
from reports.hl7 import control_id, message
from services.priors import web
from services.receiving.spool import Spool
from services.remote_nodes import dicomweb, fhir, mllp
from services.remote_nodes.peer import Peer, Receipt
from services.settings import Settings
from tests.fuzz import seeds
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence, judge_text
from tests.fuzz.texts import hostile_text, mutated_json
from tests.mllp_receivers import ack
from tests.reports.plain_results import plain

_END = b"\x1c\r"


@cache
def _message() -> tuple[bytes, str]:
    result = plain()
    return message(result), control_id(result)


class AnsweringServer:
    """A port that reads a request to its end, says these bytes, and hangs up."""

    def __init__(self, is_whole: Callable[[bytes], bool]) -> None:
        self.answers: list[bytes] = [b""]
        self._is_whole = is_whole
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with connection:
                try:
                    connection.settimeout(5)
                    read = b""
                    while not self._is_whole(read):
                        piece = connection.recv(1 << 16)
                        if not piece:
                            break
                        read += piece
                    connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(1 << 16):
                        pass
                except OSError:
                    continue


def is_request(read: bytes) -> bool:
    head, end, body = read.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
    )
    return bool(end) and len(body) >= length


def peer_at(kind: RemoteNodeKind, port: int) -> Peer:
    node = RemoteNode("n" * 32, "RIS", kind, host="127.0.0.1", port=port, url=f"http://127.0.0.1:{port}/x")
    return Peer(node, Settings())


def _judged(act: Callable[[], object]) -> str:
    try:
        told = act()
    except UserFacingError as fault:
        judge_sentence(str(fault), names_the_input=True)
        return "fault"
    receipts = told if isinstance(told, list) else [told]
    for receipt in receipts:
        if isinstance(receipt, Receipt) and receipt.words is not None:
            judge_text(receipt.words, "a receipt")
            if len(receipt.words) > 1200:
                raise BrokenPromiseError(f"a receipt of {len(receipt.words)} letters")
    return "taken" if all(not isinstance(told, Receipt) or told.taken for told in receipts) else "not taken"


def _make_hl7(rng: Random) -> bytes:
    code = rng.choice(("AA", "AE", "AR", "CA", "CE", "ZZ", ""))
    control = _message()[1] if rng.random() < 0.7 else hostile_text(rng).replace("\ud800", "")
    words = hostile_text(rng).replace("\ud800", "")
    content = ack(
        control, code, words, rng.choice(("", "ERR||PID^1|204^Unknown|E||||No\r", "ERR\r", "MSA|\r"))
    )
    return mutated(rng, content) if rng.random() < 0.6 else content


def _opened_hl7(_: Path) -> Knock:
    server = AnsweringServer(lambda read: _END in read)
    peer = peer_at(RemoteNodeKind.HL7_V2, server.port)

    def knock(content: bytes) -> str:
        server.answers = [content]
        return _judged(lambda: list(mllp.deliver(peer, [_message()[0]])))

    return knock


def _http(rng: Random, body: bytes, kind: str) -> bytes:
    """An answer whose head is right as a rule."""
    status = rng.choice(
        ("200 OK", "200 OK", "200 OK", "201 Created", "204 No", "400 Bad", "409 x", "500 x", "302 x")
    )
    length = rng.choice((len(body), len(body), len(body), 0, 1 << 32, -1))
    more = rng.choice(
        ("", "", "", "Content-Encoding: gzip\r\n", "Transfer-Encoding: chunked\r\n", "Location: /y\r\n")
    )
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}\r\n"
    raw = head.encode()
    return (mutated(rng, raw) if rng.random() < 0.15 else raw) + body


_ISSUE = {
    "severity": "error", "code": "invalid", "details": {"text": "No such patient"}, "diagnostics": "d",
    "expression": ["a.b"],
}  # fmt: skip
_OUTCOME = {"resourceType": "OperationOutcome", "issue": [_ISSUE]}
_TRANSACTION = {
    "resourceType": "Bundle", "type": "transaction-response",
    "entry": [{"response": {"status": "201 Created", "outcome": _OUTCOME}}],
}  # fmt: skip
_CAPABILITY = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}


def _json_body(rng: Random, told: object) -> bytes:
    body = json.dumps(mutated_json(rng, told) if rng.random() < 0.85 else told).encode()
    if rng.random() < 0.03:
        body = rng.choice((b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{}", b"", b"null", b"9" * 6000))
    return mutated(rng, body) if rng.random() < 0.2 else body


def _make_fhir(rng: Random) -> bytes:
    told = rng.choice((_TRANSACTION, _TRANSACTION, _OUTCOME, _CAPABILITY))
    return _http(rng, _json_body(rng, told), "application/fhir+json")


def _opened_fhir(_: Path) -> Knock:
    server = AnsweringServer(is_request)
    peer = peer_at(RemoteNodeKind.FHIR_R4, server.port)

    def knock(content: bytes) -> str:
        server.answers = [content]
        if b"Capability" in content:
            return _judged(lambda: fhir.echo(peer, fhir.R4))
        return _judged(lambda: list(fhir.deliver(peer, [b"{}"], fhir.R4)))

    return knock


_STOW = {
    "00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]},
    "00081199": {"vr": "SQ", "Value": [{"00081196": {"vr": "US", "Value": [45056]}}]},
}
_MATCH = {
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]}, "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00080018": {"vr": "UI", "Value": ["1.5.1"]}, "00080020": {"vr": "DA", "Value": ["20260102"]},
    "00080061": {"vr": "CS", "Value": ["MR", "CT"]}, "00080060": {"vr": "CS", "Value": ["MR"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}, "00100020": {"vr": "LO", "Value": ["1"]},
    "00100021": {"vr": "LO"}, "00100030": {"vr": "DA", "Value": ["19500101"]},
    "00180015": {"vr": "CS", "Value": ["BRAIN"]}, "0008103E": {"vr": "LO", "Value": ["FLAIR"]},
}  # fmt: skip


def _make_stow(rng: Random) -> bytes:
    return _http(rng, _json_body(rng, rng.choice((_STOW, [_STOW]))), "application/dicom+json")


def _opened_stow(_: Path) -> Knock:
    server = AnsweringServer(is_request)
    peer, sent = peer_at(RemoteNodeKind.DICOMWEB, server.port), seeds.dicom_files()[0]

    def knock(content: bytes) -> str:
        server.answers = [content]
        return _judged(lambda: list(dicomweb.deliver(peer, [sent])))

    return knock


def _make_qido(rng: Random) -> bytes:
    return _http(rng, _json_body(rng, [_MATCH, _MATCH]), "application/dicom+json")


def _opened_qido(_: Path) -> Knock:
    server = AnsweringServer(is_request)
    peer = peer_at(RemoteNodeKind.DICOMWEB, server.port)
    day = date(2026, 1, 2)

    def knock(content: bytes) -> str:
        server.answers = [content]
        first = _judged(lambda: web.find_studies(peer, "1", day, day))
        _judged(lambda: web.find_series(peer, "1.2.3"))
        return first

    return knock


def _make_wado(rng: Random) -> bytes:
    content = rng.choice(seeds.dicom_files()[:4])
    if rng.random() < 0.6:
        content = mutated(rng, content)
    boundary = rng.choice(("b", "b", "b", hostile_text(rng).encode("ascii", "replace").decode()[:50]))
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--\r\n"
    return _http(rng, body, f"multipart/related; boundary={boundary}".replace("\r", "").replace("\n", ""))


def _opened_wado(folder: Path) -> Knock:
    server = AnsweringServer(is_request)
    peer = peer_at(RemoteNodeKind.DICOMWEB, server.port)
    spool = Spool(folder / "wado", 1 << 40)
    spool.prepare()
    instance = json.dumps([{"00080018": {"vr": "UI", "Value": ["1.5.1"]}}]).encode()
    listing = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(instance), instance)

    def knock(content: bytes) -> str:
        server.answers = [listing, content]
        outcome = _judged(lambda: web.fetch(peer, "1.2.3", "1.2.3.4", lambda _: None, spool))
        for study in spool.studies():
            for _, files in spool.series(study):
                for file in files:
                    file.unlink()
        return outcome

    return knock


@cache
def _identifier() -> bytes:
    """A match of C-FIND as it comes: a data set in explicit little endian."""
    answer, out = Dataset(), io.BytesIO()
    answer.update(Dataset.from_json(_MATCH))
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_dataset(stream, answer)
    out.write(stream.getvalue())
    return out.getvalue()


def _make_find(rng: Random) -> bytes:
    return mutated(rng, _identifier())


def _opened_find(_: Path) -> Knock:
    """What pynetdicom decodes of C-FIND's answers, read as the search for earlier studies reads them."""
    from pynetdicom.dsutils import decode

    from services.priors.answers import series_in, studies_in

    def knock(content: bytes) -> str:
        try:
            answer = decode(io.BytesIO(content), is_implicit_vr=False, is_little_endian=True)
        except Exception:  # noqa: BLE001 - as pynetdicom does, which gives None for what it cannot decode
            return "not decoded"
        for match in studies_in([answer]):
            for text in (match.identity.name or "", *match.modalities, match.issuer):
                text.encode()
        series_in([answer])
        return "taken"

    return knock


DOORS = (
    Door("reply-hl7", _make_hl7, _opened_hl7, 3),
    Door("reply-fhir", _make_fhir, _opened_fhir, 3),
    Door("reply-stow", _make_stow, _opened_stow, 2),
    Door("reply-qido", _make_qido, _opened_qido, 2),
    Door("reply-wado", _make_wado, _opened_wado, 2),
    Door("reply-find", _make_find, _opened_find, 2),
)
