"""A FHIR server as a remote node: bundles as transactions, and its CapabilityStatement as the echo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from services.remote_nodes.dicomweb import Answer, refusal, request
from services.remote_nodes.peer import Peer, Receipt, RemoteFault

R4, R5 = "4.0", "5.0"
_OF_THE_CONTENT = (400, 409, 412, 422)  # any other status that is no success is about the server
_MOST_WORDS = 500
_NO_RESPONSE = "The server answered with success, but not with a transaction-response: look there."


def media_type(release: str) -> str:
    """The media type of a release's resources in JSON."""
    return f"application/fhir+json; fhirVersion={release}"


def echo(peer: Peer, release: str) -> None:
    """GET /metadata: whether it is a server of this release. Raises RemoteFault."""
    answer = request(peer, "GET", "metadata", headers={"Accept": media_type(release)})
    if answer.status != 200:
        raise RemoteFault(_refusal(peer, "GET /metadata", answer))
    told = _resource(answer)
    if told.get("resourceType") != "CapabilityStatement":
        raise RemoteFault(f"{peer.node.name} answered GET /metadata with what is no CapabilityStatement.")
    version = str(told.get("fhirVersion", ""))
    if version.partition(".")[0] != release.partition(".")[0]:
        raise RemoteFault(f"{peer.node.name} speaks FHIR {version or 'of no named version'}, not {release}.")


def deliver(peer: Peer, contents: Sequence[bytes], release: str) -> Iterator[Receipt]:
    """POST of each bundle, which the server takes whole or not at all. Raises RemoteFault."""
    headers = {"Accept": media_type(release), "Content-Type": media_type(release)}
    for content in contents:
        yield _receipt(peer, request(peer, "POST", "", headers=headers, body=content))


def _receipt(peer: Peer, answer: Answer) -> Receipt:
    if answer.status in _OF_THE_CONTENT:
        return Receipt(False, _refusal(peer, "the transaction", answer))
    if answer.status != 200:
        raise RemoteFault(_refusal(peer, "the transaction", answer))
    told = _resource(answer)
    if told.get("type") != "transaction-response":
        return Receipt(False, _NO_RESPONSE)
    responses = [_part(entry, "response") for entry in _parts(told, "entry")]
    failed = [response for response in responses if not str(response.get("status", "")).startswith("2")]
    if failed:
        words = _outcome_words(_part(failed[0], "outcome"))
        return Receipt(False, f"{failed[0].get('status', 'no status')}: {words}")
    return Receipt(True)


def _refusal(peer: Peer, asked: str, answer: Answer) -> str:
    """What a status that is no success says, with the OperationOutcome's words, else the body's."""
    return refusal(peer, asked, answer, _outcome_words(_resource(answer)), _MOST_WORDS)


def _resource(answer: Answer) -> dict[str, Any]:
    """The resource in an answer; empty where there is none."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _outcome_words(outcome: dict[str, Any]) -> str:
    """The issues of an OperationOutcome that are faults."""
    words = []
    for issue in _parts(outcome, "issue"):
        if issue.get("severity") in ("fatal", "error"):
            said = _part(issue, "details").get("text") or issue.get("diagnostics") or issue.get("code", "")
            expression = issue.get("expression")
            places = ", ".join(map(str, expression)) if isinstance(expression, list) else ""
            words.append(f"{places}: {said}" if places else str(said))
    return "; ".join(words)


def _part(resource: dict[str, Any], name: str) -> dict[str, Any]:
    """What an element holds, empty where it is missing or of another kind."""
    part = resource.get(name)
    return part if isinstance(part, dict) else {}


def _parts(resource: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """What a repeated element holds, without what is of another kind."""
    parts = resource.get(name)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
