"""What a browser asks of each page, recorded once with a real one, so that load is what pages really need."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, sync_playwright

from tests.dashboard.clinic import PASSWORD

SETTLES_MS = 4000
# Kept by browsers or asked once in a while; the last two by `locustfile.Clinician`, again and again.
_NEVER_REPEATED = ("/assets/", "/_dash-component-suites/", "/session", "/changes")
_STATE = re.compile(r"/scans/[0-9a-f]{32}/state")
ANEW = ", anew"
"""Of a page that is opened by its address, as by a reload or a link in a mail; others are by a click."""
SEARCH = "worklist, search"
_ELSEWHERE = "/boards"  # where a click on a link to each page leads away from


def record(url: str, pages: dict[str, str], into: Path) -> dict[str, int]:
    """Open each page (its address by its name) as a clinician; how many requests each needs.

    Each is opened by its address and from within, and words are typed into the worklist's search.
    """
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
            recorded[name + ANEW] = _asked(page, url, partial(page.goto, url + address))
            page.goto(url + _ELSEWHERE)
            page.wait_for_timeout(SETTLES_MS)
            opened = partial(page.evaluate, "path => window.lightbox.openPage(path)", address)
            recorded[name] = _asked(page, url, opened)
        page.goto(f"{url}/worklist")
        page.wait_for_timeout(SETTLES_MS)
        recorded[SEARCH] = _asked(page, url, partial(page.fill, "#worklist-search", "known"))
        browser.close()
    into.write_text(json.dumps(recorded))
    return {name: len(requests) for name, requests in recorded.items()}


def _asked(page: Page, url: str, does: Callable[[], object]) -> list[dict[str, Any]]:
    """What the browser asks while somebody does something, until it settles."""
    asked: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        left_out = parts.path.startswith(_NEVER_REPEATED) or _STATE.fullmatch(parts.path)
        if not request.url.startswith(url) or left_out:
            return
        where = parts.path + (f"?{parts.query}" if parts.query else "")
        asked.append({"method": request.method, "path": where, "body": request.post_data})

    page.on("request", note)
    does()
    page.wait_for_timeout(SETTLES_MS)
    page.remove_listener("request", note)
    return asked
