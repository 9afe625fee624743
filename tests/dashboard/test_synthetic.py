"""Nobody takes a computed head for a patient."""

from __future__ import annotations

from dataclasses import replace

from dashboard.components import bell, panels, review_requests, worklist, worklist_grid
from data.database import new_id, now
from data.records import KindCount, ReviewRequest, Role, Severity, WorklistPage, WorklistQuery
from tests.dashboard.clinic import Clinic


def test_a_synthetic_scan_wears_its_badge_and_a_real_one_does_not(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    real = clinic.add_volume("demo")
    made, _ = clinic.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    for scan, synthetic in ((real, False), (made, True)):
        view = clinic.services.reviewing.scan_views.scan(scan.id, clinician)
        assert ("SYNTHETIC" in str(panels.title(view, clinician))) is synthetic
        assert ("by the demonstration" in str(panels.facts(view, clinician))) is synthetic
    page = clinic.services.reviewing.worklist.page(WorklistQuery(), clinician)
    marked = {row.scan_id: worklist_grid.row(row, clinician, {})["synthetic"] for row in page.rows}
    assert marked == {real.id: "", made.id: "SYNTHETIC"}  # what the badge says
    assert worklist.total(page) == "1 scan and 1 SYNTHETIC scan"
    assert worklist.total(WorklistPage((), 1200, 1200)) == "1\u202f200 SYNTHETIC scans"
    assert worklist.total(WorklistPage((), 0)) == "0 scans"


def test_the_worklists_counters_say_how_many_are_made(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    real = clinic.add_volume("demo")
    clinic.read_volume(real)
    made, _ = clinic.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    clinic.read_volume(made)
    counters = {each.name: each for each in clinic.services.reviewing.worklist.counters(clinician)}
    assert counters["unread"].n == KindCount(1, 1) and counters["mine"].n == KindCount()
    (unread,) = worklist.counters([counters["unread"]])
    assert "1 and 1 SYNTHETIC" in str(unread)


def test_requests_messages_and_alerts_of_made_scans_are_counted_apart(clinic: Clinic) -> None:
    moment = now()
    asked = [
        ReviewRequest(new_id(), new_id(), "pneumonia", "look", "u", "U", moment, made)
        for made in (False, True, True)
    ]
    said = str(review_requests.requested(asked))
    assert "1 review and 2 SYNTHETIC reviews were asked for" in said and "SYNTHETIC: " in said
    assert "1 open alert and 2 SYNTHETIC open alerts" in str(bell.label(KindCount(1, 2)))
    assert "lb-bell-synthetic" in str(bell.label(KindCount(0, 2)))
    assert "lb-bell-synthetic" not in str(bell.label(KindCount(1, 2)))
    clinic.alerts.raise_alert("a", Severity.WARNING, "A", "a", "/drift", synthetic=True)
    clinic.alerts.raise_alert("b", Severity.WARNING, "B", "b", "/drift")
    assert sorted((alert.cause, alert.synthetic) for alert in clinic.alerts.unfinished()) == [
        ("a", True), ("b", False),
    ]  # fmt: skip
    told = clinic.services.health.metrics().decode()
    for made in ("yes", "no"):
        line = f'lightbox_alerts{{severity="warning",state="open",synthetic="{made}"}} 1.0'
        assert line in told
