"""The server as people run it: a process, its own folder, real networks, a browser, and a kill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import phantoms
from tests.browser.own_server import PATIENCE_S, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PASSWORD = "a long enough password"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "var")
    server.start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log


def _sign_in(page: Page, server: Server, name: str, password: str) -> None:
    page.goto(f"{server.address}/login")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("button:has-text('Sign in')")


def _choose_password(page: Page, one_time: str) -> None:
    page.fill("#old", one_time)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("#again").press("Enter")
    page.wait_for_url(re.compile(r"/(admin|worklist|account)?$"))


def _new_page(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    return context.new_page()


def _upload(page: Page, name: str, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#choose-files")
    chooser.value.set_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


def test_from_the_first_start_to_a_scan_that_outlives_a_kill(server: Server, browser: Browser) -> None:
    match = re.search(r"Sign in as (\S+) with the one-time password (\S+)", server.log)
    assert match, server.log

    administrator = _new_page(browser)
    _sign_in(administrator, server, *match.groups())
    _choose_password(administrator, match[2])
    administrator.goto(f"{server.address}/admin")
    administrator.fill("#admin-name", "ada")
    administrator.fill("#admin-display-name", "Dr Ada")
    administrator.click("#admin-create")
    one_time = administrator.locator("#one-time-password").inner_text()

    page = _new_page(browser)
    _sign_in(page, server, "ada", one_time)
    _choose_password(page, one_time)
    page.goto(f"{server.address}/worklist")
    _upload(page, "head.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=18)))
    row = page.locator(".ag-row", has_text="head.nii.gz")
    expect(row).to_contain_text(re.compile("read", re.IGNORECASE), timeout=PATIENCE_S * 1000)
    _upload(page, "letter.txt", b"Dear colleague")
    expect(page.locator(".lb-upload-refusal")).to_contain_text("not a scan")

    # Whole on the server, not read yet: then the power goes.
    for number in range(6):
        _upload(page, f"again-{number}.nii.gz", phantoms.nifti(phantoms.brain(lesion_mm=5 + number)))
    expect(
        page.locator(
            ".lb-upload-state", has_text=re.compile("opening|reading|being read|in the queue|done|refused")
        )
    ).to_have_count(8, timeout=60_000)
    server.kill()
    server.start()

    page.goto(f"{server.address}/worklist")  # the session outlives the restart too
    expect(page.locator("#worklist-total")).to_have_text("7 scans", timeout=PATIENCE_S * 1000)
    expect(page.locator(".ag-row .lb-status-read, .ag-row :text-is('Read')")).to_have_count(
        7, timeout=PATIENCE_S * 1000
    )
    page.locator(".ag-row", has_text="head.nii.gz").locator(".lb-scan-link").click()
    expect(page.locator("#scan-title h1")).to_have_text("head.nii.gz")
    expect(page.get_by_text("Not for diagnostic use").first).to_be_visible()

    page.get_by_text("How it was read").click()
    page.get_by_role("button", name="Read again and compare").click()
    again = "Identical: the same mask hash, the same probability to the last digit."
    expect(page.get_by_text(again)).to_be_visible(timeout=PATIENCE_S * 1000)
