from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import FeedbackState, KindCount, Role
from tests.browser.conftest import until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_a_clinician_says_what_is_wrong_and_gets_the_answer(clinic, open_tab, width: int) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    clinician = open_tab(width).sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    summary = clinician.get_by_text("Something is wrong with this result")
    expect(summary).to_be_visible()  # the panel comes with the result; hidden it takes no key
    summary.focus()
    clinician.keyboard.press("Enter")
    clinician.get_by_label("What", exact=True).select_option(label="Wrong place or side")
    clinician.locator("#scan-feedback-words").fill("It is on the right. Ms Lovelace says so too.")
    clinician.get_by_role("button", name="Send to MLOps").click()
    expect(clinician.locator("#scan-feedback-sent")).to_contain_text("Sent.")
    expect(clinician.locator("#scan-feedback-list")).to_contain_text("It is on the right.")
    assert clinician.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    mlops = open_tab(width).sign_in(Role.MLOPS, "/alerts")
    waiting = mlops.get_by_role("link", name="1 message to look at")
    expect(waiting).to_be_visible()
    mlops.wait_for_load_state("networkidle")
    waiting.click()
    card = mlops.locator(".lb-feedback")
    expect(card).to_contain_text("Critical")
    expect(card).to_contain_text("version 2")
    expect(card).to_contain_text("Dr Clinician (clinician)")
    expect(card).not_to_contain_text("Lovelace")
    until(mlops, "document.querySelector('.lb-feedback img').naturalWidth > 0")
    assert mlops.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    mlops.get_by_label("Your answer on: Wrong place or side").fill("You are right: version 3 mends it.")
    mlops.get_by_role("button", name="Answer and close").click()
    expect(mlops.locator("#feedback-cards")).to_have_text("Nothing waits for an answer.")
    expect(waiting).to_be_hidden()
    assert clinic.services.feedback.counts()[FeedbackState.CLOSED] == KindCount(1)

    clinician.goto(clinician.url.rpartition("/scans")[0] + "/worklist")
    expect(clinician.locator(".ag-row").first).to_be_visible()  # left while it is filled, its console says so
    clinician.wait_for_load_state("networkidle")
    clinician.get_by_role("link", name="1 message answered").click()
    expect(clinician.locator(".lb-feedback")).to_contain_text("You are right: version 3 mends it.")
    expect(clinician.locator(".lb-feedback")).to_contain_text("New answer")
    clinician.get_by_role("link", name="Open the scan").click()
    expect(clinician.locator("#scan-feedback-list")).to_contain_text("You are right: version 3 mends it.")
    expect(clinician.get_by_role("link", name="1 message answered")).to_be_hidden()


def test_an_answer_without_words_is_said_and_the_message_stays(clinic, open_tab) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    sender = next(user for user in clinic.accounts.all() if user.name == Role.CLINICIAN.value)
    clinic.services.feedback.send(scan.id, sender, "wrong-size", "Too large.")
    page = open_tab().sign_in(Role.MLOPS, "/feedback")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator("#alert")).to_contain_text("Write an answer first")
    expect(page.locator(".lb-feedback")).to_contain_text("Too large.")
    page.get_by_label("Your answer on: Wrong size").fill("We look into it.")
    page.get_by_role("button", name="Answer", exact=True).click()
    page.get_by_role("link", name="Answered (1)").click()
    expect(page.locator(".lb-feedback")).to_contain_text("We look into it.")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("link", name="Closed (1)")).to_be_visible()
