"""How a slice is shown: masks, window, zoom, threshold, values, turned films."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Scan
from services import keys
from tests.browser.conftest import until
from tests.browser.viewing import AI, add_probability, coloured, opened

pytestmark = pytest.mark.browser


@pytest.fixture
def read(clinic, read) -> Scan:
    """With a map of probabilities."""
    add_probability(clinic, clinic.results.latest(read.id), read)
    return read


def test_at_first_an_outline_and_no_fill(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    until(page, "lightbox.viewer.current().masks.has('ai')")
    outline = coloured(page, AI)
    assert outline > 0
    inside = "document.querySelector('.lb-pane').pane.toCanvas([8, 27, 18]).map(Math.round)"
    x, y = page.evaluate(inside)
    look = f"""(({{ width }}, data) => [...data.slice(4 * ({y} * width + {x}), 4 * ({y} * width + {x}) + 3)])(
        document.querySelector('.lb-pane-canvas'), pixelsOf(document.querySelector('.lb-pane-canvas')))"""
    red, green, blue = page.evaluate(look)
    assert red == green == blue  # the tissue as it is
    page.locator("#viewer-layer-fill").check()
    coloured(page, AI)
    red, green, blue = page.evaluate(look)
    assert red > green
    page.keyboard.press("h")
    assert coloured(page, AI) == 0
    expect(page.locator(".lb-place")).to_contain_text("overlays hidden")
    page.keyboard.press("h")
    page.locator("#viewer-layer-fill").uncheck()
    page.locator("#viewer-layer-outline").uncheck()
    assert coloured(page, AI) == 0
    page.locator("#viewer-layer-box").check()
    assert coloured(page, (0x57, 0xC7, 0xFF)) > 50


def test_the_window_is_dragged_named_and_reset(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    words = page.locator(".lb-window-words")
    preset = page.locator("#viewer-preset")
    before = words.text_content()
    bright = coloured(page, (255, 255, 255))
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 300, box["y"] + 220, steps=4)
    page.mouse.up(button="right")
    expect(words).not_to_have_text(before or "")
    expect(preset).to_have_value("")
    assert coloured(page, (255, 255, 255)) > bright  # upwards is brighter
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
    page = opened(open_tab(), read.id)
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


def test_the_threshold_is_moved_to_look_at_and_reset(clinic, open_tab, read) -> None:
    page = opened(open_tab(), read.id)
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
    assert coloured(page, yellow) > 0
    assert clinic.reviews.of_scan(read.id) == []
    page.locator(".lb-what-if button").click()
    assert coloured(page, yellow) == 0
    expect(words).to_contain_text("The result, cut at 0.78")
    assert [url for url in asked if not url.endswith(("/state", "/changes", "/session"))] == []


def test_position_and_value_under_the_pointer(clinic, open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.evaluate("lightbox.viewer.goTo([12, 30, 24])")
    x, y = page.evaluate("document.querySelector('.lb-pane').pane.toCanvas([12, 33, 20])")
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    value = clinic.files.get_array(keys.array(read.id))[12, 33, 20]
    expect(page.locator(".lb-readout")).to_have_text(f"R 4.0  P 6.0  S 0.0 mm · value {value}")


def test_a_film_is_mirrored_turned_and_said_to_be(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    page = opened(open_tab(), film.id)
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
