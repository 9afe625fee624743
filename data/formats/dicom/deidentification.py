"""DICOM files without direct identifiers: PS3.15's table first, then the patient's own words."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, generate_uid

from data.formats.dicom.confidentiality import Fate, fate_of
from data.formats.dicom.identity import identifying_words
from data.formats.dicom.syntax import read_whole
from data.formats.dicom.values import PARSE_ERRORS, number, text_of
from data.identifying_words import IdentifyingWords

_FIRST_GROUP, _LAST_GROUP = 0x0008, 0xFFFB
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_TEXTS = {"LO", "LT", "SH", "ST", "UT", "UC", "AE", "CS", "UR"}
_BLOBS = {"OB", "OW", "OD", "OF", "OL", "OV"}  # pixels and tables, where any letters occur by chance


def without_identity(file: Path) -> bytes:
    """A DICOM file's bytes without direct identifiers; pixels, UIDs and geometry are unchanged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oddities, which quote the header
        dataset = read_whole(file)
        _clean(dataset, identifying_words(dataset))
        dataset.preamble = b"\x00" * 128
        dataset.file_meta = _fresh_meta(dataset)
        try:
            return _written(dataset)
        except PARSE_ERRORS:
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
        element = Dataset()
        element.PixelRepresentation = int(number(dataset, "PixelRepresentation") or 0)
        out = DicomBytesIO()
        out.is_implicit_VR, out.is_little_endian = bool(implicit), little is not False
        try:
            element[tag] = dataset[tag]
            write_dataset(out, element)
        except PARSE_ERRORS:
            del dataset[tag]


def _fresh_meta(dataset: Dataset) -> FileMetaDataset:
    """File meta information with what is needed and nothing of who sent the file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(text_of(dataset, "SOPClassUID") or _SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID(text_of(dataset, "SOPInstanceUID") or generate_uid())
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    return meta


def _clean(dataset: Dataset, words: IdentifyingWords) -> None:
    """Remove identifiers, at all depths, without parsing what is not touched."""
    for tag in list(dataset.keys()):
        if not _FIRST_GROUP <= tag.group <= _LAST_GROUP:
            del dataset[tag]  # commands, padding and stray delimiters
            continue
        vr = _vr(dataset, tag)
        fate = fate_of(tag, vr)
        if fate is Fate.EMPTIED:
            dataset[tag] = pydicom.DataElement(tag, dictionary_VR(tag), "")
        elif fate is Fate.REMOVED:
            del dataset[tag]
        elif vr == "SQ":
            _clean_sequence(dataset, tag, words)
        elif words and (fate is Fate.CLEANED or vr in _TEXTS):
            _clean_text(dataset, tag, vr, words)


def _clean_sequence(dataset: Dataset, tag: BaseTag, words: IdentifyingWords) -> None:
    try:
        items = list(dataset[tag].value)
    except PARSE_ERRORS:  # a sequence that cannot be parsed cannot be cleaned
        del dataset[tag]
        return
    for item in items:
        _clean(item, words)


def _clean_text(dataset: Dataset, tag: BaseTag, vr: str, words: IdentifyingWords) -> None:
    """Take the patient's words out of a text; what is no text and holds them is removed."""
    if vr in _BLOBS:
        return
    raw = dataset.get_item(tag).value
    if isinstance(raw, bytes) and not words.may_be_in_bytes(raw):
        return
    try:
        value = dataset[tag].value
        texts = list(value) if isinstance(value, MultiValue) else [value]
        if not all(isinstance(text, str) for text in texts):
            if isinstance(value, bytes) and words.are_in_bytes(value):
                del dataset[tag]
            return
        cleaned = [words.taken_out(str(text)).strip() for text in texts]
    except PARSE_ERRORS:
        del dataset[tag]
        return
    if cleaned != [str(text) for text in texts]:
        dataset[tag].value = cleaned if len(cleaned) > 1 else cleaned[0]
    elif isinstance(raw, bytes) and words.are_in_bytes(raw):  # in another character set than declared
        del dataset[tag]


def _vr(dataset: Dataset, tag: BaseTag) -> str:
    vr = dataset.get_item(tag).VR
    if vr and vr != "UN":
        return str(vr)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"
