"""A remote node by DICOMweb: QIDO-RS (of one study as the echo), STOW-RS that it confirms, and WADO-RS."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from data import formats
from data.codec import parsed
from services.remote_nodes.peer import (
    ANSWERS_WITHIN_S,
    CONNECTS_WITHIN_S,
    Peer,
    Receipt,
    RemoteFault,
    tls_of,
)
from services.remote_nodes.statuses import store_receipt

DICOM_JSON = "application/dicom+json"
_DICOM = "application/dicom"
_PIECE = 1 << 16
_STORED = (200, 202)
_NOT_STORED = (400, 409, 415)  # of this instance; any other status is about the node
_FAILED_SOP_SEQUENCE, _FAILURE_REASON = "00081198", "00081197"
_REFERENCED_SOP_SEQUENCE, _WARNING_REASON = "00081199", "00081196"
_NOT_SHOWN = "STOW-RS was answered with success, but QIDO-RS does not show the instance yet."
_MOST_WORDS = 300
_TEXTS = ("json", "xml")  # also +json, +xml; but DICOM JSON is a patient's
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True)
class Answer:
    """What a server answered, read to its end."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def status_words(self) -> str:
        """The status with its standard phrase: what the server calls it may be anything, a name even."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:  # a status of its own
            return str(self.status)

    @property
    def text(self) -> str:
        """The body as a line of text; "" where it says that it is something else, as a patient's objects."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        told = not kind or kind.startswith("text/") or (kind.endswith(_TEXTS) and kind != DICOM_JSON)
        if not told or b"\0" in self.data:
            return ""
        return " ".join(self.data.decode("utf-8", "replace").split())

    def json(self) -> Any:
        """The body's JSON; raises ValueError where it is none, however deep it goes."""
        return parsed(self.data)


def echo(peer: Peer) -> None:
    """QIDO-RS for one study. Raises RemoteFault."""
    search(peer, "studies", {"limit": "1"})


def deliver(peer: Peer, contents: Sequence[bytes]) -> Iterator[Receipt]:
    """STOW-RS of each file, and QIDO-RS for it: only what that shows is there. Raises RemoteFault."""
    for content in contents:
        yield _stored(peer, content)


def _stored(peer: Peer, content: bytes) -> Receipt:
    uids = formats.stored_object(content).uids
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: {_DICOM}\r\n\r\n".encode()
    headers = {
        "Accept": DICOM_JSON,
        "Content-Type": f'multipart/related; type="{_DICOM}"; boundary={boundary}',
    }
    body = head + content + f"\r\n--{boundary}--\r\n".encode()
    answer = request(peer, "POST", "studies", headers=headers, body=body)
    told = _told(answer)
    if answer.status not in (*_STORED, *_NOT_STORED):
        raise RemoteFault(refusal(peer, "STOW-RS", answer))
    if answer.status in _NOT_STORED:
        return told if told is not None else Receipt(False, refusal(peer, "STOW-RS", answer))
    if told is not None and not told.taken:
        return told
    query = {"SOPInstanceUID": uids.sop_instance, "limit": "1"}
    if not search(peer, f"studies/{uids.study}/instances", query):
        return Receipt(False, _NOT_SHOWN)
    return told or Receipt(True)


def _told(answer: Answer) -> Receipt | None:
    """What the answer says of the instance that was sent; None where it says only a status."""
    try:
        said = answer.json()
    except ValueError:
        return None
    said = said[0] if isinstance(said, list) and said else said
    if not isinstance(said, dict):
        return None
    failed = _reason(said, _FAILED_SOP_SEQUENCE, _FAILURE_REASON)
    if failed is not None:
        return store_receipt(failed)
    warned = _reason(said, _REFERENCED_SOP_SEQUENCE, _WARNING_REASON)
    return None if warned is None else store_receipt(warned)


def _reason(said: Mapping[str, Any], sequence: str, reason: str) -> int | None:
    for item in _values(said, sequence):
        for value in _values(item, reason):
            if isinstance(value, int):
                return value
    return None


def _values(item: Any, tag: str) -> list[Any]:
    """The values of an attribute in DICOM JSON; none where it is anything else."""
    attribute = item.get(tag) if isinstance(item, dict) else None
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return values if isinstance(values, list) else []


def search(peer: Peer, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """QIDO-RS: what matches, as DICOM JSON. Raises RemoteFault."""
    answer = request(peer, "GET", path, query=query, headers={"Accept": DICOM_JSON})
    if answer.status not in (200, 204):
        raise RemoteFault(refusal(peer, "QIDO-RS", answer))
    if not answer.data:
        return []
    try:
        matches = answer.json()
    except ValueError as error:
        raise RemoteFault(f"{peer.node.name} answered QIDO-RS with what is no DICOM JSON.") from error
    if not isinstance(matches, list):
        raise RemoteFault(f"{peer.node.name} answered QIDO-RS with what is no list.")
    return matches


def retrieve(peer: Peer, path: str) -> bytes:
    """WADO-RS: an instance as a file (PS3.10), in the transfer syntax that it is kept in.

    Raises RemoteFault.
    """
    accepted = f'multipart/related; type="{_DICOM}"; transfer-syntax=*'
    answer = request(peer, "GET", path, headers={"Accept": accepted})
    if answer.status != 200:
        raise RemoteFault(refusal(peer, "WADO-RS", answer))
    boundary = _BOUNDARY.search(answer.headers.get("Content-Type", ""))
    _, begun, rest = answer.data.partition(b"\r\n\r\n")
    if boundary is None or not begun:
        raise RemoteFault(f"{peer.node.name} answered WADO-RS with what is no multipart/related.")
    return rest[: rest.rfind(b"\r\n--" + boundary[1].encode())]


def request(
    peer: Peer,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    answers_within_s: float = ANSWERS_WITHIN_S,
) -> Answer:
    """One request below the base URL, whatever status it comes back with.

    Raises RemoteFault, also for an answer larger than any scan may be.
    """
    node = peer.node
    url = f"{node.url.rstrip('/')}/{path}"
    waits = urllib3.Timeout(connect=CONNECTS_WITHIN_S, read=answers_within_s)
    try:
        with urllib3.PoolManager(
            ssl_context=tls_of(peer.settings) if url.startswith("https:") else None,
            timeout=waits,
            retries=False,  # a redirect could lead patients' data elsewhere
        ) as pool:
            answer = pool.request(
                method,
                url,
                fields=query if body is None else None,
                headers={**_authorization(peer), **(headers or {})},
                body=body,
                preload_content=False,
            )
            return Answer(answer.status, answer.headers, _whole(peer, answer))
    except urllib3.exceptions.HTTPError as error:
        raise RemoteFault(f"{node.name} cannot be reached at {node.url}: {_words(error)}.") from error


def _whole(peer: Peer, answer: urllib3.BaseHTTPResponse) -> bytes:
    """The body, piece by piece: what it says of its length is not believed, and it may be packed."""
    pieces, left = [], peer.settings.max_scan_bytes
    try:
        for piece in answer.stream(_PIECE):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise RemoteFault(f"{peer.node.name} answered with more than {_mib(peer)} MiB.")
    finally:
        answer.close()
    return b"".join(pieces)


def _mib(peer: Peer) -> int:
    return peer.settings.max_scan_bytes >> 20


def refusal(peer: Peer, asked: str, answer: Answer, words: str = "", most: int = _MOST_WORDS) -> str:
    """What a status that is no success says: `words` that were read from it, or its text; `most` letters."""
    said = (words or answer.text)[:most]
    return f"{peer.node.name} answered {asked} with {answer.status_words}" + (f": {said}" if said else ".")


def _authorization(peer: Peer) -> dict[str, str]:
    if not peer.secret:
        return {}
    if peer.node.user_name:
        basic = f"{peer.node.user_name}:{peer.secret}".encode()
        return urllib3.make_headers(basic_auth=basic.decode("utf-8"))
    return {"Authorization": f"Bearer {peer.secret}"}


def _words(error: urllib3.exceptions.HTTPError) -> str:
    """The innermost cause, without the name of an object of ours."""
    cause = error.args[-1] if error.args else error
    return str(cause).rpartition(">: ")[2].rstrip(".") or type(error).__name__
