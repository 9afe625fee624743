"""The viewer as a test opens it, and what is on its canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page

from data.packing import packed
from data.records import Result, Role, Scan
from services import keys
from tests.browser.conftest import until

SHOWN = "#viewer-stage[data-shown='{}']"

AI = (255, 99, 71)

PIXELS = """
window.pixelsOf = (canvas) => {
  const copy = document.createElement('canvas');
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
};
true
"""

COUNT = """
(([colour, pane]) => {
  const canvas = document.querySelectorAll('.lb-pane-canvas')[pane];
  const data = pixelsOf(canvas);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((value, part) => Math.abs(data[at + part] - value) < 40)) count++;
  }
  return count;
})
"""


def opened(visit: Any, scan_id: str, role: Role = Role.CLINICIAN) -> Page:
    """The page of a scan once all its voxels are there."""
    page = visit.sign_in(role, f"/scans/{scan_id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete")
    page.evaluate(PIXELS)
    return page


def coloured(page: Page, colour: tuple[int, int, int], pane: int = 0) -> int:
    """How many pixels of a pane are about of a colour, after what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.evaluate(COUNT, [list(colour), pane]))


def shown_slice(page: Page) -> int:
    """The slice that is shown, by its index."""
    return int(page.evaluate("lightbox.viewer.current().slice"))


def add_probability(clinic: Any, result: Result, scan: Scan) -> None:
    """Keep a map that falls off around the first lesion, cut there at 0.5."""
    mask = np.asarray(clinic.services.reviewing.pictures.unpacked(keys.mask(result.id)))
    pixels = np.where(mask, 200, 20).astype(np.uint8)
    pixels[10, 24:28, 15:20] = 250
    clinic.files.put(keys.pixel_probability(result.id), packed(pixels))
