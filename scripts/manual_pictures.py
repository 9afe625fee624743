"""The pictures of the manuals, taken of a demonstration in headless Chromium: `make manual-pictures`.

`python scripts/manual_pictures.py [HOME]` takes them of a home folder that holds a demonstration already;
without one it makes a house of its own, which takes half an hour on two cores.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1120, "height": 700}  # of the window, in CSS pixels
QUALITY = 78  # of WebP: text stays sharp, a picture stays below 100 kB
START_S = 300
SETTLE_MS = 2500  # charts and slices are drawn after the page
_ONE_TIME = re.compile(r"one-time password (\S+)")


def main(home: Path | None) -> None:
    """Take all pictures. Raises RuntimeError where the server does not come up."""
    with _house(home) as house, _serving(house) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for role, pictures in PAGES.items():
            page = _signed_in(browser, address, house, role)
            for name, path, prepare in pictures:
                page.goto(f"{address}{path}")
                page.wait_for_selector(".lb-page > *")
                page.wait_for_timeout(SETTLE_MS)
                prepare(page)
                _keep(page, name)
        browser.close()


def _as_it_is(_: Page) -> None:
    """The page as it opens."""


def _first_found(page: Page) -> None:
    page.locator(".ag-center-cols-container .ag-row").first.click()
    page.wait_for_selector("canvas")
    page.wait_for_timeout(2 * SETTLE_MS)


NAMES = {"clinician": "Dr Ada Okafor", "head": "Prof. Lena Brandt", "mlops": "Sam Ortiz", "admin": "Jo Lind"}
PAGES: dict[str, tuple[tuple[str, str, Callable[[Page], None]], ...]] = {
    "clinician": (
        ("worklist", "/worklist", _as_it_is),
        ("scan", "/worklist?outcome=found&review=none", _first_found),
    ),
    "head": (("cohort", "/cohort", _as_it_is), ("performance", "/performance", _as_it_is)),
    "mlops": (("drift", "/drift", _as_it_is),),
}
"""By role: the picture's name, the page's address, and what is done there first."""


@contextmanager
def _house(home: Path | None) -> Iterator[Path]:
    if home is not None:
        yield home
        return
    with tempfile.TemporaryDirectory() as folder:
        _command(Path(folder), "demo")
        _command(Path(folder), "drift", "brain-tumour", "--last", "120", "--reference", "last-quarter")
        yield Path(folder)


def _command(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "app.py", *words],
        cwd=ROOT,
        env=os.environ | {"LIGHTBOX_HOME": str(home)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"LIGHTBOX_HOME": str(home), "LIGHTBOX_PORT": str(port)}
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            [sys.executable, "app.py", "serve"], cwd=ROOT, env=os.environ | settings, stdout=said, stderr=said
        )
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


def _ready(address: str) -> str:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return address
        except OSError:
            time.sleep(1)
    raise RuntimeError("The server did not come up.")


def _signed_in(browser: Browser, address: str, home: Path, role: str) -> Page:
    """A tab of a new account of this role."""
    name, password = f"{role}-{secrets.token_hex(3)}", secrets.token_urlsafe(18)
    shown = NAMES[role]
    said = _command(home, "users", "add", name, "--role", role, "--display-name", shown)
    given = _ONE_TIME.search(said)
    if given is None:
        raise RuntimeError(f"No one-time password for {name}.")
    page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
    page.goto(f"{address}/login")
    page.fill("#name", name)
    page.fill("#password", given[1])
    page.press("#password", "Enter")
    page.wait_for_selector("#old")
    for field, value in (("#old", given[1]), ("#new", password), ("#again", password)):
        page.fill(field, value)
    page.press("#again", "Enter")
    page.wait_for_selector(".lb-page > *")
    return page


def _keep(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    place = PICTURES / f"{name}.webp"
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(place, quality=QUALITY, method=6)
    print(f"{place.relative_to(ROOT)}  {place.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
