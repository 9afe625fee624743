"""What a DICOM header says of the scan, and, kept apart, of the patient."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, timedelta, timezone

from pydicom.dataset import Dataset

from data.formats.dicom import text_of, value_of
from data.records import Identity, ScanHeader

_LONG_TEXT = 128
_UID_LENGTH = 64
_NAME_LENGTH = 200
_AGE = re.compile(r"^(\d{1,3})([DWMY])$")
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_DATE_TIMES = ("AcquisitionDateTime",)
_DATES = ("Acquisition", "Content", "Series", "Study")
_OLDEST_YEARS = 130


def header_of(header: Dataset) -> ScanHeader:
    """The part of a header that names nobody."""
    return ScanHeader(
        modality=_short(header, "Modality", 16),
        body_part=_short(header, "BodyPartExamined"),
        sequence=_first(header, "SeriesDescription", "ProtocolName", "SequenceName"),
        manufacturer=_short(header, "Manufacturer"),
        scanner=_short(header, "ManufacturerModelName"),
        software=_short(header, "SoftwareVersions"),
        site=_short(header, "InstitutionName"),
        acquired_at=_acquired_at(header),
        sex=_sex(header),
        age_years=_age_years(header),
        study_uid=_short(header, "StudyInstanceUID", _UID_LENGTH),
        series_uid=_short(header, "SeriesInstanceUID", _UID_LENGTH),
    )


def identity_of(header: Dataset) -> Identity:
    """Who the patient is."""
    return Identity(
        name=_person_name(header),
        patient_id=_short(header, "PatientID", _UID_LENGTH),
        birth_date=_date(text_of(header, "PatientBirthDate")),
    )


def _short(header: Dataset, keyword: str, length: int = _LONG_TEXT) -> str | None:
    text = text_of(header, keyword)
    return text[:length] if text else None


def _first(header: Dataset, *keywords: str) -> str | None:
    return next((text for keyword in keywords if (text := _short(header, keyword))), None)


def _person_name(header: Dataset) -> str | None:
    """'Family, Given Middle' from the first representation that is filled."""
    value = value_of(header, "PatientName")
    if value is None:
        return None
    representations = [_printable(part) for part in str(value).split("=")]
    filled = next((part for part in representations if part.strip("^ ")), None)
    if filled is None:
        return None
    family, given, middle, prefix, suffix = ([*filled.split("^"), "", "", "", ""])[:5]
    called = " ".join(part.strip() for part in (prefix, given, middle, suffix) if part.strip())
    name = ", ".join(part for part in (family.strip(), called) if part)
    return name[:_NAME_LENGTH] or None


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()


def _sex(header: Dataset) -> str | None:
    sex = (text_of(header, "PatientSex") or "").upper()[:1]
    return sex if sex in {"F", "M", "O"} else None


def _age_years(header: Dataset) -> float | None:
    match = _AGE.match((text_of(header, "PatientAge") or "").upper())
    if match:
        return round(int(match[1]) * _DAYS[match[2]] / _DAYS["Y"], 2)
    born = _date(text_of(header, "PatientBirthDate"))
    examined = _date(text_of(header, "StudyDate")) or _date(text_of(header, "AcquisitionDate"))
    if born is None or examined is None:
        return None
    years = (examined - born).days / _DAYS["Y"]
    return round(years, 2) if 0 <= years <= _OLDEST_YEARS else None


def _date(text: str | None) -> date | None:
    digits = (text or "").replace(".", "").replace("-", "")[:8]
    with contextlib.suppress(ValueError):
        return datetime.strptime(digits, "%Y%m%d").date()
    return None


def _acquired_at(header: Dataset) -> datetime | None:
    """When the scan was taken; the clock counts as UTC where the file names no zone."""
    zone = _zone(text_of(header, "TimezoneOffsetFromUTC")) or UTC
    for keyword in _DATE_TIMES:
        text = text_of(header, keyword)
        if text and (found := _moment(text[:8], text[8:], zone)):
            return found
    for what in _DATES:
        day = text_of(header, f"{what}Date")
        if day and (found := _moment(day, text_of(header, f"{what}Time") or "", zone)):
            return found
    return None


def _moment(day: str, clock: str, zone: timezone) -> datetime | None:
    found = _date(day)
    if found is None or found.year < 1900:
        return None
    own_zone = re.search(r"[+-]\d{4}$", clock)
    digits = re.sub(r"[+-]\d{4}$", "", clock).split(".")[0].replace(":", "").ljust(6, "0")[:6]
    with contextlib.suppress(ValueError):
        at = datetime.combine(found, datetime.strptime(digits, "%H%M%S").time())
        return at.replace(tzinfo=_zone(own_zone[0]) if own_zone else zone).astimezone(UTC)
    return datetime.combine(found, datetime.min.time(), tzinfo=UTC)


def _zone(text: str | None) -> timezone | None:
    match = re.fullmatch(r"([+-])(\d{2})(\d{2})", text or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > 14 * 60:
        return None
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
