"""Correcting a mask where one looks, by real strokes."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from data.packing import unpacked
from data.records import Verdict
from services import keys
from tests.browser.conftest import until
from tests.browser.drawing import (
    DRAFTS,
    begun,
    boxes,
    drawn,
    go_to,
    kept,
    opened,
    saved,
    size,
    stroke,
    tool,
)

pytestmark = pytest.mark.browser


def test_brush_eraser_undo_and_save_give_the_server_exactly_what_was_drawn(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(), read))
    before = drawn(page, read)
    assert np.array_equal(before, boxes(read))
    go_to(page, 5)
    followed = page.eval_on_selector_all("[data-follows]", "links => links.map(({ href }) => href)")
    assert len(followed) == 2
    assert all("layer=ai" in address and "layer=none" not in address for address in followed)
    tool(page, "brush")
    size(page, 9)
    stroke(page, (5, 40, 8), (5, 40, 20), (5, 48, 20))
    brushed = drawn(page, read)
    added = np.argwhere(brushed > before)
    assert set(added[:, 0]) == {5}
    wanted = {
        (row, column)
        for row in range(60)
        for column in range(48)
        if min(np.hypot(2 * (row - 40), column - near) for near in np.linspace(8, 20, 121)) <= 4.1
    }
    assert wanted <= {(row, column) for _, row, column in added.tolist()}
    assert added[:, 1].min() == 38
    assert added[:, 2].min() == 4

    tool(page, "eraser")
    stroke(page, (5, 40, 8), (5, 40, 14))
    erased = drawn(page, read)
    assert erased.sum() < brushed.sum()
    page.click("#editing-undo")
    assert np.array_equal(drawn(page, read), brushed)
    page.keyboard.press("Control+z")
    assert np.array_equal(drawn(page, read), before)
    expect(page.locator("#editing-save")).to_be_disabled()  # the AI's own mask is accepted, not corrected
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Shift+Z")
    assert np.array_equal(drawn(page, read), erased)
    expect(page.locator("#editing-redo")).to_be_disabled()

    page.fill("#editing-comment", "The rim was missing.")
    saved(page)
    assert np.array_equal(kept(clinic, read), erased)
    review = clinic.reviews.of_scan(read.id)[0]
    assert (review.verdict, review.comment) == (Verdict.CORRECTED, "The rim was missing.")
    assert review.minutes >= 0
    assert np.array_equal(unpacked(clinic.files.get(keys.mask(review.result_id))), boxes(read))
    expect(page.locator("#editing-work")).to_be_hidden()
    begun(page, "corrected")
    assert np.array_equal(drawn(page, read), erased)


def test_a_brush_works_in_every_plane_and_changes_only_its_own_slice(open_tab, read) -> None:
    page = begun(opened(open_tab(), read), "empty")
    size(page, 6)
    for key, plane, axis, at in (("2", "coronal", 1, 27), ("3", "sagittal", 2, 18)):
        page.keyboard.press(key)
        page.wait_for_selector("#viewer-stage[data-shown]")
        before = drawn(page, read)
        shown = page.evaluate("lightbox.viewer.current().cross")
        assert shown[axis] == at
        stroke(
            page,
            [*(8, 20, 16)[:axis], at, *(8, 20, 16)[axis + 1 :]],
            [*(15, 28, 26)[:axis], at, *(15, 28, 26)[axis + 1 :]],
            plane=plane,
        )
        changed = np.argwhere(drawn(page, read) != before)
        assert len(changed) > 10, plane
        assert set(changed[:, axis]) == {at}


def test_outline_fill_threshold_and_grow(open_tab, read) -> None:
    page = begun(opened(open_tab(), read), "empty")
    go_to(page, 12)
    tool(page, "lasso")
    stroke(page, (12, 20.5, 10.5), (12, 20.5, 30.5), (12, 35.5, 30.5), (12, 35.5, 10.5))
    mask = np.zeros((24, 60, 48), np.uint8)
    mask[12, 21:36, 11:31] = 1
    assert np.array_equal(drawn(page, read), mask)
    page.locator("#editing-removes").check()
    stroke(page, (12, 24.5, 14.5), (12, 24.5, 26.5), (12, 31.5, 26.5), (12, 31.5, 14.5))
    holed = mask.copy()
    holed[12, 25:32, 15:27] = 0
    assert np.array_equal(drawn(page, read), holed)
    tool(page, "fill")
    stroke(page, (12, 5, 5))
    expect(page.locator("#editing-message")).to_contain_text("Nothing closes this area in")
    stroke(page, (12, 28, 20))
    assert np.array_equal(drawn(page, read), mask)

    page.click("#editing-undo")
    page.click("#editing-undo")
    page.click("#editing-undo")
    tool(page, "threshold")
    corners = ((12, 0, 0), (12, 0, 47), (12, 59, 47), (12, 59, 0))
    stroke(page, *corners)
    bright = drawn(page, read)
    page.click("#editing-undo")
    page.fill("#editing-low", "400")
    stroke(page, *corners)
    above = drawn(page, read)
    voxels = np.array(page.evaluate("Array.from(lightbox.viewer.current().volume.voxels)")).reshape(
        24, 60, 48
    )
    assert np.array_equal(above[12, 1:-1, 1:-1], (voxels[12, 1:-1, 1:-1] >= 400))
    assert 0 < above.sum() < bright.sum()
    page.click("#editing-undo")

    tool(page, "grow")
    page.locator("#editing-reach").fill("10")
    stroke(page, (12, 30, 24))
    grown = np.argwhere(drawn(page, read))
    away = np.sqrt((((grown - (12, 30, 24)) * (3, 2, 1)) ** 2).sum(axis=1))
    assert len(grown) > 20
    assert away.max() <= 10
    assert len(set(grown[:, 0])) > 1


def test_one_click_keeps_or_removes_a_lesion_and_slices_between_are_drawn(open_tab, read) -> None:
    page = begun(opened(open_tab(), read))
    expect(page.locator("#editing-sizes")).to_contain_text("2 lesions")
    go_to(page, 16)
    tool(page, "remove")
    stroke(page, (16, 25, 33))
    only_first = boxes(read)
    only_first[15:19, 20:30, 28:38] = 0
    assert np.array_equal(drawn(page, read), only_first)
    expect(page.locator("#editing-sizes")).to_contain_text("1 lesion,")
    page.click("#editing-undo")
    tool(page, "keep")
    stroke(page, (16, 25, 33))
    assert np.array_equal(drawn(page, read), boxes(read) - only_first)
    stroke(page, (16, 50, 10))
    expect(page.locator("#editing-message")).to_have_text("Click on a marked lesion.")

    page.locator("#editing-base").select_option("empty")
    page.click("#editing-restart")
    assert drawn(page, read).sum() == 0
    tool(page, "lasso")
    for index, far in ((4, 26.5), (10, 32.5)):
        go_to(page, index)
        stroke(page, (index, 20.5, 20.5), (index, 20.5, far), (index, far, far), (index, far, 20.5))
    page.click("#editing-interpolate")
    expect(page.locator("#editing-message")).to_have_text("5 slices drawn.")
    areas = drawn(page, read).sum(axis=(1, 2)).tolist()
    assert areas[:4] == [0, 0, 0, 0]
    assert areas[11:] == [0] * 13
    assert areas[4:11] == sorted(areas[4:11])
    page.click("#editing-undo")
    assert drawn(page, read).sum(axis=(1, 2))[5:10].tolist() == [0] * 5


def test_a_reload_in_the_middle_brings_the_draft_back(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(), read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    page.fill("#editing-comment", "half way")
    before = drawn(page, read)
    assert before.sum() > boxes(read).sum()
    until(page, f"({DRAFTS})().then(([draft]) => draft?.comment === 'half way')")
    page.reload()
    expect(page.locator("#editing-offer")).to_contain_text("You have an unsaved correction of")
    page.click("#editing-resume")
    expect(page.locator("#editing-work")).to_be_visible()
    assert np.array_equal(drawn(page, read), before)
    expect(page.locator("#editing-comment")).to_have_value("half way")
    saved(page)
    assert np.array_equal(kept(clinic, read), before)
    page.reload()
    expect(page.locator("#editing-begin")).to_be_visible()
    until(page, "!lightbox.editing.panel.part('offer').textContent")
    assert page.evaluate(DRAFTS) == []
