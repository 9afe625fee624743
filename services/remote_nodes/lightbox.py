"""The central Lightbox as a remote node of an edge: scans with their results and reviews.

It is asked first what it has of a scan; only what it lacks is sent. Both ends know everything by its id or
its hash, so that what is sent twice, because an answer was lost, is there once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data.codec import from_plain
from data.formats import scan_package
from data.formats.scan_package import OpenedPackage
from data.records import KnownOfScan, TakenIn
from services.remote_nodes.dicomweb import Answer, refusal, request
from services.remote_nodes.peer import Peer, Receipt, RemoteFault

MEDIA_TYPE = scan_package.MEDIA_TYPE
PATH = "api/v1/edge"
OPENS_WITHIN_S = 600.0  # a long series is decoded there before it is answered
_OF_THE_CONTENT = (400, 409, 413, 422)  # any other status that is no success is about the house
_NO_HOUSE = "{name} answered with what is no answer of a Lightbox that takes scans in."


def echo(peer: Peer) -> None:
    """Ask who we are there: whether it is a Lightbox, and takes scans in from us. Raises RemoteFault."""
    _asked(peer, "GET", PATH)


def deliver(peer: Peer, contents: Sequence[bytes]) -> Iterator[Receipt]:
    """Send what the central house lacks of each package. Raises RemoteFault."""
    for content in contents:
        with OpenedPackage(content) as package:
            yield _sent(peer, package)


def _sent(peer: Peer, package: OpenedPackage) -> Receipt:
    address = f"{PATH}/scans/{package.package.scan.content_sha256}"
    lacking = package.without(_understood(peer, KnownOfScan, _asked(peer, "GET", address)))
    if lacking is None:
        return Receipt(True, "the central house had everything already")
    answer = request(
        peer,
        "POST",
        f"{PATH}/scans",
        headers={"Content-Type": "application/octet-stream"},  # as every file that the API takes
        body=lacking,
        answers_within_s=OPENS_WITHIN_S,
    )
    if answer.status in _OF_THE_CONTENT:
        return Receipt(False, _refusal(peer, answer))
    if answer.status not in (200, 201):
        raise RemoteFault(_refusal(peer, answer))
    return Receipt(True, _understood(peer, TakenIn, _told(peer, answer)).note)


def _asked(peer: Peer, method: str, path: str) -> Mapping[str, Any]:
    answer = request(peer, method, path, headers={"Accept": "application/json"})
    if answer.status != 200:
        raise RemoteFault(_refusal(peer, answer))
    return _told(peer, answer)


def _told(peer: Peer, answer: Answer) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except ValueError as error:
        raise RemoteFault(_NO_HOUSE.format(name=peer.node.name)) from error
    if not isinstance(told, dict):
        raise RemoteFault(_NO_HOUSE.format(name=peer.node.name))
    return told


def _understood(peer: Peer, kind: Any, told: Mapping[str, Any]) -> Any:
    try:
        return from_plain(kind, told)
    except ValueError as error:
        raise RemoteFault(_NO_HOUSE.format(name=peer.node.name)) from error


def _refusal(peer: Peer, answer: Answer) -> str:
    """What a status that is no success says, in the house's own sentence where it gives one."""
    try:
        words = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        words = ""
    return refusal(peer, "the sync", answer, words)
