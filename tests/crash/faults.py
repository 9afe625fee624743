"""A server that people work with loses what it stands on, and gets it back: `make faults`.

Each fault: what was wrong with answers while it lasted, and with the house after it, without a restart.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import requests

from tests.crash import house
from tests.crash.__main__ import settled
from tests.crash.answers import Answers, watched
from tests.crash.full_disks import BACKUPS, TEMPORARY, backups_full, log_full, temporary_full
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
from tests.crash.ward import Ward
from tests.integration.servers import DatabaseServer, mariadb_server, postgresql_server

CLOCK, KEY = "clock", "secret.key"
DISK_MIB = 220
Say = Callable[[str], None]


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
