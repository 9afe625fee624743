"""The models page at its main job: another version comes, is rehearsed, goes live, and goes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.records import BRAIN_TUMOUR, Role
from tests.dashboard.clinic import Clinic
from tests.services.small_models import Department, department, weights_in, zipped

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PATIENCE_MS = 60_000


@pytest.fixture
def small(clinic: Clinic, tmp_path: Path) -> Iterator[Department]:
    """Fourteen SYNTHETIC scans with a tumour and as many without; version 1 leaves a rim too much."""
    with department(tmp_path / "department") as made:
        clinic.show_versions_of(made)
        made.add(14, bright=800, synthetic=True)
        made.add(14, bright=0, synthetic=True)
        yield made


def _upload(page: Page, archive: Path) -> None:
    section = page.locator("section", has_text="Brain tumour").first
    section.get_by_text("Register another version").click()
    with page.expect_file_chooser() as chooser:
        section.get_by_role("button", name="Choose a zip").click()
    chooser.value.set_files(archive)


def _card(page: Page, version: str):
    return page.locator("article.lb-card").filter(
        has=page.locator(".lb-version-head strong", has_text=f"Version {version}")
    )


def test_a_version_comes_is_rehearsed_goes_live_and_goes_back(
    small: Department, open_tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_tab().sign_in(Role.MLOPS, "/models")
    expect(_card(page, "1").locator(".lb-live")).to_have_text("live")
    _upload(page, zipped(weights_in(small.folder / "better", above=700)))
    expect(_card(page, "2")).to_contain_text("has not been rehearsed", timeout=PATIENCE_MS)

    _card(page, "2").get_by_role("button", name="Rehearse on").click()
    expect(page.get_by_text("Version 2 is being rehearsed.")).to_be_visible()
    gate = _card(page, "2").locator(".lb-gate-pass")
    expect(gate).to_contain_text("On SYNTHETIC scans only: Recall changes by +0.0 point", timeout=PATIENCE_MS)
    gate.get_by_text("See what changes").click()
    expect(page.get_by_text("28 SYNTHETIC scans read by version 2 beside version 1")).to_be_visible()
    picture = page.locator(".lb-differences img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 32

    page.get_by_text("All versions").click()
    card = _card(page, "2")
    card.get_by_role("button", name="Let it go live").click()
    expect(page.get_by_text("Please write down a reason.")).to_be_visible(timeout=PATIENCE_MS)
    card.get_by_label("Why it should go live").fill("It draws no rim.")
    loaded_beside = small.engine.beside

    def slowly(*given: Any) -> Any:  # longer than the page waits before it looks again
        sleep(5)
        return loaded_beside(*given)

    monkeypatch.setattr(small.engine, "beside", slowly)
    card.get_by_role("button", name="Let it go live").dblclick()
    expect(page.locator("#models-content")).to_have_class(re.compile("lb-busy"))
    expect(page.locator("#models-content")).to_be_visible()
    expect(page.locator("#models-said")).to_have_text("Version 2 is live.", timeout=PATIENCE_MS)
    expect(page.locator("#models-said")).to_be_in_viewport()
    expect(page.locator("#alert")).to_be_hidden()
    expect(_card(page, "2").locator(".lb-live")).to_have_text("live", timeout=PATIENCE_MS)
    expect(_card(page, "2")).to_contain_text("approved by Dr Mlops: It draws no rim.")
    assert small.engine.loaded(BRAIN_TUMOUR).version == "2"

    page.locator("summary", has_text="Go back to version 1").click()
    page.get_by_label("Why version 2 has to go").fill("The clinicians miss the rim.")
    page.get_by_role("button", name="Go back to version 1").click()
    expect(_card(page, "1").locator(".lb-live")).to_have_text("live", timeout=PATIENCE_MS)
    assert small.engine.loaded(BRAIN_TUMOUR).version == "1"
    page.locator("summary", has_text="What went live or did not, and why").click()
    expect(page.locator(".lb-decisions")).to_contain_text("back to version 1 in the place of 2")


def test_an_override_takes_two(small: Department, open_tab) -> None:
    small.version(above=900, name="worse")
    page = open_tab().sign_in(Role.MLOPS, "/models")
    card = _card(page, "2")
    card.get_by_label("Why it should go live").fill("The study needs it.")
    card.get_by_role("button", name="Ask for an override").click()
    expect(page.locator(".lb-request")).to_contain_text("The study needs it.", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Confirm: let it go live")).to_have_count(0)
    head = open_tab().sign_in(Role.HEAD, "/models")
    head.get_by_label("Why you decide so").fill("For the study only.")
    head.get_by_role("button", name="Confirm: let it go live").click()
    expect(_card(head, "2").locator(".lb-live")).to_have_text("live", timeout=PATIENCE_MS)
    # Whoever asked sees it too, without a reload.
    expect(_card(page, "2").locator(".lb-live")).to_have_text("live", timeout=PATIENCE_MS)
