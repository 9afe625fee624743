"""A remote node by DICOMweb: requests, and QIDO-RS with a limit of one as the echo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from services.remote_nodes.peer import ANSWERS_WITHIN_S, CONNECTS_WITHIN_S, Peer, RemoteFault, tls_of

DICOM_JSON = "application/dicom+json"
_MOST_WORDS = 300


def echo(peer: Peer) -> None:
    """QIDO-RS for one study. Raises RemoteFault."""
    search(peer, "studies", {"limit": "1"})


def search(peer: Peer, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """QIDO-RS: what matches, as DICOM JSON. Raises RemoteFault."""
    answer = request(peer, "GET", path, query=query, headers={"Accept": DICOM_JSON})
    if answer.status == 204 or not answer.data:
        return []
    if answer.status != 200:
        raise RemoteFault(refusal(peer, "QIDO-RS", answer))
    try:
        matches = json.loads(answer.data)
    except ValueError as error:
        raise RemoteFault(f"{peer.node.name} answered QIDO-RS with what is no DICOM JSON.") from error
    if not isinstance(matches, list):
        raise RemoteFault(f"{peer.node.name} answered QIDO-RS with what is no list.")
    return matches


def request(
    peer: Peer,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> urllib3.BaseHTTPResponse:
    """One request below the base URL, whatever status it comes back with. Raises RemoteFault."""
    node = peer.node
    url = f"{node.url.rstrip('/')}/{path}"
    waits = urllib3.Timeout(connect=CONNECTS_WITHIN_S, read=ANSWERS_WITHIN_S)
    try:
        with urllib3.PoolManager(
            ssl_context=tls_of(peer.settings) if url.startswith("https:") else None,
            timeout=waits,
            retries=False,  # a redirect could lead patients' data elsewhere
        ) as pool:
            return pool.request(
                method,
                url,
                fields=query if body is None else None,
                headers={**_authorization(peer), **(headers or {})},
                body=body,
            )
    except urllib3.exceptions.HTTPError as error:
        raise RemoteFault(f"{node.name} cannot be reached at {node.url}: {_words(error)}.") from error


def refusal(peer: Peer, asked: str, answer: urllib3.BaseHTTPResponse) -> str:
    """What a status that is no success says."""
    said = " ".join(answer.data.decode("utf-8", "replace").split())[:_MOST_WORDS]
    status = f"{answer.status} {answer.reason or ''}".strip()
    return f"{peer.node.name} answered {asked} with {status}" + (f": {said}" if said else ".")


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
