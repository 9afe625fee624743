"""The page of evaluations at its main job: a version reads a set, and stands beside another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from data.records import Role, ScanSetKind
from tests.dashboard.clinic import Clinic
from tests.services.small_models import Department, department

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PATIENCE_MS = 60_000


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """Five scans, of which version 2 misses two."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(3, bright=800)
        made.add(2, bright=600)
        made.version(above=700, name="second")
        made.evaluate("1", ScanSetKind.COHORT)
        yield made


def test_a_version_reads_a_set_and_stands_beside_another_one(small: Department, open_tab) -> None:
    page = open_tab(390, 844).sign_in(Role.HEAD, "/evaluations")
    expect(page.locator("#evaluation-version")).to_have_value("2")
    ask = page.get_by_role("button", name="Read them")
    ask.click()
    expect(page.get_by_text("Version 2 reads 5 scans in the background.")).to_be_visible()
    rows = page.locator(".lb-rehearsal-row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("5 of 5 scans, finished", timeout=PATIENCE_MS)

    rows.first.get_by_role("link", name="Brain tumour version 2").click()
    expect(page.get_by_text("5 of 5 scans were read; 3 were called positive.")).to_be_visible()
    expect(page.locator("tr", has_text="Recall").first).to_contain_text("60.0 %")
    page.get_by_role("link", name=re.compile("Version 1, finished")).click()
    expect(page.get_by_role("heading", name="Version 1 beside version 2")).to_be_visible()
    expect(page.get_by_text("+40.0 points").first).to_be_visible()
