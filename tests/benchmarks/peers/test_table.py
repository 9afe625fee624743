"""What the rounds come to."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.benchmarks.peers.load import Measured
from tests.benchmarks.peers.servers import free_port, running
from tests.benchmarks.peers.table import Row, against, best_peer, table, verdicts


def _row(name: str, per_second: tuple[float, ...], slowest: float = 1.0, *, ours: bool = False) -> Row:
    rounds = [Measured((0.5, 0.5, slowest), 3 / rate) for rate in per_second]
    return Row(name, "PyTorch, float32", 32, ours, rounds, [7.0] * len(rounds))


def test_a_share_is_taken_in_each_round_before_the_median() -> None:
    # A machine that was half as fast in the second round changes nothing.
    row = _row("Lightbox", (90.0, 45.0, 80.0))
    assert round(row.share([100.0, 50.0, 100.0]), 9) == 0.9


def test_the_best_peer_is_the_one_with_the_most_answers_and_never_ours() -> None:
    rows = [_row("Lightbox", (90.0,), ours=True), _row("slow", (10.0,)), _row("quick", (60.0,))]
    assert best_peer(rows, 32).name == "quick"


def test_ours_against_another_in_the_same_rounds() -> None:
    ours, other = _row("Lightbox", (90.0, 40.0, 70.0), 2.0), _row("quick", (60.0, 20.0, 50.0), 4.0)
    often, slow = against(ours, other)
    assert round(often, 9) == 1.5
    assert 0.5 <= slow < 0.6
    (said,) = verdicts([_row("Lightbox", (90.0, 40.0, 70.0), 2.0, ours=True), other])
    assert said.startswith("Lightbox, callers 32: 1.50 times the answers of the best peer (quick, ")


def test_the_table_says_what_was_measured() -> None:
    lines = table([_row("quick", (60.0, 50.0, 55.0))], [100.0, 100.0, 100.0]).splitlines()
    assert lines[2] == "| quick | PyTorch, float32 | 32 | 55.0 | 0.55 | 500 | 950 | 7 |"


def test_a_held_server_uses_no_processor_and_an_ended_one_leaves_nothing(tmp_path: Path) -> None:
    child = "import time\nwhile True: time.process_time()"
    script = (
        "import http.server, subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
        "handler = http.server.SimpleHTTPRequestHandler\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), handler).serve_forever()"
    )
    port = free_port()
    with running("one", [sys.executable, "-c", script, str(port)], port, tmp_path, {}, "/") as server:
        server.hold()
        spent = server.processor_seconds()
        time.sleep(0.3)
        assert server.processor_seconds() == spent
        server.go_on()
        until = time.monotonic() + 30
        while server.processor_seconds() == spent:
            assert time.monotonic() < until
            time.sleep(0.05)
    assert server.process.poll() is not None
    assert str(tmp_path) not in " ".join(_working_folders())


def _working_folders() -> list[str]:
    folders = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            folders.append(str(link.readlink()))
        except OSError:
            continue
    return folders
