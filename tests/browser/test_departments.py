"""An administrator parts a house, and a head of one department sees performance of its scans alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import RejectReason, Role
from services.reviewing.review import Remarks

pytestmark = pytest.mark.browser


def test_a_department_is_made_earlier_scans_are_its_and_its_head_sees_their_performance(
    clinic, open_tab
) -> None:
    reader = clinic.person(Role.CLINICIAN, "reader")
    own, other = (clinic.add_volume(reader.id, site=site) for site in ("North Hospital", "Kids Institute"))
    for scan in (own, other):
        clinic.read_volume(scan)
        clinic.services.reviewing.reviews.reject(
            scan.id, reader, RejectReason.OTHER, "No tumour", False, Remarks()
        )
    admin = open_tab().sign_in(Role.ADMIN, "/departments")
    admin.get_by_label("Name", exact=True).fill("Neuroradiology North")
    admin.get_by_label("Sites as DICOM files name them, one a line").fill("North Hospital")
    admin.get_by_role("button", name="Save the department").click()
    assign = admin.get_by_role("button", name="Assign 1 scan")
    assign.click()
    expect(admin.get_by_text("1 scan has its department now.")).to_be_visible()
    expect(assign).to_be_hidden()
    page = open_tab().sign_in(Role.HEAD, "/performance?version=2&metric=accuracy")
    expect(page.get_by_role("heading", name="Stop rules")).to_be_visible()
    known = {user.name: user for user in clinic.accounts.all()}
    (north,) = clinic.services.departments.departments.names()
    clinic.services.departments.departments.bind(known[Role.HEAD.value].id, [north], known[Role.ADMIN.value])
    page.reload()
    expect(page.get_by_text("Real use of your departments' scans alone")).to_be_visible()
    expect(page.locator("#performance-coverage")).to_contain_text("1 of 1")
    expect(page.get_by_role("heading", name="Right and wrong")).to_be_visible()
    expect(page.get_by_role("heading", name="Stop rules")).to_have_count(0)
    page.get_by_text("By month", exact=True).first.click()
    page.wait_for_url("**by=month**")

    page.goto(page.url.partition("/performance")[0] + f"/scans/{own.id}")
    expect(page.locator("#scan-facts")).to_contain_text("Neuroradiology North")
