"""By which rules an object was de-identified: codes of PS3.16 CID 7050."""

from __future__ import annotations

from pydicom.dataset import Dataset

DEIDENTIFICATION_WITH_CLEAN_PIXELS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113101", "Clean Pixel Data Option"),
    ("113105", "Clean Descriptors Option"),
    ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
    ("113109", "Retain Device Identity Option"),
    ("113110", "Retain UIDs Option"),
    ("113112", "Retain Institution Identity Option"),
)
"""The profile, the options that `data.formats.dicom.confidentiality` takes, and clean pixels."""


def code_item(value: str, meaning: str) -> Dataset:
    """An item of De-identification Method Code Sequence (0012,0064)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
