"""Role and department by groups of the hospital, at a real provider, in a browser: given, changed, lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from dashboard.build import build_dashboard
from data.errors import NO_SCAN
from data.records import Identity, Role, Scan
from data.stores.audit import AuditLog
from data.stores.departments import DepartmentStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.users import UserStore
from services.department_groups import DepartmentGroups
from services.departments.departments import Departments
from services.identity_providers.federated_accounts import NO_ROLE
from services.identity_providers.oidc import OidcProvider
from services.sign_in_settings import SignInSettings
from tests.browser.conftest import PATIENCE_MS, serving
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.hospital import ways_of
from tests.integration.servers import free_port
from tests.oidc_provider import TestProvider, oidc_provider

pytestmark = pytest.mark.browser

LOGIN = "grace-1906"
ROLES = (("head", "leads"), ("clinician", "radiology"))
DEPARTMENTS = (("North", "north"), ("Kids", "kids"))


@dataclass(frozen=True)
class House:
    """A server whose people come by the provider, with a scan of each of two departments."""

    address: str
    provider: TestProvider
    north: Scan
    kids: Scan


@pytest.fixture
def house(clinic: Clinic) -> Iterator[House]:
    address = f"http://127.0.0.1:{free_port()}"
    (admin,) = [user for user in clinic.accounts.all() if user.role is Role.ADMIN]
    groups = DepartmentGroups(DEPARTMENTS)
    departments = _departments(clinic, groups)
    scans = [
        clinic.add_volume(admin.id, Identity(f"Of {name}", name), site=site)
        for name, site in (("North", "North Hospital"), ("Kids", "Kids Institute"))
    ]
    for name, site in (("North", "North Hospital"), ("Kids", "Kids Institute")):
        departments.make(name, [], [site], admin)
    departments.assign(2, admin)
    with oidc_provider(address) as provider:
        settings = SignInSettings(oidc=provider.settings(), groups=ROLES, departments=DEPARTMENTS)
        oidc = OidcProvider(settings.oidc, f"{address}/sign-in/oidc/callback")
        clinic.replace(
            settings=replace(clinic.services.settings, url=address),
            sign_in_ways=ways_of(clinic, settings, oidc),
            departments=replace(clinic.services.departments, departments=departments),
        )
        app = build_dashboard(clinic.services, secret_key="k" * 32).server
        with serving(app, int(address.rpartition(":")[2])):
            yield House(address, provider, *scans)


def _departments(clinic: Clinic, groups: DepartmentGroups) -> Departments:
    database = clinic.database
    stores = DepartmentStore(database), UserStore(database), clinic.scans, clinic.patients
    return Departments(*stores, AuditLog(database), groups, SeenGroupStore(database))


class Person:
    """Somebody's browser: what is wrong on Lightbox's pages it notes."""

    def __init__(self, browser: Browser, house: House) -> None:
        self.house, self.console = house, list[str]()
        self.page: Page = browser.new_context().new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._hear)

    def arrive(self) -> None:
        """Go to the worklist by the provider."""
        self.page.goto(f"{self.house.address}/worklist")
        self.page.get_by_role("link", name="Sign in with your hospital account").click()
        self.page.fill("[name=login]", LOGIN)
        self.page.fill("[name=password]", "x")
        self.page.click("button[type=submit]")

    def leave(self) -> None:
        """Sign out, here and at the provider."""
        self.page.click("text=Sign out")
        self.page.get_by_role("button", name="Yes, sign me out").click()
        expect(self.page).to_have_url(f"{self.house.address}/login")

    def sees(self, role: str, *scans: Scan) -> None:
        """This role, in the worklist these scans and no others, and nothing at the others' addresses."""
        page, address = self.page, self.house.address
        expect(page.locator("#role")).to_have_text(role)
        expect(page.locator("#worklist-total")).to_have_text("1 scan" if scans else "0 scans")
        links = page.locator(".ag-row .lb-scan-link")
        expect(links).to_have_count(len(scans))
        for scan in scans:
            expect(links.first).to_have_attribute("href", f"/scans/{scan.id}")
        for scan in (self.house.north, self.house.kids):
            page.goto(f"{address}/scans/{scan.id}")
            if scan in scans:
                expect(page.locator("#scan-facts")).to_be_visible()
            else:
                expect(page.get_by_text(NO_SCAN)).to_be_visible()
        page.goto(f"{address}/worklist")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.location["url"].startswith(self.house.address):
            self.console.append(message.text)


def test_groups_at_the_provider_give_change_and_take_away_role_and_department(
    browser: Browser, house: House
) -> None:
    grace, uploads = Person(browser, house), ".lb-uploads"
    house.provider.knows(LOGIN, "radiology", "north", preferred_username="grace", name="Grace Hopper")
    grace.arrive()
    grace.sees("clinician", house.north)
    expect(grace.page.locator(uploads)).to_be_attached()
    elsewhere = Person(browser, house)
    elsewhere.arrive()
    elsewhere.sees("clinician", house.north)

    # Another role and department hold from the next sign-in on; what was open before has ended.
    house.provider.knows(LOGIN, "leads", "kids", preferred_username="grace", name="Grace Hopper")
    grace.leave()
    grace.arrive()
    grace.sees("department head", house.kids)
    expect(grace.page.locator(uploads)).to_have_count(0)  # heads add no scans
    expect(elsewhere.page.get_by_role("status")).to_contain_text("You were signed out")

    # The department's group alone is gone: the role stays, and no scan is shown.
    house.provider.knows(LOGIN, "leads", preferred_username="grace", name="Grace Hopper")
    grace.leave()
    grace.arrive()
    grace.sees("department head")

    house.provider.knows(LOGIN, "canteen", preferred_username="grace", name="Grace Hopper")
    grace.leave()
    grace.arrive()
    expect(grace.page.get_by_role("alert")).to_have_text(NO_ROLE)
    grace.page.goto(f"{house.address}/worklist")
    expect(grace.page.locator("#oidc")).to_be_visible()  # nobody is signed in

    _administrator_sees_the_lines(browser, house)
    for person in (grace, elsewhere):
        person.page.context.close()
        assert [
            line for line in person.console if not any(status in line for status in ("401", "403", "404"))
        ] == []


def _administrator_sees_the_lines(browser: Browser, house: House) -> None:
    page = Person(browser, house).page
    page.goto(f"{house.address}/login?next=/departments")
    page.get_by_text("With a password of Lightbox").click()
    page.fill("#name", Role.ADMIN.value)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    for group in ("north", "kids"):
        row = page.locator("#department-groups tr", has_text=group)
        expect(row).to_contain_text("somebody of it signed in last on")
    page.context.close()
