"""A real Chromium on a real server. Every test ends with an empty console and no request elsewhere."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, Playwright, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from dashboard.build import build_dashboard
from dashboard.vendor import missing_vendor_files
from data.records import Role, Scan
from tests.dashboard.clinic import PASSWORD, Clinic

# The shell without windows comes first: it draws the same pages with a third less of the processor.
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)  # its own 5 s are too few on a busy machine

STILL = """
element => new Promise(done => {
  let before = "";
  const look = () => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const now = [x, y, width, height].join();
    if (now === before) done();
    else requestAnimationFrame(() => requestAnimationFrame(look));
    before = now;
  };
  look();
})
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A tab that closes while it is being answered leaves the socket to the garbage collector.
    ignored = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(ignored)


class Quiet(WSGIRequestHandler):
    """Serves without a line for every request."""

    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: Flask, port: int = 0) -> Iterator[str]:
    """Serve `app` on a port of this machine, a free one without; yields its address."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    if missing_vendor_files():
        pytest.skip("the browser's files are missing: npm ci && python -m dashboard.vendor")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    for role in Role:
        clinic.person(role)
    yield clinic
    clinic.close()


@pytest.fixture
def read(clinic: Clinic) -> Scan:
    """A scan that was read, with two lesions."""
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, lesions=2)
    return scan


@pytest.fixture
def live_server(clinic: Clinic) -> Iterator[str]:
    """The address of a server over the test's clinic."""
    with serving(build_dashboard(clinic.services, secret_key="k" * 32).server) as address:
        yield address


def click_mark(mark: Locator) -> None:
    """Click a bar or point of a chart, as soon as Plotly has moved it to its place."""
    expect(mark).to_be_attached()
    mark.evaluate(STILL)
    mark.click(force=True)


def unfold(page: Page, heading: str) -> None:
    """Open a folded part of a page, or fold it."""
    page.locator("summary").filter(has=page.get_by_role("heading", name=heading, exact=True)).click()


def until(page: Page, expression: str) -> None:
    """Wait for an expression to hold; Playwright's own waiting needs an eval, which our pages forbid."""
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")


@dataclass
class Visit:
    """A tab, and what its console said."""

    page: Page
    address: str
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def sign_in(self, role: Role = Role.CLINICIAN, path: str = "/") -> Page:
        """Sign in as a role and go to `path`."""
        self.page.goto(f"{self.address}/login?next={path}")
        self.page.fill("#name", role.value)
        self.page.fill("#password", PASSWORD)
        self.page.click("button:has-text('Sign in')")
        self.page.wait_for_selector(".lb-page > *")
        return self.page

    def watch(self) -> None:
        """Note console messages, errors and requests that leave the server."""
        self.page.on("console", lambda message: self._hear(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        self.page.on("request", lambda request: self._note(request.url))

    def _hear(self, line: str) -> None:
        # A test types faster than a person: the field has the focus before the page gives it.
        if "Autofocus processing was blocked" not in line:
            self.console.append(line)

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(url)


@pytest.fixture
def open_tab(browser: Browser, live_server: str) -> Iterator[Callable[..., Visit]]:
    """Opens tabs of one size; at the end their consoles must be empty."""
    with tabs_at(live_server, browser) as opened:
        yield opened


@contextmanager
def tabs_at(address: str, browser: Browser, patience_ms: int = PATIENCE_MS) -> Iterator[Callable[..., Visit]]:
    """What opens tabs at a server; at the end their consoles must be empty."""
    visits: list[Visit] = []

    def opened(width: int = 1440, height: int = 900) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(patience_ms)
        visit = Visit(context.new_page(), address)
        visit.watch()
        visits.append(visit)
        return visit

    yield opened
    for visit in visits:
        visit.page.context.close()
        assert visit.console == []
        assert visit.elsewhere == []
