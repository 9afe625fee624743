"""Nobody takes a computed head for a patient."""

from __future__ import annotations

from dataclasses import replace

from dashboard.components import panels
from dashboard.pages import worklist
from data.database import new_id
from data.records import Role, WorklistQuery
from tests.dashboard.house import House


def test_a_synthetic_scan_wears_its_badge_and_a_real_one_does_not(house: House) -> None:
    clinician = house.person(Role.CLINICIAN)
    real = house.add_volume("demo")
    made, _ = house.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    for scan, synthetic in ((real, False), (made, True)):
        view = house.services.reviewing.worklist.scan(scan.id, clinician)
        assert ("SYNTHETIC" in str(panels.title(view, clinician))) is synthetic
        assert ("by the demonstration" in str(panels.facts(view, clinician))) is synthetic
    rows = house.services.reviewing.worklist.page(WorklistQuery(), clinician).rows
    marked = {row.scan_id: worklist._row(row, clinician)["synthetic"] for row in rows}
    assert marked == {real.id: False, made.id: True}
