"""The viewer by hand: real wheel, keys, drags and fingers, and what is on the canvas then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from data.formats.geometry import placed_grid, spacing_of, to_display
from data.packing import packed
from data.records import Result, Role, Scan
from services import keys
from tests.browser.conftest import PATIENCE_MS, Visit, until

pytestmark = pytest.mark.browser

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


def _opened(visit: Any, scan_id: str, role: Role = Role.CLINICIAN) -> Page:
    page = visit.sign_in(role, f"/scans/{scan_id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete")
    page.evaluate(PIXELS)
    return page


def _coloured(page: Page, colour: tuple[int, int, int], pane: int = 0) -> int:
    """How many pixels of a pane are about of a colour, after what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.evaluate(COUNT, [list(colour), pane]))


def _slice(page: Page) -> int:
    return int(page.evaluate("lightbox.viewer.current().slice"))


@pytest.fixture
def read(clinic) -> Scan:
    scan = clinic.add_volume("u")
    result = clinic.read_volume(scan, lesions=2)
    add_probability(clinic, result, scan)
    return scan


def add_probability(clinic: Any, result: Result, scan: Scan) -> None:
    """Keep a map that falls off around the first lesion, cut there at 0.5."""
    mask = np.asarray(clinic.services.reviewing.pictures.unpacked(keys.mask(result.id)))
    pixels = np.where(mask, 200, 20).astype(np.uint8)
    pixels[10, 24:28, 15:20] = 250
    clinic.files.put(keys.pixel_probability(result.id), packed(pixels))


def test_a_notch_of_the_wheel_is_one_slice(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.locator("#viewer-stage").hover()
    page.keyboard.press("Home")
    page.wait_for_selector(SHOWN.format(0))
    for _ in range(20):
        page.mouse.wheel(0, 120)
    page.wait_for_selector(SHOWN.format(20))
    page.mouse.wheel(0, -120)
    page.wait_for_selector(SHOWN.format(19))
    expect(page.locator(".lb-place")).to_contain_text("slice 20 of 24")


def test_keys_slider_and_jumps_change_the_slice(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    for key, index in (("Home", 0), ("ArrowDown", 1), ("PageDown", 11), ("End", 23), ("ArrowLeft", 22)):
        page.keyboard.press(key)
        page.wait_for_selector(SHOWN.format(index))
    page.locator("#viewer-jumps button").nth(1).click()
    page.wait_for_selector(SHOWN.format(15))
    expect(page.locator("#viewer-slice")).to_have_attribute("aria-valuetext", "Axial, slice 16 of 24")
    page.keyboard.press(".")
    page.wait_for_selector(SHOWN.format(8))


def test_keys_live_on_after_a_click_on_a_control(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.keyboard.press("Home")
    controls = ["#viewer-layer-fill", "#viewer-slice", "#viewer-default-window", "#scan-truth input >> nth=0"]
    page.click("summary:has-text('Reject')")
    for control in controls:
        page.locator(control).click()
        before = _slice(page)
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(SHOWN.format(before + 1))
    page.fill("#scan-reason-words", "no")
    before = _slice(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("h5?")
    assert page.input_value("#scan-reason-words") == "nh5?o"
    assert (_slice(page), page.locator(".lb-pane").count()) == (before, 1)


def test_who_comes_to_a_slider_by_tab_moves_it_by_arrows(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.locator("#viewer-layer-fill").click()
    before = _slice(page)
    opacity = page.get_by_label("Opacity of fills")
    for _ in range(30):
        page.keyboard.press("Tab")
        if opacity.evaluate("slider => slider === document.activeElement"):
            break
    page.keyboard.press("ArrowRight")
    assert opacity.input_value() == "50"
    assert _slice(page) == before


def test_nothing_is_asked_of_the_server_when_slice_window_or_plane_changes(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("4")
    page.locator("#viewer-layer-fill").check()
    page.locator("#viewer-preset").select_option("Full range")
    _coloured(page, AI)
    assert [url for url in asked if not url.endswith(("/state", "/changes", "/session"))] == []


def test_at_first_an_outline_and_no_fill(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    until(page, "lightbox.viewer.current().masks.has('ai')")
    outline = _coloured(page, AI)
    assert outline > 0
    inside = "document.querySelector('.lb-pane').pane.toCanvas([8, 27, 18]).map(Math.round)"
    x, y = page.evaluate(inside)
    look = f"""(({{ width }}, data) => [...data.slice(4 * ({y} * width + {x}), 4 * ({y} * width + {x}) + 3)])(
        document.querySelector('.lb-pane-canvas'), pixelsOf(document.querySelector('.lb-pane-canvas')))"""
    red, green, blue = page.evaluate(look)
    assert red == green == blue  # the tissue as it is
    page.locator("#viewer-layer-fill").check()
    _coloured(page, AI)
    red, green, blue = page.evaluate(look)
    assert red > green
    page.keyboard.press("h")
    assert _coloured(page, AI) == 0
    expect(page.locator(".lb-place")).to_contain_text("overlays hidden")
    page.keyboard.press("h")
    page.locator("#viewer-layer-fill").uncheck()
    page.locator("#viewer-layer-outline").uncheck()
    assert _coloured(page, AI) == 0
    page.locator("#viewer-layer-box").check()
    assert _coloured(page, (0x57, 0xC7, 0xFF)) > 50


def test_the_window_is_dragged_named_and_reset(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    words = page.locator(".lb-window-words")
    preset = page.locator("#viewer-preset")
    before = words.text_content()
    bright = _coloured(page, (255, 255, 255))
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 300, box["y"] + 220, steps=4)
    page.mouse.up(button="right")
    expect(words).not_to_have_text(before or "")
    expect(preset).to_have_value("")
    assert _coloured(page, (255, 255, 255)) > bright  # upwards is brighter
    page.locator("#viewer-default-window").click()
    expect(words).to_have_text(before or "")
    preset.select_option(label="Full range")
    expect(words).not_to_have_text(before or "")
    page.keyboard.press("w")
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 300, steps=4)
    page.mouse.up()
    expect(preset).to_have_value("")
    page.get_by_label("Window: what is white").fill("200")
    page.get_by_label("Window: what is white").press("Enter")
    expect(words).to_contain_text("W ")
    assert page.evaluate("document.querySelector('.lb-pane').pane.viewer.window.high") == 200


def test_the_picture_is_zoomed_where_the_pointer_is_and_cannot_be_lost(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    box = page.locator("#viewer-stage").bounding_box()
    at = [box["width"] / 2 + 40, box["height"] / 2 - 60]
    under = f"document.querySelector('.lb-pane').pane.pointAt({at}).voxel"
    before = page.evaluate(under)
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    page.keyboard.down("Control")
    for _ in range(6):
        page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    until(page, "document.querySelector('.lb-pane').pane.view.zoom > 2")
    assert page.evaluate(under) == pytest.approx(before, abs=0.05)
    page.mouse.down(button="middle")
    page.mouse.move(box["x"] + 5000, box["y"] + 5000, steps=3)
    page.mouse.up(button="middle")
    left, top = page.evaluate("document.querySelector('.lb-pane').pane.toCanvas([0, 0, 0])")
    assert left < box["width"] / 2
    assert top < box["height"] / 2
    page.keyboard.press("0")
    assert page.evaluate("document.querySelector('.lb-pane').pane.view.zoom") == 1


def test_pixels_that_are_not_square_look_right(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    corner = "document.querySelector('.lb-pane').pane.toCanvas({})"
    (left, top), (right, bottom) = (page.evaluate(corner.format(at)) for at in ([0, 0, 0], [0, 59, 47]))
    assert (right - left) / (bottom - top) == pytest.approx(47 * 1.0 / (59 * 2.0), rel=0.001)


# Where each axis of the array runs, and the plane that it opens with.
AXES = [
    ((2, 1, 0), (1, -1, -1)), ((1, 2, 0), (-1, -1, 1)), ((0, 2, 1), (1, 1, -1)),
    ((2, 0, 1), (-1, 1, 1)), ((1, 0, 2), (1, 1, 1)), ((0, 1, 2), (-1, -1, -1)),
]  # fmt: skip


@pytest.mark.parametrize(("order", "signs"), AXES)
@pytest.mark.parametrize("degrees", [0, 12])
def test_left_is_left_on_the_screen_in_every_plane(
    clinic, open_tab, order: tuple[int, ...], signs: tuple[int, ...], degrees: int
) -> None:
    scan, bright = _with_a_bright_corner(clinic, order, signs, degrees)
    page = _opened(open_tab(), scan.id)
    page.keyboard.press("4")
    expect(page.locator(".lb-pane")).to_have_count(3)
    page.evaluate(f"lightbox.viewer.goTo({bright})")
    _coloured(page, AI)
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
    page = _opened(open_tab(), scan.id)
    for name in ("Slices", "Rows", "Columns"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".lb-place")).to_contain_text(f"{name} · slice")
        assert page.locator(".lb-letter").all_text_contents() == [""] * 4
        expect(page.locator(".lb-scale")).to_be_hidden()


def test_three_planes_follow_one_crosshair(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
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
    page = _opened(open_tab(), read.id)
    page.get_by_role("button", name="Three planes").click()
    assert page.evaluate("lightbox.viewer.current().cross") == [8, 27, 18]  # rows 20 to 33, columns 12 to 23
    assert [_coloured(page, AI, pane) > 50 for pane in range(3)] == [True] * 3
    page.evaluate("lightbox.viewer.goTo([2, 3, 4])")
    page.locator("#viewer-jumps [data-slice]").first.click()
    assert page.evaluate("lightbox.viewer.current().cross") == [8, 27, 18]


def test_a_mosaic_shows_many_slices_and_leads_to_one(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.keyboard.press("5")
    tiles = page.locator(".lb-pane:visible")
    shown = tiles.count()
    assert shown >= 6
    first = int(tiles.first.locator(".lb-place").text_content())
    tiles.nth(2).click()
    assert _slice(page) == first - 1 + 2
    tiles.nth(3).dblclick()
    expect(page.locator(".lb-place")).to_contain_text(f"slice {first + 3} of 24")


def test_the_threshold_is_moved_to_look_at_and_reset(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    until(page, "lightbox.viewer.current().masks.has('ai')")
    page.click(".lb-what-if summary")
    words = page.locator("#viewer-what-if")
    expect(words).to_contain_text("The result, cut at 0.78: 8.4 mL")
    slider = page.locator("#viewer-threshold")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slider.fill("0.9")
    expect(words).to_have_text("What if 0.90: 0.1 mL (the result, cut at 0.78: 8.4 mL)")
    expect(page.locator(".lb-place")).to_contain_text("what if 0.90")
    page.evaluate("lightbox.viewer.goTo([10, 30, 24])")
    yellow = (0xFF, 0xE4, 0x5C)
    assert _coloured(page, yellow) > 0
    assert clinic.reviews.of_scan(read.id) == []
    page.locator(".lb-what-if button").click()
    assert _coloured(page, yellow) == 0
    expect(words).to_contain_text("The result, cut at 0.78")
    assert [url for url in asked if not url.endswith(("/state", "/changes", "/session"))] == []


def test_the_list_of_keys(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.keyboard.press("?")
    listed = page.locator("#viewer-help")
    expect(listed).to_contain_text("Hide or show all overlays")
    expect(listed).to_contain_text("One slice a notch")
    before = _slice(page)
    page.keyboard.press("ArrowDown")
    assert _slice(page) == before
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)


def test_position_and_value_under_the_pointer(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.evaluate("lightbox.viewer.goTo([12, 30, 24])")
    x, y = page.evaluate("document.querySelector('.lb-pane').pane.toCanvas([12, 33, 20])")
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    value = clinic.files.get_array(keys.array(read.id))[12, 33, 20]
    expect(page.locator(".lb-readout")).to_have_text(f"R 4.0  P 6.0  S 0.0 mm · value {value}")


def test_another_scripts_tool_is_told_where_a_press_is(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.evaluate("""
        window.told = [];
        const tell = name => (point) => window.told.push([name, point && point.plane, point && point.voxel]);
        lightbox.viewer.addTool({ name: 'probe', label: 'Probe', icon: 'bi-pin', key: 'Q',
          down: tell('down'), move: tell('move'), up: tell('up'), cancel: tell('cancel') })
    """)
    page.keyboard.press("q")
    expect(page.get_by_role("button", name="Probe")).to_have_attribute("aria-pressed", "true")
    before = _slice(page)
    x, y = page.evaluate("document.querySelector('.lb-pane').pane.toCanvas([8, 20, 12])")
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.up()
    assert _slice(page) == before
    down, up = page.evaluate("told")
    assert (down[0], down[1], up[0]) == ("down", "axial", "up")
    assert down[2] == pytest.approx([8, 20, 12], abs=0.1)
    page.evaluate("""
        const { volume } = lightbox.viewer.current();
        const drawn = new Uint8Array(volume.voxels.length).fill(1);
        lightbox.viewer.setLayer('draft', drawn, { colour: '#ff00ff' })
    """)
    assert _coloured(page, (255, 0, 255)) > 50
    page.evaluate("lightbox.viewer.setLayer('draft', null)")
    assert _coloured(page, (255, 0, 255)) == 0


def test_two_fingers_zoom_and_one_scrolls_on_a_phone(browser, live_server, read) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), live_server)
    visit.watch()
    page = _opened(visit, read.id)
    stage = page.locator("#viewer-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = _slice(page)
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (middle[0] - 20, middle[1]), (middle[0] + 20, middle[1]))
    for apart in (30, 40, 50, 60):
        touch("touchMove", (middle[0] - apart, middle[1]), (middle[0] + apart, middle[1]))
    touch("touchEnd")
    until(page, "document.querySelector('.lb-pane').pane.view.zoom > 2.5")
    assert _slice(page) == before
    page.get_by_role("button", name="Fit").click()
    touch("touchStart", middle)
    for down in (10, 30, 50):
        touch("touchMove", (middle[0], middle[1] + down))
    touch("touchEnd")
    until(page, f"lightbox.viewer.current().slice > {before}")
    expect(page.locator(".lb-place")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert visit.console == []


def test_a_film_is_mirrored_turned_and_said_to_be(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    page = _opened(open_tab(), film.id)
    expect(page.get_by_role("button", name="Three planes")).to_be_hidden()
    corner = "document.querySelector('.lb-pane').pane.toCanvas([0, 0, 0])"
    left, top = page.evaluate(corner)
    page.get_by_role("button", name="Mirror").click()
    right, same = page.evaluate(corner)
    assert right > left
    assert same == pytest.approx(top)
    expect(page.locator(".lb-place")).to_have_text("mirrored")
    page.get_by_role("button", name="Turn by 90°").click()
    expect(page.locator(".lb-place")).to_have_text("mirrored · turned 90°")
    box = page.locator("#viewer-stage").bounding_box()
    (x1, y1), (x2, y2) = (
        page.evaluate(corner.replace("[0, 0, 0]", at)) for at in ("[0, 0, 0]", "[0, 63, 79]")
    )
    assert abs(x2 - x1) / abs(y2 - y1) == pytest.approx(63 / 79)  # rows run across now
    assert max(x1, x2) <= box["width"]


def test_a_scan_too_large_for_the_device_is_shown_in_its_own_plane_and_says_so(clinic, open_tab) -> None:
    scan = clinic.add_volume("u", shape=(150, 350, 350))
    visit = open_tab()
    visit.page.add_init_script("Object.defineProperty(navigator, 'deviceMemory', { value: 0.25 })")
    page = visit.sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    page.wait_for_selector(SHOWN.format(75))
    expect(page.locator(".lb-viewer-message")).to_contain_text("too large for this device's memory")
    expect(page.get_by_role("button", name="Coronal")).to_be_disabled()
    page.keyboard.press("End")
    page.wait_for_selector(SHOWN.format(149))
    value = int(clinic.files.get_array(keys.array(scan.id))[149, 100, 100])
    page.evaluate("lightbox.viewer.goTo([149, 100, 100])")
    read = "document.querySelector('.lb-pane').pane.viewer.volume.slice(149)[100 * 350 + 100]"
    assert page.evaluate(read) == value
