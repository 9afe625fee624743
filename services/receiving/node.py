"""The DICOM node: C-ECHO SCP and C-STORE SCP, a process of its own that reads no pixels and asks no database.

What comes goes to the disk as it came. Whatever is refused is refused in the protocol's own words:
A-ASSOCIATE-RJ for who may not send, presentation contexts by their
result, C-STORE by its status (PS3.4 B.2.3).
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from socketserver import TCPServer
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.transport import ThreadedAssociationServer

from data import formats
from data.database import now
from data.errors import InvalidInput
from services.application_entities import application_entity
from services.containment import contained
from services.receiving.contexts import STORAGE, TRANSFER_SYNTAXES, UNCOMPRESSED, VERIFICATION
from services.receiving.node_state import BEATS_EVERY_S, NodeState, StateWriter
from services.receiving.senders import AllowedSenders
from services.receiving.spool import Spool
from services.receiving.storing import keep_instance
from services.settings import Settings

log = logging.getLogger(__name__)
logging.getLogger("pynetdicom").setLevel(logging.WARNING)  # it tells of each message


def _in_one_line(record: logging.LogRecord) -> bool:
    """A sender that is cut off is no fault of ours: it is logged, but not with where in the code it was."""
    if record.exc_info and isinstance(record.exc_info[1], OSError):
        record.exc_info = None
    return True


logging.getLogger("pynetdicom.dul").addFilter(_in_one_line)

CALLING_NOT_RECOGNISED = (0x01, 0x01, 0x03)  # rejected permanently, by the service user, calling AE title
CALLED_NOT_RECOGNISED = (0x01, 0x01, 0x07)
MOST_ASSOCIATIONS = 40  # at a time; beyond it: rejected transiently, local limit exceeded
WAITS_FOR_MESSAGE_S = 60.0  # for somebody who has connected and goes silent
WAITS_FOR_REQUEST_S = 30.0
_HANDSHAKE_S = 10.0
_CALLING_WORDS = "This AE title may not send from this address."
_CALLED_WORDS = "It called another AE title than ours: {called}."


class _Server(ThreadedAssociationServer):
    """A server whose TLS handshakes have a bound, so that a half-open one keeps nobody out for long."""

    def get_request(self) -> Any:
        assert self.socket is not None
        client, address = self.socket.accept()
        if self.ssl_context is None:
            return client, address
        try:
            client.settimeout(_HANDSHAKE_S)
            client = self.ssl_context.wrap_socket(client, server_side=True)
            client.settimeout(None)
        except OSError as error:
            log.warning("the TLS handshake with %s failed: %s", address[0], error)
            client.close()
            raise
        return client, address

    def shutdown(self) -> None:
        """Listen no more."""
        TCPServer.shutdown(self)  # pynetdicom's own looks for it in a list that only holds those it started
        self.server_close()


class DicomNode:
    """Listens from `start` to `stop`."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidInput for settings that do not fit."""
        self._settings = settings
        self._allowed = AllowedSenders.read(settings.dicom_senders)
        self._spool = Spool(settings.dicom_folder, settings.dicom_folder_bytes)
        self._tls = tls_context(settings)
        self._server: ThreadedAssociationServer | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._state: StateWriter | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen; raises InvalidInput where the address cannot be had."""
        settings = self._settings
        self._spool.prepare()
        handlers: list[Any] = [
            (evt.EVT_REQUESTED, self._on_association),
            (evt.EVT_C_STORE, self._on_store),
        ]
        try:
            server = self._entity().make_server(
                (settings.dicom_host, settings.dicom_port),
                ssl_context=self._tls,
                evt_handlers=handlers,
                server_class=_Server,
            )
        except OSError as error:
            where = f"{settings.dicom_host}:{settings.dicom_port}"
            raise InvalidInput(f"The DICOM node cannot listen on {where}: {error.strerror}.") from error
        self._server = server
        moment, tls = now(), self._tls is not None
        state = NodeState(settings.dicom_ae_title, settings.dicom_host, self.port, tls, moment, moment)
        self._state = StateWriter(settings.dicom_folder, state)
        self._begin(server.serve_forever)
        self._begin(self._beat)

    def wait(self) -> None:
        """Until somebody asks for the end."""
        self._stopping.wait()

    def ask_to_end(self) -> None:
        """Let `wait` return; for handlers of signals, which may do nothing more."""
        self._stopping.set()

    def stop(self) -> None:
        """End; whoever is sending is cut off, and sends again what was not acknowledged."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.ae.shutdown()  # ends the associations
        for thread in self._threads:
            thread.join(5)

    def _entity(self) -> AE:
        entity = application_entity(self._settings.dicom_ae_title)
        entity.implementation_class_uid = formats.IMPLEMENTATION_UID
        entity.implementation_version_name = formats.IMPLEMENTATION_NAME
        entity.maximum_associations = MOST_ASSOCIATIONS
        entity.maximum_pdu_size = 1 << 17
        entity.network_timeout = entity.dimse_timeout = WAITS_FOR_MESSAGE_S
        entity.acse_timeout = WAITS_FOR_REQUEST_S
        entity.add_supported_context(VERIFICATION, list(UNCOMPRESSED))
        for sop_class in STORAGE:
            entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
        return entity

    def _begin(self, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _beat(self) -> None:
        assert self._state is not None
        while True:
            contained(self._state.beat, "the DICOM node could not write its state")
            if self._stopping.wait(BEATS_EVERY_S):
                return

    def _on_association(self, event: Any) -> None:
        """Somebody asks for an association: refuse who may not, before anything is negotiated."""
        calling, address = _sender(event)
        called = _printable(event.assoc.requestor.primitive.called_ae_title)
        if not self._allowed.admits(calling, address):
            self._reject(event.assoc, CALLING_NOT_RECOGNISED, calling, address, _CALLING_WORDS)
        elif called != self._settings.dicom_ae_title:
            words = _CALLED_WORDS.format(called=called)
            self._reject(event.assoc, CALLED_NOT_RECOGNISED, calling, address, words)

    def _reject(
        self, association: Any, answer: tuple[int, int, int], calling: str, address: str, words: str
    ) -> None:
        assert self._state is not None
        log.warning("rejected an association of %s from %s: %s", calling, address, words)
        self._state.refused(calling, address, words)
        association.acse.send_reject(*answer)
        association.kill()  # once the answer is on its way

    def _on_store(self, event: Any) -> int:
        return keep_instance(event, self._spool, *_sender(event))


def _sender(event: Any) -> tuple[str, str]:
    """The calling AE title, and the address that it calls from."""
    requestor = event.assoc.requestor
    return _printable(requestor.primitive.calling_ae_title), str(requestor.address)


def _printable(ae_title: str) -> str:
    """An AE title as it may stand in logs and files."""
    return "".join(character for character in ae_title if character.isprintable()).strip()


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the settings say, None without; with a CA, senders have to show a certificate of it.

    Raises InvalidInput for files that do not fit.
    """
    if settings.dicom_certificate is None:
        if settings.dicom_key or settings.dicom_ca:
            raise InvalidInput("TLS of the DICOM node needs the setting LIGHTBOX_DICOM_CERTIFICATE.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.dicom_certificate, settings.dicom_key)
        if settings.dicom_ca is not None:
            context.load_verify_locations(settings.dicom_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        raise InvalidInput(f"The TLS files of the DICOM node cannot be used: {error}.") from error
    return context
