"""People who read with Lightbox, and programs that send: run by locust, by `tests.load`.

A page is timed as a person waits for it: its own request, and then whatever it asks for, six at a time as
browsers do.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import struct
import time
from itertools import count
from pathlib import Path

from gevent.pool import Pool
from locust import HttpUser, between, constant, events, task

PAGES = json.loads(Path(os.environ["LOAD_PAGES"]).read_text())
SCANS = json.loads(Path(os.environ["LOAD_SCANS"]).read_text())
TOKENS = json.loads(Path(os.environ["LOAD_TOKENS"]).read_text())
PASSWORD = os.environ["LOAD_PASSWORD"]
AT_A_TIME = 6
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_doctors = count()
_volumes = count(1)


class Clinician(HttpUser):
    """Looks at lists, opens scans, reviews, sends one now and then."""

    wait_time = between(6, 24)
    weight = 50

    def on_start(self) -> None:
        self.name = f"doctor{next(_doctors) % 50}"
        time.sleep(random.uniform(0, 20))
        page = self.client.get("/login", name="/login").text
        form = {"csrf_token": _TOKEN.search(page)[1], "name": self.name, "password": PASSWORD, "next": "/"}
        headers = {"Referer": self.host}
        self.client.post("/login", data=form, headers=headers, name="sign in", allow_redirects=False)

    @task(8)
    def worklist(self) -> None:
        self._open("worklist")

    @task(5)
    def filtered(self) -> None:
        self._open("worklist, filtered")

    @task(4)
    def search(self) -> None:
        self._open("worklist, search")

    @task(10)
    def scan(self) -> None:
        before, after = SCANS["recorded"], random.choice(SCANS["read"])
        results = SCANS["results"]
        self._open("scan", {before: after, results[before]: results[after]})

    @task(3)
    def patient(self) -> None:
        self._open("patient")

    @task(2)
    def performance(self) -> None:
        self._open("performance")

    @task(2)
    def cohort(self) -> None:
        self._open("cohort")

    @task(4)
    def correct(self) -> None:
        scan = random.choice(SCANS["read"])
        told = self.client.get(f"/api/v1/scans/{scan}", headers=self._bearer(), name="API: a scan")
        if told.status_code != 200 or not told.json()["result"]:
            return
        described = told.json()
        slices, rows, columns = SCANS["shape"]
        mask = bytearray(slices * rows * columns)
        for row in range(random.randrange(2, 12), 20):
            at = rows * columns + row * columns
            mask[at + 8 : at + 20] = b"\1" * 12
        current = described["current_review"]
        form = {"result": described["result"]["id"], "parent": current["id"] if current else "",
                "comment": "", "minutes": "1"}  # fmt: skip
        with self.client.post(
            f"/scans/{scan}/drawing",
            data=form,
            files={"mask": ("mask.gz", gzip.compress(bytes(mask)))},
            headers=self._csrf(),
            name="correct",
            catch_response=True,
        ) as answer:
            if answer.status_code in (200, 400, 409):  # somebody was faster, or it is the same mask
                answer.success()

    @task(1)
    def upload(self) -> None:
        send(self, "send one")

    def _open(self, name: str, other: dict[str, str] | None = None) -> None:
        asked = PAGES[name]
        begun = time.monotonic()
        first, *rest = [_with(request, other or {}) for request in asked]
        self._ask(first, name)
        pool = Pool(AT_A_TIME)
        for request in rest:
            pool.spawn(self._ask, request, name)
        pool.join()
        events.request.fire(
            request_type="PAGE",
            name=name,
            response_time=1000 * (time.monotonic() - begun),
            response_length=0,
            exception=None,
            context={},
        )

    def _ask(self, request: dict[str, str], page: str) -> None:
        kind = re.sub(r"[0-9a-f]{32}", "ID", request["path"].partition("?")[0])
        label = kind
        if kind == "/_dash-update-component":
            label = f"callback {json.loads(request['body'])['output'][:60]}"
        headers = self._csrf() | ({"Content-Type": "application/json"} if request["body"] else {})
        self.client.request(
            request["method"], request["path"], data=request["body"], headers=headers, name=f"{page}: {label}"
        )

    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self.client.cookies.get("lightbox_csrf", ""), "Referer": self.host}

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKENS[self.name]}"}


class Sender(HttpUser):
    """A program that sends as much as is taken: the device never rests."""

    wait_time = constant(0)
    fixed_count = int(os.environ.get("LOAD_SENDERS", "4"))

    def on_start(self) -> None:
        self.name = "ada"

    @task
    def send(self) -> None:
        wait_s = send(self, "send by program")
        if wait_s:
            time.sleep(wait_s)


def send(user: HttpUser, label: str) -> int:
    """Send a volume; seconds to wait where that was asked for."""
    with user.client.post(
        "/api/v1/scans",
        params={"name": "load.nii.gz"},
        data=volume(next(_volumes) + random.randrange(1 << 20) * 1000, SCANS["shape"]),
        headers={"Authorization": f"Bearer {TOKENS[user.name]}"},
        name=label,
        catch_response=True,
    ) as answer:
        if answer.status_code == 503 and answer.headers.get("Retry-After", "").isdigit():
            answer.success()  # told to come back, and when
            events.request.fire(
                request_type="BUSY", name=answer.json()["error"]["message"][:120], response_time=0,
                response_length=0, exception=None, context={},
            )  # fmt: skip
            return int(answer.headers["Retry-After"])
    return 0


def volume(number: int, shape: list[int]) -> bytes:
    """A NIfTI-1 file with a bright square, another one for each number; (slices, rows, columns)."""
    slices, rows, columns = shape
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, columns, rows, slices, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 4, 16)  # int16
    struct.pack_into("<8f", header, 76, 1, 1, 1, 5, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<hh", header, 252, 0, 1)  # sform
    struct.pack_into("<12f", header, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 0)
    header[344:348] = b"n+1\0"
    voxels = bytearray(struct.pack("<h", 100) * (slices * rows * columns))
    for at in range(slices):
        for row in range(8, 20):
            start = 2 * (at * rows * columns + row * columns + 8)
            voxels[start : start + 24] = struct.pack("<h", 900) * 12
    struct.pack_into("<hh", voxels, 0, number % 30_000, number // 30_000 % 30_000)
    return gzip.compress(bytes(header) + bytes(voxels), compresslevel=1, mtime=0)


def _with(request: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    changed = dict(request)
    for before, after in other.items():
        changed["path"] = changed["path"].replace(before, after)
        if changed["body"]:
            changed["body"] = changed["body"].replace(before, after)
    return changed
