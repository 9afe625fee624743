"""A heat map is drawn only of a positive answer, and only of a task whose maps were measured to hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.components import panels, viewer
from data.records import PNEUMONIA, Result, Role
from models import tasks
from services.reviewing.scan_views import ScanView
from services.reviewing.windows import NamedWindow
from tests.dashboard.clinic import Clinic


@pytest.fixture
def film(clinic: Clinic) -> ScanView:
    """A positive film that kept a heat map."""
    scan = clinic.add_film("u")
    clinic.read_film(scan)
    return clinic.services.reviewing.scan_views.scan(scan.id, clinic.person(Role.CLINICIAN))


def _with(view: ScanView, **changes: object) -> ScanView:
    assert view.result is not None
    return replace(view, result=replace(view.result, **changes))  # type: ignore[arg-type]


def _sentences(result: Result) -> str:
    return str(panels.without_heatmap(result))


def _holding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.ALL, PNEUMONIA, replace(tasks.ALL[PNEUMONIA], heat_map=True))


WINDOWS = (NamedWindow("Default", 0.0, 1.0),)


def test_a_kept_map_that_was_not_measured_to_hold_is_not_drawn_and_the_page_says_so(film: ScanView) -> None:
    assert film.result is not None
    assert film.result.has_heatmap
    assert viewer.viewer_data(film, WINDOWS)["heatmap"] is None
    assert panels.NO_HEAT_MAP in str(panels.result_panel(film))


def test_a_map_that_holds_is_drawn_of_a_positive_answer_only(
    film: ScanView, monkeypatch: pytest.MonkeyPatch
) -> None:
    _holding(monkeypatch)
    assert film.result is not None
    assert viewer.viewer_data(film, WINDOWS)["heatmap"] == film.result.id
    assert _sentences(film.result) == "[]"
    assert viewer.viewer_data(_with(film, positive=False), WINDOWS)["heatmap"] is None
    assert viewer.viewer_data(_with(film, has_heatmap=False), WINDOWS)["heatmap"] is None


def test_a_task_that_draws_masks_says_nothing_of_heat_maps(film: ScanView) -> None:
    assert film.result is not None
    assert _sentences(replace(film.result, has_mask=True)) == "[]"
