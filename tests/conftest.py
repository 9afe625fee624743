"""In CI a missing server or browser is a failure, not a reason to skip."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Playwright, sync_playwright

from tests.second_tries import second_tries

# The check of a faster way takes a minute a version: who tests that asks for it.
os.environ.setdefault("LIGHTBOX_BACKEND", "exact")

# Where tests run in several processes each has one core: more threads only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no fault: speed is measured side by side, never asserted as seconds.
settings.register_profile("lightbox", parent=settings(), deadline=None)
settings.load_profile("lightbox")

BROWSER_TRIES = 3
BROWSER = "browser"


@pytest.fixture(scope="session")
def playwright() -> Generator[Playwright, None, None]:
    """Drives browsers; there can be one in a process."""
    with sync_playwright() as driver:
        yield driver


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Packed bytes hold the second of their packing: processes would not agree on what tests are called."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real browser on a busy machine may be too slow once; a fault is one at every try."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=BROWSER_TRIES - 1))
            item.user_properties.append((BROWSER, True))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    needed = item.get_closest_marker("integration") or item.get_closest_marker("browser")
    if item.get_closest_marker("privileged"):  # what a container of CI may not do, however it is set up
        needed = None
    if report.skipped and needed and os.environ.get("LIGHTBOX_REQUIRE_SERVERS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where it must run: {report.longrepr}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    finished = {
        report.nodeid
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.getreports(outcome)
        if (BROWSER, True) in getattr(report, "user_properties", ())
    }
    tried_again = [report.nodeid for report in terminalreporter.getreports("rerun")]
    for line in second_tries(tried_again, len(finished)):
        terminalreporter.write_line(line)
