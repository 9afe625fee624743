"""What can come between a stroke and its review: other tabs and people, lost connections, ended sessions."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from data.records import Role, Scan, Verdict
from reports.masks import mask_nifti
from tests.browser.conftest import Visit, until
from tests.browser.drawing import (
    DRAFTS,
    HAS_A_DRAFT,
    begun,
    boxes,
    drawn,
    expecting_status,
    finger,
    kept,
    opened,
    saved,
    stroke,
)
from tests.dashboard.clinic import PASSWORD, Clinic, drawn_mask

pytestmark = pytest.mark.browser


def _another_tab(visit: Visit, scan: Scan) -> Page:
    page = visit.page.context.new_page()
    page.goto(f"{visit.address}/scans/{scan.id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    return page


def test_a_second_tab_is_told_and_takes_over_what_was_drawn(clinic, open_tab, read) -> None:
    visit = open_tab()
    first = begun(opened(visit, read))
    stroke(first, (10, 45, 30), (10, 50, 34))
    before = drawn(first, read)
    until(first, HAS_A_DRAFT)
    second = _another_tab(visit, read)
    second.click("#editing-resume")
    expect(second.locator("#editing-offer")).to_contain_text("is being corrected in another tab")
    expect(second.locator("#editing-work")).to_be_hidden()
    second.click("#editing-take")
    expect(second.locator("#editing-work")).to_be_visible()
    assert np.array_equal(drawn(second, read), before)

    expect(first.locator("#editing-offer")).to_contain_text("is being corrected in another tab")
    expect(first.locator("#editing-work")).to_be_hidden()
    first.bring_to_front()
    first.keyboard.press("Control+z")
    second.bring_to_front()
    stroke(second, (10, 5, 30), (10, 8, 34))
    assert drawn(second, read).sum() > before.sum()
    saved(second)
    assert kept(clinic, read).sum() > before.sum()


def test_a_second_tab_does_not_begin_beside_the_first(open_tab, read) -> None:
    visit = open_tab()
    begun(opened(visit, read))
    second = _another_tab(visit, read)
    second.click("#editing-begin")
    expect(second.locator("#editing-offer")).to_contain_text("is being corrected in another tab")
    visit.page.close()
    second.click("#editing-begin")
    expect(second.locator("#editing-work")).to_be_visible()


def test_somebody_who_saved_meanwhile_is_named_and_shown_and_not_overwritten(clinic, open_tab, read) -> None:
    visit = open_tab()
    page = begun(opened(visit, read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    mine = drawn(page, read)
    other, theirs = clinic.person(Role.CLINICIAN, "noether"), boxes(read)
    theirs[0, :5, :5] = 1
    mask = drawn_mask(theirs)
    clinic.services.reviewing.reviews.correct(read.id, other, mask)
    page.click("#editing-save")
    expect(page.locator("#editing-offer")).to_contain_text(other.display_name)
    assert len(clinic.reviews.of_scan(read.id)) == 1
    page.click("#editing-theirs")
    until(page, "lightbox.viewer.current().masks.has('theirs')")
    shown = page.evaluate("Array.from(lightbox.viewer.current().masks.get('theirs')).reduce((a, b) => a + b)")
    assert shown == theirs.sum()
    page.click("#editing-on-top")
    expect(page.locator("#editing-message")).to_have_text("Saved: your mask counts now.")
    assert np.array_equal(kept(clinic, read), mine)
    newest, before = clinic.reviews.of_scan(read.id)
    assert newest.parent_id == before.id
    expecting_status(visit, "409")


def test_the_ais_own_mask_drawn_again_is_accepted_instead(clinic, open_tab, read) -> None:
    visit = open_tab()
    page = begun(opened(visit, read), "empty")
    page.locator("#editing-base").select_option("ai")
    page.click("#editing-restart")
    page.fill("#editing-comment", "the rim is right")
    page.click("#editing-save")
    expect(page.locator("#editing-offer")).to_contain_text("This mask is the AI's own")
    assert clinic.reviews.of_scan(read.id) == []
    page.click("#editing-accept")
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")
    expect(page.locator("#editing-work")).to_be_hidden()
    (review,) = clinic.reviews.of_scan(read.id)
    assert (review.verdict, review.comment) == (Verdict.ACCEPTED, "the rim is right")
    assert page.evaluate(DRAFTS) == []
    expecting_status(visit, "400")


def test_the_ais_own_mask_as_a_file_is_accepted_instead(clinic, open_tab, read, tmp_path) -> None:
    visit, file = open_tab(), tmp_path / "mask.nii.gz"
    page = opened(visit, read)
    file.write_bytes(mask_nifti(boxes(read).astype(bool), read.grid))
    page.click("text=Correct the mask by a file")
    with page.expect_file_chooser() as chooser:
        page.click("#choose-mask")
    chooser.value.set_files(file)
    expect(page.locator("#correct-message")).to_contain_text("This mask is the AI's own")
    page.click("#correct-accept")
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")
    expect(page.locator("#correct-message")).to_be_empty()
    (review,) = clinic.reviews.of_scan(read.id)
    assert review.verdict is Verdict.ACCEPTED
    expecting_status(visit, "400")


def test_an_empty_mask_asks_whether_there_is_nothing_at_all(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(), read), "empty")
    page.click("#editing-save")
    expect(page.locator("#editing-question")).to_contain_text("No tumour at all?")
    page.click("#editing-no")
    expect(page.locator("#editing-question")).to_have_count(0)
    assert clinic.reviews.of_scan(read.id) == []
    page.click("#editing-save")
    page.click("#editing-yes")
    expect(page.locator("#editing-message")).to_have_text("Saved: your mask counts now.")
    (review,) = clinic.reviews.of_scan(read.id)
    assert (review.verdict, review.truth_positive) == (Verdict.CORRECTED, False)
    assert kept(clinic, read).sum() == 0


def test_discarding_asks_and_leaves_nothing(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(), read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    until(page, HAS_A_DRAFT)
    page.click("#editing-discard")
    page.click("#editing-no")
    expect(page.locator("#editing-work")).to_be_visible()
    page.click("#editing-discard")
    page.click("#editing-yes")
    expect(page.locator("#editing-work")).to_be_hidden()
    assert page.evaluate(DRAFTS) == []
    assert clinic.reviews.of_scan(read.id) == []


def test_nobody_accepts_by_a_slip_of_the_hand_while_drawing(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(), read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    page.keyboard.press("a")
    expect(page.locator("#editing-message")).to_contain_text("save or discard that first")
    page.locator("#scan-accept").click()
    expect(page.locator("#editing-save")).to_be_focused()
    assert clinic.reviews.of_scan(read.id) == []
    page.click("#editing-undo")
    page.click("#editing-discard")
    page.click("#editing-yes")
    expect(page.locator("#editing-work")).to_be_hidden()
    page.locator("#scan-accept").click()
    expect(page.locator("#scan-current-review")).to_contain_text("ccepted")


def test_a_lost_connection_loses_nothing(clinic, open_tab, read) -> None:
    visit = open_tab()
    page = begun(opened(visit, read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    page.context.set_offline(True)
    page.click("#editing-save")
    expect(page.locator("#editing-message")).to_contain_text("cannot be reached")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    saved(page)
    assert kept(clinic, read).sum() > boxes(read).sum()
    expecting_status(visit, "ERR_INTERNET_DISCONNECTED")


def test_after_the_end_of_a_session_one_signs_in_elsewhere_and_saves(clinic, open_tab, read) -> None:
    visit = open_tab()
    page = begun(opened(visit, read))
    stroke(page, (10, 45, 30), (10, 50, 34))
    mine = drawn(page, read)
    _sign_out(clinic, Role.CLINICIAN)
    page.click("#editing-save")
    expect(page.locator("#editing-message")).to_contain_text("Your session has ended")
    assert np.array_equal(drawn(page, read), mine)
    with page.context.expect_page() as opening:
        page.click("#editing-message a")
    other = opening.value
    _sign_in(other, Role.HEAD)
    page.click("#editing-save")
    expect(page.locator("#editing-message.lb-upload-refusal")).not_to_be_empty()
    assert clinic.reviews.of_scan(read.id) == []
    _sign_out(clinic, Role.HEAD)
    other.goto(f"{visit.address}/login")
    _sign_in(other, Role.CLINICIAN)
    saved(page)
    assert np.array_equal(kept(clinic, read), mine)
    expecting_status(visit, "401", "403")


def _sign_out(clinic: Clinic, role: Role) -> None:
    (user,) = (user for user in clinic.accounts.all() if user.name == role.value)
    clinic.accounts.sign_out_everywhere(user.id)


def _sign_in(page: Page, role: Role) -> None:
    page.fill("#name", role.value)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_selector(".lb-page > *")


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_who_may_not_review_has_no_tools(open_tab, read, role: Role) -> None:
    page = opened(open_tab(), read, role)
    expect(page.locator("#editing")).to_be_hidden()


def test_a_film_has_no_mask_to_correct(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    page = opened(open_tab(), film)
    expect(page.locator(".lb-headline")).to_be_visible()
    expect(page.locator("#editing")).to_be_hidden()


def test_fingers_draw_and_the_phone_shows_the_panel_below_the_picture(clinic, open_tab, read) -> None:
    page = begun(opened(open_tab(390, 844), read))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("scrollTo(0, 0)")
    panel, stage = page.locator("#editing").bounding_box(), page.locator("#viewer-stage").bounding_box()
    assert panel["y"] >= stage["y"] + stage["height"]
    page.locator("#editing-save").scroll_into_view_if_needed()
    assert page.locator("#viewer-stage").bounding_box()["y"] >= 0
    assert page.locator("#editing-save").bounding_box()["y"] > stage["height"]
    before = drawn(page, read)
    finger(page, (10, 45, 30), (10, 50, 34))
    after = drawn(page, read)
    assert after.sum() > before.sum()
    saved(page)
    assert np.array_equal(kept(clinic, read), after)
