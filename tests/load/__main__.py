"""Fifty clinicians on one server while its device is busy: `make load`, `python -m tests.load --help`.

The networks and the gate are those that ship; programs send drawn heads, more than the device can read.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from data.database import now, open_database
from data.labelled import phantoms
from services.demo.cases import SyntheticCase, case_of
from tests.crash.__main__ import House, settled
from tests.crash.house import SHIPPED, STILL
from tests.dashboard.clinic import PASSWORD
from tests.load.recording import record
from tests.load.volumes import numbered

CLINICIANS = 50
COPIED = ("scans", "results", "ledger")
KNOWN = 40  # scans that people open and correct
QUEUED = 100  # scans that may wait to be read
LIMIT_MS = 500
CHECKED_WITHIN_S = 600
LOCUST = Path(".load/bin/locust")


def prepared(folder: Path) -> tuple[House, dict[str, str]]:
    """A house with tokens of its people by name; not started."""
    settings = {SHIPPED: "1", STILL: "1", "LIGHTBOX_BACKEND": "auto", "OMP_NUM_THREADS": "",
                "LIGHTBOX_REGISTRY_SECONDS": "30", "LIGHTBOX_MAX_QUEUED_SCANS": str(QUEUED)}  # fmt: skip
    house = House(folder, **settings)
    return house, json.loads(house.ask(f"prepare {CLINICIANS}"))


def head() -> tuple[bytes, tuple[int, ...]]:
    """What is sent, as an open NIfTI file, and its (slices, rows, columns): somebody's with a tumour."""
    case = next(case for number in range(1, 100) if _is_flair(case := case_of(number, now())))
    phantom = case.phantom()
    file = gzip.decompress(phantoms.nifti(phantom.voxels, phantom.affine, "FLAIR"))
    return file, phantom.voxels.shape[::-1]


def _is_flair(case: SyntheticCase) -> bool:
    return case.header.modality == "MR" and case.lesion is not None and case.lesion.tumour


def add_past(house: House, times: int) -> None:
    """Each scan that is here, so many times more: rows under other ids, and links to its files."""
    files = house.home / "files"
    with closing(sqlite3.connect(house.home / "lightbox.db")) as database, database:
        database.row_factory = sqlite3.Row
        database.execute("pragma foreign_keys = off")
        copied = {table: database.execute(f"select * from {table}").fetchall() for table in COPIED}  # noqa: S608
        for _ in range(times):
            others = {
                str(row["id"]): secrets.token_hex(16)
                for table in ("scans", "results")
                for row in copied[table]
            }
            for table, rows in copied.items():
                for row in rows:
                    values = [_other(name, row[name], others) for name in row.keys()]  # noqa: SIM118
                    marks = ", ".join("?" * len(values))
                    database.execute(f"insert into {table} values ({marks})", values)  # noqa: S608
            for before, after in others.items():
                for kind in ("scans", "results"):
                    if (files / kind / before).exists():
                        shutil.copytree(files / kind / before, files / kind / after, copy_function=os.link)


def _other(name: str, value: object, others: dict[str, str]) -> object:
    if isinstance(value, str):
        if name == "content_sha256":
            return secrets.token_hex(32)
        return others.get(value, value)
    return None if name == "line" else value  # which the database counts up


def known_scans(house: House, token: str, file: bytes) -> list[str]:
    """Send the scans that people will open; their ids, once they are read."""
    sent = []
    for number in range(KNOWN):
        answer = requests.post(
            f"{house.url}/api/v1/scans",
            params={"name": f"known-{number}.nii"},
            data=numbered(file, 600_000_000 + number),
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )
        answer.raise_for_status()
        sent += [scan["id"] for scan in answer.json()["scans"]]
    assert not settled(house)
    return sent


def chosen_backends(house: House) -> dict[str, str]:
    """What reads each task, once the check that chooses it has run: a server in use has long done that."""
    until = time.monotonic() + CHECKED_WITHIN_S
    while True:
        told = requests.get(f"{house.url}/readyz", timeout=30).json()["backends"]
        if not any("until the check" in each["why"] for each in told.values()):
            return {task: f"{each['library']} {each['precision']}" for task, each in told.items()}
        assert time.monotonic() < until, told
        time.sleep(2)


class Memory:
    """How much memory the server's processes have, again and again."""

    def __init__(self, group: int) -> None:
        self._group, self._stopping = group, threading.Event()
        self.seen: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        begun = time.monotonic()
        while not self._stopping.wait(5):
            self.seen.append((time.monotonic() - begun, resident_mib(self._group)))

    def stop(self) -> list[tuple[float, float]]:
        """(seconds, MiB) of each look."""
        self._stopping.set()
        self._thread.join()
        return self.seen


def resident_mib(group: int) -> float:
    """Anonymous memory of a process group, which cannot be given back."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            stat = (place / "stat").read_text()
            if int(stat[stat.rindex(")") + 2 :].split()[2]) == group:
                total += sum(map(int, re.findall(r"RssAnon:\s+(\d+)", (place / "status").read_text())))
        except (OSError, ValueError, IndexError):
            continue
    return total / 1024


def run(folder: Path, seconds: int, past_scans: int, senders: int) -> list[str]:
    """What is not as it is promised; prints all of it."""
    house, tokens = prepared(folder)
    try:
        house.start()
        file, shape = head()
        (folder / "head.nii").write_bytes(file)
        scans = known_scans(house, tokens["ada"], file)
        house.kill()
        add_past(house, past_scans // KNOWN)
        house.start()
        print("read by:", json.dumps(chosen_backends(house)), flush=True)
        pages = {
            "worklist": "/worklist",
            "worklist, filtered": "/worklist?task=brain-tumour&status=read",
            "scan": f"/scans/{scans[0]}",
            "patient": f"/patients/{_patient(house, scans[0])}",
            "performance": "/performance",
            "cohort": "/cohort",
        }
        said = record(house.url, pages, folder / "pages.json")
        print("requests of a page:", json.dumps(said), flush=True)
        told = {"recorded": scans[0], "read": scans, "results": _results(house), "shape": shape}
        (folder / "scans.json").write_text(json.dumps(told))
        (folder / "tokens.json").write_text(json.dumps(tokens))
        environment = os.environ | {
            "LOAD_PAGES": str(folder / "pages.json"),
            "LOAD_SCANS": str(folder / "scans.json"),
            "LOAD_TOKENS": str(folder / "tokens.json"),
            "LOAD_PASSWORD": PASSWORD,
            "LOAD_SENDERS": str(senders),
            "LOAD_HEAD": str(folder / "head.nii"),
        }
        before = resident_mib(house.server)
        memory = Memory(house.server)
        locust = [str(LOCUST), "--headless", "-f", "tests/load/locustfile.py", "--host", house.url]
        locust += ["-u", str(CLINICIANS + senders), "-r", "10", "-t", f"{seconds}s", "--only-summary"]
        locust += ["--csv", str(folder / "load"), "--exit-code-on-error", "0", "--stop-timeout", "20"]
        with (folder / "locust.log").open("w") as log:
            subprocess.run(locust, env=environment, stdout=log, stderr=subprocess.STDOUT, check=True)
        seen = memory.stop()
        print("the queue says:", _queue(house, tokens["ada"]))
        return [*_told_of_pages(folder), *_told_of_memory(before, seen)]
    finally:
        house.close()


def _patient(house: House, scan: str) -> str:
    database = open_database(f"sqlite:///{house.home / 'lightbox.db'}")
    with database.connect() as connection:
        query = text(
            "select p.pseudonym from patients p join scans s on s.patient_id = p.id where s.id = :scan"
        )
        pseudonym = str(connection.execute(query, {"scan": scan}).scalar_one())
    database.dispose()
    return pseudonym


def _results(house: House) -> dict[str, str]:
    """The latest result of each scan."""
    with closing(sqlite3.connect(house.home / "lightbox.db")) as database:
        query = "select id, latest_result_id from scans where latest_result_id is not null"
        return dict(database.execute(query).fetchall())


def _queue(house: House, token: str) -> str:
    answer = requests.post(
        f"{house.url}/api/v1/scans",
        params={"name": "last.nii"},
        data=numbered((house.folder / "head.nii").read_bytes(), 700_000_000),
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
    )
    if answer.status_code != 201:
        return f"{answer.status_code} {answer.text[:300]} Retry-After {answer.headers.get('Retry-After')}"
    return json.dumps([scan["queue"] for scan in answer.json()["scans"]])


def _told_of_pages(folder: Path) -> list[str]:
    rows: list[dict[str, Any]] = list(csv.DictReader((folder / "load_stats.csv").open()))
    wrong = []
    print(f"{'what':64} {'n':>6} {'failed':>6} {'p50':>6} {'p95':>6} {'p99':>6}  ms")
    for row in sorted(rows, key=lambda each: (each["Type"] != "PAGE", -float(each["95%"] or 0))):
        n, failed = int(row["Request Count"]), int(row["Failure Count"])
        if not row["Name"] or not n:
            continue
        what = f"{row['Type']} {row['Name']}"[:64]
        print(f"{what:64} {n:>6} {failed:>6} {row['50%']:>6} {row['95%']:>6} {row['99%']:>6}")
        if row["Type"] == "PAGE" and float(row["95%"]) > LIMIT_MS:
            wrong.append(f"p95 of {row['Name']} is {row['95%']} ms")
    failures = list(csv.DictReader((folder / "load_failures.csv").open()))
    for failure in failures:
        print(f"FAILED {failure['Occurrences']} x {failure['Name']}: {failure['Error'][:160]}")
    if servers := [each for each in failures if re.search(r"\b5\d\d\b", each["Error"])]:
        wrong.append(f"{sum(int(each['Occurrences']) for each in servers)} answers of 500 and above")
    return wrong


def _told_of_memory(before: float, seen: list[tuple[float, float]]) -> list[str]:
    third = len(seen) // 3
    warm, end = seen[third : third + 3], seen[-3:]
    warm_mib, end_mib = (sum(mib for _, mib in part) / max(1, len(part)) for part in (warm, end))
    print(f"memory: {before:.0f} MiB at the start, {warm_mib:.0f} after a third, {end_mib:.0f} at the end")
    return [f"memory grew from {warm_mib:.0f} to {end_mib:.0f} MiB"] if end_mib > 1.1 * warm_mib + 50 else []


def main() -> int:
    """Returns 1 where something is not as it is promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--past", type=int, default=2000, help="scans of the years before")
    parser.add_argument("--senders", type=int, default=4, help="programs that send without a pause")
    parser.add_argument("--folder", type=Path, help="a folder that is kept")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="lightbox-load-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"in {folder}", flush=True)
    wrong = run(folder, asked.seconds, asked.past, asked.senders)
    for each in wrong:
        print(f"WRONG {each}")
    if not asked.folder and not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
