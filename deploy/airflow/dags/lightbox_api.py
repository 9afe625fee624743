"""Lightbox's API, asked by a task. The connection `lightbox` has its address as host, a token as password."""

from __future__ import annotations

import time
from typing import Any, Self
from urllib.parse import quote

import httpx
from airflow.sdk import Connection

CONNECTION = "lightbox"
PATIENCE_S = 600.0
LATER = (429, 503, 507)  # with Retry-After: send the same again
REFUSED = 422
_READ_WITHIN_S = 50
_USUAL_PAUSE_S = 5.0


class LightboxApi:
    """Requests that come back when `Retry-After` says, for ten minutes at most."""

    def __init__(self) -> None:
        connection = Connection.get(CONNECTION)
        self._client = httpx.Client(
            base_url=f"{(connection.host or '').rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {connection.password}"},
            timeout=httpx.Timeout(_READ_WITHIN_S + 40),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, name: str, content: bytes) -> dict[str, Any]:
        """Send a file: `scans` and `refusals`. The same bytes once more are the same scans."""
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        return self._answer("POST", "/scans", content=content, headers={"Content-Disposition": disposition})

    def read_scan(self, scan_id: str) -> dict[str, Any]:
        """A scan, once it waits no more; raises TimeoutError after an hour."""
        until = time.monotonic() + 6 * PATIENCE_S
        while time.monotonic() < until:
            scan = self._answer("GET", f"/scans/{scan_id}", params={"wait": str(_READ_WITHIN_S)})
            if scan["status"] not in ("waiting", "reading"):
                return scan
            time.sleep(1)
        raise TimeoutError(f"scan {scan_id} is not read yet")

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """What an address answers."""
        return self._answer("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for something."""
        return self._answer("POST", path, json=body)

    def _answer(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self._client.request(method, path, **request)
            if answer.status_code not in LATER or time.monotonic() > until:
                break
            time.sleep(float(answer.headers.get("Retry-After", _USUAL_PAUSE_S)))
        if answer.status_code != REFUSED and answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        content: dict[str, Any] = answer.json()
        return content
