"""Nobody takes a computed head for a patient."""

from __future__ import annotations

from dataclasses import replace

from dashboard.components import panels, worklist, worklist_grid
from data.database import new_id
from data.records import Role, WorklistPage, WorklistQuery
from tests.dashboard.clinic import Clinic


def test_a_synthetic_scan_wears_its_badge_and_a_real_one_does_not(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    real = clinic.add_volume("demo")
    made, _ = clinic.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    for scan, synthetic in ((real, False), (made, True)):
        view = clinic.services.reviewing.worklist.scan(scan.id, clinician)
        assert ("SYNTHETIC" in str(panels.title(view, clinician))) is synthetic
        assert ("by the demonstration" in str(panels.facts(view, clinician))) is synthetic
    page = clinic.services.reviewing.worklist.page(WorklistQuery(), clinician)
    marked = {row.scan_id: worklist_grid.row(row, clinician, {})["synthetic"] for row in page.rows}
    assert marked == {real.id: False, made.id: True}
    assert worklist.total(page) == "1 scan and 1 SYNTHETIC scan"
    assert worklist.total(WorklistPage((), 1200, 1200)) == "1\u202f200 SYNTHETIC scans"
    assert worklist.total(WorklistPage((), 0)) == "0 scans"
