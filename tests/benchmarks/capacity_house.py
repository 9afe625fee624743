"""What a running house takes: the processor's time of its processes, its memory, its bytes by kind.

Seconds on the clock say little on a machine that others use; the kernel counts the processor's by process.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import requests

from data.database import open_database
from data.formats.decoding import decode_each
from data.formats.kept_files import keep_scan
from data.formats.limits import Limits
from data.formats.processes.transport import put_scan
from data.records import Refusal, Role
from models import tasks
from services.assembly.container import build_services
from services.settings import Settings
from tests.crash.kept import unfinished
from tests.dashboard.clinic import PASSWORD
from tests.deploy.running_house import ROOT, House

PATIENCE_S = 1800
UNCHECKED = "until the check"  # of a network that serves as it was trained until the fastest way is chosen
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_KINDS = {
    "original": "original",
    "array.npy": "opened pixels",
    "thumbnail.png": "thumbnail",
    "mask.npy.z": "mask",
    "pixels.npy.z": "probability of each pixel",
    "heatmap.npy.z": "heat map",
}


def a_token(home: Path) -> str:
    """Make a house with a clinician, and a token that sends scans."""
    services = build_services(Settings.from_env({"LIGHTBOX_HOME": str(home)}))
    user, first = services.accounts.create("ada", "Dr Ada", Role.CLINICIAN)
    services.accounts.change_password(user.id, first, PASSWORD)
    token = services.accounts.create_token(user.id, "capacity")[1]
    services.close()
    return token


def server_of_this_process() -> int:
    """The process that answers and reads, of the only server that this one has started."""
    (pid,) = (pid for pid in _below(os.getpid()) if _text(pid, "cmdline").startswith("gunicorn: worker"))
    return pid


def _text(pid: int, file: str) -> str:
    """What the kernel tells of a process; nothing of one that has gone."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:
        return ""


def processor_s(pid: int) -> float:
    """Seconds of the processor that a process has worked itself, without those that it started."""
    fields = _text(pid, "stat").rpartition(")")[2].split()
    return sum(int(field) * _TICK_S for field in fields[11:13])


def decoding_s(file: Path, folder: Path) -> float:
    """Seconds of the processor for what the decoding child does of an upload.

    Done in this process: those children are reaped by the kernel, which then keeps no count of them.
    """
    began = time.process_time()
    for number, decoded in enumerate(decode_each(file, file.name, Limits())):
        assert not isinstance(decoded, Refusal), decoded
        keep_scan(decoded.members, folder, number)
        put_scan(decoded.scan, folder, number)
    return time.process_time() - began


def resident_mib(pid: int) -> float:
    """Memory of a process and of those below it that cannot be given back."""
    return sum(_anonymous_mib(each) for each in (pid, *_below(pid)))


def _below(pid: int) -> list[int]:
    """Processes that it started, those that these started, and so on."""
    started: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        fields = _text(int(place.name), "stat").rpartition(")")[2].split()
        if fields:
            started.setdefault(int(fields[1]), []).append(int(place.name))
    descendants, generation = [], [pid]
    while generation:
        generation = [child for parent in generation for child in started.get(parent, [])]
        descendants += generation
    return descendants


def _anonymous_mib(pid: int) -> float:
    lines = _text(pid, "status").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


@dataclass(frozen=True)
class Client:
    """Somebody who sends scans to a running house and looks at what that takes."""

    house: House
    pid: int
    token: str

    def send(self, name: str, content: bytes) -> str:
        """Send a scan and wait until it is read and nothing else is to do; its id."""
        answer = requests.post(
            f"{self.house.url}/api/v1/scans",
            params={"name": name},
            data=content,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 201, answer.text
        self.settle()
        (scan,) = answer.json()["scans"]
        return str(scan["id"])

    def settle(self) -> None:
        """Wait until nothing is under way."""
        until = time.monotonic() + PATIENCE_S
        while unfinished(self.house.home):
            assert time.monotonic() < until, unfinished(self.house.home)
            time.sleep(0.1)

    def wait_for_the_choice(self) -> dict[str, str]:
        """Wait until the server has chosen what runs each network here; the choices in words."""
        until = time.monotonic() + PATIENCE_S
        while True:
            told = requests.get(f"{self.house.url}/readyz", timeout=60).json().get("backends", {})
            if told.keys() == tasks.ALL.keys() and not any(
                UNCHECKED in each["why"] for each in told.values()
            ):
                return {task: f"{each['library']} {each['precision']}" for task, each in told.items()}
            assert time.monotonic() < until, told
            time.sleep(2)


def run_command(home: Path, *words: str) -> float:
    """Run a command of `app.py` to its end; seconds of the processor, without the decoding children."""
    process = subprocess.Popen(
        [sys.executable, "app.py", *words],
        cwd=ROOT,
        env=os.environ | {"LIGHTBOX_HOME": str(home), "LIGHTBOX_BACKEND": "auto"},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return usage.ru_utime + usage.ru_stime


def bytes_by_kind(home: Path, scan_ids: list[str]) -> Counter[str]:
    """What lies in files of these scans, in all."""
    marks = ",".join("?" * len(scan_ids))
    with closing(sqlite3.connect(home / "lightbox.db")) as database:
        rows = database.execute(f"select id from results where scan_id in ({marks})", scan_ids)  # noqa: S608
        owners = {*scan_ids, *(row[0] for row in rows)}
    sizes: Counter[str] = Counter()
    for file in (home / "files").rglob("*"):
        if file.is_file() and owners & set(file.parts):
            kind = "original" if file.name.startswith("original") else file.name
            sizes[_KINDS.get(kind, file.name)] += file.stat().st_size
    return sizes


def bytes_of_tables(database: Path) -> Counter[str]:
    """Pages of each table with its indexes, by SQLite's own table of them."""
    query = (
        "select m.tbl_name, sum(s.pgsize) from dbstat s join sqlite_master m on m.name = s.name group by 1"
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return Counter(dict(opened.execute(query).fetchall()))


def count_of(database: Path, table: str) -> int:
    """Rows of a table."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return int(opened.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608


def ledger_mib(url: str) -> tuple[float, float]:
    """How much a process grows by loading the ledger (MiB), and the seconds of the processor that takes.

    To be asked of a process of its own.
    """
    from data.ledger.in_memory import Ledger

    ledger = Ledger(open_database(url))
    before, began = _anonymous_mib(os.getpid()), time.process_time()
    ledger.columns()
    return _anonymous_mib(os.getpid()) - before, time.process_time() - began
