"""Strokes on the viewer as a hand makes them, and what became of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from data.packing import unpacked
from data.records import Role, Scan
from services import keys
from tests.browser.conftest import Visit
from tests.dashboard.clinic import Clinic

Mask = NDArray[np.uint8]
Place = Sequence[float]

ON_SCREEN = """
([plane, voxel]) => {
  const element = [...document.querySelectorAll(".lb-pane")].find(({ pane }) => pane.plane === plane);
  const { left, top } = element.getBoundingClientRect();
  const [x, y] = element.pane.toCanvas(voxel);
  return [left + x, top + y];
}
"""
BYTES = """
() => {
  const voxels = lightbox.viewer.current().masks.get("drawn");
  let text = "";
  for (const voxel of voxels) text += String.fromCharCode(voxel);
  return btoa(text);
}
"""


DRAFTS = """
() => new Promise((done) => {
  const request = indexedDB.open("lightbox-drafts", 1);
  request.onsuccess = () => {
    const database = request.result;
    if (!database.objectStoreNames.length) return done([]);
    const all = database.transaction("drafts").objectStore("drafts").getAll();
    all.onsuccess = () => {
      database.close();
      done(all.result.map(({ comment, user, key }) => ({ comment, user, key })));
    };
  };
})
"""
HAS_A_DRAFT = f"({DRAFTS})().then((drafts) => drafts.length === 1)"


def opened(visit: Visit, scan: Scan, role: Role = Role.CLINICIAN) -> Page:
    page = visit.sign_in(role, f"/scans/{scan.id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    return page


def begun(page: Page, start: str = "ai") -> Page:
    page.locator("#editing-base").select_option(start)
    page.click("#editing-begin")
    expect(page.locator("#editing-work")).to_be_visible()
    return page


def tool(page: Page, name: str) -> None:
    page.click(f"#editing-{name}")
    expect(page.locator(f"#editing-{name}")).to_have_attribute("aria-pressed", "true")


def size(page: Page, diameter: float) -> None:
    page.locator("#editing-size").fill(str(diameter))
    expect(page.locator("#editing-size-value")).to_contain_text(f"{diameter:g} mm")


def go_to(page: Page, index: int) -> None:
    page.locator("#viewer-slice").fill(str(index))
    page.wait_for_selector(f"#viewer-stage[data-shown='{index}']")


def on_screen(page: Page, voxel: Place, plane: str = "axial") -> tuple[float, float]:
    x, y = page.evaluate(ON_SCREEN, [plane, list(voxel)])
    return x, y


def stroke(page: Page, *places: Place, plane: str = "axial") -> None:
    page.mouse.move(*on_screen(page, places[0], plane))
    page.mouse.down()
    for place in places:
        page.mouse.move(*on_screen(page, place, plane))
    page.mouse.up()


def finger(page: Page, *places: Place, plane: str = "axial") -> None:
    """A stroke by touch."""
    hand = page.context.new_cdp_session(page)
    hand.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    points = [dict(zip("xy", on_screen(page, place, plane), strict=True)) for place in places]
    hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points:
        hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    hand.detach()


def drawn(page: Page, scan: Scan) -> Mask:
    """The mask as it is in the page, (slices, rows, columns)."""
    raw = base64.b64decode(page.evaluate(BYTES))
    return np.frombuffer(raw, np.uint8).reshape(scan.slices, scan.height, scan.width)


def boxes(scan: Scan) -> Mask:
    """The AI's mask of `Clinic.read_volume(lesions=2)`."""
    mask = np.zeros((scan.slices, scan.height, scan.width), np.uint8)
    mask[8:14, 20:34, 12:24] = 1
    mask[15:19, 20:30, 28:38] = 1
    return mask


def saved(page: Page) -> None:
    page.click("#editing-save")
    expect(page.locator("#editing-message")).to_have_text("Saved: your mask counts now.")


def kept(clinic: Clinic, scan: Scan) -> Mask:
    """The mask of the newest review, as the server keeps it."""
    review = clinic.reviews.of_scan(scan.id)[0]
    mask: Mask = unpacked(clinic.files.get(keys.corrected_mask(review.id))).astype(np.uint8)
    return mask


def expecting_status(visit: Visit, *statuses: str) -> None:
    """Chromium itself says failed requests on the console; these were meant."""
    visit.console[:] = [line for line in visit.console if not any(status in line for status in statuses)]
