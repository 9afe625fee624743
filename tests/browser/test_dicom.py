"""The page of the DICOM node: which senders are silent, and what an administrator says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from data.database import now
from data.records import Arrivals, PriorRequest, PriorSeries, PriorState, RemoteNodeKind, Role
from data.stores.priors import PriorStore
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
    _no_sideways(page)


def test_priors_are_set_by_an_administrator_and_asked_for_by_a_clinician(clinic, open_tab) -> None:
    scan = clinic.add_volume("somebody")
    there = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    root = clinic.person(Role.ADMIN, "root")
    node = clinic.services.remote_nodes.add("Archive", RemoteNodeKind.DICOM, there, root)
    page = open_tab().sign_in(Role.ADMIN, "/dicom")
    page.get_by_role("button", name="Change which priors are fetched from Archive").press("Enter")
    page.get_by_role("radio", name="When a clinician asks", exact=True).check()
    page.get_by_label("How", exact=True).select_option("C-GET")
    page.get_by_label("Studies back, at most").fill("2")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#dicom-priors")).to_contain_text("C-GET")
    expect(page.locator("#dicom-priors")).to_contain_text("2 studies, 5 years back")
    _no_sideways(page)

    request = PriorRequest("r" * 32, scan.id, scan.patient_id, node.id, PriorState.DONE, None, now())
    store = PriorStore(clinic.database)
    store.add(replace(request, passed_over=("The study of 2020-01-01 is not fetched: it is of another.",)))
    uids = "1.2.840.113619.2.55.3.2831178355.911.1234567890.12", "1.2.840.113619.2.55.3.2831178355.911.13"
    store.put_series(PriorSeries(request.id, node.id, *uids, date(2024, 3, 10), "MR", PriorState.DONE, 24))
    patient = clinic.patients.get(scan.patient_id, with_identity=False)
    page = open_tab().sign_in(Role.CLINICIAN, f"/patients/{patient.pseudonym}")
    expect(page.locator("#patient-priors")).to_contain_text("2024-03-10")
    page.get_by_role("button", name="Fetch priors").press("Enter")
    expect(page.get_by_text("Nothing to look for")).to_be_visible()
    _no_sideways(page)


def test_a_double_click_adds_one_remote_node(clinic, open_tab) -> None:
    page = open_tab(width=390, height=800).sign_in(Role.ADMIN, "/dicom")
    page.get_by_role("button", name="Add a remote node").click()
    page.get_by_label("Name", exact=True).fill("Archive")
    page.get_by_label("AE title").fill("PACS")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill("104")
    page.get_by_role("button", name="Save").last.dblclick()
    expect(page.locator("#remote-nodes")).to_contain_text("PACS at 127.0.0.1 port 104")
    page.get_by_role("button", name="Test Archive").click()
    expect(page.locator("#remote-node-said")).not_to_be_empty()
    assert [node.name for node in clinic.services.remote_nodes.all(clinic.person(Role.ADMIN, "root"))] == [
        "Archive"
    ]


def _no_sideways(page: Page) -> None:
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
