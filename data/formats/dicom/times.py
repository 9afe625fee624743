"""When a scan was taken: DICOM's dates and times are local to the hospital unless they name a zone.

A time without a zone is read in the zone of this server (the setting `TZ`).
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from pydicom.dataset import Dataset

from data.formats.dicom.values import text_of

_MOMENTS = ("AcquisitionDateTime", "FrameAcquisitionDateTime")
_DAYS = ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate")
_CLOCKS = ("AcquisitionTime", "ContentTime", "SeriesTime", "StudyTime")
_FIRST_YEAR = 1900
_ZONE = re.compile(r"[+-]\d{4}$")


def acquired(header: Dataset) -> tuple[datetime | None, bool]:
    """When a scan was taken, in UTC, and whether only the day is known.

    The first date that is stated counts, with the first time of the acquisition, the content, the
    series or the study. Without any time it is the beginning of the day in the hospital's zone.
    """
    zone = _zone(text_of(header, "TimezoneOffsetFromUTC"))
    day_only: datetime | None = None
    for moment in filter(None, (text_of(header, keyword) for keyword in _MOMENTS)):
        digits = re.sub(r"[^\d.+-]", "", moment)
        at, whole = _at(digits[:8], digits[8:], zone)
        if at is not None and whole:
            return at, False
        day_only = day_only or at
    for day in filter(None, (text_of(header, keyword) for keyword in _DAYS)):
        at, whole = _with_the_first_clock(header, day, zone)
        if at is not None:
            return at, not whole
    return day_only, day_only is not None


def _with_the_first_clock(header: Dataset, day: str, zone: timezone | None) -> tuple[datetime | None, bool]:
    for clock in filter(None, (text_of(header, keyword) for keyword in _CLOCKS)):
        at, whole = _at(day, clock, zone)
        if at is not None and whole:
            return at, True
    return _at(day, "", zone)


def _at(day: str, clock: str, zone: timezone | None) -> tuple[datetime | None, bool]:
    """The moment in UTC, and whether `clock` was a time."""
    on = date_of(day)
    if on is None or on.year < _FIRST_YEAR:
        return None, False
    own = _ZONE.search(clock)
    at_clock = _clock(_ZONE.sub("", clock))
    naive = datetime.combine(on, at_clock or time())
    zone = (_zone(own[0]) if own else None) or zone
    # Without a zone `astimezone` takes the server's.
    moment = naive.replace(tzinfo=zone) if zone is not None else naive
    with contextlib.suppress(OverflowError, OSError):
        return moment.astimezone(UTC), at_clock is not None
    return None, False


def _clock(text: str) -> time | None:
    """HHMM, HHMMSS or HHMMSS.FFF, with or without colons; an hour alone is too little."""
    digits = text.replace(":", "").strip().split(".")[0].split(",")[0]
    if len(digits) < 4 or not digits.isdigit():
        return None
    with contextlib.suppress(ValueError):
        return datetime.strptime(digits.ljust(6, "0")[:6], "%H%M%S").time()
    return None


def date_of(text: str | None) -> date | None:
    """YYYYMMDD, with or without points and dashes; None for anything else."""
    digits = (text or "").replace(".", "").replace("-", "").replace("/", "")[:8]
    with contextlib.suppress(ValueError):
        return datetime.strptime(digits, "%Y%m%d").date() if len(digits) == 8 else None
    return None


def _zone(text: str | None) -> timezone | None:
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", text or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > 14 * 60:
        return None
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))


def day_in(header: Dataset, *keywords: str) -> date | None:
    """The first of these elements that is a date."""
    return next((day for keyword in keywords if (day := date_of(text_of(header, keyword)))), None)
