"""The bytes to keep of a scan, with the patient's direct identifiers taken out of DICOM files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, generate_uid

from data.formats.detect import Kind, kind_of
from data.formats.dicom import number, read_whole, text_of
from data.formats.members import Member

# Required by the standard to be there, so emptied; everything else below is removed.
_EMPTIED = {"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName"}
_REMOVED = set(
    "PatientBirthTime OtherPatientIDs OtherPatientIDsSequence OtherPatientNames PatientBirthName "  # noqa: SIM905
    "PatientMotherBirthName PatientAddress PatientTelephoneNumbers PatientTelecomInformation "
    "PatientAlternativeCalendar PatientBirthDateInAlternativeCalendar "
    "PatientDeathDateInAlternativeCalendar PatientComments IssuerOfPatientID "
    "IssuerOfPatientIDQualifiersSequence IssuerOfAccessionNumberSequence MedicalRecordLocator "
    "MilitaryRank BranchOfService PatientReligiousPreference PatientInsurancePlanCodeSequence "
    "PatientPrimaryLanguageCodeSequence CountryOfResidence RegionOfResidence Occupation "
    "ResponsiblePerson ResponsibleOrganization AdditionalPatientHistory PatientState "
    "ReferencedPatientSequence ReferencedPatientAliasSequence ReferencedPatientPhotoSequence "
    "ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers "
    "ReferringPhysicianIdentificationSequence PhysiciansOfRecordIdentificationSequence "
    "PerformingPhysicianIdentificationSequence PhysiciansReadingStudyIdentificationSequence "
    "OperatorIdentificationSequence RequestingPhysicianIdentificationSequence RequestingService "
    "InstitutionAddress AdmissionID AdmissionsID ServiceEpisodeID ServiceEpisodeDescription "
    "CurrentPatientLocation PatientInstitutionResidence IssuerOfAdmissionIDSequence "
    "RequestAttributesSequence RequestedProcedureID PlacerOrderNumberImagingServiceRequest "
    "FillerOrderNumberImagingServiceRequest OrderCallbackPhoneNumber OrderEnteredBy "
    "PersonIdentificationCodeSequence PersonAddress PersonTelephoneNumbers "
    "VisitComments StudyComments ImageComments InterpretationText ResultsComments "
    "CustodialOrganizationSequence ParticipantSequence OriginalAttributesSequence "
    "ModifiedAttributesSequence DigitalSignaturesSequence EncryptedAttributesSequence "
    "ScheduledProcedureStepID PerformedProcedureStepID EthnicGroup".split()
)
_TEXT = {"LO", "LT", "SH", "ST", "UT", "UC", "UN"}
_BINARY = {"OB", "OW"}  # private ones are vendors' headers; others are pixels, where any letters occur
_FIRST_GROUP, _LAST_GROUP = 0x0008, 0xFFFB
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_TELLING = 4  # shorter names and numbers occur by chance
_PRIVATE_TEXT_BYTES = 1 << 20


def keep_scan(members: Iterable[Member], into: Path, number: int) -> Path:
    """Write what is kept of scan `number` below `into` and return its path.

    DICOM: `{number}.zip` of the instances without direct identifiers, pixels and UIDs unchanged.
    Others: `{number}{suffix}` with the bytes as they came; a NIfTI pair becomes a zip of both,
    and so do pictures that were joined to a volume, in the order of its slices.
    """
    files = list(members)
    if kind_of(files[0].path) is Kind.DICOM:
        named = ((f"{index:05d}.dcm", without_identity(file.path)) for index, file in enumerate(files))
        return _zipped(named, into / f"{number}.zip")
    if len(files) > 1 and kind_of(files[0].path) is Kind.PICTURE:
        pages = ((f"{index:05d}{_suffix(file)}", file.path.read_bytes()) for index, file in enumerate(files))
        return _zipped(pages, into / f"{number}.zip")
    if len(files) > 1:
        pair = zip(("scan.hdr", "scan.img"), (file.path.read_bytes() for file in files), strict=True)
        return _zipped(pair, into / f"{number}.zip")
    target = into / f"{number}{_suffix(files[0])}"
    target.write_bytes(files[0].as_it_came.read_bytes())
    return target


def _zipped(files: Iterable[tuple[str, bytes]], target: Path) -> Path:
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name, content in files:
                archive.writestr(zipfile.ZipInfo(name), content)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _suffix(member: Member) -> str:
    if kind_of(member.path) is Kind.NIFTI:
        suffix = ".nii"
    else:
        with member.path.open("rb") as stream:
            head = stream.read(12)
        known = {b"\x89P": ".png", b"\xff\xd8": ".jpg", b"II": ".tif", b"MM": ".tif", b"BM": ".bmp"}
        suffix = known.get(head[:2], ".webp")
    return f"{suffix}.gz" if member.packed else suffix


def without_identity(file: Path) -> bytes:
    """A DICOM file's bytes without direct identifiers; pixels, UIDs and geometry are unchanged."""
    dataset = read_whole(file)
    telling = _telling_words(dataset)
    _clean(dataset, telling)
    dataset.preamble = b"\x00" * 128
    dataset.file_meta = _fresh_meta(dataset)
    try:
        return _written(dataset)
    except Exception:
        _drop_unwritable(dataset)
        return _written(dataset)


def _written(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=False)
    return out.getvalue()


def _drop_unwritable(dataset: Dataset) -> None:
    """Leave out what damaged files hold and no file may: elements that cannot be written again."""
    implicit, little = dataset.original_encoding
    for tag in list(dataset.keys()):
        one = Dataset()
        one.PixelRepresentation = int(number(dataset, "PixelRepresentation") or 0)
        out = DicomBytesIO()
        out.is_implicit_VR, out.is_little_endian = bool(implicit), little is not False
        try:
            one[tag] = dataset[tag]
            write_dataset(out, one)
        except Exception:
            del dataset[tag]


def _fresh_meta(dataset: Dataset) -> FileMetaDataset:
    """File meta information with what is needed and nothing of who sent the file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(text_of(dataset, "SOPClassUID") or _SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID(text_of(dataset, "SOPInstanceUID") or generate_uid())
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    return meta


def _telling_words(dataset: Dataset) -> list[bytes]:
    """The patient's own names and number: no other text may hold them."""
    words = [text_of(dataset, "PatientID") or ""]
    words += (text_of(dataset, "PatientName") or "").replace("=", "^").replace(" ", "^").split("^")
    return [word.lower().encode("utf-8", "replace") for word in words if len(word) >= _TELLING]


def _clean(dataset: Dataset, telling: list[bytes]) -> None:
    """Remove identifiers, at all depths, without parsing what is not touched."""
    for tag in list(dataset.keys()):
        if not _FIRST_GROUP <= tag.group <= _LAST_GROUP:
            del dataset[tag]  # commands, padding and stray delimiters
            continue
        keyword = keyword_for_tag(tag)
        vr = _vr(dataset, tag)
        if keyword in _EMPTIED:
            del dataset[tag]
            setattr(dataset, keyword, "")
        elif keyword in _REMOVED or vr == "PN" or _tells(dataset, tag, vr, telling):
            del dataset[tag]
        elif vr == "SQ":
            _clean_sequence(dataset, tag, telling)


def _clean_sequence(dataset: Dataset, tag: BaseTag, telling: list[bytes]) -> None:
    try:
        items = list(dataset[tag].value)
    except Exception:  # a sequence that cannot be parsed cannot be cleaned
        del dataset[tag]
        return
    for item in items:
        _clean(item, telling)


def _vr(dataset: Dataset, tag: BaseTag) -> str:
    vr = dataset.get_item(tag).VR
    if vr and vr != "UN":
        return str(vr)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _tells(dataset: Dataset, tag: BaseTag, vr: str, telling: list[bytes]) -> bool:
    """Whether a text or private element holds one of the patient's names or the number."""
    if vr not in _TEXT and not (vr in _BINARY and tag.is_private) or not telling:
        return False
    value = dataset.get_item(tag).value
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    if len(raw) > _PRIVATE_TEXT_BYTES:
        return False
    lowered = raw.lower()
    return any(word in lowered for word in telling)
