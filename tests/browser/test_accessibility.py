"""Every page by axe-core, wide and on a phone: nothing serious, and nothing to scroll sideways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.build import build_dashboard
from data.database import new_id, now
from data.records import (
    BRAIN_TUMOUR,
    AcceptanceLimits,
    AcceptanceTest,
    BoardPanel,
    Role,
    Severity,
    User,
)
from data.stores.acceptance import AcceptanceStore
from tests.browser.conftest import PATIENCE_MS, Visit, serving
from tests.dashboard.clinic import Clinic
from tests.dashboard.furnished import furnish
from tests.manuals import serve_built_site

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {1440: 900, 390: 844}
# Addresses by role; {scan_id} and the like are the furnished clinic's.
PAGES = {
    Role.CLINICIAN: (
        "/worklist", "/worklist?doubt=uncertain", "/scans/{scan_id}", "/scans/{film_id}",
        "/patients/{pseudonym}", "/cohort", "/performance", "/drift", "/models", "/reports", "/account",
        "/account/password", "/account/second-factor", "/nothing", "/feedback",
        "/help/clinicians.html", "/help/permissions.html",
        "/model-card?task=brain-tumour&version=2",
    ),
    Role.HEAD: (
        "/worklist", "/scans/{scan_id}", "/alerts", "/drift", "/performance", "/reports", "/audit",
        "/acceptance", "/acceptance?task=brain-tumour&test={acceptance_test_id}",
        "/evaluations", "/evaluations/{evaluation_id}", "/retrainings", "/boards", "/boards/{board_id}",
    ),
    Role.MLOPS: ("/models", "/drift", "/alerts", "/rehearsals/{run_id}"),
    Role.ADMIN: ("/admin", "/departments", "/alerts", "/dicom", "/retention"),
}  # fmt: skip
SERIOUS = ("serious", "critical")


@dataclass(frozen=True)
class House:
    """A served clinic with something on every page, and a signed-in tab for each role and width."""

    ids: dict[str, str]
    tabs: dict[tuple[Role, int], Page]
    address: str


@pytest.fixture(scope="module")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    patch = pytest.MonkeyPatch()
    serve_built_site(tmp_path_factory.mktemp("manuals"), patch)
    clinic = Clinic(tmp_path_factory.mktemp("house"))
    ids = furnish(clinic)
    for role in Role:
        clinic.person(role)
    clinic.alerts.raise_alert("drift:brain", Severity.WARNING, "Drift: brain", "It rose.", "/models")
    head = next(user for user in clinic.accounts.all() if user.role is Role.HEAD)
    panels = [BoardPanel("", "recall", BRAIN_TUMOUR), BoardPanel("", "drifted-share", BRAIN_TUMOUR)]
    ids["board_id"] = clinic.services.boards.boards.make("Brain tumours", head, panels).id
    ids["acceptance_test_id"] = _tested(clinic, head, ids["evaluation_id"])
    patient = clinic.patients.get(clinic.scans.get(ids["scan_id"]).patient_id, with_identity=False)
    ids["pseudonym"] = patient.pseudonym
    with serving(build_dashboard(clinic.services, secret_key="k" * 32).server) as address:
        yield House(ids, {}, address)
    clinic.close()
    patch.undo()


def _tested(clinic: Clinic, head: User, evaluation_id: str) -> str:
    """A finished acceptance test that nobody has signed."""
    limits = AcceptanceLimits(6, 6, 0.6, 0.6, 0.4, 5, 0.5)
    protocol = clinic.services.acceptance.protocols.fix(BRAIN_TUMOUR, limits, "Agreed.", head)
    test = AcceptanceTest(
        new_id(), BRAIN_TUMOUR, "2", "Acme Field 3T", protocol.id, evaluation_id, head.id, "Dr H", now()
    )
    AcceptanceStore(clinic.database).add_test(test)
    return test.id


@pytest.fixture
def tab(house: House, browser: Browser, role: Role, width: int) -> Page:
    if (role, width) not in house.tabs:
        context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]})
        context.set_default_timeout(PATIENCE_MS)
        house.tabs[role, width] = Visit(context.new_page(), house.address).sign_in(role)
    return house.tabs[role, width]


def _findings(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{finding['impact']} {finding['id']}: {node['target']} {node['html'][:160]}"
        for finding in result["violations"]
        if finding["impact"] in SERIOUS
        for node in finding["nodes"]
    ]


def _settled(page: Page) -> None:
    expect(page.locator("[data-dash-is-loading=true]")).to_have_count(0)
    page.wait_for_timeout(300)  # charts are drawn after their numbers came
    expect(page.locator("[data-dash-is-loading=true]")).to_have_count(0)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("role", "path"),
    [pytest.param(role, path, id=f"{role.value}{path}") for role, paths in PAGES.items() for path in paths],
)
def test_a_page_can_be_used_by_everybody(house: House, tab: Page, role: Role, path: str, width: int) -> None:
    tab.goto(house.address + path.format(**house.ids))
    tab.wait_for_selector(".lb-page > *, .lb-account, main")
    _settled(tab)
    assert _findings(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sign_in_can_be_used_by_everybody(house: House, browser: Browser, width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}).new_page()
    page.goto(f"{house.address}/login?expired=1")
    assert _findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
