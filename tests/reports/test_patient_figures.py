"""A patient's measurements over time: days on the axis, however few points there are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reports.patient_figures import CourseLine, course_figure


@pytest.mark.parametrize("days", [(0,), (0, 1), (0, 800)])
def test_the_axis_leaves_days_around_the_points(days: tuple[int, ...]) -> None:
    at = [datetime(2026, 3, 1, 17, 25, 51, 496_750) + timedelta(days=day) for day in days]
    line = CourseLine("FLAIR, version 1", False, [moment.isoformat() for moment in at], [4.3] * len(at))
    low, high = map(datetime.fromisoformat, course_figure([line], "Volume", "mL")["layout"]["xaxis"]["range"])
    assert at[0] - low == high - at[-1]
    assert high - low >= timedelta(days=30)
    assert at[0] - low <= max(timedelta(days=15), (at[-1] - at[0]) / 20)
