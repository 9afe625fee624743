"""Ruler, two diameters and angle by real drags over marks whose distance is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from data.formats.geometry import placed_grid, spacing_of, to_display
from data.records import AnnotationKind, Role, Scan
from tests.browser.conftest import until

pytestmark = pytest.mark.browser

AFFINE = np.array([[-1.0, 0, 0, 24], [0, -2.0, 0, 60], [0, 0, 3.0, -36], [0, 0, 0, 1]])
START = (6, 15, 12)
ENDS = {  # of each plane another mark on its slice through START, and how far that is
    "axial": ((6, 45, 36), math.hypot(30 * 2, 24)),
    "coronal": ((18, 15, 36), math.hypot(12 * 3, 24)),
    "sagittal": ((18, 45, 12), math.hypot(12 * 3, 30 * 2)),
}
# The middles, in the window's pixels, of both marks on the canvas: what is bright and near each other.
MARKS = """
() => {
  const canvas = document.querySelector('.lb-pane-canvas');
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const marks = [];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] < 128) continue;
    const [x, y] = [(at / 4) % canvas.width + 0.5, Math.floor(at / 4 / canvas.width) + 0.5];
    let mark = marks.find((each) => Math.hypot(each.x / each.n - x, each.y / each.n - y) < canvas.height / 8);
    if (!mark) marks.push((mark = { x: 0, y: 0, n: 0 }));
    mark.x += x; mark.y += y; mark.n += 1;
  }
  const [across, down] = [width / canvas.width, height / canvas.height];
  return marks.map(({ x, y, n }) => [left + (x / n) * across, top + (y / n) * down]);
}
"""

PLACE = """
(voxel) => {
  const pane = lightbox.shownViewer().panes[0];
  const { left, top } = pane.element.getBoundingClientRect();
  const [x, y] = pane.toCanvas(voxel);
  return [left + x, top + y];
}
"""


@pytest.fixture
def marked(clinic) -> Scan:
    """A volume of 3 x 2 x 1 mm with one bright voxel at START and one in each plane through it."""
    grid = placed_grid("nifti", (48, 60, 24), AFFINE, slice_axis=2)
    volume = np.zeros((48, 60, 24), np.int16)
    shown = np.zeros(to_display(volume, grid).shape, np.int16)
    assert shown.shape == (24, 60, 48)
    for place in (START, *(end for end, _ in ENDS.values())):
        shown[place] = 1000
    return clinic.add_array(shown, grid, spacing_of(grid))


def opened(visit: Any, scan: Scan, role: Role = Role.CLINICIAN, voxel: tuple[int, int, int] = START) -> Page:
    page = visit.sign_in(role, f"/scans/{scan.id}")
    ready(page, voxel)
    return page


def ready(page: Page, voxel: tuple[int, int, int] = START) -> None:
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete && lightbox.measuring.room().ready")
    page.evaluate("voxel => lightbox.viewer.goTo(voxel)", list(voxel))
    drawn(page)


def drawn(page: Page) -> None:
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def middle(page: Page, across: float, down: float) -> tuple[float, float]:
    """A place on the picture, from its own middle, in pixels."""
    box = page.locator(".lb-pane").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2 + across, box["y"] + box["height"] / 2 + down


def kept(clinic, scan: Scan) -> list[Any]:
    viewer = next(user for user in clinic.accounts.all() if user.role is Role.CLINICIAN)
    return list(clinic.services.reviewing.annotations.of_scan(scan.id, viewer).annotations)


def rows(page: Page):
    return page.locator("#measuring-list li")


@pytest.mark.parametrize("plane", ENDS)
def test_a_ruler_over_marks_reads_their_distance_in_every_plane(
    clinic, open_tab, marked: Scan, plane: str
) -> None:
    page = opened(open_tab(), marked)
    page.get_by_role("button", name=plane.title(), exact=True).click()
    drawn(page)
    marks = page.evaluate(MARKS)
    assert len(marks) == 2
    page.get_by_role("button", name="Ruler").click()
    drag(page, *marks)
    expect(page.locator("#measuring-said")).to_contain_text("Kept")
    (measured,) = kept(clinic, marked)
    end, distance = ENDS[plane]
    assert measured.values.length == pytest.approx(distance, abs=0.5)
    ends = sorted(measured.annotation.points)
    assert np.allclose(ends, sorted((START, end)), atol=0.3)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(measured.words)
    expect(rows(page)).to_contain_text(f"{plane.title()}, slice")
    page.reload()
    ready(page)
    expect(rows(page)).to_contain_text(f"Ruler {measured.words}")


def test_a_second_reader_sees_it_and_cannot_delete_it_a_head_can(clinic, open_tab, marked: Scan) -> None:
    author = clinic.person(Role.CLINICIAN, "author")
    add = clinic.services.reviewing.annotations.add
    add(marked.id, author, AnnotationKind.RULER, 0, [(6, 15, 12), (6, 45, 36)])
    page = opened(open_tab(), marked)
    expect(rows(page)).to_contain_text("Ruler 64.6 mm")
    expect(rows(page)).to_contain_text("Dr Clinician")
    expect(rows(page).get_by_role("button", name="Delete")).to_have_count(0)
    page.get_by_role("button", name="Ruler", exact=True).click()
    end = page.evaluate(PLACE, [6, 45, 36])
    drag(page, end, (end[0] - 50, end[1]))  # an end that is not one's own
    expect(page.locator(".lb-measurement-selected")).to_have_count(1)
    page.keyboard.press("Delete")
    assert [each.words for each in kept(clinic, marked)] == ["64.6 mm"]
    head = opened(open_tab(), marked, Role.HEAD)
    expect(head.get_by_role("button", name="Ruler", exact=True)).to_have_count(0)
    rows(head).get_by_role("button", name="Delete Ruler 64.6 mm").click()
    expect(rows(head)).to_have_count(0)
    expect(head.locator("#measuring-none")).to_have_text("None yet.")
    assert kept(clinic, marked) == []


def test_an_end_is_dragged_elsewhere_and_the_key_deletes(clinic, open_tab, marked: Scan) -> None:
    page = opened(open_tab(), marked)
    start, end = page.evaluate(MARKS)
    page.keyboard.press("l")
    drag(page, start, end)
    expect(rows(page)).to_contain_text("mm")
    expect(page.locator("#measuring-said")).to_contain_text("Kept")
    length = kept(clinic, marked)[0].values.length
    drag(page, end, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    expect(page.locator("#measuring-said")).not_to_contain_text(f"{length:.1f}")
    (moved,) = kept(clinic, marked)
    assert moved.values.length == pytest.approx(length / 2, abs=0.5)
    expect(rows(page)).to_contain_text(f"Ruler {moved.words}")
    page.keyboard.press("Delete")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#measuring-none")).to_contain_text("Choose ruler")
    assert kept(clinic, marked) == []
    page.reload()
    ready(page)
    expect(page.locator("#measuring-none")).to_be_visible()


def test_two_diameters_stay_perpendicular_while_an_end_is_dragged(clinic, open_tab, marked: Scan) -> None:
    page = opened(open_tab(), marked)
    page.get_by_role("button", name="Two diameters").click()
    drag(page, middle(page, -100, 30), middle(page, 80, -40))
    expect(page.locator("#measuring-said")).to_contain_text("Kept")
    (first,) = kept(clinic, marked)
    assert first.values.perpendicular == pytest.approx(first.values.length / 2, rel=1e-3)
    expect(rows(page)).to_contain_text(f"Two diameters {first.words}")
    drag(page, middle(page, 80, -40), middle(page, 60, 90))
    expect(rows(page)).not_to_contain_text(first.words)
    expect(page.locator("#measuring-said")).not_to_contain_text(first.words)
    (second,) = kept(clinic, marked)  # the server refuses what is not perpendicular
    assert second.values.perpendicular == pytest.approx(first.values.perpendicular, rel=1e-3)
    assert " × " in second.words


def test_an_angle_is_drawn_in_two_steps(clinic, open_tab, marked: Scan) -> None:
    page = opened(open_tab(), marked)
    page.keyboard.press("j")
    drag(page, middle(page, 100, 0), middle(page, 0, 0))
    expect(page.locator(".lb-viewer-message")).to_contain_text("other side")
    assert kept(clinic, marked) == []
    page.mouse.move(*middle(page, 0, -50))
    page.mouse.click(*middle(page, 0, -100))
    expect(page.locator("#measuring-said")).to_contain_text("Kept: 90.")
    (measured,) = kept(clinic, marked)
    assert measured.values.angle_degrees == pytest.approx(90, abs=0.6)
    expect(page.locator(".lb-viewer-message")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    drag(page, middle(page, -100, 60), middle(page, -60, 60))
    page.keyboard.press("Escape")  # half an angle is none
    page.mouse.click(*middle(page, -60, 120))
    assert len(kept(clinic, marked)) == 1


def test_without_spacing_a_ruler_says_pixels(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    page = opened(open_tab(), film, voxel=(0, 30, 30))
    page.get_by_role("button", name="Ruler").click()
    drag(page, middle(page, -60, 0), middle(page, 60, 0))
    expect(rows(page)).to_contain_text(" px")
    expect(page.locator("#measuring-said")).to_contain_text(" px")
    (measured,) = kept(clinic, film)
    assert measured.values.unit == "px"


def test_show_goes_to_the_plane_and_slice(clinic, open_tab, marked: Scan) -> None:
    author = clinic.person(Role.CLINICIAN, "author")
    add = clinic.services.reviewing.annotations.add
    add(marked.id, author, AnnotationKind.RULER, 2, [(3, 7, 12), (9, 7, 12)])
    page = opened(open_tab(), marked, voxel=(20, 50, 40))
    expect(rows(page)).to_contain_text("18.0 mm")
    rows(page).get_by_role("button", name="Go to the slice of Ruler 18.0 mm").click()
    shown = page.evaluate("(({ plane, cross }) => ({ plane, cross }))(lightbox.viewer.current())")
    assert shown == {"plane": "sagittal", "cross": [3, 7, 12]}
    expect(rows(page).get_by_role("button", name="Go to the slice")).to_be_focused()


def test_what_could_not_be_kept_says_so_and_is_kept_again(clinic, open_tab, marked: Scan) -> None:
    visit = open_tab()
    page = opened(visit, marked)
    page.keyboard.press("l")
    page.route("**/annotations", lambda route: route.abort())
    drag(page, *page.evaluate(MARKS))
    expect(rows(page)).to_contain_text("Not kept: The server could not be reached.")
    page.unroute("**/annotations")
    visit.console.clear()  # what the browser says of the connection that was cut
    assert kept(clinic, marked) == []
    page.get_by_role("button", name="Keep Ruler").click()
    expect(rows(page)).not_to_contain_text("Not kept")
    assert len(kept(clinic, marked)) == 1


def test_everything_is_measured_by_keys_too(clinic, open_tab, marked: Scan) -> None:
    page = opened(open_tab(), marked, voxel=(6, 30, 24))
    page.locator("#viewer-stage").focus()
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    expect(page.locator("#measuring-said")).to_have_text("Kept: 20.0 mm")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")  # the first end, away from the other one
    page.keyboard.press("Shift+Enter")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    # Both ends are kept once the keys have rested.
    until(page, "lightbox.measuring.room().items[0].points.every(([, , c]) => c < 14 || c > 34)")
    shown = page.evaluate("lightbox.measuring.room().items[0].words")
    expect(page.locator("#measuring-said")).to_have_text(f"Kept: {shown}")
    (longer,) = kept(clinic, marked)
    (first, second) = longer.annotation.points
    assert (first[0], first[1], second[1]) == (6, 30, 30)
    assert first[2] < 14 and second[2] > 34
    assert page.evaluate("lightbox.viewer.current().slice") == 6  # the arrows were not the viewer's
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#measuring-said")).to_have_text("Kept: 20.0 × 10.0 mm")
    page.keyboard.press("Delete")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("#viewer-help")).to_contain_text("Measure at the crosshair")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_fits(clinic, open_tab, marked: Scan, width: int) -> None:
    author = clinic.person(Role.CLINICIAN, "author")
    both = [(6, 10.0, 5.0), (6, 10.0, 25.0), (6, 5.0, 15.0), (6, 15.0, 15.0)]
    clinic.services.reviewing.annotations.add(marked.id, author, AnnotationKind.BIDIRECTIONAL, 0, both)
    page = opened(open_tab(width), marked)
    expect(rows(page)).to_contain_text("20.0 × 20.0 mm")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
