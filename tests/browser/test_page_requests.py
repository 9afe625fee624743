"""How often a page that is opened asks the server: each question costs time where many work at once."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest

from data.records import Role, Scan
from tests.dashboard.clinic import Clinic

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
CALLBACKS = "/_dash-update-component"


def _opened(page, address: str, last: str) -> Counter[str]:
    """What is asked until the element that comes last is there, and for a while after."""
    asked: Counter[str] = Counter()
    page.on("request", lambda request: asked.update([urlsplit(request.url).path]))
    page.goto(address)
    page.locator(last).first.wait_for()
    page.wait_for_load_state("networkidle")
    return asked


def test_a_page_that_is_opened_asks_few_questions(clinic: Clinic, read: Scan, open_tab) -> None:
    tab = open_tab()
    page = tab.sign_in(Role.CLINICIAN, "/cohort")
    base = page.url.removesuffix("/cohort")
    worklist = _opened(page, f"{base}/worklist", ".lb-counter")
    assert worklist[CALLBACKS] == 2  # the page, and what it shows
    of_scan = _opened(page, f"{base}/scans/{read.id}", "#scan-title *")
    assert of_scan[CALLBACKS] <= 3  # and the list of reruns that came up
