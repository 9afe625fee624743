from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

from dashboard.components import reports as parts
from data.records import Role
from tests.dashboard.clinic import Clinic

pytestmark = pytest.mark.browser


def test_a_head_has_a_report_made_fetches_it_and_deletes_it(open_tab, clinic: Clinic, tmp_path: Path) -> None:
    scan = clinic.add_volume("somebody")
    clinic.read_volume(scan)
    clinic.jobs.start()
    page = open_tab().sign_in(Role.HEAD, "/reports")
    expect(page.get_by_text("No report was made yet.")).to_be_visible()
    page.click(f"#{parts.KIND}")
    page.locator(".dash-dropdown-option", has_text="Cohort statistics").click()
    page.fill(f"#{parts.FILTERS}", "task=brain-tumour")
    page.click(f"#{parts.MAKE}")
    expect(page.locator(f"#{parts.LIST}")).to_contain_text("ready", timeout=60_000)
    with page.expect_download() as fetched:
        page.get_by_role("link", name="PDF").click()
    file = tmp_path / "report.pdf"
    fetched.value.save_as(file)
    assert file.read_bytes().startswith(b"%PDF")
    assert fetched.value.suggested_filename.startswith("lightbox-cohort-")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.get_by_role("button", name="Delete").click()
    assert len(asked) == 1 and asked[0].startswith("Delete the report “")
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No report was made yet.")).to_be_visible()


def test_the_cohort_page_leads_to_a_report_of_what_it_shows(open_tab, clinic: Clinic) -> None:
    clinic.read_volume(clinic.add_volume("somebody"))
    page = open_tab().sign_in(Role.HEAD, "/cohort?sex=F")
    page.get_by_text("Files and reports").click()
    page.get_by_role("link", name="Kept report").click()
    expect(page.locator(f"#{parts.FILTERS}")).to_have_value("sex=F&synthetic=no")
    expect(page.locator(f"#{parts.KIND}")).to_contain_text("Cohort statistics")


def test_it_fits_a_phone(open_tab) -> None:
    page = open_tab(390, 800).sign_in(Role.MLOPS, "/reports?kind=cohort")
    expect(page.locator(f"#{parts.FILTERS}")).to_be_visible()
    expect(page.locator(f"#{parts.RUN}")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
