"""Results on their way to a PACS while it and the server are killed: each object there, and once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import DeliveryState, RemoteNodeKind
from tests.integration.reading_server import wait_for
from tests.integration.sending_house import House, asked, expected, house, server, there
from tests.integration.servers import LEFT_SOCKETS, Orthanc
from tests.integration.test_receiving_storm import drawn

__all__ = ["house", "server"]  # fixtures
pytestmark = [pytest.mark.integration, LEFT_SOCKETS, pytest.mark.timeout(900)]

SCANS = 5
LONG_S = 10_000  # longer than a lease and than any pause between attempts
SENDER_KILLS, PACS_KILLS = 2, 2
_SENDS = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.integration.sending_house import Clinic, House

Clinic.person = lambda *_: None
house = House(Clinic(Path(sys.argv[1]), networks=False))
house.ahead = timedelta(seconds=float(sys.argv[2]))
while True:
    house.later(hours=2)
"""


class SendingProcess:
    """The server's sender, in a process of its own, for which time flies."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._starts = 0

    def start(self) -> None:
        self._starts += 1
        command = [sys.executable, "-c", _SENDS, str(self._home), str(self._starts * LONG_S * 1000)]
        self._process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process.poll() is None, "it ended by itself"
        self._process.kill()
        self._process.wait()


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[SendingProcess]:
    process = SendingProcess(tmp_path)
    yield process
    process.kill()


@pytest.mark.parametrize("kind", [RemoteNodeKind.DICOM, RemoteNodeKind.DICOMWEB])
def test_every_object_is_there_once_although_pacs_and_sender_are_killed(
    house: House, server: Orthanc, sending: SendingProcess, kind: RemoteNodeKind
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    house.rule(house.node(server, kind))
    scans = [house.received(lesions=1 + number % 3) for number in range(SCANS)]
    house.sender.plan()
    due = sum(len(house.deliveries(scan)) for scan in scans)

    def delivered() -> int:
        states = [delivery.state for scan in scans for delivery in house.deliveries(scan)]
        return states.count(DeliveryState.DELIVERED)

    def kill_sender() -> None:
        for moment in drawn(chance, due, SENDER_KILLS):
            wait_for(lambda moment=moment: delivered() >= moment, 300)
            sending.kill()
            sending.start()

    def kill_pacs() -> None:
        for moment in drawn(chance, due * 9 // 10, PACS_KILLS):
            wait_for(lambda moment=moment: delivered() >= moment, 300)
            server.kill()
            server.start()

    sending.start()
    killers = [threading.Thread(target=killer) for killer in (kill_sender, kill_pacs)]
    for killer in killers:
        killer.start()
    for killer in killers:
        killer.join(400)
        assert not killer.is_alive()
    wait_for(lambda: delivered() == due, 300)
    assert len(asked(server, "instances")) == sum(
        delivery.instances for scan in scans for delivery in house.deliveries(scan)
    )
    assert there(server) == sorted(modality for scan in scans for modality in expected(house, scan))
