"""Events to a syslog server over TLS, as DICOM audit messages (IHE ITI-20, RFC 5424 and 5425).

The trail itself is the spool: what was sent is a number in the database, and whatever comes after it waits,
however long the server is away. Syslog has no receipts; that the server kept a connection open until we ended
it, and ended it then, is taken for one. Where it did not, the batch is sent again: an event may come twice,
with the same sequenceId and hash, and none is left out.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from data.database import new_id, now
from data.errors import InvalidInput
from data.records import AuditLink, Severity
from data.stores.audit import AuditLog
from data.stores.audit_sent import AuditSentStore
from reports.audit_record import AuditRecord
from reports.dicom_audit import audit_message
from reports.syslog import framed, message
from services import addresses
from services.auditing.watch import Alerting
from services.settings import Settings

CAUSE = "audit-syslog"
MESSAGE_ID = "DICOM+RFC3881"  # ITI TF-2 3.20.4.1
DEFAULT_PORT = 6514
AT_ONCE = 500
MOST_BATCHES = 25
"""In one turn: a server that was away for long gets the rest in the next ones."""
_TIMEOUT_S = 20.0
_LOOK_S = 1.0
_CLAIM = timedelta(minutes=5)

log = logging.getLogger(__name__)


class SyslogAway(Exception):
    """The server did not take a batch; says why in a sentence."""


@dataclass(frozen=True)
class SyslogServer:
    """Where events go, and how both ends show who they are."""

    host: str
    port: int
    ca: Path | None
    certificate: Path | None
    key: Path | None

    @property
    def name(self) -> str:
        """What it is called on pages and in the database."""
        return f"{self.host}:{self.port}"

    def send(self, content: bytes) -> None:
        """One connection with all of `content`, closed in good order by both ends. Raises SyslogAway."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
            with (
                socket.create_connection((self.host, self.port), _TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname=self.host) as secure,
            ):
                secure.sendall(content)
                _refuse_early_end(secure)
                _part(secure)
        except (OSError, ssl.SSLError) as error:
            raise SyslogAway(f"{self.name} took no events: {error}.") from error


def _refuse_early_end(secure: ssl.SSLSocket) -> None:
    """Raises OSError where the other end closes before we do: so servers refuse who shows no certificate."""
    secure.settimeout(_LOOK_S)
    try:
        secure.recv(1)
    except TimeoutError:
        secure.settimeout(_TIMEOUT_S)
        return
    raise ConnectionAbortedError("it ended the connection")


def _part(secure: ssl.SSLSocket) -> None:
    """Say goodbye, and wait until the other end has read that, and so everything before it.

    It answers with a goodbye of its own or ends the connection; one that broke raises OSError.
    """
    try:
        secure.unwrap()
    except ssl.SSLEOFError:
        return


def server_of(settings: Settings) -> SyslogServer | None:
    """The server of the settings, None where none is set. Raises InvalidInput for an address that is none."""
    if not settings.audit_syslog:
        return None
    host, _, port = settings.audit_syslog.rpartition(":")
    if not host:
        host, port = port, str(DEFAULT_PORT)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidInput("The setting LIGHTBOX_AUDIT_SYSLOG must be HOST:PORT.")
    return SyslogServer(
        host.strip("[]"),
        int(port),
        settings.audit_syslog_ca,
        settings.audit_syslog_certificate,
        settings.audit_syslog_key,
    )


class SyslogSender:
    """Sends what is new, once a minute; calls people while it cannot."""

    def __init__(
        self,
        audit: AuditLog,
        sent: AuditSentStore,
        told: Callable[[Sequence[AuditLink]], list[AuditRecord]],
        server: SyslogServer | None,
        alerting: Alerting,
    ) -> None:
        self._audit = audit
        self._sent = sent
        self._told = told
        self._server = server
        self._alerting = alerting
        self._me = new_id()

    @property
    def waiting(self) -> int | None:
        """How many events wait to be sent; None where no server is set."""
        if self._server is None:
            return None
        return max(0, self._audit.head().number - self._sent.number(self._server.name))

    def tick(self) -> None:
        """Send what is new, unless another server of this house does."""
        server = self._server
        if server is None or not self._sent.claim(server.name, self._me, now(), _CLAIM):
            return
        try:
            self._send_new(server)
        except SyslogAway as away:
            log.error("%s", away)
            sentence = f"{away} They wait in the audit trail, and are sent once it answers."
            title = "The syslog server takes no events"
            self._alerting.raise_alert(CAUSE, Severity.WARNING, title, sentence, addresses.AUDIT)
        else:
            self._alerting.settle(CAUSE)
        finally:
            self._sent.release(server.name, self._me)

    def _send_new(self, server: SyslogServer) -> None:
        for _ in range(MOST_BATCHES):
            links = self._audit.chain(self._sent.number(server.name), AT_ONCE)
            if not links:
                return
            server.send(b"".join(map(_framed, self._told(links))))
            self._sent.move(server.name, links[-1].event.number)


def _framed(record: AuditRecord) -> bytes:
    host = record.server.partition("@")[2]
    return framed(message(record.at, host, MESSAGE_ID, record.number, audit_message(record)))
