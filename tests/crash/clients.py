"""People and programs that use a server which may be gone at any moment, and note what they were told."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import requests

from tests.crash.kept import Acknowledged
from tests.dashboard.clinic import PASSWORD

_SHAPE = (32, 32, 3)
_CHUNK = 4096
_TUS = {"Tus-Resumable": "1.0.0"}


def volume(number: int) -> bytes:
    """A small volume with a bright square, and another one for each number."""
    array = np.full(_SHAPE, 100, np.int16)
    array[8:20, 8:20, 1] = 900
    array[0, 0, 0] = number % 30_000
    array[0, 1, 0] = number // 30_000
    return gzip.compress(nib.Nifti1Image(array, np.diag([1.0, 1.0, 5.0, 1.0])).to_bytes(), mtime=0)


class Clients:
    """Threads that go on until they are stopped; a request that fails is no acknowledgement."""

    def __init__(self, url: str, tokens: dict[str, str], told: Acknowledged, seed: int, folder: Path) -> None:
        self._url, self._tokens, self._told = url, tokens, told
        self._rng, self._folder = random.Random(seed), folder
        self._number = seed % 1_000_000 * 1000
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self.unexpected: list[str] = []

    def run(self) -> list[threading.Thread]:
        """Start them all."""
        acts: list[Callable[[], None]] = [self.send, self._send_in_pieces, self._correct, self._report]
        threads = [threading.Thread(target=self._again, args=(act,), daemon=True) for act in acts]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        self._stopping.set()

    def _again(self, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                act()
            except (requests.RequestException, KeyError, AttributeError):
                time.sleep(0.05)

    def next_number(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def _bearer(self, name: str = "ada") -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[name]}"}

    def send(self) -> None:
        """Send a scan by the API."""
        name = f"api-{self.next_number()}.nii.gz"
        answer = requests.post(
            f"{self._url}/api/v1/scans",
            params={"name": name},
            data=volume(self._number),
            headers=self._bearer(),
            timeout=60,
        )
        if answer.status_code == 201:
            for scan in answer.json()["scans"]:
                self._told.uploads[scan["id"]] = name
        elif answer.status_code not in (503, 429):
            self.unexpected.append(f"upload: {answer.status_code} {answer.text[:200]}")
        time.sleep(0.1)

    def _session(self) -> requests.Session:
        session = requests.Session()
        page = session.get(f"{self._url}/login", timeout=30).text
        form = {"csrf_token": _token(page), "name": "ada", "password": PASSWORD, "next": "/"}
        session.post(f"{self._url}/login", data=form, headers={"Referer": self._url}, timeout=30)
        session.headers["X-CSRFToken"] = _token(session.get(f"{self._url}/account", timeout=30).text)
        return session

    def _send_in_pieces(self) -> None:
        session = self._session()
        for _ in range(20):
            if self._stopping.is_set():
                return
            content, name = volume(self.next_number()), f"tus-{self._number}.nii.gz"
            said = f"filename {base64.b64encode(name.encode()).decode()}"
            head = _TUS | {"Upload-Length": str(len(content)), "Upload-Metadata": said}
            made = session.post(f"{self._url}/uploads", headers=head, timeout=30)
            if made.status_code != 201:
                return
            place, at = made.headers["Location"], 0
            while at < len(content):
                piece = content[at : at + _CHUNK]
                head = _TUS | {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
                sent = session.patch(f"{self._url}{place}", data=piece, headers=head, timeout=30)
                sent.raise_for_status()
                at = int(sent.headers["Upload-Offset"])
            self._told.resumable[place.rsplit("/", 1)[1]] = name
            time.sleep(0.1)

    def _correct(self) -> None:
        scans = list(self._told.uploads)
        if not scans:
            time.sleep(0.1)
            return
        session = self._session()
        for _ in range(20):
            if self._stopping.is_set():
                return
            scan = self._rng.choice(list(self._told.uploads))
            told = session_scan = requests.get(
                f"{self._url}/api/v1/scans/{scan}", headers=self._bearer(), timeout=30
            )
            if told.status_code != 200 or not session_scan.json()["result"]:
                time.sleep(0.1)
                continue
            described = told.json()
            mask = np.zeros((3, 32, 32), np.uint8)
            mask[1, self._rng.randrange(2, 16) : 20, 8:20] = 1
            current = described["current_review"]
            form = {
                "result": described["result"]["id"],
                "parent": current["id"] if current else "",
                "comment": "",
                "minutes": "1",
            }
            files = {"mask": ("mask.gz", gzip.compress(mask.tobytes()))}
            answer = session.post(f"{self._url}/scans/{scan}/drawing", data=form, files=files, timeout=30)
            if answer.status_code == 200:
                self._told.corrections[answer.json()["review"]] = scan
            elif answer.status_code not in (400, 409, 401, 403, 503):
                self.unexpected.append(f"correction: {answer.status_code} {answer.text[:200]}")
            time.sleep(0.1)

    def _report(self) -> None:
        asked = requests.post(
            f"{self._url}/api/v1/reports", json={"kind": "cohort"}, headers=self._bearer("eve"), timeout=30
        )
        if asked.status_code in (200, 201, 202):
            self._told.reports.add(asked.json()["id"])
        elif asked.status_code not in (503, 400, 409):
            self.unexpected.append(f"report: {asked.status_code} {asked.text[:200]}")
        self._stopping.wait(3)


def _token(page: str) -> str:
    matched = re.search(r'name="csrf_token" value="([^"]+)"', page)
    if matched is None:
        raise KeyError("no form")
    return matched[1]


def promotions_in(file: Path) -> dict[str, str]:
    """What the promoting thread was answered."""
    lines = file.read_text().splitlines() if file.exists() else []
    told = [json.loads(line) for line in lines]
    return {line["promotion"]: line["state"] for line in told if "promotion" in line}
