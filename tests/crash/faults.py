"""A server that people work with loses what it stands on, and gets it back: `make faults`.

Each fault: what was wrong with answers while it lasted, and with the house after it, without a restart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.crash import house
from tests.crash.__main__ import House, after_tidying, settled
from tests.crash.answers import Answers, watched
from tests.crash.clients import Clients, promotions_in, volume
from tests.crash.full_disks import BACKUPS, TEMPORARY, backups_full, log_full, temporary_full
from tests.crash.kept import Acknowledged, faults, opened, rows_of
from tests.crash.outages import (
    bound,
    children_killed,
    filled,
    locked,
    may_mount,
    moved_away,
    read_only,
    small_disk,
)
from tests.integration.servers import DatabaseServer, mariadb_server, postgresql_server

_COMES_AGAIN = "is scored when it is back."  # a job of every minute, which the next one does again
CLOCK, KEY = "clock", "secret.key"
DISK_MIB = 220
Say = Callable[[str], None]


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
        number = int(time.time() * 1000) % 500_000_000
        sent = requests.post(
            f"{self.house.url}/api/v1/scans",
            params={"name": "after.nii.gz"},
            data=volume(number),
            headers={"Authorization": f"Bearer {self.tokens['ada']}"},
            timeout=120,
        )
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


Fault = Callable[[Ward, Answers], list[str]]


def disk_full(ward: Ward, _answers: Answers, seconds: float = 15) -> list[str]:
    """No byte is left, and then a few."""
    wrong = []
    with ward.working():
        time.sleep(4)
        for leave in (0, 300_000, 0):
            with filled(ward.home, leave):
                time.sleep(seconds / 3)
                told = ward.ready()
                if "full" not in str(told.get("storage")):
                    wrong.append(f"/readyz does not say that the disk is full: {told.get('storage')}")
                scans = list(ward.told.uploads)
                if scans and ward.get(f"/api/v1/scans/{scans[0]}").status_code not in (200, 507):
                    wrong.append("a scan of before is not shown")
                if requests.get(f"{ward.house.url}/login", timeout=60).status_code != 200:
                    wrong.append("the sign-in page is away")
            time.sleep(2)
    return wrong


def files_read_only(ward: Ward, _answers: Answers, seconds: float = 12) -> list[str]:
    """The files' folder cannot be written to."""
    wrong = []
    with ward.working():
        time.sleep(4)
        with read_only(ward.home / "files"):
            time.sleep(seconds)
            if "cannot be written" not in str(ward.ready().get("storage")):
                wrong.append(f"/readyz does not say it: {ward.ready().get('storage')}")
            if ward.get("/api/v1/cohort?task=brain-tumour", "eve").status_code != 200:
                wrong.append("the cohort cannot be looked at")
        time.sleep(2)
    return wrong


def database_locked(ward: Ward, _answers: Answers, seconds: tuple[float, ...] = (2, 20, 90)) -> list[str]:
    """Another process holds the database."""
    wrong = []
    with ward.working():
        for span in seconds:
            time.sleep(3)
            with locked(ward.home / "lightbox.db"):
                wrong += ward.lives(span)
    return wrong


def mlflow_away(ward: Ward, _answers: Answers, seconds: float = 12) -> list[str]:
    """MLflow's database and its folder are not there."""
    wrong = []
    with ward.working():
        time.sleep(3)
        with moved_away(ward.home / "mlflow.db", ward.home / "mlflow"):
            time.sleep(seconds)
            for address in ("/api/v1/performance?task=brain-tumour", "/api/v1/cohort?task=brain-tumour"):
                if (status := ward.get(address, "eve").status_code) not in (200, 503):
                    wrong.append(f"{address} is {status}")
            sent = len(ward.told.uploads)
            time.sleep(3)
            if len(ward.told.uploads) == sent:
                wrong.append("no scans are taken")
    return wrong


def memory_gone(ward: Ward, _answers: Answers, seconds: float = 8) -> list[str]:
    """What decodes files is killed."""
    wrong: list[str] = []
    with ward.working():
        time.sleep(3)
        begun = time.monotonic()
        total = 0
        while time.monotonic() < begun + seconds:
            with children_killed(ward.house.server) as killed:
                time.sleep(0.5)
            total += len(killed)
            time.sleep(1)
        if not total:
            wrong.append("no process was found to be killed")
    return wrong


def clock_set(ward: Ward, _answers: Answers, seconds: float = 12) -> list[str]:
    """The clock is an hour behind, then a day ahead, then right again."""
    clock, wrong = ward.folder / CLOCK, []
    with ward.working():
        time.sleep(3)
        for offset in ("-3600", "86400", "0"):
            clock.write_text(offset)
            sent = len(ward.told.uploads)
            time.sleep(seconds)
            if len(ward.told.uploads) == sent:
                wrong.append(f"with the clock at {offset} s no scans are taken")
            if (said := ward.ready()).get("ready") is not True:
                wrong.append(f"with the clock at {offset} s it is not ready: {said}")
    return wrong


def small_files_cut(ward: Ward, _answers: Answers) -> list[str]:
    """Each small file of the house is empty, one byte long, half as long at a start; then the key is."""
    with ward.working():
        time.sleep(6)
    wrong = [f"still unfinished: {each}" for each in settled(ward.house)]
    ward.house.kill()
    files = [place for place in _small_files(ward.home) if place.name != KEY]
    whole = {place: place.read_bytes() for place in files}
    for cut in (0, 1, None):
        for place, content in whole.items():
            place.write_bytes(content[: len(content) // 2 if cut is None else cut])
        ward.house.start()
        ward.house.kill()
    for place, content in whole.items():
        place.write_bytes(content)
    key = ward.home / KEY
    content, log = key.read_bytes(), ward.house.log
    for cut in (0, 1, len(content) // 4):
        key.write_bytes(content[:cut])
        before = log.stat().st_size
        ward.house.ask(f"serve {log}")
        begun = time.monotonic()
        while "empty or cut off" not in log.read_text()[before:]:
            if time.monotonic() > begun + 120:
                wrong.append(f"a key of {cut} bytes is not refused in words")
                break
            time.sleep(0.2)
        if "Traceback" in log.read_text()[before:]:
            wrong.append("a key that is cut off brings a traceback")
        if key.read_bytes() != content[:cut]:
            wrong.append("a key that is cut off was replaced")
        time.sleep(2)
    key.write_bytes(content)
    ward.house.start()
    return wrong


def _small_files(home: Path) -> list[Path]:
    """What the server wrote for itself, beside databases and what it keeps of scans."""
    kept = {"files", "uploads", "mlflow"}
    return [
        place
        for place in home.rglob("*")
        if place.is_file()
        and place.stat().st_size < 1 << 16
        and place.relative_to(home).parts[0] not in kept
        and not place.name.startswith(("lightbox.db", "mlflow.db"))
        and not place.name.endswith((".lock", ".npy"))
    ]


def server_stopped(ward: Ward, server: DatabaseServer, seconds: tuple[float, ...] = (2, 12, 60)) -> list[str]:
    """The database's server is killed, as by a fault of its machine, and started again after a while."""
    wrong = []
    with ward.working():
        for span in seconds:
            time.sleep(4)
            server.kill()
            try:
                wrong += ward.lives(span / 2)
                if (said := ward.ready()).get("ready") is not False:
                    wrong.append(f"/readyz does not say it: {said}")
                wrong += ward.lives(span / 2)
            finally:
                server.start()
        time.sleep(2)
    return wrong


DATABASES: dict[str, Callable[[], AbstractContextManager[DatabaseServer]]] = {
    "PostgreSQL stopped": postgresql_server,
    "MariaDB stopped": mariadb_server,
}
FAULTS: dict[str, Fault] = {
    "disk full": disk_full,
    "files read-only": files_read_only,
    "database locked": database_locked,
    "MLflow away": mlflow_away,
    "decoding killed": memory_gone,
    "clock set": clock_set,
    "small files cut": small_files_cut,
    "backups' disk full": backups_full,
    "temporary disk full": temporary_full,
    "log's disk full": log_full,
}


def try_faults(folder: Path, names: list[str], say: Say = print) -> list[str]:
    """Try these on one server; what was wrong, each with its fault's name."""
    wrong = []
    with ExitStack() as stack:
        stack.enter_context(small_disk(folder / "home", DISK_MIB))
        stack.enter_context(bound(folder / "home" / "files"))
        for place in (BACKUPS, TEMPORARY):
            stack.enter_context(small_disk(folder / place, DISK_MIB // 4))
        ward = Ward(folder, TMPDIR=str(folder / TEMPORARY), **_clock(folder))
        stack.callback(ward.close)
        for name in names:
            wrong += _tried(name, ward, FAULTS[name], say)
    return wrong


def try_stopped(
    folder: Path, name: str, say: Say = print, seconds: tuple[float, ...] = (2, 12, 60)
) -> list[str]:
    """Stop the database's server under one of its own; what was wrong. Skips where it is not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    with DATABASES[name]() as server:
        ward = Ward(folder, DATABASE_URL=server.url)
        try:

            def stopped(ward: Ward, _: Answers) -> list[str]:
                return server_stopped(ward, server, seconds)

            wrong = _tried(name, ward, stopped, say, files_may_be_left=True)
            return wrong + [f"{name}: a day later: {each}" for each in ward.left_over_a_day()]
        finally:
            ward.close()


def _tried(name: str, ward: Ward, fault: Fault, say: Say, *, files_may_be_left: bool = False) -> list[str]:
    with watched() as answers:
        begun = time.monotonic()
        wrong = fault(ward, answers)
        wrong += ward.after(files_may_be_left=files_may_be_left) + answers.wrong
    say(f"{name}: {time.monotonic() - begun:.0f} s; {len(wrong)} wrong")
    for line in answers.lines():
        say(f"  {line}")
    for line in wrong[:12]:
        say(f"  WRONG {line}")
    return [f"{name}: {each}" for each in wrong]


def _clock(folder: Path) -> dict[str, str]:
    (folder / CLOCK).write_text("0")
    return {house.CLOCK: str(folder / CLOCK)}


def main() -> int:
    """Returns 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.faults", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*FAULTS, *DATABASES], help="a fault; all without")
    parser.add_argument("--folder", type=Path, help="a folder that is kept; a temporary one without")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="lightbox-faults-"))
    print(f"in {folder}", flush=True)
    names, wrong = asked.only or [*FAULTS, *DATABASES], []
    mounted = [name for name in names if name in FAULTS]
    if mounted and (reason := may_mount()):
        print(f"not tried: {', '.join(mounted)}: {reason}")
    elif mounted:
        wrong += try_faults(folder, mounted, _say)
    for name in filter(DATABASES.get, names):
        try:
            wrong += try_stopped(folder / name.split()[0], name, _say)
        except pytest.skip.Exception as reason:
            print(f"not tried: {name}: {reason}")
    print(f"{len(wrong)} wrong")
    if not asked.folder and not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
