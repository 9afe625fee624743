"""DICOM files one by one: is it an image, and what does its header say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom import config
from pydicom.dataset import Dataset

from data.errors import RefusedScan
from data.formats.dicom.deflated import refuse_bomb
from data.formats.dicom.values import PARSE_ERRORS, number, text_of
from data.formats.limits import unreadable
from data.formats.members import Member

# Its log quotes values of headers, which may name the patient.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

# Hospitals' files break the rules of value representations every day; what matters is checked here.
config.settings.reading_validation_mode = config.IGNORE
config.settings.writing_validation_mode = config.IGNORE

MOSAIC = RefusedScan(
    "mosaic", "This is a Siemens mosaic of many small slices; please export it as separate slices."
)

# Beginning of a SOP class -> what a person calls it. The longest match counts.
_NOT_IMAGES = {
    "1.2.840.10008.1.3.10": "a DICOM directory",
    "1.2.840.10008.5.1.4.1.1.88.": "a DICOM structured report",
    "1.2.840.10008.5.1.4.1.1.88.59": "a DICOM list of key images",
    "1.2.840.10008.5.1.4.1.1.481.1": "a radiotherapy image",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set",
    "1.2.840.10008.5.1.4.1.1.481.": "a radiotherapy record",
    "1.2.840.10008.5.1.4.1.1.104.1": "a PDF document inside DICOM",
    "1.2.840.10008.5.1.4.1.1.104.": "a document inside DICOM",
    "1.2.840.10008.5.1.4.1.1.9.": "a DICOM waveform",
    "1.2.840.10008.5.1.4.1.1.4.2": "a DICOM spectroscopy recording",
    "1.2.840.10008.5.1.4.1.1.66": "a DICOM registration or raw data object",
    "1.2.840.10008.5.1.4.1.1.66.4": "a DICOM segmentation",
    "1.2.840.10008.5.1.4.1.1.66.5": "a DICOM surface segmentation",
    "1.2.840.10008.5.1.4.1.1.66.6": "a DICOM set of fibre tracks",
    "1.2.840.10008.5.1.4.1.1.67": "a DICOM real world value mapping",
    "1.2.840.10008.5.1.4.1.1.68.": "a DICOM surface",
    "1.2.840.10008.5.1.4.1.1.11.": "a DICOM presentation state",
    "1.2.840.10008.5.1.4.1.1.30": "a DICOM parametric map",
    "1.2.840.10008.5.1.4.1.1.77.1.1.1": "a DICOM video",
    "1.2.840.10008.5.1.4.1.1.77.1.2.1": "a DICOM video",
    "1.2.840.10008.5.1.4.1.1.77.1.4.1": "a DICOM video",
    "1.2.840.10008.5.1.4.31": "a DICOM worklist entry",
    "1.2.840.10008.3.1.2.3.": "a DICOM procedure record",
}
_MODALITY_NOT_IMAGES = {
    "SR": "a DICOM structured report",
    "RTSTRUCT": "a radiotherapy structure set",
    "RTPLAN": "a radiotherapy plan",
    "RTDOSE": "a radiotherapy dose",
    "SEG": "a DICOM segmentation",
    "ECG": "a DICOM waveform",
    "PR": "a DICOM presentation state",
    "KO": "a DICOM list of key images",
    "REG": "a DICOM registration",
    "DOC": "a document inside DICOM",
}
_RECORDS = "DirectoryRecordSequence"  # of a DICOMDIR, which has no SOP class of its own


@dataclass(frozen=True)
class Instance:
    """One DICOM image file: where it lies, and its header without the pixels."""

    member: Member
    header: Dataset

    @property
    def series(self) -> str:
        """What the instances of one series share; a file that does not say stands alone."""
        uid = text_of(self.header, "SeriesInstanceUID")
        return uid or f"file {self.member.path}"


def read_instance(member: Member) -> Instance:
    """Read the header of a DICOM file, with or without a preamble.

    Raises RefusedScan: `not_an_image` for other DICOM objects, `unreadable` for damage.
    """
    header = read_header(member.path)
    _refuse_other_objects(header)
    return Instance(member, header)


def read_header(file: Path) -> Dataset:
    """The dataset up to the pixels.

    Raises RefusedScan: `unreadable` if it is not DICOM, `archive_bomb` if it inflates to too much.
    """
    refuse_bomb(file)
    try:
        header = pydicom.dcmread(file, force=True, stop_before_pixels=True)
        plausible = looks_like_dicom(header)
    except PARSE_ERRORS as error:
        raise unreadable() from error
    if not plausible:
        raise unreadable()
    return header


def looks_like_dicom(header: Dataset) -> bool:
    """Whether a file that was parsed by force says something that only DICOM says."""
    return any(name in header for name in ("SOPClassUID", "Modality", "Rows", "SOPInstanceUID", _RECORDS))


def _refuse_other_objects(header: Dataset) -> None:
    what = _other_object(header)
    if what is not None:
        raise RefusedScan("not_an_image", f"This is {what}, not an image.")
    if number(header, "Rows") is None or number(header, "Columns") is None:
        raise RefusedScan("not_an_image", "This DICOM file holds no picture.")


def _other_object(header: Dataset) -> str | None:
    if _RECORDS in header:
        return "a DICOM directory"
    sop_class = text_of(header, "SOPClassUID") or ""
    if not sop_class:
        meta = getattr(header, "file_meta", None)
        sop_class = (text_of(meta, "MediaStorageSOPClassUID") if meta is not None else None) or ""
    matches = [start for start in _NOT_IMAGES if _is_under(sop_class, start)]
    if matches:
        return _NOT_IMAGES[max(matches, key=len)]
    return _MODALITY_NOT_IMAGES.get((text_of(header, "Modality") or "").upper())


def _is_under(sop_class: str, start: str) -> bool:
    if start.endswith("."):
        return sop_class.startswith(start)
    return sop_class == start or sop_class.startswith(start + ".")
