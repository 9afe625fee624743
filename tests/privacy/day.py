"""A department's day with planted patients: every door they come in by, and whatever is done with them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.crash.__main__ import House, settled
from tests.dashboard.clinic import PASSWORD
from tests.integration.dicom_node import program
from tests.privacy.people import PEOPLE, TALKED_ABOUT, Person, loose, saved, zipped

PATIENCE_S = 120
FORMS = ("seg", "sr", "sc", "gsps", "pdf", "kos", "fhir-r4", "fhir-r5", "hl7", "text", "png", "csv", "all")
_CHROMIUM = ("--no-sandbox", "--disable-gpu")


@dataclass
class Day:
    """The house, the folders of those who work with it, and the files that the patients come in."""

    house: House
    folder: Path
    tokens: dict[str, str]
    dicom_port: int
    addresses: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        """What left the house under pseudonyms."""
        return self.folder / "out"

    @property
    def profile(self) -> Path:
        """The browser's."""
        return self.folder / "browser"

    def api(self, method: str, path: str, who: str = "ada", **more: Any) -> requests.Response:
        """A program's request; its address is noted."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **more.pop("headers", {})}
        answer = requests.request(method, f"{self.house.url}{path}", headers=headers, timeout=180, **more)
        self.addresses.append(f"{method} {answer.request.url}")
        return answer

    def keep(self, name: str, answer: requests.Response) -> None:
        """What somebody takes with them under the pseudonym."""
        self.out.mkdir(exist_ok=True)
        (self.out / name).write_bytes(answer.content)


def arrive(day: Day) -> list[str]:
    """Every patient by every door of programs; the ids of the scans."""
    for number, person in enumerate(PEOPLE):
        files = saved(person, 100 + number, day.folder / "sent" / person.key)
        archive = (f"{person.file_name}.zip", zipped(files))
        for name, content in (archive, *loose(person, 500 + number)):
            if number % 2:
                day.api("POST", "/api/v1/scans", files={"file": (name, content)})
            else:
                said = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
                day.api("POST", "/api/v1/scans", data=content, headers=said)
        _by_dicom(day, person, 200 + number)
    for number in range(3):
        files = saved(TALKED_ABOUT, 600 + number, day.folder / "sent" / f"{TALKED_ABOUT.key} {number}")
        day.api("POST", "/api/v1/scans", files={"file": (f"{TALKED_ABOUT.file_name}.zip", zipped(files))})
    imported = day.folder / "import me"
    for number, person in enumerate(PEOPLE):
        saved(person, 300 + number, imported / person.file_name)
    assert day.house.run(f"import '{imported}'") == 0
    assert settled(day.house) == []
    return [scan["id"] for scan in _scans(day)]


def _by_dicom(day: Day, person: Person, seed: int) -> None:
    files = saved(person, seed, day.folder / "scanner" / person.key)
    where = ["-aec", "LIGHTBOX", "-aet", "MR1", "127.0.0.1", str(day.dicom_port)]
    subprocess.run([program("storescu"), *where, *map(str, files)], check=True, timeout=PATIENCE_S)


def _scans(day: Day) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from data.database import open_database, reading
    from data.tables import scans

    database = open_database(f"sqlite:///{day.house.home / 'lightbox.db'}")
    with reading(database) as connection:
        rows = [{"id": scan_id} for scan_id in connection.execute(select(scans.c.id)).scalars()]
    database.dispose()
    return rows


def write(day: Day) -> list[str]:
    """People name a patient in their words; the scans that they wrote about."""
    written: list[str] = json.loads(day.house.ask("call tests.privacy.words:write"))
    assert settled(day.house) == []
    assert json.loads(day.house.ask("call tests.privacy.words:take"))
    return written


def programs(day: Day, scan_ids: list[str]) -> None:
    """What scripts fetch: results, exports, reports, numbers, the audit trail; and what they get wrong."""
    for scan_id in {*scan_ids[:: max(1, len(scan_ids) // 4)], *scan_ids[-3:]}:
        for form in FORMS:
            day.keep(
                f"{scan_id}.{form}", day.api("GET", f"/api/v1/scans/{scan_id}/export", params={"form": form})
            )
        for form in ("pdf", "text"):
            day.keep(
                f"{scan_id}.r.{form}",
                day.api("GET", f"/api/v1/scans/{scan_id}/report", params={"form": form}),
            )
        day.keep(f"{scan_id}.json", day.api("GET", f"/api/v1/scans/{scan_id}", "eve"))
    for form in ("fhir-r4.ndjson", "fhir-r5.json", "csv"):
        day.keep(f"audit.{form}", day.api("GET", "/api/v1/audit", "eve", params={"form": form}))
    day.keep("metrics", day.api("GET", "/metrics"))
    for kind in ("cohort", "governance"):
        today = f"{time.gmtime().tm_year}-01-01"
        day.api("POST", "/api/v1/reports", "eve", json={"kind": kind, "from": today, "to": today})
    day.api("POST", "/api/v1/drift", "max", params={"task": "brain-tumour"})
    for path in ("/api/v1/patients/nobody", "/api/v1/scans/nobody", "/api/v1/reports/nobody"):
        assert day.api("GET", path).status_code == 404
    assert requests.post(f"{day.house.url}/api/v1/scans", timeout=60).status_code == 401
    assert settled(day.house) == []
    for report in day.api("GET", "/api/v1/reports", "eve").json().get("reports", []):
        for kind in ("pdf", "json"):
            day.keep(
                f"{report['id']}.{kind}", day.api("GET", f"/api/v1/reports/{report['id']}/{kind}", "eve")
            )


@contextlib.contextmanager
def browser(day: Day) -> Iterator[BrowserContext]:
    """A real browser with a profile on disk, closed at the end so that it writes everything down."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(day.profile), executable_path="/usr/bin/chromium", args=list(_CHROMIUM), headless=True
        )
        context.set_default_timeout(60_000)
        context.on("request", lambda request: day.addresses.append(f"{request.method} {request.url}"))
        yield context
        context.close()


def clinician(day: Day, page: Page) -> None:
    """A wrong password, then: upload, search, open, accept, reject with words, assign, take the report."""
    page.goto(day.house.url)
    for password in ("wrong", PASSWORD):
        page.fill("#name", "ada")
        page.fill("#password", password)
        page.click("button:has-text('Sign in')")
    page.wait_for_selector("#worklist-search")
    for number, person in enumerate(PEOPLE):
        files = saved(person, 400 + number, day.folder / "page" / person.key)
        upload = day.folder / "page" / f"{person.file_name}.zip"
        upload.write_bytes(zipped(files))
        page.locator("#choose-files").scroll_into_view_if_needed()
        with page.expect_file_chooser() as chooser:
            page.click("#choose-files")
        chooser.value.set_files(str(upload))
    page.wait_for_timeout(5000)
    settled(day.house)
    for person in PEOPLE:
        _look_up(day, page, person)
    page.goto(f"{day.house.url}/no-such-page")
    page.wait_for_timeout(500)
    page.goto(f"{day.house.url}/patients/P-NOBODY")
    page.wait_for_timeout(500)


def _look_up(day: Day, page: Page, person: Person) -> None:
    for words in (person.words[0], person.number):
        page.goto(f"{day.house.url}/worklist")
        page.fill("#worklist-search", words)
        page.locator(".ag-row .lb-scan-link").first.wait_for()
        page.wait_for_timeout(700)
    page.locator(".ag-row .lb-scan-link").first.click()
    page.wait_for_selector("#scan-title h1")
    page.wait_for_timeout(700)
    comment = page.locator("#scan-comment")
    if comment.is_visible():
        comment.fill("Seen again, no change")
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_selector("#scan-title h1")
    page.go_back()
    page.wait_for_timeout(500)


def others(day: Day, context: BrowserContext) -> None:
    """The department head looks at every page there is for one."""
    page = context.new_page()
    page.goto(f"{day.house.url}/account")
    page.evaluate(
        "() => document.querySelector('form[action$=logout] button, button[formaction$=logout]')?.click()"
    )
    page.wait_for_timeout(1000)
    context.clear_cookies()
    page.goto(day.house.url)
    page.fill("#name", "eve")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_selector(".lb-page > *")
    for path in (
        "worklist",
        "cohort",
        "performance",
        "drift",
        "models",
        "reports",
        "boards",
        "audit",
        "alerts",
        "feedback",
    ):
        page.goto(f"{day.house.url}/{path}")
        page.wait_for_timeout(1200)


def evening(day: Day) -> None:
    """A backup, and what was recorded of addresses, into folders that are searched."""
    assert day.house.run(f"backup {day.folder / 'backups'}") == 0
    day.out.mkdir(exist_ok=True)
    (day.out / "addresses.txt").write_text("\n".join(day.addresses))
    (day.out / "count.json").write_text(json.dumps(len(day.addresses)))
