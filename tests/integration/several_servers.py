"""Several servers of one house, each `app.py` in a process of its own, on one database, Redis and MLflow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from data.database import open_database
from data.records import Role, User
from services.accounts import Accounts, accounts_of
from tests.dashboard.clinic import PASSWORD, QUICK_HASHER
from tests.integration.dicom_node import ROOT
from tests.integration.redis_server import RedisServer, redis_server
from tests.integration.servers import Server, free_port, mlflow_server, postgresql_server, started

PATIENCE_S = 120.0
KEY = "0123456789abcdef" * 4


def wait_for(what: Callable[[], object], within_s: float = PATIENCE_S) -> float:
    """Wait until something holds; how long that took, in seconds."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within_s, what
        time.sleep(0.05)
    return time.monotonic() - began


class HouseServer(Server):
    """One of the servers; it can be killed, and started again on its folder."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home.with_name(f"{home.name}.log")
        said = {"LIGHTBOX_HOME": home, "LIGHTBOX_PORT": self.port, **settings}
        self.environment = os.environ | {name: str(value) for name, value in said.items()}

    def start(self) -> None:
        """Start it; it need not answer yet."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self, address: str = "/healthz") -> None:
        """Wait until it answers there."""
        wait_for(lambda: self.answers(address))

    def answers(self, address: str) -> bool:
        """Whether it answers there with 200."""
        assert self._process is not None and self._process.poll() is None, self.told()
        try:
            return requests.get(self.url + address, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """Have it end by itself."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0, self.told()
        self._process = None

    def told(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:]

    def get(self, address: str, token: str, **query: str) -> Any:
        """What the API answers, as JSON."""
        answer = requests.get(
            self.url + address, query, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


class SharedHouse:
    """Two servers, and what they share."""

    def __init__(self, folder: Path, redis: RedisServer, database_url: str, tracking_uri: str) -> None:
        self.folder, self.redis = folder, redis
        self.database_url, self.tracking_url = database_url, tracking_uri
        shared = {
            "REDIS_URL": redis.url,
            "DATABASE_URL": database_url,
            "MLFLOW_TRACKING_URI": tracking_uri,
            "LIGHTBOX_FILES": folder / "files",
            "LIGHTBOX_SECRET_KEY": KEY,
            "LIGHTBOX_DEVICE": "cpu",
            "LIGHTBOX_BACKEND": "exact",
            "LIGHTBOX_REGISTRY_SECONDS": 1,
        }
        self.servers = [HouseServer(folder / name, **shared) for name in ("first", "second")]

    def person(self, name: str, role: Role) -> User:
        """Somebody new, with `PASSWORD`."""
        with self._accounts() as accounts:
            user, first = accounts.create(name, f"Dr {name.title()}", role)
            return accounts.change_password(user.id, first, PASSWORD)

    def token(self, role: Role) -> str:
        """A bearer token of somebody new with this role."""
        user = self.person(role.value, role)
        with self._accounts() as accounts:
            return accounts.create_token(user.id, "script")[1]

    @contextmanager
    def _accounts(self) -> Iterator[Accounts]:
        database = open_database(self.database_url)
        try:
            yield accounts_of(database, QUICK_HASHER)
        finally:
            database.dispose()


@contextmanager
def shared_house(folder: Path) -> Iterator[SharedHouse]:
    """A house of two servers, both started at the same moment; skips the test where something is missing."""
    with redis_server() as redis, postgresql_server() as database, ExitStack() as running:
        tracking = running.enter_context(mlflow_server(f"sqlite:///{folder / 'mlflow.db'}"))
        house = SharedHouse(folder, redis, database.url, tracking.url)
        for server in house.servers:
            running.enter_context(started(server))
        for server in house.servers:
            server.wait()
        yield house
