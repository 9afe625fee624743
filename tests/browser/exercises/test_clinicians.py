"""The exercises of the clinicians' manual, as a trainee does them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from data.records import Role
from tests.browser.conftest import Visit, until
from tests.browser.drawing import ON_SCREEN
from tests.browser.exercises.conftest import Exercise, exercises_of, tried_of
from tests.browser.viewing import AI, PIXELS, coloured

pytestmark = [pytest.mark.browser, pytest.mark.exercises, pytest.mark.timeout(900)]

MANUAL = "clinicians"
ROWS = ".ag-center-cols-container .ag-row"
OF_THE_AI = re.compile(r"\d mL|Tumour found|No tumour found|Uncertain|Probability|Dice")
MIDDLE = """
([height, width]) => {
  const shown = lightbox.viewer.current();
  const [all, size] = [shown.masks.get("drawn"), height * width];
  const mask = all.subarray(shown.slice * size, (shown.slice + 1) * size);
  const [n, rows, columns] = mask.reduce(
    ([n, rows, columns], drawn, at) => drawn
      ? [n + 1, rows + Math.floor(at / width), columns + (at % width)] : [n, rows, columns],
    [0, 0, 0]);
  return [shown.slice, rows / n, columns / n];
}
"""
DROP = """
(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "holiday.jpg", { type: "image/jpeg" }));
  for (const kind of ["dragover", "drop"])
    document.getElementById("drop-zone").dispatchEvent(
      new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""
Tabs = Callable[..., Visit]


def _listed(page: Page, counter: str) -> None:
    """The scans that a number above the list counts."""
    page.locator("#worklist-counters a", has_text=counter).click()
    expect(page).to_have_url(re.compile(r"/worklist\?"))


def _opened(page: Page, patient: str) -> None:
    """The scan of a patient of the list, drawn."""
    page.locator(ROWS, has_text=patient).locator(".lb-scan-link").click()
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete")


def _scan_of(visit: Visit, patient: str) -> Page:
    """The same, from the worklist of somebody who just came."""
    page = visit.sign_in(Role.CLINICIAN, "/worklist")
    page.fill("#worklist-search", patient)
    expect(page.locator("#worklist-total")).to_have_text("1 SYNTHETIC scan")
    _opened(page, patient)
    return page


def _shown_slice(page: Page) -> int:
    return int(page.evaluate("lightbox.viewer.current().slice"))


def test_01_the_worklist_counts_made_scans_apart(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    assert "SYNTHETIC scans" in exercise.see
    expect(page.locator("#worklist-total")).to_have_text("11 SYNTHETIC scans")
    expect(page.locator("#worklist-counters")).to_contain_text(re.compile(r"\d SYNTHETIC\s*Unread"))
    for words in page.locator(".lb-counter strong").all_inner_texts():
        assert words == "0" or words.endswith("SYNTHETIC")
    for box in page.locator(".lb-result-found").all():  # three lines of words are whole, too
        cell = box.locator("xpath=ancestor::*[@role='row'][1]").bounding_box()
        words_box = box.bounding_box()
        assert cell and words_box and words_box["height"] <= cell["height"]
    _listed(page, exercise.says("Suggested"))
    expect(page).to_have_url(re.compile("urgency=suggested"))
    expect(page.locator(ROWS).first).to_contain_text("Suggested")
    for row in page.locator(ROWS).all_inner_texts():
        assert "Tumour" in row and "Accepted" not in row


def test_02_slices_planes_and_what_the_ai_drew(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    _listed(page, "Suggested")
    page.locator(ROWS).first.click()
    page.wait_for_selector("#viewer-stage[data-shown]")
    until(page, "lightbox.viewer.current().volume.complete")
    before = _shown_slice(page)
    box = page.locator(".lb-pane-canvas").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, 100)
    until(page, f"lightbox.viewer.current().slice === {before} + 1")
    outline = page.get_by_label("Outline", exact=True)
    expect(outline).to_be_checked()
    page.evaluate(PIXELS)
    page.mouse.wheel(0, -100)
    until(page, f"lightbox.viewer.current().slice === {before}")
    assert coloured(page, AI) > 0
    assert "`H`" in exercise.do
    page.keyboard.press("h")
    assert coloured(page, AI) == 0
    page.keyboard.press("h")
    assert coloured(page, AI) > 0
    letters = []
    for key in ("2", "3", "4"):
        page.keyboard.press(key)
        expect(page.locator(".lb-pane:visible")).to_have_count(3 if key == "4" else 1)
        letters.append(page.locator(".lb-viewer").first.inner_text())
    assert "Coronal" in letters[0] and "Sagittal" in letters[1]
    for plane in ("Axial", "Coronal", "Sagittal"):
        assert plane in letters[2]


def test_03_the_panel_says_how_sure_it_is(open_tab: Tabs, exercise: Exercise) -> None:
    page = _scan_of(open_tab(), "SYNTHETIC 010")
    panel = page.locator("#scan-result")
    expect(panel).to_contain_text(exercise.says("Tumour found"))
    expect(panel).to_contain_text(re.compile(r"Probability 0\.\d\d, threshold 0\.\d\d"))
    expect(panel).to_contain_text(re.compile(r"\d mL"))
    expect(panel).to_contain_text(re.compile(r"\d mm"))
    expect(panel).to_contain_text(re.compile(r"Dice 0\.\d\d"))


def test_04_a_verdict_is_given_and_taken_back(open_tab: Tabs, exercise: Exercise) -> None:
    page = _scan_of(open_tab(), "SYNTHETIC 010")
    current, entries = page.locator("#scan-current-review"), page.locator(".lb-history")
    page.get_by_role("button", name=exercise.says("Accept"), exact=True).click()
    expect(current).to_contain_text("Accepted by Dr Clinician")
    expect(entries).to_contain_text("counts now")
    page.locator("summary", has_text=exercise.says("Take back")).click()
    page.get_by_role("button", name=exercise.says("Yes, take it back")).click()
    expect(current).to_contain_text(exercise.says("Nobody has reviewed this result"))
    expect(entries).to_contain_text("Taken back by Dr Clinician")
    expect(entries).to_contain_text("Accepted")


def test_05_a_doubtful_scan_is_uncertain(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    _listed(page, exercise.says("Doubtful"))
    _opened(page, "SYNTHETIC 005")
    expect(page.locator("#scan-uncertain")).to_contain_text(exercise.says("Uncertain"))
    expect(page.locator("#scan-uncertain")).to_contain_text(exercise.says("the outline is doubtful"))


def test_06_a_part_of_the_mask_is_erased(open_tab: Tabs, exercise: Exercise) -> None:
    page = _scan_of(open_tab(), "SYNTHETIC 005")
    page.locator("#editing-base").select_option("ai")
    page.get_by_role("button", name=exercise.says("Edit mask")).click()
    work = page.locator("#editing-work")
    expect(work).to_contain_text("mL; the AI's mask")
    before = _drawn_ml(work.inner_text())
    assert "eraser (E)" in exercise.do
    page.keyboard.press("e")
    expect(page.locator("#editing-eraser")).to_have_attribute("aria-pressed", "true")
    page.locator("#editing-size").fill("8")
    width, height, _ = _size(page)
    x, y = page.evaluate(ON_SCREEN, ["axial", page.evaluate(MIDDLE, [height, width])])
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3, y)
    page.mouse.up()
    expect(work).not_to_contain_text(f"{before:.2f} mL; the AI's mask")
    after = _drawn_ml(work.inner_text())
    assert 0 < after < before
    page.get_by_role("button", name=exercise.says("Save"), exact=True).click()
    expect(page.locator("#editing-message")).to_have_text("Saved: your mask counts now.")
    expect(page.locator(".lb-history")).to_contain_text("Dr Clinician")
    expect(page.locator("label.lb-control", has_text=exercise.says("Mask")).locator("option")).to_have_text(
        ["AI", "Corrected", "Both"]
    )


def _drawn_ml(words: str) -> float:
    match = re.search(r"([\d.]+) mL; the AI's mask", words)
    assert match, words
    return float(match[1])


def _size(page: Page) -> list[int]:
    match = re.search(r"(\d+) × (\d+) × (\d+) pixels", page.locator("#scan-facts").inner_text())
    assert match
    return [int(side) for side in match.groups()]


def test_07_a_ruler_stays_where_it_was_drawn(open_tab: Tabs, exercise: Exercise) -> None:
    page = _scan_of(open_tab(), "SYNTHETIC 006")
    scan = page.url
    assert "ruler (L)" in exercise.do
    page.keyboard.press("l")
    box = page.locator(".lb-pane-canvas").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y)
    page.mouse.down()
    page.mouse.move(x, y)
    page.mouse.move(x + 60, y)
    page.mouse.up()
    drawn = page.locator("section", has=page.get_by_role("heading", name="Measurements", exact=True))
    expect(drawn).to_contain_text(re.compile(r"Ruler [\d.]+ mm"))
    length = re.search(r"Ruler [\d.]+ mm", drawn.inner_text())
    assert length
    page.get_by_title("Worklist", exact=True).click()
    expect(page.locator("#worklist-total")).to_have_text("11 SYNTHETIC scans")
    _opened(page, "SYNTHETIC 010")
    page.goto(scan)
    expect(drawn).to_contain_text(length[0])
    expect(drawn).to_contain_text("Dr Clinician")


def test_08_a_scan_is_read_without_the_ai_first(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    patient = "SYNTHETIC-012"
    assert "`SYNTHETIC-290`" in exercise.do  # of the whole demonstration
    page.fill("#worklist-search", patient)
    expect(page.locator("#worklist-total")).to_have_text("1 SYNTHETIC scan")
    page.locator(".ag-row .ag-selection-checkbox input").first.check()
    page.get_by_role("button", name=exercise.says("Read without the AI first")).click()
    expect(page.locator(ROWS)).to_contain_text("Without AI")
    assert not OF_THE_AI.search(page.locator(ROWS).inner_text())
    _opened(page, patient)
    form = page.locator("#unaided")
    expect(form).to_be_visible()
    assert not OF_THE_AI.search(page.locator("#scan-page").inner_text())
    for words in ("Tumour present", "No tumour", "Unsure"):
        expect(form.get_by_label(exercise.says(words), exact=True)).to_be_visible()
    form.get_by_label("Tumour present").check()
    form.get_by_role("button", name=exercise.says("Keep it, and show the AI's result")).click()
    expect(page.locator("#scan-result")).to_contain_text("Tumour found")
    expect(page.locator(".lb-history")).to_contain_text("Unaided: tumour")


def test_09_the_report_says_that_it_is_synthetic(open_tab: Tabs, exercise: Exercise) -> None:
    page = _scan_of(open_tab(), "SYNTHETIC 006")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted by Dr Clinician")
    with page.expect_download(timeout=4 * 60_000) as fetched:
        page.get_by_role("link", name=exercise.says("Report, PDF")).click()
    assert "SYNTHETIC" in fetched.value.suggested_filename
    assert fetched.value.path().read_bytes().startswith(b"%PDF")
    text = page.locator("#scan-report-text")
    page.locator("summary", has_text="The text").click()
    said = text.input_value() if text.evaluate("e => 'value' in e") else text.inner_text()
    assert "SYNTHETIC" in said and "accepted" in said.lower() and "mL" in said
    assert exercise.says("not for diagnostic use") in said.lower()


def test_10_a_photograph_is_refused(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    expect(page.locator("#drop-zone")).to_contain_text(exercise.says("Drop scans here"))
    page.evaluate(DROP, _photograph())
    expect(page.locator(".lb-upload-state")).to_have_text(exercise.says("refused"), timeout=120_000)
    why = exercise.says("This is a colour picture, and Lightbox reads grey scans only.")
    expect(page.locator(".lb-upload-refusal")).to_contain_text(why)


def _photograph() -> str:
    colours: Any = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    memory = io.BytesIO()
    Image.fromarray(colours).save(memory, "JPEG")
    return base64.b64encode(memory.getvalue()).decode()


def test_every_exercise_is_tried() -> None:
    assert tried_of(globals()) == set(exercises_of(MANUAL))
