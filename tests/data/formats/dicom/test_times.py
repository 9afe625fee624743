"""When a scan was taken: local to the hospital unless stated, and never an hour that nobody wrote."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from data.formats.dicom.times import acquired
from data.formats.processes import guard
from tests.data.formats.making import picture

PIXELS = np.zeros((8, 8), np.uint16)


@pytest.fixture(autouse=True)
def hospital(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server in Berlin."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("elements", "utc", "day_only"),
    [
        ({"AcquisitionDate": "20240701", "AcquisitionTime": "101112.5"}, (7, 1, 8, 11, 12), False),
        ({"AcquisitionDate": "20240101", "AcquisitionTime": "1011"}, (1, 1, 9, 11, 0), False),
        ({"AcquisitionDate": "2024.01.01", "AcquisitionTime": "10:11:12"}, (1, 1, 9, 11, 12), False),
        ({"AcquisitionDateTime": "20240701101112"}, (7, 1, 8, 11, 12), False),
        ({"AcquisitionDateTime": "20240701101112.5+0900"}, (7, 1, 1, 11, 12), False),
        (
            {"AcquisitionDate": "20240701", "AcquisitionTime": "101112", "TimezoneOffsetFromUTC": "-0500"},
            (7, 1, 15, 11, 12),
            False,
        ),
        ({"StudyDate": "20240701", "StudyTime": "120000"}, (7, 1, 10, 0, 0), False),
        ({"AcquisitionDate": "20240701", "SeriesTime": "120000"}, (7, 1, 10, 0, 0), False),
        (
            {"AcquisitionDate": "20240701", "AcquisitionTime": "", "StudyTime": "1200"},
            (7, 1, 10, 0, 0),
            False,
        ),
        ({"ContentDate": "20240701", "ContentTime": "120000"}, (7, 1, 10, 0, 0), False),
        (
            {"AcquisitionDateTime": "20240701", "AcquisitionDate": "20240701", "AcquisitionTime": "12"},
            (6, 30, 22),
            True,
        ),
        (
            {"AcquisitionDateTime": "20240701", "StudyDate": "20240701", "StudyTime": "1200"},
            (7, 1, 10, 0, 0),
            False,
        ),
        ({"StudyDate": "20240701"}, (6, 30, 22), True),
        ({"StudyDate": "20240101", "StudyTime": "nine"}, (12, 31, 23), True),
        ({"AcquisitionDateTime": "20240701"}, (6, 30, 22), True),
    ],
)
def test_dates_and_times(elements: dict[str, str], utc: tuple[int, ...], day_only: bool) -> None:
    year = 2023 if utc[0] == 12 else 2024
    month, day, hour, *rest = utc
    expected = datetime(year, month, day, hour, *rest, tzinfo=UTC)
    assert acquired(picture(PIXELS, **elements)) == (expected, day_only)


@pytest.mark.parametrize(
    "elements", [{}, {"StudyDate": "18500101"}, {"StudyDate": "soon"}, {"StudyTime": "1200"}]
)
def test_without_a_date_there_is_no_time(elements: dict[str, str]) -> None:
    assert acquired(picture(PIXELS, **elements)) == (None, False)


def test_a_time_at_midnight_is_a_time() -> None:
    at, day_only = acquired(picture(PIXELS, StudyDate="20240701", StudyTime="000000"))
    assert at == datetime(2024, 6, 30, 22, tzinfo=UTC)
    assert not day_only


def test_the_reading_process_is_told_the_zone() -> None:
    assert "TZ" in guard._PASSED_ON
