"""A real Redis for tests: on a free port, in a folder of its own, gone afterwards."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.servers import Server, _program, free_port, started

_READY_WITHIN_S = 30


class RedisServer(Server):
    """A Redis that keeps nothing; it can be killed, and started again there."""

    def __init__(self, command: str, folder: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [command, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder]
        self._command += ["--save", "", "--appendonly", "no"]

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + _READY_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """An empty Redis, started; skips the test where that cannot be had."""
    command = _program("redis-server", "/usr/bin")
    with (
        tempfile.TemporaryDirectory(prefix="lightbox-redis-") as folder,
        started(RedisServer(command, folder)) as server,
    ):
        yield server
