"""The callers against a server of Python's own, and what is counted of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.peers.load import Calls, Measured, Refused, called
from tests.benchmarks.peers.servers import measured


class _House(BaseHTTPRequestHandler):
    """A scan is read at its second look; what holds the word "wrong" is an error."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        if b"wrong" in body:
            self._answer(500, {"error": "wrong"})
        else:
            self._answer(201, {"scans": [_scan(body.decode(), "waiting")]})

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        self.server.looks.append(name)
        self._answer(200, _scan(name, "read" if self.server.looks.count(name) > 1 else "reading"))

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Not told."""


class _Server(ThreadingHTTPServer):
    bodies: list[bytes]
    looks: list[str]


def _scan(name: str, status: str) -> dict[str, Any]:
    return {"id": name, "status": status, "failure": None, "result": {} if status == "read" else None}


@pytest.fixture
def house() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _House) as server:
        server.bodies, server.looks = [], []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _bodies(folder: Path, *words: str) -> list[str]:
    for word in words:
        (folder / word).write_text(word)
    return [str(folder / word) for word in words]


def test_each_request_is_made_once_whoever_of_the_callers_makes_it() -> None:
    asked: list[int] = []
    taken = called(3, 10, lambda: asked.append)
    assert sorted(asked) == list(range(10))
    assert len(taken.requests) == 10


def test_never_more_callers_ask_at_a_time_than_were_asked_for() -> None:
    together, most = threading.Semaphore(4), threading.Barrier(4)

    def ask(_: int) -> None:
        assert together.acquire(blocking=False)
        most.wait(10)  # and as many do
        together.release()

    called(4, 16, lambda: ask)


def test_what_a_caller_is_told_wrong_is_no_measurement() -> None:
    def ask(number: int) -> None:
        if number == 2:
            raise Refused("no")

    with pytest.raises(Refused):
        called(2, 4, lambda: ask)


def test_the_figures_of_a_measurement() -> None:
    taken = Measured(tuple(float(second) for second in range(1, 102)), total=50.5)
    assert (taken.per_second, taken.percentile(50), taken.percentile(95)) == (2.0, 51.0, 96.0)
    assert Measured((3.0,), 3.0).percentile(95) == 3.0


def test_callers_in_a_process_of_their_own_send_the_bodies_in_turn(house: _Server, tmp_path: Path) -> None:
    bodies = _bodies(tmp_path, "a", "b")
    taken = measured(Calls(house.server_port, "/", {}, bodies, callers=2, requests=4))
    assert sorted(house.bodies) == [b"a", b"a", b"b", b"b"]
    assert len(taken.requests) == 4


def test_a_scan_is_answered_once_its_result_is_kept(house: _Server, tmp_path: Path) -> None:
    calls = Calls(house.server_port, "/", {}, _bodies(tmp_path, "a"), callers=1, requests=1, kept=True)
    measured(calls)
    assert house.looks == ["a", "a"]


def test_an_error_or_an_answer_that_is_too_short_ends_the_measurement(house: _Server, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Refused: 500"):
        measured(Calls(house.server_port, "/", {}, _bodies(tmp_path, "wrong"), callers=1, requests=1))
    short = Calls(house.server_port, "/", {}, _bodies(tmp_path, "a"), callers=1, requests=1, least_answer=999)
    with pytest.raises(RuntimeError, match="Refused: only"):
        measured(short)
