"""The page of the DICOM node: which senders are silent, and what an administrator says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from data.database import now
from data.records import Arrivals, Role
from data.stores.watched_senders import WatchedSenderStore, quarter_of

pytestmark = pytest.mark.browser


def test_a_silent_sender_is_told_and_retired(clinic, open_tab) -> None:
    store, moment = WatchedSenderStore(clinic.database), now()
    store.listened(moment - timedelta(days=60), moment)
    for ae_title, silent_hours, days in (("MR1", 30, 40), ("CR2", 0, 40), ("CR3", 0, 4)):
        hours = [moment - timedelta(hours=hour) for hour in range(silent_hours, days * 24, 3)]
        store.arrived([Arrivals(ae_title, quarter_of(at), 9, at) for at in hours])
    clinic.services.receiving.senders.tick()
    page = open_tab().sign_in(Role.ADMIN, "/dicom")
    rows = {title: page.locator("#dicom-pauses tr", has_text=title) for title in ("MR1", "CR2", "CR3")}
    expect(rows["MR1"]).to_contain_text("Silent")
    expect(rows["CR2"]).to_contain_text("Sends")
    expect(rows["CR3"]).to_contain_text("Not learnt yet")
    expect(page.locator("#bell")).to_contain_text("1")
    page.get_by_role("button", name="Change whether MR1 is watched").press("Enter")
    expect(page.get_by_role("heading", name="Change: MR1")).to_be_visible()
    page.get_by_role("radio", name="Retired").check()
    page.get_by_role("button", name="Save").press("Enter")
    expect(rows["MR1"]).to_contain_text("Retired")
    assert clinic.services.alerts.calling() == []
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
