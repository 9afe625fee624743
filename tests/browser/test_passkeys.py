"""Passkeys by Chromium's virtual authenticator: set up, second step, alone, confirming; a copy is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from data.records import Role, Scan
from data.stores.audit import AuditLog
from data.stores.passkeys import PasskeyStore
from data.stores.patients import PatientStore
from services.second_factors.passkeys import NOT_TAKEN
from tests.browser.conftest import Visit
from tests.browser.test_accessibility import _findings
from tests.dashboard.clinic import PASSWORD, Clinic

pytestmark = pytest.mark.browser


def _authenticator(page: Page) -> Callable[..., Any]:
    """A device in the browser that knows its person by finger; what sends commands to it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def command(name: str, **more: Any) -> Any:
        return devtools.send(f"WebAuthn.{name}", {"authenticatorId": made["authenticatorId"], **more})

    return command


def _set_up(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/account/second-factor")
    page.fill("#passkey-name", name)
    page.fill("#passkey-password", PASSWORD)
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.locator("#passkeys")).to_contain_text(name)


def test_a_passkey_signs_in_as_second_step_and_alone(clinic: Clinic, open_tab: Callable[..., Visit]) -> None:
    visit = open_tab()
    visit.address = visit.address.replace("127.0.0.1", "localhost")  # browsers allow no passkeys at a number
    page = visit.sign_in(Role.HEAD, "/boards")
    authenticator = _authenticator(page)
    page.goto(f"{visit.address}/account")
    page.get_by_role("link", name="Second factors").click()
    page.fill("#passkey-name", "Ward telephone")
    page.fill("#passkey-password", "not it")
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.get_by_text("The password is wrong.")).to_be_visible()
    page.fill("#passkey-password", PASSWORD)
    page.get_by_role("button", name="Set up a passkey").click()
    expect(page.locator("#codes li")).to_have_count(10)
    expect(page.locator("#passkeys")).to_contain_text("Ward telephone")

    def sign_out() -> None:
        page.goto(f"{visit.address}/account")
        page.click("text=Sign out here")

    sign_out()
    page.fill("#name", "head")
    page.fill("#password", PASSWORD)
    page.click("button:text-is('Sign in')")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.click("text=Use your passkey")
    expect(page.locator("#role")).to_have_text("department head")
    sign_out()
    page.click("text=Sign in with a passkey")
    expect(page.locator("#role")).to_have_text("department head")

    sign_out()
    authenticator("setUserVerified", isUserVerified=False)
    page.click("text=Sign in with a passkey")
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    authenticator("setUserVerified", isUserVerified=True)
    user = next(user for user in clinic.accounts.all() if user.name == "head")
    store = PasskeyStore(clinic.database)
    (kept,) = store.of_user(user.id)
    assert kept.sign_count >= 2
    store.used(kept.id, kept.sign_count + 50, kept.made_at)  # as if a copy of it had signed in elsewhere
    page.click("text=Sign in with a passkey")
    expect(page.locator("#login-error")).to_have_text(NOT_TAKEN)
    visit.console[:] = [line for line in visit.console if "400" not in line and "401" not in line]


def test_a_passkey_confirms_what_one_changes_of_ones_account(
    clinic: Clinic, open_tab: Callable[..., Visit]
) -> None:
    visit = open_tab()
    visit.address = visit.address.replace("127.0.0.1", "localhost")
    page = visit.sign_in(Role.HEAD, "/boards")
    authenticator = _authenticator(page)
    _set_up(page, visit.address, "Ward telephone")
    page.goto(f"{visit.address}/account/second-factor")

    def by_passkey(form: Locator, says: str) -> None:
        form.get_by_role("button", name="Use a passkey instead").click()
        expect(form.get_by_role("status")).to_contain_text(says)

    renew = page.locator("#recovery form")
    authenticator("setUserVerified", isUserVerified=False)
    by_passkey(renew, "No passkey was used.")
    authenticator("setUserVerified", isUserVerified=True)
    by_passkey(renew, "Your passkey has answered")
    renew.locator("[type=submit]").click()
    expect(page.locator("#codes li")).to_have_count(10)

    user = next(user for user in clinic.accounts.all() if user.name == "head")
    elsewhere = clinic.services.sessions.begin(user, "Firefox on Windows, from 10.0.0.9")
    page.goto(f"{visit.address}/account")
    sessions = page.locator("#sessions form").first
    by_passkey(sessions, "Your passkey has answered")
    assert _findings(page) == []
    sessions.get_by_role("button", name="End the session of Firefox").click()
    expect(page.get_by_text("That session has ended.")).to_be_visible()
    assert clinic.services.sessions.user(elsewhere) is None

    page.goto(f"{visit.address}/account/second-factor")
    page.locator("summary", has_text="Ward telephone").click()
    remove = page.locator("#passkeys form", has=page.get_by_role("button", name="Remove", exact=True))
    by_passkey(remove, "Your passkey has answered")
    remove.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("That was changed.")).to_be_visible()
    expect(page.locator("#passkeys")).not_to_contain_text("Ward telephone")
    expect(page.get_by_role("button", name="Use a passkey instead")).to_have_count(0)
    told = [event.detail for event in AuditLog(clinic.database).recent(50) if event.action == "confirmed"]
    change = "change second factors"
    assert told == [
        f"{change}: by passkey",
        "end sessions: by passkey",
        f"{change}: by passkey",
        f"{change}: by password",
    ]


def test_a_passkey_confirms_an_erasure_in_the_place_of_the_password(
    clinic: Clinic, read: Scan, open_tab: Callable[..., Visit]
) -> None:
    patient = PatientStore(clinic.database).get(read.patient_id, with_identity=False)
    assert patient is not None
    visit = open_tab()
    visit.address = visit.address.replace("127.0.0.1", "localhost")
    page = visit.sign_in(Role.ADMIN, "/retention")
    authenticator = _authenticator(page)
    page.goto(f"{visit.address}/retention")

    def open_form() -> None:
        page.fill("#retention-words", patient.pseudonym)
        page.get_by_role("button", name="Find").click()
        page.get_by_role("button", name=f"What is kept of {patient.pseudonym}").click()
        page.get_by_role("button", name=f"Erase: {patient.pseudonym}").click()
        page.fill("#erase-why", "asked for by the patient")
        page.fill("#erase-name", patient.pseudonym)

    def erase() -> None:
        page.get_by_role("button", name="Erase for good").click()

    open_form()
    expect(page.locator("#erase-use-passkey")).to_have_count(0)  # nothing to be asked for yet
    _set_up(page, visit.address, "Ward telephone")
    page.goto(f"{visit.address}/retention")
    open_form()
    erase()
    expect(page.locator("#erase-form .lb-dialog-error")).to_have_text("The password is wrong.")
    authenticator("setUserVerified", isUserVerified=False)
    page.click("#erase-use-passkey")
    expect(page.locator("#erase-answered")).to_have_text("No passkey was used.")
    authenticator("setUserVerified", isUserVerified=True)
    page.click("#erase-use-passkey")
    expect(page.locator("#erase-answered")).to_contain_text("Your passkey has answered")
    assert _findings(page) == []
    page.fill("#erase-name", "P-22222")
    erase()
    expect(page.locator("#erase-form .lb-dialog-error")).to_contain_text("Nothing was erased")
    page.fill("#erase-name", patient.pseudonym)  # the answer still counts: nothing was asked of it yet
    erase()
    expect(page.locator("#retention-erased")).to_contain_text("asked for by the patient")
    told = [event.detail for event in AuditLog(clinic.database).recent(20) if event.action == "confirmed"]
    assert told[0] == f"erase {patient.pseudonym}: by passkey"
    # Dash's dialogs are no forms, which Chromium tells developers of beside a password.
    hint = "Password field is not contained in a form"
    visit.console[:] = [line for line in visit.console if "400" not in line and hint not in line]
