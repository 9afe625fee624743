"""Events to a real syslog server over TLS: none is lost while it is away, and each is known by its number."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import Engine

from data.records import AuditEvent, AuditLink, Severity
from data.stores.audit_sent import AuditSentStore
from reports.audit_record import AuditRecord
from services.auditing.records import record_of
from services.auditing.syslog import SyslogAway, SyslogSender, SyslogServer
from tests.databases import migrated
from tests.integration.servers import Rsyslog, rsyslog
from tests.services.auditing.tampering import NOON, House

pytestmark = pytest.mark.integration


class Calls:
    """Who would call people."""

    def __init__(self) -> None:
        self.raised: list[str] = []
        self.settled = 0

    def raise_alert(self, cause: str, severity: Severity, title: str, sentence: str, link: str) -> None:
        self.raised.append(sentence)

    def settle(self, cause: str) -> None:
        self.settled += 1


@pytest.fixture(scope="module")
def server() -> Iterator[Rsyslog]:
    with rsyslog() as server:
        yield server


@pytest.fixture
def engine() -> Engine:
    return migrated("sqlite://")


def told(links: list[AuditLink] | tuple[AuditLink, ...]) -> list[AuditRecord]:
    return [record_of(link, {}, {}) for link in links]


def sender(house: House, server: Rsyslog, calls: Calls, *, certificate: bool = True) -> SyslogSender:
    shown = server.client if certificate else None
    there = SyslogServer("localhost", server.port, server.ca, shown, None)
    return SyslogSender(
        house.log, AuditSentStore(house.engine), lambda links: told(tuple(links)), there, calls
    )


def arrived(server: Rsyslog, at_least: int) -> list[tuple[int, str]]:
    """What the server wrote, as sequenceId and XML."""
    deadline = time.monotonic() + 20
    while True:
        lines = server.log.read_text("utf-8").splitlines() if server.log.exists() else []
        if len(lines) >= at_least or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    events = []
    for line in lines:
        numbered = re.match(r'DICOM\+RFC3881 \[meta sequenceId="(\d+)"\] (.*)', line)
        assert numbered is not None, line
        events.append((int(numbered[1]), numbered[2].lstrip("\ufeff ")))
    return events


def test_events_arrive_once_also_after_the_server_was_away(
    server: Rsyslog, engine: Engine, tmp_path: Path
) -> None:
    house, calls = House(engine, tmp_path), Calls()
    own = sender(house, server, calls)
    house.add(3)
    own.tick()
    own.tick()
    events = arrived(server, 3)
    assert [number for number, _ in events] == [1, 2, 3]
    assert [fromstring(text).tag for _, text in events] == ["AuditMessage"] * 3
    assert own.waiting == 0 and calls.raised == []
    server.kill()
    house.add(2)
    own.tick()
    assert own.waiting == 2
    assert len(calls.raised) == 1 and "took no events" in calls.raised[0]
    server.start()
    house.log.record(AuditEvent(NOON, None, "scan.take", "last", "Zoë 🧠"))
    own.tick()
    assert [number for number, _ in arrived(server, 6)] == [1, 2, 3, 4, 5, 6]
    assert own.waiting == 0 and calls.settled == 3


def test_two_servers_of_a_house_send_each_event_once(server: Rsyslog, engine: Engine, tmp_path: Path) -> None:
    house, calls = House(engine, tmp_path), Calls()
    before = len(arrived(server, 0))
    first, second = sender(house, server, calls), sender(house, server, calls)
    house.add(4)
    for each in (first, second, first):
        each.tick()
    assert [number for number, _ in arrived(server, before + 4)[before:]] == [1, 2, 3, 4]


def test_a_server_without_the_right_certificate_is_told_nothing(
    server: Rsyslog, engine: Engine, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", str(tmp_path / "key.pem"), "-out", str(stranger)],
        check=True, capture_output=True,
    )  # fmt: skip
    there = SyslogServer("localhost", server.port, stranger, None, None)
    with pytest.raises(SyslogAway, match="certificate verify failed"):
        there.send(b"5 hello")
    house, calls = House(engine, tmp_path), Calls()
    house.add(1)
    mine = sender(house, server, calls, certificate=False)
    mine.tick()
    assert mine.waiting == 1 and len(calls.raised) == 1
