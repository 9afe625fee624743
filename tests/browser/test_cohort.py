"""The cohort page in a browser: the address is the view, clicks filter, numbers lead to their cases."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from data.records import Identity, Role
from tests.browser.conftest import click_mark
from tests.dashboard.clinic import Clinic

pytestmark = pytest.mark.browser


def _fill(clinic: Clinic) -> None:
    sender = clinic.person(Role.CLINICIAN, "sender")
    for number in range(4):
        scan = clinic.add_volume(sender.id, Identity(f"Person {number}", f"MRN-{number}"))
        if number < 3:
            clinic.read_volume(scan)
    clinic.read_film(clinic.add_film(sender.id))


def _count(page: Page) -> str:
    return page.locator("#worklist-total").inner_text()


def test_tiles_lead_to_exactly_their_cases(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab().sign_in(Role.HEAD, "/cohort")
    expect(page.locator("#cohort-total")).to_have_text("5 scans of 5 patients")
    tile = page.locator(".lb-tile", has_text="Waiting")
    expect(tile).to_contain_text("1")
    tile.click()
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page.locator("#worklist-linked")).to_contain_text("Status: ")
    page.get_by_text("Show all scans").click()
    expect(page.locator("#worklist-total")).to_have_text("5 scans")
    page.go_back()
    expect(page.locator("#worklist-total")).to_have_text("1 scan")


def test_a_bar_filters_at_the_first_click_and_opens_at_the_second(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab().sign_in(Role.HEAD, "/cohort")
    bar = page.locator("#cohort-graph-task .bars .point path").first
    expect(page.locator("#cohort-graph-time .bars .point path").first).to_be_visible()
    expect(page.locator("#cohort-graph-task")).to_be_hidden()
    page.get_by_text("Tasks and scanners").click()
    click_mark(bar)
    expect(page).to_have_url(re.compile(r"/cohort\?task=brain-tumour&synthetic=no$"))
    page.reload()  # what was opened stays open in this tab
    expect(page.locator("#cohort-graph-task")).to_be_visible()
    expect(page.locator("#cohort-total")).to_have_text("4 scans of 4 patients")
    expect(page.locator("#cohort-chips")).to_contain_text("Task: Brain tumour")
    click_mark(bar)
    expect(page).to_have_url(re.compile(r"/worklist\?task=brain-tumour&synthetic=no$"))
    expect(page.locator("#worklist-total")).to_have_text("4 scans")


def test_the_address_is_the_view(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab().sign_in(Role.HEAD, "/cohort?task=pneumonia")
    expect(page.locator("#cohort-total")).to_have_text("1 scan of 1 patient")
    expect(page.locator("#cohort-filter-task")).to_contain_text("Pneumonia")
    page.fill("#cohort-view-name", "Films")
    page.click("#cohort-view-save")
    expect(page.locator("#cohort-view-said")).to_have_text("Saved as “Films”.")
    page.get_by_text("Clear all").click()
    expect(page.locator("#cohort-total")).to_have_text("5 scans of 5 patients")
    page.locator("#cohort-views").click()
    page.get_by_text("Films", exact=True).click()
    expect(page.locator("#cohort-total")).to_have_text("1 scan of 1 patient")


def test_an_empty_cohort_says_so(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab().sign_in(Role.HEAD, "/cohort?age=0-9")
    expect(page.get_by_text("No scan fits these filters.")).to_be_visible()
    expect(page.locator("#cohort-body")).to_be_hidden()
    page.focus("#cohort-to")  # menus by keyboard alone
    page.keyboard.press("Tab")
    expect(page.locator("#cohort-filter-task")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("listbox").or_(page.locator(".dash-dropdown-content")).first.wait_for()


def test_two_cohorts_side_by_side(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab().sign_in(Role.HEAD, "/cohort?task=pneumonia")
    page.get_by_text("Two cohorts side by side").click()
    page.click("#cohort-compare-keep")
    expect(page.locator("#cohort-comparison")).to_contain_text("upload to result")
    expect(page.locator("#cohort-comparison")).to_contain_text("too few")
    page.click("#cohort-compare-end")
    expect(page.locator("#cohort-comparison")).to_be_empty()


def test_it_fits_a_phone(clinic, open_tab) -> None:
    _fill(clinic)
    page = open_tab(390, 844).sign_in(Role.HEAD, "/cohort")
    expect(page.locator("#cohort-total")).to_have_text("5 scans of 5 patients")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#cohort-filter-task")).to_be_hidden()  # the numbers come first
    page.get_by_text("Filters and saved views").click()
    expect(page.locator("#cohort-filter-task")).to_be_visible()
