"""Beside an answer stands what it does not rule out, where that was measured of task and sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.components import panels
from data.records import MrSequence, Role
from services.exporting.plain_files import picture_words, read_me
from services.exporting.versions import ResultVersion
from tests.dashboard.clinic import Clinic

SAID = "This does not rule out a glioma that hardly enhances: on contrast-enhanced T1 the model misses some."
MIMICS = "multiple sclerosis, small-vessel disease or a stroke"
SAID_OF_MIMICS = f"This does not rule out {MIMICS}: on FLAIR the model mistakes some for tumour."


@pytest.mark.parametrize(
    ("sequence", "positive", "told"),
    [
        (MrSequence.T1_CONTRAST, False, SAID),
        (MrSequence.T1_CONTRAST, True, None),
        (MrSequence.FLAIR, True, SAID_OF_MIMICS),
        (MrSequence.FLAIR, False, None),
        (None, False, None),
        (None, True, None),
    ],
)
def test_a_scans_page_says_what_an_answer_leaves_open(
    clinic: Clinic, sequence: MrSequence | None, positive: bool, told: str | None
) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, sequence=sequence, positive=positive)
    view = clinic.services.reviewing.scan_views.scan(scan.id, clinic.person(Role.CLINICIAN))
    page = str(panels.result_panel(view))
    assert (told is None or told in page) and page.count("rule out") == (told is not None)


@pytest.mark.parametrize(("positive", "said"), [(False, SAID), (True, None)])
def test_a_program_is_told_it_beside_the_outcome(
    clinic: Clinic, sign_in, positive: bool, said: str | None
) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, sequence=MrSequence.T1_CONTRAST, positive=positive)
    assert sign_in(Role.CLINICIAN).get(f"/api/v1/scans/{scan.id}").json["not_ruled_out"] == said


@pytest.mark.parametrize(
    ("sequence", "positive", "left", "said"),
    [
        (MrSequence.T1_CONTRAST, False, "a glioma that hardly enhances", SAID),
        (MrSequence.FLAIR, True, MIMICS, SAID_OF_MIMICS),
    ],
)
def test_it_stands_on_pictures_that_leave_the_house(
    clinic: Clinic, sequence: MrSequence, positive: bool, left: str, said: str
) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, sequence=sequence, positive=positive)
    view = clinic.services.reviewing.scan_views.scan(scan.id, clinic.person(Role.CLINICIAN))
    assert view.result is not None
    version = ResultVersion(view, view.result)
    assert f"Does not rule out {left}" in picture_words(version)
    assert said in read_me(version, []).content.decode()
    opposite = ResultVersion(view, replace(view.result, positive=not positive))
    assert "rule out" not in str(picture_words(opposite))
