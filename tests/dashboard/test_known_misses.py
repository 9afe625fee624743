"""Beside "not found" stands what it does not rule out, where that was measured of task and sequence."""

from __future__ import annotations

import pytest

from dashboard.components import panels
from data.records import MrSequence, Role
from tests.dashboard.clinic import Clinic

SAID = "This does not rule out a glioma that hardly enhances: on contrast-enhanced T1 the model misses some."


@pytest.mark.parametrize(
    ("sequence", "positive", "told"),
    [
        (MrSequence.T1_CONTRAST, False, True),
        (MrSequence.T1_CONTRAST, True, False),
        (MrSequence.FLAIR, False, False),
        (None, False, False),
    ],
)
def test_a_scans_page_says_what_not_found_leaves_open(
    clinic: Clinic, sequence: MrSequence | None, positive: bool, told: bool
) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, sequence=sequence, positive=positive)
    view = clinic.services.reviewing.scan_views.scan(scan.id, clinic.person(Role.CLINICIAN))
    assert (SAID in str(panels.result_panel(view))) is told
