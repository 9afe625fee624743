"""Kills a server again and again while people work with it: `make crash`, `python -m tests.crash --help`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.crash.clients import Clients, promotions_in, volume
from tests.crash.kept import Acknowledged, faults, unfinished
from tests.integration.servers import free_port, mariadb_server, postgresql_server

SERVERS = {"postgresql": postgresql_server, "mariadb": mariadb_server}
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240
LONGEST_LIFE_S = 8.0
TIDIES_WITHIN_S = 90.0


class House:
    """The process that forks servers, and the server of now."""

    def __init__(self, folder: Path, **more: str) -> None:
        """`more`: settings beside those that every house of these tests has."""
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        said = {"LIGHTBOX_HOME": str(self.home), "LIGHTBOX_PORT": str(port), "LIGHTBOX_REGISTRY_SECONDS": "1",
                "LIGHTBOX_BACKEND": "exact", "LIGHTBOX_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}  # fmt: skip
        with (folder / "house.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.house", "--new"],
                cwd=ROOT,
                env=os.environ | said | more,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.log = folder / "server.log"
        self.database_url = more.get("DATABASE_URL", "")
        self.server = 0
        assert self._answer() == "ready"

    def ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().strip()
        assert answer, (self.folder / "house.log").read_text()[-4000:]
        return answer

    def start(self) -> float:
        """Start the server and wait until it is ready; seconds that took."""
        begun = time.monotonic()
        self.server = int(self.ask(f"serve {self.log}"))
        while not self.is_ready():
            assert time.monotonic() < begun + PATIENCE_S, self._said()
            time.sleep(0.1)
        return time.monotonic() - begun

    def _said(self) -> str:
        """The end of the log; a device has none."""
        return self.log.read_text()[-4000:] if self.log.is_file() else ""

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """The server with all its children, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server, signal.SIGKILL)
        while not self._is_gone():
            time.sleep(0.02)

    def _is_gone(self) -> bool:
        try:
            os.killpg(self.server, 0)
        except ProcessLookupError:
            return True
        return all(line.split()[2] == "Z" for line in _processes_of(self.server))

    def let_a_day_pass(self) -> None:
        """What no row names is removed when it is a day old."""
        for place in (self.home / "files").glob("*/*"):
            os.utime(place, (time.time() - 2 * 86400,) * 2)

    def command(self, words: str) -> int:
        return int(self.ask(f"command {self.log} {words}"))

    def run(self, words: str) -> int:
        """A command to its end; its status."""
        status = self.log.with_name(self.log.name + ".status")
        status.unlink(missing_ok=True)
        self.command(words)
        until = time.monotonic() + PATIENCE_S
        while not status.exists():
            assert time.monotonic() < until, self._said()
            time.sleep(0.05)
        return int(status.read_text())

    def close(self) -> None:
        if self.server:
            self.kill()
        self._process.kill()
        self._process.communicate()


def _processes_of(group: int) -> list[str]:
    lines = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            line = stat.read_text()
            plain = line[: line.index("(")] + "x" + line[line.rindex(")") + 1 :]
            if int(plain.split()[4]) == group:
                lines.append(plain)
    return lines


def settled(house: House) -> list[str]:
    """Wait until nothing waits or runs; what still does when the time is up."""
    until = time.monotonic() + PATIENCE_S
    while left := unfinished(house.home, house.database_url):
        if time.monotonic() > until:
            return left
        time.sleep(0.2)
    return []


def after_tidying(house: House, told: Acknowledged) -> list[str]:
    """What is wrong, once the start's own tidying has had its time."""
    until = time.monotonic() + TIDIES_WITHIN_S
    while wrong := faults(house.home, told, house.database_url):
        lasting = [fault for fault in wrong if not fault.startswith(("files without", "left over"))]
        if lasting or time.monotonic() > until:
            break
        time.sleep(0.2)
    return wrong


def crash(
    folder: Path,
    kills: int,
    seed: int,
    *,
    longest_life_s: float = LONGEST_LIFE_S,
    database_url: str = "",
    say: Callable[[str], None] = print,
) -> list[str]:
    """Kill a server so often; what was lost, doubled or half done. Without `database_url` it is SQLite."""
    rng, told, kill_faults = random.Random(seed), Acknowledged(), []
    house = House(folder, **({"DATABASE_URL": database_url} if database_url else {}))
    try:
        tokens = json.loads(house.ask("prepare"))
        took = house.start()
        # Where no folder of files has a row, all are left: they may be those of another house.
        first = Clients(house.url, tokens, told, seed * 1000 + kills, folder)
        while not told.uploads:
            first.send()
        for number in range(kills):
            clients = Clients(house.url, tokens, told, seed * 1000 + number, folder)
            threads = clients.run()
            importing = None
            if rng.random() < 0.3:
                place = folder / f"import-{number}"
                place.mkdir()
                for count in range(3):
                    (place / f"{count}.nii.gz").write_bytes(
                        volume(20_000_000 + seed * 10_000 + number * 10 + count)
                    )
                importing = house.command(f"import {place}")
            time.sleep(rng.uniform(0.05, longest_life_s))
            house.kill()
            clients.stop()
            for thread in threads:
                thread.join(10)
            if importing is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(importing, signal.SIGKILL)
            house.let_a_day_pass()
            took = house.start()
            told.promotions |= promotions_in(folder / "promoted.jsonl")
            left = settled(house)
            wrong = [
                *(f"still unfinished: {unfinished}" for unfinished in left),
                *clients.unexpected,
                *after_tidying(house, told),
            ]
            if number % 10 == 9 or number == kills - 1:
                status = house.run("audit verify")
                wrong += ["the audit trail is not intact"] if status else []
            counts = (
                f"{len(told.uploads)} uploads, {len(told.resumable)} in pieces, {len(told.corrections)} "
                f"corrections, {len(told.promotions)} promotions, {len(told.reports)} reports"
            )
            say(f"kill {number + 1}: ready after {took:.1f} s; {counts}; {len(wrong)} faults")
            for fault in wrong[:8]:
                say(f"  {fault}")
            kill_faults += [f"kill {number + 1}: {fault}" for fault in wrong]
    finally:
        house.close()
    return kill_faults


def main() -> int:
    """Returns 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a folder that is kept; a temporary one without")
    parser.add_argument("--database", choices=SERVERS, help="on a server of its own; SQLite without")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="lightbox-crash-"))
    print(f"seed {asked.seed}, in {folder}", flush=True)
    with ExitStack() as stack:
        server = stack.enter_context(SERVERS[asked.database]()) if asked.database else None
        url = "" if server is None else server.url
        kill_faults = crash(
            folder, asked.kills, asked.seed, database_url=url, say=lambda line: print(line, flush=True)
        )
    kinds = sorted({fault.partition(": ")[2][:60] for fault in kill_faults})
    print(f"{asked.kills} kills, {len(kill_faults)} faults", *kinds, sep="\n  ")
    if not asked.folder and not kill_faults:
        shutil.rmtree(folder)
    return 1 if kill_faults else 0


if __name__ == "__main__":
    sys.exit(main())
