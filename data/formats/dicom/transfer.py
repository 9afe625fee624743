"""DICOM data sets as they come over the network, and the files (PS3.10) that they become, byte by byte."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from data.errors import RefusedScan
from data.formats.dicom.values import PARSE_ERRORS, after_meta, parsing_until, text_of
from data.version import VERSION

IMPLEMENTATION_UID = "2.25.207452261469599710970648466270692103440"
"""Who wrote the file, and who answers: Lightbox (2.25, PS3.5 B.2: a UUID as a number)."""
IMPLEMENTATION_NAME = f"LIGHTBOX_{VERSION}"[:16]
_PREAMBLE = b"\0" * 128 + b"DICM"
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_HEAD_BYTES = 16 << 20  # of a deflated data set, far beyond where the UIDs stand
_ADDRESS = "dicom://"


@dataclass(frozen=True)
class InstanceUids:
    """What an instance is and belongs to, by its own data set."""

    sop_class: str
    sop_instance: str
    series: str
    study: str


def uids_of(dataset: bytes, transfer_syntax: str) -> InstanceUids:
    """The UIDs of an encoded data set, parsed no further than to the last of them.

    Raises RefusedScan `unreadable` where they are missing or are none.
    """
    syntax = UID(transfer_syntax)
    try:
        if syntax.is_deflated:
            dataset = zlib.decompressobj(-zlib.MAX_WBITS).decompress(dataset, _HEAD_BYTES)
        header = read_dataset(
            io.BytesIO(dataset),
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            stop_when=parsing_until(lambda tag: tag > _SERIES),
        )
        keywords = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
        uids = InstanceUids(*(text_of(header, keyword) or "" for keyword in keywords))
    except (*PARSE_ERRORS, zlib.error) as error:
        raise RefusedScan("unreadable", "The data set cannot be parsed.") from error
    for keyword, uid in zip(keywords, vars(uids).values(), strict=True):
        if not is_uid(uid):
            raise RefusedScan("unreadable", f"The data set has no valid {keyword}.")
    return uids


def is_uid(text: str) -> bool:
    """Whether it is a UID, which is also safe as the name of a file."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def file_head(uids: InstanceUids, transfer_syntax: str, ae_title: str, address: str) -> bytes:
    """What stands in a file before the data set: preamble and file meta information, with its sender."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(uids.sop_class)
    meta.MediaStorageSOPInstanceUID = UID(uids.sop_instance)
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    meta.SourceApplicationEntityTitle = ae_title
    meta.SourcePresentationAddress = f"{_ADDRESS}{address}"
    stream = DicomBytesIO()
    write_file_meta_info(stream, meta)
    return _PREAMBLE + bytes(stream.getvalue())


def sender_in(file: Path) -> tuple[str, str]:
    """AE title and address of who sent a file that `file_head` begins; empty where it does not say."""
    meta = read_file_meta_info(file)
    address = str(meta.get("SourcePresentationAddress", ""))
    return str(meta.get("SourceApplicationEntityTitle", "")), address.removeprefix(_ADDRESS)


def file_parts(content: bytes) -> tuple[bytes, str]:
    """The encoded data set of a file (PS3.10), untouched, and its transfer syntax.

    Raises RefusedScan `unreadable` for what is no such file.
    """
    stream = io.BytesIO(content)
    try:
        if content[128:132] != b"DICM":
            raise ValueError("no preamble")
        stream.seek(132)
        meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=after_meta())
        syntax = text_of(meta, "TransferSyntaxUID") or ""
    except PARSE_ERRORS as error:
        raise RefusedScan("unreadable", "This is no DICOM file.") from error
    if not is_uid(syntax):
        raise RefusedScan("unreadable", "The file does not say its transfer syntax.")
    return content[stream.tell() :], syntax
