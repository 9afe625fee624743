"""The viewer by hand: real wheel, keys, presses and fingers change what is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role
from services import keys
from tests.browser.conftest import PATIENCE_MS, Visit, until
from tests.browser.viewing import AI, SHOWN, coloured, opened, shown_slice

pytestmark = pytest.mark.browser


def test_a_notch_of_the_wheel_is_one_slice(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
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
    page = opened(open_tab(), read.id)
    for key, index in (("Home", 0), ("ArrowDown", 1), ("PageDown", 11), ("End", 23), ("ArrowLeft", 22)):
        page.keyboard.press(key)
        page.wait_for_selector(SHOWN.format(index))
    page.locator("#viewer-jumps button").nth(1).click()
    page.wait_for_selector(SHOWN.format(15))
    expect(page.locator("#viewer-slice")).to_have_attribute("aria-valuetext", "Axial, slice 16 of 24")
    page.keyboard.press(".")
    page.wait_for_selector(SHOWN.format(8))


def test_keys_live_on_after_a_click_on_a_control(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.keyboard.press("Home")
    controls = ["#viewer-layer-fill", "#viewer-slice", "#viewer-default-window", "#scan-truth input >> nth=0"]
    page.click("summary:has-text('Reject')")
    for control in controls:
        page.locator(control).click()
        before = shown_slice(page)
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(SHOWN.format(before + 1))
    page.fill("#scan-reason-words", "no")
    before = shown_slice(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("h5?")
    assert page.input_value("#scan-reason-words") == "nh5?o"
    assert (shown_slice(page), page.locator(".lb-pane").count()) == (before, 1)


def test_who_comes_to_a_slider_by_tab_moves_it_by_arrows(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.locator("#viewer-layer-fill").click()
    before = shown_slice(page)
    opacity = page.get_by_label("Opacity of fills")
    for _ in range(30):
        page.keyboard.press("Tab")
        if opacity.evaluate("slider => slider === document.activeElement"):
            break
    page.keyboard.press("ArrowRight")
    assert opacity.input_value() == "50"
    assert shown_slice(page) == before


def test_nothing_is_asked_of_the_server_when_slice_window_or_plane_changes(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("4")
    page.locator("#viewer-layer-fill").check()
    page.locator("#viewer-preset").select_option("Full range")
    coloured(page, AI)
    assert [url for url in asked if not url.endswith(("/state", "/changes", "/session"))] == []


def test_the_list_of_keys(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.keyboard.press("?")
    listed = page.locator("#viewer-help")
    expect(listed).to_contain_text("Hide or show all overlays")
    expect(listed).to_contain_text("One slice a notch")
    before = shown_slice(page)
    page.keyboard.press("ArrowDown")
    assert shown_slice(page) == before
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)


def test_another_scripts_tool_is_told_where_a_press_is(open_tab, read) -> None:
    page = opened(open_tab(), read.id)
    page.evaluate("""
        window.told = [];
        const tell = name => (point) => window.told.push([name, point && point.plane, point && point.voxel]);
        lightbox.viewer.addTool({ name: 'probe', label: 'Probe', icon: 'bi-pin', key: 'Q',
          down: tell('down'), move: tell('move'), up: tell('up'), cancel: tell('cancel') })
    """)
    page.keyboard.press("q")
    expect(page.get_by_role("button", name="Probe")).to_have_attribute("aria-pressed", "true")
    before = shown_slice(page)
    x, y = page.evaluate("document.querySelector('.lb-pane').pane.toCanvas([8, 20, 12])")
    box = page.locator("#viewer-stage").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.up()
    assert shown_slice(page) == before
    down, up = page.evaluate("told")
    assert (down[0], down[1], up[0]) == ("down", "axial", "up")
    assert down[2] == pytest.approx([8, 20, 12], abs=0.1)
    page.evaluate("""
        const { volume } = lightbox.viewer.current();
        const drawn = new Uint8Array(volume.voxels.length).fill(1);
        lightbox.viewer.setLayer('draft', drawn, { colour: '#ff00ff' })
    """)
    assert coloured(page, (255, 0, 255)) > 50
    page.evaluate("lightbox.viewer.setLayer('draft', null)")
    assert coloured(page, (255, 0, 255)) == 0


def test_two_fingers_zoom_and_one_scrolls_on_a_phone(browser, live_server, read) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), live_server)
    visit.watch()
    page = opened(visit, read.id)
    stage = page.locator("#viewer-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = shown_slice(page)
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (middle[0] - 20, middle[1]), (middle[0] + 20, middle[1]))
    for apart in (30, 40, 50, 60):
        touch("touchMove", (middle[0] - apart, middle[1]), (middle[0] + apart, middle[1]))
    touch("touchEnd")
    until(page, "document.querySelector('.lb-pane').pane.view.zoom > 2.5")
    assert shown_slice(page) == before
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
