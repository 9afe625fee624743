"""What a page that is opened costs: what is for all is made once, what is shown is looked up once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from dashboard.kept_answers import KeptAnswers
from dashboard.pages import patient, scan, worklist
from data.records import Role
from services.reviewing.scan_views import ScanViews
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn


@contextmanager
def counted(engine: Any) -> Iterator[Counter[str]]:
    """How many transactions begin and are committed meanwhile."""
    seen: Counter[str] = Counter()

    def begun(_: object) -> None:
        seen["begun"] += 1

    def committed(_: object) -> None:
        seen["committed"] += 1

    event.listen(engine, "begin", begun)
    event.listen(engine, "commit", committed)
    yield seen
    event.remove(engine, "begin", begun)
    event.remove(engine, "commit", committed)


def test_the_list_of_callbacks_comes_once_to_each_browser(sign_in: SignIn) -> None:
    client = sign_in(Role.CLINICIAN)
    first = client.get("/_dash-dependencies")
    assert first.status_code == 200 and first.json
    assert first.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
    again = client.get("/_dash-dependencies", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/_dash-dependencies", headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.data) == (200, first.data)
    assert client.get("/worklist").headers["Cache-Control"] == "no-store"


def test_the_html_of_pages_is_made_once(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    clinician, head = sign_in(Role.CLINICIAN), sign_in(Role.HEAD)
    html = clinician.get("/worklist").data
    monkeypatch.setattr(KeptAnswers, "_generate_config_html", None)  # it would fail
    assert head.get("/cohort").data == html


def test_a_scan_is_looked_up_once_for_all_parts_of_its_page(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinician, services = clinic.person(Role.CLINICIAN), clinic.services
    kept = clinic.add_volume(clinician.id)
    clinic.read_volume(kept)
    looked: list[str] = []
    real = ScanViews._scan

    def noted(self: ScanViews, scan_id: str, viewer: Any) -> Any:
        looked.append(scan_id)
        return real(self, scan_id, viewer)

    monkeypatch.setattr(ScanViews, "_scan", noted)
    with services.reviewing.scan_views.one_look():
        scan.show(services.reviewing, clinician, kept.id)
        beside = scan.show_beside(services, clinician, kept.id)
    assert looked == [kept.id]
    assert set(beside) < set(scan.EVERYWHERE)
    other = clinic.person(Role.HEAD)
    with services.reviewing.scan_views.one_look():  # for each viewer by themselves
        services.reviewing.scan_views.scan(kept.id, clinician)
        services.reviewing.scan_views.scan(kept.id, other)
    assert len(looked) == 3
    services.reviewing.scan_views.scan(kept.id, clinician)
    services.reviewing.scan_views.scan(kept.id, clinician)
    assert len(looked) == 5  # outside of one look nothing is remembered


def test_a_patients_page_writes_once_that_its_results_were_shown(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    kept = [clinic.add_volume(clinician.id) for _ in range(3)]
    for each in kept:
        clinic.read_volume(each)
    reviewing = clinic.services.reviewing
    seen_before = reviewing.unaided.may_ask(kept[0].id, clinician)
    with counted(clinic.database) as counts:
        patient.show(reviewing.patients, clinician, kept[0].patient_id)
    assert counts["committed"] == 1
    assert seen_before and not any(reviewing.unaided.may_ask(each.id, clinician) for each in kept)


def test_menus_and_notices_come_with_the_first_rows_alone(clinic: Clinic) -> None:
    clinician, reviewing = clinic.person(Role.CLINICIAN), clinic.services.reviewing
    assert worklist.is_first({"startRow": 0}) and worklist.is_first(None)
    assert not worklist.is_first({"startRow": 50})
    colleagues = reviewing.triage.colleagues()
    apart = worklist.choices_apart(colleagues, reviewing.words, clinician, "")
    assert set(apart) == {"triage-colleague"}  # nobody searched: what is being typed stays
    waiting = worklist.waiting(reviewing, clinician)
    assert set(waiting) | set(worklist.choices(colleagues, clinician, [])) < set(worklist.EVERYWHERE)
