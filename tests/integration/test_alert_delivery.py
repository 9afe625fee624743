"""Alerts reach a real mail server and a real webhook, once a cause; a deaf receiver is tried again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

pytest.importorskip("aiosmtpd", reason="the mail server aiosmtpd is not installed")
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from data.database import migrate, open_database
from data.records import Alert, Role, Severity, User
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from services.alerts import alerts as subject
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery, addresses
from services.jobs import Jobs
from tests.integration.servers import answering, free_port

pytestmark = [
    pytest.mark.integration,
    # The mail server finds a password without TLS unwise; here it never leaves this machine.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
]

MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)
URL = "https://lightbox.example"
SECRET = "s3cret-p4ss"
TOKEN = "hook-tok3n"


class Mailbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return "451 The disk is full"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def let_in(
        self, _server: Any, _session: Any, _envelope: Any, _how: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == SECRET.encode())


@contextmanager
def mail_server(mailbox: Mailbox, port: int) -> Iterator[None]:
    controller = Controller(
        mailbox, "127.0.0.1", port, authenticator=mailbox.let_in, auth_require_tls=False, auth_required=True
    )
    controller.start()
    try:
        yield
    finally:
        controller.stop()


class Hook:
    """What a webhook was given, and what it answers."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        hook = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.got.append(json.loads(body) | {"path": self.path})
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with answering(Receiver, port):
            yield


class House:
    """Alerts that go to both, with a clock that is set by hand."""

    def __init__(self, folder, monkeypatch, mail_port: int, hook_port: int) -> None:
        self.moment = MORNING
        monkeypatch.setattr(subject, "now", lambda: self.moment)
        self.engine = open_database(f"sqlite:///{folder}/lightbox.db")
        migrate(self.engine)
        self.jobs = Jobs(JobStore(self.engine), 1)
        setting = (
            f"json://127.0.0.1:{hook_port}/{TOKEN}, "
            f"mailto://sender:{SECRET}@127.0.0.1:{mail_port}?mode=insecure&from=lightbox@clinic.example"
            "&to=physics@clinic.example,head@clinic.example"
        )
        self.audit = AuditLog(self.engine)
        self.alerts = Alerts(
            AlertStore(self.engine), self.audit, Delivery(addresses(setting), URL), self.jobs, URL
        )
        self.jobs.start()

    def raised(self, severity: Severity = Severity.WARNING) -> Alert:
        sentence = "9 of 40 features have drifted: noise, entropy, … Größe."
        alert = self.alerts.raise_alert(
            "drift:brain", severity, "Drift: brain tumour", sentence, "/drift?run=7"
        )
        assert self.jobs.wait_idle(60)
        return self.alerts.get(alert.id)

    def later(self, by: timedelta) -> None:
        self.moment += by
        self.alerts.deliver_due()
        assert self.jobs.wait_idle(60)

    def close(self) -> None:
        self.jobs.stop()
        self.engine.dispose()


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
def house(tmp_path, monkeypatch, ports: tuple[int, int]) -> Iterator[House]:
    house = House(tmp_path, monkeypatch, *ports)
    yield house
    house.close()


def test_both_receive_the_alert_once(house: House, ports: tuple[int, int]) -> None:
    mailbox, hook = Mailbox(), Hook()
    with mail_server(mailbox, ports[0]), hook.serving(ports[1]):
        alert = house.raised()
        for _ in range(3):
            house.raised()
        house.later(timedelta(hours=1))
    assert (alert.telling_failed, alert.told_at) == (None, MORNING)
    (posted,) = hook.got
    assert posted["path"] == f"/{TOKEN}"
    assert posted["title"] == "Lightbox, warning: Drift: brain tumour"
    assert "noise, entropy, … Größe." in posted["message"]
    assert f"{URL}/drift?run=7" in posted["message"]
    assert posted["type"] == "warning"
    assert {mail["To"] for mail in mailbox.mails} == {"physics@clinic.example", "head@clinic.example"}
    assert len(mailbox.mails) == 2
    for mail in mailbox.mails:
        assert mail["Subject"] == "Lightbox, warning: Drift: brain tumour"
        assert "lightbox@clinic.example" in mail["From"]
        assert mail.get_content_type() == "text/plain"
        assert "noise, entropy, … Größe." in mail.get_content()
        assert f"{URL}/drift?run=7" in mail.get_content()
        assert f"{URL}/alerts?alert={alert.id}" in mail.get_content()
    assert mailbox.logins[0] == (b"sender", SECRET.encode())


def test_a_graver_turn_is_told_as_such(house: House, ports: tuple[int, int]) -> None:
    mailbox, hook = Mailbox(), Hook()
    with mail_server(mailbox, ports[0]), hook.serving(ports[1]):
        house.raised()
        house.raised(Severity.CRITICAL)
    assert [posted["type"] for posted in hook.got] == ["warning", "failure"]
    assert [mail["Subject"].split(":")[0] for mail in mailbox.mails[::2]] == [
        "Lightbox, warning", "Lightbox, critical",
    ]  # fmt: skip


def test_receivers_that_are_down_are_tried_again_and_shown(
    house: House, ports: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="apprise"), caplog.at_level(logging.INFO):
        down = house.raised()
    assert down.told_at is None
    assert "The webhook at 127.0.0.1 did not take it." in down.telling_failed
    assert "The e-mail through 127.0.0.1 did not take it." in down.telling_failed
    hook, mailbox = Hook(), Mailbox()
    with hook.serving(ports[1]):
        house.later(timedelta(minutes=2))
        assert len(hook.got) == 1
        half = house.alerts.get(down.id)
        assert "webhook" not in half.telling_failed
        with mail_server(mailbox, ports[0]):
            house.later(timedelta(minutes=10))
    up = house.alerts.get(down.id)
    assert (len(hook.got), len(mailbox.mails)) == (1, 2)
    assert (up.telling_failed, up.told_at) == (None, house.moment)
    for secret in (SECRET, TOKEN, "sender"):
        assert secret not in caplog.text
        assert secret not in down.telling_failed + half.telling_failed
        assert secret not in repr(house.audit.recent(20))
        assert secret not in repr(house.jobs.recent(20))


def test_a_refusal_of_the_receiver_is_shown(house: House, ports: tuple[int, int]) -> None:
    mailbox, hook = Mailbox(), Hook()
    mailbox.refuses, hook.status = True, 500
    with mail_server(mailbox, ports[0]), hook.serving(ports[1]):
        refused = house.raised()
    assert "error=500" in refused.telling_failed
    assert "e-mail through" in refused.telling_failed
    assert refused.told_at is None


def test_a_muted_alert_is_told_when_the_mute_ends(house: House, ports: tuple[int, int]) -> None:
    mailbox, hook = Mailbox(), Hook()
    nora = User("nora-id", "nora", "Nora N", Role.MLOPS)
    with mail_server(mailbox, ports[0]), hook.serving(ports[1]):
        alert = house.raised()
        house.alerts.mute(alert.id, nora, "Known", MORNING + timedelta(hours=2))
        house.raised(Severity.CRITICAL)
        house.later(timedelta(hours=1))
        assert len(hook.got) == 1
        house.later(timedelta(hours=1))
        house.later(timedelta(hours=1))
    assert [posted["type"] for posted in hook.got] == ["warning", "failure"]
    assert "2 times since" in hook.got[1]["message"]
