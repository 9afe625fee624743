"""A remote node by DICOM: associations, C-ECHO and C-STORE."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from data import formats
from services.application_entities import application_entity
from services.remote_nodes.peer import (
    ANSWERS_WITHIN_S,
    CONNECTS_WITHIN_S,
    Peer,
    Receipt,
    RemoteFault,
    tls_of,
)
from services.remote_nodes.statuses import store_receipt

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # what fails is said where it is asked for

VERIFICATION = "1.2.840.10008.1.1"
_UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_NOT_ACCEPTED = "The presentation context of {name} is not accepted: the node does not store such objects."
_ENDED = "{name} ended the association, or gave no answer to C-STORE, before everything was sent."
_NO_ANSWER = "{name} took the association and then gave no answer."


def echo(peer: Peer) -> None:
    """C-ECHO. Raises RemoteFault."""
    with association(peer, [build_context(VERIFICATION, list(_UNCOMPRESSED))]) as associated:
        status = associated.send_c_echo()
        if "Status" not in status:
            raise RemoteFault(_NO_ANSWER.format(name=peer.node.name))
        if status.Status != 0:
            raise RemoteFault(f"{peer.node.name} answered C-ECHO with status 0x{status.Status:04X}.")


def deliver(peer: Peer, contents: Sequence[bytes]) -> Iterator[Receipt]:
    """C-STORE of each file, in one association. Raises RemoteFault where that ends or does not come about."""
    objects = [formats.stored_object(content) for content in contents]
    syntaxes: dict[str, set[str]] = {}
    for stored in objects:
        syntaxes.setdefault(stored.uids.sop_class, set()).update(_offered(stored.transfer_syntax))
    contexts = [build_context(sop_class, sorted(offered)) for sop_class, offered in syntaxes.items()]
    with association(peer, contexts) as associated:
        accepted = {str(context.abstract_syntax) for context in associated.accepted_contexts}
        for stored in objects:
            if stored.uids.sop_class in accepted:
                yield _stored(peer, associated, stored)
            else:
                yield Receipt(False, _NOT_ACCEPTED.format(name=stored.sop_class_name))


def _offered(transfer_syntax: str) -> tuple[str, ...]:
    """An uncompressed object can be written in the syntax that every node takes, too."""
    return _UNCOMPRESSED if transfer_syntax in _UNCOMPRESSED else (transfer_syntax,)


def _stored(peer: Peer, associated: Association, stored: formats.StoredObject) -> Receipt:
    try:
        answer = associated.send_c_store(stored.dataset)
    except RuntimeError as error:  # the association ended before
        raise RemoteFault(_ENDED.format(name=peer.node.name)) from error
    if "Status" not in answer:
        raise RemoteFault(_ENDED.format(name=peer.node.name))
    return store_receipt(int(answer.Status), str(answer.get("ErrorComment", "") or ""))


@contextmanager
def association(peer: Peer, contexts: Sequence[PresentationContext], **more: Any) -> Iterator[Association]:
    """An association with a remote node that offers these presentation contexts.

    `more` is what pynetdicom's `associate` takes beside them: extended negotiation, handlers.

    Raises RemoteFault where there is none, with what the node, or the network, says.
    """
    node = peer.node
    entity = application_entity(peer.calling_ae_title)
    entity.implementation_class_uid = formats.IMPLEMENTATION_UID
    entity.implementation_version_name = formats.IMPLEMENTATION_NAME
    entity.connection_timeout = entity.acse_timeout = CONNECTS_WITHIN_S
    entity.dimse_timeout = entity.network_timeout = ANSWERS_WITHIN_S
    tls = (tls_of(peer.settings), node.host) if node.tls else None
    try:
        associated = entity.associate(
            node.host, node.port, list(contexts), ae_title=node.ae_title, tls_args=tls, **more
        )
    except OSError as error:  # the host's name is not known
        raise RemoteFault(_unreachable(peer, error)) from error
    if not associated.is_established:
        raise RemoteFault(_refusal(peer, associated))
    try:
        yield associated
    finally:
        associated.release()  # nothing where the node has ended it


def _refusal(peer: Peer, associated: Association) -> str:
    name = peer.node.name
    answer = associated.acceptor.primitive
    if answer is not None and associated.is_rejected:
        return (
            f"{name} rejected the association: {answer.result_str}, {answer.source_str}, {answer.reason_str}."
        )
    if answer is not None:
        return f"{name} accepts none of the presentation contexts that it was offered."
    error = _network_error(peer)
    if error is None:
        return f"{name} ended the connection before it had answered the request for an association."
    return _unreachable(peer, error)


def _network_error(peer: Peer) -> OSError | None:
    """Why no connection comes about, which pynetdicom keeps to itself; None where one does."""
    node = peer.node
    try:
        with socket.create_connection((node.host, node.port), CONNECTS_WITHIN_S) as plain:
            if node.tls:
                tls_of(peer.settings).wrap_socket(plain, server_hostname=node.host).close()
    except OSError as error:
        return error
    return None


def _unreachable(peer: Peer, error: OSError) -> str:
    node = peer.node
    where = f"{node.name} cannot be reached at {node.host} port {node.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{where}: its TLS certificate is not trusted ({error.verify_message})."
    if isinstance(error, ssl.SSLError):
        return f"{where}: TLS fails ({error.reason or error})."
    if isinstance(error, TimeoutError):
        return f"{where}: no answer within {CONNECTS_WITHIN_S:.0f} seconds."
    return f"{where}: {error.strerror or error}."
