"""What a browser asks of each page, recorded once with a real one, so that load is what pages really need."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, sync_playwright

from tests.dashboard.clinic import PASSWORD

SETTLES_MS = 4000
_NEVER_REPEATED = ("/assets/", "/_dash-component-suites/", "/session")  # kept by browsers, or once in a while


def record(url: str, pages: dict[str, str], into: Path) -> dict[str, int]:
    """Open each page (its address by its name) as a clinician; how many requests each needs."""
    recorded: dict[str, list[dict[str, Any]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"{url}/login")
        page.fill("#name", "ada")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        for name, address in pages.items():
            recorded[name] = _opened(page, url, address)
        browser.close()
    into.write_text(json.dumps(recorded))
    return {name: len(requests) for name, requests in recorded.items()}


def _opened(page: Page, url: str, address: str) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if not request.url.startswith(url) or parts.path.startswith(_NEVER_REPEATED):
            return
        where = parts.path + (f"?{parts.query}" if parts.query else "")
        asked.append({"method": request.method, "path": where, "body": request.post_data})

    page.on("request", note)
    page.goto(url + address)
    page.wait_for_timeout(SETTLES_MS)
    page.remove_listener("request", note)
    return asked
