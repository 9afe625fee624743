"""A page that is left before its answers have come."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from data.records import Role


def test_answers_that_come_after_a_page_was_left_are_no_fault(open_tab, read) -> None:
    held: list[Route] = []
    page = open_tab().sign_in(Role.CLINICIAN, f"/scans/{read.id}")
    expect(page.locator("#scan-current-review")).to_be_visible()

    def hold(route: Route) -> None:
        if "getRowsRequest" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/_dash-update-component"), hold)
    page.get_by_role("link", name="Worklist").first.click()
    expect(page.locator("#worklist")).to_be_visible()
    page.wait_for_timeout(1000)
    assert held
    page.go_back()
    expect(page.locator("#scan-current-review")).to_be_visible()
    answers = [route.fetch() for route in held]
    assert any("sideUpdate" in answer.text() for answer in answers)
    for route, answer in zip(held, answers, strict=True):
        route.fulfill(response=answer)
    page.wait_for_timeout(1000)
    expect(page.locator("#scan-current-review")).to_be_visible()
    # That the console is empty `open_tab` sees to.
