"""The page of local acceptance at its main job: limits are fixed, a version is tested and signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.services.small_models import Department, department

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PATIENCE_MS = 60_000


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """Scans of two scanners, with reviews of enough of one of them."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(7, bright=800, scanner="Skyra")
        made.add(6, bright=0, scanner="Skyra")
        made.add(1, bright=800, scanner="Vida")
        yield made


def test_limits_are_fixed_and_a_version_is_tested_and_signed(small: Department, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/models")
    page.get_by_role("link", name="Local acceptance").click()
    expect(page.get_by_text("No protocol is in force")).to_be_visible()
    page.get_by_text("Fix new limits").click()
    for words, typed in (
        ("Recall, lower end", "60"),
        ("Cases with the finding", "6"),
        ("Specificity, lower end", "60 %"),
        ("Cases without it", "6"),
    ):
        page.get_by_label(words).fill(typed)
    page.locator("#acceptance-fix-why").fill("Agreed in the committee.")
    page.get_by_role("button", name="Fix these limits").click()
    expect(page.get_by_text("Revision 1 is in force.")).to_be_visible()
    expect(page.locator("#acceptance-protocol")).to_contain_text("60 % or more, of at least 6 cases")

    expect(page.locator("#acceptance-begin-version")).to_have_value("1")
    page.get_by_role("button", name="Begin the test").click()
    row = page.locator("#acceptance-tests tbody tr")
    expect(row).to_contain_text("finished, not signed", timeout=PATIENCE_MS)
    scanners = page.locator("#acceptance-standings")
    expect(scanners).to_contain_text("Tested: passed, awaiting signature")
    row.get_by_role("link").click()
    expect(page.locator("#acceptance-test-card")).to_contain_text("64.6 to 100.0 %")  # 7 of 7
    page.locator("#acceptance-sign-why").fill("Seen with the physicist.")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(scanners).to_contain_text("by Dr Head as department head")
    expect(page.locator("#acceptance-sign-form")).to_be_hidden()
    page.go_back()
    expect(page.locator("#acceptance-test-card")).to_have_count(0)
