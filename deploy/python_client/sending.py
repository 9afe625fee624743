"""What programs do most often with the API: send a file, wait for its result, come back when asked to."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from lightbox_client.api.scans import add_scan, scan
from lightbox_client.client import AuthenticatedClient
from lightbox_client.models import AddScanFilesBody, AllRefused, Error, Received, Scan, ScanStatus
from lightbox_client.types import File, Response

WAIT_S = 30.0
"""For so long the server is asked to wait with its answer; a client's timeout must be longer."""
PAUSE_S = 0.5
FIRST_REFUSAL = 400
LATER = frozenset({429, 503, 507})
_UNFINISHED = frozenset({ScanStatus.WAITING, ScanStatus.READING})
_Answer = TypeVar("_Answer")


class ApiError(Exception):
    """The server's refusal: `code` for programs, `message` for people, `retry_after_s` where it says when."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s


def checked(response: Response[Any], kind: type[_Answer]) -> _Answer:
    """Return what was answered, which is to be of this kind.

    Raises ApiError for a refusal of the server's, TypeError where the answer is of another kind.
    """
    answer = response.parsed
    if isinstance(answer, kind):
        return answer
    status, after = int(response.status_code), _retry_after_s(response)
    if isinstance(answer, Error | AllRefused):
        raise ApiError(status, answer.error.code, answer.error.message, after)
    if status >= FIRST_REFUSAL:
        raise ApiError(status, "not_lightbox", "Something between here and Lightbox answered instead.", after)
    raise TypeError(f"The answer is of the kind {type(answer).__name__}, not {kind.__name__}.")


def patiently(ask: Callable[[], Response[Any]], patience_s: float = 600) -> Response[Any]:
    """Ask, and ask again for at most `patience_s` seconds while the server says when to come back.

    Returns the last answer, whatever it is. `ask` must make its request anew each time.
    """
    until = time.monotonic() + patience_s
    while True:
        response = ask()
        after = _retry_after_s(response)
        if response.status_code not in LATER or after is None or time.monotonic() + after > until:
            return response
        time.sleep(after)


def send_file(
    client: AuthenticatedClient, path: Path, *, as_volume: bool = False, patience_s: float = 600
) -> Received:
    """Send a file and return what became of it, each scan as it is when it was read.

    `as_volume` says that the numbered pictures of a zip are the slices of one volume. Raises ApiError where
    all of it was refused, or where the server takes nothing now and `patience_s` seconds are not enough;
    TimeoutError where a scan is not read by then. What was sent is kept: the same file finds it again.
    """
    until = time.monotonic() + patience_s

    def send() -> Response[Any]:
        with path.open("rb") as content:
            body = AddScanFilesBody(File(content, path.name, "application/octet-stream"))
            return add_scan.sync_detailed(client=client, body=body, as_volume=as_volume)

    received = checked(patiently(send, patience_s), Received)
    read = [wait_until_read(client, sent.id, until - time.monotonic()) for sent in received.scans]
    return evolve(received, scans=read)


def wait_until_read(client: AuthenticatedClient, scan_id: str, patience_s: float = 600) -> Scan:
    """Return a scan as soon as it is read, or as its reading failed or was cancelled.

    Raises TimeoutError where that takes more than `patience_s` seconds, ApiError for what the server refuses.
    """
    until = time.monotonic() + patience_s
    while True:
        left = max(0.0, until - time.monotonic())
        ask = partial(scan.sync_detailed, scan_id, client=client, wait=min(WAIT_S, left))
        current = checked(patiently(ask, left), Scan)
        if current.status not in _UNFINISHED:
            return current
        if time.monotonic() + PAUSE_S > until:
            raise TimeoutError(f"Scan {scan_id} is not read yet.")
        time.sleep(PAUSE_S)


def _retry_after_s(response: Response[Any]) -> float | None:
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None
