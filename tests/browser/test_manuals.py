"""The manuals in a browser: own manual, search, chapters; the console stays empty, no request leaves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role
from tests.manuals import serve_built_site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        yield serve_built_site(tmp_path_factory.mktemp("manuals"), patch)


def test_help_opens_the_own_manual_and_a_search_finds_a_word(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    page.goto(f"{visit.address}/account")
    page.click("text=Help")
    expect(page).to_have_url(f"{visit.address}/help/clinicians.html")
    expect(page.get_by_role("heading", name="For clinicians")).to_be_visible()
    field = page.get_by_role("textbox", name="Search")
    field.click()
    field.press_sequentially("Dice")
    hit = page.locator(".md-search-result__link[href*='h=dice#']").first  # a section, not the page above it
    expect(hit).to_contain_text("Dice")
    hit.click()
    expect(page.locator("article mark").first).to_contain_text("Dice")
    page.get_by_role("link", name="Back to Lightbox").click()
    expect(page).to_have_url(f"{visit.address}/worklist")


def test_help_of_a_page_opens_its_chapter_beside_it(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in(Role.MLOPS, "/drift")
    expect(page.locator("#help")).to_have_attribute("href", "/help/mlops.html#drift")
    with page.expect_popup() as opened:
        page.locator("#help").press("Enter")
    manual = opened.value
    manual.on("console", lambda message: visit.console.append(message.text))
    expect(manual.locator("#drift")).to_be_in_viewport()
    expect(page).to_have_url(f"{visit.address}/drift")
    manual.reload()  # with its console heard from the first line on
    expect(manual.locator("#drift")).to_be_in_viewport()


def test_the_manual_on_a_phone_in_the_dark(open_tab) -> None:
    visit = open_tab(390, 844)
    page = visit.page
    page.emulate_media(color_scheme="dark")
    visit.sign_in(Role.HEAD)
    page.goto(f"{visit.address}/help")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("label.md-header__button[for=__drawer]").click()
    page.locator(".md-nav--primary").get_by_role("link", name="MLOps", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("For MLOps staff")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
