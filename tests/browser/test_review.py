"""A clinician says what is to be said of a result, takes it back, and goes on to the next case."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from data.records import LesionCall, LesionVerdict, RejectReason, Role, Verdict

pytestmark = pytest.mark.browser


def _opened(visit, scan_id: str, role: Role = Role.CLINICIAN, search: str = "") -> Page:
    page = visit.sign_in(role, f"/scans/{scan_id}{search}")
    expect(page.locator("#scan-current-review")).not_to_be_empty()
    return page


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_accept_unsure_take_back_and_reject(clinic, open_tab, read, width: int) -> None:
    page = _opened(open_tab(width), read.id)
    current, entries = page.locator("#scan-current-review"), page.locator(".lb-history li")
    expect(current).to_have_text("Nobody has reviewed this result.")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(current).to_contain_text("Accepted")
    page.get_by_role("button", name="Unsure").click()
    expect(current).to_contain_text("Unsure")
    page.locator("summary", has_text="Take back").click()
    expect(page.locator("#scan-take-back-means")).to_contain_text("Then this counts again: accepted by")
    page.get_by_role("button", name="Yes, take it back").click()
    expect(current).to_contain_text("Accepted")
    expect(entries).to_have_count(3)

    page.locator("summary", has_text="Lesion by lesion").click()
    second = page.get_by_role("group", name="Lesion 2")
    second.get_by_label("Wrong", exact=True).check()
    page.locator("summary", has_text="Reject").click()
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator("#alert")).to_contain_text("say why")
    page.locator("#scan-reason").select_option(label="Another disease")
    expect(page.get_by_label("Tumour absent")).to_be_checked()
    page.locator("#scan-reason-words").fill("It is oedema.")
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(current).to_contain_text("Rejected")
    expect(page.locator("#alert")).to_be_hidden()
    expect(page.locator("#scan-reason-words")).to_have_value("")
    review = clinic.reviews.current(read.id)
    assert (review.verdict, review.reason_code, review.reason, review.truth_positive) == (
        Verdict.REJECTED,
        RejectReason.OTHER_DISEASE,
        "It is oedema.",
        False,
    )
    assert review.lesions == (LesionVerdict(2, LesionCall.WRONG),)
    assert review.minutes is not None
    expect(entries).to_have_count(4)
    box = page.locator(".lb-history").bounding_box()
    assert box["x"] + box["width"] <= width and box["height"] < 600
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_one_key_accepts_and_opens_the_next_unread_case(clinic, open_tab, read) -> None:
    second = clinic.add_volume("u")
    clinic.read_volume(second)
    page = _opened(open_tab(), read.id)
    page.locator("summary", has_text="Comment").click()
    comment = page.get_by_label("Kept with whatever you say")
    comment.press_sequentially("an a")  # letters in a text are no keys
    assert clinic.reviews.of_scan(read.id) == []
    page.locator("#scan-result").click()
    page.keyboard.press("?")
    expect(page.locator("#viewer-help")).to_contain_text("Accept, and open the next unread case")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_url(f"**/scans/{second.id}?*")
    assert clinic.reviews.current(read.id).comment == "an a"
    expect(page.locator("#scan-case-before")).to_contain_text("The case before was accepted.")
    expect(page.locator("#scan-current-review")).to_have_text("Nobody has reviewed this result.")
    page.get_by_role("link", name="Open it again").click()
    page.wait_for_url(f"**/scans/{read.id}")
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")
    page.keyboard.press("n")
    page.wait_for_url(f"**/scans/{second.id}")
    expect(page.locator("#scan-current-review")).to_have_text("Nobody has reviewed this result.")
    page.get_by_role("button", name="Accept and next").click()
    expect(page.locator("#scan-next-message")).to_have_text("There is no other unread case in this list.")
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")


def test_the_next_one_is_of_the_list_in_the_address(clinic, open_tab, read) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    page = _opened(open_tab(), read.id, search="?task=pneumonia")
    page.keyboard.press("n")
    page.wait_for_url(f"**/scans/{film.id}?task=pneumonia")


def test_without_a_list_the_whole_worklist_goes_on(clinic, open_tab, read) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    page = _opened(open_tab(), read.id)
    page.keyboard.press("n")
    page.wait_for_url(f"**/scans/{film.id}")


def test_who_was_slower_is_told_and_nothing_is_kept(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.route("**/state", lambda _: None)  # never answered: the page does not learn of it by itself
    other = clinic.person(Role.CLINICIAN, "other")
    clinic.services.reviewing.reviews.unsure(read.id, other)
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#alert")).to_contain_text("Somebody reviewed this result meanwhile")
    assert [review.verdict for review in clinic.reviews.of_scan(read.id)] == [Verdict.UNSURE]


def test_a_head_takes_back_what_somebody_else_said(clinic, open_tab, read) -> None:
    other = clinic.person(Role.CLINICIAN, "other")
    clinic.services.reviewing.reviews.accept(read.id, other)
    page = _opened(open_tab(), read.id, Role.HEAD)
    expect(page.get_by_role("button", name="Accept", exact=True)).to_be_hidden()
    page.locator("summary", has_text="Take back").click()
    page.get_by_role("button", name="Yes, take it back").click()
    expect(page.locator(".lb-history")).to_contain_text("Taken back by Dr Head")
    assert clinic.reviews.current(read.id) is None


@pytest.mark.parametrize("width", [1440, 390])
def test_a_second_reading_is_asked_for_and_given_blind(clinic, open_tab, read, width: int) -> None:
    clinic.services.reviewing.reviews.accept(read.id, clinic.person(Role.CLINICIAN, "other"))
    page = _opened(open_tab(width), read.id)
    state, entries = page.locator("#second-state"), page.locator(".lb-history li")
    expect(entries).to_have_count(1)
    page.locator("summary", has_text="Ask for a second reading").click()
    page.get_by_label("Why two people should read it").fill("a faint rim")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(state).to_contain_text("a faint rim What others said is shown once you have said what you see.")
    expect(entries).to_have_count(0)
    expect(page.locator("#scan-current-review")).to_have_text("Nobody has reviewed this result.")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(state).to_contain_text("they agree, Dice of their masks 1.00.")
    expect(entries).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
