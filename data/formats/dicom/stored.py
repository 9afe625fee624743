"""DICOM objects as they are sent: what they are, and their data set."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pydicom
from pydicom.dataset import Dataset

from data.formats.dicom.transfer import InstanceUids


@dataclass(frozen=True)
class StoredObject:
    """An object out of the bytes of a file (PS3.10)."""

    uids: InstanceUids
    sop_class_name: str
    transfer_syntax: str
    dataset: Dataset


def stored_object(content: bytes) -> StoredObject:
    """What a file of ours holds."""
    dataset = pydicom.dcmread(io.BytesIO(content))
    uids = InstanceUids(
        dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID
    )
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    return StoredObject(uids, dataset.SOPClassUID.name, syntax, dataset)
