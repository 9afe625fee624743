"""Encoded data sets, and the files that they become."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from data.errors import RefusedScan
from data.formats import InstanceUids, file_head, file_parts, is_uid, sender_in, uids_of
from data.formats.dicom.values import MOST_ELEMENTS
from tests.data.formats.making import picture

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def encoded(dataset: Dataset, syntax: str) -> bytes:
    """The data set alone, as it goes over the network."""
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset["PixelData"].VR = "OW"
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    meta = pydicom.dcmread(stream).file_meta
    return stream.getvalue()[132 + 12 + meta.FileMetaInformationGroupLength :]


def instance(**elements: Any) -> Dataset:
    return picture(np.arange(64, dtype=np.uint16).reshape(8, 8), **elements)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_uids_are_read_and_the_file_is_what_was_sent(syntax: str, tmp_path: Path) -> None:
    dataset = instance()
    content = encoded(dataset, syntax)
    uids = uids_of(content, syntax)
    assert uids == InstanceUids(dataset.SOPClassUID, dataset.SOPInstanceUID, "1.2.3.4", "1.2.3")
    file = tmp_path / "kept.dcm"
    file.write_bytes(file_head(uids, syntax, "MR1", "10.1.0.5") + content)
    read = pydicom.dcmread(file)
    assert (read.file_meta.TransferSyntaxUID, read.SOPInstanceUID) == (syntax, dataset.SOPInstanceUID)
    if syntax != ExplicitVRBigEndian:  # whose pixels pydicom does not swap when it writes
        assert np.array_equal(read.pixel_array, dataset.pixel_array)
    assert sender_in(file) == ("MR1", "10.1.0.5")


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
@pytest.mark.parametrize("value", [None, "", "../../etc", "1.2.x", "1." * 32 + "1"])
def test_what_is_no_uid_is_refused_and_never_names_a_file(keyword: str, value: str | None) -> None:
    dataset = instance()
    if value is None:
        delattr(dataset, keyword)
    else:
        setattr(dataset, keyword, value)
    syntax = ImplicitVRLittleEndian
    stream = pydicom.filebase.DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = True, True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset["PixelData"].VR = "OW"
    pydicom.filewriter.write_dataset(stream, dataset)
    with pytest.raises(RefusedScan, match=keyword):
        uids_of(bytes(stream.getvalue()), syntax)


@pytest.mark.filterwarnings("ignore:Expected explicit VR")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_noise_is_refused(syntax: str) -> None:
    for content in (b"", b"\0" * 7, np.random.default_rng(1).bytes(4000)):
        with pytest.raises(RefusedScan):
            uids_of(content, syntax)


def test_uids_have_at_most_64_digits_and_dots() -> None:
    assert is_uid("1." + "2" * 62) and not is_uid("1." + "2" * 63)
    assert not is_uid(".") and not is_uid("..") and not is_uid("1..2") and not is_uid("1.2\n")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_gives_back_the_data_set_that_was_sent_byte_by_byte(syntax: str) -> None:
    content = encoded(instance(), syntax)
    head = file_head(uids_of(content, syntax), syntax, "MR1", "10.1.0.5")
    assert file_parts(head + content) == (content, syntax)


@pytest.mark.parametrize("broken", [b"", b"no DICOM", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICMxx"])
def test_what_is_no_file_of_dicom_is_refused(broken: bytes) -> None:
    with pytest.raises(RefusedScan):
        file_parts(broken)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_elements_without_end_are_given_up_soon(syntax: str) -> None:
    """A kilobyte that is deflated becomes a million elements, and each costs time."""
    count = MOST_ELEMENTS - 1
    assert "no valid SOPClassUID" in _refused(_repeated(count, syntax), syntax)
    assert "cannot be parsed" in _refused(_repeated(count + 2, syntax), syntax)


def _repeated(count: int, syntax: str) -> bytes:
    """So many elements (0008,0005) without a value."""
    if syntax == ImplicitVRLittleEndian:
        return b"\x08\x00\x05\x00\0\0\0\0" * count
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(b"\x08\x00\x05\x00CS\0\0" * count) + packing.flush()


def _refused(content: bytes, syntax: str) -> str:
    with pytest.raises(RefusedScan) as refused:
        uids_of(content, syntax)
    return str(refused.value)


def test_a_head_of_elements_without_end_is_no_file() -> None:
    head = b"\x02\x00\x00\x00UL\x00\x00" * (MOST_ELEMENTS + 1)
    with pytest.raises(RefusedScan, match="no DICOM file"):
        file_parts(b"\0" * 128 + b"DICM" + head)
