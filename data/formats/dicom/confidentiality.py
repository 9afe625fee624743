"""Which DICOM attributes may stay: PS3.15 Annex E's basic profile, with the options that re-reading needs.

The table itself is the one of the package `dicom-anonymizer`, which follows the standard's editions.
Of the profile's options these are taken: Retain UIDs, Retain Longitudinal Temporal Information with
Full Dates (of examinations, not of persons), Retain Patient Characteristics, Retain Device Identity
and Institution Identity as far as their names go, and Clean Descriptors.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as profile
from pydicom.datadict import keyword_for_tag
from pydicom.tag import BaseTag


class Fate(Enum):
    """What becomes of an attribute in what is kept."""

    KEPT = "kept"
    CLEANED = "cleaned"  # text, without the words that say who the patient is
    EMPTIED = "emptied"
    REMOVED = "removed"


_KEPT = frozenset(
    "PatientSex PatientAge PatientSize PatientWeight TimezoneOffsetFromUTC "  # noqa: SIM905
    "ReferencedImageSequence SourceImageSequence ReferencedStudySequence "
    "ReferencedPerformedProcedureStepSequence".split()
)
_CLEANED = frozenset(
    "SeriesDescription StudyDescription ProtocolName AcquisitionProtocolDescription "  # noqa: SIM905
    "AcquisitionDeviceProcessingDescription PerformedProcedureStepDescription "
    "RequestedProcedureDescription ContrastBolusAgent DerivationDescription InstitutionName "
    "InstitutionalDepartmentName StationName DeviceSerialNumber".split()
)
_EMPTIED = frozenset(
    {"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName", "StudyID"}
)
_ALSO_REMOVED = frozenset(  # beyond the profile
    {
        "AdmissionsID",
        "EncryptedAttributesSequence",
        "IssuerOfAccessionNumberSequence",
        "IssuerOfPatientIDQualifiersSequence",
        "PatientAlternativeCalendar",
        "PatientBirthDateInAlternativeCalendar",
        "PatientDeathDateInAlternativeCalendar",
        "PersonIdentificationCodeSequence",
        "RequestingPhysicianIdentificationSequence",
        "SOPAuthorizationComment",
    }
)
_PERSONAL_GROUPS = {0x0010, 0x0012, 0x0032, 0x0038, 0x4008}  # whose dates are of persons and orders
_TEMPORAL = {"DA", "TM", "DT"}
_TABLE: frozenset[tuple[int, int]] = frozenset(tag for tag in profile.ALL_TAGS if len(tag) == 2)
_CURVES, _OVERLAYS = 0x5000, 0x6000
_OVERLAY_TEXTS = {0x3000, 0x4000}
_NUMBERS = {"DS", "IS", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "AT", "CS", "DA", "TM"}


def fate_of(tag: BaseTag, vr: str) -> Fate:
    """What becomes of an attribute with this value representation."""
    if tag.is_private:
        # Vendors' numbers are needed to read a series again; their texts and blobs may hold anything.
        return Fate.KEPT if vr in _NUMBERS or tag.is_private_creator or vr == "SQ" else Fate.REMOVED
    return _fate_of_standard(int(tag), vr)


@lru_cache(maxsize=8192)
def _fate_of_standard(tag_number: int, vr: str) -> Fate:
    tag, keyword = BaseTag(tag_number), keyword_for_tag(tag_number)
    if keyword in _EMPTIED:
        return Fate.EMPTIED
    if vr == "PN" or keyword in _ALSO_REMOVED or _is_curve_or_overlay(tag):
        return Fate.REMOVED
    if keyword in _CLEANED:
        return Fate.CLEANED
    if keyword in _KEPT or (tag.group, tag.elem) not in _TABLE or vr == "UI":
        return Fate.KEPT if vr in {"SQ", "UI"} | _NUMBERS or keyword in _KEPT else Fate.CLEANED
    return Fate.KEPT if vr in _TEMPORAL and tag.group not in _PERSONAL_GROUPS else Fate.REMOVED


def _is_curve_or_overlay(tag: BaseTag) -> bool:
    group = tag.group & 0xFF00
    return group == _CURVES or group == _OVERLAYS and tag.elem in _OVERLAY_TEXTS
