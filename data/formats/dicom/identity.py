"""What a DICOM header says of the scan, and, kept apart, of the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from data.formats.dicom.times import acquired, date_of, day_in
from data.formats.dicom.values import text_of, value_of
from data.identifying_words import IdentifyingWords
from data.records import Identity, ScanHeader

_LONG_TEXT = 128
_UID_LENGTH = 64
_NAME_LENGTH = 200
_AGE = re.compile(r"^(\d{1,3})([DWMY])$")
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_OLDEST_YEARS = 130
_PATIENT_NAMES = ("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName")
_PATIENT_NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber")
_SHORT, _LONG, _NAME = r"[^\\]{1,16}", r"[^\\]{1,64}", r"[^\\=]{1,64}(=[^\\=]{0,64}){0,2}"
_IDENTIFIERS = {  # and what their values must look like
    "PatientName": _NAME,
    "PatientID": _LONG,
    "IssuerOfPatientID": _LONG,
    "PatientBirthDate": r"\d{8}",
    "PatientSex": r"[FMO]",
    "AccessionNumber": _SHORT,
    "StudyID": _SHORT,
    "StudyDescription": _LONG,
    "ReferringPhysicianName": _NAME,
}
_OTHER_NAMES = (
    *("ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName"),
    *("PhysiciansOfRecord", "RequestingPhysician", "ResponsiblePerson"),
)


def header_of(header: Dataset) -> ScanHeader:
    """The part of a header that names nobody: words of the patient are taken out of descriptions."""
    words = identifying_words(header)
    acquired_at, day_only = acquired(header)
    return ScanHeader(
        modality=_short(header, "Modality", 16),
        body_part=_nameless(header, words, "BodyPartExamined"),
        sequence=_nameless(header, words, "SeriesDescription", "ProtocolName", "SequenceName"),
        manufacturer=_nameless(header, words, "Manufacturer"),
        scanner=_nameless(header, words, "ManufacturerModelName"),
        software=_nameless(header, words, "SoftwareVersions"),
        site=_nameless(header, words, "InstitutionName"),
        acquired_at=acquired_at,
        acquired_day_only=day_only,
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
        birth_date=date_of(text_of(header, "PatientBirthDate")),
        sex=_sex(header),
    )


def study_identifiers(header: Dataset) -> dict[str, str]:
    """What a PACS matches a study and its patient by, by DICOM keyword, letter by letter as the file has it.

    What is no valid value of its element is left out: it could not be written again.
    """
    said = {keyword: text_of(header, keyword) or "" for keyword in _IDENTIFIERS}
    return {keyword: text for keyword, text in said.items() if re.fullmatch(_IDENTIFIERS[keyword], text)}


def identifying_words(header: Dataset) -> IdentifyingWords:
    """The patient's names, numbers and birth date, and the names of their doctors, out of a header."""
    birth = date_of(text_of(header, "PatientBirthDate"))
    return IdentifyingWords.of(
        _texts(header, _PATIENT_NAMES),
        _texts(header, _PATIENT_NUMBERS),
        [birth] if birth else [],
        _texts(header, _OTHER_NAMES),
    )


def without_names(text: str | None, header: Dataset) -> str | None:
    """A text of this header without the words that say who the patient is."""
    return _tidy(identifying_words(header).taken_out(text)) if text else None


def _texts(header: Dataset, keywords: Iterable[str]) -> list[str]:
    texts: list[str] = []
    for keyword in keywords:
        value = value_of(header, keyword)
        values = value if isinstance(value, (list, tuple, MultiValue)) else [value]
        texts += [str(one_value) for one_value in values if one_value]
    return texts


def _nameless(header: Dataset, words: IdentifyingWords, *keywords: str) -> str | None:
    """The first of these elements that says something beside the patient's name."""
    for keyword in keywords:
        text = text_of(header, keyword)
        kept = _tidy(words.taken_out(text)) if text else None
        if kept:
            return kept[:_LONG_TEXT]
    return None


def _tidy(text: str) -> str | None:
    """Without the blanks and marks that words taken out have left."""
    text = re.sub(r"\s{2,}", " ", re.sub(r"([\s,;^_/-])[\s,;^_/-]*(?=\1)", "", text)).strip(" ,;^_/-\t")
    return text or None


def _short(header: Dataset, keyword: str, length: int = _LONG_TEXT) -> str | None:
    text = text_of(header, keyword)
    return text[:length] if text else None


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
    born = date_of(text_of(header, "PatientBirthDate"))
    examined = day_in(header, "StudyDate", "AcquisitionDate")
    if born is None or examined is None:
        return None
    years = (examined - born).days / _DAYS["Y"]
    return round(years, 2) if 0 <= years <= _OLDEST_YEARS else None
