"""People who read with Lightbox, and programs that send: run by locust, by `tests.load`.

A page is timed as a person waits for it: its own request, and then whatever it asks for, six at a time as
browsers do. A person's browser keeps what it was told to keep, or asks whether what it has is still so. While
a page stands open it looks every two seconds whether anything has changed, and then asks for the rows, or the
scan, again.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gevent
from gevent.pool import Pool
from locust import HttpUser, between, constant, events, task

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # locust knows this file alone
from tests.load.volumes import numbered

PAGES = json.loads(Path(os.environ["LOAD_PAGES"]).read_text())
SCANS = json.loads(Path(os.environ["LOAD_SCANS"]).read_text())
TOKENS = json.loads(Path(os.environ["LOAD_TOKENS"]).read_text())
HEAD = Path(os.environ["LOAD_HEAD"]).read_bytes()
PASSWORD = os.environ["LOAD_PASSWORD"]
AT_A_TIME = 6
LOOKS_EVERY_S, REST_TIMES, MOST_REST_S = 2, 20, 30  # dashboard/assets/live.js, base.js
ANEW, OPENED_ANEW = (
    ", anew",
    0.25,
)  # so many pages are opened by their address: links within load no page anew
ROWS = "..worklist-grid.getRowsResponse"
PANELS = "..scan-title.children"
WORDS = "worklist-words.data"
SEEN = "worklist-seen"
_MAX_AGE = re.compile(r"max-age=(\d+)")
_SCANS = re.compile(r'"scan_id":\s*"([0-9a-f]{32})"')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_doctors = count()
_volumes = count(1)


class Clinician(HttpUser):
    """Looks at lists, opens scans, reviews, sends one now and then."""

    wait_time = between(6, 24)
    weight = 50

    def on_start(self) -> None:
        self.name = f"doctor{next(_doctors) % 50}"
        self._kept: dict[str, float] = {}  # until when, by address
        self._tags: dict[str, str] = {}
        self._opened = 0
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
        page = name + ANEW if name + ANEW in PAGES and random.random() < OPENED_ANEW else name
        asked = [_with(request, other or {}) for request in PAGES[page]]
        self._opened += 1
        begun = time.monotonic()
        thumbnails = [request for request in asked if request["path"].endswith("/thumbnail.png")]
        first, *rest = [request for request in asked if request not in thumbnails]
        answer = self._ask(first, page)
        if _output(first) == WORDS and answer is not None and answer.ok:
            sealed = quote(answer.json()["response"]["worklist-words"]["data"]["sealed"])
            rest = [_sealed(request, sealed) for request in rest]
        self._ask_all(rest, page, len(thumbnails))
        events.request.fire(
            request_type="PAGE",
            name=page,
            response_time=1000 * (time.monotonic() - begun),
            response_length=0,
            exception=None,
            context={},
        )
        scan = next(iter(re.findall(r"/scans/([0-9a-f]{32})", " ".join(each["path"] for each in rest))), "")
        gevent.spawn(self._look, self._opened, rest, scan, len(thumbnails))

    def _ask_all(self, requests: list[dict[str, str]], page: str, shown: int) -> None:
        """Six at a time; of the rows that come, the pictures of so many as are seen."""
        pool, rows = Pool(AT_A_TIME), []

        def ask(request: dict[str, str]) -> None:
            answer = self._ask(request, page)
            if _output(request).startswith(ROWS) and answer is not None:
                rows.extend(_SCANS.findall(answer.text)[:shown])

        for request in requests:
            pool.spawn(ask, request)
        pool.join()
        for scan in dict.fromkeys(rows):
            pool.spawn(
                self._ask, {"method": "GET", "path": f"/scans/{scan}/thumbnail.png", "body": None}, page
            )
        pool.join()

    def _look(self, opened: int, requests: list[dict[str, str]], scan: str, shown: int) -> None:
        """Look for changes as an open page does, until another one is opened."""
        again = [_again(each) for each in requests if _output(each).startswith((ROWS, PANELS))]
        if not again:
            return
        path, seen = (f"/scans/{scan}/state" if scan else "/changes"), None
        rest, rows_s = LOOKS_EVERY_S, 0.0
        while True:
            time.sleep(rest)
            if self._opened != opened:
                return
            began = time.monotonic()
            answer = self._ask({"method": "GET", "path": path, "body": None}, "open")
            look_s, beside_s = time.monotonic() - began, 0.0
            changed = answer is not None and answer.ok and seen not in (None, answer.text)
            if changed:
                beside_s, began = (0.0 if scan else rows_s), time.monotonic()
                self._ask_all(again, "open", shown)
                rows_s = time.monotonic() - began
            if answer is not None and answer.ok:
                seen = answer.text
            rest = max(LOOKS_EVERY_S, min(MOST_REST_S, REST_TIMES * (look_s + beside_s)))
            if changed:  # a browser rests while the rows come
                rest = max(0.0, rest - rows_s)

    def _ask(self, request: dict[str, str], page: str) -> Any:
        """The answer; None for what the browser has."""
        path, now = request["path"], time.monotonic()
        if self._kept.get(path, 0) > now:
            return None
        label = re.sub(r"[0-9a-f]{32}", "ID", path.partition("?")[0])
        if label == "/_dash-update-component":
            label = f"callback {_output(request)[:60]}"
        headers = self._csrf() | ({"Content-Type": "application/json"} if request["body"] else {})
        if path in self._tags:
            headers["If-None-Match"] = self._tags[path]
        answer = self.client.request(
            request["method"], path, data=request["body"], headers=headers, name=f"{page}: {label}"
        )
        if request["method"] == "GET" and answer.status_code == 200:
            age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
            if age and int(age[1]):
                self._kept[path] = now + int(age[1])
            elif age and "ETag" in answer.headers:
                self._tags[path] = answer.headers["ETag"]
        return answer

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
        params={"name": "load.nii"},
        data=numbered(HEAD, next(_volumes) + random.randrange(1 << 20) * 1000),
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


def _output(request: dict[str, str]) -> str:
    return json.loads(request["body"])["output"] if "_dash-update" in request["path"] else ""


def _again(request: dict[str, str]) -> dict[str, str]:
    """The request as a page makes it that has had its first rows: it knows which changes these show."""
    body = json.loads(request["body"])
    for each in body.get("state", ()):
        if each["id"] == SEEN:
            each["value"] = "the changes before"
    return request | {"body": json.dumps(body)}


def _sealed(request: dict[str, str], sealed: str) -> dict[str, str]:
    """The request with the words as they were sealed for this person, in the address that it tells of."""
    return request | {"body": re.sub(r'words=[^&"\\\\]+', f"words={sealed}", request["body"] or "") or None}


def _with(request: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    changed = dict(request)
    for before, after in other.items():
        changed["path"] = changed["path"].replace(before, after)
        if changed["body"]:
            changed["body"] = changed["body"].replace(before, after)
    return changed
