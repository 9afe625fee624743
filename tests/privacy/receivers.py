"""Whoever is told by the server itself: a mail server, a webhook, a syslog server. All that comes is kept."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.integration.servers import Rsyslog, answering, free_port, rsyslog


class _Mailbox:
    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, itertools.count()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        said = f"{envelope.mail_from} {envelope.rcpt_tos}\n".encode()
        (self._folder / f"mail-{next(self._number)}.eml").write_bytes(said + envelope.content)
        return "250 OK"


@contextlib.contextmanager
def receivers(folder: Path) -> Iterator[dict[str, str]]:
    """The settings that lead to them; what came lies in `folder`, the audit trail at the end."""
    folder.mkdir(parents=True)
    mail_port, hook_port = free_port(), free_port()
    with _mail_server(folder, mail_port), _webhook(folder, hook_port), rsyslog() as log:
        yield {
            "LIGHTBOX_ALERTS": f"json://127.0.0.1:{hook_port}/alerts, "
            f"mailto://127.0.0.1:{mail_port}?mode=insecure&from=a@clinic.example&to=physics@clinic.example",
            "LIGHTBOX_MAIL": f"mailto://127.0.0.1:{mail_port}?mode=insecure&from=lightbox@clinic.example",
            "LIGHTBOX_URL": "https://lightbox.example",
            **_syslog(log),
        }
        shutil.copy(log.log, folder / "audit.log")


@contextlib.contextmanager
def _mail_server(folder: Path, port: int) -> Iterator[None]:
    controller = Controller(_Mailbox(folder), "127.0.0.1", port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@contextlib.contextmanager
def _webhook(folder: Path, port: int) -> Iterator[None]:
    number = itertools.count()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = f"{self.requestline}\n{self.headers}\n".encode()
            (folder / f"hook-{next(number)}.txt").write_bytes(head + body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with answering(Receiver, port):
        yield


def _syslog(server: Rsyslog) -> dict[str, str]:
    return {
        "LIGHTBOX_AUDIT_SYSLOG": f"127.0.0.1:{server.port}",
        "LIGHTBOX_AUDIT_SYSLOG_CA": str(server.ca),
        "LIGHTBOX_AUDIT_SYSLOG_CERTIFICATE": str(server.client),
    }
