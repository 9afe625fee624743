"""Callers that wait for their answer before they ask again, and what they saw. Needs nothing but Python:
it runs as a process of its own beside every server, the same for all.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, Self

PATIENCE_S = 300.0
LOOKED_EVERY_S = 0.25
"""So often a caller of Lightbox asks whether its scan is read, where too many wait for that already."""


@dataclass(frozen=True)
class Measured:
    """How long each request took, and all of them together, in seconds."""

    requests: tuple[float, ...]
    total: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.requests) / self.total

    def percentile(self, of_hundred: int) -> float:
        """Seconds within which so many of a hundred requests were answered."""
        if len(self.requests) == 1:
            return self.requests[0]
        return quantiles(self.requests, n=100, method="inclusive")[of_hundred - 1]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What the process of the callers printed."""
        said = json.loads(text)
        return cls(tuple(said["requests"]), said["total"])


def called(callers: int, requests: int, asking: Callable[[], Callable[[int], None]]) -> Measured:
    """So many requests by so many callers at a time, each taking the next one that nobody has taken.

    `asking` makes what a caller asks with (its connection); that is given the number of the request and
    raises where the answer is none.
    """
    numbers, taken = itertools.count(), threading.Lock()
    asks = [asking() for _ in range(callers)]

    def caller(ask: Callable[[int], None]) -> list[float]:
        seconds: list[float] = []
        while True:
            with taken:
                number = next(numbers)
            if number >= requests:
                return seconds
            started = time.perf_counter()
            ask(number)
            seconds.append(time.perf_counter() - started)

    with ThreadPoolExecutor(callers) as pool:
        started = time.perf_counter()
        seconds = [second for of_one in pool.map(caller, asks) for second in of_one]
        return Measured(tuple(seconds), time.perf_counter() - started)


class Refused(Exception):
    """A server answered with anything but what was asked for."""


@dataclass(frozen=True)
class Calls:
    """What is to be asked of a server: `bodies` are files, sent in turn."""

    port: int
    path: str
    headers: dict[str, str]
    bodies: list[str]
    callers: int
    requests: int
    least_answer: int = 0  # bytes: less is no mask
    kept: bool = False  # Lightbox: an answer is a scan whose result is kept

    def asking(self) -> Callable[[int], None]:
        """A caller with a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        ask = self._kept if self.kept else self._answered
        return lambda number: ask(connection, number)

    def _answered(self, connection: http.client.HTTPConnection, number: int) -> None:
        answer = self._exchanged(connection, "POST", self.path, self._body(number))
        if len(answer) < self.least_answer:
            raise Refused(f"only {len(answer)} bytes: {answer[:300]!r}")

    def _kept(self, connection: http.client.HTTPConnection, number: int) -> None:
        received = json.loads(self._exchanged(connection, "POST", self.path, self._body(number)))
        (scan,) = received["scans"]
        while scan["status"] != "read":
            if scan["status"] == "failed":
                raise Refused(str(scan["failure"]))
            time.sleep(LOOKED_EVERY_S)
            scan = json.loads(self._exchanged(connection, "GET", f"/api/v1/scans/{scan['id']}?wait=60", None))
        if scan["result"] is None:
            raise Refused("read, but without a result")

    def _body(self, number: int) -> bytes:
        return Path(self.bodies[number % len(self.bodies)]).read_bytes()

    def _exchanged(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None
    ) -> bytes:
        connection.request(method, path, body, self.headers)
        with connection.getresponse() as response:
            answer = response.read()
        if response.status not in (200, 201):
            raise Refused(f"{response.status} {answer[:300]!r}")
        return answer


def main() -> None:
    """Take `Calls` from the standard input and print what was measured."""
    given: dict[str, Any] = json.load(sys.stdin)
    calls = Calls(**given)
    json.dump(asdict(called(calls.callers, calls.requests, calls.asking)), sys.stdout)


if __name__ == "__main__":
    main()
