"""Planes of the viewer: what is where on the screen, three planes by one crosshair, the mosaic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from data.formats.geometry import placed_grid, spacing_of, to_display
from data.records import Scan
from tests.browser.viewing import AI, coloured, opened, shown_slice

pytestmark = pytest.mark.browser

# Where each axis of the array runs, and the plane that it opens with.
AXES = [
    ((2, 1, 0), (1, -1, -1)), ((1, 2, 0), (-1, -1, 1)), ((0, 2, 1), (1, 1, -1)),
    ((2, 0, 1), (-1, 1, 1)), ((1, 0, 2), (1, 1, 1)), ((0, 1, 2), (-1, -1, -1)),
]  # fmt: skip


def test_pixels_that_are_not_square_look_right(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    corner = "document.querySelector('.lb-pane').pane.toCanvas({})"
    (left, top), (right, bottom) = (page.evaluate(corner.format(at)) for at in ([0, 0, 0], [0, 59, 47]))
    assert (right - left) / (bottom - top) == pytest.approx(47 * 1.0 / (59 * 2.0), rel=0.001)


@pytest.mark.parametrize(("order", "signs"), AXES)
@pytest.mark.parametrize("degrees", [0, 12])
def test_left_is_left_on_the_screen_in_every_plane(
    clinic, open_tab, order: tuple[int, ...], signs: tuple[int, ...], degrees: int
) -> None:
    scan, bright = _with_a_bright_corner(clinic, order, signs, degrees)
    page = opened(open_tab(), scan.id)
    page.keyboard.press("4")
    expect(page.locator(".lb-pane")).to_have_count(3)
    page.evaluate(f"lightbox.viewer.goTo({bright})")
    coloured(page, AI)
    seen = page.evaluate(WHERE)
    # The bright voxels lie right, anterior and superior of the middle.
    assert seen == {"axial": ["R", "A"], "coronal": ["R", "S"], "sagittal": ["A", "S"]}
    said = page.locator(".lb-place").first
    expect(said).to_contain_text("oblique 12°") if degrees else expect(said).not_to_contain_text("oblique")


WHERE = """
Object.fromEntries([...document.querySelectorAll('.lb-pane')].map(({ pane }) => {
  const { canvas, letters } = pane;
  const data = pixelsOf(canvas);
  let [x, y, n] = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] > 240 && data[at + 1] > 240 && data[at + 2] > 240) {
      x += (at / 4) % canvas.width; y += Math.floor(at / 4 / canvas.width); n++;
    }
  }
  const across = x / n < canvas.width / 2 ? letters.left : letters.right;
  const down = y / n < canvas.height / 2 ? letters.top : letters.bottom;
  return [pane.plane, [across.textContent, down.textContent]];
}))
"""


def _with_a_bright_corner(
    clinic: Any, order: tuple[int, ...], signs: tuple[int, ...], degrees: int
) -> tuple[Scan, list[int]]:
    """A dark cube whose voxels to the right, in front and above are bright, kept in any axis order."""
    length = 24
    turn, affine = np.eye(3), np.eye(4)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[:2, :2] = [[cos, -sin], [sin, cos]]
    step = np.zeros((3, 3))
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        step[world, axis] = 2 * sign
    affine[:3, :3] = turn @ step
    source = np.full((length,) * 3, 10, np.int16)
    near = [slice(16, 22) if sign > 0 else slice(2, 8) for sign in signs]
    source[tuple(near)] = 500
    grid = placed_grid("nifti", (length,) * 3, affine)
    array = np.ascontiguousarray(to_display(source, grid))
    bright = [int(value) for value in np.argwhere(array == 500).mean(axis=0).round()]
    scan = clinic.add_array(array, grid, spacing_of(grid))
    return scan, bright


def test_a_volume_without_a_place_says_no_directions(clinic, open_tab) -> None:
    scan = clinic.add_volume("u", placed=False)
    page = opened(open_tab(), scan.id)
    for name in ("Slices", "Rows", "Columns"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".lb-place")).to_contain_text(f"{name} · slice")
        assert page.locator(".lb-letter").all_text_contents() == [""] * 4
        expect(page.locator(".lb-scale")).to_be_hidden()


def test_three_planes_follow_one_crosshair(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.get_by_role("button", name="Three planes").click()
    expect(page.locator(".lb-pane")).to_have_count(3)
    target = "document.querySelectorAll('.lb-pane')[{}].pane"
    pane = page.locator(".lb-pane").nth(1)
    box = pane.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2 - 20)
    cross = page.evaluate("lightbox.viewer.current().cross")
    for number in range(3):
        plane = page.evaluate(f"(({{ own, index }}) => [own, index])({target.format(number)})")
        own, index = plane
        at = cross[own["axes"][0]]
        assert index == (own["size"][0] - 1 - at if own["flips"][0] else at)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("lightbox.viewer.current().plane") == "coronal"
    pane.dblclick(position={"x": 50, "y": 50})
    expect(page.locator(".lb-pane")).to_have_count(1)
    expect(page.locator(".lb-place")).to_contain_text("Coronal")


def test_three_planes_open_on_the_largest_lesion_and_go_to_the_one_that_is_chosen(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.get_by_role("button", name="Three planes").click()
    assert page.evaluate("lightbox.viewer.current().cross") == [8, 27, 18]  # rows 20 to 33, columns 12 to 23
    assert [coloured(page, AI, pane) > 50 for pane in range(3)] == [True] * 3
    page.evaluate("lightbox.viewer.goTo([2, 3, 4])")
    page.locator("#viewer-jumps [data-slice]").first.click()
    assert page.evaluate("lightbox.viewer.current().cross") == [8, 27, 18]


def test_a_mosaic_shows_many_slices_and_leads_to_one(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.keyboard.press("5")
    tiles = page.locator(".lb-pane:visible")
    shown = tiles.count()
    assert shown >= 6
    first = int(tiles.first.locator(".lb-place").text_content())
    tiles.nth(2).click()
    assert shown_slice(page) == first - 1 + 2
    tiles.nth(3).dblclick()
    expect(page.locator(".lb-place")).to_contain_text(f"slice {first + 3} of 24")
