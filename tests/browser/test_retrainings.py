"""The page of retrainings at its main job: what could be learnt from, one that is begun, and one declined."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from data.database import new_id, now
from data.records import PNEUMONIA, Retraining, RetrainingCause, RetrainingState, Role
from data.stores.retrainings import RetrainingStore
from tests.dashboard.clinic import Clinic
from tests.services.retraining.judged import judged_xrays

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def _proposed(clinic: Clinic) -> Retraining:
    proposed = Retraining(
        new_id(), PNEUMONIA, RetrainingCause.TRUTHS, "64 scans with a known truth are new.",
        RetrainingState.PROPOSED, 64, True, now(), from_version="1",
    )  # fmt: skip
    assert RetrainingStore(clinic.database).add(proposed)
    return proposed


def test_a_task_is_retrained_by_a_reason_and_that_is_cancelled(clinic: Clinic, open_tab) -> None:
    judged_xrays(clinic.database, clinic.folder)
    page = open_tab(390, 844).sign_in(Role.MLOPS, "/models")
    page.get_by_role("link", name="Retraining").click()
    card = page.locator(".lb-card", has=page.get_by_role("heading", name="Pneumonia"))
    expect(card).to_contain_text("64 SYNTHETIC scans have a known truth, 64 of them new")
    brain = page.locator(".lb-card", has=page.get_by_role("heading", name="Brain tumour"))
    expect(brain).to_contain_text("No scan has a known truth yet.")
    expect(brain.get_by_role("button")).to_have_count(0)

    card.get_by_role("button", name="Retrain now").click()
    expect(page.locator("#alert")).to_contain_text("Say why it is to be retrained.")
    card.get_by_label("Why a version").fill("The new scanner is another one.")
    card.get_by_role("button", name="Retrain now").click()
    expect(page.get_by_text("the training follows by itself")).to_be_visible()
    under_way = page.locator(".lb-retraining")
    expect(under_way).to_contain_text(re.compile("being packed|being trained"))
    expect(card).to_contain_text("One is open: decide on it below.")

    under_way.get_by_text("Cancel it", exact=True).click()
    under_way.get_by_label("Why it is cancelled").fill("Only tried.")
    under_way.get_by_role("button", name="Cancel").click()
    expect(page.locator(".lb-retraining")).to_contain_text("“Only tried.”")
    expect(page.get_by_role("heading", name="Before")).to_be_visible()


def test_a_proposal_is_declined_with_a_reason(clinic: Clinic, open_tab) -> None:
    _proposed(clinic)
    page = open_tab().sign_in(Role.MLOPS, "/retrainings")
    card = page.locator(".lb-retraining")
    expect(card).to_contain_text("64 scans with a known truth are new. (a schedule,")
    expect(card.get_by_role("button", name="Begin it")).to_be_visible()
    card.get_by_text("Decline it", exact=True).click()
    card.get_by_label("Why it is declined").fill("Too few of the new scanner.")
    card.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("Declined.", exact=True)).to_be_visible()
    expect(page.locator(".lb-retraining")).to_contain_text("declined by")


def test_who_may_not_decide_sees_how_far_it_is(clinic: Clinic, open_tab) -> None:
    _proposed(clinic)
    page = open_tab().sign_in(Role.HEAD, "/retrainings")
    expect(page.locator(".lb-retraining")).to_contain_text("proposed: somebody has to begin or decline it")
    expect(page.locator(".lb-retraining").get_by_role("button")).to_have_count(0)
    expect(page.locator("#alert")).to_be_hidden()
