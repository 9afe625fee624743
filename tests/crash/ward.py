"""A house with people in it, which a fault is tried on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.crash.__main__ import House, after_tidying, settled
from tests.crash.clients import Clients, promotions_in, volume
from tests.crash.kept import Acknowledged, faults, opened, rows_of

_COMES_AGAIN = "is scored when it is back."  # a job of every minute, which the next one does again


class Ward:
    """A house with people in it who work all the time."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.house = House(folder, **more)
        self.folder, self.home, self.told = folder, self.house.home, Acknowledged()
        self.tokens: dict[str, str] = json.loads(self.house.ask("prepare"))
        self.house.start()
        self._seed = 0

    @contextmanager
    def working(self) -> Iterator[Clients]:
        """People work meanwhile."""
        self._seed += 1
        clients = Clients(self.house.url, self.tokens, self.told, self._seed, self.folder)
        threads = clients.run()
        try:
            yield clients
        finally:
            clients.stop()
            for thread in threads:
                thread.join(130)

    def get(self, address: str, name: str = "ada") -> requests.Response:
        """An answer of the API to one of the people."""
        bearer = {"Authorization": f"Bearer {self.tokens[name]}"}
        return requests.get(self.house.url + address, headers=bearer, timeout=120)

    def send(self, name: str) -> requests.Response:
        """What a volume that one of the people sends under this name is answered."""
        return requests.post(
            f"{self.house.url}/api/v1/scans",
            params={"name": name},
            data=volume(int(time.time() * 1000) % 500_000_000),
            headers={"Authorization": f"Bearer {self.tokens['ada']}"},
            timeout=120,
        )

    def ready(self) -> dict[str, object]:
        """What `/readyz` says."""
        told: dict[str, object] = requests.get(f"{self.house.url}/readyz", timeout=60).json()
        return told

    def lives(self, seconds: float) -> list[str]:
        """Ask for so long whether the server lives; what was wrong with the answers."""
        wrong, begun = [], time.monotonic()
        while time.monotonic() < begun + seconds:
            asked = time.monotonic()
            status = requests.get(f"{self.house.url}/healthz", timeout=120).status_code
            if status != 200 or time.monotonic() - asked > 30:
                wrong.append(f"/healthz took {time.monotonic() - asked:.0f} s and is {status}")
            time.sleep(0.5)
        return wrong

    def after(self, *, files_may_be_left: bool = False) -> list[str]:
        """What is wrong once the fault is over, without a restart.

        `files_may_be_left`: whether a transaction was kept is not known where no answer came, so that its
        files stay until they are a day old.
        """
        wrong = [f"still unfinished: {each}" for each in settled(self.house)]
        sent = self.send("after.nii.gz")
        if sent.status_code != 201:
            wrong.append(f"after it an upload is answered {sent.status_code} {sent.text[:200]}")
        else:
            self.told.uploads |= {scan["id"]: "after" for scan in sent.json()["scans"]}
        wrong += [f"still unfinished: {each}" for each in settled(self.house)]
        self.told.promotions |= promotions_in(self.folder / "promoted.jsonl")
        lasting = faults(self.home, self.told, self.house.database_url)
        wrong += [each for each in lasting if not (files_may_be_left and each.startswith("files without"))]
        wrong += _failed(self.house)
        if self.house.run("audit verify"):
            wrong.append("the audit trail is not intact")
        return wrong

    def left_over_a_day(self) -> list[str]:
        """What is wrong once a day has passed and the server was started again."""
        self.house.kill()
        self.house.let_a_day_pass()
        self.house.start()
        return after_tidying(self.house, self.told)

    def close(self) -> None:
        self.house.close()


def _failed(house: House) -> list[str]:
    """Work that was given up: an outage is no reason to."""
    with opened(house.home, house.database_url) as database:
        rows = [
            row
            for query in (
                "select 'job', kind, failure from jobs where state = 'failed'",
                "select 'upload', name, failure from uploads where state = 'failed'",
                "select 'scan', id, failure from scans where status = 'failed'",
                "select 'upload refused', name, refusals from uploads where refusals != '[]'",
            )
            for row in rows_of(database, query)
        ]
    return [f"given up: {row}" for row in rows if not str(row[2]).endswith(_COMES_AGAIN)]
