"""The viewer with and without WebGL: slices are the same to the pixel, 3-D is there or says why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from dashboard.vendor import LAZY_FILES, VENDOR
from tests.browser.conftest import CHROMIUM, PATIENCE_MS, Visit, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.skipif(
        not all((VENDOR / name).is_file() for name in LAZY_FILES.values()),
        reason="NiiVue is missing: npm ci && python -m dashboard.vendor",
    ),
]

PLAIN = ["--no-sandbox", "--disable-dev-shm-usage"]
WITH_WEBGL = [
    *PLAIN, "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
]  # fmt: skip
WITHOUT_WEBGL = [*PLAIN, "--disable-gpu", "--disable-3d-apis"]
DRIVERS_WORDS = "GL Driver Message"  # SwiftShader on how fast it is
# The slice as it is before it is scaled to the screen, which each way of drawing smooths in its own way.
SEEN = """
[...document.querySelectorAll('.lb-pane')].map(({ pane }) => [...pane.picture.pixels].join()).join()
  + [...lightbox.viewer.current().masks.values()].map((mask) => [...mask].join()).join()
"""


@contextmanager
def opened(starter: BrowserType, arguments: list[str], address: str, scan_id: str) -> Iterator[Page]:
    """The scan's page in a browser started with these arguments; its console is empty at the end."""
    browser = starter.launch(executable_path=CHROMIUM, args=arguments)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), address)
    visit.watch()
    page = visit.sign_in(path=f"/scans/{scan_id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete && lightbox.viewer.current().masks.has('ai')")
    yield page
    browser.close()
    assert [line for line in visit.console if DRIVERS_WORDS not in line] == []
    assert visit.elsewhere == []


@pytest.fixture
def starter(browser: Browser) -> BrowserType:
    """What starts browsers: a thread has room for one Playwright, and the session's runs already."""
    return browser.browser_type


def test_slices_are_the_same_with_and_without_webgl(starter, live_server, read) -> None:
    seen = []
    for arguments in (WITH_WEBGL, WITHOUT_WEBGL):
        with opened(starter, arguments, live_server, read.id) as page:
            page.keyboard.press("4")
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            seen.append(hashlib.sha256(page.evaluate(SEEN).encode()).hexdigest())
    assert seen[0] == seen[1]


def test_three_dimensions_are_fetched_when_they_are_opened_and_let_go(starter, live_server, read) -> None:
    with opened(starter, WITH_WEBGL, live_server, read.id) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        assert page.evaluate("typeof niivue") == "undefined"
        page.get_by_role("button", name="3-D").click()
        page.wait_for_selector("#viewer-stage[data-rendered='2']")  # the scan and the mask
        assert [url for url in asked if "niivue" in url]
        expect(page.locator(".lb-place")).to_contain_text("3-D · drag turns")
        colours = page.evaluate("""
            new Promise((done) => requestAnimationFrame(() => {
              const scene = document.querySelector('.lb-rendering');
              const copy = document.createElement('canvas');
              Object.assign(copy, { width: scene.width, height: scene.height });
              lightbox.shownViewer().rendering.nv.drawScene();
              copy.getContext('2d').drawImage(scene, 0, 0);
              const { data } = copy.getContext('2d').getImageData(0, 0, copy.width, copy.height);
              let [grey, red] = [0, 0];
              for (let at = 0; at < data.length; at += 4) {
                if (data[at] > 60 && Math.abs(data[at] - data[at + 1]) < 6) grey++;
                if (data[at] > data[at + 1] + 40 && Math.abs(data[at + 1] - data[at + 2]) < 12) red++;
              }
              done([grey, red]);
            }))
        """)
        assert min(colours) > 500, colours
        page.keyboard.press("1")
        page.keyboard.press("End")
        page.wait_for_selector("#viewer-stage[data-shown='23']")
        assert page.evaluate("lightbox.shownViewer().rendering") is None


def test_without_webgl_three_dimensions_say_why_they_are_absent(starter, live_server, read) -> None:
    with opened(starter, WITHOUT_WEBGL, live_server, read.id) as page:
        assert page.evaluate("lightbox.rendering.supported()") is False
        choice = page.get_by_role("button", name="3-D")
        expect(choice).to_have_attribute("aria-disabled", "true")
        choice.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".lb-viewer-message")).to_contain_text("3-D needs WebGL 2")
        page.keyboard.press("End")
        page.wait_for_selector("#viewer-stage[data-shown='23']")
