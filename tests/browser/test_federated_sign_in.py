"""The whole way by the hospital's sign-in, in a real browser with a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from dashboard.build import build_dashboard
from data.records import Role
from services.identity_providers.oidc import OidcProvider
from services.sign_in_settings import SignInSettings
from tests.browser.conftest import PATIENCE_MS, serving
from tests.browser.test_accessibility import _findings
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.hospital import ways_of
from tests.integration.servers import free_port
from tests.oidc_provider import TestProvider, oidc_provider

pytestmark = pytest.mark.browser


@pytest.fixture
def address() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def provider(address: str) -> Iterator[TestProvider]:
    with oidc_provider(address) as provider:
        provider.knows("ada-1815", "radiology", preferred_username="ada", name="Dr Ada Lovelace")
        provider.knows("hedy-1914", "radiology", preferred_username="head", name="Hedy Lamarr")
        yield provider


@pytest.fixture
def lightbox(clinic: Clinic, address: str, provider: TestProvider) -> Iterator[str]:
    """A server whose people come by the provider."""
    settings = SignInSettings(oidc=provider.settings(), groups=(("clinician", "radiology"),))
    oidc = OidcProvider(settings.oidc, f"{address}/sign-in/oidc/callback")
    clinic.replace(
        settings=replace(clinic.services.settings, url=address),
        sign_in_ways=ways_of(clinic, settings, oidc),
    )
    app = build_dashboard(clinic.services, secret_key="k" * 32).server
    port = int(address.rpartition(":")[2])
    with serving(app, port) as served:
        yield served


def _tab(browser: Browser, lightbox: str, console: list[str]) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE_MS)

    def hear(message: ConsoleMessage) -> None:
        if message.location["url"].startswith(lightbox):  # the provider's pages are its own matter
            console.append(message.text)

    page.on("console", hear)
    return page


def _at_provider(page: Page, login: str) -> None:
    page.get_by_role("link", name="Sign in with your hospital account").click()
    page.fill("[name=login]", login)
    page.fill("[name=password]", "x")
    page.click("button[type=submit]")


def test_by_the_hospitals_sign_in_and_out_again(
    browser: Browser, lightbox: str, provider: TestProvider
) -> None:
    console: list[str] = []
    page = _tab(browser, lightbox, console)
    page.goto(f"{lightbox}/worklist?q=nobody")
    _at_provider(page, "ada-1815")
    expect(page).to_have_url(f"{lightbox}/worklist?q=nobody")
    expect(page.get_by_role("link", name="Dr Ada Lovelace")).to_be_visible()
    page.click("text=Sign out")
    page.wait_for_url(f"{provider.url}/session/end*")  # by the page in between, which needs no script
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(f"{lightbox}/login")
    page.goto(f"{lightbox}/worklist")
    expect(page.locator("#oidc")).to_be_visible()
    assert _findings(page) == []

    # Whose name is taken waits; an administrator links the two, and the way is free.
    _at_provider(page, "hedy-1914")
    expect(page.get_by_role("alert")).to_contain_text("There is an account called head here already")
    administrator = _tab(browser, lightbox, console)
    administrator.goto(f"{lightbox}/login?next=/admin")
    administrator.get_by_text("With a password of Lightbox").click()
    administrator.fill("#name", Role.ADMIN.value)
    administrator.fill("#password", PASSWORD)
    administrator.keyboard.press("Enter")
    administrator.get_by_role("button", name="Try OpenID Connect").click()
    expect(administrator.locator("#admin-ways")).to_contain_text("yes")
    administrator.get_by_role("button", name="Link Hedy Lamarr").click()
    expect(administrator.get_by_text("Linked.")).to_be_visible()
    assert _findings(administrator) == []
    page.locator("#oidc").click()  # still signed in at the provider
    expect(page).to_have_url(f"{lightbox}/worklist")
    page.context.close()
    administrator.context.close()
    assert [line for line in console if "403" not in line] == []  # the browser notes the refused page
