"""How fast the viewer is in a browser: the first picture, and slices a second, with and without WebGL.

Printed, never asserted: the seconds are this machine's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from dashboard.build import build_dashboard
from data.records import Role, Scan
from tests.browser.conftest import CHROMIUM, PATIENCE_MS, Visit, serving, until
from tests.browser.test_viewer_graphics import WITH_WEBGL, WITHOUT_WEBGL
from tests.dashboard.clinic import Clinic

pytestmark = [pytest.mark.bench, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

SHAPE = (150, 256, 256)
SLICES = 100
SHOWN = "#viewer-stage[data-shown]"
FRAMES = """
(async (layout) => {
  const viewer = lightbox.shownViewer();
  viewer.setLayout(layout);
  viewer.goTo(10);
  const started = performance.now();
  for (let step = 0; step < SLICES; step++) {
    viewer.step(1);
    await new Promise(requestAnimationFrame);
  }
  return SLICES / ((performance.now() - started) / 1000);
})
""".replace("SLICES", str(SLICES))
DRAWN = """
(async () => {
  const viewer = lightbox.shownViewer();
  viewer.setLayout('single');
  const [pane] = viewer.panes;
  const started = performance.now();
  for (let step = 0; step < SLICES; step++) {
    viewer.cross = [20 + step, 128, 128];
    pane.draw();
  }
  pane.canvas.getContext('2d').getImageData(0, 0, 1, 1);
  return (performance.now() - started) / SLICES;
})()
""".replace("SLICES", str(SLICES))


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    clinic.person(Role.CLINICIAN)
    yield clinic
    clinic.close()


@pytest.fixture
def scans(clinic: Clinic) -> list[Scan]:
    """The same volume three times: one to warm the server and the browser with."""
    scans = [clinic.add_volume("u", shape=SHAPE) for _ in range(3)]
    for scan in scans:
        clinic.read_volume(scan)
    return scans


@pytest.mark.parametrize(
    ("name", "arguments"), [("with WebGL", WITH_WEBGL), ("without WebGL", WITHOUT_WEBGL)]
)
def test_the_first_picture_and_the_next(
    clinic: Clinic, scans: list[Scan], name: str, arguments: list[str]
) -> None:
    app = build_dashboard(clinic.services, secret_key="k" * 32).server
    with serving(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(3 * PATIENCE_MS)
        page = Visit(context.new_page(), address).sign_in(path=f"/scans/{scans[0].id}")
        page.wait_for_selector(SHOWN)
        opened = _first_picture(page, f"{address}/scans/{scans[1].id}")
        page.goto(f"{address}/worklist")
        clicked = _after_a_click(page, scans[2].id)
        until(page, "lightbox.viewer.current().volume.complete")
        frames = {layout: page.evaluate(FRAMES, layout) for layout in ("single", "three")}
        drawn = page.evaluate(DRAWN)
        browser.close()
    print(
        f"\n{name}: first picture of {SHAPE[1]} x {SHAPE[2]} x {SHAPE[0]} after {clicked:.2f} s from "
        f"the worklist and {opened:.2f} s from an address, "
        f"{frames['single']:.0f} slices/s in one plane, {frames['three']:.0f} in three, {drawn:.1f} ms each"
    )


def _after_a_click(page: Page, scan_id: str) -> float:
    """Seconds from a click in the worklist to the picture."""
    link = page.locator(f"a[href='/scans/{scan_id}']").first
    link.wait_for()
    started = time.perf_counter()
    link.click()
    page.wait_for_selector(SHOWN)
    return time.perf_counter() - started


def _first_picture(page: Page, address: str) -> float:
    """Seconds from the address to the picture, the page's own scripts being in the browser's memory."""
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(SHOWN)
    return time.perf_counter() - started
